//! `alexandria`: gated routes in each phase, the license as administrators
//! see it, tokens, where the key comes from, and the core API.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use license_core::{
    Timestamp,
    key::{Algorithm, SigningKey},
    testing::LicenseBuilder,
};
use license_tests::{
    Answer, Client, Process, Service, Start,
    alexandria::{self, SECRET, admin_token, license, put, sign, token, token_with_header},
    at, demo, members, move_clock, now,
};
use serde_json::{Value, json};

const ALL: [&str; 7] = [
    "multi_tenant",
    "oidc",
    "scim",
    "audit_export",
    "memcached_cache",
    "vault",
    "backend_autoscaling",
];

/// Every gated route with its entitlement.
fn gated() -> [(Method, &'static str, Value, &'static str); 11] {
    [
        (Method::GET, "/admin/audit/export", json!(null), "audit_export"),
        (Method::GET, "/scim/v2/Users", json!(null), "scim"),
        (Method::POST, "/scim/v2/Users", json!({"userName": "bjensen"}), "scim"),
        (Method::GET, "/scim/v2/Groups", json!(null), "scim"),
        (Method::GET, "/tenants", json!(null), "multi_tenant"),
        (Method::POST, "/tenants", json!({"name": "north"}), "multi_tenant"),
        (Method::GET, "/oidc/login", json!(null), "oidc"),
        (Method::GET, "/saml/login", json!(null), "oidc"),
        (Method::PUT, "/cache/strategy", json!({"strategy": "alexandria"}), "memcached_cache"),
        (Method::GET, "/vault/status", json!(null), "vault"),
        (Method::PUT, "/autoscaling", json!({"min": 1, "max": 9}), "backend_autoscaling"),
    ]
}

async fn send(client: &Client, method: &Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.send(method.clone(), path, body).await
}

/// The administrator for the next hundred years.
fn admin(service: &Service) -> Client {
    service.client().bearer(&admin_token(Timestamp::from_seconds(4_900_000_000)))
}

/// A service with this license in `LICENSE_KEY` at this time.
async fn licensed_at(time: &str, license: LicenseBuilder<'_>) -> Service {
    let key = sign(license);
    let prepare = |directory: &Path| move_clock(directory, at(time));
    let with_key = |start: Start, _: &Path| start.env("LICENSE_KEY", key);
    Service::start_with(alexandria::command, prepare, with_key).await
}

/// A license that ends with the first of May 2027.
fn until_may<'f>(entitlements: impl IntoIterator<Item = &'f str>) -> LicenseBuilder<'static> {
    license(entitlements).issued_at(at("2026-05-01")).expires_at(at("2027-05-01"))
}

async fn core_api_works(service: &Service) {
    for client in [service.client(), service.client().http2()] {
        client.get("/healthz").await.is(200);
        client.send(Method::PUT, "/v1/blobs/readme", "hello").await.is(200);
        let blobs = client.get("/v1/blobs").await;
        blobs.is(200);
        let readme = json!({"id": "readme", "size": 5});
        assert!(blobs.json().as_array().unwrap().contains(&readme));
        let strategy = json!({"strategy": "memory"});
        send(&client, &Method::PUT, "/cache/strategy", &strategy).await.is(200);
    }
}

async fn everything_is(service: &Service, status: u16, code: &str) {
    for client in [admin(service), admin(service).http2()] {
        for (method, path, body, feature) in gated() {
            let answer = send(&client, &method, path, &body).await;
            assert_eq!(answer.outcome(), (status, code.to_owned()), "{method} {path}");
            assert_eq!(answer.json()["feature"], feature);
            if method == Method::GET {
                assert_eq!(client.send(Method::HEAD, path, "").await.status, status, "{path}");
            }
        }
    }
    core_api_works(service).await;
}

