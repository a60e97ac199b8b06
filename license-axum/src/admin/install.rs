//! Installing: who may try, what is uploaded, and what comes of it.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use license_core::{Actor, InstallError, InstallErrorKind, Installer, licensing::InstallRequest};
use license_tower::{TrustedProxy, request_host};
use tokio::sync::Mutex;

use super::{attempts::Attempts, body};
use crate::{Problem, json::json, query::members};

/// The installer and what uploads have come to lately.
pub(super) struct InstallRoute<I> {
    installer: I,
    attempts: Attempts,
    /// Held while an upload is judged: those that wait see whether it was
    /// refused.
    turn: Mutex<()>,
}

/// What is to be done with an upload.
struct Wanted {
    request: InstallRequest,
    dry_run: bool,
}

/// What says nothing against a genuine license, or was told before anything
/// of it was checked.
const NOT_COUNTED: [InstallErrorKind; 3] = [
    InstallErrorKind::OlderThanInstalled,
    InstallErrorKind::StoreUnavailable,
    InstallErrorKind::NotPreviewed,
];

impl<I: Installer> InstallRoute<I> {
    pub(super) fn new(installer: I) -> Self {
        Self { installer, attempts: Attempts::default(), turn: Mutex::new(()) }
    }

    /// Answers one upload.
    pub(super) async fn install(&self, actor: Actor, request: Request) -> Response {
        let clock = &**self.installer.licensing().clock();
        if let Err(wait) = self.attempts.admit(&actor, clock) {
            return too_many(wait);
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
        // Declared first, so that an attempt is counted before the next one's turn.
        let _turn;
        let attempt = self.attempts.begin(actor.clone(), clock);
        let token = match body::token(request).await {
            Ok(token) => token,
            Err(problem) => return problem.into_response(),
        };
        _turn = self.turn.lock().await;
        if let Err(wait) = self.attempts.admit(&actor, clock) {
            attempt.forget();
            return too_many(wait);
        }
        // A genuine license that is only older than another does not count: of
        // many uploads at a time the newest must get in, whatever came before
        // it. Nor does one that the store could not keep: whoever tries again
        // until the store is back must get in then.
        match self.installer.install(&token, wanted).await {
            Ok(status) => {
                attempt.forget();
                json(&status)
            }
            Err(error) => {
                if NOT_COUNTED.contains(&error.kind()) {
                    attempt.forget();
                }
                Problem::from(&error).into_response()
            }
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
pub(super) fn host_of(request: &Request) -> String {
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
