//! `license amend`.

use clap::Args;
use license_core::{Timestamp, Verifier, issue::Amendment, product::Claim, report::Difference};
use serde_json::{Value, json};

use super::{
    diff,
    issue::{signed, warn_of_plan, warn_of_withheld},
};
use crate::{
    failure::Failure,
    flags::{
        old::OldArgs,
        signing::{MachineArgs, SigningArgs, fact},
        spec,
    },
    report::Report,
    time,
    write::OutArgs,
};

/// Signs a license anew for the same term, with the same id and other facts:
/// more seats, another feature, another plan. Prints what changes.
///
/// What is not given stays as the old license says. The old license must be
/// signed with --key, or with a key given to --public-key.
#[derive(Args)]
pub(crate) struct Amend {
    #[command(flatten)]
    old: OldArgs,
    #[command(flatten)]
    signing: SigningArgs,
    /// Limits that are set. Repeatable.
    #[arg(long, value_delimiter = ',', value_name = "NAME=N|unlimited")]
    limit: Vec<String>,
    /// Limits that are lists of names, set to the whole new list, as in
    /// `connectors=slack,github`. Repeatable.
    #[arg(long, value_delimiter = ',', value_name = "LIMIT=NAME")]
    name: Vec<String>,
    /// Features that are added. Repeatable.
    #[arg(long, value_delimiter = ',', value_name = "F")]
    feature: Vec<String>,
    /// Features that are taken away. Repeatable.
    #[arg(long, value_delimiter = ',', value_name = "F")]
    without_feature: Vec<String>,
    /// Another plan. A binding that it forbids is dropped.
    #[arg(long)]
    plan: Option<String>,
    /// Binds the license to this host name, or `*.name`.
    #[arg(long, value_name = "PATTERN")]
    domain: Option<String>,
    /// Lets the license begin at another time: a date, or an RFC 3339 time.
    #[arg(long, value_name = "DATE", value_parser = time::moment)]
    not_before: Option<Timestamp>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    out: OutArgs,
}

impl Amend {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        self.out.check()?;
        let mut report = Report::default();
        let issuer = self.signing.issuer()?;
        let product = issuer.product();
        let now = time::now();
        let mut amendment = Amendment::new(now);
        amendment.limits = spec::all_limits(&self.limit, &self.name)?;
        amendment.features = self.feature;
        amendment.without_features = self.without_feature;
        amendment.plan = self.plan;
        amendment.domain = self.domain.as_deref().map(spec::domain).transpose()?;
        amendment.not_before = self.not_before;
        let both = |name: &&String| amendment.without_features.contains(name);
        if let Some(name) = amendment.features.iter().find(both) {
            return Err(Failure::usage(format!(
                "--feature and --without-feature both name {name:?}; give one of them"
            )));
        }
        if amendment.is_empty() && !self.machine.is_given() {
            return Err(Failure::usage(
                "say what changes: --limit, --name, --feature, --without-feature, --plan, \
                 --domain, --not-before or --machine-info; for a new term use `license renew`",
            ));
        }
        let old = self.old.claims(&issuer, &mut report)?;
        let old_plan = fact(product, &old, Claim::Plan);
        let plan = amendment.plan.as_deref();
        let plan = plan.or_else(|| old_plan.as_ref().and_then(Value::as_str));
        let binding = self.machine.binding(product, plan, now, &mut report)?;
        amendment.machine = binding.machine;
        amendment.clock_reset = binding.clock_reset;
        let issued = issuer.amend(&old, &amendment)?;
        let old = Verifier::check_claims(product, &old)?;
        if amendment.plan.is_some() {
            warn_of_plan(product, issued.license(), &mut report);
        }
        warn_of_withheld(&amendment.features, issued.license(), &mut report);
        let difference = Difference::between(Some(&old), issued.license());
        let all = difference.gained.len() + difference.lost.len() + difference.changed.len();
        let reissued = difference.changed.iter().all(|it| it.fact == "issued_at");
        if reissued && all == difference.changed.len() {
            report.warn("nothing changes but when the license was issued");
        } else {
            report.note(diff::changes(&difference));
        }
        let report = report.with(json!({ "difference": difference }));
        signed(report, &self.out, &issued, now)
    }
}
