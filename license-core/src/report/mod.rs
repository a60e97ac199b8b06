//! What is said of a license and its future: status, banner, warnings, the
//! timeline, and what an installation would change.

mod banner;
mod diagnosis;
mod difference;
mod dry_run;
mod forecast;
mod news;
mod note;
mod refusals;
mod simulation;
mod status;
mod timeline;
mod warning;

pub use self::{
    banner::Banner,
    diagnosis::{Conditions, Diagnosis, FINDING_CODES, Finding, Outcome, Surroundings},
    difference::{Change, Difference},
    dry_run::DryRun,
    note::{Fact, Facts, Note},
    refusals::{Asked, refusals},
    simulation::{Answer, Period, Refusal, RequestKind, Simulation},
    status::{LicenseStatus, LimitStatus, PublicStatus, Status, StatusProblem},
    timeline::{Timeline, Transition},
    warning::{WARNING_CODES, Warning, WarningLevel},
};
pub(crate) use self::{forecast::Usage, news::Announced, warning::host_warning};
