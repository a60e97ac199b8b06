//! The administrator's routes: who may, status, machine info, audit.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router, body::Body, extract::FromRequestParts, middleware, response::IntoResponse,
    routing::post,
};
use http::{Method, Request, Version, header, request::Parts};
use http_body_util::BodyExt;
use license_axum::{
    Actor, InstallError, Installer, Licensing, Problem, Routes, admin_routes, recovery,
    refuse_cross_site,
};
use license_core::{
    InstallErrorKind, MachineId, Status,
    licensing::InstallRequest,
    machine::MachineInfo,
    report::DryRun,
    runtime::{AuditEntry, AuditPage},
    testing::START,
};
use license_runtime::{LicenseManager, MachineIdSource, MemoryStore};
use serde_json::json;

use crate::support::{Answer, AppState, Service, day, send};

/// An administrator: whoever sends `authorization: Bearer NAME`, from the
/// address in `x-address`; and a browser by the cookie `session=NAME`.
pub(crate) struct Admin(Actor);

impl From<Admin> for Actor {
    fn from(admin: Admin) -> Self {
        admin.0
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let name = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let name = name.or(text("cookie").and_then(|value| value.strip_prefix("session=")));
        match name {
            Some("user") => Err(Problem::new(403, "forbidden", "Ask an administrator.")),
            Some(name) => Ok(Self(Actor::new(
                name,
                text("x-address").and_then(|address| address.parse().ok()),
            ))),
            None => Err(Problem::new(401, "unauthenticated", "Sign in as an administrator.")),
        }
    }
}

/// A service with its manager and the administrator's routes.
pub(crate) struct Administered {
    pub(crate) service: Service,
    pub(crate) manager: LicenseManager,
    pub(crate) app: Router,
}

impl Administered {
    pub(crate) async fn new() -> Self {
        let machine = MachineId::custom("the-machine-of-the-tests").unwrap();
        Self::on(MachineIdSource::Custom(machine), Service::new()).await
    }

    /// Of a product whose profile says this as well.
    #[cfg(feature = "pages")]
    pub(crate) async fn of(profile: &str) -> Self {
        let profile = format!(
            "name = 'test'\nissuer = 'https://vendor.example'\naudience = 'test'\n{profile}"
        );
        let service = Service::of_product(license_core::Product::from_toml(&profile).unwrap());
        let machine = MachineId::custom("the-machine-of-the-tests").unwrap();
        Self::on(MachineIdSource::Custom(machine), service).await
    }

    pub(crate) async fn on(machine: MachineIdSource, service: Service) -> Self {
        let manager = LicenseManager::builder(service.licensing.clone())
            .store(MemoryStore::new())
            .machine_id(machine)
            .usage(async || [("users".to_owned(), 3)].into())
            .manual_ticks()
            .start()
            .await
            .unwrap();
        let app = Routes::new()
            .nest("/api/license", admin_routes::<Admin, _>(manager.clone()))
            .with_state(service.state())
            .into_router();
        Self { service, manager, app }
    }

    /// The id of the license in force.
    pub(crate) fn in_force(&self) -> Option<String> {
        Some(self.service.licensing.license()?.license().id().to_owned())
    }

    /// A license with an id of its own.
    pub(crate) fn token(&self, id: &str) -> String {
        self.service.vendor.license().id(id).sign().as_str().to_owned()
    }

    /// How many attempts the manager has seen.
    pub(crate) async fn judged(&self) -> usize {
        self.manager.audit(1000).await.unwrap().len()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.app, request).await
    }
}

/// A request by the administrator, over HTTP/2: there a stream that is refused
/// is not read any more.
pub(crate) fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder()
        .version(Version::HTTP_2)
        .method(method)
        .uri(format!("/api/license{path}"))
        .header(header::AUTHORIZATION, "Bearer admin@example.com")
        .header("x-address", "192.0.2.7")
}

