//! `align`: what the license file says and when, the exact log lines, grace
//! and read-only, restarts.

use std::{path::Path, time::Duration};

use http::{Method, header};
use license_tests::{
    Client, Service,
    align::{self, License, forged, in_force, license_file, licensed, licensed_at, put},
    at, members,
};
use serde_json::{Value, json};
use tokio::time::sleep;

/// A license that ends with the last second of 2026.
fn of_2026() -> License {
    align::license().term(at("2026-01-01"), at("2027-01-01"))
}

fn nothing(_: &Path) {}

async fn banner(client: &Client) -> (String, Vec<String>) {
    let answer = client.get("/api/banner").await;
    answer.is(200);
    let banner = answer.json();
    assert_eq!(members(&banner), ["level", "messages", "warnings"]);
    let messages = banner["messages"].as_array().unwrap().iter();
    let messages = messages.map(|it| it.as_str().unwrap().to_owned()).collect();
    (banner["level"].as_str().unwrap().to_owned(), messages)
}

/// Waits for these lines of the product, and for no other.
async fn logged_once(align: &Service, wanted: &[&str]) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while align.lines().len() < wanted.len() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    let _ = waited.await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(align.lines(), wanted, "{}", align.process().log());
}

const VALIDATED: &str = "INFO License validated successfully: Acme Corp (Enterprise)";
const EXPIRES: &str = "INFO License expires: 2026-12-31";
const IN_GRACE: &str = "WARN License expired on 2026-12-31. Grace period ends 2027-01-14.";
const OVER: &str = "ERROR License expired on 2026-12-31. Grace period ended 2027-01-14.";
const BAD_SIGNATURE: &str = "ERROR License signature verification failed";

fn not_found(directory: &Path) -> String {
    format!("ERROR License file not found at {}", license_file(directory).display())
}

#[tokio::test]
async fn a_valid_license_is_told_in_the_products_words_once() {
    let align = licensed_at(at("2026-06-01"), of_2026()).await;
    let client = align.client();
    for _ in 0..20 {
        client.get("/api/license").await.is(200);
    }
    // Neither requests, nor the same text once more, nor another second.
    of_2026().put(align.directory());
    sleep(Duration::from_millis(2500)).await;
    logged_once(&align, &[VALIDATED, EXPIRES]).await;
    // A renewal is news.
    of_2026()
        .id("lic_2")
        .claim("/plan", "team")
        .claim("/exp", 1_830_297_600)
        .put(align.directory());
    align.process().logged("2027-12-31").await;
    let renewed = [
        VALIDATED,
        EXPIRES,
        "INFO License validated successfully: Acme Corp (Team)",
        "INFO License expires: 2027-12-31",
    ];
    logged_once(&align, &renewed).await;
    // So is a restart.
    let align = align.restart().await;
    logged_once(&align, &renewed[2..]).await;
}

#[tokio::test]
async fn the_customers_name_cannot_forge_the_log() {
    let name = "Acme\u{202e}\n2026-01-01T00:00:00Z ERROR forged";
    let license = of_2026().claim("/customer/name", name);
    let align = licensed_at(at("2026-06-01"), license).await;
    let log = align.process().logged("License expires").await;
    let line = log.lines().find(|line| line.contains("License validated")).unwrap();
    assert!(line.contains("forged (Enterprise)"), "{line}");
    assert!(!log.contains('\u{202e}'), "{log}");
    // It stands nowhere else, nor does anything else of the license.
    assert_eq!(log.matches("forged").count(), 1, "{log}");
    for secret in ["cust_1", "admin@acme.example", "lic_1", &of_2026().sign()[..40]] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let long = of_2026().id("long").claim("/customer/name", "x".repeat(256));
    long.put(align.directory());
    align.process().logged(&format!(": {} (Enterprise)", "x".repeat(256))).await;
}

#[tokio::test]
async fn without_a_file_everything_is_refused_but_what_tells_of_it() {
    let align = Service::start(align::command, nothing).await;
    logged_once(&align, &[&not_found(align.directory())]).await;
    refuses_everything(&align, "license_missing", "unlicensed").await;
    // It helps to put the file there.
    align::license().features(["sso"]).put(align.directory());
    let admin = align.admin().await;
    in_force(&admin, "lic_1").await;
    admin.get("/api/sso").await.is(200);
}

