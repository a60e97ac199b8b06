//! The identity of this machine.

use license_core::MachineId;

/// Reads this machine's id from the operating system.
pub(crate) fn id() -> Option<MachineId> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find_map(|text| MachineId::parse_linux(&text).ok())
}
