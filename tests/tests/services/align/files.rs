//! `align`: a license file that is replaced while the service runs, in every
//! way in which files are, and under load.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::Timestamp;
use license_tests::{
    Client, Service,
    align::{self, License, forged, in_force, in_force_within, license_file, licensed, put},
    at, move_clock, now,
};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};

/// A mounted secret, as the kubelet lays it out: `license.jwt` is a link to
/// `..data/license.jwt`, and `..data` one to a directory of that moment.
struct Mount {
    directory: PathBuf,
    generation: u32,
}

impl Mount {
    fn new(directory: &Path, text: &str) -> Self {
        let directory = license_file(directory).parent().unwrap().to_owned();
        fs::create_dir_all(&directory).unwrap();
        let mut mount = Self { directory, generation: 0 };
        mount.swap(text);
        symlink("..data/license.jwt", mount.directory.join("license.jwt")).unwrap();
        mount
    }

    /// Swaps everything at once, as the kubelet's atomic writer does.
    fn swap(&mut self, text: &str) {
        let before = fs::read_link(self.directory.join("..data")).ok();
        self.generation += 1;
        let now = format!("..2026_06_01_00_00_{:02}.{:010}", self.generation % 60, self.generation);
        fs::create_dir(self.directory.join(&now)).unwrap();
        fs::write(self.directory.join(&now).join("license.jwt"), text).unwrap();
        symlink(&now, self.directory.join("..data_tmp")).unwrap();
        fs::rename(self.directory.join("..data_tmp"), self.directory.join("..data")).unwrap();
        if let Some(before) = before {
            fs::remove_dir_all(self.directory.join(before)).unwrap();
        }
    }
}

/// Clients that ask without a pause, and look at every answer.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

const DAY: Duration = Duration::from_secs(86_400);

const FEATURES: [&str; 2] = ["sso", "auditLog"];

impl Load {
    /// Four clients, each of which sees exactly one license at a time: one of
    /// those that grant one of `FEATURES`.
    async fn start(align: &Service) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let admin = align.admin().await;
        let streams = admin.streams().await;
        let mut clients = Vec::new();
        for number in 0..4 {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let (admin, streams) = (admin.clone(), streams.clone());
            clients.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    match number {
                        0 => {
                            sees_one_license(&streams.get("/api/auth/me").await.json()["features"])
                        }
                        1 => {
                            let status = streams.get("/api/license").await;
                            status.is(200);
                            let status = status.json();
                            assert_eq!(status["restricted"], false, "{status}");
                            sees_one_license(&status["license"]["features"]);
                        }
                        2 => streams.get("/api/users").await.is(200),
                        _ => decides(&admin).await,
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
        Self { stop, answered, clients }
    }

    /// Stops the clients; none of them has found fault. Says how many answers
    /// there were.
    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
        self.answered.load(Ordering::SeqCst)
    }
}

/// A new connection for each change.
async fn decides(admin: &Client) {
    admin.post_json("/api/decisions", &json!({})).await.is(201);
    sleep(Duration::from_millis(20)).await;
}

#[track_caller]
fn sees_one_license(features: &Value) {
    let either = FEATURES.iter().any(|feature| *features == json!([feature]));
    assert!(either, "neither license: {features}");
}

/// The license of this number; every one differs from the one before.
fn numbered(number: usize) -> License {
    align::license().id(&format!("lic_{number}")).features([FEATURES[number % 2]])
}

#[tokio::test]
async fn a_file_that_is_renamed_over_the_old_one_is_in_force_within_two_seconds() {
    let align = licensed(numbered(0)).await;
    let admin = align.admin().await;
    for number in 1..10 {
        numbered(number).put(align.directory());
        in_force(&admin, &format!("lic_{number}")).await;
    }
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_in_force_within_two_seconds() {
    let align = licensed(numbered(0)).await;
    let admin = align.admin().await;
    for number in 1..10 {
        fs::write(license_file(align.directory()), numbered(number).sign()).unwrap();
        in_force(&admin, &format!("lic_{number}")).await;
    }
}

#[tokio::test]
async fn a_file_that_is_written_in_pieces_keeps_the_old_license_until_it_is_whole() {
    use std::io::Write;
    let align = licensed(numbered(0)).await;
    let admin = align.admin().await;
    let token = numbered(1).sign();
    let mut file = fs::File::create(license_file(align.directory())).unwrap();
    for piece in token.as_bytes().chunks(token.len() / 8 + 1) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        sees_one_license(&admin.get("/api/auth/me").await.json()["features"]);
        sleep(Duration::from_millis(150)).await;
    }
    in_force(&admin, "lic_1").await;
    assert!(!align.lines().iter().any(|line| line.starts_with("INFO") && line.contains("lic")));
}

#[tokio::test]
async fn a_mounted_secret_that_is_swapped_is_in_force_within_two_seconds_and_no_request_fails() {
    let text = numbered(0).sign();
    let mut mount = None;
    let prepare = |directory: &Path| mount = Some(Mount::new(directory, &text));
    let align = Service::start(align::command, prepare).await;
    let mut mount = mount.unwrap();
    let admin = align.admin().await;
    in_force(&admin, "lic_0").await;
    let load = Load::start(&align).await;
    for number in 1..=20 {
        mount.swap(&numbered(number).sign());
        in_force(&admin, &format!("lic_{number}")).await;
    }
    let answered = load.end().await;
    assert!(answered > 100, "{answered} answers");
}

