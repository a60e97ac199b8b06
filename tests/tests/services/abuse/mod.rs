//! Cases of SECURITY.md that somebody tries from outside.

mod hosts;
mod routes;
mod tokens;
mod upload;
