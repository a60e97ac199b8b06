//! `license machine-info`.

use std::path::PathBuf;

use clap::Args;
use license_core::{ClockMark, InstallErrorKind, MachineInfo};
use rand::{RngCore, rngs::OsRng};

use crate::{failure::Failure, machine, read, text, time, write};

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
        let id = machine::id().ok_or_else(|| {
            Failure::usage(format!(
                "{}: this machine's identity cannot be read; make the machine id readable (Linux: \
                 /etc/machine-id, 32 lower-case hexadecimal digits)",
                InstallErrorKind::FingerprintUnavailable.code()
            ))
        })?;
        let mut nonce = [0; 16];
        OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_| Failure::usage("the operating system gave no random numbers"))?;
        let info = MachineInfo::new(
            product.audience(),
            id.fingerprint(product.audience()),
            hex::encode(nonce),
            time::now(),
            // Only a service keeps a clock mark.
            ClockMark::default(),
        );
        write::out(self.out.as_deref(), &text::json(&info))
    }
}
