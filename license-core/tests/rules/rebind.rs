//! Which licenses are for this machine, and `policy.rebind`: how long one goes on
//! when the machine's identity changes.

use std::{sync::Arc, time::Duration};

use license_core::{
    Clock, Fingerprint, InstallErrorKind, Licensing, MachineId, Phase, Policy, Product, Timestamp,
    Warning, WarningLevel,
    licensing::Admission,
    machine::{Machine, MachineHistory, MachineScheme, Rebind},
    refusal::Check,
    report::{Fact, Outcome, Surroundings},
    testing::{LicenseBuilder, ManualClock, START, Vendor, licensing},
};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// A service on a machine, and a runtime that remembers what it should.
struct Service {
    vendor: Vendor,
    licensing: Licensing,
    clock: Arc<ManualClock>,
}

impl Service {
    /// One whose policy gives 72 hours, with a license for the machine `a`.
    fn new() -> Self {
        Self::of(72 * HOUR)
    }

    fn of(rebind: Duration) -> Self {
        let product = Product::builder("test", "https://vendor.example", "test");
        let product = product.policy(Policy::new().rebind(rebind)).build().unwrap();
        let vendor = Vendor::of(product);
        let (licensing, clock) = licensing(&vendor);
        let service = Self { vendor, licensing, clock };
        service.is(&["a"]);
        service.upload(service.license("first")).unwrap();
        service.is(&["a"]);
        service
    }

    fn license(&self, id: &str) -> LicenseBuilder<'_> {
        self.vendor.license().id(id).issued_at(self.now()).machine(&fingerprint("a"))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.clock.now().as_seconds())
    }

    fn upload(&self, license: LicenseBuilder<'_>) -> Result<(), InstallErrorKind> {
        let verified = self.licensing.verify(license.sign().as_str().as_bytes()).unwrap();
        let prepared = self.licensing.control().prepare(&verified, None, false);
        self.licensing.control().commit(prepared.map_err(|error| error.kind())?);
        Ok(())
    }

    /// The machine is this one from now on.
    fn is(&self, machines: &[&str]) {
        let machine = Machine::of(machines.iter().map(|it| fingerprint(it)));
        let control = self.licensing.control();
        if let Some(due) = control.machine_history_due(&machine) {
            control.set_machine_history(due);
        }
        control.set_machine(machine);
    }

    /// Another process goes on with what was kept.
    fn restart(&mut self) {
        let control = self.licensing.control();
        let (saved, history) = (control.saved(), control.machine_history());
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.licensing = Licensing::with_clock(self.vendor.verifier(), clock);
        assert_eq!(self.licensing.control().restore(&saved).len(), 0);
        self.licensing.control().set_machine_history(history);
    }

    fn code(&self) -> Option<&'static str> {
        self.licensing.public_status().code
    }

    fn warning(&self) -> Option<Warning> {
        let warnings = self.licensing.warnings(|_| None);
        warnings.into_iter().find(|warning| warning.code == "machine_changed")
    }
}

fn fingerprint(name: &str) -> Fingerprint {
    MachineId::custom(&format!("the-machine-called-{name}")).unwrap().fingerprint("test")
}

#[test]
fn case_69_a_scheme_never_satisfies_a_license_of_another_whatever_the_id() {
    let id = "0123456789abcdef0123456789abcdef";
    let ids = [MachineId::custom(id), MachineId::installation(id), MachineId::parse_linux(id)];
    let prints = ids.map(|id| id.unwrap().fingerprint("test"));
    assert_eq!(prints.each_ref().map(Fingerprint::scheme), MachineScheme::ALL);
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    for (at, bound) in prints.iter().enumerate() {
        let token = vendor.license().machine(bound).sign();
        let verified = licensing.verify(token.as_str().as_bytes()).unwrap();
        for (other, machine) in prints.iter().enumerate() {
            licensing.control().set_machine(Machine::from(machine.clone()));
            let refused = licensing.control().prepare(&verified, None, false).err();
            let refused = refused.map(|error| error.kind());
            let expected = (at != other).then_some(InstallErrorKind::MachineMismatch);
            assert_eq!(refused, expected, "{bound} on {machine}");
        }
    }
}

#[test]
fn a_license_for_any_rung_of_the_ladder_is_for_this_machine() {
    let service = Service::of(Duration::ZERO);
    // The operator sets an id: the machine is called by it, and locked out nobody.
    service.is(&["set", "a"]);
    assert_eq!(service.code(), None);
    assert_eq!(service.warning(), None);
    let machine = service.licensing.status(|_| None).machine;
    assert_eq!(machine, Some(fingerprint("set")));
    service.upload(service.license("same")).unwrap();
    service.is(&["set"]);
    assert_eq!(service.code(), Some("machine_mismatch"));
}

