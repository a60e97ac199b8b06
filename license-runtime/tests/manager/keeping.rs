use std::{sync::Arc, time::Duration};

use license_core::{
    Actor, Clock, Installer, Licensing, MachineId, Phase, Product, Restriction, WarningLevel,
    license::LimitKind,
    licensing::InstallRequest,
    testing::{START, Vendor, licensing},
    time::ClockMark,
};
use license_runtime::{
    AuditRecord, AuditVerdict, LicenseManager, MachineIdSource, Outcome, SqliteStore, Store,
    verify_export,
};
use tokio::task::{JoinHandle, yield_now};

use crate::support::{DAY, Probe, Service, day, install, machine, set, start};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn case_40_a_restart_does_not_forget_that_the_clock_was_moved_back() {
    let mut service = Service::new().await;
    let token = service.vendor.license().days(30).sign();
    service.install(&token).await.unwrap();
    service.clock.advance(3 * DAY);
    service.manager.tick_once().await;
    service.clock.set(day(1));
    service.manager.tick_once().await;
    assert_eq!(service.licensing().public_status().code, Some("clock_rolled_back"));

    service.restart().await;
    assert_eq!(service.licensing().public_status().code, Some("clock_rolled_back"));
    // Less than a day behind the mark, and still latched.
    service.clock.set(day(3).saturating_sub(SECOND));
    service.restart().await;
    assert_eq!(service.licensing().public_status().code, Some("clock_rolled_back"));
    service.clock.set(day(3));
    assert_eq!(service.licensing().phase(), Phase::Expiring);
}

#[tokio::test]
async fn case_40_the_mark_alone_survives_a_restart() {
    let mut service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    service.clock.advance(3 * DAY);
    service.manager.tick_once().await;
    // The clock goes back while the service is down.
    service.clock.set(day(2).saturating_sub(SECOND));
    service.restart().await;
    assert_eq!(service.licensing().public_status().code, Some("clock_rolled_back"));
}

#[tokio::test]
async fn case_42b_a_clock_once_ten_years_ahead_is_cured_by_clock_reset_from_and_nothing_else() {
    let mut service = Service::new().await;
    let token = service.vendor.license().days(365).sign();
    service.install(&token).await.unwrap();
    service.clock.set(day(3650));
    service.manager.tick_once().await;
    service.clock.set(day(1));
    service.manager.tick_once().await;
    service.restart().await;
    assert_eq!(service.licensing().public_status().code, Some("clock_rolled_back"));
    let info = service.manager.machine_info().await.unwrap();
    assert!(info.latched);
    let mark = info.clock_mark.unwrap();
    assert_eq!(mark, day(366), "recorded up to a day after the last transition");

    let renewed = || service.vendor.license().id("renewed").issued_at(day(1)).days(365);
    assert_eq!(service.refusal(&renewed().sign()).await, "clock_rolled_back");
    let reset = |from: i64| {
        let renewed = renewed().claim("clock_reset_for", info.nonce.as_str());
        renewed.claim("clock_reset_from", from).sign()
    };
    assert_eq!(service.refusal(&reset(mark.as_seconds() - 1)).await, "clock_rolled_back");
    let cure = reset(mark.as_seconds());
    let status = service.install(&cure).await.unwrap();
    assert_eq!((status.phase, status.restricted), (Phase::Active, false));
    let kept = service.store.load().await.unwrap().saved.clock;
    assert_eq!(kept, ClockMark::new(Some(day(1)), false));

    service.restart().await;
    assert_eq!(service.licensing().phase(), Phase::Active);
    service.manager.tick_once().await;
    assert_eq!(service.licensing().phase(), Phase::Active);
}

