//! The public keys from the command line or the environment.

use clap::Args;
use license_core::{Product, PublicKey, Verifier, key::KeySpec, text::shown_path};

use crate::StartError;

/// The vendor's keys, of a service that has no demo mode.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct TrustedKeys {
    /// A public key to trust; may be repeated, or several separated by commas
    // A PEM text begins with hyphens; refused as a flag, it would be printed.
    #[arg(
        long,
        env = "LICENSE_PUBLIC_KEY",
        value_name = "[KID=][ALG:]FILE.pem",
        value_delimiter = ',',
        allow_hyphen_values = true,
        hide_env_values = true,
        required = true
    )]
    pub public_key: Vec<String>,
}

/// A verifier that trusts the configured keys.
///
/// # Errors
///
/// A key that cannot be read or is not usable.
pub fn verifier(product: &Product, specs: &[String]) -> Result<Verifier, StartError> {
    verifier_of(product, trusted_keys(product, specs)?)
}

/// A verifier that trusts these keys.
///
/// # Errors
///
/// Keys that are not usable together.
pub fn verifier_of(
    product: &Product,
    keys: impl IntoIterator<Item = PublicKey>,
) -> Result<Verifier, StartError> {
    let builder = keys.into_iter().fold(Verifier::builder(product), |it, key| it.key(key));
    builder.build().map_err(|error| {
        StartError::new("the public keys are not usable; check --public-key").with_source(error)
    })
}

/// The configured keys.
///
/// # Errors
///
/// A key that cannot be read or is not usable.
pub fn trusted_keys(product: &Product, specs: &[String]) -> Result<Vec<PublicKey>, StartError> {
    specs.iter().map(|spec| key(product, spec)).collect()
}

fn key(product: &Product, spec: &str) -> Result<PublicKey, StartError> {
    let unusable = || {
        StartError::new(
            "a public key is not usable; give the vendor's as --public-key [KID=][ALG:]FILE.pem",
        )
    };
    let spec: KeySpec = spec.parse().map_err(|error| unusable().with_source(error))?;
    let pem = if spec.is_inline() {
        spec.source().as_bytes().to_vec()
    } else {
        std::fs::read(spec.source()).map_err(|error| {
            let message = format!(
                "cannot read the public key {}; check --public-key",
                shown_path(spec.source())
            );
            StartError::new(message).with_source(error)
        })?
    };
    spec.read(&pem, product.min_rsa_bits()).map_err(|error| unusable().with_source(error))
}
