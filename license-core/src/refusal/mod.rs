//! What is refused, and what is said of it: a code that programs match, and
//! texts for the client, the administrator and the log.

mod delivery;
mod denial;
mod install_error;
mod log;
mod problem;

pub(crate) use self::log::DenialLog;
pub use self::{
    delivery::Delivery,
    denial::{Denial, DenialCode, UnknownDenialCode},
    install_error::{InstallError, InstallErrorKind},
    log::DenialCount,
    problem::ProblemDetails,
};
