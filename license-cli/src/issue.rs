//! `license issue`.

use std::path::{Path, PathBuf};

use clap::Args;
use license_core::{
    Claim, Limit, Product, Timestamp, Verified,
    issue::{self, Issuer},
};
use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    read,
    signing::{Binding, MachineArgs, SigningArgs, fact},
    spec::{self, FactArgs},
    time, write,
};

/// Signs a license: from flags, from a specification, or from claims that
/// stand ready. Without --out the token goes to standard output.
#[derive(Args)]
#[command(after_help = SPEC_HELP)]
pub(crate) struct Issue {
    #[command(flatten)]
    signing: SigningArgs,
    /// Signs the claims in this file as they are, checked against the
    /// profile.
    #[arg(long, value_name = "CLAIMS.json", conflicts_with_all = ["spec", "FactArgs", "term"])]
    claims: Option<PathBuf>,
    /// Reads what the license says from this file.
    #[arg(long, value_name = "LICENSE.toml", conflicts_with_all = ["FactArgs", "term"])]
    spec: Option<PathBuf>,
    #[command(flatten)]
    facts: FactArgs,
    #[command(flatten)]
    machine: MachineArgs,
    /// Writes the token to this new file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
    pub(crate) fn run(self) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            write::vacant(out)?;
        }
        let issuer = self.signing.issuer()?;
        let now = time::now();
        let issued = match (&self.claims, &self.spec) {
            (Some(path), _) => from_claims(path, &issuer, &self.machine, now)?,
            (None, spec) => {
                let mut spec = match spec {
                    Some(path) => spec::from_file(path, now)?,
                    None => self.facts.spec(now)?,
                };
                let Binding { machine, clock_reset } =
                    self.machine.binding(issuer.product(), spec.plan.as_deref(), now)?;
                if machine.is_some() && spec.machine.is_some() && machine != spec.machine {
                    return Err(other_machine());
                }
                spec.machine = machine.or(spec.machine);
                spec.clock_reset = clock_reset;
                let claims = spec.claims(issuer.product())?;
                let issued = issuer.sign(&claims)?;
                warn_of_silence(issuer.product(), &claims, &issued);
                issued
            }
        };
        if issued.license().term().has_ended(now) {
            write::note("warning: the term of this license is over");
        }
        finish(self.out.as_deref(), &issued)
    }
}

/// Writes the token, and says what it is where that is not the output.
pub(crate) fn finish(out: Option<&Path>, issued: &Verified) -> Result<(), Failure> {
    write::out(out, issued.token().as_str())?;
    if let Some(out) = out {
        let license = issued.license();
        write::note(format_args!(
            "{}: license {}, last day {}",
            read::shown(out),
            crate::text::shown(license.id()),
            license.term().expires_at.last_day()
        ));
    }
    Ok(())
}

fn from_claims(
    path: &Path,
    issuer: &Issuer,
    machine: &MachineArgs,
    now: Timestamp,
) -> Result<Verified, Failure> {
    let product = issuer.product();
    let mut claims = read::claims(path)?;
    let text = |claim| fact(product, &claims, claim);
    let plan = text(Claim::Plan);
    let binding = machine.binding(product, plan.as_ref().and_then(Value::as_str), now)?;
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
    Failure::usage("the license names one machine and --machine-info is of another")
}

/// Says what the operator may have forgotten: a plan that the profile does
/// not list, a limit that nothing names, a feature that the plan withholds.
fn warn_of_silence(product: &Product, claims: &Map<String, Value>, issued: &Verified) {
    let license = issued.license();
    if !product.plans().is_empty() && !product.plans().contains_key(license.plan()) {
        write::note(format_args!(
            "warning: the profile lists no plan {:?}; nothing follows from it",
            license.plan()
        ));
    }
    for (name, limit) in license.limits() {
        let nothing = match limit {
            Limit::Max(max) => *max == 0,
            Limit::Names(names) => names.is_empty(),
            _ => false,
        };
        let pointer = product.dialect().limit_pointer(name);
        if nothing && Value::Object(claims.clone()).pointer(&pointer).is_none() {
            write::note(format_args!(
                "warning: neither the license nor its plan names the limit {name:?}; it allows nothing"
            ));
        }
    }
    let listed = fact(product, claims, Claim::Features).unwrap_or_default();
    for feature in listed.as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !license.grants(feature) {
            write::note(format_args!(
                "warning: the plan withholds the feature {feature:?}; it is not granted"
            ));
        }
    }
}
