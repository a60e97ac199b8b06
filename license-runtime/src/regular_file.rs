//! Opening a file that anybody may have put there: regular files only, never
//! waiting for a writer.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Why a directory, a pipe or a device is not read.
pub(crate) const NOT_A_FILE: &str = "not a regular file";

/// Opens a regular file for reading.
///
/// # Errors
///
/// A path at which something else stands, or nothing; a file that cannot be
/// opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Asked first, for opening a device can have effects of its own; asked
    // again, for another file may stand there by now.
    if !fs::metadata(path)?.is_file() {
        return Err(not_a_file());
    }
    let file = open_at_once(path)?;
    if !file.metadata()?.is_file() {
        return Err(not_a_file());
    }
    Ok(file)
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, NOT_A_FILE)
}

/// Opens without waiting for anybody, should it be a pipe after all.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_not_opened() {
        let error = open(tempfile::tempdir().unwrap().path()).unwrap_err();
        assert_eq!(error.to_string(), "not a regular file");
        // Trying again does not help.
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn neither_a_pipe_nor_a_device_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(open(&path).is_err());
        // Even when it takes the place of a file between looking and opening.
        assert!(open_at_once(&path).is_ok());
        assert!(open(Path::new("/dev/zero")).is_err());
    }
}
