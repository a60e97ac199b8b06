//! The license in a browser, request by request.

use axum::{
    body::Body,
    routing::{get, post},
};
use http::{Method, Request, header};
use license_axum::{
    Enforced, LicenseLayer, LicenseRejection, Licensing, RequireFeature, Routes, enforce, licensed,
    pages::LicensePages,
};
use license_core::Installer as _;
use license_runtime::LicenseManager;

use crate::{
    admin::{Admin, Administered},
    support::{Answer, AppState, day, send},
};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A service with pages, and what is asked of it.
struct Pages {
    administered: Administered,
    app: Enforced,
}

#[licensed]
async fn reports(_: RequireFeature<"reports">) -> &'static str {
    "reports"
}

impl Pages {
    async fn new() -> Self {
        Self::at("/license", "").await
    }

    /// The pages at this path, of a product whose profile says this as well.
    async fn at(path: &str, profile: &str) -> Self {
        let administered = Administered::of(profile).await;
        let app = Self::app(&administered.manager, path);
        Self { administered, app }
    }

    /// Pages without a form: the license comes from this source.
    async fn without_upload(source: &str) -> Self {
        let administered = Administered::of("").await;
        let pages = Self::pages(&administered.manager).without_upload(source);
        let app = Self::serve(&administered.manager, &pages, "/license");
        Self { administered, app }
    }

    fn pages(manager: &LicenseManager) -> LicensePages<Admin, LicenseManager> {
        LicensePages::new(manager.clone()).unwrap().sign_in("/sign-in").home("/")
    }

    fn app(manager: &LicenseManager, path: &str) -> Enforced {
        Self::serve(manager, &Self::pages(manager), path)
    }

    fn serve(
        manager: &LicenseManager,
        pages: &LicensePages<Admin, LicenseManager>,
        path: &str,
    ) -> Enforced {
        let state = AppState { licensing: manager.licensing().clone() };
        let routes = Routes::new()
            .route("/", get(async || "home"))
            .route("/reports", get(reports))
            .route("/api/deep/er", get(async || "deep"))
            .route(
                "/seats",
                post(async |axum::extract::State(licensing): axum::extract::State<Licensing>| {
                    license_axum::limit(&licensing, "users", 5, 1)?;
                    Ok::<_, LicenseRejection>("a seat")
                }),
            )
            .route("/api/banner", pages.banner_route())
            .nest(path, pages.routes())
            .with_state(state.clone());
        let layer = LicenseLayer::new(manager.licensing());
        enforce(routes, layer).layer(pages.denials(path, state))
    }

    async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        send(&self.app, request.body(body.into()).unwrap()).await
    }

    async fn anybody(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header(header::ACCEPT, BROWSER), "").await
    }

    async fn admin(&self, path: &str) -> Answer {
        self.ask(as_admin(Request::get(path)), "").await
    }

    /// Sends a form as an administrator's browser does.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask(form(path), multipart(fields)).await
    }

    async fn preview(&self, token: &str) -> Answer {
        self.form("/license/preview", &[("license", ""), ("text", token)]).await
    }

    /// Installs a token by the two forms.
    async fn install(&self, token: &str) -> Answer {
        let preview = self.preview(token).await;
        assert_eq!(preview.status, 200, "{}", preview.text());
        let (token, digest) = (value(&preview, "token"), value(&preview, "digest"));
        self.form("/license/install", &[("token", &token), ("digest", &digest)]).await
    }
}

fn as_admin(request: http::request::Builder) -> http::request::Builder {
    request
        .header(header::ACCEPT, BROWSER)
        .header(header::COOKIE, "session=admin")
        .header("sec-fetch-site", "same-origin")
}

fn form(path: &str) -> http::request::Builder {
    let request = as_admin(Request::post(path));
    request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
}

fn multipart(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(field).collect::<String>() + "--XX--\r\n"
}

