//! Tokens that were made by hand and by others, names as others compare them,
//! and threads that race.

#[cfg(feature = "testing")]
mod races;
pub(crate) mod tokens;
mod vectors;
mod webpki;
