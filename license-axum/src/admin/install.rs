//! Installing: who may try, what is uploaded, and what comes of it.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Uri, header};
use license_core::{Actor, InstallErrorKind, InstallRequest, Installer};
use license_tower::{TrustedProxy, request_host};
use tokio::sync::Mutex;

use super::{attempts::Attempts, upload};
use crate::{Problem, json::json, query::query};

/// The installer and what uploads have come to lately.
pub(super) struct Uploads<I> {
    installer: I,
    attempts: Attempts,
    /// Held while an upload is judged: those that wait see whether it was
    /// refused.
    turn: Mutex<()>,
}

/// What was uploaded, read to its end.
struct Upload {
    token: Vec<u8>,
    request: InstallRequest,
    dry_run: bool,
}

/// What says nothing against a genuine license.
const NOT_COUNTED: [InstallErrorKind; 2] =
    [InstallErrorKind::OlderThanInstalled, InstallErrorKind::StoreUnavailable];

impl<I: Installer> Uploads<I> {
    pub(super) fn new(installer: I) -> Self {
        Self { installer, attempts: Attempts::default(), turn: Mutex::new(()) }
    }

    /// Answers one upload.
    pub(super) async fn install(&self, actor: Actor, request: Request) -> Response {
        let clock = &**self.installer.licensing().clock();
        if let Err(wait) = self.attempts.admit(&actor, clock) {
            return too_many(wait);
        }
        // Declared first, so that an attempt is counted before the next one's turn.
        let _turn;
        let attempt = self.attempts.begin(actor.clone(), clock);
        let upload = match Upload::read(&actor, request).await {
            Ok(upload) => upload,
            Err(problem) => return problem.into_response(),
        };
        _turn = self.turn.lock().await;
        if let Err(wait) = self.attempts.admit(&actor, clock) {
            attempt.forget();
            return too_many(wait);
        }
        let (refused, response) = self.judge(upload).await;
        if !refused {
            attempt.forget();
        }
        response
    }

    /// Answers an upload, and says whether it counts as refused. A genuine
    /// license that is only older than another does not: of many uploads at a
    /// time the newest must get in, whatever came before it. Nor does one that
    /// the store could not keep: whoever tries again until the store is back
    /// must get in then.
    async fn judge(&self, upload: Upload) -> (bool, Response) {
        let Upload { token, request, dry_run } = upload;
        if dry_run {
            let outcome = self.installer.dry_run(&token, request).await;
            let refused =
                outcome.code.is_some_and(|code| NOT_COUNTED.iter().all(|not| not.code() != code));
            return (refused, json(&outcome));
        }
        match self.installer.install(&token, request).await {
            Ok(status) => (false, json(&status)),
            Err(error) => {
                (!NOT_COUNTED.contains(&error.kind()), Problem::from(&error).into_response())
            }
        }
    }
}

impl Upload {
    async fn read(actor: &Actor, request: Request) -> Result<Self, Problem> {
        let dry_run = flag(request.uri(), "dry_run")?;
        let install = InstallRequest::new(actor.clone())
            .host(Some(host_of(&request)))
            .force(flag(request.uri(), "force")?);
        Ok(Self { token: upload::token(request).await?, request: install, dry_run })
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
fn host_of(request: &Request) -> String {
    let proxy = request.extensions().get::<TrustedProxy>();
    request_host(request, proxy).resolve().map(|host| host.to_string()).unwrap_or_default()
}

fn flag(uri: &Uri, name: &'static str) -> Result<bool, Problem> {
    let mut values = query(uri, name);
    match (values.next(), values.next()) {
        (None | Some("false" | "0"), None) => Ok(false),
        (Some("true" | "1"), None) => Ok(true),
        _ => Err(Problem::new(
            400,
            "invalid_query",
            "`dry_run` and `force` are given once, as `true` or `false`.",
        )),
    }
}
