//! The figures, as a recorder of the `metrics` facade sees them.
#![allow(clippy::unwrap_used, reason = "a test that is set up wrongly should stop")]

use std::time::Duration;

use license_core::{
    Actor, Installer,
    licensing::InstallRequest,
    testing::{START, Vendor, licensing},
};
use license_runtime::{LicenseManager, MemoryStore};
use metrics_exporter_prometheus::PrometheusBuilder;

const DAY: Duration = Duration::from_secs(86_400);

/// Runs something on one thread, and returns the figures at its end.
fn figures(work: impl AsyncFnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(work()));
    recorder.handle().render()
}

#[track_caller]
fn assert_figures(text: &str, expected: &[&str]) {
    for line in expected {
        assert!(text.lines().any(|it| it == *line), "{line} is not in:\n{text}");
    }
}

#[test]
fn a_service_tells_its_phase_its_limits_and_what_it_denied() {
    let text = figures(async || {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        let manager = LicenseManager::builder(licensing.clone())
            .store(MemoryStore::new())
            .usage(async || [("users".to_owned(), 7)].into())
            .manual_ticks()
            .start()
            .await
            .unwrap();
        let request = || InstallRequest::new(Actor::new("admin@example.com", None));
        for _ in 0..2 {
            licensing.control().record(&licensing.check_service().unwrap_err());
        }
        let forged = Vendor::new().license().sign();
        manager.install(forged.as_str().as_bytes(), request()).await.unwrap_err();
        let token = vendor.license().limit("users", 9).limit("hosts", None::<u64>).days(30).sign();
        for _ in 0..2 {
            manager.install(token.as_str().as_bytes(), request()).await.unwrap();
        }
        clock.set(START.saturating_add(29 * DAY));
        manager.publish_metrics().await;
    });
    let ends = START.saturating_add(30 * DAY).as_seconds();
    assert_figures(
        &text,
        &[
            &format!("license_expires_timestamp_seconds {ends}"),
            "license_phase{phase=\"expiring\"} 1",
            "license_phase{phase=\"active\"} 0",
            "license_phase{phase=\"unlicensed\"} 0",
            "license_denials_total{code=\"license_missing\"} 2",
            "license_installs_total{outcome=\"refused:key_unknown\"} 1",
            "license_installs_total{outcome=\"installed\"} 1",
            "license_installs_total{outcome=\"unchanged\"} 1",
            "license_limit_max{limit=\"users\"} 9",
            "license_limit_max{limit=\"hosts\"} inf",
            "license_limit_used{limit=\"users\"} 7",
        ],
    );
    for secret in ["Test Customer", "admin@"] {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
}

#[test]
fn without_a_license_nothing_ends() {
    let text = figures(async || {
        let (licensing, _clock) = licensing(&Vendor::new());
        let manager = LicenseManager::builder(licensing)
            .store(MemoryStore::new())
            .manual_ticks()
            .start()
            .await
            .unwrap();
        manager.publish_metrics().await;
    });
    assert_figures(
        &text,
        &["license_expires_timestamp_seconds 0", "license_phase{phase=\"unlicensed\"} 1"],
    );
}
