//! What binds a license to a machine.
//!
//! The raw machine id never leaves the machine: a [`Fingerprint`] is
//! `fp1:SCHEME:` followed by the hex of HMAC-SHA256, keyed with the id and
//! over the product's audience, so that two products cannot be linked by it
//! (SECURITY.md section 4).

use std::{fmt, str::FromStr, time::Duration};

use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;

use crate::time::{ClockMark, Timestamp};

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
#[error("not a machine id; copy it from the machine info file")]
pub struct MachineIdError(());

/// A machine's fingerprint for one product: `fp1:machine-id:…` or, from an
/// id that an operator supplied, `fp1:custom:…`. The one never satisfies a
/// license for the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// A text was not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a machine fingerprint; it reads `fp1:machine-id:` and 64 hexadecimal digits")]
pub struct ParseFingerprintError(());

/// What is known of the machine that this process runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Machine {
    /// Its fingerprint for this product.
    Known(Fingerprint),
    /// Its identity could not be read.
    Unavailable,
}

/// What an administrator sends to the vendor to get a license for a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MachineInfo {
    /// The version of this form, 1.
    pub schema: u32,
    /// The product, as the audience of its licenses.
    pub product: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// How the fingerprint was made, `machine-id` or `custom`.
    pub scheme: String,
    /// The machine's fingerprint for the product.
    pub fingerprint: Fingerprint,
    /// What the installation is called; the same in all that a service writes.
    /// A license has to name it to reset the clock there.
    pub nonce: String,
    /// When it was written, by the machine's clock.
    pub created_at: Timestamp,
    /// The latest time the machine trusts; rounded up to a second.
    pub clock_mark: Option<Timestamp>,
    /// Whether its clock was found moved back.
    pub latched: bool,
}

/// Why machine info is not accepted for issuing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MachineInfoError {
    /// It is of a form that this version does not read.
    #[error("machine info has an unknown schema; update this program")]
    Schema,
    /// It was written for another product.
    #[error("machine info is for another product; ask for one that this product's service made")]
    Product,
    /// It is more than seven days old.
    #[error("machine info is more than 7 days old; ask for a fresh one")]
    Stale,
    /// It was written in the future.
    #[error("machine info is from the future; check the clocks of both machines")]
    Future,
    /// Its scheme is not the one of its fingerprint.
    #[error(
        "machine info contradicts itself: it was edited; ask for the file as the service made it"
    )]
    Inconsistent,
}

const SCHEMA: u32 = 1;
const MAX_AGE: Duration = Duration::from_secs(7 * 86_400);
/// How far two honest clocks may differ.
const MAX_LEAD: Duration = Duration::from_secs(300);

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
        // HMAC takes a key of any length.
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map(|mut mac| {
            mac.update(audience.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        });
        Fingerprint(format!("fp1:{scheme}:{}", mac.unwrap_or_default()))
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineId(..)")
    }
}

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

impl Machine {
    /// The fingerprint, where it is known.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        match self {
            Self::Known(fingerprint) => Some(fingerprint),
            Self::Unavailable => None,
        }
    }
}

impl MachineInfo {
    /// Machine info of this moment. `nonce` names the installation; any unique
    /// text will do.
    pub fn new(
        product: &str,
        fingerprint: Fingerprint,
        nonce: String,
        now: Timestamp,
        clock: ClockMark,
    ) -> Self {
        let up = |mark: Timestamp| mark.saturating_add(Duration::from_millis(999)).as_seconds();
        Self {
            schema: SCHEMA,
            product: product.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scheme: fingerprint.scheme().to_owned(),
            fingerprint,
            nonce,
            created_at: Timestamp::from_seconds(now.as_seconds()),
            clock_mark: clock.mark.map(|mark| Timestamp::from_seconds(up(mark))),
            latched: clock.latched,
        }
    }

