//! Installing: who may try, what is uploaded, and what comes of it.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use license_core::{
    Actor, InstallError, InstallErrorKind, Installer, Status, licensing::InstallRequest,
};
use license_tower::{TrustedProxy, request_host};
use tokio::sync::Mutex;

use super::{
    attempts::{Attempt, Attempts},
    body,
};
use crate::{Problem, json::json, query::members};

/// The installer and what uploads have come to lately: what routes and pages
/// install with.
pub(crate) struct Uploads<I> {
    installer: I,
    attempts: Attempts,
    /// Held while an upload is judged: those that wait see whether it was
    /// refused.
    turn: Mutex<()>,
}

/// Why an upload was not installed.
pub(crate) enum NotInstalled {
    /// It was judged and refused.
    Refused(InstallError),
    /// Too many were refused lately; the next one may come in so many seconds.
    Wait(u64),
}

/// What is to be done with an upload.
struct Wanted {
    request: InstallRequest,
    dry_run: bool,
}

/// What says nothing against a genuine license, or was told before anything
/// of it was checked.
const NOT_COUNTED: [InstallErrorKind; 4] = [
    InstallErrorKind::OlderThanInstalled,
    InstallErrorKind::FileReadOnly,
    InstallErrorKind::StoreUnavailable,
    InstallErrorKind::NotPreviewed,
];

impl<I: Installer> Uploads<I> {
    pub(crate) fn new(installer: I) -> Self {
        Self { installer, attempts: Attempts::default(), turn: Mutex::new(()) }
    }

    /// Whether somebody may upload now.
    ///
    /// # Errors
    ///
    /// In how many seconds.
    pub(crate) fn admit(&self, actor: &Actor) -> Result<(), u64> {
        self.attempts.admit(actor, &**self.installer.licensing().clock())
    }

    /// Begins an attempt: whoever never sends all of an upload has made one, too.
    pub(crate) fn begin(&self, actor: &Actor) -> Attempt<'_> {
        self.attempts.begin(actor.clone(), &**self.installer.licensing().clock())
    }

    /// Installs a token.
    ///
    /// A genuine license that is only older than another does not count as
    /// refused: of many uploads at a time the newest must get in, whatever came
    /// before it. Nor does one that the store could not keep: whoever tries again
    /// until the store is back must get in then.
    pub(crate) async fn install(
        &self,
        attempt: Attempt<'_>,
        wanted: InstallRequest,
        token: &[u8],
    ) -> Result<Status, NotInstalled> {
        let _turn = self.turn.lock().await;
        // Dropped, and so counted, before the next one's turn.
        let attempt = attempt;
        if let Err(wait) = self.admit(&wanted.actor) {
            attempt.forget();
            return Err(NotInstalled::Wait(wait));
        }
        match self.installer.install(token, wanted).await {
            Ok(status) => {
                attempt.forget();
                Ok(status)
            }
            Err(error) => {
                if NOT_COUNTED.contains(&error.kind()) {
                    attempt.forget();
                }
                Err(NotInstalled::Refused(error))
            }
        }
    }

    /// Answers one upload by API.
    pub(super) async fn answer(&self, actor: Actor, request: Request) -> Response {
        if let Err(wait) = self.admit(&actor) {
            return NotInstalled::Wait(wait).into_response();
        }
        let Wanted { request: wanted, dry_run } = match Wanted::read(&actor, &request) {
            Ok(wanted) => wanted,
            Err(problem) => return problem.into_response(),
        };
        if dry_run {
            return match body::token(request).await {
                Ok(token) => json(&self.installer.dry_run(&token, wanted).await),
                Err(problem) => problem.into_response(),
            };
        }
        let attempt = self.begin(&actor);
        let token = match body::token(request).await {
            Ok(token) => token,
            Err(problem) => return problem.into_response(),
        };
        match self.install(attempt, wanted, &token).await {
            Ok(status) => json(&status),
            Err(not_installed) => not_installed.into_response(),
        }
    }
}

impl IntoResponse for NotInstalled {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(error) => Problem::from(&error).into_response(),
            Self::Wait(seconds) => too_many(seconds),
        }
    }
}

impl Wanted {
    fn read(actor: &Actor, request: &Request) -> Result<Self, Problem> {
        let [dry_run, force, expect] = members(request.uri(), ["dry_run", "force", "expect"])?;
        // What is no digest is not that of any license.
        let not_previewed = |_| Problem::from(&InstallError::from(InstallErrorKind::NotPreviewed));
        let expect = expect.map(|digest| digest.parse().map_err(not_previewed)).transpose()?;
        let install = InstallRequest::new(actor.clone())
            .host(Some(host_of(request)))
            .force(flag(force)?)
            .expect(expect);
        Ok(Self { request: install, dry_run: flag(dry_run)? })
    }
}

fn too_many(wait: u64) -> Response {
    let mut response = Problem::new(
        429,
        "too_many_attempts",
        "Too many refused uploads within a minute. Wait, then upload the right file.",
    )
    .into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    response
}

/// The host by which the administrator uses the service; a text that no
/// domain covers where the request names none.
pub(crate) fn host_of<B>(request: &http::Request<B>) -> String {
    let proxy = request.extensions().get::<TrustedProxy>();
    request_host(request, proxy).resolve().map(|host| host.to_string()).unwrap_or_default()
}

fn flag(value: Option<&str>) -> Result<bool, Problem> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        _ => Err(Problem::new(
            400,
            "invalid_query",
            "Nothing was changed. `dry_run` and `force` are `true` or `false`.",
        )),
    }
}
