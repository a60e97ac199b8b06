//! `license inspect`.

use std::path::PathBuf;

use clap::Args;
use license_core::Verifier;
use serde_json::{Value, json};

use crate::{
    decode::{self, PROVES_NOTHING},
    facts,
    failure::Failure,
    read, text, time, write,
};

/// Shows what a license says, without verifying anything. That proves
/// nothing: anybody could have written it. See `license verify`.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The license, or `-` for standard input.
    #[arg(value_name = "FILE")]
    license: PathBuf,
    /// Reads the claims as this product does.
    #[arg(long, value_name = "PROFILE.toml")]
    product: Option<PathBuf>,
    /// Writes JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let product = self.product.as_deref().map(read::product).transpose()?;
        let token = decode::token(&self.license)?;
        let claims = token.dangerous_unverified_claims()?;
        let reading = product.map(|product| Verifier::check_claims(&product, &claims));
        let header = token.header();
        if self.json {
            let mut shown = json!({
                "verified": false,
                "header": {"alg": header.alg(), "typ": header.typ(), "kid": header.kid()},
                "digest": token.digest().to_string(),
                "claims": claims,
            });
            match reading {
                Some(Ok(license)) => {
                    shown["license"] = Value::Object(facts::members(&license, time::now()));
                }
                Some(Err(refusal)) => {
                    let refusal = Failure::from(refusal);
                    shown["problem"] = json!({"code": refusal.code(), "detail": refusal.message()});
                }
                None => {}
            }
            return write::line(&text::json(&shown));
        }
        let part = |part: Option<&str>| part.map_or("none".to_owned(), text::shown);
        let mut shown = format!(
            "{PROVES_NOTHING} Use `license verify`.\n\nheader\n  alg       {}\n  typ       {}\n  kid       {}\n",
            text::shown(header.alg()),
            part(header.typ()),
            part(header.kid()),
        );
        match reading {
            Some(Ok(license)) => {
                shown.push_str(&format!("\nread by the product\n{}\n", facts::lines(&license)));
            }
            Some(Err(refusal)) => {
                let line = Failure::from(refusal).line().unwrap_or_default();
                shown.push_str(&format!("\nthe product would refuse these claims\n  {line}\n"));
            }
            None => {}
        }
        shown.push_str(&format!("\nclaims\n{}", text::json(&claims)));
        write::line(&shown)
    }
}
