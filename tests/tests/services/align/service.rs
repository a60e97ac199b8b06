//! `align`: seats, connectors, the monthly quota, gated routes, and what is
//! refused first.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{Method, header};
use license_tests::{
    ADMINISTRATOR, Answer, Client, Service,
    align::{self, in_force, licensed, licensed_at},
    at, members, raw,
};
use serde_json::{Value, json};

const GATED: [(&str, &str); 5] = [
    ("/api/sso", "sso"),
    ("/api/audit-log", "auditLog"),
    ("/api/branding", "customBranding"),
    ("/api/v1/decisions", "apiAccess"),
    ("/api/models", "gpuModels"),
];

async fn invite(admin: &Client, email: &str) -> Answer {
    admin.post_json("/api/users/invite", &json!({ "email": email })).await
}

/// Invites a user and signs the user in.
async fn invited(align: &Service, email: &str) -> Client {
    let answer = invite(&align.admin().await, email).await;
    answer.is(201);
    align.signed_in(email, answer.json()["password"].as_str().unwrap()).await
}

async fn connect(admin: &Client, connector: &str) -> Answer {
    admin.post_json("/api/connectors", &json!({ "type": connector })).await
}

async fn decide(client: &Client) -> Answer {
    client.post_json("/api/decisions", &json!({"title": "where to eat"})).await
}

#[track_caller]
fn limit_reached(answer: &Answer, limit: &str, max: u64, used: u64) {
    answer.refused(402, "limit_reached");
    let json = answer.json();
    assert_eq!(
        (&json["limit"], &json["max"], &json["used"]),
        (&json!(limit), &json!(max), &json!(used))
    );
}

#[tokio::test]
async fn users_are_invited_up_to_the_limit_the_administrator_included() {
    let align = licensed(align::license().limit("users", 3)).await;
    let admin = align.admin().await;
    let one = invite(&admin, "One@Example.com").await;
    one.is(201);
    let one = one.json();
    assert_eq!(members(&one), ["active", "email", "id", "password", "role"]);
    assert_eq!((&one["email"], &one["role"]), (&json!("one@example.com"), &json!("user")));
    invite(&admin, "one@example.com").await.refused(409, "email_taken");
    let two = invited(&align, "two@example.com").await;
    limit_reached(&invite(&admin, "three@example.com").await, "users", 3, 3);
    limit_reached(&invite(&admin.http2(), "three@example.com").await, "users", 3, 3);
    for body in
        [json!({}), json!({"email": "nobody"}), json!({"email": "a\n@b.example"}), json!([])]
    {
        admin.post_json("/api/users/invite", &body).await.refused(400, "invalid_body");
    }
    two.get("/api/auth/me").await.is(200);
    let users = admin.get("/api/users").await.json();
    let emails: Vec<_> = users.as_array().unwrap().iter().map(|it| &it["email"]).collect();
    assert_eq!(emails, [ADMINISTRATOR, "one@example.com", "two@example.com"]);
    // A banner says so.
    let banner = align.client().get("/api/banner").await.json();
    assert_eq!(banner["level"], "warning");
    // A renewal that lowers the limit disturbs nobody, and lets nobody in.
    align::license().id("less").limit("users", 1).put(align.directory());
    in_force(&admin, "less").await;
    two.get("/api/decisions").await.is(200);
    limit_reached(&invite(&admin, "three@example.com").await, "users", 1, 3);
    // Users and sessions are kept, also by a process that was killed.
    let align = align.crash().await;
    let admin = align.admin().await;
    assert_eq!(admin.get("/api/users").await.json().as_array().unwrap().len(), 3);
    limit_reached(&invite(&admin, "three@example.com").await, "users", 1, 3);
    // None at all is none, unlimited is unlimited.
    align::license().id("all").limit("users", Value::Null).put(align.directory());
    in_force(&admin, "all").await;
    for number in 0..5 {
        invite(&admin, &format!("u{number}@example.com")).await.is(201);
    }
    let limits = &admin.get("/api/license").await.json()["license"]["limits"];
    assert_eq!(limits["users"], json!({"max": null, "used": 8}));
}