#[tokio::test]
async fn case_54_a_reset_license_works_once_over_restarts_and_nowhere_else() {
    let mut service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    let before = service.manager.machine_info().await.unwrap();
    service.restart().await;
    service.clock.set(day(100));
    service.manager.tick_once().await;
    service.clock.set(day(1));
    let info = service.manager.machine_info().await.unwrap();
    assert_eq!(info.nonce, before.nonce, "the name of the installation");
    let cure = service.vendor.license().id("cure").issued_at(day(1));
    let cure = cure.claim("clock_reset_from", info.clock_mark.unwrap().as_seconds());
    let cure = cure.claim("clock_reset_for", info.nonce).sign();
    assert_eq!(service.install(&cure).await.unwrap().phase, Phase::Active);
    // Weeks later, at a mark that it names as well, the clock is turned back.
    service.clock.advance(50 * DAY);
    service.manager.tick_once().await;
    service.restart().await;
    service.clock.set(day(1));
    assert_eq!(service.refusal(&cure).await, "clock_rolled_back");
    service.restart().await;
    assert_eq!(service.refusal(&cure).await, "clock_rolled_back");

    let other = Service::of(service.vendor).await;
    other.clock.set(day(50));
    other.install(&token).await.unwrap_err();
    let theirs = other.vendor.license().id("theirs").issued_at(day(49)).sign();
    other.install(&theirs).await.unwrap();
    assert_ne!(other.manager.machine_info().await.unwrap().nonce, before.nonce);
    other.clock.set(day(1));
    assert_eq!(other.refusal(&cure).await, "clock_rolled_back");
}

#[tokio::test]
async fn case_43_1_000_000_requests_write_nothing_to_the_store() {
    let service = Service::new().await;
    let token = service.vendor.license().features(["sso"]).sign();
    service.install(&token).await.unwrap();
    let writes = service.store.writes();
    let licensing = service.licensing();
    for number in 0..500_000u32 {
        licensing.check_request(|| true, || unreachable!("no domain is bound")).unwrap();
        licensing.check_feature("sso").unwrap();
        if number % 5_000 == 0 {
            service.clock.advance(SECOND);
        }
    }
    assert_eq!(service.store.writes(), writes);
}

#[tokio::test]
async fn the_clock_mark_is_saved_every_15_seconds_and_when_it_latches() {
    let service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    service.clock.advance(100 * SECOND);
    service.manager.tick_once().await;
    let writes = service.store.writes();
    for _ in 0..600 {
        service.clock.advance(SECOND);
        service.manager.tick_once().await;
    }
    assert_eq!(service.store.writes() - writes, 40);
    let kept = service.store.load().await.unwrap().saved.clock;
    assert_eq!(kept, ClockMark::new(Some(START.saturating_add(700 * SECOND)), false));
    service.clock.advance(14 * SECOND);
    service.manager.tick_once().await;
    assert_eq!(service.store.writes() - writes, 40);

    let now = service.clock.now();
    service.clock.set(now.saturating_sub(2 * DAY));
    service.manager.tick_once().await;
    assert!(service.store.load().await.unwrap().saved.clock.latched);
    service.clock.set(now);
    service.manager.tick_once().await;
    assert!(!service.store.load().await.unwrap().saved.clock.latched);
}

/// How long a license of 300 seconds is in force for somebody who kills the
/// service after `life` and sets the clock back to the beginning each time.
async fn served_by_starting_over(life: Duration) -> Duration {
    let mut service = Service::new().await;
    let token = service.vendor.license().expires_at(START.saturating_add(300 * SECOND)).sign();
    service.install(&token).await.unwrap();
    let mut served = Duration::ZERO;
    while served < 3000 * SECOND {
        let before = served;
        for _ in 0..life.as_secs() {
            service.manager.tick_once().await;
            if service.licensing().phase().is_in_force() {
                served += SECOND;
            }
            service.clock.advance(SECOND);
        }
        if served == before {
            break;
        }
        service.clock.set(START);
        service.restart().await;
    }
    served
}

#[tokio::test]
async fn killing_a_service_and_setting_its_clock_back_gains_little() {
    for (life, most) in [(100, 345), (40, 375), (16, 375), (7, 400), (3, 460)] {
        let served = served_by_starting_over(life * SECOND).await;
        assert!(served >= 295 * SECOND, "{served:?} in lives of {life} s");
        assert!(served <= most * SECOND, "{served:?} in lives of {life} s");
    }
}

#[tokio::test]
async fn the_mark_is_saved_at_the_start() {
    let mut service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    service.clock.advance(Duration::from_millis(300));
    service.restart().await;
    let kept = service.store.load().await.unwrap().saved.clock;
    assert_eq!(kept.mark, Some(service.clock.now()));
}

