//! `license simulate`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    Timestamp, WarningLevel,
    report::{Answer, Period, Refusal, RequestKind, Simulation},
};
use serde_json::json;

use crate::{
    facts,
    failure::Failure,
    flags::decode::{self, Decoded, PROVES_NOTHING, TrustArgs},
    read,
    report::Report,
    text, time,
};

/// Shows what a license will do to a service of the product: when its phase
/// changes, what users and administrators see then, and how requests are
/// answered. The service is taken to have nothing else installed, a clock
/// that is right, and the machine that the license names.
#[derive(Args)]
pub(crate) struct Simulate {
    /// The license; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    license: PathBuf,
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml")]
    product: PathBuf,
    /// Begins at this time instead of now: a date, or an RFC 3339 time.
    #[arg(long, value_name = "DATE", value_parser = time::moment)]
    from: Option<Timestamp>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// The width of a request's description.
const WIDTH: usize = 42;

impl Simulate {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let product = read::product(&self.product)?;
        let Decoded { token, license } =
            self.trust.decode(&product, decode::token(&self.license)?)?;
        let from = self.from.unwrap_or_else(time::now);
        let simulation = Simulation::of(&product, &token, from)?;
        let proof = if self.trust.verifies() { "The signature is good." } else { PROVES_NOTHING };
        let mut shown = format!("{proof}\n\n{}\n", facts::lines(&license, true));
        for (index, period) in simulation.periods.iter().enumerate() {
            shown.push('\n');
            shown.push_str(&lines(period, index == 0));
        }
        Ok(Report::of(shown).with(json!({
            "verified": self.trust.verifies(),
            "product": product.name(),
            "license": facts::members(&license, from),
            "from": simulation.from,
            "periods": simulation.periods,
        })))
    }
}

fn lines(period: &Period, first: bool) -> String {
    let until = match period.until {
        Some(until) => format!("until {until}"),
        None => "from then on".to_owned(),
    };
    let in_force = if first { ", in force at that time" } else { "" };
    let phase = period.phase.as_str();
    let mut shown = format!("{}  {phase}, {until}{in_force}\n", period.from);
    shown.push_str(&format!("  {:<16}{}\n", "users", period.users));
    let banner = period.banner.level.map_or("none", WarningLevel::as_str);
    shown.push_str(&format!("  {:<16}{banner}\n", "banner"));
    if period.administrators.is_empty() {
        shown.push_str(&format!("  {:<16}nothing to warn of\n", "administrators"));
    }
    for (index, warning) in period.administrators.iter().enumerate() {
        let name = if index == 0 { "administrators" } else { "" };
        shown.push_str(&format!("  {name:<16}{}\n", text::shown(&warning.text)));
    }
    for (index, line) in period.log.iter().enumerate() {
        let name = if index == 0 { "log" } else { "" };
        let level = line.level.as_str().to_ascii_uppercase();
        shown.push_str(&format!("  {name:<16}{level:<6}{}\n", text::shown(&line.text)));
    }
    for answer in &period.answers {
        let refusal = |it: Refusal| format!("{} {}", it.status, it.code);
        let answered = match (answer.refused, answer.shadow) {
            (Some(refused), _) => refusal(refused),
            (None, Some(shadow)) => format!("served, in shadow: {}", refusal(shadow)),
            (None, None) => "served".to_owned(),
        };
        shown.push_str(&format!("    {:<WIDTH$}  {answered}\n", request(answer)));
    }
    shown
}

/// A kind of request as an operator would name it.
fn request(answer: &Answer) -> String {
    let name = text::shown(answer.name.as_deref().unwrap_or_default());
    match answer.request {
        RequestKind::Page => "open a page".to_owned(),
        RequestKind::Change => "change something".to_owned(),
        RequestKind::GrantedFeature => format!("use {name}, which is granted"),
        RequestKind::OtherFeature => format!("use {name}, which is not granted"),
        RequestKind::Seat => format!("take one of {name}"),
        RequestKind::SeatBeyondLimit => format!("take one of {name}, all being taken"),
        RequestKind::OtherHost => format!("use a host outside {name}"),
        RequestKind::Install => "install a license".to_owned(),
        _ => "another request".to_owned(),
    }
}