#[tokio::test]
async fn a_bad_file_at_the_first_start_refuses_as_much() {
    let forged = forged(&align::license());
    let bad = |text: &str| {
        let text = text.to_owned();
        Service::start(align::command, move |directory| put(directory, &text))
    };
    let align = bad(&forged).await;
    logged_once(&align, &[BAD_SIGNATURE]).await;
    refuses_everything(&align, "license_missing", "unlicensed").await;
    let wrong = [
        (String::new(), "token_malformed"),
        ("not a license".to_owned(), "token_malformed"),
        (align::license().claim("/aud", "align-cloud").sign(), "audience_mismatch"),
        (align::license().claim("/iss", "https://other.example").sign(), "issuer_mismatch"),
        (align::license().claim("/deployment/type", "cloud").sign(), "claims_invalid"),
        (align::license().claim("/exp", Value::Null).sign(), "claims_invalid"),
        ("x".repeat(20_000), "token_too_large"),
    ];
    for (text, code) in wrong {
        let align = bad(&text).await;
        align.process().logged(code).await;
        let lines = align.lines();
        assert_eq!(lines.len(), 1, "{code}: {lines:?}");
        assert!(lines[0].starts_with("ERROR ") && lines[0].contains(code), "{code}: {lines:?}");
        align.client().get("/api/users").await.refused(503, "license_missing");
        let status = align.admin().await.get("/api/license").await.json();
        let warnings = status["warnings"].to_string();
        assert!(warnings.contains(code), "{code}: {warnings}");
    }
}

#[tokio::test]
async fn a_license_that_starts_later_is_waited_for_when_there_is_no_other() {
    let waiting = of_2026().features(["sso"]).claim("/nbf", at("2026-06-15").as_seconds());
    let align = licensed_at(at("2026-06-01"), waiting).await;
    refuses_everything(&align, "license_not_yet_valid", "scheduled").await;
    let status = align.admin().await.get("/api/license").await.json();
    assert_eq!(status["next"]["id"], "lic_1");
    assert_eq!(align.lines(), [""; 0], "nothing is validated yet");
    align.move_clock(at("2026-06-15"));
    align.admin().await.get("/api/sso").await.is(200);
    align.process().logged("License expires: 2026-12-31").await;
}

async fn refuses_everything(align: &Service, code: &str, phase: &str) {
    let anybody = align.client();
    let admin = align.admin().await;
    for client in [&anybody, &admin] {
        for path in [
            "/api",
            "/api/users",
            "/api/connectors",
            "/api/decisions",
            "/api/sso",
            "/api/v1/decisions",
            "/api/unknown",
            "/api/banner/",
            "/api/license/",
            "/API/users",
            "//api/users",
            "/%61pi/users",
            "/unknown",
            "/healthz/",
        ] {
            for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
                let answer = client.send(method.clone(), path, "").await;
                assert_eq!(answer.outcome(), (503, code.to_owned()), "{method} {path}");
            }
        }
        let (level, messages) = banner(client).await;
        assert_eq!(level, "critical");
        assert!(!messages.is_empty());
        client.get("/healthz").await.is(200);
    }
    let public = anybody.get("/api/license").await;
    public.is(200);
    let wanted = json!({"phase": phase, "restricted": true, "days_remaining": null, "code": code});
    assert_eq!(public.json(), wanted);
    let status = admin.get("/api/license").await.json();
    assert_eq!((&status["phase"], &status["license"]), (&json!(phase), &Value::Null));
    assert_eq!(status["problem"]["code"], code);
    admin.get("/api/auth/me").await.is(200);
    anybody.get("/api/auth/me").await.refused(401, "unauthenticated");
    admin.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
    admin.get("/api/auth/me").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_status_is_short_for_everybody_and_full_for_administrators() {
    let license = of_2026().features(["sso", "auditLog"]).limit("connectors", json!(["slack"]));
    let align = licensed_at(at("2026-06-01"), license.limit("decisions", 7)).await;
    let public = align.client().get("/api/license").await.json();
    assert_eq!(
        public,
        json!({"phase": "active", "restricted": false, "days_remaining": 214, "code": null})
    );
    let status = align.admin().await.get("/api/license").await.json();
    let wanted =
        ["license", "machine", "next", "phase", "problem", "restricted", "timeline", "warnings"];
    assert_eq!(members(&status), wanted);
    let license = &status["license"];
    assert_eq!(license["customer"], "Acme Corp");
    assert_eq!(license["plan"], "enterprise");
    assert_eq!(license["expires_at"], "2027-01-01T00:00:00Z");
    assert_eq!(license["grace_ends_at"], "2027-01-15T00:00:00Z");
    assert_eq!(license["grace_remaining_seconds"], 0);
    assert_eq!(license["features"], json!(["auditLog", "sso"]));
    assert_eq!(license["limits"]["users"], json!({"max": 5, "used": 1}));
    assert_eq!(license["limits"]["decisions"], json!({"max": 7, "used": 0}));
    assert_eq!(license["limits"]["connectors"]["names"], json!(["slack"]));
    let timeline = status["timeline"].as_array().unwrap();
    let timeline: Vec<_> = timeline.iter().map(|it| (&it["at"], &it["phase"])).collect();
    let wanted = [
        (json!("2026-12-02T00:00:00Z"), json!("expiring")),
        (json!("2027-01-01T00:00:00Z"), json!("grace")),
        (json!("2027-01-15T00:00:00Z"), json!("lapsed")),
    ];
    assert_eq!(timeline, wanted.each_ref().map(|(at, phase)| (at, phase)));
}

