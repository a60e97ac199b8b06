//! `license verify`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    Fingerprint, InstallError, InstallErrorKind, License, Phase, Policy, Timestamp,
    VerifiedLicense, Verifier, policy::InvalidReason, token::TokenType,
};
use serde_json::{Value, json};

use crate::{facts, failure::Failure, flags::decode, read, report::Report, text, time};

/// Verifies a license: the signature, the claims and the term, and the host
/// and the machine when they are given. Says what it did not check.
#[derive(Args)]
pub(crate) struct Verify {
    /// The license; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    license: PathBuf,
    /// A public key that is trusted. Repeatable.
    #[arg(long, required = true, value_name = "[KID=][ALG:]FILE.pem", allow_hyphen_values = true)]
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
}

/// What is found of a license.
struct Verdict {
    refusal: Option<Failure>,
    phase: Phase,
    /// What nobody has asked.
    unchecked: Vec<&'static str>,
    /// Whether the product's profile says which features there are.
    profile: bool,
    /// Present once the signature and the claims are good.
    verified: Option<VerifiedLicense>,
}

fn token_type(text: &str) -> Result<TokenType, String> {
    match text {
        "any" => Ok(TokenType::Any),
        "license+jwt" => Ok(TokenType::LicenseJwt),
        _ => Err("use `license+jwt` or `any`".to_owned()),
    }
}

impl Verify {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let verifier = self.verifier()?;
        let now = self.at.unwrap_or_else(time::now);
        let verdict = self.judge(&verifier, now)?;
        let text = verdict.verified.as_ref().map(|verified| verdict.lines(verified, now));
        let report = Report::of(text.unwrap_or_default()).with(verdict.members(now));
        Ok(report.refused(verdict.refusal))
    }

    fn verifier(&self) -> Result<Verifier, Failure> {
        let product = match (&self.product, &self.issuer, &self.audience) {
            (Some(path), _, _) => read::product(path)?,
            (None, Some(issuer), Some(audience)) => {
                decode::standard_product(issuer, audience, self.typ.unwrap_or_default())?
            }
            _ => return Err(Failure::usage("give --product, or --issuer and --audience")),
        };
        decode::verifier(&product, &self.public_key)
    }

    fn judge(&self, verifier: &Verifier, now: Timestamp) -> Result<Verdict, Failure> {
        let verified = read::license(&self.license).and_then(|bytes| {
            let verified = verifier.verify(&bytes)?;
            // A product that knows no limits lets licenses be silent of them.
            let limits = verified.token().dangerous_unverified_claims()?.contains_key("limits");
            if self.product.is_none() && !limits {
                let code = InstallErrorKind::ClaimsInvalid.as_str();
                return Err(Failure::refused(code, "claim `limits` is missing"));
            }
            Ok(verified)
        });
        match verified {
            Ok(verified) => Ok(self.judge_verified(verified, verifier.product().policy(), now)),
            Err(refusal) if refusal.is_refusal() => Ok(Verdict {
                refusal: Some(self.of_no_profile(refusal)),
                phase: Phase::Invalid(license_core::policy::InvalidReason::LicenseInvalid),
                unchecked: Vec::new(),
                profile: self.product.is_some(),
                verified: None,
            }),
            Err(failure) => Err(failure),
        }
    }

    /// A refusal that a profile may cure.
    fn of_no_profile(&self, refusal: Failure) -> Failure {
        let claims = refusal.code() == InstallErrorKind::ClaimsInvalid.as_str();
        if self.product.is_some() || !claims {
            return refusal;
        }
        Failure::refused(
            refusal.code(),
            format!(
                "{}; where the product has claims of its own, give --product",
                refusal.message()
            ),
        )
    }

    /// What is not asked of this license.
    fn unchecked(&self, license: &License) -> Vec<&'static str> {
        let mut unchecked = Vec::new();
        if self.product.is_none() {
            unchecked.push(
                "what the product's profile says: its plans, features, limits, algorithms, key \
                 sizes and grace (give --product)",
            );
        }
        if license.domain().is_some() && self.host.is_none() {
            unchecked.push("the host that it is bound to (give --host)");
        }
        if license.machine().is_some() && self.machine.is_none() {
            unchecked.push("the machine that it is bound to (give --machine)");
        }
        unchecked.push(
            "what only a service knows: whether it is fresh enough to be installed, whether a \
             newer one was, and the clock",
        );
        unchecked
    }

    /// Machine, term and host, in the order in which installing checks them.
    fn judge_verified(
        &self,
        verified: VerifiedLicense,
        policy: &Policy,
        now: Timestamp,
    ) -> Verdict {
        let license = verified.license();
        let mut phase = license.term().phase_at(policy, now);
        let checked = verified.check_for(self.machine.as_ref(), self.host.as_deref(), now);
        let refusal = checked.err().map(|error| {
            let kind = error.kind();
            if kind == InstallErrorKind::MachineMismatch {
                phase = Phase::Invalid(InvalidReason::MachineMismatch);
            }
            Failure::refused(kind.as_str(), cure(&error, license))
        });
        let unchecked = self.unchecked(license);
        Verdict {
            refusal,
            phase,
            unchecked,
            profile: self.product.is_some(),
            verified: Some(verified),
        }
    }
}

/// What is wrong and how an operator cures it.
fn cure(error: &InstallError, license: &License) -> String {
    match error.kind() {
        InstallErrorKind::MachineMismatch => "the license is bound to another machine; issue one \
             from that machine's own machine info (--machine-info)"
            .into(),
        InstallErrorKind::LicenseExpired => format!(
            "the license expired on {}; renew it with `license renew`",
            license.term().expires_at.last_day()
        ),
        InstallErrorKind::DomainMismatch => "License domain mismatch: the license does not cover \
             this host; use a licensed host name, or bind it to another with `license amend \
             --domain`"
            .into(),
        _ => error.detail().to_owned(),
    }
}

impl Verdict {
    fn members(&self, now: Timestamp) -> Value {
        let mut members = json!({
            "valid": self.refusal.is_none(),
            "code": null,
            "detail": null,
            "phase": self.phase.as_str(),
            "not_checked": self.unchecked,
        });
        if let (Some(verified), Some(members)) = (&self.verified, members.as_object_mut()) {
            let header = verified.token().header();
            members.insert("alg".to_owned(), header.alg().into());
            members.insert("kid".to_owned(), json!(header.kid()));
            members.insert("digest".to_owned(), verified.digest().to_string().into());
            members.extend(facts::members(verified.license(), now));
            if !self.profile {
                members.insert("unknown_features".to_owned(), Value::Null);
            }
        }
        members
    }

    fn lines(&self, verified: &VerifiedLicense, now: Timestamp) -> String {
        let left = text::counted(verified.license().term().days_remaining(now), "day");
        let verdict = match (&self.refusal, self.phase) {
            (Some(refusal), _) => format!("refused: {}", refusal.code()),
            (None, Phase::Scheduled) => "valid, but not yet: the term has not begun".to_owned(),
            (None, phase) => format!("valid: {phase}, {left} left"),
        };
        let facts = facts::lines(verified.license(), self.profile);
        let unchecked: Vec<String> = self.unchecked.iter().map(|it| format!("  - {it}")).collect();
        format!("{verdict}\n{facts}\n\nnot checked\n{}", unchecked.join("\n"))
    }
}