#[tokio::test]
async fn a_lost_clock_mark_does_not_bring_back_the_time_of_the_newest_record_and_license() {
    for recorded in [false, true] {
        let mut service = Service::new().await;
        // By a clock that is ahead of this one.
        let issued = day(2).saturating_add(200 * SECOND);
        let token = service.vendor.license().issued_at(issued).sign();
        service.clock.set(day(2));
        service.install(&token).await.unwrap();
        if recorded {
            service.clock.set(day(20));
            assert_eq!(
                service.refusal(&service.vendor.license().days(10).sign()).await,
                "license_expired"
            );
        }
        let revision = service.store.load().await.unwrap().revision;
        service.store.save_clock(revision, ClockMark::default()).await.unwrap();
        service.clock.set(day(1).saturating_add(300 * SECOND));
        service.restart().await;
        // What was issued on day 2 is not a day ago; what was written on day 20
        // is.
        let code = recorded.then_some("clock_rolled_back");
        assert_eq!(service.licensing().public_status().code, code);
        let known = if recorded { day(20) } else { issued };
        assert_eq!(service.licensing().control().clock_mark().mark, Some(known));
        assert_eq!(service.store.load().await.unwrap().saved.clock.mark, Some(known));
    }
}

#[tokio::test]
async fn another_instances_record_is_evidence_only_as_far_as_the_shared_clock_agrees() {
    let vendor = Vendor::new();
    let store = Probe::memory();
    set(&store.shared, true);
    *store.time.lock().unwrap() = Some(day(1));
    let (fast, clock) = licensing(&vendor);
    clock.set(day(1));
    let fast = start(fast, &store).await;
    let token = vendor.license().sign();
    install(&fast, token.as_str().as_bytes()).await.unwrap();
    clock.set(day(30));
    install(&fast, b"refused").await.unwrap_err();
    let (licensing, clock) = licensing(&vendor);
    clock.set(day(1));
    let manager = start(licensing, &store).await;
    assert_eq!(manager.licensing().phase(), Phase::Active);
    let mark = manager.licensing().control().clock_mark().mark.unwrap();
    assert!(mark <= day(1).saturating_add(300 * SECOND), "{mark}");
}

#[tokio::test]
async fn nothing_is_saved_while_no_license_is_installed() {
    let service = Service::new().await;
    let writes = service.store.writes();
    service.clock.advance(30 * DAY);
    service.manager.tick_once().await;
    assert_eq!(service.store.writes(), writes);
}

#[tokio::test]
async fn a_store_that_fails_at_the_periodic_save_is_reported_and_the_service_goes_on() {
    let service = Service::new().await;
    let token = service.vendor.license().features(["sso"]).sign();
    service.install(&token).await.unwrap();
    set(&service.store.full, true);
    service.clock.advance(DAY);
    service.manager.tick_once().await;
    service.manager.tick_once().await;
    assert_eq!(service.licensing().check_feature("sso"), Ok(()));
    // For the header of responses, which asks nobody.
    assert!(service.licensing().control().warns());
    assert_eq!(service.licensing().warnings(|_| None)[0].code, "store_unavailable");
    let status = service.manager.status().await;
    assert!(!status.restricted);
    assert_eq!(status.warnings[0].code, "store_unavailable");
    assert!(status.warnings[0].text.contains("cannot be saved"), "{status:?}");
    assert_eq!(service.manager.banner().await.level, None, "it concerns administrators alone");

    set(&service.store.full, false);
    service.manager.tick_once().await;
    assert!(!service.licensing().control().warns());
    assert_eq!(service.manager.status().await.warnings, []);
    assert_eq!(service.store.load().await.unwrap().saved.clock.mark, Some(day(1)));
}

