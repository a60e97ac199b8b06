//! One place where a machine's id is read.
//!
//! ```
//! use license_core::{MachineId, machine::MachineScheme};
//! use license_runtime::MachineIdSource;
//!
//! let source = MachineIdSource::Custom(MachineId::custom("cluster-a/node-17")?);
//! let fingerprint = source.fingerprint("polygent")?;
//! assert_eq!(fingerprint.scheme(), MachineScheme::Custom);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use license_core::{Fingerprint, MachineId};

use super::{error::ReadMachineIdError, text_of};

/// One place where this machine's id is read. A product's profile names several in
/// order: [`MachineLadder`](super::MachineLadder).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum MachineIdSource {
    /// The operating system: on Linux `/etc/machine-id`, then
    /// `/var/lib/dbus/machine-id`; on macOS and Windows the platform's UUID.
    #[default]
    System,
    /// An id that the operator supplies, for containers without one of their
    /// own. It never satisfies a license for a system's id.
    Custom(MachineId),
    /// The first of these files that holds an id as Linux keeps it.
    Files(Vec<PathBuf>),
}

#[cfg(target_os = "linux")]
const FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

impl MachineIdSource {
    /// Files in the place of the system's, in order.
    pub fn files<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::Files(paths.into_iter().map(Into::into).collect())
    }

    /// Reads the id. Touches the disk: a few microseconds.
    ///
    /// # Errors
    ///
    /// When nothing there is an id; an empty file, `uninitialized` and all
    /// zeros are none.
    pub fn read(&self) -> Result<MachineId, ReadMachineIdError> {
        match self {
            Self::System => system(),
            Self::Custom(id) => Ok(id.clone()),
            Self::Files(paths) => first_of(paths),
        }
    }

    /// Reads the id and makes this machine's fingerprint for a product, named
    /// by its audience.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn fingerprint(&self, audience: &str) -> Result<Fingerprint, ReadMachineIdError> {
        Ok(self.read()?.fingerprint(audience))
    }
}

#[cfg(target_os = "linux")]
fn system() -> Result<MachineId, ReadMachineIdError> {
    first_of(&FILES)
}

#[cfg(any(target_os = "macos", windows))]
fn system() -> Result<MachineId, ReadMachineIdError> {
    // The library's error is not `Send`; its text is all there is to keep.
    let text = machine_uid::get().map_err(|error| failed(error.to_string()))?;
    MachineId::parse_uuid(&text).map_err(failed)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn system() -> Result<MachineId, ReadMachineIdError> {
    Err(failed("this platform has no machine id that is known here"))
}

/// The id in the first file that holds one; else the error of the first file.
fn first_of(paths: &[impl AsRef<Path>]) -> Result<MachineId, ReadMachineIdError> {
    let mut first_error = None;
    for path in paths {
        match read_file(path.as_ref()) {
            Ok(id) => return Ok(id),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(ReadMachineIdError::unreadable))
}

fn read_file(path: &Path) -> Result<MachineId, ReadMachineIdError> {
    let text = File::open(path).and_then(text_of).map_err(failed)?;
    MachineId::parse_linux(&text).map_err(failed)
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ReadMachineIdError {
    ReadMachineIdError::unreadable().with_source(source)
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<MachineIdSource>();

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn the_first_file_that_holds_an_id_decides() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
        let source = MachineIdSource::files([&first, &second]);
        assert!(source.read().is_err());

        fs::write(&second, format!("{OTHER}\n")).unwrap();
        assert_eq!(source.read().unwrap(), MachineId::parse_linux(OTHER).unwrap());
        fs::write(&first, "uninitialized\n").unwrap();
        assert_eq!(source.read().unwrap(), MachineId::parse_linux(OTHER).unwrap());
        fs::write(&first, format!("{ID}\n")).unwrap();
        assert_eq!(source.read().unwrap(), MachineId::parse_linux(ID).unwrap());
    }

    #[test]
    fn what_is_no_machine_id_is_an_error_and_never_a_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machine-id");
        let source = MachineIdSource::files([&path]);
        let long = format!("{ID}\n{}", "x".repeat(4096));
        for text in ["", "\n", "uninitialized\n", &"0".repeat(32), &ID.to_uppercase(), &long] {
            fs::write(&path, text).unwrap();
            let error = source.read().unwrap_err();
            assert!(!format!("{error:?}").contains("0123"), "{error:?}");
        }
        fs::write(&path, [0xff; 32]).unwrap();
        assert!(source.read().is_err());
        assert!(MachineIdSource::files([directory.path()]).read().is_err());
        assert!(MachineIdSource::Files(Vec::new()).read().is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_is_the_two_files_of_linux() {
        let files = MachineIdSource::files(["/etc/machine-id", "/var/lib/dbus/machine-id"]);
        assert_eq!(MachineIdSource::System.read().ok(), files.read().ok());
    }
}
