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
    accounts::passwords::Turn,
    accounts::{account, random_hex},
    setup::database::{is_away, timely},
};

/// Sessions that were seen lately: who is signed in stays so while the
/// database is away, for a while. Whoever is sent away here is forgotten at
/// once; an instance that shares the database and is cut off from it learns
/// of that when it forgets by itself.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Seen>);

/// Forgets sessions when it is made, and again when it is dropped: what was
/// found meanwhile may be from before.
#[derive(Debug)]
#[must_use]
pub(crate) struct Forgetting<'a> {
    recent: &'a Recent,
    whose: Whose,
}

#[derive(Debug)]
enum Whose {
    User(String),
    Session(String),
}

#[derive(Debug, Default)]
struct Seen {
    /// The sessions, by digest.
    sessions: HashMap<String, Session>,
    /// How often something was forgotten. What was asked for before that is
    /// not remembered.
    forgotten: u64,
    /// When the database was found to be away, or was asked again since.
    away: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Session {
    account: Account,
    /// In seconds since the epoch.
    expires_at: i64,
    /// When the database said so.
    seen: Instant,
}

/// How long a session lasts.
pub(super) const SESSION: Duration = Duration::from_secs(7 * 86_400);
/// How many sessions are remembered.
const MOST: usize = 10_000;
/// How often a database that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);
/// How long a session that is remembered waits for the database.
const MOMENT: Duration = Duration::from_secs(1);
/// How long a session is remembered that the database does not confirm.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

impl Accounts {
    /// Starts a session for who knows the password. Ends the user's other
    /// sessions if `only` this one is to stay.
    ///
    /// # Errors
    ///
    /// The database or hashing failed.
    pub(crate) async fn sign_in(
        &self,
        turn: &Turn,
        email: &str,
        password: &str,
        now: Timestamp,
        only: bool,
    ) -> Result<Option<String>, AccountsError> {
        let found = self.check_password(turn, email, password).await?;
        let Some(account) = found else { return Ok(None) };
        let _forgotten = only.then(|| self.recent.forget_user(&account.id));
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
            // Not for a user who was sent away while the password was checked.
            let begun = sqlx::query(
                "INSERT INTO sessions (digest, user_id, expires_at)
                 SELECT $1, id, $3 FROM users WHERE id = $2 AND active = 1",
            )
            .bind(digest(&token))
            .bind(&account.id)
            .bind(now.saturating_add(SESSION).as_seconds())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(begun.rows_affected() > 0)
        });
        Ok(written.await?.then_some(token))
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn sign_out(&self, token: &str) -> Result<(), AccountsError> {
        let digest = digest(token);
        let _forgotten = self.recent.forget_session(&digest);
        self.execute("DELETE FROM sessions WHERE digest = $1", [&digest]).await
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
        let forgotten = self.recent.seen().forgotten;
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
        let asked = Instant::now();
        let answer = match known {
            // Who can be answered from memory does not wait for long.
            Some(_) => timeout(MOMENT, query).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
            None => timely(query).await,
        };
        match answer {
            Ok(row) => {
                let found = match row {
                    Some(row) => {
                        let (account, expires_at) = (account(&row)?, row.try_get("expires_at")?);
                        Some(Session { account, expires_at, seen: asked })
                    }
                    None => None,
                };
                self.recent.learn(digest, found.clone(), forgotten);
                Ok(found.map(|session| session.account))
            }
            Err(error) if is_away(&error) => {
                self.recent.went_away();
                // Who was forgotten meanwhile is not answered from memory.
                let known = known.and_then(|_| self.recent.recall(&digest, now));
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
    /// Forgets every session of a user.
    pub(crate) fn forget_user(&self, id: &str) -> Forgetting<'_> {
        Forgetting::new(self, Whose::User(id.to_owned()))
    }

    /// Forgets a session.
    fn forget_session(&self, digest: &str) -> Forgetting<'_> {
        Forgetting::new(self, Whose::Session(digest.to_owned()))
    }

    /// Remembers a session, or that there is none; not where something was
    /// forgotten since the database was asked.
    fn learn(&self, digest: String, session: Option<Session>, forgotten: u64) {
        let mut seen = self.seen();
        seen.away = None;
        let Some(session) = session.filter(|_| seen.forgotten == forgotten) else {
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
        let session = seen.sessions.get(digest)?;
        let fresh = session.seen.elapsed() < REMEMBERED;
        (fresh && session.expires_at > now.as_seconds()).then(|| session.account.clone())
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

impl<'a> Forgetting<'a> {
    fn new(recent: &'a Recent, whose: Whose) -> Self {
        let forgetting = Self { recent, whose };
        forgetting.forget();
        forgetting
    }

    fn forget(&self) {
        let mut seen = self.recent.seen();
        seen.forgotten += 1;
        match &self.whose {
            Whose::User(id) => seen.sessions.retain(|_, session| session.account.id != *id),
            Whose::Session(digest) => {
                seen.sessions.remove(digest);
            }
        }
    }
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Sessions are kept by digest: who reads the database cannot sign in.
pub(super) fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn session(user: &str) -> Option<Session> {
        let (id, email, role) = (user.to_owned(), user.to_owned(), "user".to_owned());
        let account = Account { id, email, role, active: true };
        Some(Session { account, expires_at: 2_000, seen: Instant::now() })
    }

    fn knows(recent: &Recent, digest: &str) -> bool {
        recent.recall(digest, NOW).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_who_is_sent_away_is_forgotten_whatever_is_found_meanwhile() {
        let recent = Recent::default();
        for (digest, user) in [("a", "one"), ("b", "one"), ("c", "two")] {
            recent.learn(digest.to_owned(), session(user), 0);
        }
        let asked_before = recent.seen().forgotten;
        let forgetting = recent.forget_user("one");
        assert!(!knows(&recent, "a") && !knows(&recent, "b") && knows(&recent, "c"));
        // An answer from before, and one from while it was written.
        recent.learn("a".to_owned(), session("one"), asked_before);
        assert!(!knows(&recent, "a"));
        let asked_meanwhile = recent.seen().forgotten;
        recent.learn("a".to_owned(), session("one"), asked_meanwhile);
        drop(forgetting);
        assert!(!knows(&recent, "a"));
        recent.learn("a".to_owned(), session("one"), asked_meanwhile);
        assert!(!knows(&recent, "a") && knows(&recent, "c"));
        drop(recent.forget_session("c"));
        assert!(!knows(&recent, "c"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_not_confirmed_is_not_remembered_for_long() {
        let recent = Recent::default();
        recent.learn("a".to_owned(), session("one"), 0);
        assert!(recent.recall("a", Timestamp::from_seconds(2_000)).is_none());
        tokio::time::advance(REMEMBERED - Duration::from_secs(1)).await;
        assert!(knows(&recent, "a"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!knows(&recent, "a"));
    }
}
