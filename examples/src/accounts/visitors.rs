//! Signing in by a page, and where somebody is signed in.

use http::{HeaderValue, request::Parts};
use license_core::Timestamp;
use sqlx::Row;

use super::{Account, AccountsError, Auth, auth::Credentials, sessions::SESSION};
use crate::{
    Refusal,
    serving::ClientAddress,
    setup::database::timely,
    web::{NotSignedIn, Visitor, Visitors},
};

/// Where somebody is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// Names the session, and is no secret.
    pub(crate) id: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// Whether it is the one that asks.
    pub(crate) current: bool,
}

/// How much of the digest of a session names it.
const ID_LENGTH: u8 = 16;

impl Visitors for Auth {
    const BY_TOKEN: bool = false;

    async fn sign_in(
        &self,
        request: &Parts,
        email: String,
        password: String,
    ) -> Result<HeaderValue, NotSignedIn> {
        let ClientAddress(address) = ClientAddress::of(request);
        let token = self.begin_session(address, Credentials { email, password }).await;
        let token = token.map_err(|refusal| match refusal {
            Refusal::Later(problem, wait) if problem.details().status == 429 => {
                NotSignedIn::TooMany(wait)
            }
            Refusal::Later(..) => NotSignedIn::Busy,
            Refusal::Problem(problem) if problem.details().status == 401 => NotSignedIn::Wrong,
            _ => NotSignedIn::Away,
        })?;
        self.cookie(&token).ok_or(NotSignedIn::Away)
    }

    async fn sign_out(&self, request: &Parts) -> Result<HeaderValue, NotSignedIn> {
        self.end(request).await.map_err(|_| NotSignedIn::Away)?;
        self.cookie("").ok_or(NotSignedIn::Away)
    }

    fn one_session(&self) -> bool {
        self.ends_others()
    }

    async fn visitor(&self, request: &Parts) -> Option<Visitor> {
        let account = self.signed_in(request).await?;
        Some(Visitor { is_admin: account.role == "admin", name: account.email })
    }
}

impl Auth {
    pub(crate) async fn signed_in(&self, request: &Parts) -> Option<Account> {
        self.account(request).await.ok()
    }

    /// Where somebody is signed in, the latest first.
    pub(crate) async fn sessions(
        &self,
        request: &Parts,
        account: &Account,
    ) -> Result<Vec<SignedIn>, AccountsError> {
        let query = sqlx::query(
            "SELECT digest, expires_at FROM sessions WHERE user_id = $1 AND expires_at > $2
             ORDER BY expires_at DESC, digest",
        );
        let query = query.bind(account.id.clone()).bind(self.now().as_seconds());
        let rows = timely(query.fetch_all(&self.accounts().pool)).await?;
        let own = self.credential(request).map(super::sessions::digest);
        let session = |row: &sqlx::any::AnyRow| {
            let digest: String = row.try_get("digest")?;
            let until = Timestamp::from_seconds(row.try_get("expires_at")?);
            Ok(SignedIn {
                id: digest.chars().take(ID_LENGTH.into()).collect(),
                since: until.saturating_sub(SESSION),
                until,
                current: Some(digest) == own,
            })
        };
        rows.iter().map(session).collect()
    }

    /// Ends a session of somebody's own. Whether there was one.
    pub(crate) async fn end_session(
        &self,
        account: &Account,
        id: &str,
    ) -> Result<bool, AccountsError> {
        // However this ends: what is remembered may be the one.
        let _forgotten = self.accounts().recent.forget_user(&account.id);
        let query =
            sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND substr(digest, 1, $2) = $3");
        let query = query.bind(account.id.clone()).bind(i32::from(ID_LENGTH)).bind(id.to_owned());
        let ended = timely(query.execute(&self.accounts().pool)).await?;
        Ok(ended.rows_affected() > 0)
    }
}