#[tokio::test]
async fn without_a_license_gated_routes_are_402_and_the_core_api_is_served() {
    let service = Service::start(alexandria::command, |_| ()).await;
    everything_is(&service, 402, "license_missing").await;
    let nothing = json!({
        "tier": null, "entitlements": [], "expires_at": null,
        "days_remaining": 0, "grace_remaining_seconds": 0,
    });
    assert_eq!(admin(&service).get("/admin/license").await.json(), nothing);
    // A key that is no good is as none, and never stops the start.
    let other = SigningKey::generate(Algorithm::Es256, None).unwrap();
    let forged = other.sign(license(ALL).claims()).unwrap().as_str().to_owned();
    let of_another = sign(license(ALL).claim("aud", "alexandria-oss"));
    for key in [forged, of_another, "no license".to_owned(), String::new()] {
        let with_key = |start: Start, _: &Path| start.env("LICENSE_KEY", key);
        let service = Service::start_with(alexandria::command, |_| (), with_key).await;
        everything_is(&service, 402, "license_missing").await;
        assert_eq!(admin(&service).get("/admin/license").await.json(), nothing);
    }
}

#[tokio::test]
async fn each_route_is_gated_by_its_entitlement() {
    for granted in ALL {
        let service = licensed_at("2026-06-01", until_may([granted])).await;
        let admin = admin(&service);
        for (method, path, body, feature) in gated() {
            let answer = send(&admin, &method, path, &body).await;
            if feature == granted {
                assert!(answer.status.is_success(), "{method} {path}: {}", answer.status);
            } else {
                assert_eq!(
                    answer.outcome(),
                    (403, "feature_not_licensed".to_owned()),
                    "{method} {path}"
                );
            }
        }
        core_api_works(&service).await;
    }
}

