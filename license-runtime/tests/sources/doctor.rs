//! Broken services: each is named by its cause first.

use std::{fs, sync::Arc, time::Duration};

use license_core::{
    DenialCode, InstallErrorKind, Installer, Licensing, MachineId,
    report::{Diagnosis, FINDING_CODES, Finding, Outcome},
    testing::{Vendor, holds_token},
};
use license_runtime::{LicenseManager, MachineIdSource, Source};

use crate::{
    files::with_a_mounted_file,
    place::{Place, in_force},
    support::{DAY, Service, day, install, set},
};

use Outcome::{Failed, Ok as Fine, Warning};

async fn examined(manager: &LicenseManager) -> Diagnosis {
    let diagnosis = manager.diagnose(Some("license.example".to_owned())).await;
    let text = serde_json::to_string(&diagnosis).unwrap();
    for secret in ["Test Customer", "cust_test", "the-machine-of-the-tests"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert!(!holds_token(&text), "a token is in {text}");
    let known = |code: &str| {
        FINDING_CODES.contains(&code)
            || license_runtime::FINDING_CODES.contains(&code)
            || InstallErrorKind::ALL.iter().any(|it| it.as_str() == code)
            || DenialCode::ALL.iter().any(|it| it.as_str() == code)
    };
    for it in &diagnosis.findings {
        assert!(known(it.code), "{}", it.code);
        assert!(it.outcome == Fine || it.cure.is_some(), "{it:?}");
    }
    diagnosis
}

/// What is named first.
async fn first(manager: &LicenseManager) -> Finding {
    examined(manager).await.findings.swap_remove(0)
}

/// What is named first is this, and what it says.
async fn is_named(manager: &LicenseManager, outcome: Outcome, code: &str, text: &str) {
    let diagnosis = examined(manager).await;
    let first = &diagnosis.findings[0];
    assert_eq!((first.outcome, first.code), (outcome, code), "{diagnosis:#?}");
    assert!(first.text.contains(text), "{text}: {}", first.text);
}

#[test]
fn the_guide_lists_every_code() {
    let guide = include_str!("../../../docs/guide.md");
    let section = guide.split_once("\n### Doctor\n").unwrap().1.split_once("\n### ").unwrap().0;
    for code in license_runtime::FINDING_CODES {
        assert!(section.contains(&format!("`{code}`")), "{code}");
    }
}

#[tokio::test]
async fn a_sound_service_has_nothing_to_tell() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    let writes = place.store.writes();
    let diagnosis = examined(&manager).await;
    assert_eq!(diagnosis.outcome, Fine, "{diagnosis:#?}");
    assert!(diagnosis.not_checked.is_empty(), "{diagnosis:#?}");
    assert!(place.store.writes() > writes, "whether it can be written was not tried");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_named_and_is_well_again_when_it_can() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    install(&manager, place.token("one").as_str().as_bytes()).await.unwrap();
    set(&place.store.full, true);
    is_named(&manager, Failed, "store_unavailable", "cannot be saved").await;
    set(&place.store.full, false);
    assert_eq!(first(&manager).await.outcome, Fine);
}

#[tokio::test]
async fn a_store_whose_file_was_deleted_is_put_back_before_a_new_start() {
    let place = Place::new();
    let file = place.directory.path().join("license.db");
    let manager = LicenseManager::builder(Licensing::with_clock(
        place.vendor.verifier(),
        place.clock.clone(),
    ))
    .store(license_runtime::SqliteStore::open(&file).await.unwrap())
    .machine_id(crate::support::machine())
    .manual_ticks()
    .start()
    .await
    .unwrap();
    install(&manager, place.token("one").as_str().as_bytes()).await.unwrap();
    fs::remove_file(&file).unwrap();
    place.clock.advance(DAY);
    is_named(&manager, Failed, "store_unavailable", "replaced or deleted").await;
    let cure = first(&manager).await.cure.unwrap();
    assert!(cure.starts_with("Put back what belongs there"), "{cure}");
}