pub(crate) fn upload(path: &str, token: impl Into<Body>) -> Request<Body> {
    let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/jwt");
    request.body(token.into()).unwrap()
}

/// A body that nobody may ask for.
pub(crate) fn unread() -> Body {
    Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Vec<u8>, std::io::Error>>> {
            panic!("the body is read")
        },
    ))
}

fn asked(method: Method, path: &str) -> Request<Body> {
    request(method, path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn everybody_sees_the_public_status_and_nothing_more() {
    let administered = Administered::new().await;
    let license = administered.service.vendor.license().limit("users", 5).features(["sso"]);
    administered.send(upload("", license.sign().as_str().to_owned())).await;
    for credential in [None, Some("Basic x"), Some("Bearer user")] {
        let mut public = Request::get("/api/license").body(Body::empty()).unwrap();
        if let Some(credential) = credential {
            public.headers_mut().insert(header::AUTHORIZATION, credential.parse().unwrap());
        }
        let answer = administered.send(public).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let expected =
            json!({ "phase": "active", "restricted": false, "days_remaining": 365, "code": null });
        assert_eq!(answer.json(), expected, "{credential:?}");
    }
}

#[tokio::test]
async fn administrators_see_the_full_status() {
    let administered = Administered::new().await;
    let before = administered.send(asked(Method::GET, "")).await;
    assert_eq!(before.json()["license"], json!(null));
    assert_eq!(before.json()["problem"]["code"], "license_missing");
    let license = administered.service.vendor.license().limit("users", 5).features(["sso"]);
    administered.send(upload("", license.sign().as_str().to_owned())).await;
    let answer = administered.send(asked(Method::GET, "")).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let status = answer.json();
    assert_eq!(status["license"]["customer"], "Test Customer");
    assert_eq!(status["license"]["features"], json!(["sso"]));
    assert_eq!(status["license"]["limits"]["users"], json!({ "max": 5, "used": 3 }));
    assert!(status["machine"].as_str().unwrap().starts_with("fp1:custom:"));
    assert_eq!(status["problem"], json!(null));
}

#[tokio::test]
async fn only_administrators_get_in_and_no_body_is_read_before() {
    let administered = Administered::new().await;
    for (method, path) in [
        (Method::POST, ""),
        (Method::POST, "?dry_run=true"),
        (Method::GET, "/machine-info"),
        (Method::GET, "/audit"),
    ] {
        let anonymous = Request::builder()
            .method(method.clone())
            .uri(format!("/api/license{path}"))
            .version(Version::HTTP_2)
            .header(header::CONTENT_TYPE, "application/jwt")
            .body(unread())
            .unwrap();
        administered.send(anonymous).await.is_problem(401, "unauthenticated");
        let mut user = request(method, path).body(unread()).unwrap();
        user.headers_mut().insert(header::AUTHORIZATION, "Bearer user".parse().unwrap());
        administered.send(user).await.is_problem(403, "forbidden");
    }
    assert_eq!(administered.judged().await, 0);
}

#[tokio::test]
async fn other_methods_and_paths_are_not_there() {
    let administered = Administered::new().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(administered.send(asked(method, "")).await.status, 405);
    }
    assert_eq!(administered.send(asked(Method::POST, "/audit")).await.status, 405);
    assert_eq!(administered.send(asked(Method::GET, "/")).await.status, 404);
    assert_eq!(administered.send(asked(Method::GET, "/other")).await.status, 404);
}

#[tokio::test]
async fn machine_info_is_a_download() {
    let administered = Administered::new().await;
    let answer = administered.send(asked(Method::GET, "/machine-info")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let name = answer.header("content-disposition");
    assert_eq!(name, "attachment; filename=\"machine-info.json\"");
    let info: MachineInfo = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(info.check("test", START), Ok(()));
    assert!(!answer.text().contains("the-machine-of-the-tests"));
}

#[tokio::test]
async fn machine_info_without_a_machine_id_says_so() {
    let administered =
        Administered::on(MachineIdSource::files(["/nonexistent"]), Service::new()).await;
    let answer = administered.send(asked(Method::GET, "/machine-info")).await;
    answer.is_problem(503, "fingerprint_unavailable");
    assert_eq!(answer.header("content-disposition"), "");
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("cannot be read") && detail.contains("/etc/machine-id"), "{detail}");
    assert!(!detail.contains("license is bound") && !detail.contains("MACHINE_ID"), "{detail}");
}

#[tokio::test]
async fn the_audit_history_is_newest_first_and_names_the_administrator() {
    let administered = Administered::new().await;
    administered.send(upload("", administered.token("lic_1"))).await;
    administered.send(upload("", "nonsense")).await;
    let answer = administered.send(asked(Method::GET, "/audit")).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let row = |license_id: Option<&str>, outcome: &str| {
        json!({
            "at": START.to_string(),
            "actor": "admin@example.com",
            "address": "192.0.2.7",
            "license_id": license_id,
            "outcome": outcome,
        })
    };
    let (refused, installed) =
        (row(None, "refused:token_malformed"), row(Some("lic_1"), "installed"));
    assert_eq!(answer.json(), json!([refused, installed]));
    let newest = administered.send(asked(Method::GET, "/audit?limit=1")).await;
    assert_eq!(newest.json(), json!([refused]));
}

/// An installer that remembers what it was asked for, and fails.
#[derive(Clone)]
struct Broken {
    licensing: Licensing,
    limit: Arc<AtomicU32>,
}

impl Installer for Broken {
    fn licensing(&self) -> &Licensing {
        &self.licensing
    }

    async fn install(&self, _: &[u8], _: InstallRequest) -> Result<Status, InstallError> {
        Err(InstallErrorKind::StoreUnavailable.into())
    }

    async fn dry_run(&self, _: &[u8], _: InstallRequest) -> DryRun {
        DryRun::default()
    }

    async fn status(&self) -> Status {
        self.licensing.status(|_| None)
    }

    async fn machine_info(&self) -> Result<MachineInfo, InstallError> {
        Err(InstallErrorKind::Internal.into())
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, InstallError> {
        self.limit.store(limit, Ordering::SeqCst);
        match limit {
            13 => Err(InstallErrorKind::StoreUnavailable.into()),
            _ => Ok(Vec::new()),
        }
    }

    async fn audit_before(&self, _: u64, limit: u32) -> Result<Vec<AuditEntry>, InstallError> {
        self.audit(limit).await
    }

    async fn export_audit(&self, after: u64) -> Result<AuditPage, InstallError> {
        self.limit.store(u32::try_from(after).unwrap(), Ordering::SeqCst);
        match after {
            0 => Ok(AuditPage::new("one\n", Some(7))),
            7 => Ok(AuditPage::new("two\nthree\n", Some(8))),
            _ => Ok(AuditPage::new("end\n", None)),
        }
    }
}

#[tokio::test]
async fn the_audit_history_is_exported_part_by_part() {
    let (app, asked_for) = broken();
    let answer = send(&app, asked(Method::GET, "/audit/export")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), "one\ntwo\nthree\nend\n");
    assert_eq!(asked_for.load(Ordering::SeqCst), 8);
    assert_eq!(crate::support::get(&app, "/api/license/audit/export").await.status, 401);
}

pub(crate) fn broken() -> (Router, Arc<AtomicU32>) {
    let service = Service::new();
    let limit = Arc::new(AtomicU32::new(0));
    let installer = Broken { licensing: service.licensing.clone(), limit: Arc::clone(&limit) };
    let app = Routes::new().nest("/api/license", admin_routes::<Admin, AppState>(installer));
    (app.with_state(service.state()).into_router(), limit)
}

#[tokio::test]
async fn the_length_of_the_audit_history_is_bounded() {
    let (app, asked_for) = broken();
    for (query, rows) in [
        ("", 100),
        ("?other=1", 100),
        ("?limit=1", 1),
        ("?limit=1000", 1000),
        ("?limit=1001", 1000),
        ("?limit=4294967295", 1000),
    ] {
        let answer = send(&app, asked(Method::GET, &format!("/audit{query}"))).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "[]"), "{query}");
        assert_eq!(asked_for.load(Ordering::SeqCst), rows, "{query}");
    }
    for limit in
        ["limit", "limit=", "limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2"]
    {
        let answer = send(&app, asked(Method::GET, &format!("/audit?{limit}"))).await;
        answer.is_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn what_the_installer_cannot_do_is_a_problem() {
    let (app, _) = broken();
    send(&app, upload("", "token")).await.is_problem(503, "store_unavailable");
    send(&app, asked(Method::GET, "/machine-info")).await.is_problem(500, "internal_error");
    let unread = send(&app, asked(Method::GET, "/audit?limit=13")).await;
    unread.is_problem(503, "store_unavailable");
    assert!(!unread.text().contains("installed"), "{}", unread.text());
}

fn with_cookie(site: Option<&str>, request: http::request::Builder) -> Request<Body> {
    let request = request.version(Version::HTTP_2).header(header::COOKIE, "session=1");
    let mut request = request.body(unread()).unwrap();
    if let Some(site) = site {
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_cross_site_upload_with_a_cookie_is_refused_before_anything_else() {
    let administered = Administered::new().await;
    for site in ["cross-site", "same-site"] {
        let request = with_cookie(Some(site), request(Method::POST, ""));
        administered.send(request).await.is_problem(403, "cross_site_request");
        let anonymous = with_cookie(Some(site), Request::post("/api/license"));
        administered.send(anonymous).await.is_problem(403, "cross_site_request");
    }
    let origin = |origin: &str| {
        let mut request = upload("", administered.token("lic_1"));
        request.headers_mut().insert(header::COOKIE, "session=1".parse().unwrap());
        request.headers_mut().insert(header::HOST, "acme.internal".parse().unwrap());
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        request
    };
    let elsewhere = administered.send(origin("https://evil.example")).await;
    elsewhere.is_problem(403, "cross_site_request");
    assert_eq!(administered.judged().await, 0);
    assert_eq!(administered.send(origin("https://acme.internal")).await.status, 200);
}

#[tokio::test]
async fn without_a_cookie_or_a_change_there_is_no_cross_site_request() {
    let administered = Administered::new().await;
    let mut upload = upload("", administered.token("lic_1"));
    upload.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(administered.send(upload).await.status, 200);
    let reads = with_cookie(Some("cross-site"), request(Method::GET, ""));
    assert_eq!(administered.send(reads).await.status, 200);
    for site in [None, Some("same-origin"), Some("none")] {
        let mut own = with_cookie(site, request(Method::POST, ""));
        *own.body_mut() = Body::empty();
        administered.send(own).await.is_problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_form_that_signs_in_is_looked_at_although_it_has_no_credential() {
    let app = Router::new()
        .route("/sign-in", post(async || "signed in").get(async || "a form"))
        .layer(middleware::from_fn(refuse_cross_site));
    let form = |credential: Option<&str>, name: &'static str, value: &str| {
        let mut request = Request::post("/sign-in").header(header::HOST, "acme.internal");
        if let Some(credential) = credential {
            request = request.header(header::AUTHORIZATION, credential);
        }
        request.header(name, value).body(Body::empty()).unwrap()
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for ambient in [None, Some("Basic YTpi"), Some("negotiate x"), Some("NTLM")] {
            let foreign = send(&app, form(ambient, name, value)).await;
            foreign.is_problem(403, "cross_site_request");
        }
        let deliberate = send(&app, form(Some("Bearer token"), name, value)).await;
        assert_eq!(deliberate.text(), "signed in", "{name}: {value}");
    }
    let own = [("sec-fetch-site", "same-origin"), ("origin", "http://acme.internal"), ("x", "y")];
    for (name, value) in own {
        assert_eq!(send(&app, form(None, name, value)).await.text(), "signed in");
    }
    let read = Request::get("/sign-in").header("sec-fetch-site", "cross-site");
    assert_eq!(send(&app, read.body(Body::empty()).unwrap()).await.text(), "a form");
}

#[tokio::test]
async fn only_the_license_that_was_previewed_is_installed() {
    let administered = Administered::new().await;
    let (shown, other) = (administered.token("lic_1"), administered.token("lic_2"));
    let dry = administered.send(upload("?dry_run=true", shown.clone())).await.json();
    let expect = format!("?expect={}", dry["digest"].as_str().unwrap());
    let refused = administered.send(upload(&expect, other)).await;
    refused.is_problem(409, "not_previewed");
    let malformed = administered.send(upload("?expect=nonsense", unread())).await;
    malformed.is_problem(409, "not_previewed");
    assert_eq!(administered.in_force(), None);
    assert_eq!(administered.send(upload(&expect, shown)).await.status, 200);
    assert_eq!(administered.in_force().as_deref(), Some("lic_1"));
}

#[tokio::test]
async fn a_query_that_is_none_of_the_route_is_refused_and_named() {
    let administered = Administered::new().await;
    for query in ["?dry-run=true", "?DRY_RUN=true", "?%64ry_run=true", "?dry_run=true&dry_run=1"] {
        let answer = administered.send(upload(query, unread())).await;
        answer.is_problem(400, "invalid_query");
        assert!(answer.text().contains("`dry_run`, `force`, `expect`"), "{answer:?}");
    }
    assert_eq!(administered.judged().await, 0);
}

#[tokio::test]
async fn a_products_own_routes_can_refuse_cross_site_requests_too() {
    let app = Router::new()
        .route("/users", post(async || "created"))
        .layer(middleware::from_fn(refuse_cross_site));
    let cross = with_cookie(Some("cross-site"), Request::post("/users"));
    send(&app, cross).await.is_problem(403, "cross_site_request");
    let own = with_cookie(Some("same-origin"), Request::post("/users"));
    assert_eq!(send(&app, own).await.text(), "created");
}

#[test]
fn recovery_is_status_install_and_machine_info() {
    let open = recovery("/api/license").unwrap();
    for (method, path) in [
        (Method::GET, "/api/license"),
        (Method::POST, "/api/license"),
        (Method::GET, "/api/license/machine-info"),
    ] {
        assert!(open.allows(&method, path), "{method} {path}");
    }
    for (method, path) in [
        (Method::DELETE, "/api/license"),
        (Method::GET, "/api/license/audit"),
        (Method::POST, "/api/license/machine-info"),
        (Method::GET, "/api/license/"),
        (Method::GET, "/api"),
    ] {
        assert!(!open.allows(&method, path), "{method} {path}");
    }
    for bad in ["", "api/license", "/api/license/", "/"] {
        assert!(recovery(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn errors_of_the_product_look_like_those_of_the_license() {
    let response = Problem::new(404, "not_found", "There is no such user.").into_response();
    let (parts, body) = response.into_parts();
    assert_eq!(parts.headers["cache-control"], "no-store");
    let body = body.collect().await.unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let expected = json!({
        "type": "urn:license:problem:not_found",
        "title": "not found",
        "status": 404,
        "detail": "There is no such user.",
        "code": "not_found",
    });
    assert_eq!(problem, expected);
}

#[tokio::test]
async fn a_license_that_begins_later_waits_beside_the_one_in_force() {
    let administered = Administered::new().await;
    administered.send(upload("", administered.token("lic_now"))).await;
    let next = administered.service.vendor.license().id("lic_next").not_before(day(30)).sign();
    let answer = administered.send(upload("", next.as_str().to_owned())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["license"]["id"], "lic_now");
    assert_eq!(answer.json()["next"]["id"], "lic_next");
}
