//! A license that is signed again, in part or whole.

use std::path::PathBuf;

use clap::Args;
use license_core::{InstallErrorKind, PublicKey, Token, Verifier, issue::Issuer, key::Algorithm};
use serde_json::{Map, Value};

use crate::{
    failure::{Failure, with_sources},
    read,
    report::Report,
};

/// The old license, and who may have signed it.
#[derive(Args)]
pub(crate) struct OldArgs {
    /// The old license; `-` is standard input.
    #[arg(value_name = "OLD.lic", default_value = "-")]
    old: PathBuf,
    /// The public key of a former signing key, to verify the old license
    /// with. Repeatable.
    #[arg(long, value_name = "[KID=][ALG:]FILE.pem", allow_hyphen_values = true)]
    public_key: Vec<String>,
    /// Signs again what the old license says, though nothing proves that you
    /// ever signed it.
    #[arg(long)]
    dangerous_unverified_old: bool,
}

impl OldArgs {
    /// The claims of the old license, once its signature is known to be the
    /// vendor's.
    pub(crate) fn claims(
        &self,
        issuer: &Issuer,
        report: &mut Report,
    ) -> Result<Map<String, Value>, Failure> {
        let token = Token::parse(&read::license(&self.old)?)?;
        if self.dangerous_unverified_old {
            report.warn("the old license's signature was not verified");
            token.check_type(issuer.product().token_type())?;
            return Ok(token.dangerous_unverified_claims()?);
        }
        let mut verifier = Verifier::builder(issuer.product());
        let own = issuer.public_key();
        verifier = verifier.key(pinned_to(own.clone(), token.header().alg(), issuer));
        for name in &self.public_key {
            let key = read::public_key(issuer.product(), name)?;
            if key.kid() != own.kid() {
                verifier = verifier.key(key);
            }
        }
        let verifier = verifier.build().map_err(|error| Failure::usage(with_sources(&error)))?;
        let refused = match verifier.verify(token.as_str().as_bytes()) {
            Ok(_) => return Ok(token.dangerous_unverified_claims()?),
            Err(refused) => refused,
        };
        if refused.kind() != InstallErrorKind::KeyUnknown {
            return Err(refused.into());
        }
        Err(Failure::refused(
            refused.code(),
            "the old license is not signed with this key; give the public key that it is signed \
             with to --public-key",
        ))
    }
}

/// The signing key, as it may have signed with another algorithm before.
fn pinned_to(key: PublicKey, algorithm: &str, issuer: &Issuer) -> PublicKey {
    let allowed = |it: &Algorithm| issuer.product().algorithms().contains(it);
    match algorithm.parse().ok().filter(allowed) {
        Some(algorithm) => key.clone().with_algorithm(algorithm).unwrap_or(key),
        None => key,
    }
}
