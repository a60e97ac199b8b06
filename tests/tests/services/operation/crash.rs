//! SECURITY.md, cases 51 and 52: a service that is killed, and a
//! disk that is full.

use std::{path::Path, time::Duration};

use http::Method;
use license_core::{Timestamp, testing::Vendor};
use license_tests::{Client, Polygent, Process, SmallDisk, Start, example, now, vendor};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

/// How often the service is killed.
const KILLS: u64 = 200;

/// A service as it is started again and again: without a password to hash.
fn again(directory: &Path) -> Start {
    let key = directory.join("vendor.pub.pem");
    let start = Start::new(&example("polygent")).arg("--data-dir").arg(directory);
    start.arg("--public-key").arg(key).env("RUST_LOG", "warn")
}

fn token(vendor: &Vendor, number: u64, first: i64) -> String {
    let at = Timestamp::from_seconds(first + i64::try_from(number).unwrap());
    let license = vendor.license().id(&format!("lic_{number:03}")).issued_at(at).days(365);
    let license = license.features(["workflows", "multiple-active-sessions"]);
    license.limit("users", 5 + number).sign().as_str().to_owned()
}

async fn status(admin: &Client) -> Value {
    let answer = admin.get("/api/license").await;
    answer.is(200);
    answer.json()
}

