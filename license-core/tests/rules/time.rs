//! Abuse cases that turn on time (SECURITY.md): 23, 24, 26, 27, 38
//! to 40, 42, 42b, 54 and 58, through the handle and with a clock moved by hand.

use std::{sync::Arc, time::Duration};

use license_core::{
    Clock, InstallError, InstallErrorKind as Kind, Licensing, Phase, Policy, Product, Timestamp,
    licensing::{Admission, StoredState},
    machine::Machine,
    testing::{LicenseBuilder, ManualClock, START, Vendor, licensing},
    time::SharedTime,
};

use proptest::prelude::*;

const DAY: u64 = 86_400;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn before(duration: Duration) -> Timestamp {
    START.saturating_sub(duration)
}

fn after(duration: Duration) -> Timestamp {
    START.saturating_add(duration)
}

fn upload(licensing: &Licensing, license: LicenseBuilder<'_>) -> Result<Admission, InstallError> {
    let verified = licensing.verify(license.sign().as_str().as_bytes())?;
    let installation = licensing.control().prepare(&verified, None, false)?;
    let admission = installation.admission();
    licensing.control().commit(installation);
    Ok(admission)
}

#[track_caller]
fn refused(licensing: &Licensing, license: LicenseBuilder<'_>, kind: Kind) {
    let saved = licensing.control().saved();
    assert_eq!(upload(licensing, license).unwrap_err().kind(), kind);
    assert_eq!(licensing.control().saved(), saved, "a refused license must change nothing");
}

fn code(licensing: &Licensing) -> Option<&'static str> {
    licensing.check_service().err().map(|denial| denial.code().as_str())
}

#[test]
fn case_23_exp_now_now_minus_1_and_now_minus_59_are_refused() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    for ago in [0, 1, 59] {
        let license = vendor.license().issued_at(before(seconds(DAY)));
        refused(&licensing, license.expires_at(before(seconds(ago))), Kind::LicenseExpired);
    }
}

#[test]
fn case_24_exp_now_plus_1_is_accepted_and_refused_one_second_later() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let license = vendor.license().expires_at(after(seconds(1)));
    assert_eq!(upload(&licensing, license).unwrap(), Admission::Current);
    assert_eq!(code(&licensing), None);
    clock.advance(Duration::from_millis(999));
    assert_eq!(code(&licensing), None);
    clock.advance(Duration::from_millis(1));
    assert_eq!(code(&licensing), Some("license_expired"));
}

#[test]
fn case_26_iat_6_minutes_ahead_is_refused_and_4_minutes_ahead_accepted() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let ahead = |time| vendor.license().issued_at(after(time));
    refused(&licensing, ahead(seconds(360)), Kind::IssuedInFuture);
    refused(&licensing, ahead(seconds(301)), Kind::IssuedInFuture);
    assert!(upload(&licensing, ahead(seconds(240))).is_ok());
}

#[test]
fn case_27_stale_by_one_second_over_the_window_is_refused() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let window = seconds(30 * DAY);
    let issued = |ago| vendor.license().issued_at(before(ago));
    refused(&licensing, issued(window + seconds(1)), Kind::LicenseNotFresh);
    assert!(upload(&licensing, issued(window)).is_ok());
}

#[test]
fn case_38_the_clock_back_86_400_s_is_valid_and_86_401_s_is_clock_rolled_back() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    clock.set(before(seconds(DAY)));
    assert_eq!(code(&licensing), None);
    clock.set(before(seconds(DAY + 1)));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
}

#[test]
fn case_39_then_forward_to_mark_minus_1_still_refused_to_mark_valid() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    clock.set(before(seconds(DAY + 1)));
    assert!(code(&licensing).is_some());
    clock.set(before(seconds(1)));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
    clock.set(START);
    assert_eq!(code(&licensing), None);
}