#[tokio::test]
async fn of_many_invitations_for_the_last_seat_exactly_one_is_accepted() {
    let align = licensed(align::license().limit("users", 2)).await;
    let admin = align.admin().await;
    for (round, limit) in [(0, 2), (1, 3), (2, 6)] {
        let id = format!("round {round}");
        align::license().id(&id).limit("users", limit).put(align.directory());
        in_force(&admin, &id).await;
        let held = admin.get("/api/users").await.json().as_array().unwrap().len() as u64;
        let racers: Vec<_> = (0..12)
            .map(|number| {
                let admin = if number % 2 == 0 { admin.clone() } else { admin.http2() };
                tokio::spawn(async move {
                    invite(&admin, &format!("u{round}-{number}@example.com")).await
                })
            })
            .collect();
        let mut accepted = 0;
        for racer in racers {
            let answer = racer.await.unwrap();
            if answer.status == 201 {
                accepted += 1;
            } else {
                limit_reached(&answer, "users", limit, limit);
            }
        }
        assert_eq!(accepted, limit - held);
        assert_eq!(admin.get("/api/users").await.json().as_array().unwrap().len() as u64, limit);
    }
}

#[tokio::test]
async fn connectors_are_those_that_the_license_lists() {
    let listed = align::license().limit("connectors", json!(["slack", "github"]));
    let align = licensed(listed).await;
    let admin = align.admin().await;
    let slack = connect(&admin, "slack").await;
    slack.is(201);
    assert_eq!(slack.json()["type"], "slack");
    connect(&admin, "slack").await.refused(409, "already_connected");
    connect(&admin, "github").await.is(201);
    for refused in ["jira", "Slack", "slack ", "slac"] {
        let answer = connect(&admin, refused).await;
        if refused.ends_with(' ') {
            answer.refused(400, "invalid_body");
            continue;
        }
        answer.refused(402, "limit_reached");
        let json = answer.json();
        assert_eq!(json["limit"], "connectors");
        assert!(json.get("max").is_none() && json.get("used").is_none(), "{json}");
    }
    admin.post_json("/api/connectors", &json!({})).await.refused(400, "invalid_body");
    connect(&admin, "").await.refused(400, "invalid_body");
    // Those that are connected stay, whatever a renewal lists.
    align::license().id("b").limit("connectors", json!(["jira"])).put(align.directory());
    in_force(&admin, "b").await;
    let connected = async |admin: &Client| {
        let list = admin.get("/api/connectors").await.json();
        let types = list.as_array().unwrap().iter().map(|it| it["type"].clone());
        types.collect::<Vec<_>>()
    };
    assert_eq!(connected(&admin).await, ["github", "slack"]);
    let align = align.crash().await;
    let admin = align.admin().await;
    assert_eq!(connected(&admin).await, ["github", "slack"]);
    // Disconnecting is always allowed, coming back is not.
    let delete = async |connector: &str| {
        admin.send(Method::DELETE, &format!("/api/connectors/{connector}"), "").await
    };
    let gone = delete("slack").await;
    gone.is(204);
    assert!(gone.body.is_empty());
    delete("slack").await.refused(404, "not_found");
    delete("%FF").await.refused(404, "not_found");
    connect(&admin, "slack").await.refused(402, "limit_reached");
    connect(&admin, "jira").await.is(201);
    assert_eq!(connected(&admin).await, ["github", "jira"]);
    // `null` is all, an empty list is none.
    align::license().id("all").put(align.directory());
    in_force(&admin, "all").await;
    connect(&admin, "anything-at-all").await.is(201);
    align::license().id("none").limit("connectors", json!([])).put(align.directory());
    in_force(&admin, "none").await;
    connect(&admin, "linear").await.refused(402, "limit_reached");
}

#[tokio::test]
async fn decisions_are_listed_in_the_order_in_which_they_were_taken() {
    let license = align::license().term(at("2026-01-01"), at("2027-01-01"));
    let align = licensed_at(at("2026-06-01T08:00:00Z"), license).await;
    let admin = align.admin().await;
    let hours = ["08", "09", "10", "11", "12", "13"];
    for hour in hours {
        align.move_clock(at(&format!("2026-06-01T{hour}:00:00Z")));
        admin.post_json("/api/decisions", &json!({"title": hour})).await.is(201);
    }
    let list = admin.get("/api/decisions").await.json();
    let titles: Vec<_> = list.as_array().unwrap().iter().map(|it| &it["title"]).collect();
    assert_eq!(titles, hours);
}