#[tokio::test]
async fn a_waiting_license_takes_over_by_itself_and_the_store_follows() {
    let mut service = Service::new().await;
    let current = service.vendor.license().id("current").days(30).features(["a"]).sign();
    let next = service.vendor.license().id("next").not_before(day(30)).features(["b"]).sign();
    service.install(&current).await.unwrap();
    let status = service.install(&next).await.unwrap();
    assert_eq!(status.license.unwrap().id, "current");
    assert_eq!(status.next.unwrap().id, "next");
    service.restart().await;

    service.clock.advance(30 * DAY - SECOND);
    service.manager.tick_once().await;
    assert_eq!(service.in_force().as_deref(), Some("current"));
    service.clock.advance(SECOND);
    assert_eq!(service.in_force().as_deref(), Some("next"), "to the second, without a tick");
    service.manager.tick_once().await;
    let disk = service.store.load().await.unwrap().saved;
    assert_eq!(disk.current.as_deref(), Some(next.as_str()));
    assert_eq!(disk.next, None);
    service.assert_disk_is_memory().await;

    let rows = service.store.audit(10).await.unwrap();
    let took_over = &rows[0].record;
    assert_eq!((took_over.outcome.as_str(), took_over.actor.as_str()), ("took_over", "system"));
    assert_eq!(took_over.license_id.as_deref(), Some("next"));
    assert_eq!(took_over.at, day(30));
    service.manager.tick_once().await;
    assert_eq!(service.outcomes().await, ["installed", "scheduled", "took_over"]);
}

#[tokio::test]
async fn a_waiting_license_that_began_while_the_service_was_down_takes_over_at_the_start() {
    let mut service = Service::new().await;
    let current = service.vendor.license().id("current").days(30).sign();
    let next = service.vendor.license().id("next").not_before(day(30)).sign();
    service.install(&current).await.unwrap();
    service.install(&next).await.unwrap();
    service.clock.advance(40 * DAY);
    service.restart().await;
    assert_eq!(service.in_force().as_deref(), Some("next"));
    assert_eq!(service.outcomes().await, ["installed", "scheduled", "took_over"]);
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn a_takeover_that_cannot_be_stored_serves_all_the_same_and_is_tried_again() {
    let service = Service::new().await;
    let current = service.vendor.license().id("current").days(30).sign();
    let next = service.vendor.license().id("next").not_before(day(30)).sign();
    service.install(&current).await.unwrap();
    service.install(&next).await.unwrap();
    let before = service.store.load().await.unwrap().saved;
    set(&service.store.down, true);
    service.clock.advance(30 * DAY);
    service.manager.tick_once().await;
    assert_eq!(service.in_force().as_deref(), Some("next"));
    set(&service.store.down, false);
    assert_eq!(service.store.load().await.unwrap().saved.current, before.current);
    service.manager.tick_once().await;
    assert_eq!(service.outcomes().await, ["installed", "scheduled", "took_over"]);
    service.assert_disk_is_memory().await;
}

#[tokio::test]
async fn a_stored_license_that_does_not_verify_any_more_is_not_in_force_and_not_lost() {
    let mut service = Service::new().await;
    let token = service.vendor.license().id("good").sign();
    service.install(&token).await.unwrap();
    let vendor = std::mem::take(&mut service.vendor);
    service.restart().await;
    assert_eq!(service.licensing().public_status().code, Some("license_invalid"));
    service.clock.advance(DAY);
    service.manager.tick_once().await;

    service.vendor = vendor;
    service.restart().await;
    assert_eq!(service.in_force().as_deref(), Some("good"));
}

#[tokio::test]
async fn a_corrupt_file_is_state_corrupt_until_a_license_is_installed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("license.db");
    std::fs::write(&path, "certainly no database").unwrap();
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let store = Probe::of(SqliteStore::open(&path).await.unwrap());
    let manager = start(licensing, &store).await;
    let status = manager.licensing().public_status();
    assert_eq!((status.code, status.restricted), (Some("state_corrupt"), true));

    let token = vendor.license().sign();
    let status = install(&manager, token.as_str().as_bytes()).await.unwrap();
    assert!(!status.restricted);
    assert!(!store.load().await.unwrap().corrupt);
}