/// The value of a hidden field.
fn value(answer: &Answer, name: &str) -> String {
    let text = answer.text();
    let start = format!("name=\"{name}\" value=\"");
    let from = text.find(&start).unwrap_or_else(|| panic!("no {name}: {text}")) + start.len();
    text[from..].split('"').next().unwrap().to_owned()
}

#[track_caller]
fn shows(answer: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(answer.text().contains(part), "no {part:?} in {}", answer.text());
    }
}

#[track_caller]
fn hides(answer: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(!answer.text().contains(part), "{part:?} is in {}", answer.text());
    }
}

#[tokio::test]
async fn everybody_sees_where_the_license_stands_and_administrators_more() {
    let pages = Pages::new().await;
    let anybody = pages.anybody("/license").await;
    assert_eq!(anybody.status, 200);
    shows(
        &anybody,
        &[
            "<main data-page=\"status\" data-phase=\"unlicensed\" id=\"content\">",
            "license_missing",
            "href=\"sign-in?next=/license\"",
        ],
    );
    hides(&anybody, &["id=\"upload\"", "id=\"machine\"", "fp1:"]);
    let admin = pages.admin("/license").await;
    for id in ["license", "limits", "features", "timeline", "machine", "upload", "history"] {
        shows(&admin, &[&format!("id=\"{id}\"")]);
    }
    shows(&admin, &["<svg class=\"timeline\" role=\"img\"", "name=\"license\"", "name=\"text\""]);
    hides(&admin, &["id=\"alerts\"", "id=\"next\""]);
    let install = pages.install(&pages.administered.token("first")).await;
    assert_eq!((install.status.as_u16(), install.header("location")), (303, "/license"));
    let later =
        pages.administered.service.vendor.license().id("second").not_before(day(20)).days(400);
    pages.install(later.sign().as_str()).await;
    shows(&pages.admin("/license").await, &["id=\"next\"", "data-phase=\"active\""]);
    hides(&pages.anybody("/license").await, &["first", "Acme"]);
}

#[tokio::test]
async fn every_page_has_the_headers_and_nothing_that_they_forbid() {
    let pages = Pages::new().await;
    let token = pages.administered.token("first");
    for answer in [
        pages.anybody("/license").await,
        pages.admin("/license").await,
        pages.preview(&token).await,
        pages.preview("nonsense").await,
        pages.admin("/license/history").await,
        pages.anybody("/reports").await,
        pages.anybody("/license/history").await,
    ] {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        hides(&answer, &[" style=", "<style", " onclick=", " onload=", "javascript:"]);
        // Without it browsers send `Origin: null` with forms over plain HTTP.
        shows(
            &answer,
            &["<html lang=\"en\" dir=\"ltr\">", "<meta name=\"referrer\" content=\"same-origin\">"],
        );
    }
}

#[tokio::test]
async fn a_license_is_previewed_and_then_installed_and_that_is_told_once() {
    let pages = Pages::new().await;
    let token = pages.administered.token("first");
    let preview = pages.preview(&token).await;
    shows(
        &preview,
        &[
            "data-page=\"preview\"",
            "id=\"gained\"",
            "id=\"lost\"",
            "id=\"warnings\"",
            "id=\"timeline\"",
            "<form id=\"confirm\"",
            "action=\"install\"",
        ],
    );
    assert!(pages.administered.manager.status().await.license.is_none(), "nothing is installed");
    assert_eq!(value(&preview, "token"), token);
    let installed = pages.install(&token).await;
    let cookie = installed.header("set-cookie").split(';').next().unwrap().to_owned();
    let with_cookie = as_admin(Request::get("/license")).header(header::COOKIE, &cookie);
    let told = pages.ask(with_cookie, "").await;
    shows(&told, &["role=\"status\"", "Installed: first"]);
    assert!(told.header("set-cookie").contains("Max-Age=0"), "{told:?}");
    assert!(told.header("set-cookie").contains("Path=/license"), "{told:?}");
    hides(&pages.admin("/license").await, &["Installed: first"]);
    // The same one again is a success that says so.
    shows(&pages.preview(&token).await, &["data-code=\"installed\""]);
    let again = pages.install(&token).await;
    assert_eq!(again.status, 303);
    assert!(again.header("set-cookie").contains("license_installed=unchanged"), "{again:?}");
}