#[tokio::test]
async fn decisions_are_a_monthly_quota_that_turns_with_the_month_in_utc() {
    let license = align::license().limit("decisions", 3).term(at("2026-01-01"), at("2027-01-01"));
    let align = licensed_at(at("2026-01-31T23:58:00Z"), license).await;
    let admin = align.admin().await;
    let made = decide(&admin).await;
    made.is(201);
    assert_eq!(members(&made.json()), ["decided_at", "id", "title"]);
    admin.send(Method::POST, "/api/decisions", "").await.is(201);
    admin.http2().post_json("/api/decisions", &json!({})).await.is(201);
    limit_reached(&decide(&admin).await, "decisions", 3, 3);
    admin
        .with(header::CONTENT_TYPE, "application/json")
        .send(Method::POST, "/api/decisions", "{")
        .await
        .refused(400, "invalid_body");
    let limits = async |admin: &Client| {
        admin.get("/api/license").await.json()["license"]["limits"]["decisions"].clone()
    };
    assert_eq!(limits(&admin).await, json!({"max": 3, "used": 3}));
    let banner = align.client().get("/api/banner").await.json();
    assert_eq!(banner["level"], "warning", "{banner}");
    // Over a restart the month stays used up.
    let align = align.restart().await;
    let admin = align.admin().await;
    limit_reached(&decide(&admin).await, "decisions", 3, 3);
    align.move_clock(at("2026-01-31T23:59:50Z"));
    limit_reached(&decide(&admin).await, "decisions", 3, 3);
    // The month turns while it runs.
    align.move_clock(at("2026-02-01T00:00:00Z"));
    assert_eq!(limits(&admin).await, json!({"max": 3, "used": 0}));
    for _ in 0..3 {
        decide(&admin).await.is(201);
    }
    limit_reached(&decide(&admin).await, "decisions", 3, 3);
    // And while it does not.
    let turn = |directory: &std::path::Path| license_tests::move_clock(directory, at("2026-03-01"));
    let align = align.restart_with(turn, |start, _| start).await;
    let admin = align.admin().await;
    decide(&admin).await.is(201);
    assert_eq!(limits(&admin).await, json!({"max": 3, "used": 1}));
    // What was decided stays.
    assert_eq!(admin.get("/api/decisions").await.json().as_array().unwrap().len(), 7);
    // More room is room at once, less is none.
    let of = |max: u64| {
        let id = format!("of {max}");
        let license = align::license().id(&id).limit("decisions", max);
        (id, license.term(at("2026-01-02"), at("2027-01-01")))
    };
    for (max, outcome) in [(2, 201), (1, 402), (5, 201)] {
        let (id, license) = of(max);
        license.put(align.directory());
        in_force(&admin, &id).await;
        assert_eq!(decide(&admin).await.status, outcome, "{max}");
    }
}

#[tokio::test]
async fn decisions_are_exact_at_the_limit_and_after_a_kill() {
    let align = licensed(align::license().limit("decisions", 40)).await;
    let admin = align.admin().await;
    for _ in 0..17 {
        decide(&admin).await.is(201);
    }
    let mut align = align.crash().await;
    let mut accepted = 17;
    // Killed in the middle of many: what was answered is counted.
    for _ in 0..3 {
        let admin = align.admin().await;
        for _ in 0..4 {
            decide(&admin).await.is(201);
            accepted += 1;
        }
        align = align.crash().await;
        let status = align.admin().await.get("/api/license").await.json();
        let used = &status["license"]["limits"]["decisions"]["used"];
        assert_eq!(*used, json!(accepted));
    }
    let admin = align.admin().await;
    let racers: Vec<_> = (0..24)
        .map(|number| {
            let admin = if number % 2 == 0 { admin.clone() } else { admin.http2() };
            tokio::spawn(async move { decide(&admin).await })
        })
        .collect();
    for racer in racers {
        let answer = racer.await.unwrap();
        if answer.status == 201 {
            accepted += 1;
        } else {
            limit_reached(&answer, "decisions", 40, 40);
        }
    }
    assert_eq!(accepted, 40);
    assert_eq!(admin.get("/api/decisions").await.json().as_array().unwrap().len(), 40);
    let align = align.crash().await;
    limit_reached(&decide(&align.admin().await).await, "decisions", 40, 40);
}

