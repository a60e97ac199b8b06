//! `policy.status`: whatever stops the service can be answered with another
//! status than 503.

use std::{sync::Arc, time::Duration};

use license_core::{
    Denial, DenialCode, Licensing, MachineId, Product, Timestamp,
    machine::Machine,
    testing::{ManualClock, START, Vendor, licensing},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Every code that stops the service, and how it comes to that.
fn stopped(vendor: &Vendor) -> Vec<(DenialCode, Licensing)> {
    let prepared = |prepare: &dyn Fn(&Licensing, &ManualClock)| {
        let (licensing, clock) = licensing(vendor);
        prepare(&licensing, &clock);
        licensing
    };
    let machine = MachineId::parse_linux(&"1".repeat(32)).unwrap().fingerprint("test");
    let bound = |licensing: &Licensing| {
        licensing.control().set_machine(Machine::from(machine.clone()));
        vendor.license().machine(&machine).install(licensing);
    };
    let early = START.saturating_add(DAY);
    vec![
        (DenialCode::LicenseMissing, prepared(&|_, _| ())),
        (
            DenialCode::LicenseExpired,
            prepared(&|licensing, clock| {
                vendor.license().days(1).install(licensing);
                clock.advance(DAY * 2);
            }),
        ),
        (
            DenialCode::LicenseNotYetValid,
            prepared(&|licensing, _| {
                let token = vendor.license().not_before(early).sign();
                licensing.install_in_memory(&licensing.verify(token.as_str().as_bytes()).unwrap());
            }),
        ),
        (
            DenialCode::LicenseInvalid,
            prepared(&|licensing, _| {
                vendor.license().install(licensing);
                let mut saved = licensing.control().saved();
                saved.current = Some("no license".to_owned());
                assert_eq!(licensing.control().restore(&saved).len(), 1);
            }),
        ),
        (DenialCode::StateCorrupt, prepared(&|licensing, _| licensing.control().mark_corrupt())),
        (
            DenialCode::MachineMismatch,
            prepared(&|licensing, _| {
                bound(licensing);
                let other = MachineId::parse_linux(&"2".repeat(32)).unwrap().fingerprint("test");
                licensing.control().set_machine(Machine::from(other));
            }),
        ),
        (
            DenialCode::FingerprintUnavailable,
            prepared(&|licensing, _| {
                bound(licensing);
                licensing.control().set_machine(Machine::UNAVAILABLE);
            }),
        ),
        (
            DenialCode::ClockRolledBack,
            prepared(&|licensing, clock| {
                vendor.license().install(licensing);
                clock.advance(DAY * 10);
                assert!(licensing.check_service().is_ok());
                clock.set(START);
            }),
        ),
        (
            DenialCode::ClockNotSet,
            prepared(&|licensing, clock| {
                vendor.license().install(licensing);
                clock.set(Timestamp::from_seconds(0));
            }),
        ),
    ]
}

/// The product with this policy.
fn vendor(policy: &str) -> Vendor {
    let profile = format!(
        "name = \"a\"\nissuer = \"https://a.example\"\naudience = \"test\"\n\
         [policy]\n{policy}\n[features]\nsso = \"SSO\"\n"
    );
    Vendor::of(Product::from_toml(&profile).unwrap())
}

fn answered(result: Result<(), Denial>) -> Option<(DenialCode, u16)> {
    result.err().map(|denial| (denial.code(), denial.status()))
}

#[test]
fn whatever_stops_the_service_is_503_or_what_the_policy_says() {
    let plain = vendor("");
    for (code, licensing) in stopped(&plain) {
        assert_eq!(answered(licensing.check_service()), Some((code, 503)));
    }
    let codes: Vec<_> = stopped(&plain).iter().map(|(code, _)| *code).collect();
    let with_503: Vec<_> =
        DenialCode::ALL.into_iter().filter(|code| code.default_status() == 503).collect();
    assert_eq!([codes.clone(), vec![DenialCode::StoreUnavailable]].concat(), with_503);

    let chosen = |number: usize| 418 + u16::try_from(number).unwrap();
    let members: Vec<_> = with_503
        .iter()
        .enumerate()
        .map(|(number, code)| format!("{code} = {}", chosen(number)))
        .collect();
    let other = vendor(&format!("status = {{ {} }}", members.join(", ")));
    for (number, (code, licensing)) in stopped(&other).into_iter().enumerate() {
        let expected = Some((code, chosen(number)));
        assert_eq!(answered(licensing.check_service()), expected);
        // Of a feature it is the same: one code, one status.
        assert_eq!(answered(licensing.check_feature("sso")), expected);
        assert_eq!(answered(licensing.control().require_license().map(drop)), expected);
    }
    let licensing = Licensing::with_clock(other.verifier(), Arc::new(ManualClock::new()));
    let denial = licensing.control().denial(DenialCode::StoreUnavailable);
    assert_eq!(denial.status(), chosen(with_503.len() - 1));
}
