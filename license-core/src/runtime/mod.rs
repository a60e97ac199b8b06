//! What a runtime provides, and what it is asked for by HTTP routes.

mod host_id;
mod installer;
mod lease_hosts;

pub use self::{
    host_id::{HostId, HostIdError},
    installer::{AlertFailure, AlertsStatus, AuditEntry, AuditPage, Installer},
    lease_hosts::LeaseHosts,
};
