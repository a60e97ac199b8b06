//! What binds a license to a machine.
//!
//! The raw machine id never leaves the machine: a [`Fingerprint`] is
//! `fp1:SCHEME:` followed by the hex of HMAC-SHA256, keyed with the id and
//! over the product's audience, so that two products cannot be linked by it
//! (SECURITY.md, boundary 6).

mod fingerprint;
mod history;
mod id;
mod info;
mod scheme;

pub use self::{
    fingerprint::{Fingerprint, ParseFingerprintError},
    history::{MachineHistory, Rebind},
    id::{MachineId, MachineIdError},
    info::{MachineInfo, MachineInfoError},
    scheme::MachineScheme,
};

/// What is known of the machine that this process runs on: its fingerprints for
/// this product, in the order of the product's ladder.
///
/// The first is what the machine is called: machine info carries it, and new
/// licenses are issued for it. A license for any of them is for this machine, so
/// that an id which an operator sets later, or a rung that the product adds,
/// locks nobody out; a scheme that is to count no more leaves the ladder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine(Vec<Fingerprint>);

impl Machine {
    /// Its identity could not be read.
    pub const UNAVAILABLE: Self = Self(Vec::new());

    /// A machine of these fingerprints, the first before the others;
    /// [`UNAVAILABLE`](Self::UNAVAILABLE) where there are none.
    pub fn of(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self(fingerprints.into_iter().collect())
    }

    /// Whether it has a fingerprint at all.
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// What the machine is called, where that is known.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.0.first()
    }

    /// What it is by a scheme, where it has something of that.
    pub(crate) fn by(&self, scheme: MachineScheme) -> Option<&Fingerprint> {
        self.0.iter().find(|it| it.scheme() == scheme)
    }

    /// Whether a license for this fingerprint is for this machine.
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.0.contains(fingerprint)
    }
}

impl From<Fingerprint> for Machine {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(vec![fingerprint])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{ClockMark, Timestamp};

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
        assert_eq!(custom.scheme(), MachineScheme::Custom);
        let system = MachineId::parse_linux(ID).unwrap().fingerprint("polygent");
        assert_ne!(custom, system);
        assert!(MachineId::custom("short").is_err());
        assert!(MachineId::custom("sixteen spaces  ").is_err());
    }

    #[test]
    fn an_id_of_a_store_is_32_lower_case_digits() {
        let id = MachineId::installation(ID).unwrap().fingerprint("polygent");
        assert_eq!(id.scheme(), MachineScheme::Installation);
        assert_eq!(id.as_str(), EXPECTED.replace("machine-id", "installation"));
        for text in ["", "0123", &"0".repeat(32), &ID.to_uppercase(), &format!("{ID}\n")] {
            assert!(MachineId::installation(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_machine_is_called_by_its_first_fingerprint_and_has_them_all() {
        let ids = [MachineId::custom(ID), MachineId::parse_linux(ID)];
        let [custom, system] = ids.map(|id| id.unwrap().fingerprint("polygent"));
        let machine = Machine::of([custom.clone(), system.clone()]);
        assert_eq!(machine.fingerprint(), Some(&custom));
        assert!(machine.has(&custom) && machine.has(&system));
        assert!(!machine.has(&MachineId::installation(ID).unwrap().fingerprint("polygent")));
        assert!(machine.is_known() && !Machine::UNAVAILABLE.is_known());
        assert_eq!(Machine::of([]), Machine::UNAVAILABLE);
    }

    #[test]
    fn only_well_formed_fingerprints_are_read() {
        let good = MachineId::parse_linux(ID).unwrap().fingerprint("polygent");
        assert_eq!(good.as_str().parse(), Ok(good.clone()));
        for scheme in MachineScheme::ALL {
            let text = EXPECTED.replace("machine-id", scheme.as_str());
            let read: Fingerprint = text.parse().unwrap();
            assert_eq!((read.scheme(), read.as_str()), (scheme, &*text));
        }
        for bad in [
            "",
            "fp1:machine-id:",
            "fp2:machine-id:00",
            "fp1:",
            "fp1:machine:00",
            &good.as_str().to_uppercase(),
        ] {
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
