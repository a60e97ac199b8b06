//! The name by which a connected host is counted.

use std::{fmt, str::FromStr, sync::Arc};

/// The id of a host: 1 to 128 ASCII letters, digits, `.`, `_`, `-`, `:` or
/// `@`. Two ids are the same host only if they are the same text. Cheap to
/// clone.
///
/// ```
/// use license_core::HostId;
///
/// let host: HostId = "build-7.acme.internal".parse()?;
/// assert_eq!(host.as_str(), "build-7.acme.internal");
/// assert!("build 7".parse::<HostId>().is_err());
/// # Ok::<(), license_core::runtime::HostIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(Arc<str>);

/// A text was not the id of a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a host: it is {}", HostId::RULE)]
pub struct HostIdError(());

impl HostId {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// What an id is, for people.
    pub const RULE: &str = "1 to 128 ASCII letters, digits, `.`, `_`, `-`, `:` or `@`";

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostId {
    type Err = HostIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:@".contains(&byte);
        if matches!(text.len(), 1..=Self::MAX_BYTES) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(HostIdError(()))
        }
    }
}

impl AsRef<str> for HostId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostId({:?})", &*self.0)
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<HostId>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_uuids_are_ids() {
        let longest = "a".repeat(128);
        for text in [
            "a",
            "build-7.acme.internal",
            "2001:db8::1",
            "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
            "ci_runner@build-7",
            &longest,
        ] {
            assert_eq!(text.parse::<HostId>().map(|host| host.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn anything_else_is_none() {
        let too_long = "a".repeat(129);
        for text in ["", " ", "a b", "a\n", "a/b", "a+b", "a%20b", "ä", "a\0", "a,b", &too_long] {
            assert!(text.parse::<HostId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn case_makes_another_host() {
        assert_ne!("A".parse::<HostId>(), "a".parse::<HostId>());
    }
}