/// Starts an upload and kills the service a moment later. Returns whether
/// the upload had been answered with success by then.
async fn upload_and_kill(process: Process, session: &str, token: &str, moment: Duration) -> bool {
    let mut stream = Client::new(process.address()).connect().await;
    let request = format!(
        "POST /api/license HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {session}\r\n\
         Content-Type: application/jwt\r\nContent-Length: {}\r\n\r\n{token}",
        process.address(),
        token.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // Finer than the runtime's timer.
    std::thread::sleep(moment);
    process.kill().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[tokio::test]
async fn case_51_after_kill_9_at_any_moment_it_is_exactly_the_old_or_exactly_the_new_license() {
    let polygent = Polygent::start().await;
    let body = json!({"email": license_tests::ADMINISTRATOR, "password": license_tests::PASSWORD});
    let answer = polygent.client().post_json("/api/auth/sign-in", &body).await;
    let session = answer.json()["token"].as_str().unwrap().to_owned();
    let first = now().as_seconds() - 1000;
    let admin = polygent.client().bearer(&session);
    let started = Instant::now();
    admin.upload("/api/license", token(&polygent.vendor, 0, first)).await.is(200);
    // Long enough for an upload to be answered, on a slow machine too.
    let (least, most) = (Duration::from_millis(20), Duration::from_millis(100));
    let longest = (started.elapsed() * 3).clamp(least, most);
    // What every one of them looks like, apart from its number.
    let pattern = status(&admin).await;
    let (vendor, directory, mut process) = polygent.into_parts();
    let (mut in_force, mut kept, mut replaced, mut answered) = (0, 0, 0, 0);
    for number in 1..=KILLS {
        // All moments, the earlier ones more often.
        let place = u32::try_from(number * 79 % KILLS).unwrap();
        let moment = longest * (place * place) / u32::try_from(KILLS * KILLS).unwrap();
        let token = token(&vendor, number, first);
        let success = upload_and_kill(process, &session, &token, moment).await;
        process = again(directory.path()).start().await;
        let log = process.log();
        assert!(!log.contains("unreadable") && !log.contains("does not verify"), "{log}");
        let admin = Client::new(process.address()).bearer(&session);
        let status = status(&admin).await;
        if status["license"]["id"] == format!("lic_{number:03}") {
            in_force = number;
            replaced += 1;
        } else {
            kept += 1;
        }
        // Success was only said of what the disk has.
        assert!(!success || in_force == number, "{number} was answered 200 and is gone");
        answered += u64::from(success);
        assert_eq!(status, expected(&pattern, in_force, first), "after {number} kills");
        // The audit history is of one piece with it.
        let audit = admin.get("/api/license/audit?limit=1").await.json();
        assert_eq!(audit[0]["license_id"], format!("lic_{in_force:03}"), "{audit}");
        assert_eq!(audit[0]["outcome"], "installed", "{audit}");
    }
    println!("of {KILLS} kills {kept} kept the old license, {replaced} the new one");
    println!("({answered} had been answered before the kill)");
    assert!(kept >= 10 && replaced >= 10, "{kept} {replaced}");
    process.terminate().await;
    drop(directory);
}

/// The status with another license of this file in force.
fn expected(pattern: &Value, number: u64, first: i64) -> Value {
    let mut status = pattern.clone();
    let at = |days: i64| {
        let issued_at = first + i64::try_from(number).unwrap();
        Timestamp::from_seconds(issued_at + days * 86_400)
    };
    let license = &mut status["license"];
    license["id"] = format!("lic_{number:03}").into();
    license["limits"]["users"]["max"] = (5 + number).into();
    license["issued_at"] = at(0).to_string().into();
    license["expires_at"] = at(365).to_string().into();
    license["grace_ends_at"] = at(365).to_string().into();
    for transition in status["timeline"].as_array_mut().unwrap() {
        let days = if transition["phase"] == "expiring" { 335 } else { 365 };
        transition["at"] = at(days).to_string().into();
    }
    status
}

#[tokio::test]
async fn case_52_a_full_disk_is_503_and_the_old_license_intact() {
    let Some(disk) = SmallDisk::new("4m") else { return };
    let vendor = vendor();
    let process = Polygent::command(&vendor, disk.path()).start().await;
    let body = json!({"email": license_tests::ADMINISTRATOR, "password": license_tests::PASSWORD});
    let answer = Client::new(process.address()).post_json("/api/auth/sign-in", &body).await;
    let session = answer.json()["token"].as_str().unwrap().to_owned();
    let admin = Client::new(process.address()).bearer(&session);
    let first = now().as_seconds() - 1000;
    admin.upload("/api/license", token(&vendor, 1, first)).await.is(200);
    let before = status(&admin).await;

    disk.fill();
    for number in 2..=4 {
        let answer = admin.upload("/api/license", token(&vendor, number, first)).await;
        answer.refused(503, "store_unavailable");
        let mut full = status(&admin).await;
        let warnings = std::mem::take(&mut full["warnings"]);
        assert!(warnings.to_string().contains("store_unavailable"), "{warnings}");
        full["warnings"] = before["warnings"].clone();
        assert_eq!(full, before);
        admin.get("/api/workflows").await.is(200);
        admin.get("/api/planner").await.refused(403, "feature_not_licensed");
        admin.http2().get("/api/auth/me").await.is(200);
        admin.send(Method::GET, "/healthz", "").await.is(200);
    }
    // A forgery is told from a license all the same.
    admin.upload("/api/license", "..").await.refused(400, "token_malformed");
    // What is on the disk is still the old license: after a crash, too.
    process.kill().await;
    disk.free();
    let process = again(disk.path()).start().await;
    let admin = Client::new(process.address()).bearer(&session);
    assert_eq!(status(&admin).await, before);

    disk.fill();
    let answer = admin.upload("/api/license", token(&vendor, 5, first)).await;
    answer.refused(503, "store_unavailable");
    disk.free();
    let answer = admin.upload("/api/license", token(&vendor, 6, first)).await;
    answer.is(200);
    assert_eq!(answer.json(), status(&admin).await);
    assert_eq!(answer.json()["license"]["id"], "lic_006");
    assert_eq!(answer.json()["warnings"], before["warnings"]);
    process.terminate().await;
    let process = again(disk.path()).start().await;
    let admin = Client::new(process.address()).bearer(&session);
    assert_eq!(status(&admin).await, answer.json());
    process.terminate().await;
}