#[tokio::test]
async fn warnings_begin_thirty_days_before_the_end_and_everything_works_in_grace() {
    let license = of_2026().features(["sso"]);
    let align = licensed_at(at("2026-12-01T23:59:00Z"), license).await;
    let anybody = align.client();
    assert_eq!(banner(&anybody).await, ("none".to_owned(), vec![]));
    align.move_clock(at("2026-12-02T00:00:01Z"));
    let (level, messages) = banner(&anybody).await;
    assert_eq!(level, "info");
    assert!(messages[0].contains("2026-12-31"), "{messages:?}");
    works(&align, "expiring").await;

    align.move_clock(at("2026-12-31T23:59:50Z"));
    works(&align, "expiring").await;
    for (time, remaining) in [("2027-01-01T00:00:00Z", 14 * 86_400), ("2027-01-14T23:59:00Z", 60)] {
        align.move_clock(at(time));
        works(&align, "grace").await;
        let (level, messages) = banner(&anybody).await;
        assert_eq!(level, "warning", "{time}");
        let wanted = "License expired on 2026-12-31. Grace period ends 2027-01-14.";
        assert_eq!(messages, [wanted], "{time}");
        let status = align.admin().await.get("/api/license").await.json();
        let left = status["license"]["grace_remaining_seconds"].as_u64().unwrap();
        assert!((remaining - 30..=remaining).contains(&left), "{time}: {left}");
        assert_eq!(status["license"]["days_remaining"], 0);
        assert_eq!(status["problem"], Value::Null);
    }
    align.process().logged("Grace period ends").await;
    logged_once(&align, &[VALIDATED, EXPIRES, IN_GRACE]).await;
}

/// Reads, changes, features and sign-in work.
async fn works(align: &Service, phase: &str) {
    let admin = align.admin().await;
    let status = admin.get("/api/license").await.json();
    assert_eq!((&status["phase"], &status["restricted"]), (&json!(phase), &json!(false)));
    admin.get("/api/users").await.is(200);
    admin.get("/api/sso").await.is(200);
    admin.get("/api/branding").await.refused(403, "feature_not_licensed");
    admin.post_json("/api/decisions", &json!({"title": phase})).await.is(201);
    let connector = json!({"type": "slack"});
    admin.post_json("/api/connectors", &connector).await.is(201);
    admin.send(Method::DELETE, "/api/connectors/slack", "").await.is(204);
    admin.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
}

#[tokio::test]
async fn after_grace_reading_goes_on_and_every_change_is_402() {
    let license = of_2026().features(["sso"]);
    let align = licensed_at(at("2027-01-14T23:59:00Z"), license.clone()).await;
    let admin = align.admin().await;
    admin.post_json("/api/decisions", &json!({"title": "the last"})).await.is(201);
    align.move_clock(at("2027-01-15T00:00:00Z"));
    for client in [&admin, &admin.http2(), &align.client()] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            for path in [
                "/api/users",
                "/api/users/invite",
                "/api/connectors",
                "/api/connectors/slack",
                "/api/decisions",
                "/api/license",
                "/api/banner",
                "/api/auth/me",
                "/api/unknown",
                "//api/decisions",
                "/API/decisions",
                "/unknown",
                "/healthz",
            ] {
                let answer = client.send(method.parse().unwrap(), path, "").await;
                assert_eq!(answer.outcome(), (402, "read_only".to_owned()), "{method} {path}");
                assert_eq!(answer.json()["expires_at"], "2027-01-01T00:00:00Z");
            }
        }
        client.get("/healthz").await.is(200);
    }
    // What would be upgraded is no reading.
    for path in ["/api/users", "/api/unknown"] {
        let upgrade = admin.with(header::CONNECTION, "upgrade");
        let upgrade = upgrade.with(header::UPGRADE, "websocket");
        upgrade.get(path).await.refused(402, "read_only");
    }
    // Reading goes on, features too; what is not there is said to be so.
    for path in ["/api/users", "/api/connectors", "/api/decisions", "/api/sso", "/api/auth/me"] {
        admin.get(path).await.is(200);
        admin.send(Method::HEAD, path, "").await.is(200);
        align.client().get(path).await.refused(401, "unauthenticated");
    }
    assert_eq!(admin.get("/api/decisions").await.json().as_array().unwrap().len(), 1);
    admin.get("/api/branding").await.refused(403, "feature_not_licensed");
    admin.get("/api/unknown").await.refused(404, "not_found");
    admin.send(Method::OPTIONS, "/api/users", "").await.refused(405, "method_not_allowed");
    // So do signing in and out.
    let again = align.admin().await;
    again.get("/api/users").await.is(200);
    again.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
    again.get("/api/users").await.refused(401, "unauthenticated");
    let (level, messages) = banner(&align.client()).await;
    assert_eq!(level, "critical");
    assert!(messages[0].contains("Grace period ended 2027-01-14"), "{messages:?}");
    let status = admin.get("/api/license").await.json();
    assert_eq!((&status["phase"], &status["restricted"]), (&json!("lapsed"), &json!(true)));
    assert_eq!(status["problem"]["code"], "license_expired");
    align.process().logged("Grace period ended").await;
    logged_once(&align, &[IN_GRACE, OVER]).await;
    // It is told again at a restart, and still refused.
    let align = align.restart().await;
    logged_once(&align, &[OVER]).await;
    admin_posts(&align, 402).await;
    // A renewal ends it without a restart.
    let renewed = license.id("lic_2").term(at("2027-01-15"), at("2028-01-01"));
    renewed.put(align.directory());
    in_force(&align.admin().await, "lic_2").await;
    admin_posts(&align, 201).await;
}