#[test]
fn without_time_to_rebind_another_identity_is_refused_and_told() {
    let service = Service::of(Duration::ZERO);
    service.is(&["b"]);
    assert_eq!(service.code(), Some("machine_mismatch"));
    let warning = service.warning().unwrap();
    assert_eq!(warning.level, WarningLevel::Critical);
    assert_eq!(warning.facts.variant(), Some("over"));
    let (old, new) = (fingerprint("a").to_string(), fingerprint("b").to_string());
    assert!(warning.text.contains(&old) && warning.text.contains(&new), "{}", warning.text);
    assert_eq!(warning.facts.get("old"), Some(&Fact::Text(old)));
    assert_eq!(warning.facts.get("new"), Some(&Fact::Text(new.clone())));
    let banner = service.licensing.banner(|_| None);
    assert!(!format!("{banner:?}").contains(&new), "for administrators alone");
    service.is(&["a"]);
    assert_eq!((service.code(), service.warning()), (None, None));
}

#[test]
fn the_license_in_force_goes_on_for_the_time_of_the_policy_and_no_longer() {
    let mut service = Service::new();
    service.clock.advance(HOUR);
    assert!(!service.licensing.control().warns());
    service.is(&["b"]);
    let until = START.saturating_add(73 * HOUR);
    assert_eq!((service.code(), service.licensing.phase()), (None, Phase::Active));
    assert!(service.licensing.control().warns());
    let warning = service.warning().unwrap();
    assert_eq!((warning.level, warning.facts.variant()), (WarningLevel::Warning, None));
    assert_eq!(warning.facts.get("until"), Some(&Fact::Moment(until)));
    assert!(warning.text.contains(&until.to_string()), "{}", warning.text);
    let next = &service.licensing.timeline().transitions[0];
    assert_eq!((next.at, next.phase.as_str()), (until, "invalid"));
    assert_eq!(next.refused.unwrap().code, "machine_mismatch");

    service.clock.advance(72 * HOUR - SECOND);
    assert_eq!(service.code(), None);
    service.restart();
    service.is(&["b"]);
    assert_eq!(service.code(), None);
    service.clock.advance(SECOND);
    assert_eq!(service.code(), Some("machine_mismatch"));
    assert!(service.licensing.check_request(|| false, || unreachable!()).is_err());
    assert_eq!(service.warning().unwrap().facts.variant(), Some("over"));
}

#[test]
fn case_68_neither_a_restart_nor_a_third_identity_nor_the_old_one_in_between_begins_it_anew() {
    let mut service = Service::new();
    service.is(&["b"]);
    service.clock.advance(24 * HOUR);
    service.is(&["a"]);
    assert_eq!(service.warning(), None);
    service.clock.advance(24 * HOUR);
    service.restart();
    service.is(&["c"]);
    assert_eq!(service.code(), None);
    service.clock.advance(24 * HOUR - SECOND);
    assert_eq!(service.code(), None);
    service.clock.advance(SECOND);
    assert_eq!(service.code(), Some("machine_mismatch"));
    service.is(&["d"]);
    service.restart();
    service.is(&["a"]);
    service.is(&["e"]);
    assert_eq!(service.code(), Some("machine_mismatch"));
}

#[test]
fn case_68_a_clock_that_is_set_back_gains_nothing() {
    let mut service = Service::new();
    service.is(&["b"]);
    service.clock.advance(71 * HOUR);
    assert_eq!(service.code(), None);
    // Within the tolerance: the mark goes on.
    service.clock.set(START.saturating_add(50 * HOUR));
    service.restart();
    service.is(&["b"]);
    assert_eq!(service.code(), None);
    service.clock.advance(2 * HOUR);
    assert_eq!(service.code(), Some("machine_mismatch"));
    // Beyond it, nothing is in force at all.
    service.clock.set(START);
    service.is(&["c"]);
    assert_eq!(service.code(), Some("clock_rolled_back"));
}

