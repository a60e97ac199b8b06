//! Licenses from sources that decide: a file, the environment.

use std::time::Duration;

use license_core::{
    InstallErrorKind, Licensing, MachineId, Timestamp, VerifiedLicense,
    licensing::Admission,
    machine::Machine,
    testing::{LicenseBuilder, START, Vendor, licensing},
};

fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds(START.as_seconds() + days * 86_400)
}

fn verified(licensing: &Licensing, license: LicenseBuilder<'_>) -> VerifiedLicense {
    licensing.verify(license.sign().as_str().as_bytes()).unwrap()
}

fn assert_source(licensing: &Licensing, license: &VerifiedLicense, expected: Admission) {
    let installation = licensing.control().prepare_source(license).unwrap();
    assert_eq!(installation.admission(), expected);
    licensing.control().commit(installation);
}

fn upload(licensing: &Licensing, license: &VerifiedLicense) {
    licensing.control().commit(licensing.control().prepare(license, None, false).unwrap());
}

fn in_force(licensing: &Licensing) -> String {
    licensing.license().unwrap().license().id().to_owned()
}

fn waiting(licensing: &Licensing) -> Option<String> {
    licensing.status(|_| None).next.map(|next| next.id)
}

#[test]
fn a_source_replaces_a_newer_license_and_the_newest_issue_time_stays() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    upload(&licensing, &verified(&licensing, vendor.license().id("newer")));
    let older = verified(&licensing, vendor.license().id("older").issued_at(day(-9)).days(365));
    assert_source(&licensing, &older, Admission::Current);
    assert_eq!(in_force(&licensing), "older");
    assert_eq!(licensing.control().saved().newest_issued_at, Some(START));
}

#[test]
fn a_source_that_begins_later_waits_and_is_unchanged_before_and_after_it_has_begun() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let now = verified(&licensing, vendor.license().id("now"));
    let later = verified(&licensing, vendor.license().id("later").not_before(day(1)));
    assert_source(&licensing, &now, Admission::Current);
    assert_source(&licensing, &later, Admission::Next);
    assert_source(&licensing, &later, Admission::Unchanged);
    assert_eq!((in_force(&licensing), waiting(&licensing)), ("now".into(), Some("later".into())));
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(in_force(&licensing), "later");
    assert_source(&licensing, &later, Admission::Unchanged);
    licensing.control().promote_next();
    assert_source(&licensing, &later, Admission::Unchanged);
    assert_eq!(in_force(&licensing), "later");
}

#[test]
fn a_source_that_goes_back_to_the_license_in_force_drops_the_one_that_waits() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let now = verified(&licensing, vendor.license().id("now"));
    let later = verified(&licensing, vendor.license().id("later").not_before(day(1)));
    assert_source(&licensing, &now, Admission::Current);
    assert_source(&licensing, &later, Admission::Next);
    assert_source(&licensing, &now, Admission::Current);
    assert_eq!(waiting(&licensing), None);
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(in_force(&licensing), "now");
}

#[test]
fn a_source_goes_back_behind_a_license_that_waited_and_has_begun() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let before = verified(&licensing, vendor.license().id("before"));
    let later = verified(&licensing, vendor.license().id("later").not_before(day(1)));
    assert_source(&licensing, &before, Admission::Current);
    assert_source(&licensing, &later, Admission::Next);
    clock.advance(Duration::from_secs(86_400));
    assert_source(&licensing, &before, Admission::Current);
    assert_eq!(in_force(&licensing), "before");
    assert_eq!(waiting(&licensing), None);
}

#[test]
fn a_source_for_another_machine_changes_nothing() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let fingerprint = |id: &str| MachineId::custom(id).unwrap().fingerprint("test");
    licensing.control().set_machine(Machine::from(fingerprint("sixteen-letters-1")));
    let bound = vendor.license().machine(&fingerprint("sixteen-letters-2"));
    let error = licensing.control().prepare_source(&verified(&licensing, bound)).unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::MachineMismatch);
}
