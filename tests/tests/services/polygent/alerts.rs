//! `polygent`: mail before the license expires, through a real mail server.

use std::time::Duration;

use http::Method;
use license_core::Timestamp;
use license_tests::{
    ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, Process, Smtp, SmtpEncryption, Start,
    certificate, now, postgres_database, until, vendor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

const FROM: &str = "Polygent <license@polygent.example>";
const OPERATIONS: &str = "operations@example.com";
const RUN: &str = "/api/license/alerts/run";

/// Adds the arguments that send alerts. By itself the service sends nothing
/// while a test runs: whoever starts after the time of day waits for minutes.
fn alerting(start: Start, url: &str) -> Start {
    let start = start.arg("--alert-at").arg("00:00");
    start.arg("--smtp-url").arg(url).arg("--alert-from").arg(FROM).arg("--alert-to").arg(OPERATIONS)
}

async fn run(client: &Client) -> Answer {
    client.send(Method::POST, RUN, "").await
}

fn sent(milestone: u32, to: &[&str]) -> Value {
    let sent: Vec<_> = to.iter().map(|to| json!({"milestone": milestone, "to": to})).collect();
    json!({ "sent": sent })
}

#[tokio::test]
async fn the_mail_arrives_once_with_what_happens_and_what_to_do() {
    let Some(smtp) = Smtp::start().await else { return };
    let url = format!("smtp://127.0.0.1:{}", smtp.port());
    let polygent = Polygent::start_with(|start| alerting(start, &url)).await;
    let admin = polygent.admin().await;
    run(&admin).await.refused(503, "license_missing");
    polygent.install(polygent.license().days(7)).await;
    let status = admin.get("/api/license").await.json();
    let expires_at = status["license"]["expires_at"].as_str().unwrap();

    let answer = run(&admin).await;
    answer.is(200);
    assert_eq!(answer.json(), sent(7, &[ADMINISTRATOR, OPERATIONS]));
    assert_eq!(run(&admin).await.json(), json!({"sent": []}));

    let mails = smtp.received(2).await;
    let to: Vec<_> = mails.iter().map(|mail| &mail["to"]).collect();
    assert_eq!(to, [&json!([ADMINISTRATOR]), &json!([OPERATIONS])]);
    for mail in &mails {
        assert_eq!(mail["from"], "license@polygent.example");
        assert_eq!(mail["type"], "multipart/alternative");
        assert_eq!(mail["headers"]["from"], FROM);
        assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
        let subject = mail["headers"]["subject"].as_str().unwrap();
        assert!(subject.starts_with("Polygent: the license ends on "), "{subject}");
        for part in ["text/plain", "text/html"] {
            let text = mail["parts"][part].as_str().unwrap();
            let time = format!("{} UTC", &expires_at[11..16]);
            for wanted in [&*time, "The service is refused until", "Ask your vendor"] {
                assert!(text.contains(wanted), "{part}: {wanted}: {text}");
            }
            assert!(!text.contains("Test Customer"), "{text}");
        }
        assert!(mail["parts"]["text/html"].as_str().unwrap().contains("<li>From <strong>"));
    }
    let log = polygent.process().log();
    assert!(!log.contains('@'), "{log}");

    // Neither after a restart; a renewal is announced anew.
    let polygent = polygent
        .replace(|vendor, directory| alerting(Polygent::command(vendor, directory), &url))
        .await;
    let admin = polygent.admin().await;
    assert_eq!(run(&admin).await.json(), json!({"sent": []}));
    // Whoever installs signs in anew, which ends this session.
    polygent.install(polygent.license().days(14)).await;
    let admin = polygent.admin().await;
    assert_eq!(run(&admin).await.json(), sent(14, &[ADMINISTRATOR, OPERATIONS]));
    assert_eq!(smtp.received(4).await.len(), 4);
}

#[tokio::test]
async fn of_two_instances_on_one_database_one_sends_the_mail() {
    let Some(smtp) = Smtp::start().await else { return };
    let Some(database) = postgres_database().await else { return };
    let url = format!("smtp://127.0.0.1:{}", smtp.port());
    let vendor = vendor();
    let directories = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let start = async |directory: &TempDir| {
        let start = alerting(Polygent::command(&vendor, directory.path()), &url);
        start.arg("--database-url").arg(&database).start().await
    };
    let mut one = start(&directories[0]).await;
    let two = start(&directories[1]).await;
    let body = json!({ "email": ADMINISTRATOR, "password": PASSWORD });
    let answer = Client::new(one.address()).post_json("/api/auth/sign-in", &body).await;
    let session = answer.json()["token"].as_str().unwrap().to_owned();
    let admin = |process: &Process| Client::new(process.address()).bearer(&session);
    // A license, a renewal, and one more with fewer days: each is announced
    // once, by whoever is first.
    for (number, days, milestone) in [(0_u32, 6, 7), (1, 13, 14), (2, 1, 1)] {
        let at = Timestamp::from_seconds(now().as_seconds() - 60 + i64::from(number));
        let id = format!("lic_{number}");
        let license = vendor.license().id(&id).issued_at(at).days(days);
        let license = license.limit("users", 5).features(["multiple-active-sessions"]).sign();
        admin(&two).upload("/api/license", license.as_str().to_owned()).await.is(200);
        for process in [&one, &two] {
            let in_force =
                async || admin(process).get("/api/license").await.json()["license"]["id"] == id;
            until(&id, Duration::from_secs(20), in_force).await;
        }
        let (first, second) = (admin(&one), admin(&two));
        let answers = tokio::join!(run(&first), run(&second));
        let (mut sender, mut other) = (answers.0.json(), answers.1.json());
        if sender == json!({"sent": []}) {
            std::mem::swap(&mut sender, &mut other);
        }
        assert_eq!(sender, sent(milestone, &[ADMINISTRATOR, OPERATIONS]));
        assert_eq!(other, json!({"sent": []}));
        // Neither after a restart.
        one.terminate().await;
        one = start(&directories[0]).await;
        for process in [&one, &two] {
            assert_eq!(run(&admin(process)).await.json(), json!({"sent": []}));
        }
        let mails = smtp.received(2 * (number as usize + 1)).await;
        let to: Vec<_> = mails.iter().rev().take(2).map(|mail| &mail["to"]).collect();
        assert_eq!(to, [&json!([OPERATIONS]), &json!([ADMINISTRATOR])]);
        assert_eq!(mails.len(), 2 * (number as usize + 1));
    }
    // Nothing is on its way either.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(smtp.mails().len(), 6);
}

#[tokio::test]
async fn a_mail_that_failed_is_sent_later_and_one_that_is_refused_holds_up_nobody() {
    let Some(smtp) = Smtp::start().await else { return };
    let url = format!("smtp://127.0.0.1:{}", smtp.port());
    // Nobody listens there.
    let polygent = Polygent::start_with(|start| alerting(start, "smtp://127.0.0.1:9")).await;
    polygent.install(polygent.license().days(7)).await;
    let admin = polygent.admin().await;
    let page = async |admin: &Client| String::from_utf8(admin.get("/license").await.body.to_vec());
    assert!(page(&admin).await.unwrap().contains("No alert has failed."));
    run(&admin).await.refused(502, "alert_delivery_failed");
    // Administrators see on the license page that it failed, and why.
    let told = page(&admin).await.unwrap();
    for part in ["id=\"alerts\"", "could not be delivered", "the mail server cannot be reached"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("operations@"), "{told}");
    let polygent = polygent
        .replace(|vendor, directory| {
            let start = alerting(Polygent::command(vendor, directory), &url);
            start.arg("--alert-to").arg("refused@example.com")
        })
        .await;
    let admin = polygent.admin().await;
    assert_eq!(run(&admin).await.json(), sent(7, &[ADMINISTRATOR, OPERATIONS]));
    assert!(page(&admin).await.unwrap().contains("No alert has failed."));
    assert_eq!(smtp.received(2).await.len(), 2);
    let log = polygent.process().logged("the mail server refuses (550)").await;
    assert!(!log.contains('@'), "{log}");
}

#[tokio::test]
async fn only_administrators_run_alerts_and_only_where_they_are_set_up() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().days(7)).await;
    run(&polygent.client()).await.refused(401, "unauthenticated");
    let admin = polygent.admin().await;
    let user = json!({"email": "user@example.com", "password": "secret", "role": "user"});
    admin.post_json("/api/users", &user).await.is(201);
    let user = polygent.signed_in("user@example.com", "secret").await;
    run(&user).await.refused(403, "forbidden");
    run(&admin).await.refused(409, "alerts_not_configured");
    // The license's own routes are beside it.
    admin.get("/api/license/audit").await.is(200);
    admin.get(RUN).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn a_mail_server_or_a_sender_that_cannot_be_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = license_tests::vendor();
    for (url, from, named) in [
        ("mail.example", "a@b.example", "--smtp-url"),
        ("smtp://secret:word@host:none", "a@b.example", "--smtp-url"),
        ("smtp://localhost", "nobody", "--alert-from"),
    ] {
        let start = Polygent::command(&vendor, directory.path());
        let start = start.arg("--smtp-url").arg(url).arg("--alert-from").arg(from);
        let (status, log) = start.fails().await;
        assert_eq!(status, Some(2), "{log}");
        assert!(log.contains(named) && !log.contains("secret"), "{log}");
    }
}