#[tokio::test]
async fn an_unreadable_machine_id_is_borne_for_24_hours_after_a_good_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("machine-id");
    let id = "0123456789abcdef0123456789abcdef";
    std::fs::write(&path, id).unwrap();
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let manager = LicenseManager::builder(licensing.clone())
        .store(Probe::memory())
        .machine_id(MachineIdSource::files([&path]))
        .manual_ticks()
        .start()
        .await
        .unwrap();
    let fingerprint = MachineId::parse_linux(id).unwrap().fingerprint("test");
    let token = vendor.license().machine(&fingerprint).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();

    std::fs::remove_file(&path).unwrap();
    clock.advance(DAY - SECOND);
    manager.tick_once().await;
    assert_eq!(licensing.phase(), Phase::Active);
    clock.advance(60 * SECOND);
    manager.tick_once().await;
    assert_eq!(licensing.public_status().code, Some("fingerprint_unavailable"));

    std::fs::write(&path, id).unwrap();
    clock.advance(60 * SECOND);
    manager.tick_once().await;
    assert_eq!(licensing.phase(), Phase::Active);
    std::fs::write(&path, id.replace('0', "7")).unwrap();
    clock.advance(60 * SECOND);
    manager.tick_once().await;
    assert_eq!(licensing.public_status().code, Some("machine_mismatch"));
}

#[tokio::test]
async fn the_end_of_a_term_is_in_the_audit_history_once() {
    let mut service = Service::new().await;
    let token = service.vendor.license().id("lic_1").days(30).sign();
    service.install(&token).await.unwrap();
    service.clock.set(day(29));
    service.manager.tick_once().await;
    assert_eq!(service.outcomes().await, ["installed"]);
    service.clock.set(day(30));
    set(&service.store.full, true);
    service.manager.tick_once().await;
    set(&service.store.full, false);
    for _ in 0..3 {
        service.manager.tick_once().await;
    }
    service.restart().await;
    service.manager.tick_once().await;
    assert_eq!(service.outcomes().await, ["installed", "expired"]);
    let row = service.manager.audit(1).await.unwrap().remove(0);
    assert_eq!((row.actor.as_str(), row.license_id.as_deref()), ("system", Some("lic_1")));
}

#[tokio::test]
async fn a_license_can_be_taken_out_and_an_older_one_still_not_be_installed() {
    let mut service = Service::new().await;
    let older = service.vendor.license().id("older").sign();
    service.clock.advance(SECOND);
    let token = service.vendor.license().id("lic_1").issued_at(service.clock.now()).sign();
    service.install(&token).await.unwrap();
    let actor = Actor::new("admin@example.com", None);

    set(&service.store.full, true);
    assert_eq!(service.manager.remove(&actor).await.unwrap_err().code(), "store_unavailable");
    assert!(service.licensing().check_service().is_ok());
    set(&service.store.full, false);
    service.manager.remove(&actor).await.unwrap();
    service.manager.remove(&actor).await.unwrap();
    assert_eq!(service.licensing().phase(), Phase::Unlicensed);
    service.assert_disk_is_memory().await;
    assert_eq!(service.outcomes().await, ["installed", "removed"]);
    service.restart().await;
    assert_eq!(service.licensing().phase(), Phase::Unlicensed);
    assert_eq!(service.refusal(&older).await, "older_than_installed");
    let row = service.store.audit(2).await.unwrap().remove(1);
    assert_eq!(row.record.digest, Some(token.digest()));
    service.install(&token).await.unwrap();
}

#[tokio::test]
async fn an_exported_history_is_whole_however_long_it_is() {
    let service = Service::new().await;
    for number in 0..1201 {
        let record = AuditRecord::new(START, number.to_string(), Outcome::Unchanged);
        service.store.record(record).await.unwrap();
    }
    let (mut lines, mut after) = (String::new(), Some(0));
    while let Some(behind) = after {
        let page = service.manager.export_audit(behind).await.unwrap();
        lines.push_str(&page.lines);
        after = page.next;
    }
    let judged = verify_export(lines.as_bytes(), None).unwrap();
    assert_eq!(judged.verdict, AuditVerdict::Intact { rows: 1201 });
    assert!(judged.has_end);
    set(&service.store.down, true);
    assert_eq!(service.manager.export_audit(0).await.unwrap_err().code(), "store_unavailable");
}

#[tokio::test]
async fn shutdown_saves_the_clock_mark() {
    let mut service = Service::new().await;
    let token = service.vendor.license().sign();
    service.install(&token).await.unwrap();
    service.clock.advance(7 * SECOND);
    service.manager.shutdown().await;
    service.restart().await;
    let kept = service.store.load().await.unwrap().saved.clock;
    assert_eq!(kept.mark, Some(START.saturating_add(7 * SECOND)));
}

