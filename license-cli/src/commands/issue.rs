//! `license issue`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    License, Limit, Product, Timestamp, VerifiedLicense,
    issue::{self, Issuer},
    product::Claim,
};
use serde_json::{Map, Value, json};

use crate::{
    facts,
    failure::Failure,
    flags::{
        signing::{Binding, MachineArgs, SigningArgs, fact},
        spec::{self, FactArgs},
    },
    read,
    report::Report,
    suggest, text, time,
    write::OutArgs,
};

/// Signs a license: from flags, from a specification, or from claims that
/// stand ready.
#[derive(Args)]
#[command(after_long_help = SPEC_HELP)]
pub(crate) struct Issue {
    #[command(flatten)]
    signing: SigningArgs,
    /// Signs the claims in this file as they are, checked against the
    /// profile.
    #[arg(long, value_name = "CLAIMS.json", conflicts_with_all = ["spec", "FactArgs", "term"])]
    claims: Option<PathBuf>,
    /// Sets the `iat` of --claims to now: services take what was issued long
    /// ago, or before the license in force, for an old license.
    #[arg(long, requires = "claims")]
    fresh: bool,
    /// Reads what the license says from this file.
    #[arg(long, value_name = "LICENSE.toml", conflicts_with_all = ["FactArgs", "term"])]
    spec: Option<PathBuf>,
    #[command(flatten)]
    facts: FactArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    out: OutArgs,
}

const SPEC_HELP: &str = r#"A specification says what the flags say:

  id = "lic_01"                       # optional
  customer = { id = "cust_1", name = "Acme Corp", email = "it@acme.example" }
  plan = "enterprise"
  features = ["sso"]
  limits = { users = 50, hosts = "unlimited", connectors = ["slack"] }
  domain = "*.acme.internal"
  machine = "fp1:machine-id:..."      # or --machine-info
  not_before = 2026-01-01             # only if asked for
  expires = 2026-12-31                # the last day; or: days = 365

Features and limits that the profile does not list are refused."#;

impl Issue {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        self.out.check()?;
        let mut report = Report::default();
        let issuer = self.signing.issuer()?;
        let product = issuer.product();
        let now = time::now();
        let issued = match (&self.claims, &self.spec) {
            (Some(path), _) => {
                let mut claims = read::claims(path)?;
                if self.fresh {
                    claims.insert("iat".to_owned(), now.as_seconds().into());
                }
                let issued = from_claims(claims, &issuer, &self.machine, now, &mut report)?;
                warn_of_age(product, issued.license(), now, &mut report);
                issued
            }
            (None, spec) => {
                let mut spec = match spec {
                    Some(path) => spec::from_file(path, now, product)?,
                    None => self.facts.spec(now, product)?,
                };
                let plan = spec.plan.as_deref();
                let Binding { machine, clock_reset } =
                    self.machine.binding(product, plan, now, &mut report)?;
                if machine.is_some() && spec.machine.is_some() && machine != spec.machine {
                    return Err(other_machine());
                }
                spec.machine = machine.or(spec.machine);
                spec.clock_reset = clock_reset;
                let claims = spec.claims(product)?;
                let issued = issuer.sign(&claims)?;
                warn_of_silence(product, &claims, issued.license(), &mut report);
                issued
            }
        };
        signed(report, &self.out, &issued, now)
    }
}

/// Writes the token, and says what it is where that is not the output.
pub(crate) fn signed(
    mut report: Report,
    out: &OutArgs,
    issued: &VerifiedLicense,
    now: Timestamp,
) -> Result<Report, Failure> {
    let (token, license) = (issued.token().as_str(), issued.license());
    if license.term().has_ended(now) {
        report.warn("the term of this license is over; `license renew` gives it a new one");
    }
    out.write(token)?;
    let report = match out.file() {
        Some(file) => {
            report.note(format_args!(
                "{}: license {}, last day {}",
                read::shown(file),
                text::shown(license.id()),
                license.term().expires_at.last_day()
            ));
            report.with(json!({ "out": file.to_string_lossy(), "token": null }))
        }
        None => report.with_text(token).with(json!({ "out": null, "token": token })),
    };
    Ok(report.with(json!({ "license": facts::members(license, now) })))
}

