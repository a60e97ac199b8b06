//! One refusal of a request.
//!
//! 402 means that a later or larger license would allow the request, 403 that
//! this license does not, 409 that all places are taken, 400 that the request
//! names no host that can be read, 503 that the license has stopped the service
//! or that the store cannot be reached. The statuses are defaults; a product's
//! policy can choose others.

use std::{fmt, sync::Arc};

use super::{code::DenialCode, delivery::Delivery, problem::ProblemDetails};
use crate::time::Timestamp;

/// A refused request: code, HTTP status, what is wrong and what cures it.
///
/// Cheap to clone; says nothing about the customer or the token.
///
/// ```
/// use license_core::{Denial, DenialCode};
///
/// let denial = Denial::new(DenialCode::LimitReached, 403);
/// let denial = denial.with_limit("users", Some(50), Some(50));
/// assert_eq!(denial.code().as_str(), "limit_reached");
/// assert_eq!((denial.limit(), denial.max(), denial.used()), (Some("users"), Some(50), Some(50)));
/// assert_eq!(denial.problem().title, "License limit reached");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Denial(Arc<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    code: DenialCode,
    status: u16,
    feature: Option<String>,
    limit: Option<String>,
    max: Option<u64>,
    used: Option<u64>,
    expires_at: Option<Timestamp>,
    delivery: Delivery,
    /// Why the service is read-only.
    cause: Option<DenialCode>,
    /// What the request said of its host; never told to clients.
    host_seen: Option<Box<str>>,
}

