//! Which migrations a database still needs. Each store runs them by
//! statements of its own, under a lock that covers all of it.

use sha2::{Digest, Sha384};

use super::corrupt;
use crate::{StoreError, StoreErrorKind};

/// A migration that is part of the program: its number, its name, its
/// statements. One that was released is never edited.
pub(crate) type Script = (i64, &'static str, &'static str);

/// What the database's record says of a migration: its number, the checksum
/// of its statements, whether it was carried through.
pub(crate) type Applied = (i64, Vec<u8>, bool);

/// The migrations that are still to be run, of all and of what the record
/// says, both oldest first.
///
/// # Errors
///
/// `Incompatible` when a newer version has added to them; `Corrupt` when the
/// record differs in those that are known.
pub(crate) fn pending(
    scripts: &'static [Script],
    applied: &[Applied],
) -> Result<&'static [Script], StoreError> {
    for ((number, _, statements), (recorded, digest, complete)) in scripts.iter().zip(applied) {
        if number != recorded || *digest != checksum(statements) || !complete {
            return Err(corrupt("the record of migrations"));
        }
    }
    scripts.get(applied.len()..).ok_or_else(|| StoreErrorKind::Incompatible.into())
}

/// The checksum of a migration's statements, as it is recorded.
pub(crate) fn checksum(statements: &str) -> Vec<u8> {
    Sha384::digest(statements.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPTS: &[Script] = &[(1, "one", "CREATE 1"), (2, "two", "CREATE 2")];

    fn applied(number: i64, statements: &str) -> Applied {
        (number, checksum(statements), true)
    }

    #[test]
    fn what_is_not_recorded_is_pending() {
        assert_eq!(pending(SCRIPTS, &[]).unwrap(), SCRIPTS);
        assert_eq!(pending(SCRIPTS, &[applied(1, "CREATE 1")]).unwrap(), &SCRIPTS[1..]);
        let both = [applied(1, "CREATE 1"), applied(2, "CREATE 2")];
        assert!(pending(SCRIPTS, &both).unwrap().is_empty());
    }

    #[test]
    fn a_record_that_goes_on_is_a_newer_versions() {
        let more = [applied(1, "CREATE 1"), applied(2, "CREATE 2"), applied(3, "CREATE 3")];
        let error = pending(SCRIPTS, &more).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Incompatible);
    }

    #[test]
    fn a_record_that_differs_is_damaged() {
        for record in
            [applied(1 + 256, "CREATE 1"), applied(1, "CREATE 3"), (1, checksum("CREATE 1"), false)]
        {
            let error = pending(SCRIPTS, &[record]).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        }
    }
}
