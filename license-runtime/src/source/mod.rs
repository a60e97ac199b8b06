//! Where a license comes from that nobody uploads: a file, the environment,
//! a flag.
//!
//! Sources are named when the manager is built, in order of precedence:
//!
//! ```
//! # use license_core::{Installer, Licensing, testing::Vendor};
//! use license_runtime::{LicenseManager, MemoryStore, Source};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! # let vendor = Vendor::new();
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("license.jwt");
//! # std::fs::write(&path, vendor.license().sign().as_str())?;
//! # let licensing = Licensing::new(vendor.verifier());
//! # let flag: Option<String> = None;
//! let sources = flag.map(|text| Source::literal("--license-key", text));
//! let manager = LicenseManager::builder(licensing)
//!     .store(MemoryStore::new())
//!     .sources(sources.into_iter().chain([
//!         Source::environment("LICENSE_KEY"),
//!         Source::file(&path),
//!     ]))
//!     .start()
//!     .await?;
//! assert!(manager.status().await.license.is_some());
//! # manager.shutdown().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(serve()).unwrap();
//! ```
//!
//! # What decides
//!
//! The first source that is present decides; the others count for nothing,
//! and a warning names them. A variable or literal is present when it is not
//! blank, a file when something stands at its path. The environment and
//! literals are read once, at the start. Files are read again whenever they
//! change.
//!
//! A verified token in the source that decides is in force, however old it
//! is, whatever was there before: one that waited, or one that was uploaded.
//! An upload is still verified, stored and written to the audit history, and
//! the source takes its place again at once; the status and the log warn when
//! the uploaded license was issued later. To change the license, change the
//! source.
//!
//! A file that is [replaced by uploads](Source::replaced_by_uploads) is changed
//! by an upload instead, and so stays what decides.
//!
//! A license that another instance installs into a shared store is adopted, and
//! the source speaks again when it changes: instances that see a new file at
//! different moments do not quarrel. At the start a source speaks unless its
//! license is older than what the instances have accepted; then that stays in
//! force, and the warning `source_older` names both.
//!
//! A license that begins later waits beside the one in force and takes over by
//! itself.
//!
//! # What is bad, and what is gone
//!
//! A source that vanishes or does not verify replaces nothing: what was in
//! force stays in force, and over restarts too, for it was stored. The failure
//! is logged once, stands among the status's warnings, and in the audit
//! history where a token was refused. A source that is bad still decides; one
//! that is gone leaves the decision to the next.
//!
//! The license is stored before it is put in force, as an uploaded one is.
//! While the store fails the old license stays in force, and storing the new
//! one is tried again about every second.
//!
//! # How files are watched
//!
//! The directory of a file is watched, and the file is read every second
//! besides: where the file system tells of no changes, where a symbolic link
//! on the path is turned, where the directory is made later. A new license is
//! in force within two seconds, usually at once, whether it was renamed over
//! the old one, written in place, or swapped as Kubernetes does by turning
//! `..data`. Half of a token does not verify and so replaces nothing; bad news
//! are believed when two looks, 200 ms apart, find the same.
//!
//! A single file that is mounted by itself (a Kubernetes `subPath`, a bind
//! mount of one file) does not follow what is renamed over it outside. On
//! Linux that is noticed and warned about: mount the directory instead.

mod file;
mod finding;
mod mount;
mod reader;
mod watch;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use license_core::text::shown_path;

pub(crate) use self::{
    file::Replacement,
    finding::{Belief, Found, News},
    reader::Reader,
};

/// A place where a license may be. `Debug` shows its name, no token.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    File { path: PathBuf, replaceable: bool },
    Environment(String),
    Literal { label: String, text: String },
}

/// What stands at a source.
#[derive(PartialEq, Eq)]
pub(crate) enum Reading {
    Absent,
    /// No longer than a token may be, and some white space.
    Text(Vec<u8>),
    TooLarge,
    /// Something is there that cannot be read: why.
    Unreadable(String),
}

impl Source {
    /// A file that holds a token, followed while the service runs. A relative
    /// path starts at the working directory.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File { path: path.into(), replaceable: false })
    }

    /// Has an upload replace the file, so that administrators can renew in a
    /// browser what is kept in a file: the file is written first, and the upload
    /// refused where it cannot be, as below a mount that is only read. Nothing
    /// changes for a variable or a literal.
    #[must_use]
    pub fn replaced_by_uploads(mut self) -> Self {
        if let Kind::File { replaceable, .. } = &mut self.0 {
            *replaceable = true;
        }
        self
    }

    /// An environment variable that holds a token, read once at the start.
    pub fn environment(name: impl Into<String>) -> Self {
        Self(Kind::Environment(name.into()))
    }

    /// A token that is at hand, a flag's value say. `label` names it in
    /// warnings and in the audit history.
    pub fn literal(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Kind::Literal { label: label.into(), text: text.into() })
    }

    /// The path, the variable or the label.
    pub fn name(&self) -> String {
        match &self.0 {
            // Somebody may have put the license itself there.
            Kind::File { path, .. } => shown_path(&path.to_string_lossy()),
            Kind::Environment(name) => name.clone(),
            Kind::Literal { label, .. } => label.clone(),
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.0, Kind::File { .. })
    }

    /// The file that uploads replace.
    pub(crate) fn replaceable(&self) -> Option<&Path> {
        match &self.0 {
            Kind::File { path, replaceable: true } => Some(path),
            _ => None,
        }
    }

    /// Who is named in the audit history.
    pub(crate) fn actor(&self) -> String {
        let kind = match &self.0 {
            Kind::File { .. } => "file",
            Kind::Environment(_) => "environment",
            Kind::Literal { .. } => "literal",
        };
        format!("{kind}:{}", self.name())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.actor()).finish()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::TooLarge => f.write_str("TooLarge"),
            Self::Unreadable(why) => f.debug_tuple("Unreadable").field(why).finish(),
        }
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Source>();
