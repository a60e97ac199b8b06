//! By what a machine is known, and what happens when that changes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use license_core::{
    Clock, Fingerprint, Installer, Licensing, MachineId, Phase, Policy, Product, Token, Warning,
    machine::{MachineHistory, MachineScheme},
    testing::{ManualClock, START, Vendor},
};
use license_runtime::{
    LicenseManager, MachineIdSource, MachineLadder, MemoryStore, OperatorId, SqliteStore, Store,
};
use tempfile::TempDir;

use crate::support::{DAY, Probe, install, set};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SET: &str = "cluster-a/node-17";

/// A container: its `/etc/machine-id` and its `MACHINE_ID`, and a volume that
/// outlives it.
struct Container {
    vendor: Vendor,
    clock: Arc<ManualClock>,
    directory: TempDir,
    operator_id: OperatorId,
    store: Arc<Probe>,
    manager: LicenseManager,
}

impl Container {
    /// One with this ladder, of a product that gives 72 hours.
    async fn new(ladder: &[MachineScheme]) -> Self {
        let product = Product::builder("test", "https://vendor.example", "test")
            .machine_ladder(ladder.iter().copied())
            .policy(Policy::new().rebind(72 * HOUR));
        let vendor = Vendor::of(product.build().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let operator_id = OperatorId::of(None, None);
        let store = Probe::of(SqliteStore::open(directory.path().join("db")).await.unwrap());
        let manager =
            manager(&vendor, &clock, ladder_of(&vendor, &directory, &operator_id), &store);
        let manager = manager.await;
        let mut container = Self { vendor, clock, directory, operator_id, store, manager };
        container.is('1');
        container.restart().await;
        container
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("machine-id")
    }

    /// What `/etc/machine-id` holds from now on.
    fn is(&self, digit: char) {
        std::fs::write(self.path(), id(digit)).unwrap();
    }

    fn ladder(&self) -> MachineLadder {
        ladder_of(&self.vendor, &self.directory, &self.operator_id)
    }

    /// What the operator sets for the next start.
    fn set(&mut self, text: &str) {
        self.operator_id = OperatorId::of(Some(text.into()), None);
    }

    /// Another process on what is on the volume, as after a kill.
    async fn restart(&mut self) {
        let nothing = Probe::memory();
        self.manager = manager(&self.vendor, &self.clock, self.ladder(), &nothing).await;
        self.store = nothing;
        self.store = Probe::of(SqliteStore::open(self.directory.path().join("db")).await.unwrap());
        self.manager = manager(&self.vendor, &self.clock, self.ladder(), &self.store).await;
    }

    async fn restart_as(&mut self, digit: char) {
        self.is(digit);
        self.restart().await;
    }

    async fn tick(&self, time: Duration) {
        self.clock.advance(time);
        self.manager.tick_once().await;
    }

    fn token(&self, name: &str, machine: &Fingerprint) -> Token {
        let now = license_core::Timestamp::from_seconds(self.clock.now().as_seconds());
        self.vendor.license().id(name).issued_at(now).machine(machine).sign()
    }

    /// The code with which this license is refused; `None` where it is not.
    async fn upload(&self, name: &str, machine: &Fingerprint) -> Option<&'static str> {
        let token = self.token(name, machine);
        install(&self.manager, token.as_str().as_bytes()).await.err().map(|error| error.code())
    }

    fn code(&self) -> Option<&'static str> {
        self.manager.licensing().public_status().code
    }

    async fn called(&self) -> Fingerprint {
        self.manager.machine_info().await.unwrap().fingerprint
    }

    async fn warning(&self) -> Option<Warning> {
        let warnings = self.manager.status().await.warnings;
        warnings.into_iter().find(|it| it.code == "machine_changed")
    }
}

fn ladder_of(vendor: &Vendor, directory: &TempDir, operator_id: &OperatorId) -> MachineLadder {
    let system = MachineIdSource::files([directory.path().join("machine-id")]);
    MachineLadder::of(vendor.product()).system(system).operator_id(operator_id.clone())
}

async fn manager(
    vendor: &Vendor,
    clock: &Arc<ManualClock>,
    ladder: MachineLadder,
    store: &Arc<Probe>,
) -> LicenseManager {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    LicenseManager::builder(Licensing::with_clock(vendor.verifier(), clock))
        .store(Arc::clone(store))
        .machine_id(ladder)
        .manual_ticks()
        .start()
        .await
        .unwrap()
}

fn id(digit: char) -> String {
    digit.to_string().repeat(32)
}

fn system(digit: char) -> Fingerprint {
    MachineId::parse_linux(&id(digit)).unwrap().fingerprint("test")
}

fn custom() -> Fingerprint {
    MachineId::custom(SET).unwrap().fingerprint("test")
}

