//! Several who open one file: within a process they share it, and another
//! process waits for it or is told.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use license_core::{Actor, Installer, licensing::InstallRequest, testing::Vendor};
use license_runtime::{LicenseManager, SqliteStore, Store, StoreErrorKind};
use tokio::task::JoinSet;

use crate::support::{OLDER, Place, by_hand, install, record, saved};

/// Where another process finds the file, and whether it keeps it.
const FILE: &str = "LICENSE_RUNTIME_OPENERS_FILE";
const KEEPS: &str = "LICENSE_RUNTIME_OPENERS_KEEPS";
const OPENERS: usize = 4;
const ROUNDS: usize = 15;

/// Opens the file, writes, and closes it or waits to be killed. As a test of
/// its own it does nothing.
#[tokio::test]
async fn process() {
    let Some(path) = env::var_os(FILE) else { return };
    let store = SqliteStore::open(path).await.unwrap();
    store.record(record("a process")).await.unwrap();
    std::io::stderr().write_all(b"opened\n").unwrap();
    if env::var_os(KEEPS).is_some() {
        std::future::pending::<()>().await;
    }
    store.close().await;
}

fn start(place: &Place, keeps: bool) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "openers::process", "--nocapture"]).env(FILE, &place.file);
    if keeps {
        command.env(KEEPS, "1");
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn of_processes_that_open_a_new_file_at_once_none_fails() {
    for round in 0..ROUNDS {
        let place = Place::new();
        if round % 3 == 2 {
            // An upgrade.
            place.open().await.close().await;
            by_hand(&place.file, OLDER).await;
        }
        let processes: Vec<Child> = (0..OPENERS).map(|_| start(&place, false)).collect();
        for process in processes {
            let output = process.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "round {round}: {told}");
        }
        let rows = place.open().await.audit(100).await.unwrap();
        assert_eq!(rows.len(), OPENERS, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_openers_in_one_process_none_fails_and_all_see_the_same() {
    for round in 0..ROUNDS {
        let place = Place::new();
        if round % 3 == 2 {
            place.open().await.close().await;
            by_hand(&place.file, OLDER).await;
        }
        let mut opening = JoinSet::new();
        for _ in 0..OPENERS {
            let file = place.file.clone();
            opening.spawn(async move { SqliteStore::open(file).await });
        }
        let opened = opening.join_all().await;
        let stores: Vec<SqliteStore> = opened.into_iter().map(Result::unwrap).collect();
        install(&stores[round % OPENERS], "one").await;
        for (number, store) in stores.iter().enumerate() {
            assert_eq!(store.load().await.unwrap().saved, saved("one"));
            store.close().await;
            let error = store.load().await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{number} is closed");
        }
        assert_eq!(place.open().await.load().await.unwrap().saved, saved("one"));
    }
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_has_ended_however() {
    let place = Place::new();
    let mut first = start(&place, true);
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "opened");
    let error = SqliteStore::open(&place.file).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::InUse);
    assert!(error.to_string().contains("Recreate"), "{error}");
    let waiting = tokio::spawn({
        let file = place.file.clone();
        async move { SqliteStore::open(file).await }
    });
    tokio::task::yield_now().await;
    first.kill().unwrap();
    first.wait().unwrap();
    let store = waiting.await.unwrap().unwrap();
    assert_eq!(store.audit(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn managers_in_one_process_follow_each_other() {
    let place = Place::new();
    let vendor = Vendor::new();
    let mut managers = Vec::new();
    for _ in 0..OPENERS {
        let (licensing, _clock) = license_core::testing::licensing(&vendor);
        let store = Arc::new(place.open().await);
        managers.push(LicenseManager::builder(licensing).store(store).start().await.unwrap());
    }
    for (number, installing) in managers.iter().enumerate() {
        let id = format!("lic_{number}");
        let issued = license_core::testing::START
            .saturating_add(Duration::from_secs(u64::try_from(number).unwrap()));
        let token = vendor.license().id(&id).issued_at(issued).sign();
        let request = InstallRequest::new(Actor::new("test", None));
        installing.install(token.as_str().as_bytes(), request).await.unwrap();
        for manager in &managers {
            let in_force = || {
                let license = manager.licensing().license();
                license.is_some_and(|it| it.license().id() == id)
            };
            let followed = async {
                while !in_force() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), followed).await.unwrap();
        }
    }
    for manager in managers {
        manager.shutdown().await;
    }
}
