//! What is said of a license and its future: status, banner, warnings, the
//! timeline, and what an installation would change.

mod banner;
mod difference;
mod dry_run;
mod news;
mod simulation;
mod status;
mod timeline;
mod warning;

pub use self::{
    banner::Banner,
    difference::{Change, Difference},
    dry_run::DryRun,
    simulation::{Answer, Period, Refusal, RequestKind, Simulation},
    status::{LicenseStatus, LimitStatus, PublicStatus, Status, StatusProblem},
    timeline::{Timeline, Transition},
    warning::{Warning, WarningLevel},
};
pub(crate) use self::{news::Announced, warning::host_warning};