#[tokio::test]
async fn a_store_that_is_away_is_named_and_not_the_license_in_force() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    install(&manager, place.token("one").as_str().as_bytes()).await.unwrap();
    set(&place.store.down, true);
    let diagnosis = examined(&manager).await;
    assert_eq!(diagnosis.findings[0].code, "store_unavailable");
    assert!(!diagnosis.license_failed(), "{diagnosis:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_keeps_nobody_waiting() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    set(&place.store.waits, true);
    // Whoever changes the license waits for the store, and everybody for them.
    let token = place.token("one");
    let other = manager.clone();
    let upload = tokio::spawn(async move { install(&other, token.as_str().as_bytes()).await });
    place.store.entered.acquire().await.unwrap().forget();
    let began = tokio::time::Instant::now();
    let diagnosis = examined(&manager).await;
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    let slow = diagnosis.findings.iter().find(|it| it.code == "store_slow").unwrap();
    assert_eq!(slow.outcome, Warning);
    place.store.permits.add_permits(1);
    upload.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_the_machine_waiting_keeps_nobody_else_waiting() {
    let product = license_core::Product::builder("test", "https://vendor.example", "test")
        .machine_ladder([license_core::machine::MachineScheme::Installation])
        .build()
        .unwrap();
    let place = Place::of(Vendor::of(product.clone()));
    set(&place.store.full, true);
    let licensing = Licensing::with_clock(place.vendor.verifier(), place.clock.clone());
    let manager = LicenseManager::builder(licensing)
        .store(Arc::clone(&place.store))
        .machine_id(license_runtime::MachineLadder::of(&product))
        .manual_ticks()
        .start()
        .await
        .unwrap();
    set(&place.store.full, false);
    set(&place.store.waits, true);
    let began = tokio::time::Instant::now();
    examined(&manager).await;
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    place.store.entered.try_acquire().unwrap().forget();
}

#[tokio::test]
async fn a_clock_off_the_databases_comes_before_the_end_that_it_seems_to_bring() {
    let place = Place::new();
    set(&place.store.shared, true);
    *place.store.time.lock().unwrap() = Some(day(0));
    let manager = place.start_by_hand([]).await;
    let token = place.vendor.license().days(30).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    place.clock.advance(DAY * 40);
    is_named(&manager, Failed, "clock_skewed", "minutes off the database's").await;
}

#[tokio::test]
async fn a_missing_file_is_the_cause_of_a_missing_license() {
    let place = Place::new();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    is_named(&manager, Failed, "file_missing", "license.jwt").await;
    let failed = examined(&manager).await.findings.iter().filter(|it| it.outcome == Failed).count();
    assert_eq!(failed, 1, "what follows from it is blamed as well");
    // With a license in force it is worth a look.
    place.write("one");
    manager.tick_once().await;
    fs::remove_file(place.file()).unwrap();
    is_named(&manager, Warning, "file_missing", "license.jwt").await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let place = Place::new();
    fs::create_dir(place.file()).unwrap();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    is_named(&manager, Failed, "file_unreadable", "not a regular file").await;
    let cure = first(&manager).await.cure.unwrap();
    assert!(cure.contains("a directory") && !cure.contains("user"), "{cure}");
}

#[tokio::test]
async fn what_stands_in_the_file_is_examined_at_once() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    let good = place.token("two");
    let quoted = format!("'{}'", good.as_str());
    fs::write(place.file(), &quoted).unwrap();
    is_named(&manager, Warning, "token_malformed", "In quotes").await;
    let diagnosis = examined(&manager).await;
    let [first, ..] = &diagnosis.findings[..] else { panic!("{diagnosis:#?}") };
    assert_eq!(first.check.as_str(), "source", "{first:?}");
    let said = |text: &str| first.text.contains(text);
    assert!(said("license.jwt") && said("The license in force stays in force."), "{first:?}");
    // That one is judged.
    let well = |check: &str| {
        diagnosis.findings.iter().any(|it| it.check.as_str() == check && it.outcome == Fine)
    };
    assert!(["form", "signature", "term"].into_iter().all(well), "{diagnosis:#?}");
    fs::write(place.file(), vec![b'a'; 64 * 1024]).unwrap();
    is_named(&manager, Warning, "token_too_large", "").await;
    let other = Vendor::new().license().sign();
    fs::write(place.file(), other.as_str()).unwrap();
    is_named(&manager, Warning, "key_unknown", "trusted are").await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    // Once it serves no more, the file is why nothing follows it.
    place.clock.advance(DAY * 1000);
    is_named(&manager, Failed, "key_unknown", "accepted before is kept").await;
    // With nothing before it, the text itself is what fails.
    let place = Place::new();
    fs::write(place.file(), &quoted).unwrap();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    is_named(&manager, Failed, "token_malformed", "In quotes").await;
}

