//! Reading a file that anybody may have put there, and replacing it.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use license_core::Token;
use tempfile::NamedTempFile;

use super::Reading;
use crate::regular_file;

/// The longest text that is read.
const MAX_BYTES: u64 = Token::MAX_RECEIVED_BYTES as u64;

/// A file that is written beside another one, to take its place.
pub(crate) struct Replacement {
    written: NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    /// Writes the new contents beside the file, with its permissions; nothing is
    /// replaced yet. A link is followed, and stays.
    pub(crate) fn write(path: &Path, contents: &[u8]) -> io::Result<Self> {
        let path = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found?,
        };
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        let mut written = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        if let Ok(metadata) = fs::metadata(&path) {
            written.as_file().set_permissions(metadata.permissions())?;
        }
        written.write_all(contents)?;
        written.as_file().sync_all()?;
        Ok(Self { written, path })
    }

    /// Puts it in the other's place, at once.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.written.persist(self.path)?;
        Ok(())
    }
}

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
    let file = regular_file::open(path)?;
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(if text.len() as u64 > MAX_BYTES { Reading::TooLarge } else { Reading::Text(text) })
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
    fn a_replacement_changes_nothing_before_it_takes_the_place() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("license.jwt");
        fs::write(&path, "old").unwrap();
        drop(Replacement::write(&path, b"new").unwrap());
        assert_eq!(read(&path), Reading::Text(b"old".to_vec()));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        Replacement::write(&path, b"new").unwrap().replace().unwrap();
        assert_eq!(read(&path), Reading::Text(b"new".to_vec()));
        assert!(Replacement::write(&directory.path().join("none/a"), b"new").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_replacement_keeps_permissions_and_links() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let directory = tempdir().unwrap();
        let (path, link) = (directory.path().join("a"), directory.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a", &link).unwrap();
        Replacement::write(&link, b"new").unwrap().replace().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn a_directory_and_a_device_are_not_read() {
        let directory = tempdir().unwrap();
        for path in [directory.path(), Path::new("/dev/zero")] {
            assert_eq!(read(path), Reading::Unreadable("not a regular file".to_owned()));
        }
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
