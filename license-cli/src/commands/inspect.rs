//! `license inspect`.

use std::path::PathBuf;

use clap::Args;
use license_core::{License, Timestamp, Verifier};
use serde_json::{Map, Value, json};

use crate::{
    facts,
    failure::Failure,
    flags::decode::{self, PROVES_NOTHING},
    read,
    report::Report,
    text, time,
};

/// Shows what a license says, without verifying anything. That proves
/// nothing: anybody could have written it. See `license verify`.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The license; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    license: PathBuf,
    /// Reads the claims as this product does.
    #[arg(long, value_name = "PROFILE.toml")]
    product: Option<PathBuf>,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let product = self.product.as_deref().map(read::product).transpose()?;
        let token = decode::token(&self.license)?;
        let claims = token.dangerous_unverified_claims()?;
        let now = time::now();
        let (mut shown, mut members) = (String::new(), Map::new());
        let reading = product.map(|product| Verifier::check_claims(&product, &claims));
        match reading.map(|reading| reading.map_err(Failure::from)) {
            Some(Ok(license)) => {
                shown = format!("read by the product\n{}", facts::lines(&license, true));
                members.insert("license".to_owned(), license_members(&license, now));
            }
            Some(Err(refusal)) => {
                let (code, detail) = (refusal.code(), refusal.message());
                shown = format!("the product would refuse these claims\n  {code}: {detail}");
                members.insert("problem".to_owned(), json!({"code": code, "detail": detail}));
            }
            None => {}
        }
        let dates = Dates::of(&claims);
        if !members.contains_key("license") {
            shown = [dates.lines(now), shown].join("\n\n").trim_end().to_owned();
        }
        let header = token.header();
        let part = |part: Option<&str>| part.map_or("none".to_owned(), text::shown);
        let head = format!(
            "{PROVES_NOTHING} Use `license verify`.\n\nheader\n  alg       {}\n  typ       {}\n  kid       {}",
            text::shown(header.alg()),
            part(header.typ()),
            part(header.kid()),
        );
        let report = Report::of(format!("{head}\n\n{shown}\n\nclaims\n{}", text::json(&claims)));
        Ok(report.with(Value::Object(members)).with(json!({
            "verified": false,
            "header": {"alg": header.alg(), "typ": header.typ(), "kid": header.kid()},
            "digest": token.digest().to_string(),
            "dates": dates.members(now),
            "claims": claims,
        })))
    }
}

fn license_members(license: &License, now: Timestamp) -> Value {
    Value::Object(facts::members(license, now))
}

/// The times of the registered claims, which stand at one place in every
/// product's licenses.
struct Dates {
    issued_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

impl Dates {
    fn of(claims: &Map<String, Value>) -> Self {
        let at = |name| claims.get(name).and_then(Value::as_i64).map(Timestamp::from_seconds);
        Self { issued_at: at("iat"), not_before: at("nbf"), expires_at: at("exp") }
    }

    fn lines(&self, now: Timestamp) -> String {
        let none = || "not said, or not in whole seconds".to_owned();
        let issued = self.issued_at.map_or_else(none, |at| at.to_string());
        let expires = self.expires_at.map_or_else(none, |at| {
            let left = match facts::days_between(now, at) {
                0 => "over".to_owned(),
                days => format!("{} left", text::counted(days, "day")),
            };
            format!("{at} (last day {}, {left})", at.last_day())
        });
        let begins = self.not_before.map(|at| format!("  begins    {at}\n")).unwrap_or_default();
        format!("dates\n  issued    {issued}\n{begins}  expires   {expires}")
    }

    fn members(&self, now: Timestamp) -> Value {
        json!({
            "issued_at": self.issued_at,
            "not_before": self.not_before,
            "expires_at": self.expires_at,
            "days_remaining": self.expires_at.map(|at| facts::days_between(now, at)),
        })
    }
}
