//! What decides about a request.

use http::Request;
use license_core::Denial;

/// Decides about a request before the service behind sees it.
///
/// [`LicenseCheck`](crate::LicenseCheck) and
/// [`FeatureCheck`](crate::FeatureCheck) are the ready ones. A check of your
/// own takes facts from the request's head, asks
/// [`Licensing`](license_core::Licensing), and is put in place by
/// [`EnforceLayer`](crate::EnforceLayer), which clones it for every service:
/// keep what it needs behind one `Arc`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not decide about requests",
    label = "not a `Check`",
    note = "implement `Check` for it: `check` is given the request's head and says `Err(Denial)` \
            where it may not pass"
)]
pub trait Check {
    /// Whether the request passes beyond doubt; [`check`](Self::check) is not
    /// asked then. `false`, the default, says nothing.
    ///
    /// Saves what it costs to be able to refuse: a request that is only looked
    /// at here goes on from where it is, and is not copied.
    fn passes_fast<B>(&self, request: &Request<B>) -> bool {
        let _ = request;
        false
    }

    /// Whether the request may pass. The body is not to be looked at.
    ///
    /// # Errors
    ///
    /// The denial to answer with.
    fn check<B>(&self, request: &Request<B>) -> Result<(), Denial>;

    /// Hears of a denial that is being answered, once for each. The ready
    /// checks [record](license_core::licensing::Control::record) it; by default
    /// nothing happens.
    fn refused(&self, denial: &Denial) {
        let _ = denial;
    }
}
