//! The web clients of the examples, and renewing on the license pages.

use std::{path::Path, time::Duration};

use http::{Method, header};
use license_core::Timestamp;
use license_tests::{
    ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, Service, Start, alexandria, align, now,
};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const FORM: &str = "application/x-www-form-urlencoded";
const DAY: Duration = Duration::from_secs(86_400);

/// A browser, signed in by the form or not.
fn browser(client: Client) -> Client {
    client
        .with(header::ACCEPT, BROWSER)
        .with(header::HeaderName::from_static("sec-fetch-site"), "same-origin")
}

/// Signs in by the form.
async fn sign_in(client: &Client, email: &str, password: &str) -> Client {
    let answer = sign_in_to(client, email, password, "/").await;
    assert_eq!((answer.status.as_u16(), location(&answer)), (303, "/"), "{answer:?}");
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    client.with(header::COOKIE, cookie.split(';').next().unwrap())
}

async fn sign_in_to(client: &Client, email: &str, password: &str, next: &str) -> Answer {
    let encoded = |text: &str| text.replace('@', "%40").replace(' ', "+").replace('/', "%2F");
    let body =
        format!("email={}&password={}&next={}", encoded(email), encoded(password), encoded(next));
    client.with(header::CONTENT_TYPE, FORM).send(Method::POST, "/sign-in", body).await
}

fn location(answer: &Answer) -> &str {
    answer.headers.get(header::LOCATION).map_or("", |it| it.to_str().unwrap())
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

fn is_page(answer: &Answer, page: &str) -> bool {
    text(answer).contains(&format!("data-page=\"{page}\""))
}

/// What stands between `<nav` and `</nav>`: the addresses of its links.
fn links(answer: &Answer) -> Vec<String> {
    let text = text(answer);
    let nav = text.split("<nav").nth(1).unwrap_or_else(|| panic!("no nav: {text}"));
    let nav = nav.split("</nav>").next().unwrap();
    nav.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned()).collect()
}

fn form(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(field).collect::<String>() + "--XX--\r\n"
}

fn value(answer: &Answer, name: &str) -> String {
    let text = text(answer);
    let start = format!("name=\"{name}\" value=\"");
    let from = text.find(&start).unwrap_or_else(|| panic!("no {name}: {text}")) + start.len();
    text[from..].split('"').next().unwrap().to_owned()
}

