//! `polygent`: users, sessions, gated routes, what is refused first, and the
//! shape of every error.

use std::time::Duration;

use http::{Method, header};
use license_core::Fingerprint;
use license_tests::{ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, Start, now, raw};
use serde_json::{Value, json};
use tokio::time::sleep;

const MODULES: [(&str, &str); 14] = [
    ("/api/workflows", "workflows"),
    ("/api/automations", "automations"),
    ("/api/planner", "planner"),
    ("/api/round-table", "round-table"),
    ("/api/insights", "insights"),
    ("/api/ticket-sync", "ticket-sync"),
    ("/api/deployments", "deployments"),
    ("/api/code-review", "code-review"),
    ("/api/verification", "verification"),
    ("/api/memory", "memory"),
    ("/api/bots", "bots"),
    ("/api/sso/saml", "sso-saml"),
    ("/api/audit/export", "audit-export"),
    ("/api/tenants", "multi-tenant"),
];
const ENTERPRISE: [&str; 3] = ["sso-saml", "audit-export", "multi-tenant"];
const SEVERAL: &str = "multiple-active-sessions";

fn all_features() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(_, feature)| *feature)
}

fn user(email: &str) -> Value {
    json!({"email": email, "password": "secret", "role": "user"})
}

/// Creates a user who may sign in with `secret`; returns the id.
async fn create(admin: &Client, email: &str) -> String {
    let answer = admin.post_json("/api/users", &user(email)).await;
    answer.is(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn post(client: &Client, path: &str) -> Answer {
    client.send(Method::POST, path, "").await
}

#[track_caller]
fn limit_reached(answer: &Answer, max: u64, used: u64) {
    answer.refused(400, "limit_reached");
    let json = answer.json();
    assert_eq!(
        (&json["limit"], &json["max"], &json["used"]),
        (&json!("users"), &json!(max), &json!(used))
    );
}

/// A licensed service, with this limit of users, and its administrator.
async fn licensed(users: u64) -> (Polygent, Client) {
    let polygent = Polygent::start().await;
    let license = polygent.license().features(all_features().chain([SEVERAL]));
    polygent.install(license.limit("users", users)).await;
    let admin = polygent.admin().await;
    (polygent, admin)
}

#[tokio::test]
async fn users_are_created_up_to_the_limit_the_administrator_included() {
    let (polygent, admin) = licensed(3).await;
    let answer = admin.post_json("/api/users", &user("One@Example.com")).await;
    answer.is(201);
    let one = answer.json();
    let id = one["id"].as_str().unwrap().to_owned();
    assert_eq!(one, json!({"id": id, "email": "one@example.com", "role": "user", "active": true}));
    admin.post_json("/api/users", &user("one@example.com")).await.refused(409, "email_taken");
    let two = create(&admin.http2(), "two@example.com").await;
    for client in [admin.clone(), admin.http2()] {
        limit_reached(&client.post_json("/api/users", &user("three@example.com")).await, 3, 3);
    }
    let deactivated = post(&admin, &format!("/api/users/{two}/deactivate")).await;
    deactivated.is(200);
    assert_eq!(deactivated.json()["active"], false);
    let three = create(&admin, "three@example.com").await;
    limit_reached(&post(&admin, &format!("/api/users/{two}/activate")).await, 3, 3);
    // Who is active already needs no seat.
    post(&admin, &format!("/api/users/{three}/activate")).await.is(200);
    post(&admin, &format!("/api/users/{three}/deactivate")).await.is(200);
    let activated = post(&admin, &format!("/api/users/{two}/activate")).await;
    activated.is(200);
    let wanted = json!({"id": two, "email": "two@example.com", "role": "user", "active": true});
    assert_eq!(activated.json(), wanted);
    let list = admin.get("/api/users").await.json();
    let list: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["email"].clone(), it["active"].clone()))
        .collect();
    let wanted = [
        (json!(ADMINISTRATOR), json!(true)),
        (json!("one@example.com"), json!(true)),
        (json!("three@example.com"), json!(false)),
        (json!("two@example.com"), json!(true)),
    ];
    assert_eq!(list, wanted);
    let limits = &admin.get("/api/license").await.json()["license"]["limits"];
    assert_eq!(limits["users"], json!({"max": 3, "used": 3}));
    post(&admin, "/api/users/nobody/activate").await.refused(404, "not_found");
    post(&admin, "/api/users/nobody/deactivate").await.refused(404, "not_found");
    post(&admin, "/api/users/%FF/activate").await.refused(404, "not_found");
    for body in
        [json!({}), json!([]), user("x"), user(" admin@example.com"), user("x\r\nbcc: y@z.example")]
    {
        admin.post_json("/api/users", &body).await.refused(400, "invalid_body");
    }
    // Users and their state are kept.
    let polygent = polygent.crash().await;
    let admin = polygent.admin().await;
    assert_eq!(admin.get("/api/users").await.json().as_array().unwrap().len(), 4);
    limit_reached(&admin.post_json("/api/users", &user("four@example.com")).await, 3, 3);
}

