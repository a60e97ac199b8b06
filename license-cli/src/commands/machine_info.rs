//! `license machine-info`.

use std::path::PathBuf;

use clap::Args;
use license_core::{InstallErrorKind, SystemClock};
use license_runtime::{MachineIdSource, machine_info};
use serde_json::json;

use crate::{failure::Failure, read, report::Report, text, write::OutArgs};

/// Writes machine info: what the vendor needs to bind a license to this
/// machine. The machine's own id is not part of it.
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
        let fingerprint = MachineIdSource::System.fingerprint(audience).map_err(|_| {
            Failure::unusable(
                InstallErrorKind::FingerprintUnavailable.as_str(),
                "this machine's identity cannot be read; make the machine id readable (Linux: \
                 /etc/machine-id, 32 lower-case hexadecimal digits)",
            )
        })?;
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
