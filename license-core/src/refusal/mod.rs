//! What is refused, and what is said of it: a code that programs match, and
//! texts for the client, the administrator and the log.

mod check;
mod code;
mod delivery;
mod denial;
mod install_error;
mod log;
mod problem;

pub(crate) use self::log::DenialLog;
pub use self::{
    check::Check,
    code::{DenialCode, UnknownDenialCode},
    delivery::Delivery,
    denial::Denial,
    install_error::{InstallError, InstallErrorKind},
    log::DenialCount,
    problem::ProblemDetails,
};
