//! A license that a command looks at: verified where a public key is given,
//! decoded where none is.

use std::path::Path;

use clap::Args;
use license_core::{
    License, Product, Token, Verifier,
    key::Algorithm,
    product::{Claim, ProductBuilder},
    token::TokenType,
};
use serde_json::Value;

use crate::{
    failure::{Failure, with_sources},
    read,
};

/// The keys that are trusted.
#[derive(Args)]
pub(crate) struct TrustArgs {
    /// Verifies the signature with this public key. Repeatable.
    #[arg(long, value_name = "[KID=][ALG:]FILE.pem", allow_hyphen_values = true)]
    public_key: Vec<String>,
}

/// What a file says.
pub(crate) struct Decoded {
    pub(crate) token: Token,
    pub(crate) license: License,
}

/// What is said of a license that nobody has verified.
pub(crate) const PROVES_NOTHING: &str = "NOT VERIFIED: this shows what the file says and proves \
                                         nothing; anybody could have written it.";

impl TrustArgs {
    /// Whether signatures are verified at all.
    pub(crate) fn verifies(&self) -> bool {
        !self.public_key.is_empty()
    }

    /// Reads a license as the product does, and verifies it where a key is
    /// given.
    pub(crate) fn decode(&self, product: &Product, token: Token) -> Result<Decoded, Failure> {
        if self.verifies() {
            let verified =
                verifier(product, &self.public_key)?.verify(token.as_str().as_bytes())?;
            return Ok(Decoded { token, license: verified.license().clone() });
        }
        token.check_type(product.token_type())?;
        let license = Verifier::check_claims(product, &token.dangerous_unverified_claims()?)?;
        Ok(Decoded { token, license })
    }
}

/// A verifier that trusts these keys.
pub(crate) fn verifier(product: &Product, keys: &[String]) -> Result<Verifier, Failure> {
    let mut verifier = Verifier::builder(product);
    for name in keys {
        verifier = verifier.key(read::public_key(product, name)?);
    }
    verifier.build().map_err(|error| Failure::usage(with_sources(&error)))
}

/// The token in a file.
pub(crate) fn token(path: &Path) -> Result<Token, Failure> {
    Ok(Token::parse(&read::license(path)?)?)
}

/// A product of which nothing is known but who issues it: its licenses have
/// the standard claims.
pub(crate) fn standard_product(
    issuer: &str,
    audience: &str,
    token_type: TokenType,
) -> Result<Product, Failure> {
    built(any(issuer, audience).token_type(token_type))
}

/// A product of this issuer and audience that reads what a license leaves out
/// as nothing.
fn lenient_product(issuer: &str, audience: &str) -> Result<Product, Failure> {
    let optional = [
        Claim::Id,
        Claim::CustomerId,
        Claim::CustomerName,
        Claim::Plan,
        Claim::Features,
        Claim::Limits,
    ];
    let product = any(issuer, audience).token_type(TokenType::Any);
    built(optional.into_iter().fold(product, |it, claim| it.optional(claim)))
}

fn any(issuer: &str, audience: &str) -> ProductBuilder {
    Product::builder("any", issuer, audience).algorithms(Algorithm::ALL)
}

fn built(product: ProductBuilder) -> Result<Product, Failure> {
    product.build().map_err(|error| Failure::usage(with_sources(&error)))
}

/// The product that a token says it is for.
pub(crate) fn product_of(token: &Token) -> Result<Product, Failure> {
    let claims = token.dangerous_unverified_claims()?;
    let audience = match claims.get("aud") {
        Some(Value::Array(several)) => several.first(),
        one => one,
    };
    let text = |claim: Option<&Value>| claim.and_then(Value::as_str).map(str::to_owned);
    match (text(claims.get("iss")), text(audience)) {
        (Some(issuer), Some(audience)) => lenient_product(&issuer, &audience),
        _ => Err(Failure::usage("the license names no issuer and audience; give --product")),
    }
}
