//! Flags and environment variables that every example takes.

use std::{error::Error, fmt, path::PathBuf};

use clap::Args;
use license_runtime::StoreError;

use crate::{Connections, tell};

/// Flags of every example. Each can also come from the environment.
#[derive(Clone, Args)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: String,

    /// How many connections it takes
    #[command(flatten)]
    pub connections: Connections,

    /// Where to keep what must survive a restart [default: data/NAME]
    #[arg(long, env = "DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Keep it in a database that several instances share instead:
    /// postgres://USER@HOST/DATABASE
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// A public key to trust; may be repeated, or several separated by commas.
    /// The environment variable may hold PEM texts themselves. Without a key
    /// the service runs in demo mode
    // A PEM text begins with hyphens; refused as a flag, it would be printed.
    #[arg(
        long,
        env = "LICENSE_PUBLIC_KEY",
        value_name = "[KID=][ALG:]FILE.pem",
        value_delimiter = ',',
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub public_key: Vec<String>,

    /// The administrator's password; without it one is made and printed once
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,
}

/// A configuration with which the service does not start. The text says what
/// to change.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    /// An error with a text that says what to change.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Keeps the error behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The whole story, one cause a line.
    pub fn story(&self) -> String {
        let mut story = format!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            story.push_str(&format!("\n  because: {error}"));
            cause = error.source();
        }
        story
    }

    /// Tells the story, and ends the process with status 2.
    pub(crate) fn end(&self) -> ! {
        tell(self.story());
        std::process::exit(2)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::new("the license store is not usable; check --data-dir or --database-url")
            .with_source(error)
    }
}

impl From<sqlx::Error> for StartError {
    fn from(error: sqlx::Error) -> Self {
        Self::new("the database is not usable; check --data-dir or --database-url")
            .with_source(error)
    }
}

impl Settings {
    /// The data directory, made if it is not there.
    ///
    /// # Errors
    ///
    /// A directory that cannot be made.
    pub fn data_dir(&self, name: &str) -> Result<PathBuf, StartError> {
        let directory = self.data_dir.clone().unwrap_or_else(|| PathBuf::from("data").join(name));
        std::fs::create_dir_all(&directory).map_err(|error| {
            let shown = directory.display();
            let message =
                format!("cannot make the data directory {shown}; choose another with --data-dir");
            StartError::new(message).with_source(error)
        })?;
        Ok(directory)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("public_keys", &self.public_key.len())
            .finish_non_exhaustive()
    }
}
