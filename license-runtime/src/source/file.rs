//! Reading a file that anybody may have put there: bounded, regular files
//! only, never waiting for a writer.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use license_core::Token;

use super::Reading;

/// The longest text that is read.
const MAX_BYTES: u64 = Token::MAX_RECEIVED_BYTES as u64;

/// What stands at a path.
pub(super) fn read(path: &Path) -> Reading {
    match contents(path) {
        Ok(reading) => reading,
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Reading::Absent,
            _ => Reading::Unreadable(error.to_string()),
        },
    }
}

fn contents(path: &Path) -> io::Result<Reading> {
    // Asked first, for opening a device can have effects of its own; asked
    // again, for another file may stand there by now.
    if !fs::metadata(path)?.is_file() {
        return Ok(not_a_file());
    }
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(not_a_file());
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(if text.len() as u64 > MAX_BYTES { Reading::TooLarge } else { Reading::Text(text) })
}

fn not_a_file() -> Reading {
    Reading::Unreadable("not a regular file".to_owned())
}

/// Opens without waiting for anybody, should it be a pipe after all.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_file_is_read_as_it_is() {
        let path = tempdir().unwrap().keep().join("license.jwt");
        assert_eq!(read(&path), Reading::Absent);
        fs::write(&path, " a token\n").unwrap();
        assert_eq!(read(&path), Reading::Text(b" a token\n".to_vec()));
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_path_below_a_file_and_a_dangling_link_are_absent() {
        let directory = tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(read(&file.join("license.jwt")), Reading::Absent);
        #[cfg(unix)]
        {
            let link = directory.path().join("link");
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            assert_eq!(read(&link), Reading::Absent);
        }
    }

    #[test]
    fn no_more_is_read_than_can_be_a_token() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("license.jwt");
        fs::write(&path, vec![b'a'; Token::MAX_RECEIVED_BYTES]).unwrap();
        assert!(matches!(read(&path), Reading::Text(_)));
        fs::write(&path, vec![b'a'; Token::MAX_RECEIVED_BYTES + 1]).unwrap();
        assert_eq!(read(&path), Reading::TooLarge);
    }

    #[test]
    fn a_directory_is_not_read() {
        assert_eq!(read(tempdir().unwrap().path()), not_a_file());
    }

    #[cfg(unix)]
    #[test]
    fn neither_a_pipe_nor_a_device_is_waited_for() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(read(&path), not_a_file());
        // Even when it takes the place of a file between looking and opening.
        assert!(open(&path).is_ok());
        assert_eq!(read(Path::new("/dev/zero")), not_a_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_there_and_cannot_be_read_is_not_absent() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("turns");
        std::os::unix::fs::symlink("turns", &path).unwrap();
        assert!(matches!(read(&path), Reading::Unreadable(_)));
    }
}