async fn admin_posts(align: &Service, status: u16) {
    align.admin().await.send(Method::POST, "/api/decisions", "").await.is(status);
}

#[tokio::test]
async fn over_a_restart_the_last_verified_license_stays_when_the_file_is_gone_or_bad() {
    let mut align = licensed(align::license().features(["sso"])).await;
    let forged = forged(&align::license());
    let half = &align::license().sign()[..400];
    for (text, code) in [
        (None, "file_missing"),
        (Some(forged.as_str()), "signature_invalid"),
        (Some(""), "token_malformed"),
        (Some(half), "token_malformed"),
    ] {
        let replace = |directory: &Path| match text {
            None => std::fs::remove_file(license_file(directory)).unwrap(),
            Some(text) => put(directory, text),
        };
        align = align.restart_with(replace, |start, _| start).await;
        let admin = align.admin().await;
        admin.get("/api/sso").await.is(200);
        admin.send(Method::POST, "/api/decisions", "").await.is(201);
        let status = admin.get("/api/license").await.json();
        assert_eq!((&status["phase"], &status["restricted"]), (&json!("active"), &json!(false)));
        assert_eq!(status["license"]["id"], "lic_1");
        let warnings = status["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{code}: {status}");
        let lines = align.lines();
        assert!(lines.contains(&VALIDATED.to_owned()), "{lines:?}");
        let problems: Vec<_> = lines.iter().filter(|line| line.starts_with("ERROR")).collect();
        let wanted = match code {
            "file_missing" => not_found(align.directory()),
            "signature_invalid" => BAD_SIGNATURE.to_owned(),
            _ => problems[0].clone(),
        };
        assert_eq!(problems, [&wanted], "{code}");
        assert!(code != "token_malformed" || wanted.contains(code), "{wanted}");
    }
    // Also after a crash.
    let align = align.crash().await;
    align.admin().await.get("/api/sso").await.is(200);
}

#[tokio::test]
async fn what_a_plan_means_where_the_license_is_silent() {
    let all = ["sso", "auditLog", "customBranding", "apiAccess", "gpuModels"];
    let align = licensed(align::license().id("first")).await;
    let admin = align.admin().await;
    for (plan, users, features) in [
        ("starter", json!(25), &all[..0]),
        ("team", json!(100), &all[..2]),
        ("enterprise", Value::Null, &all[..]),
    ] {
        let silent = align::license().id(plan).claim("/plan", plan);
        silent.without_limit("users").without_limit("features").put(align.directory());
        in_force(&admin, plan).await;
        let license = admin.get("/api/license").await.json()["license"].clone();
        assert_eq!(license["limits"]["users"]["max"], users, "{plan}");
        let mut granted: Vec<_> = license["features"].as_array().unwrap().clone();
        granted.sort_by_key(|it| all.iter().position(|feature| it == feature));
        assert_eq!(granted, features, "{plan}");
        // What the license says wins.
        let id = format!("{plan} with its own");
        let louder = align::license().id(&id).claim("/plan", plan).features(["gpuModels"]);
        louder.limit("users", 3).put(align.directory());
        in_force(&admin, &id).await;
        let license = admin.get("/api/license").await.json()["license"].clone();
        assert_eq!(license["limits"]["users"]["max"], 3);
        assert_eq!(license["features"], json!(["gpuModels"]));
    }
}
