//! A feature that is asked for again and again.

use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a feature, and which state of a license was last found to
/// grant it, so that the names need not be compared on every request. For
/// [`grants_fast`](crate::licensing::Control::grants_fast).
#[derive(Debug)]
pub struct AskedFeature {
    name: Box<str>,
    /// The id of a state; 0 before one granted it.
    granted_in: AtomicU64,
}

impl AskedFeature {
    /// A feature that was not asked for yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), granted_in: AtomicU64::new(0) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this state grants it, which `grants` finds out.
    pub(crate) fn is_granted_in(&self, state: u64, grants: impl FnOnce() -> bool) -> bool {
        // What is remembered is one number, and nothing else depends on it.
        if self.granted_in.load(Ordering::Relaxed) == state {
            return true;
        }
        let granted = grants();
        if granted {
            self.granted_in.store(state, Ordering::Relaxed);
        }
        granted
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::{licensing::Licensing, testing::Vendor};

    #[test]
    fn what_one_state_grants_no_other_does() {
        let asked = AskedFeature::new("sso");
        assert!(asked.is_granted_in(1, || true));
        assert!(asked.is_granted_in(1, || panic!("it is remembered")));
        assert!(!asked.is_granted_in(2, || false));
        assert!(asked.is_granted_in(1, || panic!("it is remembered")));
        assert!(asked.is_granted_in(2, || true));
    }

    #[test]
    fn it_is_answered_as_the_name_is_while_a_license_is_in_force() {
        let vendor = Vendor::new();
        let (licensing, clock) = crate::testing::licensing(&vendor);
        let other = Licensing::new(vendor.verifier());
        let asked = AskedFeature::new("sso");
        let both = || {
            let answers =
                [licensing.control().grants_fast(&asked), licensing.allows_feature("sso")];
            assert_eq!(answers[0], answers[1]);
            answers[0]
        };
        assert!(!both());
        vendor.license().features(["sso"]).install(&licensing);
        assert!(both() && both());
        assert!(!other.control().grants_fast(&asked));
        vendor.license().features(["audit"]).install(&licensing);
        assert!(!both());
        vendor.license().features(["sso"]).install(&licensing);
        assert!(both());
        clock.advance(std::time::Duration::from_secs(400 * 86_400));
        assert!(!both());
    }
}