    /// Whether a license may be issued from it now.
    ///
    /// # Errors
    ///
    /// Machine info of another product, older than seven days, or from the
    /// future by more than five minutes.
    pub fn check(&self, product: &str, now: Timestamp) -> Result<(), MachineInfoError> {
        if self.schema != SCHEMA {
            return Err(MachineInfoError::Schema);
        }
        if self.product != product {
            return Err(MachineInfoError::Product);
        }
        if self.scheme != self.fingerprint.scheme() {
            return Err(MachineInfoError::Inconsistent);
        }
        if self.created_at > now.saturating_add(MAX_LEAD) {
            return Err(MachineInfoError::Future);
        }
        if now.saturating_since(self.created_at) > MAX_AGE {
            return Err(MachineInfoError::Stale);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_fingerprint_is_the_hmac_of_the_product_keyed_with_the_id() {
        let id = MachineId::parse_linux(&format!("{ID}\n")).unwrap();
        // printf polygent | openssl dgst -sha256 -mac HMAC -macopt hexkey:ID
        assert_eq!(id.fingerprint("polygent").as_str(), EXPECTED);
        assert_ne!(id.fingerprint("align"), id.fingerprint("polygent"));
        assert!(!format!("{id:?}").contains("0123"));
    }
    const EXPECTED: &str =
        "fp1:machine-id:61acfcb3c87d250d80c31c92b0b8691c3d5b1e176cfa93f20ace681f67c1d51d";

    #[test]
    fn what_is_no_machine_id_never_becomes_a_value() {
        for text in [
            "",
            "\n",
            "uninitialized\n",
            "00000000000000000000000000000000",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdef\n\n",
            " 0123456789abcdef0123456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdeg",
        ] {
            assert!(MachineId::parse_linux(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_uuid_is_read_in_either_case() {
        let lower = MachineId::parse_uuid("01234567-89ab-cdef-0123-456789abcdef").unwrap();
        let upper = MachineId::parse_uuid("01234567-89AB-CDEF-0123-456789ABCDEF\r\n").unwrap();
        assert_eq!(lower, upper);
        for text in [ID, "", "00000000-0000-0000-0000-000000000000", "0123-4567"] {
            assert!(MachineId::parse_uuid(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_id_of_an_operator_has_a_scheme_of_its_own() {
        let custom = MachineId::custom("cluster-a/node-17").unwrap().fingerprint("polygent");
        assert_eq!(custom.scheme(), "custom");
        let system = MachineId::parse_linux(ID).unwrap().fingerprint("polygent");
        assert_ne!(custom, system);
        assert!(MachineId::custom("short").is_err());
        assert!(MachineId::custom("sixteen spaces  ").is_err());
    }

    #[test]
    fn only_well_formed_fingerprints_are_read() {
        let good = MachineId::parse_linux(ID).unwrap().fingerprint("polygent");
        assert_eq!(good.as_str().parse(), Ok(good.clone()));
        for bad in ["", "fp1:machine-id:", "fp2:machine-id:00", &good.as_str().to_uppercase()] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn machine_info_older_than_seven_days_or_from_the_future_is_refused() {
        let day = |days: u64| Timestamp::from_seconds(1_800_000_000 + 86_400 * days as i64);
        let fingerprint = MachineId::parse_linux(ID).unwrap().fingerprint("polygent");
        let mark = ClockMark::new(Some(Timestamp::from_millis(1_800_000_000_001)), true);
        let info = MachineInfo::new("polygent", fingerprint, "n".into(), day(7), mark);
        assert_eq!(info.clock_mark, Some(Timestamp::from_seconds(1_800_000_001)));
        assert_eq!(info.check("polygent", day(14)), Ok(()));
        let late = Timestamp::from_millis(day(14).as_millis() + 1);
        assert_eq!(info.check("polygent", late), Err(MachineInfoError::Stale));
        assert_eq!(info.check("polygent", day(6)), Err(MachineInfoError::Future));
        assert_eq!(info.check("align", day(7)), Err(MachineInfoError::Product));
        let text = serde_json::to_string(&info).unwrap();
        assert_eq!(serde_json::from_str::<MachineInfo>(&text).unwrap(), info);
        assert!(!text.contains(ID));
    }
}
