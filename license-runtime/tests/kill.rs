//! A process that is killed in the middle of using up a quota: what was
//! acknowledged is counted, and nothing else but what was under way.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use license_core::{
    Actor, Installer,
    licensing::InstallRequest,
    testing::{START, Vendor, licensing},
    time::Month,
};
use license_runtime::{LicenseManager, SqliteStore, Store};

/// Where the process that is going to be killed finds its store.
const STORE: &str = "LICENSE_RUNTIME_KILL_STORE";
/// How many use up at the same time.
const TASKS: u64 = 4;
const ROUNDS: u64 = 25;

/// Uses up until it is killed, and says so for each that was acknowledged. As
/// a test of its own it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process() {
    let Some(path) = env::var_os(STORE) else { return };
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let store = SqliteStore::open(path).await.unwrap();
    let manager = LicenseManager::builder(licensing).store(store).start().await.unwrap();
    let token = vendor.license().limit("decisions", None::<u64>).sign();
    let request = InstallRequest::new(Actor::new("test", None));
    manager.install(token.as_str().as_bytes(), request).await.unwrap();
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(use_up(manager.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn use_up(manager: LicenseManager) {
    let quota = manager.quota("decisions");
    loop {
        quota.consume(1).await.unwrap();
        std::io::stderr().write_all(b"used\n").unwrap();
    }
}

/// Starts the process and kills it after so many uses. Returns how many were
/// acknowledged in all.
fn kill_after(uses: u64, path: &Path) -> u64 {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "process", "--nocapture"])
        .env(STORE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    for line in BufReader::new(process.stderr.take().unwrap()).lines() {
        assert_eq!(line.unwrap(), "used");
        acknowledged += 1;
        if acknowledged == uses {
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    acknowledged
}

#[tokio::test]
async fn after_kill_9_what_was_acknowledged_is_used_and_nothing_but_what_was_under_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("license.db");
    let mut used = 0;
    for round in 0..ROUNDS {
        // From the first use to several blocks later.
        let acknowledged = kill_after(1 + round * round * 7, &path);
        let store = SqliteStore::open(&path).await.unwrap();
        let now = store.quota_taken("decisions", Month::of(START)).await.unwrap();
        store.close().await;
        let counted = now - used;
        assert!(
            (acknowledged..=acknowledged + TASKS).contains(&counted),
            "round {round}: {acknowledged} were acknowledged, {counted} are counted"
        );
        used = now;
    }
    assert!(used > 10_000, "{used}");
}
