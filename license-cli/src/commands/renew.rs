//! `license renew`.

use clap::Args;
use license_core::{
    Timestamp, Verifier,
    issue::{NewTerm, Renewal},
    product::Claim,
    report::Difference,
};
use serde_json::{Value, json};

use super::issue::signed;
use crate::{
    failure::Failure,
    flags::{
        old::OldArgs,
        signing::{MachineArgs, SigningArgs, fact},
        spec,
    },
    report::Report,
    text, time,
    write::OutArgs,
};

/// Signs a license anew for a new term, with the same id and the same facts.
///
/// The new term counts from the end of the old one or, where that has passed,
/// from now. Without --expires and --days it is as long as the old one: a year
/// stays a year. The machine and the domain stay as they are unless given. The
/// old license must be signed with --key, or with a key given to --public-key:
/// what it says is signed again.
#[derive(Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    old: OldArgs,
    #[command(flatten)]
    signing: SigningArgs,
    /// The new last day in UTC, or the RFC 3339 time of the new end.
    #[arg(long, value_name = "DATE", value_parser = Timestamp::parse_end, conflicts_with_all = ["days", "from_now"])]
    expires: Option<license_core::Timestamp>,
    /// The length of the new term in days, from the end of the old one or,
    /// where that has passed, from now.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_000_000))]
    days: Option<u32>,
    /// Counts from now even where the end of the old term lies ahead: the days
    /// that are left of it are given away.
    #[arg(long)]
    from_now: bool,
    #[command(flatten)]
    machine: MachineArgs,
    /// Binds the license to this host name, or `*.name`.
    #[arg(long, value_name = "PATTERN")]
    domain: Option<String>,
    #[command(flatten)]
    out: OutArgs,
}

impl Renew {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        self.out.check()?;
        let mut report = Report::default();
        let issuer = self.signing.issuer()?;
        let product = issuer.product();
        let now = time::now();
        let old = self.old.claims(&issuer, &mut report)?;
        let plan = fact(product, &old, Claim::Plan);
        let plan = plan.as_ref().and_then(Value::as_str);
        let binding = self.machine.binding(product, plan, now, &mut report)?;
        let mut renewal = Renewal::new(now);
        renewal.term = match (self.expires, self.days) {
            (Some(at), _) => NewTerm::Until(at),
            (None, Some(count)) => NewTerm::For(time::days(count)),
            (None, None) => NewTerm::SameLength,
        };
        renewal.from_now = self.from_now;
        renewal.machine = binding.machine;
        renewal.clock_reset = binding.clock_reset;
        renewal.domain = self.domain.as_deref().map(spec::domain).transpose()?;
        let issued = issuer.renew(&old, &renewal)?;
        let (old, new) = (Verifier::check_claims(product, &old)?, issued.license());
        for feature in new.unknown_features() {
            let feature = text::shown(feature);
            report.warn(format_args!(
                "the product does not know the feature {feature:?} any more; `license amend \
                 --without-feature` takes it away"
            ));
        }
        let difference = Difference::between(Some(&old), new);
        let (ends, new_ends) = (old.term().expires_at, new.term().expires_at);
        let counts = match new.paid_from() {
            from if from == ends => format!("from the end of the old one, {ends},"),
            from if from <= now => "from now".to_owned(),
            from => format!("from {from}"),
        };
        let days = difference.days.unwrap_or_default();
        let more = match days {
            0 => "the same day as before".to_owned(),
            days => format!("{} than before", text::longer(days)),
        };
        report.note(format_args!(
            "the new term counts {counts} to {new_ends} (last day {}): {more}",
            new_ends.last_day()
        ));
        // It is known here what the new term counts from, however long it is.
        let left = ends.saturating_since(new.paid_from()).as_secs() / 86_400;
        if self.from_now && left > 0 {
            report.warn(given_away(left));
        }
        if new_ends < ends {
            report.warn("the new license ends before the old one");
        }
        let report = report.with(json!({
            "difference": difference,
            "counts_from": new.paid_from(),
            "given_away": if self.from_now { left } else { 0 },
        }));
        signed(report, &self.out, &issued, now)
    }
}

/// What a customer loses where terms overlap.
fn given_away(days: u64) -> String {
    format!(
        "{} of the old license are given away: the new term counts from before its end; `license \
         renew` without --from-now counts from there",
        text::counted(days, "paid day")
    )
}