#[tokio::test]
async fn what_is_lost_says_how_it_will_be_answered() {
    let pages = Pages::new().await;
    let license = |id: &str| pages.administered.service.vendor.license().id(id);
    pages.install(license("more").features(["reports", "sso"]).sign().as_str()).await;
    let preview = pages.preview(license("less").features(["reports"]).sign().as_str()).await;
    let lost = preview.text().split("id=\"lost\"").nth(1).unwrap();
    assert!(lost.contains("data-name=\"sso\""), "{lost}");
    assert!(lost.contains("Answered with 403 (feature_not_licensed)."), "{lost}");
}

#[tokio::test]
async fn only_what_was_previewed_is_installed() {
    let pages = Pages::new().await;
    let preview = pages.preview(&pages.administered.token("first")).await;
    let (digest, other) = (value(&preview, "digest"), pages.administered.token("other"));
    for digest in [digest.as_str(), "none"] {
        let fields = [("token", other.as_str()), ("digest", digest)];
        let refused = pages.form("/license/install", &fields).await;
        assert_eq!(refused.status, 409);
        shows(&refused, &["data-page=\"upload\"", "data-code=\"not_previewed\"", &other]);
    }
    assert!(pages.administered.manager.status().await.license.is_none());
    let empty = pages.form("/license/install", &[("token", &other)]).await;
    assert_eq!(empty.status, 400);
}

