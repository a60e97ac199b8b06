//! Users, kept in a database through sqlx.

mod attempts;
mod auth;
mod passwords;
mod sessions;
mod visitors;
mod waiting_room;

use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use license_axum::Problem;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use sqlx::{AnyPool, Row, any::AnyRow};
use utoipa::ToSchema;

pub use self::{
    auth::{ADMINISTRATOR, Administrator, Auth, User, bearer, curl_credentials, open_accounts},
    passwords::PasswordError,
};
use self::{
    passwords::{Passwords, Turn},
    sessions::Recent,
    waiting_room::{Busy, Visitor},
};
use crate::{
    answer::{database_failed, internal},
    setup::database::{apply_schema, timely},
};

/// Users and sessions.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(crate) pool: AnyPool,
    pub(crate) recent: Arc<Recent>,
    pub(crate) passwords: Passwords,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// A user to be made, made ready by [`Accounts::prepare`].
pub struct NewAccount {
    email: String,
    /// The hash of the password.
    password: String,
    role: String,
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
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Too many passwords wait to be checked.
    #[error("too many passwords wait to be checked")]
    Busy,
}

impl From<Busy> for AccountsError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// What is not the asker's doing.
impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Database(error) => database_failed(&error),
            AccountsError::Busy => Problem::new(
                503,
                "busy",
                "Too many passwords are being checked. Try again in a second.",
            ),
            error => internal(&error),
        }
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

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
        Ok(Self { pool, recent: Arc::default(), passwords: Passwords::new() })
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
        if self.by_email(email).await?.is_none() {
            let made = password.is_none().then(|| random_hex(12));
            let (email, role) = (email.to_owned(), "admin".to_owned());
            let password = password.clone().or_else(|| made.clone()).unwrap_or_default();
            match self.create(self.prepare(email, password, role).await?).await {
                Ok(_) => return Ok(made),
                // Another instance was faster.
                Err(AccountsError::EmailTaken) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(password) = password else { return Ok(None) };
        let turn = self.passwords.turn(Visitor::SERVICE).await?;
        if self.check_password(&turn, email, &password).await?.is_none() {
            let hash = turn.hash(password).await?;
            let set = "UPDATE users SET password = $1 WHERE email = $2";
            self.execute(set, [&hash, email]).await?;
        }
        Ok(None)
    }

    /// Makes a user ready: hashes the password. `role` is `admin` or any other
    /// word. To be done before a seat is reserved, which others wait for.
    ///
    /// # Errors
    ///
    /// Too many passwords wait to be hashed; hashing failed.
    pub async fn prepare(
        &self,
        email: String,
        password: String,
        role: String,
    ) -> Result<NewAccount, AccountsError> {
        let password = self.passwords.turn(Visitor::SERVICE).await?.hash(password).await?;
        Ok(NewAccount { email, password, role })
    }

    /// Makes a user.
    ///
    /// # Errors
    ///
    /// A taken e-mail address; the database failed.
    pub async fn create(&self, new: NewAccount) -> Result<Account, AccountsError> {
        let account = Account {
            id: format!("user_{}", random_hex(8)),
            email: new.email.to_lowercase(),
            role: new.role,
            active: true,
        };
        let inserted = self
            .execute(
                "INSERT INTO users (id, email, role, password, active) VALUES ($1, $2, $3, $4, 1)",
                [&account.id, &account.email, &account.role, &new.password],
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
        let query = sqlx::query("SELECT id, email, role, active FROM users ORDER BY email");
        let rows = timely(query.fetch_all(&self.pool)).await?;
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
        let query = sqlx::query("SELECT COUNT(*) FROM users WHERE active = 1");
        let row = timely(query.fetch_one(&self.pool)).await?;
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
        let query = sqlx::query("SELECT id, email, role, active FROM users WHERE id = $1");
        let row = timely(query.bind(id).fetch_optional(&self.pool)).await?;
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
        // However this ends: also where nobody waits for it any more.
        let _forgotten = self.recent.forget_user(id);
        let changed = timely(async {
            let mut transaction = self.pool.begin().await?;
            // Of two administrators who deactivate each other one comes second.
            sqlx::query("UPDATE users SET active = active WHERE role = 'admin'")
                .execute(&mut *transaction)
                .await?;
            let changed = sqlx::query(
                "UPDATE users SET active = 0 WHERE id = $1 AND (role <> 'admin' OR active = 0 \
                 OR EXISTS (SELECT 1 FROM users AS other \
                 WHERE other.role = 'admin' AND other.active = 1 AND other.id <> $1))",
            )
            .bind(id)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "DELETE FROM sessions WHERE user_id = $1 \
                 AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND active = 0)",
            )
            .bind(id)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(changed.rows_affected())
        });
        if changed.await? == 0 {
            return Err(AccountsError::LastAdministrator);
        }
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

    async fn by_email(&self, email: &str) -> Result<Option<(Account, String)>, AccountsError> {
        let query =
            sqlx::query("SELECT id, email, role, active, password FROM users WHERE email = $1");
        let row = timely(query.bind(email.to_lowercase()).fetch_optional(&self.pool)).await?;
        row.as_ref().map(|row| Ok((account(row)?, row.try_get("password")?))).transpose()
    }

    /// The active user of this e-mail address and password. Takes as long for
    /// an address that nobody has.
    pub(crate) async fn check_password(
        &self,
        turn: &Turn,
        email: &str,
        password: &str,
    ) -> Result<Option<Account>, AccountsError> {
        let found = self.by_email(email).await?.filter(|(account, _)| account.active);
        let (account, hash) = found.unzip();
        let good = turn.check(password.to_owned(), hash).await?;
        Ok(account.filter(|_| good))
    }

    pub(crate) async fn execute<const N: usize>(
        &self,
        statement: &'static str,
        texts: [&str; N],
    ) -> Result<(), AccountsError> {
        let query = texts
            .into_iter()
            .fold(sqlx::query(statement), |query, text| query.bind(text.to_owned()));
        timely(query.execute(&self.pool)).await?;
        Ok(())
    }
}

pub(crate) fn account(row: &AnyRow) -> Result<Account, AccountsError> {
    Ok(Account {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        active: row.try_get::<i64, _>("active")? != 0,
    })
}

/// Whether a text can be an e-mail address: nothing that looks like another one,
/// or that ends a line.
pub fn is_email_address(text: &str) -> bool {
    let parts = text.split_once('@');
    let plain = !text.contains(|it: char| it.is_whitespace() || it.is_control());
    text.len() <= 254
        && plain
        && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
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