#[tokio::test]
async fn case_68_a_container_with_another_id_at_every_start_has_72_hours_in_all() {
    let mut container = Container::new(&[MachineScheme::MachineId]).await;
    assert_eq!(container.upload("one", &system('1')).await, None);
    assert_eq!(container.warning().await, None);

    container.restart_as('2').await;
    assert_eq!(container.code(), None);
    let warning = container.warning().await.unwrap();
    let until = START.saturating_add(72 * HOUR).to_string();
    for part in [system('1').as_str(), system('2').as_str(), &until] {
        assert!(warning.text.contains(part), "{}", warning.text);
    }
    assert_eq!(container.upload("two", &system('1')).await, Some("machine_mismatch"));

    container.tick(24 * HOUR).await;
    container.restart_as('3').await;
    assert_eq!(container.code(), None);
    container.restart_as('1').await;
    assert_eq!(container.warning().await, None);
    container.tick(24 * HOUR).await;
    container.restart_as('4').await;
    assert!(container.warning().await.unwrap().text.contains(&until));
    container.tick(24 * HOUR).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
    container.restart_as('5').await;
    assert_eq!(container.code(), Some("machine_mismatch"));

    // The license that the warning asks for.
    assert_eq!(container.upload("three", &system('5')).await, None);
    assert_eq!((container.code(), container.warning().await), (None, None));
    container.restart_as('6').await;
    assert_eq!(container.code(), None, "a license that was issued anew");
}

#[tokio::test]
async fn an_id_that_changes_while_the_service_runs_refuses_nothing_in_between() {
    let container = Container::new(&[MachineScheme::MachineId]).await;
    container.upload("one", &system('1')).await;
    let revision = container.store.load().await.unwrap().revision;
    container.is('2');
    set(&container.store.waits, true);
    let tick = async {
        container.tick(MINUTE).await;
    };
    let look = async {
        container.store.entered.acquire().await.unwrap().forget();
        assert_eq!(container.manager.licensing().phase(), Phase::Active, "while it is kept");
        container.store.permits.add_permits(1);
    };
    tokio::join!(tick, look);
    assert_eq!(container.manager.licensing().phase(), Phase::Active);
    let loaded = container.store.load().await.unwrap();
    assert_eq!(loaded.revision, revision);
    assert_eq!(loaded.machine, container.manager.licensing().control().machine_history());
    assert!(loaded.machine.rebind.is_some());
}

#[tokio::test]
async fn case_68_what_the_store_cannot_keep_is_not_given() {
    let mut container = Container::new(&[MachineScheme::MachineId]).await;
    container.upload("one", &system('1')).await;
    container.tick(MINUTE).await;
    set(&container.store.full, true);
    container.is('2');
    container.tick(MINUTE).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
    container.tick(48 * HOUR).await;
    set(&container.store.full, false);
    container.tick(MINUTE).await;
    assert_eq!(container.code(), None);
    container.restart().await;
    container.tick(72 * HOUR - MINUTE).await;
    assert_eq!(container.code(), None);
    container.tick(MINUTE).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
}

#[tokio::test]
async fn case_68_where_instances_share_the_store_no_time_is_given() {
    let mut container = Container::new(&[MachineScheme::MachineId]).await;
    set(&container.store.shared, true);
    container.upload("one", &system('1')).await;
    container.tick(MINUTE).await;
    assert_eq!(container.store.load().await.unwrap().machine, MachineHistory::default());
    // Another node, and this one with another id.
    let node_two = tempfile::tempdir().unwrap();
    std::fs::write(node_two.path().join("machine-id"), id('2')).unwrap();
    let ladder = ladder_of(&container.vendor, &node_two, &container.operator_id);
    let other = manager(&container.vendor, &container.clock, ladder, &container.store).await;
    assert_eq!(other.licensing().public_status().code, Some("machine_mismatch"));
    assert_eq!(container.code(), None);
    container.is('3');
    container.tick(MINUTE).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
    assert_eq!(container.warning().await, None);
    // Nor does what was remembered before it was shared count.
    set(&container.store.shared, false);
    container.is('1');
    container.tick(MINUTE).await;
    assert_eq!(container.store.load().await.unwrap().machine.verified, Some(system('1')));
    set(&container.store.shared, true);
    let ladder = ladder_of(&container.vendor, &node_two, &container.operator_id);
    container.manager =
        manager(&container.vendor, &container.clock, ladder, &container.store).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
    assert_eq!(container.warning().await, None);
}

#[tokio::test]
async fn an_id_that_the_operator_sets_locks_nobody_out() {
    let mut container = Container::new(&[MachineScheme::Custom, MachineScheme::MachineId]).await;
    assert_eq!(container.called().await, system('1'));
    container.upload("one", &system('1')).await;
    container.set(SET);
    container.restart().await;
    assert_eq!(container.called().await, custom());
    assert_eq!(container.manager.status().await.machine, Some(custom()));
    assert_eq!((container.code(), container.warning().await), (None, None));
    // From now on the machine id may change, with a license for what was set.
    container.tick(HOUR).await;
    assert_eq!(container.upload("two", &custom()).await, None);
    container.restart_as('2').await;
    assert_eq!((container.code(), container.warning().await), (None, None));
    // Unset, it is another machine, with time to find out.
    container.set("");
    container.restart().await;
    let warning = container.warning().await.unwrap();
    assert!(warning.text.contains(custom().as_str()), "{}", warning.text);
    assert_eq!(container.code(), None);
    container.tick(72 * HOUR).await;
    assert_eq!(container.code(), Some("machine_mismatch"));
}

