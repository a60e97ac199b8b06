//! Writing what a command makes. Nothing that exists is overwritten.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{failure::Failure, read::shown};

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever the umask lets.
    Everybody,
    /// The owner alone (mode 0600 where there are modes).
    Owner,
}

/// Where to write: to a new file, or to standard output without one or for `-`.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutArgs {
    /// Writes to this new file; `-` is standard output [default: -].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OutArgs {
    /// The file, unless it is standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|out| *out != Path::new("-"))
    }

    /// Refuses a place where something stands, before any work is done.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.file().map_or(Ok(()), vacant)
    }

    /// Writes the file, if there is one.
    pub(crate) fn write(&self, content: &str) -> Result<(), Failure> {
        self.file().map_or(Ok(()), |out| new_file(out, content, Access::Everybody))
    }
}

/// Writes to standard output. A reader that has gone away has seen enough.
pub(crate) fn line(content: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", content.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::usage(format!(
            "cannot write to standard output: {error}; make room, or write elsewhere with --out"
        ))),
        _ => Ok(()),
    }
}

/// Writes a line to standard error. When nobody reads there any more, the exit
/// status still says what came of it.
pub(crate) fn note(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes a file that must not exist yet; one that could not be completed is
/// removed.
pub(crate) fn new_file(path: &Path, content: &str, access: Access) -> Result<(), Failure> {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::usage(format!(
            "cannot write {}: {error}; make the directory, or choose another place",
            shown(path)
        )),
    };
    let mut file = create(path, access).map_err(|error| failed(&error))?;
    let written = writeln!(file, "{}", content.trim_end()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        failed(&error)
    })
}

/// Refuses a place where something stands.
pub(crate) fn vacant(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!(
        "{} exists and is not overwritten; choose another name, or remove it first",
        shown(path)
    ))
}

fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Owner {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    options.open(path)
}
