//! What a product keeps that needs no columns: documents of a kind, by id.

use license_core::Timestamp;
use sqlx::{AnyPool, Row};

use crate::setup::database::apply_schema;

/// Documents, kept in a database through sqlx.
#[derive(Clone, Debug)]
pub struct Documents {
    pool: AnyPool,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id, the only one of its kind.
    pub id: String,
    /// What it holds.
    pub body: Vec<u8>,
    /// When it was written.
    pub written_at: Timestamp,
}

const SCHEMA: [&str; 1] = ["CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
)"];

impl Documents {
    /// The documents in this database.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn open(pool: AnyPool) -> Result<Self, sqlx::Error> {
        apply_schema(&pool, &SCHEMA).await?;
        Ok(Self { pool })
    }

    /// Keeps a document under a new id. Says whether the id was free.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn insert(
        &self,
        kind: &str,
        id: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let sql = "INSERT INTO documents (kind, id, body, written_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT DO NOTHING";
        self.write(sql, kind, id, body, now).await
    }

    /// Keeps a document in place of the one with this id, if there is one.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn put(
        &self,
        kind: &str,
        id: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO documents (kind, id, body, written_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (kind, id) DO UPDATE
                   SET body = excluded.body, written_at = excluded.written_at";
        self.write(sql, kind, id, body, now).await.map(drop)
    }

    async fn write(
        &self,
        sql: &'static str,
        kind: &str,
        id: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let query = sqlx::query(sql).bind(kind.to_owned()).bind(id.to_owned());
        let query = query.bind(body.to_vec()).bind(now.as_millis());
        Ok(query.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Every document of a kind, in the order of their ids.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn list(&self, kind: &str) -> Result<Vec<Document>, sqlx::Error> {
        let sql = "SELECT id, body, written_at FROM documents WHERE kind = $1 ORDER BY id";
        let rows = sqlx::query(sql).bind(kind.to_owned()).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Document {
                    id: row.try_get("id")?,
                    body: row.try_get("body")?,
                    written_at: Timestamp::from_millis(row.try_get("written_at")?),
                })
            })
            .collect()
    }

    /// How many documents of a kind there are.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn count(&self, kind: &str) -> Result<u64, sqlx::Error> {
        let sql = "SELECT COUNT(*) FROM documents WHERE kind = $1";
        let row = sqlx::query(sql).bind(kind.to_owned()).fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }

    /// Removes a document. Says whether it was there.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn remove(&self, kind: &str, id: &str) -> Result<bool, sqlx::Error> {
        let sql = "DELETE FROM documents WHERE kind = $1 AND id = $2";
        let query = sqlx::query(sql).bind(kind.to_owned()).bind(id.to_owned());
        Ok(query.execute(&self.pool).await?.rows_affected() > 0)
    }
}
