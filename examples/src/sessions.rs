//! Sessions: who is signed in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_core::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::Row;
use tokio::time::{Instant, timeout};

use crate::{
    Account, Accounts, AccountsError,
    accounts::{account, random_hex},
    database::{is_away, timely},
};

/// Sessions that were seen lately: who is signed in stays so while the
/// database is away.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The account and the end of a session, by digest.
    sessions: HashMap<String, (Account, i64)>,
    /// When the database was found to be away, or was asked again since.
    away: Option<Instant>,
}

/// How long a session lasts.
const SESSION: Duration = Duration::from_secs(7 * 86_400);
/// How many sessions are remembered.
const MOST: usize = 10_000;
/// How often a database that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);
/// How long a session that is remembered waits for the database.
const MOMENT: Duration = Duration::from_secs(1);

impl Accounts {
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
        let written = timely(async {
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
            transaction.commit().await
        });
        written.await?;
        Ok(Some(token))
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn sign_out(&self, token: &str) -> Result<(), AccountsError> {
        let digest = digest(token);
        self.execute("DELETE FROM sessions WHERE digest = $1", [&digest]).await?;
        self.recent.learn(digest, None);
        Ok(())
    }

    /// The user of a session. While the database is away that is who it was
    /// when it was asked last.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn by_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Account>, AccountsError> {
        let digest = digest(token);
        let known = self.recent.recall(&digest, now);
        if known.is_some() && self.recent.is_away() {
            self.look_again();
            return Ok(known);
        }
        let query = sqlx::query(
            "SELECT users.id, email, role, active, expires_at FROM users
             JOIN sessions ON sessions.user_id = users.id
             WHERE digest = $1 AND expires_at > $2 AND active = 1",
        );
        let query = query.bind(digest.clone()).bind(now.as_seconds()).fetch_optional(&self.pool);
        let answer = match known {
            // Who can be answered from memory does not wait for long.
            Some(_) => timeout(MOMENT, query).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
            None => timely(query).await,
        };
        match answer {
            Ok(row) => {
                let found = match row {
                    Some(row) => Some((account(&row)?, row.try_get("expires_at")?)),
                    None => None,
                };
                self.recent.learn(digest, found.clone());
                Ok(found.map(|(account, _)| account))
            }
            Err(error) if is_away(&error) => {
                self.recent.went_away();
                known.map(Some).ok_or(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sees whether the database is back, while nobody waits for it.
    fn look_again(&self) {
        if !self.recent.is_to_be_asked() {
            return;
        }
        let accounts = self.clone();
        tokio::spawn(async move {
            if timely(sqlx::query("SELECT 1").execute(&accounts.pool)).await.is_ok() {
                accounts.recent.came_back();
            }
        });
    }
}

impl Recent {
    fn learn(&self, digest: String, session: Option<(Account, i64)>) {
        let mut seen = self.seen();
        seen.away = None;
        let Some(session) = session else {
            seen.sessions.remove(&digest);
            return;
        };
        if seen.sessions.len() >= MOST {
            seen.sessions.clear();
        }
        seen.sessions.insert(digest, session);
    }

    fn recall(&self, digest: &str, now: Timestamp) -> Option<Account> {
        let seen = self.seen();
        let (account, expires_at) = seen.sessions.get(digest)?;
        (*expires_at > now.as_seconds()).then(|| account.clone())
    }

    fn went_away(&self) {
        self.seen().away = Some(Instant::now());
    }

    fn came_back(&self) {
        self.seen().away = None;
    }

    fn is_away(&self) -> bool {
        self.seen().away.is_some()
    }

    /// Whether a database that is away was not asked for a while; it is now.
    fn is_to_be_asked(&self) -> bool {
        let mut seen = self.seen();
        let due = seen.away.is_some_and(|since| since.elapsed() >= AWAY);
        if due {
            seen.away = Some(Instant::now());
        }
        due
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sessions are kept by digest: who reads the database cannot sign in.
fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