#[test]
fn case_40_38_and_a_restart_is_still_refused() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    clock.set(before(seconds(DAY + 1)));
    assert!(code(&licensing).is_some());
    let saved = licensing.control().saved();
    let restarted = Licensing::with_clock(vendor.verifier(), clock.clone());
    assert!(restarted.control().restore(&saved).is_empty());
    assert_eq!(code(&restarted), Some("clock_rolled_back"));
    clock.set(before(seconds(60)));
    assert_eq!(code(&restarted), Some("clock_rolled_back"));
    clock.set(START);
    assert_eq!(code(&restarted), None);
}

#[test]
fn case_42_1969_0_and_i64_extremes_are_clock_not_set_and_leave_mark_and_latch_untouched() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    let mark = licensing.control().clock_mark();
    for millis in [i64::MIN, -31_536_000_000, 0, i64::MAX] {
        clock.set(Timestamp::from_millis(millis));
        assert_eq!(code(&licensing), Some("clock_not_set"), "{millis}");
        assert_eq!(licensing.control().clock_mark(), mark, "{millis}");
        let _ = licensing.status(|_| None);
        let _ = licensing.timeline();
        let _ = upload(&licensing, vendor.license().id("other")).unwrap_err();
    }
    clock.set(START);
    assert_eq!(code(&licensing), None);
}

#[test]
fn case_42b_a_clock_once_ten_years_ahead_is_cured_by_a_license_with_clock_reset_from_by_no_other() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    licensing.control().set_installation("one");
    upload(&licensing, vendor.license()).unwrap();
    clock.set(after(seconds(3650 * DAY)));
    assert_eq!(code(&licensing), Some("license_expired"));
    clock.set(after(seconds(60)));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
    let mark = licensing.control().clock_mark().mark.unwrap();
    // Capped at the last transition plus a day, not ten years ahead.
    assert_eq!(mark, after(seconds(366 * DAY)));

    let renewed = || vendor.license().id("renewed").issued_at(after(seconds(30)));
    refused(&licensing, renewed(), Kind::ClockRolledBack);
    let reset = |from: i64| renewed().claim("clock_reset_from", from);
    let too_low = reset(mark.as_seconds() - 1).claim("clock_reset_for", "one");
    refused(&licensing, too_low, Kind::ClockRolledBack);
    refused(&licensing, reset(mark.as_seconds()), Kind::ClockRolledBack);
    let cure = reset(mark.as_seconds()).claim("clock_reset_for", "one");
    assert_eq!(upload(&licensing, cure).unwrap(), Admission::Current);
    assert_eq!(code(&licensing), None);
    assert_eq!(licensing.control().clock_mark().mark, Some(after(seconds(60))));

    let restarted = Licensing::with_clock(vendor.verifier(), clock);
    restarted.control().restore(&licensing.control().saved());
    assert_eq!(code(&restarted), None);
}

/// A handle whose clock once ran a year ahead and is right again, with a
/// license that cures it.
fn latched(vendor: &Vendor) -> (Licensing, Arc<ManualClock>, LicenseBuilder<'_>) {
    let (licensing, clock) = licensing(vendor);
    licensing.control().set_installation("one");
    upload(&licensing, vendor.license()).unwrap();
    clock.set(after(seconds(365 * DAY)));
    assert_eq!(code(&licensing), Some("license_expired"));
    clock.set(after(seconds(60)));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
    let mark = licensing.control().clock_mark().mark.unwrap();
    let cure = vendor.license().id("cure").issued_at(after(seconds(30)));
    let cure = cure.claim("clock_reset_from", mark.as_seconds()).claim("clock_reset_for", "one");
    (licensing, clock, cure)
}

/// Lets half a year pass and turns the clock back.
fn turn_back(licensing: &Licensing, clock: &ManualClock) {
    clock.advance(seconds(180 * DAY));
    assert_eq!(code(licensing), None);
    clock.set(after(seconds(90)));
    assert_eq!(code(licensing), Some("clock_rolled_back"));
}