/// With the background task, under Tokio's paused clock.
async fn with_task(vendor: &Vendor) -> (LicenseManager, Arc<Probe>, impl Fn(Duration)) {
    let (licensing, clock) = licensing(vendor);
    let store = Probe::memory();
    let builder = LicenseManager::builder(licensing).store(Arc::clone(&store));
    let manager = builder.machine_id(machine()).start().await.unwrap();
    (manager, store, move |duration| clock.advance(duration))
}

/// Lets a task that was spawned come to where it waits.
async fn waits(task: &JoinHandle<()>) {
    for _ in 0..5 {
        yield_now().await;
    }
    assert!(!task.is_finished());
}

/// A task that ends when the gate has closed, and waits for that already.
async fn closing(licensing: &Licensing) -> JoinHandle<()> {
    let mut gate = licensing.gate();
    let task = tokio::spawn(async move { gate.closed().await });
    waits(&task).await;
    task
}

/// A task that ends when the gate has opened, and waits for that already.
async fn opening(licensing: &Licensing) -> JoinHandle<()> {
    let mut gate = licensing.gate();
    let task = tokio::spawn(async move { gate.opened().await });
    waits(&task).await;
    task
}

#[tokio::test(start_paused = true)]
async fn the_background_task_tells_waiters_and_stores_takeovers() {
    let vendor = Vendor::new();
    let (manager, store, advance) = with_task(&vendor).await;
    let current = vendor.license().id("current").days(30).sign();
    let next = vendor.license().id("next").not_before(day(31)).days(60).sign();
    install(&manager, current.as_str().as_bytes()).await.unwrap();
    install(&manager, next.as_str().as_bytes()).await.unwrap();
    let closed = closing(manager.licensing()).await;
    advance(30 * DAY);
    closed.await.unwrap();
    let opened = opening(manager.licensing()).await;
    advance(DAY);
    opened.await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(store.load().await.unwrap().saved.current.as_deref(), Some(next.as_str()));
}