#[tokio::test]
async fn a_kill_under_load_loses_no_decision_that_was_acknowledged() {
    let mut align = licensed(align::license().limit("decisions", 100_000)).await;
    let (mut acknowledged, mut sent) = (0, 0);
    for round in 0..4 {
        let admin = align.admin().await;
        let streams = admin.streams().await;
        let answered = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let streams = streams.clone();
                let answered = Arc::clone(&answered);
                tokio::spawn(async move {
                    let (mut acknowledged, mut sent) = (0, 0);
                    loop {
                        sent += 1;
                        match streams.try_send(Method::POST, "/api/decisions", "").await {
                            Some(answer) => answer.is(201),
                            None => return (acknowledged, sent),
                        }
                        acknowledged += 1;
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(300 + 130 * round)).await;
        // A busy machine takes longer to get under load.
        while answered.load(Ordering::Relaxed) <= 20 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        align = align.crash().await;
        for client in clients {
            let (more, asked) = client.await.unwrap();
            acknowledged += more;
            sent += asked;
        }
        let admin = align.admin().await;
        let status = admin.get("/api/license").await.json();
        let used = status["license"]["limits"]["decisions"]["used"].as_u64().unwrap();
        let kept = admin.get("/api/decisions").await.json().as_array().unwrap().len() as u64;
        assert!(acknowledged <= kept && kept <= used, "{acknowledged} {kept} {used}");
        assert!(used <= sent, "{used} of {sent}");
        assert!(acknowledged > 20, "{acknowledged}");
    }
}

#[tokio::test]
async fn each_route_is_gated_by_its_feature() {
    let align = licensed(align::license().id("first")).await;
    let admin = align.admin().await;
    for (_, granted) in GATED {
        align::license().id(granted).features([granted]).put(align.directory());
        in_force(&admin, granted).await;
        let user = admin.http2();
        for (path, feature) in GATED {
            let answer = user.get(path).await;
            if feature == granted {
                answer.is(200);
            } else {
                answer.refused(403, "feature_not_licensed");
                assert_eq!(answer.json()["feature"], feature);
            }
            align.client().get(path).await.refused(401, "unauthenticated");
        }
        let me = admin.get("/api/auth/me").await.json();
        assert_eq!(me["features"], json!([granted]));
    }
}

#[tokio::test]
async fn administration_is_for_administrators() {
    let align = licensed(align::license()).await;
    let user = invited(&align, "user@example.com").await;
    for (method, path, body) in [
        (Method::GET, "/api/users", json!(null)),
        (Method::POST, "/api/users/invite", json!({"email": "a@example.com"})),
        (Method::GET, "/api/connectors", json!(null)),
        (Method::POST, "/api/connectors", json!({"type": "slack"})),
        (Method::DELETE, "/api/connectors/slack", json!(null)),
    ] {
        let send = async |client: &Client| {
            let client = client.with(header::CONTENT_TYPE, "application/json");
            client.send(method.clone(), path, body.to_string()).await
        };
        send(&align.client()).await.refused(401, "unauthenticated");
        send(&user).await.refused(403, "forbidden");
    }
    decide(&user).await.is(201);
    user.get("/api/decisions").await.is(200);
    let public = user.get("/api/license").await.json();
    assert_eq!(members(&public), ["code", "days_remaining", "phase", "restricted"]);
    decide(&align.client()).await.refused(401, "unauthenticated");
    align.client().get("/api/decisions").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn signing_in_gives_a_token_and_a_cookie_that_a_restart_keeps() {
    let align = licensed(align::license()).await;
    let sign_in = json!({"email": ADMINISTRATOR, "password": license_tests::PASSWORD});
    let answer = align.client().post_json("/api/auth/sign-in", &sign_in).await;
    answer.is(200);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let align = align.restart().await;
    for client in [align.client().bearer(&token), align.client().with(header::COOKIE, &cookie)] {
        let me = client.get("/api/auth/me").await;
        me.is(200);
        assert_eq!(members(&me.json()), ["email", "features", "role"]);
    }
    // Several at a time.
    let again = align.admin().await;
    align.client().bearer(&token).get("/api/users").await.is(200);
    let by_cookie = align.client().with(header::COOKIE, &cookie);
    let foreign = by_cookie.with("sec-fetch-site".parse().unwrap(), "cross-site");
    connect(&foreign, "slack").await.refused(403, "cross_site_request");
    by_cookie.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
    by_cookie.get("/api/auth/me").await.refused(401, "unauthenticated");
    again.get("/api/auth/me").await.is(200);
    let wrong = json!({"email": ADMINISTRATOR, "password": "wrong"});
    let answer = align.client().post_json("/api/auth/sign-in", &wrong).await;
    answer.refused(401, "unauthenticated");
}

#[tokio::test]
async fn when_several_things_are_wrong_the_first_of_the_list_is_told() {
    // The term comes before the host.
    let align = Service::start(align::command, |_| ()).await;
    let no_host = "GET /api/unknown HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert!(raw(align.address(), no_host).await.contains("license_missing"));
    // Then the host, the domain, 404 and 405, who asks, features, limits.
    let bound = align::license().claim("/binding", json!({"domain": "*.acme.internal"}));
    let bound = bound.limit("users", 1).limit("connectors", json!([])).limit("decisions", 0);
    bound.put(align.directory());
    let host = align.client().host("a.acme.internal");
    let sign_in = json!({"email": ADMINISTRATOR, "password": license_tests::PASSWORD});
    let answer = host.post_json("/api/auth/sign-in", &sign_in).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let admin = host.bearer(&token);
    in_force(&admin, "lic_1").await;
    assert!(raw(align.address(), no_host).await.contains("host_invalid"));
    align.client().bearer(&token).get("/api/unknown").await.refused(403, "domain_mismatch");
    align.client().send(Method::DELETE, "/api/users", "").await.refused(403, "domain_mismatch");
    host.get("/api/unknown").await.refused(404, "not_found");
    host.send(Method::DELETE, "/api/users", "").await.refused(405, "method_not_allowed");
    host.send(Method::POST, "/api/license", "").await.refused(405, "method_not_allowed");
    host.get("/api/sso").await.refused(401, "unauthenticated");
    invite(&host, "a@example.com").await.refused(401, "unauthenticated");
    admin.get("/api/sso").await.refused(403, "feature_not_licensed");
    limit_reached(&invite(&admin, "a@example.com").await, "users", 1, 1);
    connect(&admin, "slack").await.refused(402, "limit_reached");
    limit_reached(&decide(&admin).await, "decisions", 0, 0);
    // What is read-only comes after the domain and before 404.
    let ended = at("2026-01-01").as_seconds();
    bound.id("ended").term(at("2025-01-01"), at("2026-01-01")).put(align.directory());
    in_force(&admin, "ended").await;
    align.client().send(Method::POST, "/api/unknown", "").await.refused(403, "domain_mismatch");
    let unknown = host.send(Method::POST, "/api/unknown", "").await;
    unknown.refused(402, "read_only");
    assert!(ended > 0 && unknown.json()["expires_at"] == "2026-01-01T00:00:00Z");
    invite(&host, "a@example.com").await.refused(402, "read_only");
}

#[tokio::test]
async fn every_error_is_problem_details_that_are_never_stored_and_head_follows_get() {
    let align = licensed(align::license().features(["sso"])).await;
    for admin in [align.admin().await, align.admin().await.http2()] {
        for path in ["/nothing", "/api", "/api/", "/api/users/", "/api/sso/", "/api/connectors/a/b"]
        {
            assert_eq!(admin.get(path).await.outcome(), (404, "not_found".to_owned()), "{path}");
        }
        for (method, path) in [
            (Method::PUT, "/api/users"),
            (Method::GET, "/api/users/invite"),
            (Method::GET, "/api/connectors/slack"),
            (Method::POST, "/api/banner"),
            (Method::POST, "/api/license"),
            (Method::DELETE, "/api/decisions"),
            (Method::POST, "/api/sso"),
            (Method::OPTIONS, "/api/models"),
            (Method::POST, "/healthz"),
        ] {
            let answer = admin.send(method.clone(), path, "").await;
            assert_eq!(answer.outcome(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        }
        // One byte too many, so that all of it is read before the answer.
        for path in ["/api/auth/sign-in", "/api/users/invite", "/api/connectors", "/api/decisions"]
        {
            let answer = admin.send(Method::POST, path, vec![b' '; (2 << 20) + 1]).await;
            assert_eq!(answer.outcome(), (413, "body_too_large".to_owned()), "{path}");
        }
        for path in [
            "/api/users",
            "/api/connectors",
            "/api/decisions",
            "/api/sso",
            "/api/branding",
            "/api/license",
            "/api/banner",
            "/api/auth/me",
            "/healthz",
            "/nothing",
        ] {
            let (get, head) = (admin.get(path).await, admin.send(Method::HEAD, path, "").await);
            assert_eq!(head.status, get.status, "{path}");
            assert!(head.body.is_empty(), "{path}");
        }
    }
}