#[test]
fn case_54_a_reset_license_works_once() {
    let vendor = Vendor::new();
    let (licensing, clock, cure) = latched(&vendor);
    assert_eq!(upload(&licensing, cure.clone()).unwrap(), Admission::Current);
    turn_back(&licensing, &clock);
    // Its twin, signed anew in the same second, is no other.
    for again in [cure.clone(), cure.clone().id("twin")] {
        refused(&licensing, again, Kind::ClockRolledBack);
    }
    // What was issued before it came too late.
    let older = cure.clone().id("older").issued_at(after(seconds(29)));
    refused(&licensing, older, Kind::ClockRolledBack);
    let restarted = Licensing::with_clock(vendor.verifier(), clock);
    restarted.control().set_installation("one");
    assert!(restarted.control().restore(&licensing.control().saved()).is_empty());
    refused(&restarted, cure.clone(), Kind::ClockRolledBack);
    // A new one for the mark as it is now works, once again.
    let mark = restarted.control().clock_mark().mark.unwrap().as_seconds();
    let new = cure.issued_at(after(seconds(31))).claim("clock_reset_from", mark);
    assert_eq!(upload(&restarted, new).unwrap(), Admission::Current);
    assert_eq!(code(&restarted), None);
}

#[test]
fn case_54_a_reset_license_is_an_ordinary_one_on_another_installation() {
    let vendor = Vendor::new();
    for name in [None, Some("two"), Some("")] {
        let (_, _, cure) = latched(&vendor);
        let (other, clock) = licensing(&vendor);
        name.into_iter().for_each(|name| other.control().set_installation(name));
        upload(&other, vendor.license()).unwrap();
        clock.set(after(seconds(300 * DAY)));
        assert_eq!(code(&other), None);
        clock.set(after(seconds(60)));
        refused(&other, cure.clone(), Kind::ClockRolledBack);
        // Where the clock is right it is a license like any other.
        clock.set(after(seconds(300 * DAY)));
        let fresh = cure.issued_at(after(seconds(299 * DAY))).expires_at(after(seconds(700 * DAY)));
        assert_eq!(upload(&other, fresh).unwrap(), Admission::Current);
    }
}

#[test]
fn case_54_a_reset_license_from_a_source_works_once() {
    let vendor = Vendor::new();
    let (licensing, clock, cure) = latched(&vendor);
    let source = |licensing: &Licensing| {
        let verified = licensing.verify(cure.clone().sign().as_str().as_bytes()).unwrap();
        let installation = licensing.control().prepare_source(&verified).unwrap();
        let admission = installation.admission();
        licensing.control().commit(installation);
        admission
    };
    assert_eq!(source(&licensing), Admission::Current);
    assert_eq!(code(&licensing), None);
    turn_back(&licensing, &clock);
    // Every signature of ECDSA is another token, and the same license.
    assert_eq!(source(&licensing), Admission::Unchanged);
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
    // Nor after another license has been there.
    let other = licensing.verify(vendor.license().sign().as_str().as_bytes()).unwrap();
    licensing.control().commit(licensing.control().prepare_source(&other).unwrap());
    assert_eq!(source(&licensing), Admission::Current);
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
}

#[test]
fn case_54_a_reset_license_that_was_installed_before_it_was_needed_has_to_be_fresh() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    licensing.control().set_installation("one");
    let cure = vendor.license().claim("clock_reset_for", "one");
    let cure = cure.claim("clock_reset_from", after(seconds(300 * DAY)).as_seconds());
    assert_eq!(upload(&licensing, cure.clone()).unwrap(), Admission::Current);
    clock.set(after(seconds(100 * DAY)));
    assert_eq!(code(&licensing), None);
    clock.set(after(seconds(31 * DAY)));
    refused(&licensing, cure.clone(), Kind::LicenseNotFresh);
    clock.set(after(seconds(30 * DAY)));
    assert_eq!(upload(&licensing, cure).unwrap(), Admission::Current);
}