#[tokio::test(start_paused = true)]
async fn waiters_learn_of_the_expiry_while_the_store_hangs() {
    let vendor = Vendor::new();
    let (manager, store, advance) = with_task(&vendor).await;
    let current = vendor.license().id("current").days(30).sign();
    let next = vendor.license().id("next").not_before(day(1)).days(2).sign();
    install(&manager, current.as_str().as_bytes()).await.unwrap();
    install(&manager, next.as_str().as_bytes()).await.unwrap();
    set(&store.waits, true);
    advance(DAY);
    store.entered.acquire().await.unwrap().forget();
    let closed = closing(manager.licensing()).await;
    advance(DAY);
    closed.await.unwrap();
    assert_eq!(manager.licensing().restriction(), Some(Restriction::Everything));
    store.permits.add_permits(1);
    manager.shutdown().await;
    assert_eq!(store.load().await.unwrap().saved.current.as_deref(), Some(next.as_str()));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_handle_and_lets_go_of_the_store() {
    let vendor = Vendor::new();
    let (manager, store, _advance) = with_task(&vendor).await;
    let clone = manager.clone();
    drop(manager);
    tokio::time::sleep(3 * SECOND).await;
    assert!(Arc::strong_count(&store) > 1, "one handle is left");
    drop(clone);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(Arc::strong_count(&store), 1);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_at_shutdown_though_handles_are_left() {
    let vendor = Vendor::new();
    let (manager, store, advance) = with_task(&vendor).await;
    let token = vendor.license().sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    manager.shutdown().await;
    let writes = store.writes();
    advance(DAY);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(store.writes(), writes);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_at_the_start_is_an_error() {
    let vendor = Vendor::new();
    let store = Probe::memory();
    set(&store.down, true);
    let licensing = Licensing::new(vendor.verifier());
    let builder = LicenseManager::builder(licensing).store(store).manual_ticks();
    assert!(builder.start().await.is_err());
}

#[tokio::test]
async fn a_manager_can_be_used_through_the_installer_seam_alone() {
    async fn administer(installer: impl Installer, token: &[u8]) -> (bool, usize) {
        let request = InstallRequest::new(Actor::new("admin", None));
        assert!(installer.dry_run(token, request.clone()).await.would_install);
        let status = installer.install(token, request).await.unwrap();
        assert_eq!(installer.status().await, status);
        (status.restricted, installer.audit(10).await.unwrap().len())
    }
    let service = Service::new().await;
    let token = service.vendor.license().sign();
    let told = tokio::spawn({
        let manager = service.manager.clone();
        async move { administer(manager, token.as_str().as_bytes()).await }
    });
    assert_eq!(told.await.unwrap(), (false, 1));
}

#[tokio::test]
async fn instances_that_share_a_store_adopt_what_another_one_installed() {
    let vendor = Vendor::new();
    let store = Probe::memory();
    set(&store.shared, true);
    let (one, clock) = licensing(&vendor);
    let one = start(one, &store).await;
    let two = Licensing::with_clock(vendor.verifier(), Arc::clone(&clock) as Arc<dyn Clock>);
    let two = start(two, &store).await;
    let token = vendor.license().days(365).sign();
    install(&one, token.as_str().as_bytes()).await.unwrap();
    two.tick_once().await;
    assert_eq!(two.licensing().phase(), Phase::Active);

    // Both have seen a clock that ran ahead; one is cured.
    clock.set(day(200));
    one.tick_once().await;
    two.tick_once().await;
    clock.set(day(1));
    for manager in [&one, &two] {
        manager.tick_once().await;
        assert_eq!(manager.licensing().public_status().code, Some("clock_rolled_back"));
    }
    let cure = vendor.license().id("cure").issued_at(day(1)).days(365);
    let info = one.machine_info().await.unwrap();
    assert_eq!(
        two.machine_info().await.unwrap().nonce,
        info.nonce,
        "one store is one installation"
    );
    let cure = cure.claim("clock_reset_from", day(200).as_seconds());
    let cure = cure.claim("clock_reset_for", info.nonce).sign();
    install(&one, cure.as_str().as_bytes()).await.unwrap();
    two.tick_once().await;
    assert_eq!(two.licensing().phase(), Phase::Active);
}

#[tokio::test]
async fn adopting_does_not_make_an_instance_forget_what_its_own_clock_has_seen() {
    let vendor = Vendor::new();
    let store = Probe::memory();
    set(&store.shared, true);
    let (one, ahead) = licensing(&vendor);
    let one = start(one, &store).await;
    let (two, _clock) = licensing(&vendor);
    let two = start(two, &store).await;
    let token = vendor.license().sign();
    install(&one, token.as_str().as_bytes()).await.unwrap();
    // Seen, and not saved yet.
    ahead.advance(DAY);
    one.licensing().control().refresh();
    let next = vendor.license().id("next").not_before(day(30)).sign();
    two.tick_once().await;
    install(&two, next.as_str().as_bytes()).await.unwrap();
    one.tick_once().await;
    assert!(one.status().await.next.is_some());
    assert_eq!(one.licensing().control().clock_mark().mark, Some(day(1)));
}

#[tokio::test]
async fn the_banner_goes_by_what_the_product_counts() {
    let product = Product::builder("test", "https://vendor.example", "test")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap();
    let vendor = Vendor::of(product);
    let (licensing, _clock) = licensing(&vendor);
    let manager = LicenseManager::builder(licensing)
        .store(Probe::memory())
        .machine_id(machine())
        .usage(async || [("users".to_owned(), 7)].into())
        .manual_ticks()
        .start()
        .await
        .unwrap();
    assert_eq!(manager.banner().await.level, Some(WarningLevel::Critical));
    let token = vendor.license().limit("users", 7).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    let banner = manager.banner().await;
    assert_eq!(banner.level, Some(WarningLevel::Warning));
    assert_eq!(banner.messages, ["License limit used up: users."]);
    let token = vendor.license().limit("users", 8).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    assert_eq!(manager.banner().await.level, None);
    // Whoever asks on a request knows it too, without asking anybody.
    assert!(!manager.licensing().control().warns());
    let token = vendor.license().limit("users", 6).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    assert!(manager.licensing().control().warns());
    assert_eq!(manager.licensing().warnings(|_| None)[0].code, "limit_reached");
}
