//! The commands, one a file.

pub(crate) mod amend;
pub(crate) mod audit;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod keygen;
pub(crate) mod machine_info;
pub(crate) mod renew;
pub(crate) mod shell;
pub(crate) mod simulate;
pub(crate) mod verify;
