//! What stands between a service and its clients, and who signs in.

mod foreign_algorithms;
mod foreign_tokens;
mod load_balancer;
mod proxy;
mod refusals;
mod sign_in;
