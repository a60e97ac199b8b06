//! Demo mode: a vendor's key pair below the data directory.

use std::{
    error::Error,
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use license_core::{Product, key::SigningKey};

use crate::{ADMINISTRATOR, StartError, tell};

/// A vendor's key pair that stands below the data directory. Never for
/// production: who runs the service can sign licenses.
#[derive(Debug)]
pub struct Demo {
    data_dir: PathBuf,
    private_key: PathBuf,
    public_key: PathBuf,
}

impl Demo {
    /// The key pair below `data_dir`, made on first use: one of the first
    /// algorithm that the product accepts.
    ///
    /// # Errors
    ///
    /// A directory that cannot be written.
    pub fn open(data_dir: &Path, product: &Product) -> Result<Self, StartError> {
        // Absolute, so that the printed commands work from anywhere.
        let data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        let directory = data_dir.join("demo-vendor");
        let demo = Self {
            data_dir,
            private_key: directory.join("private.pem"),
            public_key: directory.join("public.pem"),
        };
        if !demo.private_key.exists() || !demo.public_key.exists() {
            demo.make(&directory, product).map_err(|error| {
                let message = format!(
                    "cannot make demo keys in {}; choose another --data-dir or give --public-key",
                    directory.display()
                );
                StartError::new(message).with_source(error)
            })?;
        }
        Ok(demo)
    }

    fn make(
        &self,
        directory: &Path,
        product: &Product,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        // What `curl -c` writes there lets its reader in, too.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let algorithm = *product.algorithms().first().ok_or("the profile names no algorithm")?;
        let bits = algorithm.is_rsa().then(|| product.min_rsa_bits());
        if let Some(bits) = bits {
            tell(format_args!("Making an RSA key of {bits} bits; this takes a few seconds, once."));
        }
        let key = SigningKey::generate(algorithm, bits)?;
        write(&self.private_key, 0o600, key.to_pkcs8_pem()?.as_bytes())?;
        write(&self.public_key, 0o644, key.public_pem()?.as_bytes())?;
        Ok(())
    }

    /// Keeps what signs the administrator in, for a command that reads it
    /// from a file. Returns the file, if there is one.
    ///
    /// # Errors
    ///
    /// A directory that cannot be written.
    pub fn sign_in_file(&self, password: Option<&str>) -> Result<Option<PathBuf>, StartError> {
        let file = self.private_key.with_file_name("sign-in.json");
        if let Some(password) = password {
            let body = serde_json::json!({ "email": ADMINISTRATOR, "password": password });
            write_private(&file, body.to_string().as_bytes())?;
        }
        Ok(file.exists().then_some(file))
    }

    /// A file below the data directory from which a license is taken. Its
    /// directory holds nothing else, and is made if it is not there.
    ///
    /// # Errors
    ///
    /// A directory that cannot be written.
    pub fn license_file(&self, name: &str) -> Result<PathBuf, StartError> {
        let directory = self.data_dir.join("license");
        fs::create_dir_all(&directory).map_err(not_written)?;
        Ok(directory.join(name))
    }

    /// The first words of what a demo prints.
    pub fn warning(&self) -> String {
        format!(
            "
DEMO MODE. No --public-key was given, so this service trusts a vendor key that
it made itself: whoever can read {}
can sign licenses for it. Never run it like this in front of customers.

To see it licensed, paste these in another terminal, at the root of the
repository.",
            self.private_key.display()
        )
    }

    /// What starts the operator's program from the root of the repository. It
    /// shares all that was compiled for this service: the same profile, and the
    /// same features.
    pub fn license_program(&self) -> String {
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        let features = match cfg!(all(feature = "mail", feature = "postgres")) {
            true => "",
            false => " --no-default-features",
        };
        format!("cargo run -q{profile}{features} --bin license --")
    }

    /// The public key, as `--public-key` takes it.
    pub fn public_key(&self) -> String {
        self.public_key.display().to_string()
    }

    /// The private key's path.
    pub fn private_key(&self) -> &Path {
        &self.private_key
    }
}

/// Writes a file anew that only this user can read.
///
/// # Errors
///
/// A directory that cannot be written.
pub fn write_private(path: &Path, text: &[u8]) -> Result<(), StartError> {
    write(path, 0o600, text).map_err(not_written)
}

fn not_written(error: std::io::Error) -> StartError {
    StartError::new("cannot write to the data directory; choose another --data-dir")
        .with_source(error)
}

/// Writes a file anew, with this mode from the first moment.
fn write(path: &Path, mode: u32, text: &[u8]) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(text)
}
