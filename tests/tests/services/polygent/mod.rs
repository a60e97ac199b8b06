//! Polygent: its license, its agents, its mails, its service.

mod agents;
mod agents_cluster;
mod alerts;
mod license;
mod service;