#[test]
fn case_58_a_clock_eight_hours_ahead_across_a_contiguous_renewal_refuses_nothing_afterwards() {
    let vendor = Vendor::new();
    for (promoted, uploaded) in [(false, false), (true, false), (false, true)] {
        let (licensing, clock) = licensing(&vendor);
        let turn = after(seconds(10 * DAY));
        let next = || {
            let next = vendor.license().id("next").features(["new"]);
            next.issued_at(after(seconds(2))).not_before(turn)
        };
        let old = vendor.license().expires_at(turn).features(["old"]);
        upload(&licensing, old).unwrap();
        clock.advance(seconds(10 * DAY - 3600));
        if !uploaded {
            assert_eq!(upload(&licensing, next()).unwrap(), Admission::Next);
        }
        assert_eq!(code(&licensing), None);
        let right = clock.now();
        clock.set(right.saturating_add(seconds(8 * 3600)));
        assert_eq!(code(&licensing), uploaded.then_some("license_expired"));
        if promoted {
            licensing.control().promote_next();
        }
        clock.advance(seconds(3));
        let _ = code(&licensing);
        clock.set(right.saturating_add(seconds(3)));
        if uploaded {
            // As of the time by which the old one has ended it has begun.
            assert_eq!(upload(&licensing, next()).unwrap(), Admission::Current);
        }
        let foretold = licensing.timeline().transitions.first().map(|it| it.phase);
        assert_eq!(foretold, Some(Phase::Expiring));
        for _ in 0..1200 {
            assert_eq!(code(&licensing), None, "at {}", clock.now());
            assert!(licensing.check_feature("new").is_ok());
            clock.advance(seconds(30));
        }
        // Over a restart, too.
        clock.set(right.saturating_add(seconds(3)));
        let restarted = Licensing::with_clock(vendor.verifier(), clock.clone());
        restarted.control().restore(&licensing.control().saved());
        assert_eq!(code(&restarted), None);
        assert!(restarted.check_feature("new").is_ok());
    }
}

#[test]
fn a_beginning_that_the_shared_clock_has_not_reached_has_not_come() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    clock.set(after(seconds(200)));
    assert_eq!(code(&licensing), None);
    clock.set(after(seconds(10)));
    // The mark is 190 s ahead, which may be shared; the time is not.
    let shared = SharedTime::new(after(seconds(10)), seconds(300));
    let next = vendor.license().id("next").not_before(after(seconds(100))).sign();
    let next = licensing.verify(next.as_str().as_bytes()).unwrap();
    let admission =
        |time| licensing.control().prepare_by(time, &next, None, false).unwrap().admission();
    assert_eq!(admission(shared), Admission::Next);
    assert_eq!(admission(SharedTime::NONE), Admission::Current);
}

#[test]
fn a_license_ends_by_the_mark_while_the_clock_is_a_little_behind() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license().days(1)).unwrap();
    clock.advance(seconds(DAY - 1800));
    assert_eq!(code(&licensing), None);
    clock.set(after(seconds(DAY - 5400)));
    assert_eq!(code(&licensing), None);
    // The mark goes on, and no coarse reading hides it.
    clock.advance(seconds(1800));
    assert_eq!(code(&licensing), None);
    clock.advance(seconds(60));
    assert_eq!(code(&licensing), Some("license_expired"));
}

#[test]
fn a_latch_holds_where_there_is_no_license_that_it_could_stop() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    let mut saved = licensing.control().saved();
    saved.current = Some("not a token".to_owned());
    let restarted = Licensing::with_clock(vendor.verifier(), clock.clone());
    assert_eq!(restarted.control().restore(&saved).len(), 1);
    clock.set(before(seconds(DAY + 1)));
    assert_eq!(code(&restarted), Some("license_invalid"));
    clock.set(before(seconds(60)));
    assert_eq!(code(&restarted), Some("license_invalid"));
    assert!(restarted.control().clock_mark().latched);
    clock.set(START);
    assert_eq!(code(&restarted), Some("license_invalid"));
    assert!(!restarted.control().clock_mark().latched);
}

