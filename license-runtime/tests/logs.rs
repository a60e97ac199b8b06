//! What is logged, in a process of its own: which events are of interest is
//! remembered for the whole process, and other threads log too.
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "manager/support.rs"]
mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use license_core::testing::Vendor;

use crate::support::{DAY, MACHINE, Service, day, set};

/// Collects what is logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_and_no_name_is_in_any_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut service = Service::new().await;
    let good = service.vendor.license().id("lic_secret").domain("*.secret.example").sign();
    let next = service.vendor.license().id("lic_hidden").not_before(day(1)).sign();
    let forged = Vendor::new().license().sign();
    service.install(&good).await.unwrap();
    service.install(&next).await.unwrap();
    service.refusal(&forged).await;
    set(&service.store.full, true);
    service.refusal(&good).await;
    set(&service.store.full, false);
    service.clock.advance(DAY);
    service.manager.tick_once().await;
    service.restart().await;
    service.manager.shutdown().await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let expected = ["installed", "scheduled", "took_over", "key_unknown", "disk full"];
    for expected in expected.into_iter().chain(["the machine identity was read scheme=custom"]) {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    let parts = [&good, &next, &forged].map(|token| token.as_str().split('.').nth(1).unwrap());
    let names = ["admin@", "192.0.2.7", "Test Customer", "secret.example", "lic_", MACHINE];
    for secret in parts.into_iter().chain(names) {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
}