impl Denial {
    /// A denial with an HTTP status, and nothing known beside it.
    pub fn new(code: DenialCode, status: u16) -> Self {
        Self(Arc::new(Details {
            code,
            status,
            feature: None,
            limit: None,
            max: None,
            used: None,
            expires_at: None,
            delivery: Delivery::default(),
            cause: None,
            host_seen: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Names the feature that was asked for.
    #[must_use]
    pub fn with_feature(self, name: &str) -> Self {
        self.with(|details| details.feature = Some(name.to_owned()))
    }

    /// Names the limit, and for numbers how many are allowed and used.
    #[must_use]
    pub fn with_limit(self, name: &str, max: Option<u64>, used: Option<u64>) -> Self {
        self.with(|details| {
            details.limit = Some(name.to_owned());
            details.max = max;
            details.used = used;
        })
    }

    /// Says when the license ended.
    #[must_use]
    pub fn with_expiry(self, expires_at: Timestamp) -> Self {
        self.with(|details| details.expires_at = Some(expires_at))
    }

    /// Says how a new license gets to the service; by upload unless it is said.
    #[must_use]
    pub fn with_delivery(self, delivery: Delivery) -> Self {
        if self.0.delivery == delivery {
            return self;
        }
        self.with(|details| details.delivery = delivery)
    }

    /// Says why the service is read-only, so that nobody is told to renew a
    /// license that never was.
    #[must_use]
    pub fn with_cause(self, cause: DenialCode) -> Self {
        self.with(|details| details.cause = Some(cause))
    }

    /// What the request said of its host, for the log alone: what a client
    /// sends is not repeated to it.
    pub(crate) fn with_host_seen(self, host: String) -> Self {
        self.with(|details| details.host_seen = Some(host.into()))
    }

    pub(crate) fn host_seen(&self) -> Option<&str> {
        self.0.host_seen.as_deref()
    }

    /// The stable code.
    pub fn code(&self) -> DenialCode {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The feature that was asked for, where one was.
    pub fn feature(&self) -> Option<&str> {
        self.0.feature.as_deref()
    }

    /// The limit that was asked for, where one was.
    pub fn limit(&self) -> Option<&str> {
        self.0.limit.as_deref()
    }

    /// How many units of the limit the license allows; `None` where nothing is
    /// said of a number.
    pub fn max(&self) -> Option<u64> {
        self.0.max
    }

    /// How many units of the limit were used.
    pub fn used(&self) -> Option<u64> {
        self.0.used
    }

    /// When the license ended, where that is why.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }

    /// How a new license gets to the service.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Why the service is read-only, where it is.
    pub fn cause(&self) -> Option<DenialCode> {
        self.0.cause
    }

    /// The body of the response, as RFC 9457 gives it.
    pub fn problem(&self) -> ProblemDetails {
        let details = &self.0;
        let mut problem = ProblemDetails::new(details.status, details.code.as_str())
            .title(details.code.title())
            .detail(details.code.detail())
            .remedy(details.code.remedy(details.delivery));
        if let (DenialCode::ReadOnly, Some(cause)) = (details.code, details.cause)
            && cause != DenialCode::LicenseExpired
        {
            problem = problem
                .title("Read-only until a license is in force")
                .detail(format!("{} Reading goes on, changes are refused.", cause.detail()))
                .remedy(cause.remedy(details.delivery));
        }
        problem.feature.clone_from(&details.feature);
        problem.limit.clone_from(&details.limit);
        problem.max = details.max;
        problem.used = details.used;
        problem.expires_at = details.expires_at;
        problem
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.code, f)
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Denial {}

#[cfg(test)]
mod tests {
    use super::*;

    const fn assert_send_sync<T: Send + Sync>() {}
    const _: () = assert_send_sync::<Denial>();

    #[test]
    fn titles_details_and_remedies_are_capitalised_alike() {
        for code in DenialCode::ALL {
            let remedy = code.remedy(Delivery::Upload);
            for text in [code.title(), code.detail(), &remedy] {
                assert!(text.starts_with(|it: char| it.is_uppercase()), "{text}");
            }
            assert!(code.detail().ends_with('.') && remedy.ends_with('.'), "{code}");
            assert!(!code.title().ends_with('.'), "{code}");
        }
    }

    #[test]
    fn every_code_reads_back_from_its_text() {
        for code in DenialCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert!("License_Expired".parse::<DenialCode>().is_err());
    }

    #[test]
    fn the_remedy_names_no_way_that_is_not_there() {
        for code in DenialCode::ALL {
            let remedy = |delivery| {
                let denial = Denial::new(code, 503).with_delivery(delivery);
                denial.problem().remedy.unwrap()
            };
            for delivery in [Delivery::File, Delivery::Start] {
                let remedy = remedy(delivery);
                assert!(!remedy.contains("install") && !remedy.contains("upload"), "{remedy}");
            }
            let expired = matches!(code, DenialCode::LicenseExpired | DenialCode::ReadOnly);
            for (delivery, way) in [
                (Delivery::Upload, "install a renewed license"),
                (Delivery::File, "replace the license file with a renewed license"),
                (Delivery::Start, "start the service again with a renewed license"),
            ] {
                assert_eq!(
                    remedy(delivery).contains(way),
                    expired || code == DenialCode::FeatureLapsed
                );
            }
        }
    }

    #[test]
    fn read_only_says_why_and_what_cures_that() {
        let body = |cause: DenialCode| {
            let body = Denial::new(DenialCode::ReadOnly, 402).with_cause(cause).problem();
            format!("{}. {} {}", body.title, body.detail, body.remedy.unwrap_or_default())
        };
        let lapsed = body(DenialCode::LicenseExpired);
        assert!(lapsed.contains("has lapsed") && lapsed.contains("renewed"), "{lapsed}");
        for cause in DenialCode::ALL {
            if cause != DenialCode::LicenseExpired && cause != DenialCode::ReadOnly {
                let text = body(cause);
                assert!(
                    text.contains(cause.detail())
                        && text.contains(&*cause.remedy(Delivery::Upload)),
                    "{text}"
                );
                let renews = text.contains("renew") || text.contains("license has lapsed");
                assert!(!renews || cause == DenialCode::FeatureLapsed, "{text}");
            }
        }
    }

    #[test]
    fn an_allowed_request_carries_no_weight() {
        assert_eq!(size_of::<Result<(), Denial>>(), size_of::<usize>());
    }

    #[test]
    fn the_body_names_only_what_is_known() {
        let denial =
            Denial::new(DenialCode::LimitReached, 400).with_limit("users", Some(5), Some(5));
        let body = serde_json::to_value(denial.problem()).unwrap();
        assert_eq!(body["code"], "limit_reached");
        assert_eq!(body["type"], "urn:license:problem:limit_reached");
        assert_eq!(body["status"], 400);
        assert_eq!((&body["limit"], &body["max"]), (&"users".into(), &5.into()));
        assert!(body.get("feature").is_none() && body.get("expires_at").is_none());
    }
}