#[tokio::test]
async fn mail_is_encrypted_where_the_url_says_so_and_the_certificate_is_judged() {
    let Some(certificate) = certificate() else { return };
    for (encryption, scheme) in
        [(SmtpEncryption::StartTls, "smtp+starttls"), (SmtpEncryption::Tls, "smtps")]
    {
        let Some(smtp) = Smtp::encrypted(encryption, certificate.path()).await else { return };
        let url = format!("{scheme}://127.0.0.1:{}", smtp.port());
        let polygent = Polygent::start_with(|start| alerting(start, &url)).await;
        polygent.install(polygent.license().days(7)).await;
        let answer = run(&polygent.admin().await).await;
        answer.refused(502, "alert_delivery_failed");
        assert_eq!(smtp.mails().len(), 0, "nobody trusts the certificate");
        let polygent = polygent
            .replace(|vendor, directory| {
                let start = alerting(Polygent::command(vendor, directory), &url);
                start.env("SSL_CERT_FILE", certificate.path().join("cert.pem"))
            })
            .await;
        let answer = run(&polygent.admin().await).await;
        assert_eq!(answer.json(), sent(7, &[ADMINISTRATOR, OPERATIONS]));
        assert!(smtp.received(2).await.iter().all(|mail| mail["encrypted"] == true));
    }
}

#[tokio::test]
async fn a_time_zone_that_is_not_known_is_said_at_the_start_with_what_to_do() {
    let start = async |zone: &str| {
        let polygent =
            Polygent::start_with(|start| alerting(start, "smtp://127.0.0.1:9").env("TZ", zone));
        polygent.await
    };
    let polygent = start("Europe/Berlni").await;
    let log = polygent.process().logged("time zone cannot be used").await;
    for part in ["WARN", "`TZ`", "00:00 UTC", "set TZ", "tzdata"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for known in ["UTC", ""] {
        let polygent = start(known).await;
        assert!(!polygent.process().log().contains("time zone"), "{known}");
    }
}