#[tokio::test]
async fn entitlements_work_in_grace_and_are_402_afterwards() {
    let service = licensed_at(
        "2027-04-23T23:59:00Z",
        until_may(ALL).claim("limits", json!({"tenants": null})),
    )
    .await;
    let admin = admin(&service);
    let works = async || {
        for (method, path, body, _) in gated() {
            let answer = send(&admin, &method, path, &body).await;
            let again = method == Method::POST && path == "/scim/v2/Users" && answer.status == 409;
            assert!(again || answer.status.is_success(), "{method} {path}: {}", answer.status);
        }
        core_api_works(&service).await;
        let state = admin.get("/admin/license").await;
        state.is(200);
        let state = state.json();
        let five =
            ["days_remaining", "entitlements", "expires_at", "grace_remaining_seconds", "tier"];
        assert_eq!(members(&state), five);
        assert_eq!(state["tier"], "enterprise");
        // In the order in which they were signed.
        assert_eq!(state["entitlements"], json!(ALL));
        assert_eq!(state["expires_at"], "2027-05-01T00:00:00Z");
        (state["days_remaining"].clone(), state["grace_remaining_seconds"].as_u64().unwrap())
    };
    assert_eq!(works().await, (json!(8), 0));
    assert_eq!(warned(&admin).await, None);
    service.move_clock(at("2027-04-24T00:00:01Z"));
    assert_eq!(works().await, (json!(7), 0));
    assert!(warned(&admin).await.unwrap().contains("2027-04-30"));
    service.move_clock(at("2027-04-30T23:59:00Z"));
    assert_eq!(works().await, (json!(1), 0));
    service.move_clock(at("2027-05-01T00:00:00Z"));
    let (days, grace) = works().await;
    assert_eq!(days, json!(0));
    assert!((7 * 86_400 - 60..=7 * 86_400).contains(&grace), "{grace}");
    assert!(warned(&admin).await.unwrap().contains("Grace period ends 2027-05-07"));
    service.move_clock(at("2027-05-07T23:59:00Z"));
    let (days, grace) = works().await;
    assert!(days == json!(0) && (1..=60).contains(&grace), "{grace}");
    service.move_clock(at("2027-05-08T00:00:00Z"));
    everything_is(&service, 402, "feature_lapsed").await;
    let state = admin.get("/admin/license").await.json();
    assert_eq!(
        (&state["days_remaining"], &state["grace_remaining_seconds"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(state["expires_at"], "2027-05-01T00:00:00Z");
    let lapsed = admin.get("/vault/status").await.json();
    assert_eq!(lapsed["expires_at"], "2027-05-01T00:00:00Z");
    // What is not granted is 403 in this phase as well.
    let service = licensed_at("2027-05-08", until_may(["scim"])).await;
    let admin = self::admin(&service);
    admin.get("/vault/status").await.refused(403, "feature_not_licensed");
    admin.get("/scim/v2/Users").await.refused(402, "feature_lapsed");
}

/// The `License-Warning` of every kind of answer, the same in all of them.
async fn warned(admin: &Client) -> Option<String> {
    let mut seen = None;
    for (method, path) in [
        (Method::GET, "/admin/license"),
        (Method::GET, "/healthz"),
        (Method::GET, "/v1/blobs"),
        (Method::PUT, "/v1/blobs/b"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/tenants"),
        (Method::HEAD, "/admin/license"),
    ] {
        for client in [admin.clone(), admin.http2()] {
            let answer = client.send(method.clone(), path, "").await;
            let warning = answer.headers.get("license-warning");
            let warning = warning.map(|it| it.to_str().unwrap().to_owned());
            assert_eq!(*seen.get_or_insert(warning.clone()), warning, "{method} {path}");
        }
    }
    admin.send(Method::DELETE, "/v1/blobs/b", "").await.refused(405, "method_not_allowed");
    seen.flatten()
}

#[tokio::test]
async fn only_administrators_are_warned() {
    let service = licensed_at("2027-04-29", until_may(["scim"])).await;
    assert!(warned(&admin(&service)).await.is_some());
    // Refused requests of administrators too.
    let refused = admin(&service).get("/vault/status").await;
    refused.refused(403, "feature_not_licensed");
    assert!(refused.headers.contains_key("license-warning"));
    let far = 4_900_000_000i64;
    let user = token(&json!({"role": "user", "exp": far}), SECRET);
    let forged = token(&json!({"role": "admin", "exp": far}), "another secret");
    let expired = token(&json!({"role": "admin", "exp": 1_700_000_000}), SECRET);
    for nobody in [
        service.client(),
        service.client().bearer(&user),
        service.client().bearer(&forged),
        service.client().bearer(&expired),
        service.client().http2(),
    ] {
        assert_eq!(warned(&nobody).await, None);
    }
    // With nothing to warn about nobody is.
    let service = licensed_at("2026-06-01", until_may(["scim"])).await;
    assert_eq!(warned(&admin(&service)).await, None);
    // Without a license there is something.
    let service = Service::start(alexandria::command, |_| ()).await;
    assert!(warned(&admin(&service)).await.is_some());
    assert_eq!(warned(&service.client()).await, None);
}

#[tokio::test]
async fn administrators_are_told_by_their_tokens() {
    let service = licensed_at("2026-06-01", until_may(ALL)).await;
    let now = at("2026-06-01").as_seconds();
    let claims = |exp: Value| json!({"role": "admin", "exp": exp});
    let good = claims(json!(now + 3600));
    for claims in [
        good.clone(),
        claims(json!(now as f64 + 3600.5)),
        json!({"role": "admin", "exp": now + 3600, "sub": "alice", "aud": "x", "iat": now, "nbf": now - 60}),
    ] {
        let admin = service.client().bearer(&token(&claims, SECRET));
        admin.get("/admin/license").await.is(200);
        admin.http2().get("/admin/license").await.is(200);
        admin.get("/admin/audit/export").await.is(200);
    }
    let unsigned = |header: Value, claims: &Value, signature: &str| {
        let [header, claims] =
            [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.{signature}")
    };
    let token_of = |claims: Value| token(&claims, SECRET);
    let good_token = token(&good, SECRET);
    let critical = json!({"alg": "HS256", "crit": ["exp"]});
    let parts: Vec<_> = good_token.split('.').collect();
    for (token, why) in [
        (token(&good, "another secret"), "another secret"),
        (token(&good, ""), "no secret"),
        (token_of(claims(json!(now - 1))), "expired"),
        (token_of(claims(json!(now - 59))), "within a leeway"),
        (token_of(json!({"role": "admin"})), "no exp"),
        (token_of(claims(json!("never"))), "exp is a text"),
        (token_of(claims(Value::Null)), "exp is null"),
        (token_of(json!({"role": "admin", "exp": now + 3600, "nbf": now + 1800})), "not yet"),
        (unsigned(json!({"alg": "none"}), &good, ""), "alg none"),
        (unsigned(json!({"alg": "None"}), &good, parts[2]), "alg None"),
        (unsigned(json!({"alg": "HS512"}), &good, parts[2]), "alg HS512"),
        (unsigned(json!({}), &good, parts[2]), "no alg"),
        (format!("{}.{}", parts[0], parts[1]), "no signature"),
        (format!("{}.{}.", parts[0], parts[1]), "an empty signature"),
        (sign(until_may(ALL).claim("role", "admin")), "a license"),
        (token_with_header(&critical, &good, SECRET), "an extension that must be understood"),
        (String::new(), "nothing"),
        ("x".repeat(5000), "no token"),
    ] {
        let client = service.client().bearer(&token);
        for path in ["/admin/license", "/admin/audit/export"] {
            let answer = client.get(path).await;
            assert_eq!(answer.outcome(), (401, "unauthenticated".to_owned()), "{why}");
        }
    }
    service.client().get("/admin/license").await.refused(401, "unauthenticated");
    let basic = service.client().with(http::header::AUTHORIZATION, &format!("Basic {good_token}"));
    basic.get("/admin/license").await.refused(401, "unauthenticated");
    for role in [json!("user"), json!("Admin"), json!(["admin"]), json!(true), Value::Null] {
        let client = service.client().bearer(&token_of(json!({"role": role, "exp": now + 3600})));
        client.get("/admin/license").await.refused(403, "forbidden");
        client.get("/admin/audit/export").await.refused(403, "forbidden");
    }
    // Who asks comes before what is licensed.
    let service = Service::start(alexandria::command, |_| ()).await;
    service.client().get("/admin/audit/export").await.refused(401, "unauthenticated");
    admin(&service).get("/admin/audit/export").await.refused(402, "license_missing");
    // A token ends while the service runs.
    let short = service.client().bearer(&admin_token(at("2026-06-01")));
    service.move_clock(at("2026-05-31T23:59:00Z"));
    short.get("/admin/license").await.is(200);
    service.move_clock(at("2026-06-01"));
    short.get("/admin/license").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn without_a_secret_one_is_made_and_a_token_printed() {
    let directory = tempfile::tempdir().unwrap();
    let start = || alexandria::command(directory.path()).without_env("ADMIN_JWT_SECRET");
    let printed = async |process: &Process| {
        let log = process.logged("eyJ").await;
        let token = log.lines().find(|line| line.starts_with("eyJ")).unwrap();
        token.to_owned()
    };
    let process = start().start().await;
    let first = printed(&process).await;
    Client::new(process.address()).bearer(&first).get("/admin/license").await.is(200);
    let by_ours = Client::new(process.address()).bearer(&admin_token(at("2100-01-01")));
    by_ours.get("/admin/license").await.refused(401, "unauthenticated");
    assert_eq!(process.terminate().await, (Some(0), String::new()));
    // A restart keeps it.
    let process = start().start().await;
    let client = Client::new(process.address());
    client.bearer(&first).get("/admin/license").await.is(200);
    client.bearer(&printed(&process).await).get("/admin/license").await.is(200);
    let mode = std::fs::metadata(directory.path().join("admin-jwt-secret")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    process.terminate().await;
    // Given, it is not printed; an empty one is none.
    let process = alexandria::command(directory.path()).start().await;
    assert!(!process.log().contains("eyJ") && !process.log().contains(SECRET), "{}", process.log());
    process.terminate().await;
    let process = start().env("ADMIN_JWT_SECRET", "").start().await;
    Client::new(process.address()).bearer(&first).get("/admin/license").await.is(200);
}

#[tokio::test]
async fn a_secret_that_can_be_found_from_a_token_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    for secret in [&SECRET[1..], &format!("{}\n", &SECRET[1..]), "a pass phrase"] {
        let start = alexandria::command(directory.path()).env("ADMIN_JWT_SECRET", secret);
        let (status, told) = start.fails().await;
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains("32 bytes") && told.contains("openssl rand -hex 32"), "{told}");
        assert!(!told.contains(secret.trim_end()), "{told}");
    }
    let start = alexandria::command(directory.path());
    let process = start.env("ADMIN_JWT_SECRET", format!("{SECRET}\n")).start().await;
    let admin = Client::new(process.address()).bearer(&admin_token(at("2100-01-01")));
    admin.get("/admin/license").await.is(200);
}

#[tokio::test]
async fn the_start_tells_what_is_loaded_and_warns_within_seven_days() {
    let loaded = "INFO license loaded tier=enterprise expires_at=2027-05-01 \
                  entitlements=[multi_tenant oidc scim vault]";
    let some = ["multi_tenant", "oidc", "scim", "vault"];
    for (time, warns) in [
        ("2026-06-01", false),
        ("2027-04-23T23:00:00Z", false),
        ("2027-04-24T00:00:01Z", true),
        ("2027-04-30", true),
        ("2027-05-01", true),
        ("2027-05-07T23:00:00Z", true),
    ] {
        let service = licensed_at(time, until_may(some)).await;
        for _ in 0..5 {
            admin(&service).get("/admin/license").await.is(200);
        }
        let lines = service.lines();
        assert_eq!(lines[0], loaded, "{time}");
        let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN ")).collect();
        assert_eq!(warnings.len(), usize::from(warns), "{time}: {lines:?}");
        assert_eq!(lines.len(), 1 + usize::from(warns), "{time}: {lines:?}");
    }
    // In the order signed, whatever the alphabet says.
    let service =
        licensed_at("2026-06-01", until_may(["vault", "oidc"]).claim("tier", "team")).await;
    let wanted = "INFO license loaded tier=team expires_at=2027-05-01 entitlements=[vault oidc]";
    assert_eq!(service.lines(), [wanted]);
}

#[tokio::test]
async fn tenants_are_created_up_to_the_limit() {
    let limited =
        |tenants: Value| until_may(["multi_tenant"]).claim("limits", json!({"tenants": tenants}));
    let service = licensed_at("2026-06-01", limited(json!(2))).await;
    let client = service.client();
    let create = async |client: &Client, name: &str| {
        send(client, &Method::POST, "/tenants", &json!({ "name": name })).await
    };
    let north = create(&client, "north").await;
    north.is(201);
    assert_eq!(members(&north.json()), ["id", "name"]);
    create(&client, "south").await.is(201);
    let full = create(&client, "east").await;
    full.refused(402, "limit_reached");
    let json = full.json();
    assert_eq!(
        (&json["limit"], &json["max"], &json["used"]),
        (&json!("tenants"), &json!(2), &json!(2))
    );
    // Tenants are kept, and so is the limit.
    let key = sign(limited(json!(3)));
    let with_key = |start: Start, _: &Path| start.env("LICENSE_KEY", key);
    let service = service.restart_with(|_| (), with_key).await;
    let client = service.client();
    assert_eq!(client.get("/tenants").await.json().as_array().unwrap().len(), 2);
    let racers: Vec<_> = (0..8)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let body = json!({"name": number.to_string()});
                send(&client, &Method::POST, "/tenants", &body).await.status
            })
        })
        .collect();
    let mut created = 0;
    for racer in racers {
        created += u32::from(racer.await.unwrap() == 201);
    }
    assert_eq!(created, 1);
    // Where the license says nothing of tenants there is no limit.
    for license in [until_may(["multi_tenant"]), limited(Value::Null)] {
        let service = licensed_at("2026-06-01", license).await;
        for number in 0..5 {
            create(&service.client(), &number.to_string()).await.is(201);
        }
    }
    let service = licensed_at("2026-06-01", limited(json!(0))).await;
    create(&service.client(), "north").await.refused(402, "limit_reached");
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_which_wins_over_a_file() {
    let key = |tier: &str| sign(license(["scim"]).claim("sub", tier).claim("tier", tier));
    let tier =
        async |service: &Service| admin(service).get("/admin/license").await.json()["tier"].clone();
    let file = |directory: &Path| put(directory, &key("file"));
    let of = |start: Start, flag: bool, environment: bool| {
        let start = if flag { start.arg("--license-key").arg(key("flag")) } else { start };
        if environment { start.env("LICENSE_KEY", key("environment")) } else { start }
    };
    let start = async |flag, environment| {
        let with_keys = |it: Start, _: &Path| of(it, flag, environment);
        Service::start_with(alexandria::command_with_file, file, with_keys).await
    };
    let warnings = |service: &Service| {
        let log = service.process().log();
        log.lines().filter(|line| line.contains(" WARN ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let both = start(true, true).await;
    assert_eq!(tier(&both).await, "flag");
    let told = warnings(&both).join("\n");
    assert!(told.contains("LICENSE_KEY") && told.contains("license.key"), "{told}");
    let environment = start(false, true).await;
    assert_eq!(tier(&environment).await, "environment");
    let told = warnings(&environment).join("\n");
    assert!(told.contains("license.key"), "{told}");
    let alone = start(false, false).await;
    assert_eq!(tier(&alone).await, "file");
    assert_eq!(warnings(&alone), [""; 0]);
    // The one that is in force now wins over what was before.
    let alone = alone.restart_with(|_| (), |it, _| of(it, false, true)).await;
    assert_eq!(tier(&alone).await, "environment");
    let alone = alone.restart_with(|_| (), |it, _| of(it, false, false)).await;
    assert_eq!(tier(&alone).await, "file");
    // The file is named by a variable as well.
    let service = Service::start_with(alexandria::command, file, |start, directory| {
        start.env("LICENSE_KEY_FILE", alexandria::key_file(directory))
    });
    assert_eq!(tier(&service.await).await, "file");
    for log in [both.process().log(), environment.process().log()] {
        assert!(!log.contains(&key("flag")[..30]), "{log}");
    }
}

#[tokio::test]
async fn a_key_file_is_watched_and_a_restart_keeps_the_last_good_key() {
    let of = |id: &str| license(["scim"]).claim("sub", id).claim("tier", id);
    let prepare = |directory: &Path| put(directory, &sign(of("a")));
    let service = Service::start(alexandria::command_with_file, prepare).await;
    let admin_of = admin;
    let admin = admin(&service);
    let shows = async |admin: &Client, id: &str| {
        let seen = tokio::time::timeout(std::time::Duration::from_secs(2), async {
            while admin.get("/admin/license").await.json()["tier"] != id {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        });
        assert!(seen.await.is_ok(), "{id}");
    };
    shows(&admin, "a").await;
    put(service.directory(), &sign(of("b")));
    shows(&admin, "b").await;
    std::fs::write(alexandria::key_file(service.directory()), sign(of("c"))).unwrap();
    shows(&admin, "c").await;
    put(service.directory(), "no license");
    service.process().logged("token_malformed").await;
    shows(&admin, "c").await;
    let remove = |directory: &Path| std::fs::remove_file(alexandria::key_file(directory)).unwrap();
    let service = service.restart_with(remove, |start, _| start).await;
    shows(&admin_of(&service), "c").await;
    service.client().get("/scim/v2/Users").await.is(200);
}

#[tokio::test]
async fn keys_are_es256_or_rs256_of_3072_bits_and_typ_is_any() {
    let directory = tempfile::tempdir().unwrap();
    let rsa = SigningKey::generate(Algorithm::Rs256, Some(3072)).unwrap();
    let pem = directory.path().join("rsa.pem");
    std::fs::write(&pem, rsa.public_pem().unwrap()).unwrap();
    let claims = license(["scim"]).claims().clone();
    for typ in [Some("license+jwt"), Some("JWT"), None] {
        let key = rsa.sign_as(typ, None, &claims).unwrap().as_str().to_owned();
        let data = tempfile::tempdir().unwrap();
        let start = Start::new(&license_tests::example("alexandria")).arg("--data-dir");
        let start = start.arg(data.path()).arg("--public-key").arg(&pem);
        let process = start.arg("--license-key").arg(key).start().await;
        Client::new(process.address()).get("/scim/v2/Users").await.is(200);
    }
    let other = rsa.sign_as(Some("at+jwt"), None, &claims).unwrap().as_str().to_owned();
    let data = tempfile::tempdir().unwrap();
    let start = Start::new(&license_tests::example("alexandria")).arg("--data-dir");
    let start = start.arg(data.path()).arg("--public-key").arg(&pem);
    let process = start.arg("--license-key").arg(other).start().await;
    Client::new(process.address()).get("/scim/v2/Users").await.refused(402, "license_missing");
}

#[tokio::test]
async fn what_was_written_survives_a_restart_and_every_error_is_problem_details() {
    let service = licensed_at("2026-06-01", until_may(ALL)).await;
    let client = service.client();
    client.send(Method::PUT, "/v1/blobs/a", vec![0u8, 159, 146, 150]).await.is(200);
    client.send(Method::PUT, "/v1/blobs/a", "again").await.is(200);
    let user = json!({"userName": "bjensen"});
    let created = send(&client, &Method::POST, "/scim/v2/Users", &user).await;
    created.is(201);
    assert_eq!(created.json()["userName"], "bjensen");
    let again = send(&client, &Method::POST, "/scim/v2/Users", &user).await;
    again.refused(409, "uniqueness");
    send(&client, &Method::POST, "/scim/v2/Users", &json!({})).await.refused(400, "invalid_body");
    send(&client, &Method::PUT, "/cache/strategy", &json!({})).await.refused(400, "invalid_body");
    client.send(Method::PUT, "/v1/blobs/%FF", "").await.refused(404, "not_found");
    // One byte too many, so that all of it is read before the answer.
    for (method, path) in [
        (Method::PUT, "/v1/blobs/a"),
        (Method::PUT, "/cache/strategy"),
        (Method::PUT, "/autoscaling"),
        (Method::POST, "/scim/v2/Users"),
        (Method::POST, "/tenants"),
    ] {
        let answer = client.send(method, path, vec![b' '; (2 << 20) + 1]).await;
        assert_eq!(answer.outcome(), (413, "body_too_large".to_owned()), "{path}");
    }
    for path in ["/nothing", "/admin", "/admin/license/", "/v1", "/scim/v2", "/tenants/"] {
        client.get(path).await.refused(404, "not_found");
    }
    for (method, path) in [
        (Method::POST, "/admin/license"),
        (Method::DELETE, "/v1/blobs"),
        (Method::GET, "/cache/strategy"),
        (Method::POST, "/vault/status"),
        (Method::OPTIONS, "/tenants"),
    ] {
        client.send(method, path, "").await.refused(405, "method_not_allowed");
    }
    let service = service.crash().await;
    let blobs = service.client().get("/v1/blobs").await.json();
    assert_eq!(blobs, json!([{"id": "a", "size": 5}]));
    let users = service.client().get("/scim/v2/Users").await.json();
    assert_eq!(
        (&users["totalResults"], &users["Resources"][0]["userName"]),
        (&json!(1), &json!("bjensen"))
    );
    assert!(now() > at("2026-01-01"));
}

#[tokio::test]
async fn what_the_demo_mode_prints_licenses_it_as_pasted() {
    if !demo::can_paste() {
        return;
    }
    let place = tempfile::Builder::new().prefix("demo mode ").tempdir().unwrap();
    let start = || {
        let start = Start::bare(&license_tests::example("alexandria")).directory(place.path());
        start.arg("--listen").arg("127.0.0.1:0").arg("--data-dir").arg("some data")
    };
    let process = start().start().await;
    let log = process.logged("instead of --days.").await;
    assert!(log.contains("DEMO MODE"), "{log}");
    let mut commands = demo::commands(&log);
    let restart = commands.pop().unwrap();
    let answers = demo::paste_all(commands).await;
    let statuses: Vec<_> = answers.iter().filter_map(|it| it.strip_prefix("HTTP/1.1 ")).collect();
    let statuses: Vec<_> = statuses.iter().map(|it| &it[..3]).collect();
    assert_eq!(statuses, ["200", "402", "200", "403", "200"], "{answers:?}");
    assert!(answers.last().unwrap().contains("\"tier\":\"enterprise\""), "{answers:?}");
    process.terminate().await;
    // The last command starts it again with the key in the environment.
    let (variable, _) = restart.split_once(" cargo run").unwrap();
    let key = demo::paste(&format!("{variable}; printf %s \"$LICENSE_KEY\""));
    let elsewhere = start().arg("--license-key-file").arg("/nowhere").env("LICENSE_KEY", key);
    let process = elsewhere.start().await;
    Client::new(process.address()).get("/scim/v2/Users").await.is(200);
}

#[tokio::test]
async fn case_59_a_clock_that_once_ran_ahead_is_cured_by_the_key_once() {
    const MACHINE_INFO: &str = "/admin/license/machine-info";
    let day = |days: u64| now().saturating_add(std::time::Duration::from_secs(days * 86_400));
    let service = Service::start(alexandria::command_with_file, |directory| {
        put(directory, &sign(license(["scim"])));
        move_clock(directory, now());
    });
    let service = service.await;
    let directory = &service.directory().to_owned();
    let scim = async |service: &Service| service.client().get("/scim/v2/Users").await;
    scim(&service).await.is(200);
    move_clock(directory, day(400));
    scim(&service).await.refused(402, "feature_lapsed");
    move_clock(directory, now());
    let refused = scim(&service).await;
    refused.refused(402, "clock_rolled_back");
    assert!(refused.json()["remedy"].as_str().unwrap().contains("replace the license file"));
    service.client().get(MACHINE_INFO).await.refused(401, "unauthenticated");
    let info = admin(&service).get(MACHINE_INFO).await;
    info.is(200);
    let info = info.json();
    let mark: Timestamp = serde_json::from_value(info["clock_mark"].clone()).unwrap();
    let cure = license(["scim"]).claim("clock_reset_from", mark.as_seconds());
    let cure = sign(cure.claim("clock_reset_for", info["nonce"].clone()));
    put(directory, &cure);
    // Within two seconds, as for every key.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    scim(&service).await.is(200);

    move_clock(directory, day(180));
    scim(&service).await.is(200);
    move_clock(directory, now());
    put(directory, &sign(license(["oidc"])));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    put(directory, &cure);
    let service = service.restart().await;
    scim(&service).await.refused(402, "clock_rolled_back");
}

#[tokio::test]
async fn the_banner_tells_users_what_the_product_did_not() {
    let service = licensed_at("2027-05-01", until_may(["scim"])).await;
    let banner = service.client().get("/api/banner").await;
    banner.is(200);
    let banner = banner.json();
    assert_eq!(
        (&banner["level"], banner["warnings"].as_array().unwrap().len()),
        (&json!("warning"), 1)
    );
    assert_eq!(banner["warnings"][0]["code"], "license_in_grace");
}