#[tokio::test]
async fn a_rung_that_the_profile_does_not_name_is_nobody() {
    let mut container = Container::new(&[MachineScheme::MachineId]).await;
    container.set(SET);
    container.restart().await;
    assert_eq!(container.called().await, system('1'));
    assert_eq!(container.upload("one", &custom()).await, Some("machine_mismatch"));
}

#[tokio::test]
async fn case_69_an_id_that_is_set_and_is_none_is_never_passed_over() {
    let mut container = Container::new(&[MachineScheme::Custom, MachineScheme::MachineId]).await;
    container.upload("one", &system('1')).await;
    container.set("too short");
    container.restart().await;
    assert_eq!(container.code(), Some("fingerprint_unavailable"));
    let error = container.manager.machine_info().await.unwrap_err();
    assert_eq!(error.code(), "fingerprint_unavailable");

    // In a file it may go wrong while the service runs.
    let file = container.directory.path().join("set");
    std::fs::write(&file, SET).unwrap();
    container.operator_id = OperatorId::file(&file);
    container.restart().await;
    assert_eq!(container.called().await, custom());
    std::fs::write(&file, "too short").unwrap();
    container.tick(DAY - MINUTE).await;
    assert_eq!(container.called().await, custom());
    container.tick(MINUTE).await;
    assert_eq!(container.code(), Some("fingerprint_unavailable"));
    std::fs::write(&file, SET).unwrap();
    container.tick(MINUTE).await;
    assert_eq!((container.called().await, container.code()), (custom(), None));
}

#[tokio::test]
async fn an_installation_is_known_by_what_its_store_keeps() {
    let ladder = [MachineScheme::Installation, MachineScheme::MachineId];
    let mut container = Container::new(&ladder).await;
    let called = container.called().await;
    assert_eq!(called.scheme(), MachineScheme::Installation);
    assert_eq!(container.upload("one", &called).await, None);
    for digit in ['2', '3'] {
        container.restart_as(digit).await;
        assert_eq!((container.called().await, container.code()), (called.clone(), None));
    }
    // The name in machine info is not the id, which nobody is told.
    let info = container.manager.machine_info().await.unwrap();
    let named = MachineId::installation(&info.nonce).unwrap().fingerprint("test");
    assert_ne!(named, called);
    // A license for the machine id is for this machine, too.
    assert_eq!(container.upload("two", &system('3')).await, None);

    let other = Container::new(&ladder).await;
    assert_ne!(other.called().await, called);
    assert_eq!(other.upload("one", &called).await, Some("machine_mismatch"));
}

#[tokio::test]
async fn instances_that_share_a_store_are_one_installation() {
    let container = Container::new(&[MachineScheme::Installation]).await;
    let store = Probe::of(MemoryStore::new());
    set(&store.shared, true);
    let node =
        async || manager(&container.vendor, &container.clock, container.ladder(), &store).await;
    let (one, two) = (node().await, node().await);
    let called = one.machine_info().await.unwrap().fingerprint;
    assert_eq!(two.machine_info().await.unwrap().fingerprint, called);
    let token = container.token("one", &called);
    install(&one, token.as_str().as_bytes()).await.unwrap();
    two.tick_once().await;
    assert_eq!(two.licensing().public_status().code, None);
}

#[tokio::test]
async fn without_its_store_an_installation_is_nobody_and_then_itself_again() {
    let container = Container::new(&[MachineScheme::Installation]).await;
    let nothing = Probe::memory();
    set(&nothing.full, true);
    let ladder = container.ladder();
    let locked = manager(&container.vendor, &container.clock, ladder, &nothing).await;
    assert_eq!(locked.machine_info().await.unwrap_err().code(), "fingerprint_unavailable");
    set(&nothing.full, false);
    locked.machine_info().await.unwrap();
}

#[tokio::test]
async fn without_an_identity_machine_info_says_what_to_set() {
    use MachineScheme::{Custom, MachineId};
    for (ladder, ways) in [
        (&[MachineId][..], ["/etc/machine-id"].as_slice()),
        (&[Custom][..], ["MACHINE_ID_FILE"].as_slice()),
        (&[Custom, MachineId], ["MACHINE_ID_FILE", "/etc/machine-id"].as_slice()),
    ] {
        let mut container = Container::new(ladder).await;
        std::fs::remove_file(container.path()).unwrap();
        container.restart().await;
        let error = container.manager.machine_info().await.unwrap_err();
        assert_eq!(error.code(), "fingerprint_unavailable");
        let detail = error.detail();
        assert!(!detail.contains("license is bound"), "{detail}");
        for way in ["MACHINE_ID_FILE", "/etc/machine-id"] {
            assert_eq!(detail.contains(way), ways.contains(&way), "{detail}");
        }
    }
}
