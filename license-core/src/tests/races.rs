//! The handle between threads: what is published is seen, and nothing is lost.
//!
//! Each test repeats a race. Run by Miri (`scripts/miri`) it is another
//! interleaving for each seed, data races and weak memory included; run as a
//! test it is as many as a machine happens to make. A lost wake-up is a
//! deadlock there, and a test that does not end here.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::tokens::encode;
use crate::{
    DenialCode, Licensing, Phase, PublicKey, Warning, WarningLevel,
    licensing::AskedFeature,
    product::Product,
    testing::{ManualClock, START},
    verify::{Keyring, VerifiedLicense, Verifier},
};

const DAY: u64 = 86_400;
const ROUNDS: usize = if cfg!(miri) { 1 } else { 200 };

fn product() -> Product {
    Product::builder("test", "https://vendor.example", "test").build().unwrap()
}

/// A handle that verifies nothing: signatures would take most of the time.
fn handle() -> (Licensing, Arc<ManualClock>) {
    let key = b"-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";
    let keyring = Keyring::builder("https://vendor.example", "test");
    let keyring = keyring.key(PublicKey::pem(key).unwrap()).build().unwrap();
    let clock = Arc::new(ManualClock::new());
    (Licensing::with_clock(Verifier::untested(product(), keyring), clock.clone()), clock)
}

/// A license as if it had been verified.
fn license(feature: &str, days: u64) -> VerifiedLicense {
    let claims = json!({
        "iss": "https://vendor.example", "aud": "test", "jti": feature,
        "iat": START.as_seconds(), "exp": START.saturating_add(seconds(days * DAY)).as_seconds(),
        "customer": {"id": "c", "name": "n"}, "plan": "p", "features": [feature], "limits": {},
    });
    let text = format!("{}.{}.", encode(r#"{"alg":"EdDSA"}"#), encode(claims.to_string()));
    let token: crate::Token = text.parse().unwrap();
    let claims: Map<String, Value> = token.dangerous_unverified_claims().unwrap();
    let license = Verifier::check_claims(&product(), &claims).unwrap();
    VerifiedLicense { license, digest: token.digest(), token }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits for a future as a thread of its own would.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_subscriber_wakes_for_the_last_of_several_changes() {
    let (one, two) = (license("one", 30), license("two", 30));
    for _ in 0..ROUNDS {
        let (licensing, _clock) = handle();
        let mut subscription = licensing.subscribe();
        let installer = licensing.clone();
        thread::scope(|scope| {
            scope.spawn(|| {
                installer.install_in_memory(&one);
                installer.install_in_memory(&two);
            });
            while !licensing.allows_feature("two") {
                wait(subscription.changed());
            }
        });
    }
}

#[test]
fn whoever_knows_that_a_license_is_installed_sees_it() {
    let (one, two) = (license("one", 30), license("two", 30));
    for _ in 0..ROUNDS {
        let (licensing, _clock) = handle();
        licensing.install_in_memory(&one);
        let installed = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                licensing.install_in_memory(&two);
                installed.store(true, Ordering::Release);
            });
            for _ in 0..4 {
                let known = installed.load(Ordering::Acquire);
                let (new, old) = (licensing.allows_feature("two"), licensing.allows_feature("one"));
                assert!(!known || (new && !old));
                // Looked at in this order, one of them was in force.
                assert!(new || old || licensing.allows_feature("two"));
            }
        });
        assert!(licensing.allows_feature("two"));
    }
}

#[test]
fn a_look_at_the_clock_never_undoes_an_installation() {
    let (short, long) = (license("short", 1), license("long", 300));
    for _ in 0..ROUNDS {
        let (licensing, clock) = handle();
        licensing.install_in_memory(&short);
        let before = licensing.revision();
        thread::scope(|scope| {
            scope.spawn(|| licensing.install_in_memory(&long));
            scope.spawn(|| {
                // The short one has ended: looking publishes that.
                clock.set(START.saturating_add(seconds(2 * DAY)));
                let _ = licensing.check_service();
                let _ = licensing.control().refresh();
            });
        });
        assert_eq!(licensing.phase(), Phase::Active);
        assert!(licensing.allows_feature("long"));
        let after = licensing.revision();
        assert!((before + 1..=before + 3).contains(&after), "{before} to {after}");
    }
}

#[test]
fn a_feature_that_was_granted_in_one_state_is_not_in_another() {
    let (with, without) = (license("sso", 30), license("audit", 30));
    for _ in 0..ROUNDS {
        let (licensing, _clock) = handle();
        licensing.install_in_memory(&with);
        let asked = AskedFeature::new("sso");
        let withdrawn = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(
                    licensing.control().grants_fast(&asked) || !licensing.allows_feature("sso")
                );
                licensing.install_in_memory(&without);
                withdrawn.store(true, Ordering::Release);
            });
            for _ in 0..4 {
                let known = withdrawn.load(Ordering::Acquire);
                let granted = licensing.control().grants_fast(&asked);
                assert!(!known || !granted);
            }
        });
        assert!(!licensing.control().grants_fast(&asked));
        licensing.install_in_memory(&with);
        assert!(licensing.control().grants_fast(&asked));
    }
}

#[test]
fn of_two_reports_at_once_the_hint_tells_what_the_warnings_tell() {
    let valid = license("sso", 300);
    let warning = || Warning::new("store_unavailable", WarningLevel::Warning, "It cannot be read.");
    for _ in 0..ROUNDS {
        let (licensing, _clock) = handle();
        licensing.install_in_memory(&valid);
        thread::scope(|scope| {
            scope.spawn(|| licensing.control().report_warnings(vec![warning()]));
            scope.spawn(|| licensing.control().report_used(BTreeMap::new()));
        });
        assert!(licensing.control().warns());
        thread::scope(|scope| {
            scope.spawn(|| licensing.control().report_warnings(Vec::new()));
            scope.spawn(|| licensing.control().report_used(BTreeMap::new()));
        });
        assert!(!licensing.control().warns());
        assert_eq!(licensing.warnings(|_| None), []);
    }
}

#[test]
fn a_gate_that_waits_is_opened_by_an_installation() {
    let valid = license("sso", 30);
    for _ in 0..ROUNDS {
        let (licensing, _clock) = handle();
        let mut gate = licensing.gate();
        let installer = licensing.clone();
        thread::scope(|scope| {
            scope.spawn(|| installer.install_in_memory(&valid));
            wait(gate.opened());
        });
        let denied = licensing.check_service().map_err(|denial| denial.code());
        assert_ne!(denied, Err(DenialCode::LicenseMissing));
    }
}