#[tokio::test]
async fn a_variable_or_flag_that_hides_a_better_license_is_the_cause() {
    let place = Place::new();
    place.write("file");
    let hides = |text: String| [Source::literal("--license-key", text), Source::file(place.file())];
    let good = place.token("flag").as_str().to_owned();
    let manager = place.start_by_hand(hides(good.clone())).await;
    is_named(&manager, Warning, "source_hidden", "--license-key decides and hides").await;
    let manager = place.start_by_hand(hides(good[..80].to_owned())).await;
    // The one before it serves.
    assert_eq!(in_force(&manager).as_deref(), Some("flag"));
    is_named(&manager, Warning, "token_malformed", "--license-key").await;
    let hidden = examined(&manager).await.findings;
    let hidden = hidden.into_iter().find(|it| it.code == "source_hidden").unwrap();
    assert!(hidden.outcome == Warning && hidden.text.contains("is good"), "{hidden:?}");
    let fresh = Place::of(place.vendor);
    fs::write(fresh.file(), fs::read(place.directory.path().join("license.jwt")).unwrap()).unwrap();
    let cut = [Source::literal("--license-key", &good[..80]), Source::file(fresh.file())];
    is_named(&fresh.start_by_hand(cut).await, Failed, "source_hidden", "is good").await;
    let place = fresh;
    let hides = |text: String| [Source::literal("--license-key", text), Source::file(place.file())];
    let old = place.vendor.license().id("old").days(1).sign();
    let manager = place.start_by_hand(hides(old.as_str().to_owned())).await;
    place.clock.advance(DAY * 2);
    is_named(&manager, Failed, "source_hidden", "is good").await;
    // What it hides is no better.
    fs::write(place.file(), "nothing").unwrap();
    is_named(&manager, Failed, "license_expired", "The license ended at").await;
}

#[tokio::test]
async fn a_source_that_takes_an_older_license_back_is_named() {
    let place = Place::new();
    place.write("file");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    place.clock.advance(DAY);
    let upload = place.vendor.license().id("upload").issued_at(day(1)).sign();
    install(&manager, upload.as_str().as_bytes()).await.unwrap();
    is_named(&manager, Warning, "source_overrides", "was issued before another").await;
    // It has ended: a newer one was there once.
    place.clock.advance(DAY * 400);
    is_named(&manager, Failed, "source_overrides", "was issued before another").await;
}

#[tokio::test]
async fn a_restart_with_an_older_license_that_has_ended_names_the_source_first() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    let newer = place.vendor.license().id("newer").issued_at(day(0)).days(300).sign();
    install(&manager, newer.as_str().as_bytes()).await.unwrap();
    manager.shutdown().await;
    let older = place.vendor.license().id("older").issued_at(day(-90)).expires_at(day(-30)).sign();
    let older = Source::literal("LICENSE_KEY", older.as_str().to_owned());
    let manager = place.start_by_hand([older]).await;
    is_named(&manager, Failed, "source_overrides", "was issued before another").await;
}

#[tokio::test]
async fn case_70_a_license_that_is_dated_ahead_locks_nobody_out() {
    let place = Place::new();
    let code = |manager: &LicenseManager| manager.licensing().public_status().code;
    for (days, outcome, refused) in [(1, Warning, None), (30, Failed, Some("clock_rolled_back"))] {
        let ahead = place.vendor.license().issued_at(day(days)).expires_at(day(400)).sign();
        fs::write(place.file(), ahead.as_str()).unwrap();
        for _ in 0..2 {
            let manager = place.start_by_hand([Source::file(place.file())]).await;
            assert_eq!(code(&manager), refused);
            is_named(&manager, outcome, "issued_in_future", "was issued at").await;
            manager.shutdown().await;
        }
    }
    // One that is dated right takes its place, without a word.
    place.clock.advance(DAY);
    let right = place.vendor.license().id("right").issued_at(day(1)).expires_at(day(400)).sign();
    fs::write(place.file(), right.as_str()).unwrap();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("right"));
    assert_eq!(examined(&manager).await.outcome, Fine, "{:#?}", examined(&manager).await);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_a_warning_while_a_license_is_in_force() {
    let place = Place::new();
    place.write("file");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    fs::remove_file(place.file()).unwrap();
    is_named(&manager, Warning, "file_missing", "stays in force").await;
    fs::create_dir(place.file()).unwrap();
    is_named(&manager, Warning, "file_unreadable", "stays in force").await;
}

#[tokio::test]
async fn one_that_waits_where_the_license_ends_is_all_that_is_wanted() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    install(&manager, place.vendor.license().id("one").days(20).sign().as_str().as_bytes())
        .await
        .unwrap();
    is_named(&manager, Warning, "license_expiring", "20 days left").await;
    let next = place.vendor.license().id("two").not_before(day(20)).expires_at(day(400)).sign();
    install(&manager, next.as_str().as_bytes()).await.unwrap();
    assert_eq!(examined(&manager).await.outcome, Fine);
}

