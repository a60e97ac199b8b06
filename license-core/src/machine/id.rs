//! The identity of a machine.

use std::fmt;

use hmac::{
    Hmac, Mac,
    digest::{Key, KeyInit},
};
use sha2::{Digest, Sha256};

use super::{Fingerprint, MachineScheme};

/// The identity of a machine as the operating system, an operator or the
/// service's store gives it. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineId(Source);

#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// 16 bytes, from the operating system.
    System([u8; 16]),
    /// Supplied by an operator, for containers.
    Custom(String),
    /// 16 bytes that the service's store keeps.
    Installation([u8; 16]),
}

/// A text was not a machine id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a machine id: Linux has 32 hexadecimal digits in /etc/machine-id; one that is chosen has 16 to 256 printable ASCII characters"
)]
pub struct MachineIdError(());

impl MachineId {
    /// Reads an id as Linux keeps it in `/etc/machine-id`: 32 lower-case
    /// hexadecimal digits, not all zero. One trailing line break is allowed.
    ///
    /// # Errors
    ///
    /// Anything else, `uninitialized` and an empty file included.
    pub fn parse_linux(text: &str) -> Result<Self, MachineIdError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        lower_hex(text).map(Source::System).map(Self)
    }

    /// An id that the service's store keeps: 32 lower-case hexadecimal digits,
    /// not all zero.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn installation(text: &str) -> Result<Self, MachineIdError> {
        lower_hex(text).map(Source::Installation).map(Self)
    }

    /// Reads an id as macOS and Windows give it: a UUID with hyphens, in
    /// either case.
    ///
    /// # Errors
    ///
    /// Anything else, and the UUIDs of all zeros and all ones.
    pub fn parse_uuid(text: &str) -> Result<Self, MachineIdError> {
        let text = text.trim_ascii();
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        if groups != [8, 4, 4, 4, 12] {
            return Err(MachineIdError(()));
        }
        from_hex(&text.replace('-', "")).map(Source::System).map(Self)
    }

    /// An id that an operator supplies, for containers without a machine id
    /// of their own: 16 to 256 printable ASCII characters.
    ///
    /// # Errors
    ///
    /// A text that is shorter, longer or holds anything else.
    pub fn custom(text: &str) -> Result<Self, MachineIdError> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !(16..=256).contains(&text.len()) || !printable {
            return Err(MachineIdError(()));
        }
        Ok(Self(Source::Custom(text.to_owned())))
    }

    /// This machine's fingerprint for a product.
    pub fn fingerprint(&self, audience: &str) -> Fingerprint {
        let (scheme, key) = match &self.0 {
            Source::System(bytes) => (MachineScheme::MachineId, &bytes[..]),
            Source::Custom(text) => (MachineScheme::Custom, text.as_bytes()),
            Source::Installation(bytes) => (MachineScheme::Installation, &bytes[..]),
        };
        // RFC 2104, section 2: a key that is longer than a block is hashed first,
        // a shorter one is filled up with zeros.
        let mut block = Key::<Hmac<Sha256>>::default();
        let hashed = Sha256::digest(key);
        let key = if key.len() > block.len() { &hashed[..] } else { key };
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
        mac.update(audience.as_bytes());
        Fingerprint::new(scheme, &mac.finalize().into_bytes().into())
    }
}

/// 32 hexadecimal digits, in lower case alone.
fn lower_hex(digits: &str) -> Result<[u8; 16], MachineIdError> {
    if digits.len() != 32 || digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(MachineIdError(()));
    }
    from_hex(digits)
}

/// What is all zeros or all ones is no id.
fn from_hex(digits: &str) -> Result<[u8; 16], MachineIdError> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| MachineIdError(()))?;
    if bytes == [0; 16] || bytes == [0xff; 16] {
        return Err(MachineIdError(()));
    }
    Ok(bytes)
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineId(..)")
    }
}
