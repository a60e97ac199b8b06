//! `license machine-info`.

use std::path::PathBuf;

use clap::Args;
use license_core::{InstallErrorKind, SystemClock};
use license_runtime::{
    MachineLadder, ReadMachineIdError, ReadMachineIdErrorKind as Kind, machine_info,
};
use serde_json::json;

use crate::{failure::Failure, read, report::Report, text, write::OutArgs};

/// Writes machine info: what the vendor needs to bind a license to this
/// machine. The machine's own id is not part of it.
///
/// The machine is the one that the service sees: where the profile's `machine`
/// names `custom`, set MACHINE_ID or MACHINE_ID_FILE as for the service.
#[derive(Args)]
pub(crate) struct WriteMachineInfo {
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml")]
    product: PathBuf,
    #[command(flatten)]
    out: OutArgs,
}

impl WriteMachineInfo {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        self.out.check()?;
        let product = read::product(&self.product)?;
        let audience = product.audience();
        let fingerprint = MachineLadder::of(&product).fingerprint(audience);
        let fingerprint = fingerprint.map_err(|error| unknown(&error))?;
        let info = machine_info(audience, fingerprint, &SystemClock::new()).map_err(|_| {
            Failure::usage("the operating system gave no random numbers; try again")
        })?;
        let text = text::json(&info);
        let Some(out) = self.out.file() else { return Ok(Report::of_json(text)) };
        self.out.write(&text)?;
        let mut report = Report::default().with(json!({
            "out": out.to_string_lossy(),
            "machine_info": info,
        }));
        report.note(format_args!(
            "{}: send it to your vendor within 7 days; it names no customer and no raw id",
            read::shown(out)
        ));
        Ok(report)
    }
}

/// Why this machine has no fingerprint here, and what to do.
fn unknown(error: &ReadMachineIdError) -> Failure {
    let message = match error.kind() {
        Kind::Misconfigured => error.to_string(),
        Kind::InStore => "this product knows its machines by an id that the service's store \
                          keeps: take machine info from the service, as an administrator on its \
                          license page or from its machine-info route (GET \
                          /api/license/machine-info)"
            .to_owned(),
        Kind::NotSet => format!("{error}; set one of them as for the service"),
        _ => "this machine's identity cannot be read; make the machine id readable (Linux: \
              /etc/machine-id, 32 lower-case hexadecimal digits)"
            .to_owned(),
    };
    Failure::unusable(InstallErrorKind::FingerprintUnavailable.as_str(), message)
}
