//! Tower layers that refuse what a license does not allow.

mod check;
mod enforce;
mod feature;
mod license;
mod path;
mod proxy;
mod recovery;
mod respond;
mod scope;

pub use check::Check;
pub use enforce::{Enforce, EnforceLayer, ResponseFuture};
pub use feature::{FeatureCheck, FeatureLayer, FeatureNameError};
pub use license::{LicenseCheck, LicenseLayer};
pub use proxy::{TrustedProxy, TrustedProxyError};
pub use recovery::{Recovery, RecoveryError};
pub use respond::{Empty, Grpc, Problem, Respond, problem};
pub use scope::{Scope, ScopeError};
