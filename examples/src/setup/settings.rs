//! Flags and environment variables that every example takes.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
    path::PathBuf,
};

use clap::Args;
use license_runtime::{StoreError, StoreErrorKind};

use super::database::is_away;
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

/// Why the service does not start. The text says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    message: String,
    /// Whether starting the service again may help: what it needs is away, full or
    /// in use, and its configuration is not wrong.
    may_pass: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    /// A wrong configuration, with a text that says what to change.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), may_pass: false, source: None }
    }

    /// Keeps the error behind it, which decides whether it may pass.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        self.may_pass = may_pass(&*source) == Some(true);
        self.source = Some(source);
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

    /// Tells the story, and ends the process: with status 2 for a wrong
    /// configuration, so that nobody tries it again, and with 1 for what may pass.
    pub(crate) fn end(&self) -> ! {
        tell(self.story());
        std::process::exit(if self.may_pass { 1 } else { 2 })
    }
}

/// Whether trying again may help, by the innermost cause that tells.
fn may_pass(error: &(dyn Error + 'static)) -> Option<bool> {
    let cause = || error.source().and_then(may_pass);
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(!is_wrong(error.kind()));
    }
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return match error {
            // A server makes its socket when it starts.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::NotFound => Some(true),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => cause().or(Some(true)),
            error => Some(is_away(error)),
        };
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return match error.kind() {
            StoreErrorKind::Corrupt | StoreErrorKind::Incompatible => Some(false),
            _ => cause().or(Some(true)),
        };
    }
    cause()
}

/// Whether it is the name that is wrong, of a file or an address, or the rights.
fn is_wrong(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::AlreadyExists
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidData
            | ErrorKind::InvalidFilename
            | ErrorKind::Unsupported
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(source: impl Into<Box<dyn Error + Send + Sync>>) -> bool {
        StartError::new("").with_source(source).may_pass
    }

    #[test]
    fn what_is_away_full_or_in_use_may_pass() {
        for kind_of in [
            ErrorKind::ConnectionRefused,
            ErrorKind::AddrInUse,
            ErrorKind::AddrNotAvailable,
            ErrorKind::StorageFull,
            ErrorKind::TimedOut,
        ] {
            assert!(passes(io::Error::from(kind_of)), "{kind_of}");
            let database = sqlx::Error::from(io::Error::from(kind_of));
            let store = StoreError::new(StoreErrorKind::Unavailable).with_source(database);
            assert!(passes(store), "{kind_of}");
        }
        assert!(passes(sqlx::Error::PoolTimedOut));
        let socket = sqlx::Error::from(io::Error::from(ErrorKind::NotFound));
        assert!(passes(socket));
        for store in [StoreErrorKind::InUse, StoreErrorKind::Replaced, StoreErrorKind::Unavailable]
        {
            assert!(passes(StoreError::new(store)), "{store:?}");
        }
    }

    #[test]
    fn what_has_to_be_corrected_does_not_pass() {
        assert!(!StartError::new("").may_pass);
        assert!(!passes("some other error"));
        for kind_of in [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::InvalidInput] {
            assert!(!passes(io::Error::from(kind_of)), "{kind_of}");
        }
        let denied = sqlx::Error::from(io::Error::from(ErrorKind::PermissionDenied));
        let store = StoreError::new(StoreErrorKind::Unavailable).with_source(denied);
        assert!(!passes(store));
        for store in [StoreErrorKind::Corrupt, StoreErrorKind::Incompatible] {
            assert!(!passes(StoreError::new(store)), "{store:?}");
        }
    }
}
