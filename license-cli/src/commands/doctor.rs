//! `license doctor`.

use std::path::PathBuf;

use clap::Args;
use license_core::{
    Fingerprint, Product, Timestamp, VerifiedLicense, Verifier,
    host::Host,
    machine::{Machine, MachineInfo, MachineInfoError},
    refusal::Check,
    report::{Conditions, Diagnosis, Finding, Outcome},
    text::sentence,
    time::ClockMark,
};
use license_runtime::MachineLadder;
use serde_json::json;

use crate::{
    failure::{Failure, MACHINE_INFO},
    flags::decode,
    read,
    report::Report,
    time,
};

/// Says what is wrong with a license and the service that is to run by it, the
/// cause first and what to do next. Nothing of it is secret: it can be pasted
/// into a ticket. A running service knows more: `GET /api/license/doctor`, which
/// shows the paths of its license files as well.
///
/// Exit status: 0 all is well, 1 something should be looked at, 2 something
/// does not work, or the command was used wrongly.
#[derive(Args)]
pub(crate) struct Doctor {
    /// The license; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    license: PathBuf,
    /// A public key that the service trusts. Repeatable.
    #[arg(long, required = true, value_name = "[KID=][ALG:]FILE.pem", allow_hyphen_values = true)]
    public_key: Vec<String>,
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml")]
    product: PathBuf,
    /// What the service's clock shows, instead of this one: a date, or an
    /// RFC 3339 time.
    #[arg(long, value_name = "TIME", value_parser = time::moment)]
    at: Option<Timestamp>,
    /// The host by which the service is used: a name or an address, with or
    /// without a port.
    #[arg(long, value_parser = host)]
    host: Option<String>,
    /// The fingerprint of the machine that the service runs on.
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["machine_info", "this_machine"])]
    machine: Option<Fingerprint>,
    /// The machine info of the service: its machine, and the latest time that it
    /// has seen.
    #[arg(long, value_name = "FILE", conflicts_with = "this_machine")]
    machine_info: Option<PathBuf>,
    /// The service runs on this machine.
    #[arg(long)]
    this_machine: bool,
    /// The license that is in force there.
    #[arg(long, value_name = "FILE")]
    installed: Option<PathBuf>,
}

/// The code of a finding that only this program has.
const OTHER_PRODUCT: &str = "machine_info_of_other_product";

impl Doctor {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let product = read::product(&self.product)?;
        let verifier = decode::verifier(&product, &self.public_key)?;
        let now = self.at.unwrap_or_else(time::now);
        let info = self.machine_info.as_deref().map(read::machine_info).transpose()?;
        let installed = self.installed(&verifier)?;
        let token = read::offered(&self.license)?;
        let mut conditions = Conditions::at(now);
        if let Some(installed) = &installed {
            conditions = conditions.installed(installed);
        }
        conditions = self.on_its_machine(conditions, &product, info.as_ref());
        if let Some(host) = &self.host {
            conditions = conditions.host(host);
        }
        let mut diagnosis = Diagnosis::of(&verifier, &token, &conditions);
        diagnosis.extend(info.as_ref().and_then(|info| judged(info, product.audience(), now)));
        Ok(self.report(&diagnosis))
    }

    fn installed(&self, verifier: &Verifier) -> Result<Option<VerifiedLicense>, Failure> {
        let Some(path) = &self.installed else { return Ok(None) };
        let verified = verifier.verify(&read::license(path)?).map_err(|error| {
            Failure::usage(format!(
                "{}: {}; --installed is a license that is in force",
                read::shown(path),
                error.reason()
            ))
        })?;
        Ok(Some(verified))
    }

    /// What is known of the machine.
    fn on_its_machine<'a>(
        &self,
        conditions: Conditions<'a>,
        product: &Product,
        info: Option<&MachineInfo>,
    ) -> Conditions<'a> {
        if let Some(machine) = &self.machine {
            return conditions.machine(Machine::from(machine.clone()));
        }
        if let Some(info) = info {
            let mark = ClockMark::new(info.clock_mark, info.latched);
            let conditions = conditions.mark(mark);
            // Another product's fingerprint says nothing here.
            return match info.product == product.audience() {
                true => conditions.machine(Machine::from(info.fingerprint.clone())),
                false => conditions,
            };
        }
        if !self.this_machine {
            return conditions;
        }
        let surroundings = MachineLadder::of(product).surroundings();
        conditions.machine(surroundings.machine(product.audience())).surroundings(surroundings)
    }

    fn report(&self, diagnosis: &Diagnosis) -> Report {
        let mut lines: Vec<String> = diagnosis.findings.iter().map(lines).collect();
        let ways = [
            (Check::Domain, self.host.is_none(), "give --host"),
            (
                Check::Machine,
                self.machine.is_none() && self.machine_info.is_none() && !self.this_machine,
                "give --machine-info, --machine or --this-machine",
            ),
            (Check::Order, self.installed.is_none(), "give --installed"),
        ];
        let verified = diagnosis
            .findings
            .iter()
            .any(|it| it.check == Check::Plan && it.outcome == Outcome::Ok);
        let not_checked = diagnosis.not_checked.iter().map(|check| {
            let way = ways.iter().find(|(it, missing, _)| it == check && *missing && verified);
            way.map_or(check.to_string(), |(_, _, way)| format!("{check} ({way})"))
        });
        let not_checked: Vec<String> = not_checked.collect();
        if !not_checked.is_empty() {
            lines.push(format!("not checked: {}", not_checked.join(", ")));
        }
        let status = match diagnosis.outcome {
            Outcome::Ok => 0,
            Outcome::Warning => 1,
            Outcome::Failed => 2,
        };
        Report::of(lines.join("\n")).with(json!(diagnosis)).ending(status)
    }
}

/// A host, and no URL.
fn host(text: &str) -> Result<String, String> {
    let no_host = |_| "not a host name or address, such as license.example".to_owned();
    Host::parse(text.as_bytes()).map(|_| text.to_owned()).map_err(no_host)
}

/// What is wrong with the machine info itself.
fn judged(info: &MachineInfo, audience: &str, now: Timestamp) -> Option<Finding> {
    let error = info.check(audience, now).err()?;
    let text = error.to_string();
    let (what, cure) = text.split_once("; ").unwrap_or((&text, "ask for a fresh one"));
    let finding = match error {
        MachineInfoError::Product => Finding::failed(Check::Machine, OTHER_PRODUCT, sentence(what)),
        // It is good enough to compare with.
        _ => Finding::warning(Check::Machine, MACHINE_INFO, sentence(what)),
    };
    Some(finding.cure(sentence(cure)))
}

/// One finding, for people.
fn lines(finding: &Finding) -> String {
    let Finding { check, outcome, code, text, cure, .. } = finding;
    match outcome {
        Outcome::Ok => format!("{:<8} {check:<15} {text}", outcome.as_str()),
        _ => {
            let cure = cure.as_deref().map(|it| format!("\n{:<24} {it}", "")).unwrap_or_default();
            format!("{:<8} {check:<15} {code}: {text}{cure}", outcome.as_str())
        }
    }
}