#[test]
fn case_68_only_a_newly_issued_license_is_given_time_again() {
    let service = Service::new();
    service.clock.advance(SECOND);
    let waiting = service.license("waiting").not_before(START.saturating_add(100 * HOUR));
    service.upload(waiting).unwrap();
    service.is(&["b"]);
    service.clock.advance(80 * HOUR);
    assert_eq!(service.code(), Some("machine_mismatch"));
    assert_eq!(service.upload(service.license("again")), Err(InstallErrorKind::MachineMismatch));
    // One that waited was accepted before.
    service.clock.advance(30 * HOUR);
    service.is(&["b"]);
    assert_eq!(service.code(), Some("machine_mismatch"));

    service.is(&["a"]);
    service.upload(service.license("second")).unwrap();
    service.is(&["a"]);
    service.is(&["b"]);
    assert_eq!(service.code(), None);
    service.clock.advance(72 * HOUR);
    assert_eq!(service.code(), Some("machine_mismatch"));
}

#[test]
fn case_68_what_this_installation_never_was_is_given_no_time() {
    let service = Service::new();
    let strange = service.license("strange").machine(&fingerprint("z"));
    let verified = service.licensing.verify(strange.sign().as_str().as_bytes()).unwrap();
    service.licensing.install_in_memory(&verified);
    service.is(&["a"]);
    assert_eq!(service.code(), Some("machine_mismatch"));
    assert_eq!(service.warning(), None);
    assert_eq!(service.licensing.control().machine_history().rebind, None);
}

#[test]
fn an_identity_that_cannot_be_read_is_not_another_one() {
    let service = Service::new();
    service.is(&[]);
    assert_eq!(service.code(), Some("fingerprint_unavailable"));
    assert_eq!(service.licensing.control().machine_history().rebind, None);
}

#[test]
fn the_license_for_the_new_identity_ends_the_matter() {
    let service = Service::new();
    service.is(&["b"]);
    service.clock.advance(HOUR);
    service.upload(service.license("moved").machine(&fingerprint("b"))).unwrap();
    service.is(&["b"]);
    assert_eq!((service.code(), service.warning()), (None, None));
    let history = service.licensing.control().machine_history();
    assert_eq!(history.verified, Some(fingerprint("b")));
    // It was issued anew, and is given its own time.
    service.clock.advance(100 * HOUR);
    service.is(&["c"]);
    assert_eq!(service.code(), None);
}

#[test]
fn a_source_that_holds_the_license_in_force_is_no_other_license() {
    let service = Service::new();
    let token = service.vendor.license().id("first").machine(&fingerprint("a")).sign();
    let verified = service.licensing.verify(token.as_str().as_bytes()).unwrap();
    let source = || {
        let prepared = service.licensing.control().prepare_source(&verified);
        prepared.map(|it| it.admission()).map_err(|error| error.kind())
    };
    service.is(&["b"]);
    assert_eq!(source().ok(), Some(Admission::Unchanged));
    service.clock.advance(72 * HOUR);
    assert_eq!(source().err(), Some(InstallErrorKind::MachineMismatch));
}

#[test]
fn time_given_by_a_clock_that_once_ran_ahead_is_brought_back_to_now() {
    let service = Service::new();
    let ahead = START.saturating_add(10_000 * HOUR);
    let history = MachineHistory::new(Some(fingerprint("a")), Some(Rebind::new(ahead, START)));
    service.licensing.control().set_machine_history(history);
    service.is(&["b"]);
    service.clock.advance(72 * HOUR - SECOND);
    assert_eq!(service.code(), None);
    service.clock.advance(SECOND);
    assert_eq!(service.code(), Some("machine_mismatch"));
}

#[test]
fn a_policy_that_gives_no_time_any_more_ends_it() {
    let service = Service::of(Duration::ZERO);
    // Ahead of the clock, and the store could not bring it back.
    let ahead = START.saturating_add(HOUR);
    let history = MachineHistory::new(Some(fingerprint("a")), Some(Rebind::new(ahead, START)));
    service.licensing.control().set_machine_history(history);
    service.licensing.control().set_machine(Machine::from(fingerprint("b")));
    assert_eq!(service.code(), Some("machine_mismatch"));
}

#[test]
fn the_doctor_tells_of_a_changed_machine_for_as_long_as_the_license_goes_on() {
    let service = Service::new();
    let found = || {
        let diagnosis = service.licensing.control().diagnose(None, &Surroundings::new());
        let finding = diagnosis.findings.into_iter().find(|it| it.check == Check::Machine);
        let finding = finding.expect("the machine is looked at");
        (finding.outcome, finding.code)
    };
    assert_eq!(found(), (Outcome::Ok, "ok"));
    service.is(&["b"]);
    assert_eq!(found(), (Outcome::Warning, "machine_changed"));
    service.clock.advance(72 * HOUR);
    assert_eq!(found(), (Outcome::Failed, "machine_mismatch"));
}
