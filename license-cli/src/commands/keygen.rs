//! `license keygen`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use license_core::key::{Algorithm, SigningKey};
use serde_json::json;

use crate::{
    failure::Failure,
    read::shown,
    report::Report,
    write::{self, Access},
};

/// Makes a key pair: private.pem, which only its owner may read, and
/// public.pem for the services. Prints the key id.
#[derive(Args)]
pub(crate) struct Keygen {
    /// The signature algorithm: es256, rs256, rs384, rs512, ps256, ps384,
    /// ps512 or eddsa.
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    alg: Algorithm,
    /// Bits of an RSA key, at least 3072 [default: 4096].
    #[arg(long)]
    bits: Option<usize>,
    /// The directory for both files; made if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    let named = |algorithm: &Algorithm| algorithm.as_str().eq_ignore_ascii_case(name);
    Algorithm::ALL
        .into_iter()
        .find(named)
        .ok_or_else(|| "use es256, rs256, rs384, rs512, ps256, ps384, ps512 or eddsa".to_owned())
}

impl Keygen {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        if self.out == Path::new("-") {
            return Err(Failure::usage(
                "--out takes a directory; a private key is never written to standard output",
            ));
        }
        let (private, public) = (self.out.join("private.pem"), self.out.join("public.pem"));
        write::vacant(&private)?;
        write::vacant(&public)?;
        let failed = |error| Failure::usage(format!("--alg, --bits: {error}"));
        let key = SigningKey::generate(self.alg, self.bits).map_err(failed)?;
        let (private_pem, public_pem) =
            (key.to_pkcs8_pem().map_err(failed)?, key.public_pem().map_err(failed)?);
        fs::create_dir_all(&self.out).map_err(|error| {
            Failure::usage(format!("cannot make the directory {}: {error}", shown(&self.out)))
        })?;
        write::new_file(&private, &private_pem, Access::Owner)?;
        if let Err(failure) = write::new_file(&public, &public_pem, Access::Everybody) {
            let _ = fs::remove_file(&private);
            return Err(failure);
        }
        let kid = key.public_key().kid();
        let mut report = Report::of(kid).with(json!({
            "kid": kid,
            "alg": self.alg.as_str(),
            "private_key": private.to_string_lossy(),
            "public_key": public.to_string_lossy(),
        }));
        self.explain(&private, &public, &mut report);
        Ok(report)
    }

    /// Says which file is which, and how to name the algorithm where the
    /// files alone do not tell it.
    fn explain(&self, private: &Path, public: &Path, report: &mut Report) {
        report.note(format_args!(
            "private key: {} (sign with it, never give it to a service)",
            shown(private)
        ));
        report.note(format_args!("public key:  {} (for the service)", shown(public)));
        if !matches!(self.alg, Algorithm::Es256 | Algorithm::Rs256 | Algorithm::EdDsa) {
            report.note(format_args!(
                "The files do not hold the algorithm. Name it: --key {0}:{1} and --public-key \
                 {0}:{2}",
                self.alg,
                shown(private),
                shown(public)
            ));
        }
    }
}