#[tokio::test]
async fn an_unlimited_license_has_room_for_everybody() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().limit("users", Value::Null)).await;
    let admin = polygent.admin().await;
    for number in 0..5 {
        create(&admin, &format!("u{number}@example.com")).await;
    }
    let limits = &admin.get("/api/license").await.json()["license"]["limits"];
    assert_eq!(limits["users"], json!({"max": null, "used": 6}));
}

#[tokio::test]
async fn of_racing_creates_for_the_last_seat_exactly_one_succeeds() {
    let (polygent, admin) = licensed(2).await;
    let racers: Vec<_> = (0..12)
        .map(|number| {
            let admin = if number % 2 == 0 { admin.clone() } else { admin.http2() };
            tokio::spawn(async move {
                admin.post_json("/api/users", &user(&format!("u{number}@example.com"))).await
            })
        })
        .collect();
    let mut created = 0;
    for racer in racers {
        let answer = racer.await.unwrap();
        if answer.status == 201 {
            created += 1;
        } else {
            limit_reached(&answer, 2, 2);
        }
    }
    assert_eq!(created, 1);
    assert_eq!(admin.get("/api/users").await.json().as_array().unwrap().len(), 2);
    // The same with activations.
    polygent.install(polygent.license().features([SEVERAL]).limit("users", 6)).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let id = create(&admin, &format!("v{number}@example.com")).await;
        ids.push(id);
    }
    for id in &ids {
        post(&admin, &format!("/api/users/{id}/deactivate")).await.is(200);
    }
    polygent.install(polygent.license().id("b").features([SEVERAL]).limit("users", 3)).await;
    let racers: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let admin = admin.clone();
            tokio::spawn(async move { post(&admin, &format!("/api/users/{id}/activate")).await })
        })
        .collect();
    let mut activated = 0;
    for racer in racers {
        activated += u32::from(racer.await.unwrap().status == 200);
    }
    assert_eq!(activated, 1);
}

