//! Flags that several commands have, and what they stand for.

pub(crate) mod decode;
pub(crate) mod old;
pub(crate) mod signing;
pub(crate) mod spec;
