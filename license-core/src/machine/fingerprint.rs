//! What names a machine without telling its identity.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A machine's fingerprint for one product: `fp1:machine-id:…` or, from an
/// id that an operator supplied, `fp1:custom:…`. The one never satisfies a
/// license for the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub(super) String);

/// A text was not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a machine fingerprint; it reads `fp1:machine-id:` and 64 hexadecimal digits")]
pub struct ParseFingerprintError(());

impl Fingerprint {
    /// The text, as it stands in a license.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How it was made: `machine-id` or `custom`.
    pub fn scheme(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text
            .strip_prefix("fp1:machine-id:")
            .or_else(|| text.strip_prefix("fp1:custom:"))
            .ok_or(ParseFingerprintError(()))?;
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 64 || !digits.bytes().all(lower_hex) {
            return Err(ParseFingerprintError(()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
