//! Every decision about a request: pure functions of where the service
//! stands and what the request asks for. HTTP code only translates.

use std::sync::Arc;

use super::{installed::Installed, verdict::Verdict};
use crate::{
    host::{DomainPattern, RequestHost},
    license::{License, Limit},
    policy::{Phase, Policy, Restriction, Rule},
    refusal::{Denial, DenialCode},
    verify::VerifiedLicense,
};

/// One consistent look at the state.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot<'a> {
    pub(crate) installed: &'a Installed,
    pub(crate) verdict: &'a Verdict,
    pub(crate) policy: &'a Policy,
}

impl<'a> Snapshot<'a> {
    /// The license that can say what is granted: the one in force, or the
    /// lapsed one.
    #[inline]
    pub(crate) fn license(self) -> Option<&'a License> {
        self.verified().map(|verified| &verified.license)
    }

    /// The license that can be asked, with its token.
    #[inline]
    pub(crate) fn verified(self) -> Option<&'a Arc<VerifiedLicense>> {
        match self.verdict.phase {
            Phase::Active | Phase::Expiring | Phase::Grace | Phase::Lapsed => {
                self.installed.effective(self.verdict.next_has_begun)
            }
            Phase::Unlicensed | Phase::Scheduled | Phase::Invalid(_) => None,
        }
    }

    /// Whether the service is refused as a whole. Where that is only observed
    /// nobody is told of it: [`request`](Self::request) tells for all.
    #[inline]
    pub(crate) fn service(self) -> Result<(), Denial> {
        self.everything(&drop)
    }

    /// Whether a request may pass: term, domain, and changes. `observe` is
    /// told what a rule in shadow would have denied.
    #[inline]
    pub(crate) fn request<'h>(
        self,
        changes: impl FnOnce() -> bool,
        host: impl FnOnce() -> RequestHost<'h>,
        observe: impl Fn(Denial),
    ) -> Result<(), Denial> {
        self.everything(&observe)?;
        if let Some(domain) = self.domain() {
            let host = host();
            if host.is_in(domain) != Ok(true) {
                self.outside_domain(host, &observe)?;
            }
        }
        if self.verdict.restriction == Some(Restriction::ReadOnly) && changes() {
            self.change_refused(&observe)?;
        }
        Ok(())
    }

    /// The domain that the license binds.
    #[inline]
    pub(crate) fn domain(self) -> Option<&'a DomainPattern> {
        self.license().and_then(License::domain)
    }

    /// Whether [`request`](Self::request) says yes to whatever comes from this
    /// raw host; `false` says nothing.
    #[inline]
    pub(crate) fn passes_fast(self, host: Option<&[u8]>) -> bool {
        match self.verdict.restriction {
            Some(Restriction::Everything | Restriction::ReadOnly) => false,
            _ => self
                .domain()
                .is_none_or(|domain| host.is_some_and(|host| domain.matches_fast(host))),
        }
    }

    #[inline]
    fn everything(self, observe: &impl Fn(Denial)) -> Result<(), Denial> {
        match self.verdict.restriction {
            Some(Restriction::Everything) => {
                self.refuse(Rule::Everything, self.phase_denial(None), observe)
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn outside_domain(
        self,
        host: RequestHost<'_>,
        observe: &impl Fn(Denial),
    ) -> Result<(), Denial> {
        let denial = match host.resolve() {
            Ok(host) => {
                let seen = format!("the request came for `{host}`");
                self.denial(DenialCode::DomainMismatch).with_host_seen(seen)
            }
            Err(error) => self.denial(DenialCode::HostInvalid).with_host_seen(error.to_string()),
        };
        self.refuse(Rule::Domain, denial, observe)
    }

    #[cold]
    fn change_refused(self, observe: &impl Fn(Denial)) -> Result<(), Denial> {
        let mut denial = self.with_expiry(self.denial(DenialCode::ReadOnly));
        if let Some(cause) = self.verdict.phase.code() {
            denial = denial.with_cause(cause);
        }
        self.refuse(Rule::ReadOnly, denial, observe)
    }

    /// The denial of a rule; only told of where the rule is in shadow.
    #[cold]
    fn refuse(self, rule: Rule, denial: Denial, observe: &impl Fn(Denial)) -> Result<(), Denial> {
        if self.policy.shadows(rule) {
            observe(denial);
            return Ok(());
        }
        Err(denial)
    }

    /// The license that can say what is granted, or why none can.
    pub(crate) fn require_license(self) -> Result<&'a Arc<VerifiedLicense>, Denial> {
        self.service()?;
        self.verified().ok_or_else(|| self.phase_denial(Some(402)))
    }

    /// Whether a feature may be used.
    #[inline]
    pub(crate) fn feature(self, name: &str, observe: impl Fn(Denial)) -> Result<(), Denial> {
        if self.grants(name) {
            return Ok(());
        }
        self.feature_refused(name, self.verdict.restriction, self.license(), &observe)
    }

    /// Whether a license in force grants a feature.
    #[inline]
    pub(crate) fn grants(self, name: &str) -> bool {
        self.verdict.restriction.is_none()
            && self.license().is_some_and(|license| license.grants(name))
    }

    #[cold]
    fn feature_refused(
        self,
        name: &str,
        restriction: Option<Restriction>,
        license: Option<&License>,
        observe: &impl Fn(Denial),
    ) -> Result<(), Denial> {
        self.service()?;
        let denial = match (license, restriction) {
            (Some(license), _) if !license.grants(name) => {
                self.denial(DenialCode::FeatureNotLicensed)
            }
            (Some(_), Some(Restriction::Features)) => {
                self.with_expiry(self.denial(DenialCode::FeatureLapsed))
            }
            (Some(_), _) | (None, Some(Restriction::Advisory)) => return Ok(()),
            (None, _) => self.phase_denial(Some(402)),
        };
        self.refuse(Rule::Features, denial.with_feature(name), observe)
    }

    /// Whether `adding` more units of a limit fit beside `used` ones. Adding
    /// nothing always fits. `code` says what has run out.
    pub(crate) fn limit(
        self,
        code: DenialCode,
        name: &str,
        used: u64,
        adding: u64,
        observe: impl Fn(Denial),
    ) -> Result<(), Denial> {
        self.service()?;
        let total = used.saturating_add(adding);
        match self.limit_for(name) {
            Ok(Some(limit)) if adding > 0 && !limit.allows(total) => {
                let denial = self.denial(code).with_limit(name, limit.max(), Some(used));
                self.refuse(Rule::Limits, denial, &observe)
            }
            Ok(_) => Ok(()),
            Err(denial) => self.refuse(Rule::Limits, denial, &observe),
        }
    }

    /// How many units of a limit are allowed; `None` for unlimited.
    #[inline]
    pub(crate) fn max(self, name: &str, observe: impl Fn(Denial)) -> Result<Option<u64>, Denial> {
        self.service()?;
        match self.limit_for(name) {
            Ok(limit) => Ok(limit.and_then(Limit::max)),
            Err(denial) => self.refuse(Rule::Limits, denial, &observe).map(|()| None),
        }
    }

    /// Whether a limit that lists names admits this one.
    pub(crate) fn name(
        self,
        limit: &str,
        name: &str,
        observe: impl Fn(Denial),
    ) -> Result<(), Denial> {
        self.service()?;
        match self.limit_for(limit) {
            Ok(Some(allowed)) if !allowed.allows_name(name) => {
                let denial = self.denial(DenialCode::LimitReached).with_limit(limit, None, None);
                self.refuse(Rule::Limits, denial, &observe)
            }
            Ok(_) => Ok(()),
            Err(denial) => self.refuse(Rule::Limits, denial, &observe),
        }
    }

    /// The limit that applies; `None` where nothing is refused. A limit that
    /// neither the license nor the product knows is 0.
    fn limit_for(self, name: &str) -> Result<Option<&'a Limit>, Denial> {
        const NOTHING: &Limit = &Limit::Max(0);
        match (self.license(), self.verdict.restriction) {
            (Some(license), _) => Ok(Some(license.limit(name).unwrap_or(NOTHING))),
            (None, Some(Restriction::Advisory)) => Ok(None),
            (None, _) => Err(self.phase_denial(Some(402))),
        }
    }

    /// The denial of the phase itself.
    #[cold]
    pub(crate) fn phase_denial(self, status: Option<u16>) -> Denial {
        // A phase in force has no code and is never refused.
        let code = self.verdict.phase.code().unwrap_or(DenialCode::LicenseInvalid);
        let status = self.policy.status_of(code, status.unwrap_or(code.default_status()));
        self.with_expiry(Denial::new(code, status).with_delivery(self.installed.delivery))
    }

    #[cold]
    fn denial(self, code: DenialCode) -> Denial {
        let status = self.policy.status_of(code, code.default_status());
        Denial::new(code, status).with_delivery(self.installed.delivery)
    }

    /// Adds when the license ended: one that can be asked is refused for its
    /// phase only after its end.
    fn with_expiry(self, denial: Denial) -> Denial {
        match self.license() {
            Some(license) => denial.with_expiry(license.term.expires_at),
            None => denial,
        }
    }
}
