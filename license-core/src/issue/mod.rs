//! Making licenses: the vendor's side. Only with the feature `issue`, which
//! no service needs.
//!
//! An [`Issuer`] is one product and one signing key. It signs what a
//! [`LicenseSpec`] says, in the product's dialect; claims that stand ready
//! as JSON; or a [`Renewal`] or an [`Amendment`] of an old license. Nothing is signed that the
//! product's own verifier would refuse, and nothing is returned that it did
//! not accept.
//!
//! ```
//! use license_core::{
//!     Limit, Product, Timestamp,
//!     issue::{Issuer, LicenseSpec},
//!     key::{Algorithm, SigningKey},
//!     license::LimitKind,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let product = Product::builder("acme", "https://acme.example", "acme-server")
//!     .feature("sso", "Single sign-on")
//!     .limit("users", LimitKind::Seats)
//!     .build()?;
//! let key = SigningKey::generate(Algorithm::Es256, None)?;
//! let issuer = Issuer::new(&product, key)?;
//!
//! let now = Timestamp::from_seconds(1_767_225_600);
//! let mut spec = LicenseSpec::new(now, "2027-01-01".parse()?);
//! spec.customer_id = Some("cust_1".into());
//! spec.customer_name = Some("Acme Corp".into());
//! spec.plan = Some("enterprise".into());
//! spec.features = Some(["sso".into()].into());
//! spec.limits.insert("users".into(), Limit::Max(50));
//! let issued = issuer.issue(&spec)?;
//!
//! assert!(issued.license().grants("sso"));
//! assert_eq!(issued.license().limit("users"), Some(&Limit::Max(50)));
//! # Ok(())
//! # }
//! ```

mod amendment;
mod claims;
mod error;
mod issuer;
mod renewal;
mod spec;

pub use amendment::Amendment;
pub use claims::{bind_claims, read_claims};
pub use error::{IssueError, Unknown};
pub use issuer::Issuer;
pub use renewal::{NewTerm, Renewal};
pub use spec::LicenseSpec;
