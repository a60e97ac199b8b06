//! Users and their sessions, kept in a database through sqlx.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use argon2::{
    Argon2,
    password_hash::{self, PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use license_core::Timestamp;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AnyPool, Row, any::AnyRow};

use crate::database::apply_schema;

/// Users and sessions.
#[derive(Clone, Debug)]
pub struct Accounts {
    pool: AnyPool,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The user's id.
    pub id: String,
    /// The e-mail address, in lower case.
    pub email: String,
    /// `admin` or any other role.
    pub role: String,
    /// Whether the user may sign in.
    pub active: bool,
}

/// A user to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// `admin` or any other role.
    pub role: String,
}

/// Why accounts could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsError {
    /// Another user has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// No other administrator is active.
    #[error("the last active administrator cannot be deactivated")]
    LastAdministrator,
    /// The database failed.
    #[error("the accounts database failed")]
    Database(#[from] sqlx::Error),
    /// A password could not be hashed.
    #[error("password hashing failed")]
    Password(#[from] password_hash::Error),
    /// The service stopped while a password was being hashed.
    #[error("password hashing was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How long a session lasts.
const SESSION: Duration = Duration::from_secs(7 * 86_400);

const SCHEMA: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password TEXT NOT NULL,
        active BIGINT NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS sessions (
        digest TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (id),
        expires_at BIGINT NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_id)",
];

impl Accounts {
    /// The accounts in this database.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn open(pool: AnyPool) -> Result<Self, sqlx::Error> {
        apply_schema(&pool, &SCHEMA).await?;
        Ok(Self { pool })
    }

    /// Makes sure that the administrator exists and, where one is given, has
    /// this password. Returns a password that was made up for want of one.
    ///
    /// # Errors
    ///
    /// The database or hashing failed.
    pub async fn ensure_admin(
        &self,
        email: &str,
        password: Option<String>,
    ) -> Result<Option<String>, AccountsError> {
        let exists = self.by_email(email).await?.is_some();
        let made = (!exists && password.is_none()).then(|| random_hex(12));
        let Some(password) = password.or_else(|| made.clone()) else { return Ok(None) };
        if !exists {
            let (email, role) = (email.to_owned(), "admin".to_owned());
            self.create(NewAccount { email, password, role }).await?;
        } else if self.check_password(email, &password).await?.is_none() {
            self.execute(
                "UPDATE users SET password = $1 WHERE email = $2",
                [&hash(password).await?, email],
            )
            .await?;
        }
        Ok(made)
    }

    /// Makes a user.
    ///
    /// # Errors
    ///
    /// A taken e-mail address; the database or hashing failed.
    pub async fn create(&self, new: NewAccount) -> Result<Account, AccountsError> {
        let account = Account {
            id: format!("user_{}", random_hex(8)),
            email: new.email.to_lowercase(),
            role: new.role,
            active: true,
        };
        let password = hash(new.password).await?;
        let inserted = self
            .execute(
                "INSERT INTO users (id, email, role, password, active) VALUES ($1, $2, $3, $4, 1)",
                [&account.id, &account.email, &account.role, &password],
            )
            .await;
        match inserted {
            Ok(()) => Ok(account),
            Err(AccountsError::Database(error))
                if error.as_database_error().is_some_and(|it| it.is_unique_violation()) =>
            {
                Err(AccountsError::EmailTaken)
            }
            Err(error) => Err(error),
        }
    }

    /// Every user, by e-mail address.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn list(&self) -> Result<Vec<Account>, AccountsError> {
        let rows = sqlx::query("SELECT id, email, role, active FROM users ORDER BY email")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(account).collect()
    }

    /// The e-mail addresses of the administrators who may sign in.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn active_administrators(&self) -> Result<Vec<String>, AccountsError> {
        let mut accounts = self.list().await?;
        accounts.retain(|account| account.active && account.role == "admin");
        Ok(accounts.into_iter().map(|account| account.email).collect())
    }

    /// How many users are active.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn count_active(&self) -> Result<u64, sqlx::Error> {
        let row = sqlx::query("SELECT COUNT(*) FROM users WHERE active = 1")
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }

    /// How much of the limit `users` is used, for the status.
    pub fn usage(&self) -> impl Fn() -> BoxFuture<BTreeMap<String, u64>> + Send + Sync + use<> {
        let accounts = self.clone();
        move || {
            let accounts = accounts.clone();
            Box::pin(async move {
                let active = accounts.count_active().await.ok();
                active.map(|active| ("users".to_owned(), active)).into_iter().collect()
            })
        }
    }

    /// One user.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn get(&self, id: &str) -> Result<Option<Account>, AccountsError> {
        let row = sqlx::query("SELECT id, email, role, active FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Lets a user sign in again.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn activate(&self, id: &str) -> Result<(), AccountsError> {
        self.execute("UPDATE users SET active = 1 WHERE id = $1", [id]).await
    }

    /// Keeps a user from signing in and ends the user's sessions.
    ///
    /// # Errors
    ///
    /// The last active administrator; the database failed.
    pub async fn deactivate(&self, id: &str) -> Result<(), AccountsError> {
        let mut transaction = self.pool.begin().await?;
        let changed = sqlx::query(
            "UPDATE users SET active = 0 WHERE id = $1 AND (role <> 'admin' OR active = 0 OR EXISTS (
                SELECT 1 FROM users AS other
                WHERE other.role = 'admin' AND other.active = 1 AND other.id <> $1))",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(AccountsError::LastAdministrator);
        }
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a user who was never told of, and so has no session.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn remove(&self, id: &str) -> Result<(), AccountsError> {
        self.execute("DELETE FROM users WHERE id = $1", [id]).await
    }

    /// Starts a session for who knows the password. Ends the user's other
    /// sessions if `only` this one is to stay.
    ///
    /// # Errors
    ///
    /// The database or hashing failed.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        now: Timestamp,
        only: bool,
    ) -> Result<Option<String>, AccountsError> {
        let Some(account) = self.check_password(email, password).await? else { return Ok(None) };
        let token = random_hex(32);
        let mut transaction = self.pool.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(now.as_seconds())
            .execute(&mut *transaction)
            .await?;
        if only {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1")
                .bind(&account.id)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("INSERT INTO sessions (digest, user_id, expires_at) VALUES ($1, $2, $3)")
            .bind(digest(&token))
            .bind(&account.id)
            .bind(now.saturating_add(SESSION).as_seconds())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(token))
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn sign_out(&self, token: &str) -> Result<(), AccountsError> {
        self.execute("DELETE FROM sessions WHERE digest = $1", [&digest(token)]).await
    }

    /// The user of a session.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn by_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Account>, AccountsError> {
        let row = sqlx::query(
            "SELECT users.id, email, role, active FROM users
             JOIN sessions ON sessions.user_id = users.id
             WHERE digest = $1 AND expires_at > $2 AND active = 1",
        )
        .bind(digest(token))
        .bind(now.as_seconds())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(account).transpose()
    }

    async fn by_email(&self, email: &str) -> Result<Option<(Account, String)>, AccountsError> {
        let row =
            sqlx::query("SELECT id, email, role, active, password FROM users WHERE email = $1")
                .bind(email.to_lowercase())
                .fetch_optional(&self.pool)
                .await?;
        row.as_ref().map(|row| Ok((account(row)?, row.try_get("password")?))).transpose()
    }

    /// The active user of this e-mail address and password. Takes as long for
    /// an address that nobody has.
    async fn check_password(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Option<Account>, AccountsError> {
        let found = self.by_email(email).await?.filter(|(account, _)| account.active);
        let password = password.to_owned();
        let matched = tokio::task::spawn_blocking(move || match found {
            Some((account, hash)) => {
                let hash = PasswordHash::new(&hash)?;
                let good = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
                Ok(good.then_some(account))
            }
            None => {
                let salt = SaltString::generate(&mut OsRng);
                Argon2::default().hash_password(password.as_bytes(), &salt).map(|_| None)
            }
        });
        Ok(matched.await??)
    }

    async fn execute<const N: usize>(
        &self,
        statement: &'static str,
        texts: [&str; N],
    ) -> Result<(), AccountsError> {
        let query = texts
            .into_iter()
            .fold(sqlx::query(statement), |query, text| query.bind(text.to_owned()));
        query.execute(&self.pool).await?;
        Ok(())
    }
}

fn account(row: &AnyRow) -> Result<Account, AccountsError> {
    Ok(Account {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        active: row.try_get::<i64, _>("active")? != 0,
    })
}

async fn hash(password: String) -> Result<String, AccountsError> {
    let hashed = tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    });
    Ok(hashed.await??)
}

/// Sessions are kept by digest: who reads the database cannot sign in.
fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Whether a text can be an e-mail address.
pub fn is_email_address(text: &str) -> bool {
    let parts = text.split_once('@');
    text.len() <= 254 && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
}

/// This many random bytes, in hexadecimal.
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    OsRng.fill_bytes(&mut buffer);
    hex::encode(buffer)
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("role", &self.role).finish_non_exhaustive()
    }
}
