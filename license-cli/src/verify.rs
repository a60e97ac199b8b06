//! `license verify`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    Fingerprint, Host, InstallErrorKind, Phase, Policy, Timestamp, TokenType, Verified, Verifier,
};
use serde_json::{Map, Value, json};

use crate::{decode, facts, failure::Failure, read, text, time, write};

/// Verifies a license: the signature, the claims and the term, and the host
/// and the machine when they are given. How fresh it is, and whether a newer
/// one exists, is not asked.
#[derive(Args)]
pub(crate) struct Verify {
    /// The license, or `-` for standard input.
    #[arg(value_name = "FILE")]
    license: PathBuf,
    /// A public key that is trusted. Repeatable.
    #[arg(long, required = true, value_name = "[KID=][ALG:]FILE.pem")]
    public_key: Vec<String>,
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml", required_unless_present = "issuer")]
    product: Option<PathBuf>,
    /// Without a profile: the issuer, for licenses of the standard claims.
    #[arg(long, requires = "audience", conflicts_with = "product")]
    issuer: Option<String>,
    /// Without a profile: the audience.
    #[arg(long, requires = "issuer", conflicts_with = "product")]
    audience: Option<String>,
    /// Without a profile: the header's type, `license+jwt` alone or `any`
    /// [default: license+jwt].
    #[arg(long, requires = "issuer", conflicts_with = "product", value_parser = token_type)]
    typ: Option<TokenType>,
    /// Judges the term at this time instead of now: a date, or an RFC 3339
    /// time.
    #[arg(long, value_name = "TIME", value_parser = time::moment)]
    at: Option<Timestamp>,
    /// Asks whether the license covers this host.
    #[arg(long)]
    host: Option<String>,
    /// Asks whether the license is for the machine of this fingerprint.
    #[arg(long, value_name = "FINGERPRINT")]
    machine: Option<Fingerprint>,
    /// Writes JSON.
    #[arg(long)]
    json: bool,
}

/// What is found of a license.
struct Verdict {
    refusal: Option<Failure>,
    phase: Phase,
    /// Present once the signature and the claims are good.
    verified: Option<Verified>,
}

fn token_type(text: &str) -> Result<TokenType, String> {
    match text {
        "any" => Ok(TokenType::Any),
        "license+jwt" => Ok(TokenType::LicenseJwt),
        _ => Err("use `license+jwt` or `any`".to_owned()),
    }
}

impl Verify {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let verifier = self.verifier()?;
        let now = self.at.unwrap_or_else(time::now);
        let verdict = self.judge(&verifier, now)?;
        if self.json {
            write::line(&text::json(&verdict.json(now)))?;
            return verdict.refusal.map_or(Ok(()), |_| Err(Failure::told()));
        }
        if let Some(verified) = &verdict.verified {
            write::line(&verdict.lines(verified, now))?;
        }
        verdict.refusal.map_or(Ok(()), Err)
    }

    fn verifier(&self) -> Result<Verifier, Failure> {
        let product = match (&self.product, &self.issuer, &self.audience) {
            (Some(path), _, _) => read::product(path)?,
            (None, Some(issuer), Some(audience)) => {
                decode::any_product(issuer, audience, self.typ.unwrap_or_default())?
            }
            _ => return Err(Failure::usage("give --product, or --issuer and --audience")),
        };
        decode::verifier(&product, &self.public_key)
    }

    fn judge(&self, verifier: &Verifier, now: Timestamp) -> Result<Verdict, Failure> {
        let verified = read::license(&self.license).and_then(|bytes| Ok(verifier.verify(&bytes)?));
        match verified {
            Ok(verified) => Ok(self.judge_verified(verified, verifier.product().policy(), now)),
            Err(refusal) if refusal.code().is_some() => {
                let phase = Phase::Invalid(license_core::InvalidReason::LicenseInvalid);
                Ok(Verdict { refusal: Some(refusal), phase, verified: None })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Machine, term and host, in the order in which installing checks them.
    fn judge_verified(&self, verified: Verified, policy: &Policy, now: Timestamp) -> Verdict {
        let license = verified.license();
        let mut phase = license.term().phase_at(policy, now);
        let other = |machine: &Fingerprint| license.machine().is_some_and(|it| it != machine);
        let uncovered = |host: &String| {
            let covers = |host: Host<'_>| license.domain().is_none_or(|it| it.matches(&host));
            license.domain().is_some() && !Host::parse(host.as_bytes()).is_ok_and(covers)
        };
        let refused =
            |kind: InstallErrorKind, message: &str| Some(Failure::refused(kind.code(), message));
        let refusal = if self.machine.as_ref().is_some_and(other) {
            phase = Phase::Invalid(license_core::InvalidReason::MachineMismatch);
            refused(
                InstallErrorKind::MachineMismatch,
                "the license is bound to another machine; issue one from that machine's own \
                 machine info",
            )
        } else if license.term().has_ended(now) {
            let last_day = license.term().expires_at.last_day();
            refused(
                InstallErrorKind::LicenseExpired,
                &format!("the license expired on {last_day}; renew it with `license renew`"),
            )
        } else if self.host.as_ref().is_some_and(uncovered) {
            refused(
                InstallErrorKind::DomainMismatch,
                "License domain mismatch: the license does not cover this host",
            )
        } else {
            None
        };
        Verdict { refusal, phase, verified: Some(verified) }
    }
}

impl Verdict {
    fn json(&self, now: Timestamp) -> Value {
        let mut members = Map::new();
        members.insert("valid".to_owned(), self.refusal.is_none().into());
        members.insert("code".to_owned(), json!(self.refusal.as_ref().and_then(Failure::code)));
        members.insert("detail".to_owned(), json!(self.refusal.as_ref().map(Failure::message)));
        members.insert("phase".to_owned(), self.phase.as_str().into());
        if let Some(verified) = &self.verified {
            let header = verified.token().header();
            members.insert("alg".to_owned(), header.alg().into());
            members.insert("kid".to_owned(), json!(header.kid()));
            members.insert("digest".to_owned(), verified.digest().to_string().into());
            members.extend(facts::members(verified.license(), now));
        }
        Value::Object(members)
    }

    fn lines(&self, verified: &Verified, now: Timestamp) -> String {
        let days = verified.license().term().days_remaining(now);
        let unit = if days == 1 { "day" } else { "days" };
        let verdict = match (&self.refusal, self.phase) {
            (Some(refusal), _) => format!("refused: {}", refusal.code().unwrap_or_default()),
            (None, Phase::Scheduled) => "valid, but not yet: the term has not begun".to_owned(),
            (None, phase) => format!("valid: {phase}, {days} {unit} left"),
        };
        format!("{verdict}\n{}", facts::lines(verified.license()))
    }
}
