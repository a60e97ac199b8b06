//! Tokens that were made by hand and by others.

pub(crate) mod tokens;
mod vectors;