#[tokio::test]
async fn a_source_that_stands_back_is_named_and_the_license_in_force_is_examined() {
    let place = Place::new();
    set(&place.store.shared, true);
    let other = place.start_by_hand([]).await;
    let newer = place.vendor.license().id("newer").issued_at(day(1)).sign();
    place.clock.advance(DAY);
    install(&other, newer.as_str().as_bytes()).await.unwrap();
    place.write("file");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("newer"));
    is_named(&manager, Warning, "source_older", "have accepted a newer one").await;
}

/// Run by the next test, where the file is mounted by itself.
#[tokio::test]
async fn a_single_mounted_file_is_named_child() {
    let Some(file) = std::env::var_os("MOUNTED_FILE_OF_THIS_TEST") else { return };
    let place = Place::new();
    let bytes = place.vendor.license().days(1).sign();
    // A bind mount can be written through.
    fs::write(&file, bytes.as_str()).unwrap();
    let manager = place.start_by_hand([Source::file(&file)]).await;
    is_named(&manager, Warning, "source_mounted_alone", "a subPath or bind mount").await;
    // What would renew it cannot get here.
    place.clock.advance(DAY * 2);
    is_named(&manager, Failed, "source_mounted_alone", "a subPath or bind mount").await;
}

#[test]
fn a_single_mounted_file_is_named() {
    with_a_mounted_file("doctor::a_single_mounted_file_is_named_child");
}

#[tokio::test]
async fn a_stored_license_whose_key_is_gone_is_named_by_the_key() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    install(&manager, place.token("one").as_str().as_bytes()).await.unwrap();
    drop(manager);
    // The next release trusts another key.
    let next = Licensing::with_clock(Vendor::new().verifier(), place.clock.clone());
    let manager = LicenseManager::builder(next)
        .store(Arc::clone(&place.store))
        .machine_id(MachineIdSource::Files(Vec::new()))
        .manual_ticks()
        .start()
        .await
        .unwrap();
    is_named(&manager, Failed, "key_unknown", "trusted are").await;
}

#[tokio::test]
async fn what_else_administrators_are_told_is_told() {
    let place = Place::of(Vendor::of(
        license_core::Product::builder("test", "https://vendor.example", "test")
            .limit("users", license_core::license::LimitKind::Seats)
            .build()
            .unwrap(),
    ));
    let manager = place.start_by_hand([]).await;
    let token = place.vendor.license().limit("users", 1).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    manager.licensing().control().report_used([("users".to_owned(), 1)].into());
    is_named(&manager, Warning, "limit_reached", "users").await;
}

#[tokio::test]
async fn nothing_installed_is_named() {
    let place = Place::new();
    let manager = place.start_by_hand([]).await;
    is_named(&manager, Failed, "license_missing", "No license").await;
}

#[tokio::test]
async fn a_machine_id_that_cannot_be_read_is_told_with_the_reason() {
    let mut service = Service::new().await;
    let bound = MachineId::custom(crate::support::MACHINE).unwrap();
    let bound = service.vendor.license().machine(&bound.fingerprint("test")).sign();
    service.install(&bound).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("machine-id");
    let start = async |service: &Service| {
        let clock = Arc::clone(&service.clock);
        LicenseManager::builder(Licensing::with_clock(service.vendor.verifier(), clock))
            .store(Arc::clone(&service.store))
            .machine_id(MachineIdSource::files([&file]))
            .manual_ticks()
            .start()
            .await
            .unwrap()
    };
    let manager = start(&service).await;
    is_named(&manager, Failed, "fingerprint_unavailable", "No such file").await;
    fs::write(&file, "uninitialized\n").unwrap();
    is_named(&manager, Failed, "fingerprint_unavailable", "Not a machine id").await;
    let cure = first(&manager).await.cure.unwrap();
    assert!(cure.contains("/etc/machine-id") && !cure.contains("MACHINE_ID "), "{cure}");
    // The id is there now, of another scheme.
    fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    is_named(&manager, Failed, "machine_mismatch", "known by `custom`").await;
    service.restart().await;
}

