//! Tokens that were made by hand and by others, and names as others compare
//! them.

pub(crate) mod tokens;
mod vectors;
mod webpki;
