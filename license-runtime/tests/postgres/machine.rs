//! By what the instances on one database are known, and that none of them is
//! given the time of another.

use std::time::Duration;

use license_core::{
    Installer, Licensing, MachineId, Policy, Product,
    machine::{MachineHistory, MachineScheme},
    testing::Vendor,
};
use license_runtime::{LicenseManager, MachineIdSource, MachineLadder, Store};

use crate::support::{Place, install, license};

fn vendor(ladder: &[MachineScheme]) -> Vendor {
    let product = Product::builder("test", "https://vendor.example", "test")
        .machine_ladder(ladder.iter().copied())
        .policy(Policy::new().rebind(Duration::from_secs(72 * 3600)));
    Vendor::of(product.build().unwrap())
}

async fn node(place: &Place, vendor: &Vendor, ladder: impl Into<MachineLadder>) -> LicenseManager {
    LicenseManager::builder(Licensing::new(vendor.verifier()))
        .store(place.open().await)
        .machine_id(ladder)
        .manual_ticks()
        .start()
        .await
        .unwrap()
}

fn machine(id: &str) -> MachineIdSource {
    MachineIdSource::Custom(MachineId::custom(id).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_68_a_node_on_another_machine_is_given_no_time_by_its_database() {
    let Some(place) = Place::new() else { return };
    let vendor = vendor(&[MachineScheme::Custom]);
    let one = node(&place, &vendor, machine("the-first-machine")).await;
    let bound = one.machine_info().await.unwrap().fingerprint;
    let token = license(&vendor, "one").machine(&bound).sign();
    install(&one, &token).await.unwrap();
    one.tick_once().await;
    let two = node(&place, &vendor, machine("the-second-machine")).await;
    two.tick_once().await;
    assert_eq!(two.licensing().public_status().code, Some("machine_mismatch"));
    assert_eq!(one.licensing().public_status().code, None);
    assert!(two.status().await.warnings.iter().all(|it| it.code != "machine_changed"));
    // Nor is the first one on another machine.
    one.shutdown().await;
    let one = node(&place, &vendor, machine("the-third-machine")).await;
    assert_eq!(one.licensing().public_status().code, Some("machine_mismatch"));
    let loaded = place.open().await.load().await.unwrap();
    assert_eq!(loaded.machine, MachineHistory::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_instances_on_one_database_are_one_installation() {
    let Some(place) = Place::new() else { return };
    let vendor = vendor(&[MachineScheme::Installation, MachineScheme::MachineId]);
    let ladder = || {
        let nowhere = MachineIdSource::files(["/nonexistent"]);
        MachineLadder::of(vendor.product()).system(nowhere)
    };
    let (one, two) = tokio::join!(node(&place, &vendor, ladder()), node(&place, &vendor, ladder()));
    let bound = one.machine_info().await.unwrap().fingerprint;
    assert_eq!(bound.scheme(), MachineScheme::Installation);
    assert_eq!(two.machine_info().await.unwrap().fingerprint, bound);
    let token = license(&vendor, "one").machine(&bound).sign();
    install(&two, &token).await.unwrap();
    one.tick_once().await;
    assert_eq!(one.licensing().public_status().code, None);
    // Another database is another one.
    let Some(elsewhere) = Place::new() else { return };
    let other = node(&elsewhere, &vendor, ladder()).await;
    assert_eq!(install(&other, &token).await.unwrap_err().code(), "machine_mismatch");
}
