//! Align: its file, its license, its service.

mod files;
mod license;
mod service;
mod start;
