//! The identity of a machine.

use std::fmt;

use hmac::{
    Hmac, Mac,
    digest::{Key, KeyInit},
};
use sha2::{Digest, Sha256};

use super::fingerprint::Fingerprint;

/// The identity of a machine as the operating system or an operator gives it.
/// Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineId(Source);

#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// 16 bytes, from the operating system.
    System([u8; 16]),
    /// Supplied by an operator, for containers.
    Custom(String),
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
        if text.len() != 32 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(MachineIdError(()));
        }
        Self::from_hex(text)
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
        Self::from_hex(&text.replace('-', ""))
    }

    fn from_hex(digits: &str) -> Result<Self, MachineIdError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| MachineIdError(()))?;
        if bytes == [0; 16] || bytes == [0xff; 16] {
            return Err(MachineIdError(()));
        }
        Ok(Self(Source::System(bytes)))
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
            Source::System(bytes) => ("machine-id", &bytes[..]),
            Source::Custom(text) => ("custom", text.as_bytes()),
        };
        // RFC 2104, section 2: a key that is longer than a block is hashed first,
        // a shorter one is filled up with zeros.
        let mut block = Key::<Hmac<Sha256>>::default();
        let hashed = Sha256::digest(key);
        let key = if key.len() > block.len() { &hashed[..] } else { key };
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
        mac.update(audience.as_bytes());
        Fingerprint(format!("fp1:{scheme}:{}", hex::encode(mac.finalize().into_bytes())))
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineId(..)")
    }
}
