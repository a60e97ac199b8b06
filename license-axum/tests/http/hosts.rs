//! What is answered to hosts that are not let in. Connections are tested with
//! sockets, from outside.

use std::time::Duration;

use axum::{Router, body::Body, extract::FromRef, response::Response, routing::get};
use http::{Method, Request, Version, header};
use license_axum::{
    Denial, HostLimit, HostRejection, HostUpgrade, LicenseRejection, Licensing,
    core::{DenialCode, HostId, runtime::LeaseHosts},
};

use crate::support::{Answer, AppState, Service, send};

/// Nobody is let in: nobody is to get so far.
#[derive(Clone, Debug)]
struct Nobody(Licensing);

struct SessionHosts;

impl HostLimit for SessionHosts {
    const NAME: &'static str = "session_hosts";
    type Hosts = Nobody;
}

impl LeaseHosts for Nobody {
    type Lease = ();

    fn licensing(&self) -> &Licensing {
        &self.0
    }

    fn lease_ttl(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn lease(&self, limit: &str, host: HostId) -> Result<(), Denial> {
        unreachable!("{limit} {host}")
    }
}

impl FromRef<AppState> for Nobody {
    fn from_ref(state: &AppState) -> Self {
        Self(state.licensing.clone())
    }
}

async fn session(upgrade: HostUpgrade<SessionHosts>) -> Response {
    upgrade.on_upgrade(async |_| {})
}

fn app() -> Router {
    let router = Router::new().route("/session", get(session).connect(session));
    router.with_state(Service::new().state())
}

fn upgrade(uri: &str) -> http::request::Builder {
    Request::get(uri)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
}

async fn answer(request: http::request::Builder) -> Answer {
    send(&app(), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_host_must_be_named_and_the_answer_says_how() {
    for query in ["", "?host=", "?host=a&host=b", "?host=a%20b", "?host=a/b", "?Host=a", "?host=é"]
    {
        for request in
            [upgrade(&format!("/session{query}")), Request::get(format!("/session{query}"))]
        {
            let answer = answer(request).await;
            answer.is_problem(400, "host_id_invalid");
            assert!(answer.text().contains("1 to 128 ASCII letters"), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn what_asks_for_no_websocket_is_told_to() {
    let requests = [
        Request::get("/session?host=a"),
        Request::head("/session?host=a"),
        Request::get("/session?host=a").header(header::UPGRADE, "websocket"),
        Request::get("/session?host=a").header(header::CONNECTION, "upgrade"),
        // As good as one, on a connection that cannot be upgraded.
        upgrade("/session?host=a"),
    ];
    for request in requests {
        let is_head = request.method_ref() == Some(&Method::HEAD);
        let answer = answer(request).await;
        if is_head {
            assert_eq!((answer.status.as_u16(), answer.text()), (426, ""));
        } else {
            answer.is_problem(426, "upgrade_required");
        }
        assert_eq!(answer.header("upgrade"), "websocket");
        assert_eq!(answer.header("connection"), "upgrade");
        assert_eq!(answer.header("sec-websocket-version"), "13");
    }
}

#[tokio::test]
async fn over_http_2_no_protocol_is_named_to_upgrade_to() {
    for method in [Method::GET, Method::CONNECT] {
        let request = Request::builder().method(method).uri("/session?host=a");
        let answer = answer(request.version(Version::HTTP_2)).await;
        answer.is_problem(426, "upgrade_required");
        assert!(!answer.headers.contains_key("upgrade"));
        assert!(!answer.headers.contains_key("connection"));
    }
}

#[test]
fn a_rejection_tells_status_and_text() {
    let denial = Denial::new(DenialCode::ConcurrentHostLimitReached, 409);
    let license = HostRejection::from(LicenseRejection::from(denial));
    assert_eq!(license.status(), 409);
    assert!(license.body_text().contains("concurrent host limit reached"));
    assert_eq!(HostRejection::HostId.status(), 400);
    assert_eq!(HostRejection::Upgrade { names_protocol: true }.status(), 426);
    assert_eq!(HostRejection::HostId.to_string(), "the request does not name a host");
}