#[test]
fn what_is_known_to_have_been_moves_the_mark_up_to_its_cap() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    licensing.control().note_time(after(seconds(DAY)));
    assert_eq!(licensing.control().clock_mark().mark, None, "nothing is noted without a license");
    upload(&licensing, vendor.license().days(10)).unwrap();
    licensing.control().note_time(after(seconds(3600)));
    assert_eq!(licensing.control().clock_mark().mark, Some(after(seconds(3600))));
    licensing.control().note_time(START);
    assert_eq!(licensing.control().clock_mark().mark, Some(after(seconds(3600))));
    licensing.control().note_time(after(seconds(400 * DAY)));
    assert_eq!(licensing.control().clock_mark().mark, Some(after(seconds(11 * DAY))));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
    clock.set(after(seconds(11 * DAY)));
    assert_eq!(code(&licensing), Some("license_expired"));
}

#[test]
fn a_clock_that_stands_a_day_back_is_noticed_without_a_tick_after_an_idle_night() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    clock.advance(seconds(3 * DAY));
    clock.set(after(seconds(DAY)));
    assert_eq!(code(&licensing), Some("clock_rolled_back"));
}

#[test]
fn a_license_that_starts_later_waits_and_takes_over_by_itself() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license().days(10).features(["old"])).unwrap();
    let next =
        |id, day| vendor.license().id(id).not_before(after(seconds(day * DAY))).features([id]);
    assert_eq!(upload(&licensing, next("first", 20)).unwrap(), Admission::Next);
    assert_eq!(upload(&licensing, next("second", 5)).unwrap(), Admission::Next);
    assert!(licensing.check_feature("old").is_ok());
    clock.advance(Duration::from_millis(5 * DAY * 1000 - 1));
    assert!(licensing.check_feature("second").is_err());
    clock.advance(Duration::from_millis(1));
    assert!(licensing.check_feature("second").is_ok());
    assert!(licensing.check_feature("old").is_err());
    assert!(licensing.control().due_next().is_some());
    licensing.control().promote_next();
    assert!(licensing.control().due_next().is_none());
    assert!(licensing.check_feature("second").is_ok());
}

#[test]
fn a_license_uploaded_after_the_waiting_one_has_begun_replaces_it() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let next = vendor.license().id("next").not_before(after(seconds(60)));
    assert_eq!(upload(&licensing, next).unwrap(), Admission::Next);
    assert_eq!(licensing.phase(), Phase::Scheduled);
    clock.advance(seconds(61));
    let newest = vendor.license().id("newest").issued_at(after(seconds(1)));
    assert_eq!(upload(&licensing, newest).unwrap(), Admission::Current);
    assert_eq!(licensing.license().unwrap().license().id(), "newest");
    assert_eq!(licensing.control().saved().next, None);
}

#[test]
fn an_older_license_is_refused_and_the_same_again_changes_nothing() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let token = vendor.license().sign();
    let install = || {
        let verified = licensing.verify(token.as_str().as_bytes())?;
        let installation = licensing.control().prepare(&verified, None, false)?;
        let admission = installation.admission();
        licensing.control().commit(installation);
        Ok::<_, InstallError>(admission)
    };
    assert_eq!(install().unwrap(), Admission::Current);
    let older = vendor.license().id("older").issued_at(before(seconds(1)));
    refused(&licensing, older, Kind::OlderThanInstalled);
    // Past the window of freshness it is still the one that is installed.
    clock.advance(seconds(40 * DAY));
    assert_eq!(install().unwrap(), Admission::Unchanged);
    clock.advance(seconds(400 * DAY));
    assert_eq!(install().unwrap_err().kind(), Kind::LicenseExpired);
}

