//! The example services as processes of their own, asked over sockets.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod abuse_hosts;
mod abuse_routes;
mod abuse_tokens;
mod abuse_upload;
mod agents;
mod agents_cluster;
mod alerts;
mod alexandria;
mod align_files;
mod align_license;
mod align_service;
mod align_start;
mod cluster;
mod configuration;
mod crash;
mod database_tls;
mod faketime;
mod first;
mod foreign_tokens;
mod hyper;
mod load_balancer;
mod polygent_license;
mod polygent_service;
mod proxy;
mod refusals;
mod sign_in;
mod smoke;
mod storage;
mod test_clock;
