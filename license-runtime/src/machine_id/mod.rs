//! Which machine this is, from the operating system, from an operator or from
//! what the service's store keeps.
//!
//! The service and the operator's program both read it here, so that they
//! always agree (SECURITY.md, boundary 6).

mod error;
mod ladder;
mod operator;
mod source;

use std::{
    fs::File,
    io::{self, Read},
};

use license_core::{Clock, Fingerprint, machine::MachineInfo, time::ClockMark};
use rand::{RngCore, rngs::OsRng};

#[cfg(feature = "manager")]
pub(crate) use self::ladder::Rungs;
pub use self::{
    error::{ReadMachineIdError, ReadMachineIdErrorKind},
    ladder::MachineLadder,
    operator::OperatorId,
    source::MachineIdSource,
};

/// Machine info of this moment, with a nonce of its own and no clock mark: of a
/// machine on which no service runs yet.
///
/// # Errors
///
/// When the operating system gives no random numbers.
pub fn machine_info(
    audience: &str,
    fingerprint: Fingerprint,
    clock: &dyn Clock,
) -> io::Result<MachineInfo> {
    let nonce = new_nonce()?;
    Ok(MachineInfo::new(audience, fingerprint, nonce, clock.now(), ClockMark::default()))
}

/// 128 random bits, in hexadecimal digits.
pub(crate) fn new_nonce() -> io::Result<String> {
    let mut nonce = [0; 16];
    OsRng.try_fill_bytes(&mut nonce).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(nonce)))
}

/// The text in the file of an id; whatever is longer than any id makes it none.
fn text_of(file: File) -> io::Result<String> {
    const MAX_BYTES: u64 = 1024;
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use license_core::{MachineId, testing::ManualClock};

    use super::*;

    #[test]
    fn two_machine_infos_differ_by_their_nonce() {
        let source = MachineIdSource::Custom(MachineId::custom("cluster-a/node-17").unwrap());
        let write = || {
            let fingerprint = source.fingerprint("polygent").unwrap();
            machine_info("polygent", fingerprint, &ManualClock::new()).unwrap()
        };
        let (one, two) = (write(), write());
        assert_eq!(one.nonce.len(), 32);
        assert!(one.nonce.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(one.nonce, two.nonce);
        assert_eq!(one.fingerprint, two.fingerprint);
        assert_eq!(one.check("polygent", license_core::testing::START), Ok(()));
    }
}
