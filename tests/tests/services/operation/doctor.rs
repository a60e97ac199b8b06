//! What is wrong with a service, as its administrator asks it: the cause
//! first, in all three products.

use std::{fs, path::Path};

use license_tests::{
    Answer, Client, Polygent, Service,
    alexandria::{self, admin_token},
    align, at, now,
};

const DOCTOR: &str = "/api/license/doctor";

/// The answer's outcome and the code that is named first.
#[track_caller]
fn named(answer: &Answer) -> (String, String) {
    answer.is(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let json = answer.json();
    let text = json.to_string();
    for secret in ["Acme Corp", "Test Customer", "cust_", "acme.example", "eyJ"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (word(&json["outcome"]), word(&json["findings"][0]["code"]))
}

#[track_caller]
fn fails(answer: &Answer, code: &str) {
    assert_eq!(named(answer), ("failed".to_owned(), code.to_owned()), "{:#}", answer.json());
}

async fn sound(client: &Client, path: &str) {
    let answer = client.get(path).await;
    // A slow disk is worth a warning, not more.
    assert_ne!(named(&answer).0, "failed", "{:#}", answer.json());
}

#[tokio::test]
async fn polygent_tells_administrators_alone_and_while_everything_is_refused() {
    let polygent = Polygent::start().await;
    polygent.client().get(DOCTOR).await.is(401);
    let admin = polygent.admin().await;
    admin.get("/api/workflows").await.is(503);
    fails(&admin.get(DOCTOR).await, "license_missing");
    // Who installs signs in anew, which ends the other session.
    polygent.install(polygent.license()).await;
    sound(&polygent.admin().await, DOCTOR).await;
    polygent.install(polygent.license().domain("*.acme.internal")).await;
    let admin = polygent.admin().await;
    fails(&admin.get(DOCTOR).await, "domain_mismatch");
    sound(&admin.host("a.acme.internal"), DOCTOR).await;
}

#[tokio::test]
async fn polygent_names_a_mail_server_that_is_away() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let polygent = Polygent::start_with(|start| {
        let start = start.arg("--smtp-url").arg(format!("smtp://{closed}"));
        start.arg("--alert-from").arg("license@acme.example")
    })
    .await;
    polygent.install(polygent.license()).await;
    fails(&polygent.admin().await.get(DOCTOR).await, "mail_unreachable");
}

#[tokio::test]
async fn align_names_its_file_and_what_stands_in_it() {
    let service = Service::start(align::command, |_| ()).await;
    let admin = service.admin().await;
    fails(&admin.get(DOCTOR).await, "file_missing");
    let good = align::license().sign();
    align::put(service.directory(), &format!("LICENSE={good}\n"));
    fails(&admin.get(DOCTOR).await, "token_malformed");
    align::put(service.directory(), &align::forged(&align::license()));
    fails(&admin.get(DOCTOR).await, "signature_invalid");
    align::license().claim("/aud", "another").put(service.directory());
    fails(&admin.get(DOCTOR).await, "audience_mismatch");
    align::license().term(at("2026-01-01"), at("2026-02-01")).put(service.directory());
    fails(&admin.get(DOCTOR).await, "license_expired");
    align::put(service.directory(), &good);
    align::in_force(&admin, "lic_1").await;
    sound(&admin, DOCTOR).await;
}

#[tokio::test]
async fn alexandria_names_a_variable_that_hides_the_renewed_file() {
    const PATH: &str = "/admin/license/doctor";
    let prepare = |directory: &Path| {
        alexandria::put(directory, &alexandria::sign(alexandria::license(["scim"])));
    };
    let old =
        alexandria::license(["scim"]).issued_at(at("2026-01-01")).expires_at(at("2026-02-01"));
    let old = alexandria::sign(old);
    let service = Service::start_with(alexandria::command_with_file, prepare, |start, _| {
        start.env("LICENSE_KEY", old)
    })
    .await;
    service.client().get(PATH).await.is(401);
    let until = now().saturating_add(std::time::Duration::from_secs(600));
    let admin = service.client().bearer(&admin_token(until));
    fails(&admin.get(PATH).await, "source_hidden");
    let file = alexandria::key_file(service.directory());
    fs::write(file, "nothing").unwrap();
    fails(&admin.get(PATH).await, "license_expired");
}
