//! What an administrator sends of a machine, and the ids and times in it.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use license_core::{
    Fingerprint, MachineId, Timestamp,
    machine::{MachineInfo, MachineInfoError, MachineScheme},
};

fuzz_target!(|text: &str| {
    if let Ok(info) = serde_json::from_str::<MachineInfo>(text) {
        sound(&info);
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.as_str(), text);
        assert!(text.starts_with(&format!("fp1:{}:", fingerprint.scheme())));
    }
    ids(text);
    if let Ok(at) = text.parse::<Timestamp>() {
        assert_eq!(at.to_string().parse(), Ok(at), "{text}");
    }
});

fn sound(info: &MachineInfo) {
    let json = serde_json::to_string(info).expect("it can be written");
    assert_eq!(serde_json::from_str::<MachineInfo>(&json).expect("it can be read"), *info);
    assert_eq!(info.fingerprint.as_str().parse().as_ref(), Ok(&info.fingerprint));

    let (product, written) = (info.product.as_str(), info.created_at);
    let accepted = info.check(product, written);
    let consistent = info.schema == 1 && info.scheme == info.fingerprint.scheme().as_str();
    assert_eq!(accepted.is_ok(), consistent);
    if accepted.is_err() {
        return;
    }
    assert_eq!(info.check(&format!("{product}x"), written), Err(MachineInfoError::Product));
    let week = Duration::from_secs(7 * 86_400);
    let five = Duration::from_secs(300);
    let check = |now: Timestamp| info.check(product, now);
    let milli = Duration::from_millis(1);
    assert_eq!(check(written.saturating_add(week)), Ok(()));
    assert_eq!(check(written.saturating_add(week + milli)), Err(MachineInfoError::Stale));
    assert_eq!(check(written.saturating_sub(five)), Ok(()));
    assert_eq!(check(written.saturating_sub(five + milli)), Err(MachineInfoError::Future));
}

/// An id has a fingerprint for each product, of one form, and tells nothing of
/// itself.
fn ids(text: &str) {
    let system = [MachineId::parse_linux(text), MachineId::parse_uuid(text)];
    let ids = system.into_iter().map(|id| (id, MachineScheme::MachineId));
    let custom = (MachineId::custom(text), MachineScheme::Custom);
    let installation = (MachineId::installation(text), MachineScheme::Installation);
    for (id, scheme) in ids.chain([custom, installation]) {
        let Ok(id) = id else { continue };
        let one = id.fingerprint("one");
        assert_eq!((one.scheme(), one.as_str().parse().as_ref()), (scheme, Ok(&one)));
        assert_eq!(id.fingerprint("one"), one);
        assert_ne!(id.fingerprint("two"), one);
        assert!(!one.as_str().contains(text.trim()) && !format!("{id:?}").contains(text.trim()));
    }
}
