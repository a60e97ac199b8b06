//! `license renew`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    Algorithm, InstallErrorKind, PublicKey, Token, Verifier,
    issue::{Issuer, NewTerm, Renewal},
};
use serde_json::{Map, Value};

use crate::{
    failure::{Failure, with_sources},
    issue::finish,
    read,
    signing::{MachineArgs, SigningArgs, fact},
    spec::{self, TermArgs},
    text, time, write,
};

/// Signs a license anew for a new term, with the same id and the same facts.
///
/// The new term counts from the end of the old one or, where that has passed,
/// from now. Without --expires and --days it is as long as the old one: a year
/// stays a year. The machine and the domain stay as they are unless given. The old license must be
/// signed with --key, or with a key given to --public-key: what it says is
/// signed again.
#[derive(Args)]
pub(crate) struct Renew {
    /// The old license, or `-` for standard input.
    #[arg(value_name = "OLD.lic")]
    old: PathBuf,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    term: TermArgs,
    /// Counts from now even where the end of the old term lies ahead: the days
    /// that are left of it are given away.
    #[arg(long, conflicts_with = "expires")]
    from_now: bool,
    #[command(flatten)]
    machine: MachineArgs,
    /// Binds the license to this host name, or `*.name`.
    #[arg(long, value_name = "PATTERN")]
    domain: Option<String>,
    /// The public key of a former signing key, to verify the old license
    /// with. Repeatable.
    #[arg(long, value_name = "[KID=][ALG:]FILE.pem")]
    public_key: Vec<String>,
    /// Signs again what the old license says, though nothing proves that you
    /// ever signed it.
    #[arg(long)]
    dangerous_unverified_old: bool,
    /// Writes the token to this new file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Renew {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            write::vacant(out)?;
        }
        let issuer = self.signing.issuer()?;
        let product = issuer.product();
        let now = time::now();
        let old = self.old_claims(&issuer)?;
        let plan = fact(product, &old, license_core::Claim::Plan);
        let binding = self.machine.binding(product, plan.as_ref().and_then(Value::as_str), now)?;
        let mut renewal = Renewal::new(now);
        renewal.term = match (self.term.expires, self.term.days) {
            (Some(at), _) => NewTerm::Until(at),
            (None, Some(count)) => NewTerm::For(time::days(count)),
            (None, None) => NewTerm::SameLength,
        };
        renewal.from_now = self.from_now;
        renewal.machine = binding.machine;
        renewal.clock_reset = binding.clock_reset;
        renewal.domain = self.domain.as_deref().map(spec::domain).transpose()?;
        let issued = issuer.renew(&old, &renewal)?;
        for feature in issued.license().unknown_features() {
            let feature = text::shown(feature);
            write::note(format_args!(
                "warning: the product does not know the feature {feature:?} any more"
            ));
        }
        finish(self.out.as_deref(), &issued)
    }

    /// The claims of the old license, once its signature is known to be the
    /// vendor's.
    fn old_claims(&self, issuer: &Issuer) -> Result<Map<String, Value>, Failure> {
        let token = Token::parse(&read::license(&self.old)?)?;
        if self.dangerous_unverified_old {
            write::note("warning: the old license's signature was not verified");
            token.check_type(issuer.product().token_type())?;
            return Ok(token.dangerous_unverified_claims()?);
        }
        let mut verifier = Verifier::builder(issuer.product());
        let own = issuer.public_key();
        verifier = verifier.key(pinned_to(own.clone(), token.header().alg(), issuer));
        for name in &self.public_key {
            let key = read::public_key(name)?;
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
