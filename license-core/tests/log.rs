//! What is logged, in a process of its own: which events are of interest is
//! remembered for the whole process.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use license_core::{
    InstallErrorKind, Policy, Product, RequestHost, Restriction,
    license::LimitKind,
    policy::Rule,
    product::{LogLevel, LogLine, Message},
    testing::{Vendor, licensing},
};

/// Text that is written to it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What was written since the last call, without times.
    fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(text).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_and_denials_are_events_of_their_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    // The product's own lines.
    let vendor = Vendor::of(
        Product::builder("test", "https://vendor.example", "test")
            .policy(Policy::new().shadow(Rule::Everything))
            .message(Message::new("installed", LogLevel::Info, "for {customer}"))
            .message(Message::new("lapsed", LogLevel::Warn, "over {last_day}"))
            .message(Message::new("signature_invalid", LogLevel::Error, "forged"))
            .build()
            .unwrap(),
    );
    let (licensing, clock) = licensing(&vendor);
    let mut announcer = licensing.control().announcer();
    vendor.license().days(1).install(&licensing);
    announcer.due().iter().for_each(LogLine::log);
    assert_eq!(log.take(), ["INFO license: for Test Customer"]);
    clock.advance(Duration::from_secs(86_400));
    announcer.due().iter().for_each(LogLine::log);
    assert_eq!(log.take(), ["WARN license: over 2026-11-01"]);
    let failed = licensing.control().source_failed(InstallErrorKind::SignatureInvalid, "/a");
    failed.iter().for_each(LogLine::log);
    assert_eq!(log.take(), ["ERROR license: forged"]);

    // A rule in shadow, and a denial.
    let passes = || licensing.check_request(|| false, || RequestHost::new(None, []));
    for _ in 0..5 {
        assert!(passes().is_ok());
    }
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("would have been denied"), "{lines:?}");
    assert!(lines[0].contains("code=\"license_expired\"") && lines[0].contains("count=1"));
    clock.advance(Duration::from_secs(10));
    assert!(passes().is_ok());
    assert!(log.take()[0].contains("count=5"));
    licensing.control().record(&licensing.check_feature("sso").unwrap_err());
    let lines = log.take();
    assert!(lines[0].contains("request denied") && lines[0].contains("feature_not_licensed"));

    // What a denial rests on: both times, and the host with the pattern. The
    // client is told neither.
    let vendor = Vendor::new();
    let (licensing, clock) = license_core::testing::licensing(&vendor);
    vendor.license().days(1).domain("*.acme.internal").install(&licensing);
    let by = |host: &'static [u8]| {
        let host = || RequestHost::new(None, [host]);
        let denial = licensing.check_request(|| false, host).unwrap_err();
        licensing.control().record(&denial);
        denial.problem().to_json()
    };
    let told = by(b"backend:3000");
    assert!(!told.contains("backend") && !told.contains("acme"), "{told}");
    let lines = log.take();
    for part in ["domain_mismatch", "`backend:3000`", "`*.acme.internal`", "proxy"] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
    by(b"a b");
    let lines = log.take();
    assert!(lines[0].contains("host is malformed") && !lines[0].contains("a b"), "{lines:?}");
    clock.advance(Duration::from_secs(2 * 86_400));
    by(b"api.acme.internal");
    let lines = log.take();
    for part in ["license_expired", "ended at 2026-11-02T", "it is 2026-11-03T"] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }

    // The end of the license, where a denial rests on that, and nowhere else.
    for (restriction, code) in
        [(Restriction::Features, "feature_lapsed"), (Restriction::ReadOnly, "read_only")]
    {
        let product = Product::builder("test", "https://vendor.example", "test")
            .policy(Policy::new().lapsed(restriction))
            .feature("sso", "Single sign-on")
            .limit("users", LimitKind::Seats);
        let vendor = Vendor::of(product.build().unwrap());
        let (licensing, clock) = license_core::testing::licensing(&vendor);
        vendor.license().days(1).features(["sso"]).limit("users", 5).install(&licensing);
        clock.advance(Duration::from_secs(2 * 86_400));
        let change = || licensing.check_request(|| true, || RequestHost::new(None, []));
        let lapsed = licensing.check_feature("sso").and_then(|()| change()).unwrap_err();
        let told = |denial| {
            licensing.control().record(&denial);
            log.take().remove(0)
        };
        let line = told(lapsed);
        assert!(line.contains(code) && line.contains("ended at 2026-11-02T"), "{line}");
        let line = told(licensing.check_limit("users", 5, 1).unwrap_err());
        assert!(line.contains("limit_reached") && !line.contains("ended at"), "{line}");
        // A name that no license would ever grant.
        let line = told(licensing.check_feature("ss0").unwrap_err());
        assert!(line.contains("feature_not_licensed") && line.contains("mean `sso`?"), "{line}");
    }
}
