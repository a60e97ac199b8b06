//! `license machine-info`.

use std::path::PathBuf;

use clap::Args;
use license_core::{InstallErrorKind, SystemClock};
use license_runtime::{MachineIdSource, machine_info};

use crate::{failure::Failure, read, text, write};

/// Writes machine info: what the vendor needs to bind a license to this
/// machine. The machine's own id is not part of it.
#[derive(Args)]
pub(crate) struct WriteMachineInfo {
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml")]
    product: PathBuf,
    /// Writes to this new file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl WriteMachineInfo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let product = read::product(&self.product)?;
        let audience = product.audience();
        let fingerprint = MachineIdSource::System.fingerprint(audience).map_err(|_| {
            Failure::usage(format!(
                "{}: this machine's identity cannot be read; make the machine id readable (Linux: \
                 /etc/machine-id, 32 lower-case hexadecimal digits)",
                InstallErrorKind::FingerprintUnavailable.code()
            ))
        })?;
        let info = machine_info(audience, fingerprint, &SystemClock::new())
            .map_err(|_| Failure::usage("the operating system gave no random numbers"))?;
        write::out(self.out.as_deref(), &text::json(&info))
    }
}