#[tokio::test]
async fn what_the_operator_set_wrongly_is_named_and_not_what_the_system_has() {
    use license_core::machine::MachineScheme::{Custom, MachineId as System};
    use license_runtime::{MachineLadder, OperatorId};
    let product = license_core::Product::builder("test", "https://vendor.example", "test")
        .machine_ladder([Custom, System])
        .build()
        .unwrap();
    let place = Place::of(Vendor::of(product.clone()));
    let bound = MachineId::custom(crate::support::MACHINE).unwrap().fingerprint("test");
    let bound = place.vendor.license().machine(&bound).sign();
    fs::write(place.file(), bound.as_str()).unwrap();
    let start = async |id: &str| {
        let id = OperatorId::of(Some(id.into()), None);
        let ladder =
            MachineLadder::of(&product).operator_id(id).system(MachineIdSource::files(["/none"]));
        LicenseManager::builder(Licensing::with_clock(place.vendor.verifier(), place.clock.clone()))
            .store(Arc::clone(&place.store))
            .machine_id(ladder)
            .sources([Source::file(place.file())])
            .manual_ticks()
            .start()
            .await
            .unwrap()
    };
    let manager = start("short").await;
    is_named(&manager, Failed, "fingerprint_unavailable", "MACHINE_ID is set and is no").await;
    let named = first(&manager).await;
    assert!(!named.text.contains("Linux"), "{}", named.text);
    assert!(named.cure.as_ref().unwrap().starts_with("Set MACHINE_ID"), "{named:?}");
    drop(manager);
    let manager = start("").await;
    is_named(&manager, Failed, "fingerprint_unavailable", "MACHINE_ID_FILE is set").await;
    assert!(first(&manager).await.cure.unwrap().starts_with("Set an id for it (MACHINE_ID"));
}

#[cfg(feature = "alerts")]
mod alerts {
    use license_runtime::alerts::{Alert, AlertDelivery, Alerts, DeliveryError};

    use super::*;

    #[derive(Debug)]
    enum Post {
        Away,
        Silent,
        Refuses,
        Works,
    }

    #[async_trait::async_trait]
    impl AlertDelivery for Post {
        async fn deliver(&self, _: &Alert, _: &str) -> Result<(), DeliveryError> {
            match self {
                Self::Refuses => Err(DeliveryError::passing("the mail server refuses")),
                _ => Ok(()),
            }
        }

        async fn reach(&self) -> Result<(), DeliveryError> {
            match self {
                Self::Away => Err(DeliveryError::passing("the mail server cannot be reached")),
                Self::Silent => std::future::pending().await,
                _ => Ok(()),
            }
        }
    }

    async fn with(post: Post) -> (Place, LicenseManager) {
        let place = Place::new();
        let licensing = Licensing::with_clock(place.vendor.verifier(), place.clock.clone());
        let manager = LicenseManager::builder(licensing)
            .store(Arc::clone(&place.store))
            .machine_id(crate::support::machine())
            .alerts(Alerts::by(post).recipients(["operations"]))
            .manual_ticks()
            .start()
            .await
            .unwrap();
        install(&manager, place.vendor.license().days(20).sign().as_str().as_bytes())
            .await
            .unwrap();
        (place, manager)
    }

    async fn mail(manager: &LicenseManager) -> (Outcome, &'static str) {
        let findings = examined(manager).await.findings;
        let mail = findings.iter().find(|it| it.check.as_str() == "mail").unwrap();
        (mail.outcome, mail.code)
    }

    #[tokio::test]
    async fn a_mail_server_that_is_away_is_named() {
        let (_place, manager) = with(Post::Away).await;
        is_named(&manager, Failed, "mail_unreachable", "cannot be reached").await;
        let (_place, manager) = with(Post::Works).await;
        assert_eq!(mail(&manager).await, (Fine, "ok"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_mail_server_that_does_not_answer_keeps_nobody_waiting() {
        let (place, manager) = with(Post::Silent).await;
        // Nor does the store.
        set(&place.store.waits, true);
        let (token, other) = (place.token("other"), manager.clone());
        tokio::spawn(async move { install(&other, token.as_str().as_bytes()).await });
        place.store.entered.acquire().await.unwrap().forget();
        let began = tokio::time::Instant::now();
        // Two ask at once, and neither waits for the other.
        let both = tokio::join!(mail(&manager), mail(&manager));
        assert_eq!(both, ((Warning, "mail_slow"), (Warning, "mail_slow")));
        assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
        // One that never answers is not slow for ever.
        for _ in 0..3 {
            place.clock.advance(Duration::from_secs(11));
            assert_eq!(mail(&manager).await, (Failed, "mail_unreachable"));
            assert_eq!(mail(&manager).await, (Failed, "mail_unreachable"));
        }
    }

    #[tokio::test]
    async fn an_alert_that_reached_nobody_is_told() {
        let (_place, manager) = with(Post::Refuses).await;
        assert!(manager.run_alerts().await.is_err());
        assert_eq!(mail(&manager).await, (Warning, "alert_failed"));
    }
}