#[test]
fn a_license_that_would_lock_out_the_uploading_host_needs_force() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let token = vendor.license().domain("*.acme.internal").sign();
    let verified = licensing.verify(token.as_str().as_bytes()).unwrap();
    let prepare = |host, force| licensing.control().prepare(&verified, host, force);
    for host in ["localhost:3000", "acme.internal", "", "a b"] {
        let error = prepare(Some(host), false).unwrap_err();
        assert_eq!(error.kind(), Kind::DomainMismatch);
        assert!(error.detail().contains("License domain mismatch"));
        assert!(prepare(Some(host), true).is_ok());
    }
    assert!(prepare(Some("api.acme.internal:3000"), false).is_ok());
}

#[test]
fn a_license_for_another_machine_is_refused_and_one_for_this_machine_needs_its_identity() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let fingerprint = |digit: &str| {
        let id = license_core::MachineId::parse_linux(&digit.repeat(32)).unwrap();
        id.fingerprint("test")
    };
    let bound = || vendor.license().machine(&fingerprint("1"));
    refused(&licensing, bound(), Kind::FingerprintUnavailable);
    licensing.control().set_machine(Machine::from(fingerprint("2")));
    refused(&licensing, bound(), Kind::MachineMismatch);
    licensing.control().set_machine(Machine::from(fingerprint("1")));
    upload(&licensing, bound()).unwrap();
    assert_eq!(code(&licensing), None);
    licensing.control().set_machine(Machine::from(fingerprint("2")));
    assert_eq!(code(&licensing), Some("machine_mismatch"));
    licensing.control().set_machine(Machine::UNAVAILABLE);
    assert_eq!(code(&licensing), Some("fingerprint_unavailable"));
}

#[test]
fn a_stored_token_that_does_not_verify_is_not_in_force_and_can_be_replaced() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    upload(&licensing, vendor.license()).unwrap();
    let mut saved = licensing.control().saved();
    let stranger = Vendor::new();
    saved.current = Some(stranger.license().sign().as_str().to_owned());
    let restarted = Licensing::with_clock(vendor.verifier(), clock);
    let errors = restarted.control().restore(&saved);
    assert_eq!(errors.len(), 1);
    assert_eq!(code(&restarted), Some("license_invalid"));
    upload(&restarted, vendor.license().id("again")).unwrap();
    assert_eq!(code(&restarted), None);
    restarted.control().mark_corrupt();
    restarted.control().restore(&StoredState::default());
    assert_eq!(code(&restarted), Some("license_missing"));
}

