//! The product's own log lines, each once for each change; in a process of
//! its own, for the whole process has one log.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sources/place.rs"]
mod place;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "manager/support.rs"]
mod support;

use std::{
    fs, io, mem,
    sync::{Arc, Mutex},
};

use license_core::{Product, testing::Vendor};
use license_runtime::Source;

use crate::{
    place::Place,
    support::{DAY, day, install},
};

const PRODUCT: &str = r#"
name = "test"
issuer = "https://vendor.example"
audience = "test"

[policy]
warn = "30d"
grace = "14d"
lapsed = "read-only"

[[messages]]
on = "installed"
level = "info"
text = "License validated successfully: {customer} ({Plan})"

[[messages]]
on = "file_missing"
level = "error"
text = "License file not found at {path}"

[[messages]]
on = "signature_invalid"
level = "error"
text = "License signature verification failed"

[[messages]]
on = "expiring"
level = "warn"
text = "License expires soon"

[[messages]]
on = "grace"
level = "warn"
text = "License expired on {last_day}. Grace period ends {grace_last_day}."

[[messages]]
on = "lapsed"
level = "error"
text = "License expired on {last_day}. Grace period ended {grace_last_day}."
"#;

/// Collects what is logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything since the last call.
    fn text(&self) -> String {
        String::from_utf8(mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// The product's own lines, with their levels.
    fn lines(&self) -> Vec<String> {
        let text = self.text();
        assert!(!text.contains("eyJ"), "a token is in:\n{text}");
        let lines = text.lines().filter_map(|line| {
            let (level, text) = line.split_once(" license: ")?;
            Some(format!("{} {text}", level.trim()))
        });
        lines.collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const VALIDATED: &str = "INFO License validated successfully: Test Customer (Enterprise)";
const FAILED: &str = "ERROR License signature verification failed";

#[tokio::test]
async fn every_change_is_told_once_in_the_products_words() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let product = Product::from_toml(PRODUCT).unwrap();
    let place = Place::of(Vendor::of(product));
    let file = || [Source::file(place.file())];
    let missing = format!("ERROR License file not found at {}", place.file().display());

    // No file at the first start, then one that is there, then another.
    let manager = place.start_by_hand(file()).await;
    manager.tick_once().await;
    manager.tick_once().await;
    assert_eq!(log.lines(), [&*missing]);
    fs::write(place.file(), place.vendor.license().id("one").days(40).sign().as_str()).unwrap();
    manager.tick_once().await;
    manager.tick_once().await;
    assert_eq!(log.lines(), [VALIDATED]);
    let two = place.vendor.license().id("two").days(40).sign();
    fs::write(place.file(), two.as_str()).unwrap();
    manager.tick_once().await;
    assert_eq!(log.lines(), [VALIDATED]);

    // One with another's signature; an upload that gives way; no file.
    let (_, signature) = two.as_str().rsplit_once('.').unwrap();
    let forged = place.token("three");
    let (text, _) = forged.as_str().rsplit_once('.').unwrap();
    fs::write(place.file(), format!("{text}.{signature}")).unwrap();
    for _ in 0..3 {
        manager.tick_once().await;
    }
    assert_eq!(log.lines(), [FAILED]);
    fs::write(place.file(), two.as_str()).unwrap();
    manager.tick_once().await;
    install(&manager, place.token("four").as_str().as_bytes()).await.unwrap();
    assert_eq!(log.lines(), [""; 0]);
    fs::remove_file(place.file()).unwrap();
    for _ in 0..3 {
        manager.tick_once().await;
    }
    assert_eq!(log.lines(), [&*missing]);

    // The phases, as they are reached.
    place.clock.advance(DAY * 20);
    manager.tick_once().await;
    manager.tick_once().await;
    assert_eq!(log.lines(), ["WARN License expires soon"]);
    place.clock.advance(DAY * 20);
    manager.tick_once().await;
    let grace = "WARN License expired on 2026-12-10. Grace period ends 2026-12-24.";
    assert_eq!(log.lines(), [grace]);

    // A restart tells how it stands, and that the file is missing.
    manager.shutdown().await;
    let manager = place.start_by_hand(file()).await;
    assert_eq!(log.lines(), [&*missing, VALIDATED, grace]);
    place.clock.advance(DAY * 14);
    manager.tick_once().await;
    let lapsed = "ERROR License expired on 2026-12-10. Grace period ended 2026-12-24.";
    assert_eq!(log.lines(), [lapsed]);

    // What hides another, and what gives way, is told once.
    let literal = Source::literal("--license-key", place.token("literal").as_str());
    place.write("hidden");
    let manager = place.start_by_hand([literal, Source::file(place.file())]).await;
    let newer = place.vendor.license().id("newer").issued_at(day(54)).sign();
    for _ in 0..2 {
        install(&manager, newer.as_str().as_bytes()).await.unwrap();
        manager.tick_once().await;
    }
    let text = log.text();
    for once in ["--license-key decides and hides", "--license-key decides, and its license"] {
        assert_eq!(text.matches(once).count(), 1, "{once}:\n{text}");
    }
}