#[tokio::test]
async fn bad_input_is_a_page_that_says_what_is_wrong_and_the_form_is_still_there() {
    let pages = Pages::new().await;
    let token = pages.administered.token("first");
    let large = "a".repeat(20 * 1024 * 1024);
    for (fields, status, code) in [
        (vec![("license", ""), ("text", " ")], 400, "token_malformed"),
        (vec![("license", &*token), ("text", &token)], 400, "token_malformed"),
        (vec![("license", "%PDF-1.7 not a license")], 400, "token_malformed"),
        (vec![("license", &large)], 413, "token_too_large"),
        (vec![("other", "x")], 400, "unsupported_media_type"),
        (vec![("text", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA")], 400, "token_malformed"),
    ] {
        let answer = pages.form("/license/preview", &fields).await;
        assert_eq!(answer.status, status, "{code}");
        shows(
            &answer,
            &[
                "data-page=\"upload\"",
                &format!("<p role=\"alert\" data-code=\"{code}\">"),
                "<form id=\"upload\"",
                "aria-invalid=\"true\"",
            ],
        );
    }
    let other = license_core::testing::Vendor::new().license().sign();
    let refused = pages.preview(other.as_str()).await;
    assert_eq!(refused.status, 422);
    shows(&refused, &["data-code=\"", other.as_str(), "<details>"]);
    let pasted = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----";
    hides(&pages.preview(pasted).await, &["MC4CAQAwBQYDK2VwBCIEI"]);
    let folded = token.replace('.', ".\r\n");
    assert_eq!(pages.preview(&folded).await.status, 200, "line breaks of a mail");
    let no_form = pages.ask(as_admin(Request::post("/license/preview")), "text=a").await;
    assert_eq!(no_form.status, 415);
}

#[tokio::test]
async fn a_license_that_comes_from_elsewhere_is_not_taken_from_a_form() {
    let pages = Pages::without_upload("LICENSE_KEY").await;
    let status = pages.admin("/license").await;
    shows(&status, &["LICENSE_KEY"]);
    hides(&status, &["<form id=\"upload\""]);
    let token = pages.administered.token("first");
    let digest = license_core::Token::parse(token.as_bytes()).unwrap().digest().to_string();
    for answer in [
        pages.preview(&token).await,
        pages.form("/license/install", &[("token", &token), ("digest", &digest)]).await,
    ] {
        assert_eq!(answer.status, 403);
        shows(&answer, &["data-code=\"uploads_off\"", "LICENSE_KEY"]);
        hides(&answer, &["<form id=\"upload\""]);
    }
    assert!(pages.administered.manager.licensing().license().is_none());
}

#[tokio::test]
async fn after_thirty_refused_installations_the_next_waits() {
    let pages = Pages::new().await;
    let other = license_core::testing::Vendor::new().license().sign();
    let digest = other.digest().to_string();
    let refused = [("token", other.as_str()), ("digest", &digest)];
    for _ in 0..30 {
        assert_eq!(pages.form("/license/install", &refused).await.status, 422);
    }
    let waits = pages.form("/license/install", &refused).await;
    assert_eq!(waits.status, 429);
    assert_eq!(waits.header("retry-after"), "60");
    shows(&waits, &["data-code=\"too_many_attempts\"", "<form id=\"upload\""]);
    assert_eq!(pages.preview(&pages.administered.token("first")).await.status, 429);
}

#[tokio::test]
async fn others_are_turned_away_and_other_sites_too() {
    let pages = Pages::new().await;
    for path in ["/license/history", "/license/machine-info.json"] {
        let answer = pages.anybody(path).await;
        assert_eq!(answer.status, 401, "{path}");
        shows(&answer, &["data-page=\"denied\"", "data-code=\"unauthenticated\"", "sign-in?next="]);
    }
    for path in ["/license/preview", "/license/install"] {
        let post =
            Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
        assert_eq!(pages.ask(post, multipart(&[("text", "a")])).await.status, 401, "{path}");
        let elsewhere = Request::post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .header(header::COOKIE, "session=admin")
            .header("sec-fetch-site", "cross-site");
        let answer = pages.ask(elsewhere, multipart(&[("text", "a")])).await;
        answer.is_problem(403, "cross_site_request");
        let browser = Request::post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .header(header::ACCEPT, BROWSER)
            .header(header::COOKIE, "session=admin")
            .header("sec-fetch-site", "cross-site");
        let answer = pages.ask(browser, multipart(&[("text", "a")])).await;
        assert_eq!(answer.status, 403);
        shows(&answer, &["data-code=\"cross_site_request\"", "<form id=\"upload\""]);
        hides(&answer, &["fp1:"]);
        let back = pages.admin(path).await;
        assert_eq!((back.status.as_u16(), back.header("location")), (303, "/license"));
    }
    let info = pages.admin("/license/machine-info.json").await;
    assert_eq!(info.status, 200);
    assert!(info.header("content-disposition").contains("machine-info.json"));
}

#[tokio::test]
async fn a_browser_is_refused_with_a_page_and_a_program_with_a_problem() {
    let pages = Pages::new().await;
    let program = pages.ask(Request::get("/reports").header(header::ACCEPT, "*/*"), "").await;
    program.is_problem(503, "license_missing");
    assert!(program.headers.get_all("vary").iter().any(|it| it == "Accept"));
    let expired = pages.anybody("/api/deep/er").await;
    assert_eq!(expired.status, 503);
    shows(
        &expired,
        &[
            "<main data-page=\"denied\" data-code=\"license_missing\" id=\"content\">",
            "href=\"../../license\"",
            "href=\"../../sign-in?next=/api/deep/er\"",
            "../../license/assets/license-",
        ],
    );
    hides(&expired, &["id=\"upload\""]);
    assert!(expired.headers.get_all("vary").iter().any(|it| it == "Accept"));
    assert_eq!(expired.denial(), Some("license_missing"));
    // Whoever can renew it finds the form there.
    shows(&pages.admin("/").await, &["<form id=\"upload\"", "action=\"license/preview\""]);
    let head = pages.ask(as_admin(Request::head("/")), "").await;
    assert_eq!(head.status, 503);
    assert!(head.body.is_empty());

    pages.install(&pages.administered.token("first")).await;
    let back = as_admin(Request::get("/reports"))
        .header(header::HOST, "a.example")
        .header(header::REFERER, "http://a.example/api/deep/er");
    let feature = pages.ask(back, "").await;
    assert_eq!(feature.status, 403);
    shows(
        &feature,
        &["data-code=\"feature_not_licensed\"", "reports is not part of", "href=\"api/deep/er\""],
    );
    hides(&feature, &["id=\"upload\""]);
    let elsewhere = as_admin(Request::get("/reports"))
        .header(header::HOST, "a.example")
        .header(header::REFERER, "http://evil.example/x");
    hides(&pages.ask(elsewhere, "").await, &["evil.example", "/x\""]);
    // What a handler refuses without saying which request stays as it is.
    let seat = pages.ask(as_admin(Request::post("/seats")), "").await;
    seat.is_problem(402, "limit_reached");
    let served = pages.anybody("/").await;
    assert_eq!((served.status.as_u16(), served.text()), (200, "home"));
    assert!(served.headers.get("vary").is_none());
}

#[tokio::test]
async fn links_lead_there_wherever_the_pages_are_nested() {
    let pages = Pages::at("/settings/license", "").await;
    let status = pages.admin("/settings/license").await;
    shows(
        &status,
        &[
            "action=\"license/preview\"",
            "href=\"license/machine-info.json\"",
            "href=\"license/assets/license-",
            "href=\"../\"",
        ],
    );
    let fields = [("text", "nonsense")];
    let refused = pages.form("/settings/license/preview", &fields).await;
    shows(&refused, &["href=\"../license\"", "action=\"preview\"", "href=\"assets/license-"]);
    shows(&pages.anybody("/reports").await, &["href=\"settings/license\""]);
}

#[tokio::test]
async fn assets_are_there_for_ever_under_their_names() {
    let profile = "[pages]\ncolors = { accent = '#0f6b5c', accent_dark = '#6fd6c2' }";
    let pages = Pages::at("/license", profile).await;
    let status = pages.anybody("/license").await;
    let names = status.text().split('"').filter_map(|it| it.strip_prefix("license/assets/"));
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in &names {
        let asset = pages.anybody(&format!("/license/assets/{name}")).await;
        assert_eq!(asset.status, 200, "{name}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        assert!(!asset.header("content-type").is_empty());
    }
    let theme = names.iter().find(|it| it.starts_with("theme-")).unwrap();
    let theme = pages.anybody(&format!("/license/assets/{theme}")).await;
    shows(&theme, &["--accent:#0f6b5c;", "prefers-color-scheme:dark", "--accent:#6fd6c2;"]);
    assert_eq!(pages.anybody("/license/assets/license.css").await.status, 404);
}

#[tokio::test]
async fn a_language_is_chosen_by_address_or_header_and_kept_in_links_and_forms() {
    let pages = Pages::new().await;
    let german = pages.admin("/license?lang=de").await;
    shows(
        &german,
        &[
            "<html lang=\"de\" dir=\"ltr\">",
            "Keine Lizenz",
            "action=\"license/preview?lang=de\"",
            "href=\"license?lang=fr\"",
        ],
    );
    let request =
        as_admin(Request::get("/license")).header(header::ACCEPT_LANGUAGE, "ar, en;q=0.3");
    shows(&pages.ask(request, "").await, &["<html lang=\"ar\" dir=\"rtl\">"]);
    let token = pages.administered.token("first");
    let preview = pages.form("/license/preview?lang=de", &[("text", &token)]).await;
    shows(
        &preview,
        &["<html lang=\"de\"", "action=\"install?lang=de\"", "href=\"../license?lang=de\""],
    );
    let fields = [("token", token.as_str()), ("digest", &value(&preview, "digest"))];
    let installed = pages.form("/license/install?lang=de", &fields).await;
    assert_eq!(installed.header("location"), "/license?lang=de");
    shows(&pages.anybody("/license?lang=xx").await, &["<html lang=\"en\""]);
}

#[tokio::test]
async fn the_history_is_read_backwards_page_by_page() {
    let pages = Pages::new().await;
    for number in 0..45 {
        let license = pages.administered.service.vendor.license().id(&format!("l{number}"));
        let token = license.issued_at(day(0)).days(100 + number).sign();
        let installed =
            pages.administered.send(crate::admin::upload("", token.as_str().to_owned())).await;
        assert_eq!(installed.status, 200);
    }
    let newest = pages.admin("/license/history").await;
    shows(&newest, &["data-row=\"45\"", "data-row=\"26\"", "href=\"history?before=26\""]);
    hides(&newest, &["data-row=\"25\""]);
    let older = pages.admin("/license/history?before=26&lang=de").await;
    shows(&older, &["data-row=\"25\"", "data-row=\"6\"", "href=\"history?before=6&#38;lang=de\""]);
    let oldest = pages.admin("/license/history?before=6").await;
    shows(&oldest, &["data-row=\"5\"", "data-row=\"1\""]);
    hides(&oldest, &["rel=\"next\"", "data-row=\"6\""]);
    assert_eq!(pages.admin("/license/history?before=x").await.status, 404);
}

#[tokio::test]
async fn the_banner_speaks_the_language_that_is_asked_for() {
    let pages = Pages::new().await;
    let soon = pages.administered.service.vendor.license().id("soon").days(7);
    pages.install(soon.sign().as_str()).await;
    let ask = async |request: http::request::Builder| pages.ask(request, "").await.json();
    let plain = ask(Request::get("/api/banner")).await;
    let english = plain["messages"][0].as_str().unwrap();
    assert!(english.starts_with("License expires on 20") && english.contains("7 days left"));
    assert_eq!(plain["warnings"][0]["code"], "license_expiring");
    let german = Request::get("/api/banner").header(header::ACCEPT_LANGUAGE, "de");
    for german in [ask(german).await, ask(Request::get("/api/banner?lang=de")).await] {
        assert!(german["messages"][0].as_str().unwrap().contains("Lizenz"), "{german}");
        assert_eq!(german["warnings"][0]["code"], "license_expiring");
        assert_eq!((&german["level"], &plain["level"]), (&"info".into(), &"info".into()));
    }
    let state = LicensePages::<Admin, _>::new(pages.administered.manager.clone()).unwrap();
    let german = state.languages().iter().find(|it| it.tag() == "de").unwrap();
    let html = state.banner(false, german).await;
    assert!(html.contains("role=\"status\"") && html.contains("license_expiring"), "{html}");
}

#[tokio::test]
async fn what_others_wrote_stays_text() {
    let pages = Pages::new().await;
    let evil = "<script>alert(1)</script>\"'&";
    let license = pages.administered.service.vendor.license().id(evil).plan(evil);
    let token = license.features(["reports"]).sign();
    pages.install(token.as_str()).await;
    let status = pages.admin("/license").await;
    shows(&status, &["&#60;script&#62;"]);
    hides(&status, &["<script>"]);
    let preview = pages.form("/license/preview", &[("text", evil)]).await;
    hides(&preview, &["<script>"]);
}

#[tokio::test]
async fn pages_stay_open_whatever_is_refused_and_only_pages() {
    let pages = Pages::new().await;
    for path in ["/license", "/license/preview", "/license/assets/none"] {
        let status = pages.ask(Request::builder().method(Method::GET).uri(path), "").await.status;
        assert_ne!(status, 503, "{path}");
    }
    let put = pages.ask(Request::put("/license"), "").await;
    assert_eq!(put.status, 503);
}