#[test]
fn the_timeline_lists_what_will_happen() {
    let policy = Policy::new().warn(seconds(30 * DAY)).grace(seconds(14 * DAY));
    let product = Product::builder("test", "https://vendor.example", "test").policy(policy);
    let vendor = Vendor::of(product.build().unwrap());
    let (licensing, clock): (Licensing, Arc<ManualClock>) = licensing(&vendor);
    upload(&licensing, vendor.license().days(100)).unwrap();
    let shown = |licensing: &Licensing| -> Vec<(u64, &'static str)> {
        let timeline = licensing.timeline();
        let day = |at: Timestamp| at.saturating_since(START).as_secs() / DAY;
        timeline.transitions.iter().map(|it| (day(it.at), it.phase.as_str())).collect()
    };
    assert_eq!(shown(&licensing), [(70, "expiring"), (100, "grace"), (114, "lapsed")]);
    let next = vendor.license().id("next").not_before(after(seconds(105 * DAY))).days(400);
    upload(&licensing, next).unwrap();
    assert_eq!(
        shown(&licensing),
        [
            (70, "expiring"),
            (100, "grace"),
            (105, "active"),
            (370, "expiring"),
            (400, "grace"),
            (414, "lapsed")
        ]
    );
    for (day, phase) in shown(&licensing) {
        clock.set(after(Duration::from_millis(day * DAY * 1000 - 1)));
        assert_ne!(licensing.phase().as_str(), phase);
        clock.set(after(seconds(day * DAY)));
        assert_eq!(licensing.phase().as_str(), phase);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// What the timeline foretells is what comes.
    #[test]
    fn at_every_moment_the_phase_is_the_one_that_the_timeline_foretold(
        warn in 0..100u64,
        grace in 0..100u64,
        days in 1..400i64,
        next in prop::option::of((1..400u64, 1..400u64)),
        moments in prop::collection::vec(0..900 * DAY, 1..20),
    ) {
        let policy = Policy::new().warn(seconds(warn * DAY)).grace(seconds(grace * DAY));
        let product = Product::builder("test", "https://vendor.example", "test").policy(policy);
        let vendor = Vendor::of(product.build().unwrap());
        let (licensing, clock) = licensing(&vendor);
        upload(&licensing, vendor.license().days(days)).unwrap();
        if let Some((begins, lasts)) = next {
            let begins = after(seconds(begins * DAY));
            let ends = begins.saturating_add(seconds(lasts * DAY));
            let next = vendor.license().id("next").not_before(begins).expires_at(ends);
            upload(&licensing, next).unwrap();
        }
        let first = licensing.phase();
        let timeline = licensing.timeline().transitions;
        prop_assert!(timeline.is_sorted_by_key(|transition| transition.at));
        let changes = timeline.iter().map(|transition| transition.at);
        let around = changes.flat_map(|at| [at, at.saturating_sub(Duration::from_millis(1))]);
        let mut moments: Vec<Timestamp> =
            moments.into_iter().map(|moment| after(seconds(moment))).chain(around).collect();
        moments.sort_unstable();
        for moment in moments {
            clock.set(moment);
            let past = timeline.iter().take_while(|transition| transition.at <= moment);
            let foretold = past.last().map_or(first, |transition| transition.phase);
            prop_assert_eq!(licensing.phase(), foretold, "at {}", moment);
        }
    }
}

#[test]
fn the_month_turns_at_midnight_in_utc_to_the_millisecond() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    vendor.license().install(&licensing);
    let turn: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    for millis in [1000, 21, 20, 19, 1] {
        clock.set(turn.saturating_sub(Duration::from_millis(millis)));
        assert_eq!(licensing.control().month().to_string(), "2026-11", "{millis} ms before");
    }
    clock.set(turn);
    assert_eq!(licensing.control().month().to_string(), "2026-12");
}

#[test]
fn a_clock_moved_back_does_not_bring_a_month_back() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    vendor.license().install(&licensing);
    clock.advance(seconds(31 * DAY));
    assert_eq!(licensing.control().month().to_string(), "2026-12");
    for back in [1, 3 * DAY, 300 * DAY] {
        clock.set(after(seconds(31 * DAY)).saturating_sub(seconds(back)));
        assert_eq!(licensing.control().month().to_string(), "2026-12", "{back} s back");
    }
    clock.set(after(seconds(61 * DAY)));
    assert_eq!(licensing.control().month().to_string(), "2027-01");
}

#[test]
fn how_much_is_allowed_follows_the_license_in_force() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    assert_eq!(licensing.max("users").unwrap_err().status(), 503);
    let license = || vendor.license().days(30).limit("users", 5).limit("hosts", None::<u64>);
    license().install(&licensing);
    assert_eq!(licensing.max("users"), Ok(Some(5)));
    assert_eq!(licensing.max("hosts"), Ok(None));
    assert_eq!(licensing.max("nobody knows"), Ok(Some(0)));
    license().id("larger").limit("users", 9).install(&licensing);
    assert_eq!(licensing.max("users"), Ok(Some(9)));
    clock.advance(seconds(30 * DAY));
    assert_eq!(licensing.max("users").unwrap_err().code().as_str(), "license_expired");
}