fn from_claims(
    mut claims: Map<String, Value>,
    issuer: &Issuer,
    machine: &MachineArgs,
    now: Timestamp,
    report: &mut Report,
) -> Result<VerifiedLicense, Failure> {
    let product = issuer.product();
    let text = |claim| fact(product, &claims, claim);
    let plan = text(Claim::Plan);
    let binding = machine.binding(product, plan.as_ref().and_then(Value::as_str), now, report)?;
    if let (Some(machine), Some(Value::String(bound))) = (&binding.machine, text(Claim::Machine))
        && bound != machine.as_str()
    {
        return Err(other_machine());
    }
    let Binding { machine, clock_reset } = binding;
    if machine.is_some() || clock_reset.is_some() {
        claims = issue::bind_claims(product, claims, machine.as_ref(), clock_reset.as_ref())?;
    }
    Ok(issuer.sign(&claims)?)
}

fn other_machine() -> Failure {
    Failure::usage(
        "the license names one machine and --machine-info is of another; leave one of them out",
    )
}

/// Says what services make of claims that were dated long ago, or ahead.
fn warn_of_age(product: &Product, license: &License, now: Timestamp, report: &mut Report) {
    let issued_at = license.issued_at();
    if issued_at.is_ahead_of(now) {
        report.warn(format_args!(
            "the claims are issued at {issued_at}, which lies ahead: services refuse the license \
             until then (issued_in_future); --fresh sets it to now"
        ));
    }
    let age = now.saturating_since(issued_at);
    if age < time::days(1) {
        return;
    }
    let what = if product.policy().is_fresh(issued_at, now) {
        "a service that has accepted one issued later refuses to install it \
         (older_than_installed)"
    } else {
        "services of this product refuse to install it (license_not_fresh)"
    };
    report.warn(format_args!(
        "the claims are issued at {issued_at}, {} ago: {what}; --fresh sets it to now",
        text::counted(age.as_secs() / 86_400, "day")
    ));
}

/// Says what the operator may have forgotten: a plan that the profile does
/// not list, a limit that nothing names, a feature that the plan withholds.
fn warn_of_silence(
    product: &Product,
    claims: &Map<String, Value>,
    license: &License,
    report: &mut Report,
) {
    warn_of_plan(product, license, report);
    for (name, limit) in license.limits() {
        let nothing = match limit {
            Limit::Max(max) => *max == 0,
            Limit::Names(names) => names.is_empty(),
            _ => false,
        };
        let pointer = product.dialect().limit_pointer(name);
        if nothing && Value::Object(claims.clone()).pointer(&pointer).is_none() {
            let flag = match limit {
                Limit::Names(_) => format!("--name {name}=NAME"),
                _ => format!("--limit {name}=N"),
            };
            report.warn(format_args!(
                "neither the license nor its plan names the limit {name:?}; it allows nothing; \
                 {flag} sets it"
            ));
        }
    }
    let listed = fact(product, claims, Claim::Features).unwrap_or_default();
    let listed = listed.as_array().into_iter().flatten().filter_map(Value::as_str);
    let listed: Vec<String> = listed.map(str::to_owned).collect();
    warn_of_withheld(&listed, license, report);
}

/// Says that nothing follows from a plan that the profile does not list.
pub(crate) fn warn_of_plan(product: &Product, license: &License, report: &mut Report) {
    if product.plans().is_empty() || product.plans().contains_key(license.plan()) {
        return;
    }
    let plans: Vec<&str> = product.plans().keys().map(String::as_str).collect();
    let meant = suggest::meant(license.plan(), &plans);
    let meant = meant.map(|it| format!("; did you mean {it:?}?")).unwrap_or_default();
    report.warn(format_args!(
        "the profile lists no plan {:?}, and nothing follows from it{meant}; its plans are: {}",
        license.plan(),
        plans.join(", ")
    ));
}

/// Says that the plan withholds features that the license lists.
pub(crate) fn warn_of_withheld(listed: &[String], license: &License, report: &mut Report) {
    for feature in listed.iter().filter(|feature| !license.grants(feature)) {
        report.warn(format_args!(
            "the plan {:?} withholds the feature {feature:?}; it is not granted",
            license.plan()
        ));
    }
}
