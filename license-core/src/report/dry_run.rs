//! What an installation would change, for whoever is to decide.

use serde::Serialize;

use super::{
    note::Note,
    status::LicenseStatus,
    timeline::Timeline,
    warning::{Warning, WarningLevel},
};
use crate::{policy::Phase, refusal::InstallError, time::Timestamp, token::TokenDigest};

/// What an installation would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DryRun {
    /// Whether it would succeed.
    pub would_install: bool,
    /// The code with which it would be refused.
    pub code: Option<&'static str>,
    /// The license's identity, for [`InstallRequest::expect`](crate::licensing::InstallRequest::expect); `None` for
    /// what is no license at all.
    pub digest: Option<TokenDigest>,
    /// When the license would take effect; `None` where it is refused.
    pub begins: Option<Timestamp>,
    /// The license, as administrators would see it; `None` where it is refused.
    /// Not serialised.
    #[serde(skip)]
    pub license: Option<LicenseStatus>,
    /// Where the license stands that is installed. Not serialised.
    #[serde(skip)]
    pub phase_now: Option<Phase>,
    /// Where the service would stand. Not serialised.
    #[serde(skip)]
    pub phase_then: Option<Phase>,
    /// What the license gives that is not there now; see
    /// [`Difference`](crate::report::Difference).
    pub gained: Vec<Note>,
    /// What is there now and would not be any more.
    pub lost: Vec<Note>,
    /// What to know before installing; written as a list of texts.
    #[serde(serialize_with = "Warning::texts")]
    pub warnings: Vec<Warning>,
    /// What happens without it.
    pub timeline_now: Timeline,
    /// What would happen with it.
    pub timeline_then: Timeline,
}

impl DryRun {
    /// That it would be refused.
    pub fn refused(digest: Option<TokenDigest>, error: &InstallError, timeline: Timeline) -> Self {
        let warning = Warning::new(error.code(), WarningLevel::Warning, error.detail());
        Self {
            code: Some(error.code()),
            digest,
            warnings: vec![warning],
            timeline_then: timeline.clone(),
            timeline_now: timeline,
            ..Self::default()
        }
    }
}