#[tokio::test]
async fn a_renewal_that_lowers_the_limit_disturbs_nobody() {
    let (polygent, admin) = licensed(5).await;
    let mut sessions = Vec::new();
    for number in 0..3 {
        let email = format!("u{number}@example.com");
        create(&admin, &email).await;
        sessions.push(polygent.signed_in(&email, "secret").await);
    }
    let features = || all_features().chain([SEVERAL]);
    polygent.install(polygent.license().id("less").features(features()).limit("users", 2)).await;
    for session in &sessions {
        session.get("/api/workflows").await.is(200);
    }
    polygent.signed_in("u0@example.com", "secret").await.get("/api/auth/me").await.is(200);
    limit_reached(&admin.post_json("/api/users", &user("new@example.com")).await, 2, 4);
    let polygent = polygent.restart().await;
    let admin = polygent.admin().await;
    let list = admin.get("/api/users").await.json();
    assert!(list.as_array().unwrap().iter().all(|user| user["active"] == true), "{list}");
    polygent.signed_in("u2@example.com", "secret").await.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn deactivating_ends_the_users_sessions() {
    let (polygent, admin) = licensed(5).await;
    let id = create(&admin, "u@example.com").await;
    let session = polygent.signed_in("u@example.com", "secret").await;
    session.get("/api/auth/me").await.is(200);
    post(&admin, &format!("/api/users/{id}/deactivate")).await.is(200);
    session.get("/api/auth/me").await.refused(401, "unauthenticated");
    let sign_in = json!({"email": "u@example.com", "password": "secret"});
    let answer = polygent.client().post_json("/api/auth/sign-in", &sign_in).await;
    answer.refused(401, "unauthenticated");
    post(&admin, &format!("/api/users/{id}/activate")).await.is(200);
    // The sessions of before stay ended.
    session.get("/api/auth/me").await.refused(401, "unauthenticated");
    polygent.signed_in("u@example.com", "secret").await.get("/api/auth/me").await.is(200);
    admin.get("/api/auth/me").await.is(200);
}

#[tokio::test]
async fn signing_in_gives_a_token_and_a_cookie_and_both_work_until_signing_out() {
    let (polygent, _) = licensed(5).await;
    for client in [polygent.client(), polygent.client().http2()] {
        let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
        let answer = client.post_json("/api/auth/sign-in", &sign_in).await;
        answer.is(200);
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let json = answer.json();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["token"]);
        let token = json["token"].as_str().unwrap();
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.split("; ").any(|part| part == "HttpOnly"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let by_cookie = client.with(header::COOKIE, &format!("theme=dark; {pair}"));
        let by_bearer = client.bearer(token);
        for signed_in in [&by_cookie, &by_bearer] {
            let me = signed_in.get("/api/auth/me").await;
            me.is(200);
            let me = me.json();
            assert_eq!(me.as_object().unwrap().len(), 3, "{me}");
            assert_eq!((&me["email"], &me["role"]), (&json!(ADMINISTRATOR), &json!("admin")));
            let mut features: Vec<_> = all_features().chain([SEVERAL]).collect();
            features.sort_unstable();
            assert_eq!(me["features"], json!(features));
        }
        let out = post(&by_cookie, "/api/auth/sign-out").await;
        out.is(204);
        assert!(out.body.is_empty());
        for ended in [by_cookie, by_bearer] {
            ended.get("/api/auth/me").await.refused(401, "unauthenticated");
            post(&ended, "/api/auth/sign-out").await.refused(401, "unauthenticated");
        }
    }
    let client = polygent.client();
    for (email, password) in [(ADMINISTRATOR, "wrong"), ("nobody@example.com", PASSWORD), ("", "")]
    {
        let body = json!({"email": email, "password": password});
        client.post_json("/api/auth/sign-in", &body).await.refused(401, "unauthenticated");
    }
    let body = json!({"email": "ADMIN@example.com", "password": PASSWORD});
    client.post_json("/api/auth/sign-in", &body).await.is(200);
    client.post_json("/api/auth/sign-in", &json!({})).await.refused(400, "invalid_body");
    client.get("/api/auth/me").await.refused(401, "unauthenticated");
    post(&client, "/api/auth/sign-out").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn without_the_feature_a_new_sign_in_ends_the_others() {
    let polygent = Polygent::start().await;
    // While no license is in force nothing is taken away.
    let first = polygent.admin().await;
    let second = polygent.admin().await;
    first.get("/api/auth/me").await.is(200);
    polygent.install(polygent.license()).await;
    first.get("/api/auth/me").await.is(200);
    create(&first, "u@example.com").await;
    let other_user = polygent.signed_in("u@example.com", "secret").await;
    let third = polygent.admin().await;
    for ended in [first, second] {
        ended.get("/api/auth/me").await.refused(401, "unauthenticated");
    }
    third.get("/api/auth/me").await.is(200);
    other_user.get("/api/auth/me").await.is(200);

    polygent.install(polygent.license().id("b").features([SEVERAL])).await;
    let fourth = polygent.admin().await;
    let fifth = polygent.admin().await;
    for session in [fourth, fifth, other_user] {
        session.get("/api/auth/me").await.is(200);
    }
}

#[tokio::test]
async fn each_route_is_gated_by_the_feature_of_its_name() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let mut number = 0;
    for granted in all_features() {
        number += 1;
        let license = polygent.license().id(&format!("lic_{number}")).features([granted, SEVERAL]);
        let token = license.sign().as_str().to_owned();
        admin.upload("/api/license", token).await.is(200);
        let client = if number % 2 == 0 { admin.clone() } else { admin.http2() };
        let connection = client.clone();
        for (path, feature) in MODULES {
            let answer = connection.get(path).await;
            if feature == granted {
                answer.is(200);
            } else {
                answer.refused(403, "feature_not_licensed");
                assert_eq!(answer.json()["feature"], feature);
            }
        }
        let me = admin.get("/api/auth/me").await.json();
        let mut wanted = [granted, SEVERAL];
        wanted.sort_unstable();
        assert_eq!(me["features"], json!(wanted));
    }
    for (path, _) in MODULES {
        polygent.client().get(path).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_standard_license_never_grants_the_three_enterprise_features() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let info = admin.get("/api/license/machine-info").await;
    if info.status != 200 {
        license_test_skips::missing("a machine identity that can be read");
        return;
    }
    let machine: Fingerprint = info.json()["fingerprint"].as_str().unwrap().parse().unwrap();
    let license = polygent.license().plan("standard").machine(&machine).features(all_features());
    polygent.install(license).await;
    let admin = polygent.admin().await;
    for (path, feature) in MODULES {
        let answer = admin.get(path).await;
        if ENTERPRISE.contains(&feature) {
            answer.refused(403, "feature_not_licensed");
        } else {
            answer.is(200);
        }
    }
    let me = admin.get("/api/auth/me").await.json();
    assert_eq!(me["features"].as_array().unwrap().len(), 11, "{me}");
}

/// What stays open while everything is refused.
const RECOVERY: [(Method, &str, u16); 6] = [
    (Method::GET, "/api/license", 200),
    (Method::GET, "/api/license/machine-info", 200),
    (Method::POST, "/api/license", 415),
    (Method::POST, "/api/auth/sign-in", 400),
    (Method::GET, "/api/auth/me", 200),
    (Method::POST, "/api/auth/sign-out", 204),
];

#[tokio::test]
async fn while_refused_recovery_is_open_and_nothing_else_in_scope() {
    let polygent = Polygent::start().await;
    for http2 in [false, true] {
        let admin = polygent.admin().await;
        let admin = if http2 { admin.http2() } else { admin };
        let missing = "license_missing";
        for (path, _) in MODULES {
            for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
                admin.send(method, path, "").await.refused(503, missing);
            }
            let head = admin.send(Method::HEAD, path, "").await;
            assert_eq!(head.status, 503);
            assert!(head.body.is_empty());
        }
        for path in [
            "/api",
            "/api/",
            "/api/unknown",
            "/api/users",
            "/api/users/x/activate",
            "/api/license/",
            "/api/license/audit",
            "/api/license/machine-info/",
            "/api/license/alerts/run",
            "/api/license-report",
            "/api/auth",
            "/api/auth/sign-in/",
            "/api/auth/me/",
            "//api/license",
            "/api//license",
            "/API/license",
            "/%61pi/license",
            "/api/%6cicense",
            "/x/../api/license",
            "/api/auth/../users",
            "/agents",
            "/agents/unknown",
            "/agents/session?host=a",
            "/agents/deploy?host=a",
        ] {
            for method in [Method::GET, Method::POST, Method::OPTIONS] {
                let answer = admin.send(method.clone(), path, "").await;
                assert_eq!(answer.outcome(), (503, missing.to_owned()), "{method} {path}");
            }
        }
        // Other methods of recovery paths are refused too.
        for (method, path) in [
            (Method::DELETE, "/api/license"),
            (Method::PUT, "/api/license"),
            (Method::POST, "/api/license/machine-info"),
            (Method::GET, "/api/auth/sign-in"),
            (Method::GET, "/api/auth/sign-out"),
            (Method::POST, "/api/auth/me"),
        ] {
            admin.send(method, path, "").await.refused(503, missing);
        }
        for (method, path, status) in RECOVERY {
            let answer = admin.send(method.clone(), path, "").await;
            assert_eq!(answer.status, status, "{method} {path}");
            if method == Method::GET {
                let head = post_signed_out(&polygent, http2).await;
                let head = head.send(Method::HEAD, path, "").await;
                assert_eq!(head.status, status, "HEAD {path}");
                assert!(head.body.is_empty());
            }
            let options = polygent.client().send(Method::OPTIONS, path, "").await;
            options.refused(405, "method_not_allowed");
        }
        let me = polygent.admin().await.get("/api/auth/me").await.json();
        assert_eq!(me["features"], json!([]));
        for path in ["/healthz", "/background"] {
            let client = polygent.client();
            let client = if http2 { client.http2() } else { client };
            client.get(path).await.is(200);
            client.send(Method::HEAD, path, "").await.is(200);
        }
        for path in ["/healthz/", "/unknown", "/apix", "/agentsx", "/index.html"] {
            admin.get(path).await.refused(404, "not_found");
        }
    }
}

/// A new session, for what the last one cannot be used for any more.
async fn post_signed_out(polygent: &Polygent, http2: bool) -> Client {
    let admin = polygent.admin().await;
    if http2 { admin.http2() } else { admin }
}

#[tokio::test]
async fn when_several_things_are_wrong_the_first_of_the_list_is_told() {
    let polygent = Polygent::start().await;
    let anybody = polygent.client();
    let no_host = "GET /api/unknown HTTP/1.1\r\nconnection: close\r\n\r\n";
    // Term comes before the host.
    assert!(raw(polygent.address(), no_host).await.contains("license_missing"));
    polygent.install(polygent.license().domain("*.acme.internal").limit("users", 1)).await;
    // Then the host, however it is wrong.
    for hosts in
        ["", "host: \r\n", "host: a b\r\n", "host: a.acme.internal\r\nhost: a.acme.internal\r\n"]
    {
        let request = format!("GET /api/unknown HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let answer = raw(polygent.address(), request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert!(answer.contains("host_invalid"), "{hosts:?}: {answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("no-store"));
    }
    // Then the domain, before 404 and 405.
    for path in ["/api/unknown", "/api/workflows"] {
        anybody.send(Method::DELETE, path, "").await.refused(403, "domain_mismatch");
        anybody.http2().send(Method::DELETE, path, "").await.refused(403, "domain_mismatch");
    }
    // Then 404 and 405, before who asks.
    for inside in [anybody.host("api.acme.internal"), anybody.http2().host("api.acme.internal")] {
        inside.get("/api/unknown").await.refused(404, "not_found");
        inside.send(Method::DELETE, "/api/users", "").await.refused(405, "method_not_allowed");
        // Then who asks, before features and limits.
        inside.get("/api/workflows").await.refused(401, "unauthenticated");
        inside
            .post_json("/api/users", &user("u@example.com"))
            .await
            .refused(401, "unauthenticated");
        inside.post_json("/api/users", &json!({})).await.refused(401, "unauthenticated");
    }
    let admin = polygent.admin().await.host("api.acme.internal");
    admin.get("/api/workflows").await.refused(403, "feature_not_licensed");
    limit_reached(&admin.post_json("/api/users", &user("u@example.com")).await, 1, 1);
    polygent.install(polygent.license().id("b")).await;
    create(&polygent.admin().await, "u@example.com").await;
    polygent.install(polygent.license().id("c").limit("users", 1)).await;
    let somebody = polygent.signed_in("u@example.com", "secret").await;
    // Who may not learns that before a limit.
    somebody.post_json("/api/users", &user("v@example.com")).await.refused(403, "forbidden");
    for path in ["/api/users", "/api/license/audit", "/api/license/machine-info"] {
        somebody.get(path).await.refused(403, "forbidden");
        anybody.get(path).await.refused(401, "unauthenticated");
    }
    for path in ["/api/users/x/activate", "/api/users/x/deactivate"] {
        post(&somebody, path).await.refused(403, "forbidden");
        post(&anybody, path).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn every_error_is_problem_details_that_are_never_stored() {
    let (polygent, admin) = licensed(5).await;
    for client in [admin.clone(), admin.http2()] {
        for path in [
            "/nothing",
            "/api",
            "/api/nothing",
            "/api/auth/nothing",
            "/api/license/nothing",
            "/api/users/",
            "/api/workflows/",
            "/api/license/",
            "/healthz/",
            "/agents",
            "/api/sso",
            "/api/users/x",
            "/api//workflows",
            "/API/workflows",
            "/%61pi/workflows",
        ] {
            let answer = client.get(path).await;
            assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "{path}");
        }
        for (method, path) in [
            (Method::DELETE, "/api/users"),
            (Method::PUT, "/api/license"),
            (Method::POST, "/api/license/audit"),
            (Method::POST, "/api/license/machine-info"),
            (Method::GET, "/api/auth/sign-in"),
            (Method::GET, "/api/auth/sign-out"),
            (Method::DELETE, "/api/auth/me"),
            (Method::GET, "/api/users/x/activate"),
            (Method::POST, "/api/workflows"),
            (Method::POST, "/healthz"),
            (Method::PATCH, "/background"),
            (Method::POST, "/agents/session"),
            (Method::OPTIONS, "/api/workflows"),
        ] {
            let answer = client.send(method.clone(), path, "").await;
            assert_eq!(answer.outcome(), (405, "method_not_allowed".to_owned()), "{method} {path}");
            assert!(answer.headers.contains_key(header::ALLOW), "{method} {path}");
            let json = answer.json();
            for member in ["type", "title", "status", "detail", "code"] {
                assert!(!json[member].is_null(), "{member}: {json}");
            }
        }
        let body = client.with(header::CONTENT_TYPE, "application/json");
        body.send(Method::POST, "/api/users", "{").await.refused(400, "invalid_body");
        // One byte too many, so that all of it is read before the answer.
        for path in ["/api/auth/sign-in", "/api/users"] {
            let answer = body.send(Method::POST, path, vec![b' '; (2 << 20) + 1]).await;
            assert_eq!(answer.outcome(), (413, "body_too_large".to_owned()), "{path}");
        }
    }
    // Bodies of errors are left out for HEAD, headers are not.
    let head = admin.send(Method::HEAD, "/nothing", "").await;
    assert_eq!(head.status, 404);
    assert_eq!(head.headers[header::CONTENT_TYPE], "application/problem+json");
    assert!(head.body.is_empty());
    // Nor is what depends on who is signed in kept by anybody.
    polygent.client().get("/healthz").await.is(200);
}

#[tokio::test]
async fn head_answers_as_get_does() {
    let (_polygent, admin) = licensed(5).await;
    for client in [admin.clone(), admin.http2()] {
        for path in [
            "/api/workflows",
            "/api/users",
            "/api/license",
            "/api/license/audit",
            "/api/license/machine-info",
            "/api/auth/me",
            "/healthz",
            "/background",
            "/nothing",
        ] {
            let get = client.get(path).await;
            let head = client.send(Method::HEAD, path, "").await;
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(
                head.headers.get(header::CONTENT_TYPE),
                get.headers.get(header::CONTENT_TYPE)
            );
            assert!(head.body.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn agents_are_answered_by_the_license_first() {
    let polygent = Polygent::start().await;
    let paths = ["/agents/session?host=a", "/agents/deploy?host=a", "/agents/session"];
    for path in paths {
        polygent.client().get(path).await.refused(503, "license_missing");
        polygent.client().http2().get(path).await.refused(503, "license_missing");
    }
    let upgrade = polygent
        .client()
        .with(header::CONNECTION, "upgrade")
        .with(header::UPGRADE, "websocket")
        .with(header::SEC_WEBSOCKET_VERSION, "13")
        .with(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
    upgrade.get("/agents/session?host=a").await.refused(503, "license_missing");
    let expires_at = now().saturating_add(Duration::from_secs(3));
    polygent.install(polygent.license().expires_at(expires_at)).await;
    for path in paths {
        assert_ne!(polygent.client().get(path).await.status, 503, "{path}");
    }
    while now() < expires_at {
        sleep(Duration::from_millis(100)).await;
    }
    upgrade.get("/agents/deploy?host=a").await.refused(503, "license_expired");
}

#[tokio::test]
async fn figures_are_served_to_prometheus_whatever_is_refused() {
    let token = "the token of Prometheus";
    let polygent = Polygent::start_with(|start| start.env("METRICS_TOKEN", token)).await;
    let client = polygent.client();
    client.get("/api/workflows").await.is(503);
    let figures = async |lines: &[&str]| {
        let answer = client.bearer(token).get("/metrics").await;
        answer.is(200);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        for line in lines {
            assert!(text.lines().any(|it| it == *line), "{line} is not in:\n{text}");
        }
    };
    figures(&[
        "license_denials_total{code=\"license_missing\"} 1",
        "license_phase{phase=\"unlicensed\"} 1",
        "license_expires_timestamp_seconds 0",
    ])
    .await;
    polygent.install(polygent.license().limit("users", 7)).await;
    figures(&[
        "license_phase{phase=\"active\"} 1",
        "license_installs_total{outcome=\"installed\"} 1",
        "license_limit_max{limit=\"users\"} 7",
        "license_limit_used{limit=\"users\"} 1",
    ])
    .await;
}

#[tokio::test]
async fn case_61_figures_are_for_prometheus_and_administrators() {
    for token in [Some("the token of Prometheus"), Some(""), None] {
        let start = |start: Start| match token {
            Some(token) => start.arg("--metrics-token").arg(token),
            None => start,
        };
        let polygent = Polygent::start_with(start).await;
        let (client, admin) = (polygent.client(), polygent.admin().await);
        let new = json!({"email": "user@example.com", "password": "secret", "role": "user"});
        polygent.install(polygent.license()).await;
        admin.post_json("/api/users", &new).await.is(201);
        let user = polygent.signed_in("user@example.com", "secret").await;
        for stranger in [
            client.clone(),
            client.bearer(""),
            client.bearer("the token of Prometheu"),
            client.with(header::AUTHORIZATION, "Basic the token of Prometheus"),
            user,
        ] {
            for answer in [
                stranger.get("/metrics").await,
                stranger.http2().get("/metrics").await,
                stranger.get("/metrics?token=the%20token%20of%20Prometheus").await,
            ] {
                answer.refused(401, "unauthenticated");
            }
        }
        assert!(admin.get("/metrics").await.body.starts_with(b"#"));
        let by_token = client.bearer("the token of Prometheus").get("/metrics").await;
        by_token.is(if token == Some("the token of Prometheus") { 200 } else { 401 });
        let (.., process) = polygent.into_parts();
        assert!(!process.log().contains("Prometheus"), "{}", process.log());
    }
}

#[tokio::test]
async fn a_change_takes_nothing_behind_the_question_mark_that_it_does_not_know() {
    let (polygent, admin) = licensed(3).await;
    let user = json!({"email": "user@example.com", "password": "secret", "role": "user"});
    let credentials = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    for (path, body) in [
        ("/api/users?dry_run=true", &user),
        ("/api/users/1/deactivate?at=tomorrow", &json!(null)),
        ("/api/auth/sign-in?next=/", &credentials),
        ("/api/auth/sign-out?all=true", &json!(null)),
        ("/api/license/alerts/run?dry_run=true", &json!(null)),
    ] {
        admin.post_json(path, body).await.refused(400, "invalid_query");
    }
    assert_eq!(admin.get("/api/users?page=1").await.json().as_array().unwrap().len(), 1);
    drop(polygent);
}

#[tokio::test]
async fn the_audit_history_is_exported_and_its_chain_is_whole() {
    let (polygent, admin) = licensed(3).await;
    admin.upload("/api/license", "nonsense").await.refused(400, "token_malformed");
    polygent.client().get("/api/license/audit/export").await.refused(401, "unauthenticated");
    let answer = admin.get("/api/license/audit/export").await;
    answer.is(200);
    let judged = license_runtime::verify_export(&answer.body[..], None).unwrap();
    assert_eq!(judged.verdict, license_runtime::AuditVerdict::Intact { rows: 2 });
    assert!(judged.has_end);
}
