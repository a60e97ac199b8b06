//! Starting, stopping, storing, several instances.

mod cluster;
mod configuration;
mod confined;
mod coverage;
mod crash;
mod database_tls;
mod doctor;
mod faketime;
mod storage;
mod test_clock;