/// Renews on the license pages, as a browser without JavaScript does.
async fn renew(admin: &Client, token: &str) -> Answer {
    let admin = admin.with(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
    let fields = [("license", token), ("text", "")];
    let preview = admin.send(Method::POST, "/license/preview", form(&fields)).await;
    preview.is(200);
    assert!(is_page(&preview, "preview"), "{preview:?}");
    let fields = [("token", &*value(&preview, "token")), ("digest", &value(&preview, "digest"))];
    let installed = admin.send(Method::POST, "/license/install", form(&fields)).await;
    assert_eq!(
        (installed.status.as_u16(), location(&installed)),
        (303, "/license"),
        "{installed:?}"
    );
    installed
}

#[tokio::test]
async fn polygent_leads_every_page_to_the_license_while_everything_is_refused() {
    let polygent = Polygent::start().await;
    let visitor = browser(polygent.client());
    for path in ["/", "/profile/devices", "/modules/workflows", "/no/such/page"] {
        let answer = visitor.get(path).await;
        assert_eq!((answer.status.as_u16(), location(&answer)), (303, "/license"), "{path}");
    }
    for path in ["/", "/profile/devices"] {
        assert_eq!(location(&polygent.client().get(path).await), "/license", "whatever it accepts");
    }
    for (path, page) in [("/license", "status"), ("/sign-in", "sign-in")] {
        let answer = visitor.get(path).await;
        answer.is(200);
        assert!(is_page(&answer, page), "{answer:?}");
    }
    visitor.get("/healthz").await.is(200);
    polygent.client().get("/api/workflows").await.refused(503, "license_missing");
    let denied = visitor.get("/api/workflows").await;
    denied.is(503);
    assert!(is_page(&denied, "denied"), "{denied:?}");

    let admin = sign_in(&visitor, ADMINISTRATOR, PASSWORD).await;
    let status = admin.get("/license").await;
    assert!(text(&status).contains("id=\"upload\""), "{status:?}");
    assert!(text(&status).contains("action=\"sign-out\""), "{status:?}");
    let license = polygent.license().features(["workflows", "insights"]).limit("users", 5);
    renew(&admin, license.sign().as_str()).await;
    let home = admin.get("/").await;
    home.is(200);
    assert_eq!(links(&home), ["modules/workflows", "modules/insights"]);
    admin.get("/api/workflows").await.is(200);
    let module = admin.get("/modules/workflows").await;
    assert!(is_page(&module, "module"), "{module:?}");
    let denied = admin.get("/modules/planner").await;
    denied.is(403);
    assert!(text(&denied).contains("data-code=\"feature_not_licensed\""), "{denied:?}");
    assert!(text(&denied).contains("AI Planner"), "{denied:?}");
    let banner = polygent.client().get("/api/banner").await.json();
    assert_eq!(banner["level"], "none");
}

#[tokio::test]
async fn polygent_lists_where_somebody_is_signed_in_while_several_sessions_are_licensed() {
    let polygent = Polygent::start().await;
    let several = polygent.license().features(["multiple-active-sessions"]).limit("users", 5);
    polygent.install(several).await;
    let one = sign_in(&browser(polygent.client()), ADMINISTRATOR, PASSWORD).await;
    let other = sign_in(&browser(polygent.client()), ADMINISTRATOR, PASSWORD).await;
    assert!(text(&one.get("/").await).contains("profile/devices"));
    let devices = text(&one.get("/profile/devices").await);
    // Each end of a session ends one: the administrator's who installed, and both of these.
    let ids: Vec<&str> = devices.split("data-session=\"").skip(1).collect();
    let ids: Vec<&str> = ids.iter().map(|it| it.split('"').next().unwrap()).collect();
    assert_eq!(ids.len(), 3, "{devices}");
    assert_eq!(devices.matches("This device").count(), 1);
    let own = devices.split("data-session=\"").find(|it| it.contains("This device")).unwrap();
    let own = own.split('"').next().unwrap();
    for id in ids.iter().filter(|id| **id != own) {
        let ended = one.send(Method::POST, &format!("/profile/devices/{id}"), "").await;
        assert_eq!(ended.status, 303, "{ended:?}");
    }
    other.get("/api/auth/me").await.refused(401, "unauthenticated");
    one.get("/api/auth/me").await.is(200);
    let unknown = one.send(Method::POST, "/profile/devices/0000000000000000", "").await;
    assert_eq!(unknown.status, 404);

    polygent.install(polygent.license().limit("users", 5)).await;
    let one = sign_in(&browser(polygent.client()), ADMINISTRATOR, PASSWORD).await;
    assert_eq!(one.get("/profile/devices").await.status, 404);
    assert!(!text(&one.get("/").await).contains("profile/devices"));
}

#[tokio::test]
async fn signing_in_by_a_form_leads_on_within_the_service_and_out_again() {
    let polygent = Polygent::start().await;
    let visitor = browser(polygent.client());
    let wrong = sign_in_to(&visitor, ADMINISTRATOR, "wrong", "/license").await;
    wrong.is(401);
    assert!(is_page(&wrong, "sign-in") && text(&wrong).contains("role=\"alert\""), "{wrong:?}");
    assert!(text(&wrong).contains("name=\"next\" value=\"/license\""), "{wrong:?}");
    for (next, to) in [
        ("/license", "/license"),
        ("//evil.example/", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ] {
        let answer = sign_in_to(&visitor, ADMINISTRATOR, PASSWORD, next).await;
        assert_eq!((answer.status.as_u16(), location(&answer)), (303, to), "{next}");
    }
    let site = header::HeaderName::from_static("sec-fetch-site");
    let cross = polygent.client().with(header::ACCEPT, BROWSER).with(site, "cross-site");
    sign_in_to(&cross, ADMINISTRATOR, PASSWORD, "/").await.refused(403, "cross_site_request");
    let admin = sign_in(&visitor, ADMINISTRATOR, PASSWORD).await;
    let out = admin.send(Method::POST, "/sign-out", "").await;
    assert_eq!((out.status.as_u16(), location(&out)), (303, "/sign-in"));
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    admin.get("/api/auth/me").await.refused(401, "unauthenticated");
    let german = visitor.get("/sign-in?lang=de").await;
    assert!(text(&german).contains("<html lang=\"de\"") && text(&german).contains("Anmelden"));
}

#[tokio::test]
async fn align_is_renewed_in_a_browser_and_its_file_is_replaced() {
    let align = Service::start(allowing_uploads, |directory| {
        align::license().term(ago(DAY * 60), ago(DAY * 30)).put(directory);
    })
    .await;
    let visitor = browser(align.client());
    let admin = sign_in(&visitor, ADMINISTRATOR, PASSWORD).await;
    // Lapsed it is read-only; the pages take the license all the same.
    let home = admin.get("/").await;
    home.is(200);
    assert!(text(&home).contains("license-banner") && text(&home).contains("role=\"alert\""));
    let renewed = align::license().id("lic_renewed").sign();
    renew(&admin, &renewed).await;
    let file = std::fs::read_to_string(align::license_file(align.directory())).unwrap();
    assert_eq!(file.trim(), renewed);
    align::in_force(&align.admin().await, "lic_renewed").await;
    let align = align.restart().await;
    align::in_force(&align.admin().await, "lic_renewed").await;
}

#[tokio::test]
async fn align_leads_to_the_license_where_there_is_none() {
    let align = Service::start(allowing_uploads, |_| {}).await;
    let answer = browser(align.client()).get("/").await;
    assert_eq!((answer.status.as_u16(), location(&answer)), (303, "/license"));
    assert_eq!(location(&align.client().get("/").await), "/license");
    align.client().get("/api/users").await.refused(503, "license_missing");
    let admin = sign_in(&browser(align.client()), ADMINISTRATOR, PASSWORD).await;
    renew(&admin, &align::license().id("lic_first").sign()).await;
    admin.get("/").await.is(200);
}

#[tokio::test]
async fn alexandria_is_renewed_by_whoever_has_the_admin_token() {
    let alexandria = Service::start(alexandria::command_with_file, |directory| {
        std::fs::create_dir_all(alexandria::key_file(directory).parent().unwrap()).unwrap();
    })
    .await;
    let visitor = browser(alexandria.client());
    let home = visitor.get("/").await;
    home.is(200);
    assert!(text(&home).contains("<license-banner"), "{home:?}");
    let form = visitor.get("/sign-in").await;
    assert!(text(&form).contains("name=\"password\""), "{form:?}");
    sign_in_to(&visitor, "", "no token", "/license").await.is(401);
    let token = alexandria::admin_token(now().saturating_add(DAY));
    let admin = sign_in(&visitor, "", &token).await;
    let license = alexandria::license(["scim"]).id("lic_scim");
    renew(&admin, &alexandria::sign(license)).await;
    alexandria.client().get("/scim/v2/Users").await.is(200);
    let status = admin.get("/license").await;
    assert!(text(&status).contains("data-phase=\"active\""), "{status:?}");
    let file = std::fs::read_to_string(alexandria::key_file(alexandria.directory())).unwrap();
    assert!(!file.trim().is_empty());
    let denied = visitor.get("/vault/status").await;
    denied.is(403);
    assert!(is_page(&denied, "denied"), "{denied:?}");
    alexandria.client().get("/vault/status").await.refused(403, "feature_not_licensed");
}

#[tokio::test]
async fn alexandria_says_so_where_the_key_is_given_at_the_start() {
    let key = alexandria::sign(alexandria::license(["scim"]).id("lic_env"));
    let given = |start: Start, _: &Path| start.env("LICENSE_KEY", &key);
    let alexandria = Service::start_with(alexandria::command, |_| {}, given).await;
    let token = alexandria::admin_token(now().saturating_add(DAY));
    let admin = sign_in(&browser(alexandria.client()), "", &token).await;
    let status = text(&admin.get("/license").await);
    assert!(status.contains("LICENSE_KEY") && status.contains("restart"), "{status}");
    assert!(!status.contains("<form id=\"upload\""), "{status}");
    // What the license for a feature says that has lapsed is not that it is not there.
    alexandria.client().get("/scim/v2/Users").await.is(200);
}

#[tokio::test]
async fn align_says_where_its_file_is_where_uploads_are_not_allowed() {
    let align = Service::start(align::command, |_| {}).await;
    let admin = sign_in(&browser(align.client()), ADMINISTRATOR, PASSWORD).await;
    let status = text(&admin.get("/license").await);
    let file = align::license_file(align.directory());
    assert!(status.contains(&*file.to_string_lossy()), "{status}");
    assert!(!status.contains("<form id=\"upload\""), "{status}");
    let admin = admin.with(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
    for (path, field) in [("/license/preview", "text"), ("/license/install", "token")] {
        let token = align::license().sign();
        let refused = admin.send(Method::POST, path, form(&[(field, &token)])).await;
        refused.is(403);
        assert!(text(&refused).contains("data-code=\"uploads_off\""), "{refused:?}");
    }
    let denied = text(&admin.get("/api/users").await);
    assert!(denied.contains(&*file.to_string_lossy()), "{denied}");
    assert!(!denied.contains("<form id=\"upload\""), "{denied}");
}

fn allowing_uploads(directory: &Path) -> Start {
    align::command(directory).arg("--allow-upload")
}

fn ago(time: Duration) -> Timestamp {
    now().saturating_sub(time)
}
