//! What names a machine without telling its identity.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::MachineScheme;

/// A machine's fingerprint for one product: `fp1:machine-id:…`, from an id that
/// an operator supplied `fp1:custom:…`, from one that the service's store keeps
/// `fp1:installation:…`. None ever satisfies a license for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    scheme: MachineScheme,
    text: String,
}

/// A text was not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a machine fingerprint; it reads `fp1:machine-id:`, `fp1:custom:` or `fp1:installation:` and 64 hexadecimal digits"
)]
pub struct ParseFingerprintError(());

/// How every fingerprint of this form begins.
const VERSION: &str = "fp1:";

impl Fingerprint {
    pub(super) fn new(scheme: MachineScheme, digest: &[u8; 32]) -> Self {
        Self { scheme, text: format!("{VERSION}{scheme}:{}", hex::encode(digest)) }
    }

    /// The text, as it stands in a license.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// By what it knows the machine.
    pub fn scheme(&self) -> MachineScheme {
        self.scheme
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix(VERSION).ok_or(ParseFingerprintError(()))?;
        let (scheme, digits) = MachineScheme::ALL
            .into_iter()
            .find_map(|it| Some((it, rest.strip_prefix(it.as_str())?.strip_prefix(':')?)))
            .ok_or(ParseFingerprintError(()))?;
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 64 || !digits.bytes().all(lower_hex) {
            return Err(ParseFingerprintError(()));
        }
        Ok(Self { scheme, text: text.to_owned() })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
