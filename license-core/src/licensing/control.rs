//! The door for what stands behind a handle or before it: runtimes and layers.

use super::Licensing;

/// What a runtime and the layers do with a [`Licensing`], apart from what the
/// product asks of it: put licenses in force and say what is known of the
/// machine, the store and the time; answer a request by the state as it stands;
/// count what was refused.
///
/// A product needs none of it: `license_runtime::LicenseManager` is such a
/// runtime, and the layers of `license-tower` ask for it. A service with
/// another store installs a license like this:
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use license_core::{Licensing, testing::Vendor};
///
/// # let vendor = Vendor::new();
/// # let licensing = Licensing::new(vendor.verifier());
/// # let token = vendor.license().features(["sso"]).sign();
/// # let keep = |_| ();
/// let verified = licensing.verify(token.as_str().as_bytes())?;
/// let installation = licensing.control().prepare(&verified, None, false)?;
/// keep(installation.saved());
/// licensing.control().commit(installation);
/// assert!(licensing.allows_feature("sso"));
/// # }
/// # Ok::<(), license_core::InstallError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    pub(super) licensing: &'a Licensing,
}

impl Licensing {
    /// The door for runtimes and layers.
    pub fn control(&self) -> Control<'_> {
        Control { licensing: self }
    }
}
