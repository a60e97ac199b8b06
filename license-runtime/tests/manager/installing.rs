use std::sync::Arc;

use license_core::{
    Actor, InstallErrorKind, Installer, MachineId, Phase, Product,
    license::LimitKind,
    licensing::InstallRequest,
    testing::{START, Vendor, licensing},
};
use license_runtime::{AuditVerdict, LicenseManager, MachineIdSource, Store};
use rand::seq::SliceRandom;
use tokio::task::JoinSet;

use crate::support::{
    DAY, MACHINE, Probe, Service, assert_same_licenses, day, install, machine, request, set, start,
};

#[tokio::test]
async fn case_49_an_older_license_is_409_and_the_same_again_is_200_and_unchanged() {
    let service = Service::new().await;
    service.clock.advance(DAY);
    let newer = service.vendor.license().id("newer").issued_at(day(1)).sign();
    let older = service.vendor.license().id("older").issued_at(day(0)).sign();
    service.install(&newer).await.unwrap();
    let before = service.store.load().await.unwrap();

    let error = service.install(&older).await.unwrap_err();
    assert_eq!((error.code(), error.kind().status()), ("older_than_installed", 409));
    let status = service.install(&newer).await.unwrap();
    assert_eq!(status.license.unwrap().id, "newer");

    assert_eq!(service.store.load().await.unwrap(), before);
    assert_eq!(service.in_force().as_deref(), Some("newer"));
    assert_eq!(
        service.outcomes().await,
        ["installed", "refused:older_than_installed", "unchanged"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn case_50_of_100_concurrent_uploads_the_newest_is_in_force_and_disk_is_memory() {
    let mut service = Service::new().await;
    service.clock.advance(DAY);
    let mut tokens: Vec<_> = (0..100)
        .map(|number| {
            let issued_at = license_core::Timestamp::from_seconds(START.as_seconds() + number);
            service.vendor.license().id(&number.to_string()).issued_at(issued_at).sign()
        })
        .collect();
    tokens.shuffle(&mut rand::thread_rng());
    let mut uploads = JoinSet::new();
    for token in tokens {
        let manager = service.manager.clone();
        uploads.spawn(async move {
            let result = install(&manager, token.as_str().as_bytes()).await;
            result.err().map(|error| error.kind())
        });
    }
    for refused in uploads.join_all().await.into_iter().flatten() {
        assert_eq!(refused, InstallErrorKind::OlderThanInstalled);
    }

    assert_eq!(service.in_force().as_deref(), Some("99"));
    service.assert_disk_is_memory().await;
    assert_eq!(service.outcomes().await.len(), 100);
    assert_eq!(service.store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 100 });
    service.restart().await;
    assert_eq!(service.in_force().as_deref(), Some("99"));
}

#[tokio::test]
async fn case_52_a_store_that_is_full_is_503_and_the_old_license_stays() {
    let service = Service::new().await;
    let old = service.vendor.license().id("old").sign();
    let new = service.vendor.license().id("new").sign();
    service.install(&old).await.unwrap();
    let (disk, memory) =
        (service.store.load().await.unwrap(), service.licensing().control().saved());

    set(&service.store.full, true);
    let error = service.install(&new).await.unwrap_err();
    assert_eq!((error.code(), error.kind().status()), ("store_unavailable", 503));
    assert!(!error.detail().contains("disk full"), "that is for the log");
    assert_eq!(service.store.load().await.unwrap(), disk);
    assert_eq!(service.licensing().control().saved(), memory);
    assert_eq!(service.refusal(&old).await, "store_unavailable");
    let status = service.manager.status().await;
    assert!(status.warnings.iter().any(|it| it.text.contains("store_unavailable")), "{status:?}");

    set(&service.store.full, false);
    let status = service.install(&new).await.unwrap();
    assert_eq!(status.license.unwrap().id, "new");
    assert_eq!(status.warnings, []);
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn an_installation_whose_answer_was_lost_counts_when_the_store_has_it() {
    let service = Service::new().await;
    set(&service.store.loses_answers, true);
    let token = service.vendor.license().id("kept").sign();
    service.install(&token).await.unwrap();
    assert_eq!(service.in_force().as_deref(), Some("kept"));
    service.assert_disk_is_memory().await;

    set(&service.store.loses_answers, false);
    let next = service.vendor.license().id("after").sign();
    service.install(&next).await.unwrap();
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn a_doubt_about_the_store_is_settled_when_it_is_back() {
    let service = Service::new().await;
    let old = service.vendor.license().id("old").sign();
    service.install(&old).await.unwrap();

    set(&service.store.waits, true);
    set(&service.store.loses_answers, true);
    let token = service.vendor.license().id("kept").sign();
    let upload = tokio::spawn({
        let manager = service.manager.clone();
        async move { install(&manager, token.as_str().as_bytes()).await }
    });
    service.store.entered.acquire().await.unwrap().forget();
    set(&service.store.down, true);
    service.store.permits.add_permits(1);
    let error = upload.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::StoreUnavailable);
    assert_eq!(service.in_force().as_deref(), Some("old"));
    service.manager.tick_once().await;
    assert_eq!(service.in_force().as_deref(), Some("old"), "the store is not back yet");

    set(&service.store.down, false);
    service.manager.tick_once().await;
    assert_eq!(service.in_force().as_deref(), Some("kept"));
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn what_another_instance_installed_is_adopted_and_judges_the_upload() {
    let vendor = Vendor::new();
    let store = Probe::memory();
    let (one, clock) = licensing(&vendor);
    let one = start(one, &store).await;
    let two = license_core::Licensing::with_clock(vendor.verifier(), clock.clone());
    let two = start(two, &store).await;
    clock.advance(DAY);

    let newer = vendor.license().id("newer").issued_at(day(1)).sign();
    let older = vendor.license().id("older").issued_at(day(0)).sign();
    install(&one, newer.as_str().as_bytes()).await.unwrap();
    let error = install(&two, older.as_str().as_bytes()).await.unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::OlderThanInstalled);
    assert_same_licenses(&two.licensing().control().saved(), &one.licensing().control().saved());
    assert_same_licenses(&two.licensing().control().saved(), &store.load().await.unwrap().saved);
}

#[tokio::test]
async fn refused_installs_are_recorded_and_never_with_unverified_text() {
    let service = Service::new().await;
    let stranger = Vendor::new();
    let forged = stranger.license().id("forged").sign();
    let expired = service.vendor.license().id("expired").expires_at(START).sign();
    assert_eq!(service.refusal(&forged).await, "key_unknown");
    assert_eq!(service.refusal(&expired).await, "license_expired");
    let error = install(&service.manager, b"a.b").await.unwrap_err();
    assert_eq!(error.code(), "token_malformed");
    let error = install(&service.manager, &vec![b'a'; 17 * 1024]).await.unwrap_err();
    assert_eq!((error.code(), error.kind().status()), ("token_too_large", 413));
    // A token, white space, and something that does not belong there.
    let mut long = expired.as_str().as_bytes().to_vec();
    long.extend([b' '; 17 * 1024]);
    long.push(b'x');
    assert_eq!(install(&service.manager, &long).await.unwrap_err().code(), "token_too_large");

    let rows = service.store.audit(10).await.unwrap();
    let told: Vec<_> = rows
        .iter()
        .rev()
        .map(|row| (row.record.outcome.as_str(), row.record.license_id.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("refused:key_unknown", None),
            ("refused:license_expired", Some("expired")),
            ("refused:token_malformed", None),
            ("refused:token_too_large", None),
            ("refused:token_too_large", None),
        ]
    );
    let first = &rows[4].record;
    assert_eq!(first.digest, Some(forged.digest()), "which file it was can be found out");
    assert_eq!(first.actor, "admin@example.com");
    assert_eq!(first.address.as_deref(), Some("192.0.2.7"));
    assert_eq!(first.at, START);
    assert_eq!(service.store.load().await.unwrap().revision, 0);
}

#[tokio::test]
async fn the_history_is_told_newest_first_with_the_members_of_the_contract() {
    let service = Service::new().await;
    let token = service.vendor.license().id("lic_1").sign();
    service.install(&token).await.unwrap();
    install(&service.manager, b"").await.unwrap_err();
    let told = serde_json::to_value(service.manager.audit(1).await.unwrap()).unwrap();
    let expected = serde_json::json!([{
        "at": "2026-11-01T00:00:00Z", "actor": "admin@example.com", "address": "192.0.2.7",
        "license_id": null, "outcome": "refused:token_malformed",
    }]);
    assert_eq!(told, expected);
    let told = serde_json::to_value(service.manager.audit(5).await.unwrap()).unwrap();
    assert_eq!(told[1]["license_id"], "lic_1");
    assert_eq!(told[1]["outcome"], "installed");
    set(&service.store.down, true);
    let error = service.manager.audit(1).await.unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::StoreUnavailable);
}

#[tokio::test]
async fn an_actors_name_is_kept_without_control_characters_and_bounded() {
    let service = Service::new().await;
    let name = format!("eve\n\0{}", "x".repeat(1000));
    let request = InstallRequest::new(Actor::new(name, None));
    service.manager.install(b"", request).await.unwrap_err();
    let rows = service.manager.audit(1).await.unwrap();
    assert!(rows[0].actor.starts_with("eve\u{fffd}\u{fffd}xxx"));
    assert_eq!(rows[0].actor.chars().count(), 256);
}

#[tokio::test]
async fn a_panic_in_verification_is_an_internal_error_and_changes_nothing() {
    let product = Product::builder("test", "https://vendor.example", "test")
        .translate(|claims| {
            assert_ne!(claims["jti"], "poison", "a defect of the product's own dialect");
            claims.clone()
        })
        .build()
        .unwrap();
    let service = Service::of(Vendor::of(product)).await;
    let good = service.vendor.license().id("good").sign();
    service.install(&good).await.unwrap();
    let before = service.store.load().await.unwrap();

    let poison = service.vendor.license().id("poison").sign();
    let error = service.install(&poison).await.unwrap_err();
    assert_eq!((error.code(), error.kind().status()), ("internal_error", 500));
    assert_eq!(service.store.load().await.unwrap(), before);
    assert_eq!(service.in_force().as_deref(), Some("good"));
    assert_eq!(service.outcomes().await, ["installed", "refused:internal_error"]);
    let dry_run = service.manager.dry_run(poison.as_str().as_bytes(), request()).await;
    assert_eq!(dry_run.code, Some("internal_error"));
    let after = service.vendor.license().id("after").sign();
    service.install(&after).await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_part_memory_and_disk() {
    let service = Service::new().await;
    set(&service.store.waits, true);
    let token = service.vendor.license().id("slow").sign();
    let upload = tokio::spawn({
        let (manager, token) = (service.manager.clone(), token.clone());
        async move { install(&manager, token.as_str().as_bytes()).await }
    });
    service.store.entered.acquire().await.unwrap().forget();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    assert_eq!(service.in_force(), None, "it is not stored yet");

    set(&service.store.waits, false);
    service.store.permits.add_permits(1);
    // Waits for the one before it.
    service.install(&token).await.unwrap();
    assert_eq!(service.outcomes().await, ["installed", "unchanged"]);
    assert_eq!(service.in_force().as_deref(), Some("slow"));
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn nothing_is_in_force_before_it_is_stored() {
    let service = Service::new().await;
    set(&service.store.waits, true);
    let token = service.vendor.license().id("slow").sign();
    let upload = tokio::spawn({
        let manager = service.manager.clone();
        async move { install(&manager, token.as_str().as_bytes()).await }
    });
    service.store.entered.acquire().await.unwrap().forget();
    assert_eq!(service.licensing().phase(), Phase::Unlicensed);
    service.store.permits.add_permits(1);
    assert!(!upload.await.unwrap().unwrap().restricted);
}

#[tokio::test]
async fn a_license_for_another_machine_is_refused_and_for_this_one_accepted() {
    let service = Service::new().await;
    let other = MachineId::custom("another-machine-altogether").unwrap();
    let token = service.vendor.license().machine(&other.fingerprint("test")).sign();
    assert_eq!(service.refusal(&token).await, "machine_mismatch");
    let this = MachineId::custom(MACHINE).unwrap();
    let token = service.vendor.license().machine(&this.fingerprint("test")).sign();
    let status = service.install(&token).await.unwrap();
    assert_eq!(status.machine, Some(this.fingerprint("test")));
}

#[tokio::test]
async fn a_machine_id_that_was_made_readable_counts_at_the_next_upload() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("machine-id");
    let source = MachineIdSource::files([&path]);
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let manager = LicenseManager::builder(licensing)
        .store(Probe::memory())
        .machine_id(source.clone())
        .manual_ticks()
        .start()
        .await
        .unwrap();
    let id = MachineId::parse_linux("0123456789abcdef0123456789abcdef").unwrap();
    let token = vendor.license().machine(&id.fingerprint("test")).sign();
    let token = token.as_str().as_bytes();
    assert_eq!(install(&manager, token).await.unwrap_err().code(), "fingerprint_unavailable");
    let error = manager.machine_info().await.unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::FingerprintUnavailable);

    std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
    let info = manager.machine_info().await.unwrap();
    assert_eq!(info.fingerprint, source.fingerprint("test").unwrap());
    install(&manager, token).await.unwrap();
}

#[tokio::test]
async fn machine_info_names_product_mark_and_installation() {
    let service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    service.clock.advance(DAY);
    let one = service.manager.machine_info().await.unwrap();
    let two = service.manager.machine_info().await.unwrap();
    assert_eq!(one.product, "test");
    assert_eq!(one.fingerprint, machine().fingerprint("test").unwrap());
    assert_eq!(one.clock_mark, Some(day(1)));
    assert!(!one.latched);
    assert_eq!(one.nonce, two.nonce);
    assert_eq!(one.nonce.len(), 32);
    let text = serde_json::to_string(&one).unwrap();
    assert!(!text.contains(MACHINE));
}

#[tokio::test]
async fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let product = Product::builder("test", "https://vendor.example", "test")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap();
    let vendor = Vendor::of(product);
    let (licensing, _clock) = licensing(&vendor);
    let store = Probe::memory();
    let manager = LicenseManager::builder(licensing)
        .store(Arc::clone(&store))
        .machine_id(machine())
        .usage(async || [("users".to_owned(), 7)].into())
        .manual_ticks()
        .start()
        .await
        .unwrap();
    let token = vendor.license().features(["sso", "bots"]).limit("users", 10).sign();
    let status = install(&manager, token.as_str().as_bytes()).await.unwrap();
    let users = &status.license.unwrap().limits["users"];
    assert_eq!((users.max, users.used), (Some(10), Some(7)));
    let (before, writes) = (store.load().await.unwrap(), store.writes());

    let smaller =
        vendor.license().features(["sso", "scim"]).limit("users", 5).domain("*.a.example").sign();
    let request = request().host(Some("b.example".into())).force(true);
    let dry_run = manager.dry_run(smaller.as_str().as_bytes(), request.clone()).await;
    assert!(dry_run.would_install);
    assert_eq!(dry_run.code, None);
    assert_eq!(dry_run.gained, ["scim"]);
    assert_eq!(
        dry_run.lost,
        ["bots", "users: 7 used, 5 allowed", "domain: *.a.example instead of any"]
    );
    assert_eq!(dry_run.digest, Some(smaller.digest()));
    assert_eq!(dry_run.timeline_now, dry_run.timeline_then);
    let warned = |text| dry_run.warnings.iter().any(|warning| warning.text.contains(text));
    assert!(warned("allows less"), "{:?}", dry_run.warnings);
    assert!(warned("users: 7 in use, 5 licensed"), "{:?}", dry_run.warnings);
    assert!(warned("*.a.example"), "{:?}", dry_run.warnings);
    assert!(warned("the host name b.example"), "{:?}", dry_run.warnings);

    let refused = manager.dry_run(smaller.as_str().as_bytes(), request.force(false)).await;
    assert_eq!((refused.would_install, refused.code), (false, Some("domain_mismatch")));
    assert_eq!((store.load().await.unwrap(), store.writes()), (before, writes));
}

#[tokio::test]
async fn a_dry_run_tells_when_a_license_begins_and_what_comes_of_it() {
    let service = Service::new().await;
    let now = async |token: &license_core::Token| {
        let dry_run = service.manager.dry_run(token.as_str().as_bytes(), request()).await;
        assert_eq!(dry_run.timeline_now, service.licensing().timeline());
        dry_run
    };
    let first = service.vendor.license().sign();
    let waiting = service.vendor.license().id("later").not_before(day(365)).expires_at(day(730));
    for (token, begins) in [(first, day(0)), (waiting.sign(), day(365))] {
        let told = now(&token).await;
        assert_eq!(told.begins, Some(begins));
        assert_ne!(told.timeline_then, told.timeline_now);
        let status = service.install(&token).await.unwrap();
        assert_eq!(status.timeline, told.timeline_then);
    }
    let refused = now(&service.vendor.license().expires_at(day(-1)).sign()).await;
    assert_eq!((refused.begins, refused.timeline_then), (None, refused.timeline_now));
}

#[tokio::test]
async fn a_dry_run_tells_of_waiting_and_of_nothing_to_do() {
    let service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    let dry_run = async |token: &license_core::Token| {
        let dry_run = service.manager.dry_run(token.as_str().as_bytes(), request()).await;
        dry_run.warnings.into_iter().map(|warning| warning.text).collect::<Vec<_>>()
    };
    assert_eq!(dry_run(&token).await, ["This license is installed already."]);
    let following = |id: &str| {
        let license = service.vendor.license().id(id).not_before(day(365));
        license.expires_at(day(730)).sign()
    };
    let later = following("later");
    let waits = "The license waits until 2027-11-01T00:00:00Z and then takes over.";
    assert_eq!(dry_run(&later).await, [waits]);
    service.install(&later).await.unwrap();
    let still_later = following("still later");
    assert_eq!(dry_run(&still_later).await, [waits, "It replaces the license that waits now."]);
}

#[tokio::test]
async fn after_shutdown_installing_is_refused_and_requests_go_on() {
    let service = Service::new().await;
    let token = service.vendor.license().features(["sso"]).sign();
    service.install(&token).await.unwrap();
    service.manager.shutdown().await;
    service.manager.shutdown().await;
    let later = service.vendor.license().id("later").sign();
    assert_eq!(service.refusal(&later).await, "store_unavailable");
    assert_eq!(service.licensing().check_feature("sso"), Ok(()));
}
