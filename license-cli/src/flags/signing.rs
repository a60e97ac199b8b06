//! The flags that every signing command has.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use clap::Args;
use license_core::{
    Fingerprint, Product, Timestamp,
    issue::Issuer,
    key::{KeySpec, SigningKey},
    license::ClockReset,
    product::{Claim, Presence},
};
use serde_json::{Map, Value};

use crate::{
    failure::{self, Failure},
    read,
    report::Report,
};

/// Who signs, and for which product.
#[derive(Args)]
pub(crate) struct SigningArgs {
    /// The private key. Unless an algorithm is named, it signs with the first
    /// one of the profile's that its type can serve.
    #[arg(long, value_name = "[KID=][ALG:]FILE.pem", allow_hyphen_values = true)]
    key: String,
    /// The product's profile.
    #[arg(long, value_name = "PROFILE.toml")]
    product: PathBuf,
    /// Accepts a private key that other users of this machine may read.
    #[arg(long)]
    dangerous_allow_readable_key: bool,
}

/// For which machine.
#[derive(Args)]
pub(crate) struct MachineArgs {
    /// Machine info from the customer, at most 7 days old; binds the license
    /// to that machine.
    #[arg(long, value_name = "MACHINE-INFO.json")]
    machine_info: Option<PathBuf>,
    /// Lets the license cure a clock that once ran ahead where the machine info
    /// comes from: once, and nowhere else. A plan that allows no machine is
    /// then not bound to it.
    #[arg(long, requires = "machine_info")]
    reset_clock: bool,
}

/// What machine info adds to a license.
#[derive(Debug, Default)]
pub(crate) struct Binding {
    pub(crate) machine: Option<Fingerprint>,
    pub(crate) clock_reset: Option<ClockReset>,
}

/// The longest private key file, in bytes.
const MAX_KEY: usize = 64 * 1024;

impl SigningArgs {
    /// Reads the profile and the key.
    pub(crate) fn issuer(&self) -> Result<Issuer, Failure> {
        let product = read::product(&self.product)?;
        let spec: KeySpec = self.key.parse().map_err(|error| failure::key(&self.key, &error))?;
        if spec.is_inline() {
            return Err(Failure::usage(
                "--key takes the name of a file; a key on a command line can be read by every \
                 user of this machine",
            ));
        }
        let path = Path::new(spec.source());
        let wrong = |error| failure::key(spec.source(), &error);
        let mut key = self.read(path, product.min_rsa_bits())?;
        if let Some(kid) = spec.kid() {
            key = key.with_kid(kid).map_err(wrong)?;
        }
        match spec.algorithm() {
            Some(algorithm) => {
                let key = key.with_algorithm(algorithm).map_err(wrong)?;
                Ok(Issuer::new(&product, key)?)
            }
            None => Ok(Issuer::with_first_algorithm(&product, key)?),
        }
    }

    /// Reads the key, then looks at who else may: a file that holds no
    /// private key is told so first.
    fn read(&self, path: &Path, min_rsa_bits: usize) -> Result<SigningKey, Failure> {
        let failed = |error| read::failed(path, &error);
        let file = File::open(path).map_err(failed)?;
        let pem = read::all(&file, MAX_KEY).map_err(failed)?;
        let pem =
            pem.ok_or_else(|| Failure::usage(format!("{} is too large", read::shown(path))))?;
        let key = SigningKey::pem_of_bits(&pem, min_rsa_bits)
            .map_err(|error| failure::key(&path.to_string_lossy(), &error))?;
        if !self.dangerous_allow_readable_key {
            refuse_readable(&file, path)?;
        }
        Ok(key)
    }
}

/// Refuses a private key that others may read.
#[cfg(unix)]
fn refuse_readable(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata().map_err(|error| read::failed(path, &error))?;
    if metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let path = read::shown(path);
    Err(Failure::usage(format!(
        "the private key {path} can be read by others (mode {:04o}); run `chmod 600 {path}`, or \
         give --dangerous-allow-readable-key",
        metadata.mode() & 0o7777
    )))
}

#[cfg(not(unix))]
fn refuse_readable(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

impl MachineArgs {
    /// Whether there is any.
    pub(crate) fn is_given(&self) -> bool {
        self.machine_info.is_some()
    }

    /// Reads and judges the machine info, for a license of this plan.
    pub(crate) fn binding(
        &self,
        product: &Product,
        plan: Option<&str>,
        now: Timestamp,
        report: &mut Report,
    ) -> Result<Binding, Failure> {
        let Some(path) = &self.machine_info else { return Ok(Binding::default()) };
        let info = read::machine_info(path)?;
        info.check(product.audience(), now)?;
        let rules = plan.and_then(|plan| product.plans().get(plan));
        let forbidden = rules.is_some_and(|plan| plan.machine_presence() == Presence::Forbidden);
        let machine = (!(self.reset_clock && forbidden)).then_some(info.fingerprint);
        let scheme = machine.as_ref().map(Fingerprint::scheme);
        if let Some(scheme) = scheme.filter(|it| !product.machine_ladder().contains(it)) {
            report.warn(format_args!(
                "that machine is known by `{scheme}`, which the profile's `machine` does not name: \
                 a service of this product accepts the license only if its code reads that id"
            ));
        }
        let clock_reset = match (self.reset_clock, info.clock_mark) {
            (false, _) => None,
            (true, Some(mark)) => Some(ClockReset::new(up_to_second(mark), info.nonce)),
            (true, None) => {
                return Err(Failure::usage(
                    "--reset-clock: this machine info has no clock mark; ask for one that the \
                     service wrote",
                ));
            }
        };
        if clock_reset.is_some() && !info.latched {
            report.warn(
                "that machine's clock is trusted; nothing needs to be reset, leave --reset-clock \
                 out",
            );
        }
        Ok(Binding { machine, clock_reset })
    }
}

/// The claim at its place in a payload.
pub(crate) fn fact(product: &Product, claims: &Map<String, Value>, claim: Claim) -> Option<Value> {
    Value::Object(claims.clone()).pointer(product.dialect().pointer(claim)).cloned()
}

fn up_to_second(at: Timestamp) -> Timestamp {
    let seconds = Timestamp::from_millis(at.as_millis().saturating_add(999)).as_seconds();
    Timestamp::from_seconds(seconds)
}
