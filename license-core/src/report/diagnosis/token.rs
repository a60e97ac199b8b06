//! What the token itself says: its form, its signature, its claims.

use super::{Diagnosis, Finding, cure_of};
use crate::{
    received::{self, Damage, Wanted},
    refusal::{Check, InstallError, InstallErrorKind},
    token::{MAX_KID_CHARS, Token, TokenHeader},
    verify::{VerifiedLicense, Verifier},
};

/// Whether a token says that it is this vendor's, and for this product; `None`
/// where it does not say.
type Ours = [Option<bool>; 2];

/// What is looked at, in order: claims and plan as one step. Verifying refuses
/// unsound claims before it asks whose they are; here the cause comes first.
pub(super) const STEPS: [(Check, u8); 9] = [
    (Check::Form, 0),
    (Check::Type, 1),
    (Check::Key, 2),
    (Check::Signature, 3),
    (Check::Issuer, 4),
    (Check::Audience, 5),
    (Check::Claims, 6),
    (Check::Plan, 6),
    (Check::Domain, 7),
];

impl Diagnosis {
    /// Verifies a token and tells of each step. What comes behind the one that
    /// failed is not checked.
    pub(super) fn verify(&mut self, verifier: &Verifier, bytes: &[u8]) -> Option<VerifiedLicense> {
        let ours = claimed(verifier, bytes);
        let verified = verifier.verify(bytes).map_err(|error| whose(error, ours));
        let step = |check: Check| STEPS.iter().find(|(it, _)| *it == check).map(|(_, step)| *step);
        let failed = verified.as_ref().err().map(|error| (error, step(error.check())));
        self.extend(failed.map(|(error, _)| refused(error, verifier, bytes, ours)));
        for (check, step) in STEPS {
            match failed {
                Some((_, at)) if at.is_none_or(|at| step >= at) => self.leave([check]),
                // What it does not say is the claims' fault.
                Some(_) if is_untold(check, ours) => self.leave([check]),
                // Whether it covers the host is another question.
                _ if check == Check::Domain => {}
                _ => self.extend([Finding::ok(check, well(check, verifier, bytes))]),
            }
        }
        verified.ok()
    }
}

/// What is said of a step that a token has passed.
fn well(check: Check, verifier: &Verifier, bytes: &[u8]) -> String {
    match check {
        Check::Form => match &received::read_over(bytes)[..] {
            [] => "It is a token in the right form.".to_owned(),
            over => {
                let over = over.join(" and ");
                format!("It is a token in the right form; {over} can be read over.")
            }
        },
        Check::Type => "The product accepts its type.".to_owned(),
        Check::Key => match Token::parse(bytes).ok().as_ref().map(Token::header) {
            Some(TokenHeader { kid: Some(kid), alg, .. }) => {
                format!("It is signed with the trusted key `{kid}` by {alg}.")
            }
            _ => "It names no key; the only one that is trusted has verified it.".to_owned(),
        },
        Check::Signature => "The signature is good.".to_owned(),
        Check::Claims => "It has every claim that the product asks for.".to_owned(),
        Check::Plan => match verifier.product().plans().is_empty() {
            true => "The product has no rules for plans.".to_owned(),
            false => "It is as the product's rules for its plan want it.".to_owned(),
        },
        Check::Issuer => "The product's vendor issued it.".to_owned(),
        _ => "It is for this product.".to_owned(),
    }
}

/// What another vendor or product demands of claims is not demanded here: whose
/// a license is comes first, as far as its signed claims tell.
fn whose(error: InstallError, ours: Ours) -> InstallError {
    match foreign(ours).filter(|_| error.kind() == InstallErrorKind::ClaimsInvalid) {
        Some(kind) => kind.into(),
        None => error,
    }
}

/// Whose it is instead, where it says that it is another's.
fn foreign(ours: Ours) -> Option<InstallErrorKind> {
    match ours {
        [Some(false), _] => Some(InstallErrorKind::IssuerMismatch),
        [_, Some(false)] => Some(InstallErrorKind::AudienceMismatch),
        _ => None,
    }
}

/// Whether a token does not say who issued it, or for which product.
fn is_untold(check: Check, [issuer, audience]: Ours) -> bool {
    match check {
        Check::Issuer => issuer.is_none(),
        Check::Audience => audience.is_none(),
        _ => false,
    }
}

/// Whether a token says that it is this vendor's, and for this product.
fn claimed(verifier: &Verifier, bytes: &[u8]) -> Ours {
    let claims = Token::parse(bytes).and_then(|token| token.dangerous_unverified_claims());
    claims.map(|claims| verifier.is_ours(&claims)).unwrap_or_default()
}

/// What is said of the step that failed.
fn refused(error: &InstallError, verifier: &Verifier, bytes: &[u8], ours: Ours) -> Finding {
    use InstallErrorKind::{AlgorithmNotAllowed, KeyUnknown, SignatureInvalid};
    let finding = Finding::from(error);
    if error.check() == Check::Form {
        let damage = Damage::of_bytes(bytes, Wanted::License);
        return damage.and_then(Damage::cure).into_iter().fold(finding, Finding::cure);
    }
    let Some(token) = Token::parse(bytes).ok() else { return finding };
    let header = token.header();
    let more = match error.kind() {
        KeyUnknown => of_key(header, verifier),
        AlgorithmNotAllowed => format!("Its header says {}.", plain(header.alg())),
        SignatureInvalid if header.kid().is_none() => {
            "It names no key, so that another one may have signed it.".to_owned()
        }
        SignatureInvalid => String::new(),
        _ => return finding,
    };
    of_another(finding.and(&more), ours)
}

/// Which key the token names, and which are trusted.
fn of_key(header: &TokenHeader, verifier: &Verifier) -> String {
    let trusted: Vec<String> = verifier.kids().map(plain).collect();
    let trusted = trusted.join(", ");
    match header.kid() {
        Some(kid) => format!("Its `kid` is {}; trusted are: {trusted}.", plain(kid)),
        None => format!("It names none (`kid`), and several are trusted: {trusted}."),
    }
}

/// What an unproven token says of vendor and product often tells why.
fn of_another(finding: Finding, ours: Ours) -> Finding {
    let Some(kind) = foreign(ours) else { return finding };
    let what = match kind {
        InstallErrorKind::IssuerMismatch => "another vendor issued it",
        _ => "it is for another product",
    };
    finding
        .and(&format!("It says of itself, which proves nothing, that {what}."))
        .cure(cure_of(kind))
}

/// A name out of a header, where it is one that a vendor would choose: anybody
/// can have written it.
fn plain(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    match name.is_empty() || name.len() > MAX_KID_CHARS || !name.chars().all(is_plain) {
        true => "one of letters that are not shown".to_owned(),
        false => format!("`{name}`"),
    }
}