#[tokio::test]
async fn a_thousand_replacements_under_load_fail_no_request_and_the_last_is_in_force() {
    let align = licensed(numbered(0)).await;
    let admin = align.admin().await;
    // Signing takes longer than replacing.
    let tokens: Vec<_> = (0..40).map(|number| numbered(number).sign()).collect();
    let load = Load::start(&align).await;
    for number in 1..1000 {
        let token = &tokens[number % tokens.len()];
        match number % 3 {
            0 => fs::write(license_file(align.directory()), token).unwrap(),
            _ => put(align.directory(), token),
        }
        sleep(Duration::from_millis(5)).await;
    }
    numbered(1000).put(align.directory());
    // The load goes on, and may have both cores.
    in_force_within(&admin, "lic_1000", Duration::from_secs(20)).await;
    let answered = load.end().await;
    println!("{answered} answers during 1,000 replacements");
    assert!(answered > 1000, "{answered} answers");
    admin.get("/api/sso").await.is(200);
    // What is in force is what is kept.
    let align = align
        .restart_with(|directory| fs::remove_file(license_file(directory)).unwrap(), |it, _| it)
        .await;
    in_force(&align.admin().await, "lic_1000").await;
}

#[tokio::test]
async fn a_bad_or_vanished_file_keeps_the_old_license_and_is_told_once() {
    let align = licensed(numbered(0)).await;
    let admin = align.admin().await;
    let told = |what: &str| align.lines().iter().filter(|line| line.contains(what)).count();
    fs::remove_file(license_file(align.directory())).unwrap();
    align.process().logged("License file not found at").await;
    admin.get("/api/sso").await.is(200);
    let status = admin.get("/api/license").await.json();
    assert_eq!(status["license"]["id"], "lic_0");
    assert!(status["warnings"].to_string().contains("license.jwt"), "{status}");
    let forged = forged(&numbered(1));
    put(align.directory(), &forged);
    align.process().logged("License signature verification failed").await;
    admin.get("/api/sso").await.is(200);
    // Neither time nor requests nor the same once more repeat it.
    put(align.directory(), &forged);
    for _ in 0..30 {
        admin.get("/api/users").await.is(200);
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(told("License file not found at"), 1, "{:?}", align.lines());
    assert_eq!(told("License signature verification failed"), 1, "{:?}", align.lines());
    // A good one clears it.
    numbered(1).put(align.directory());
    in_force(&admin, "lic_1").await;
    let status = admin.get("/api/license").await.json();
    assert_eq!(status["warnings"], json!([]), "{status}");
}

#[tokio::test]
async fn a_license_that_starts_later_waits_and_takes_over_by_itself() {
    let current = align::license().features(["sso"]).term(at("2026-01-01"), at("2026-07-01"));
    let align = align::licensed_at(at("2026-06-01"), current).await;
    let admin = align.admin().await;
    let next = align::license().id("next").features(["auditLog"]);
    let next = next.term(at("2026-05-01"), at("2027-07-01"));
    let nbf = at("2026-06-15").as_seconds();
    next.claim("/nbf", nbf).put(align.directory());
    let waiting = tokio::time::timeout(Duration::from_secs(2), async {
        while admin.get("/api/license").await.json()["next"]["id"] != "next" {
            sleep(Duration::from_millis(10)).await;
        }
    });
    waiting.await.expect("it waits within two seconds");
    admin.get("/api/sso").await.is(200);
    admin.get("/api/audit-log").await.refused(403, "feature_not_licensed");
    // Over a restart, too, the file gone or not.
    let align = align.restart().await;
    let admin = align.admin().await;
    admin.get("/api/sso").await.is(200);
    align.move_clock(at("2026-06-15"));
    let admin = {
        admin.get("/api/license").await.is(200);
        align.admin().await
    };
    admin.get("/api/sso").await.refused(403, "feature_not_licensed");
    admin.get("/api/audit-log").await.is(200);
    let status = admin.get("/api/license").await.json();
    assert_eq!((&status["license"]["id"], &status["next"]), (&json!("next"), &Value::Null));
    align.process().logged("License expires: 2027-06-30").await;
}

#[tokio::test]
async fn case_59_a_clock_that_once_ran_ahead_is_cured_by_the_license_file_once() {
    let align = align::licensed_at(now(), align::license()).await;
    let directory = &align.directory().to_owned();
    let machine_info = "/api/license/machine-info";
    align.admin().await.get("/api/users").await.is(200);
    move_clock(directory, now().saturating_add(400 * DAY));
    align.admin().await.get("/api/users").await.is(200);
    move_clock(directory, now());
    let admin = align.admin().await;
    let refused = admin.get("/api/users").await;
    refused.refused(503, "clock_rolled_back");
    let remedy = refused.json()["remedy"].as_str().unwrap().to_owned();
    assert!(remedy.contains("replace the license file"), "{remedy}");
    assert!(!remedy.contains("install"), "{remedy}");
    align.client().get(machine_info).await.refused(401, "unauthenticated");
    let info = admin.get(machine_info).await;
    info.is(200);
    let info = info.json();
    assert_eq!(info["latched"], true);
    let mark: Timestamp = serde_json::from_value(info["clock_mark"].clone()).unwrap();
    let cure = align::license().id("cure").claim("/clock_reset_from", mark.as_seconds());
    let cure = cure.claim("/clock_reset_for", info["nonce"].clone()).sign();
    put(directory, &cure);
    in_force(&admin, "cure").await;
    admin.get("/api/users").await.is(200);

    // Half a year later, and the clock is turned back to now.
    move_clock(directory, now().saturating_add(180 * DAY));
    align.admin().await.get("/api/users").await.is(200);
    move_clock(directory, now());
    put(directory, &align::license().id("other").sign());
    sleep(Duration::from_secs(2)).await;
    put(directory, &cure);
    let align = align.restart().await;
    let admin = align.admin().await;
    admin.get("/api/users").await.refused(503, "clock_rolled_back");
    assert_eq!(admin.get(machine_info).await.json()["nonce"], info["nonce"]);
}
