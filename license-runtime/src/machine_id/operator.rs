//! The id that an operator sets.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use license_core::{MachineId, machine::MachineIdError};

use super::{
    error::{ReadMachineIdError, ReadMachineIdErrorKind as Kind},
    text_of,
};
use crate::regular_file;

/// The id that an operator sets for a machine without one of its own: a text of
/// 16 to 256 printable ASCII characters without spaces, by itself or in a file.
/// White space around it does not count. An empty variable is as good as none;
/// one of white space alone is set, and is no id.
///
/// A text that is set and is no id is an error wherever it is read: it is never
/// passed over for the next rung of the ladder.
#[derive(Clone, Debug)]
pub struct OperatorId(Setting);

#[derive(Clone, Debug)]
enum Setting {
    Nothing,
    Text(Result<MachineId, MachineIdError>),
    File(PathBuf),
    Both,
}

impl OperatorId {
    /// The environment variable that holds the id.
    pub const VARIABLE: &'static str = "MACHINE_ID";
    /// The environment variable that names a file which holds the id.
    pub const FILE_VARIABLE: &'static str = "MACHINE_ID_FILE";

    /// What the environment of this process says.
    pub fn from_env() -> Self {
        Self::of(env::var_os(Self::VARIABLE), env::var_os(Self::FILE_VARIABLE))
    }

    /// What these two variables say; `None` and an empty one are alike.
    pub fn of(text: Option<OsString>, file: Option<OsString>) -> Self {
        let [text, file] = [text, file].map(|value| value.filter(|it| !it.is_empty()));
        Self(match (text, file) {
            (None, None) => Setting::Nothing,
            (Some(_), Some(_)) => Setting::Both,
            // What is no Unicode is no id, either.
            (Some(text), None) => {
                Setting::Text(MachineId::custom(text.to_string_lossy().trim_ascii()))
            }
            (None, Some(file)) => Setting::File(file.into()),
        })
    }

    /// The id in a file, for a product that has a configuration of its own. It
    /// is read again while the service runs.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Setting::File(path.into()))
    }

    pub(super) fn read(&self) -> Result<MachineId, ReadMachineIdError> {
        match &self.0 {
            Setting::Nothing => Err(ReadMachineIdError::new(
                Kind::NotSet,
                "neither MACHINE_ID nor MACHINE_ID_FILE is set",
            )),
            Setting::Text(Ok(id)) => Ok(id.clone()),
            Setting::Text(Err(_)) => Err(ReadMachineIdError::new(
                Kind::Misconfigured,
                "MACHINE_ID is set and is no machine id: it has 16 to 256 printable ASCII \
                 characters, and no space",
            )),
            Setting::File(path) => read_file(path),
            Setting::Both => Err(ReadMachineIdError::new(
                Kind::Misconfigured,
                "MACHINE_ID and MACHINE_ID_FILE are both set; set one of them",
            )),
        }
    }
}

fn read_file(path: &Path) -> Result<MachineId, ReadMachineIdError> {
    let unreadable = |error: io::Error| {
        let message = "the file of this machine's id (MACHINE_ID_FILE) cannot be read";
        ReadMachineIdError::new(Kind::Misconfigured, message).with_source(error)
    };
    let text = regular_file::open(path).and_then(text_of).map_err(unreadable)?;
    MachineId::custom(text.trim_ascii()).map_err(|_| {
        let message = "the file of this machine's id (MACHINE_ID_FILE) holds no machine id: it \
                       has 16 to 256 printable ASCII characters, and no space";
        ReadMachineIdError::new(Kind::Misconfigured, message)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ID: &str = "cluster-a/node-17";

    fn set(text: &str, file: &str) -> OperatorId {
        OperatorId::of(Some(text.into()), Some(file.into()))
    }

    #[test]
    fn the_text_is_read_without_what_is_around_it() {
        for text in [ID, "cluster-a/node-17\n", "  cluster-a/node-17 \r\n"] {
            assert_eq!(set(text, "").read().unwrap(), MachineId::custom(ID).unwrap(), "{text:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_none() {
        for id in [OperatorId::of(None, None), set("", "")] {
            assert_eq!(id.read().unwrap_err().kind(), Kind::NotSet);
        }
    }

    #[test]
    fn a_variable_of_white_space_is_set_and_no_id() {
        for blank in [" ", "   ", "\t", "\n"] {
            for id in [set(blank, ""), set("", blank)] {
                assert_eq!(id.read().unwrap_err().kind(), Kind::Misconfigured, "{blank:?}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn neither_a_pipe_nor_a_device_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for path in [&*pipe, Path::new("/dev/zero"), directory.path()] {
            let error = OperatorId::file(path).read().unwrap_err();
            assert_eq!(error.kind(), Kind::Misconfigured);
        }
    }

    #[test]
    fn what_is_set_and_no_id_is_an_error_that_does_not_repeat_it() {
        let long = "x".repeat(257);
        for text in ["too-short-a-text", "sixteen with spaces", "größer-als-sechzehn", &long] {
            let id = set(text.trim_start_matches("too-"), "");
            let error = id.read().unwrap_err();
            assert_eq!(error.kind(), Kind::Misconfigured, "{text}");
            assert!(error.to_string().contains("MACHINE_ID is set"), "{error}");
            assert!(!format!("{error:?}{id:?}").contains(&text[4..8]), "{error:?}");
        }
        let error = set(ID, "/etc/machine").read().unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(error.to_string().contains("both set"), "{error}");
    }

    #[test]
    fn a_file_is_read_each_time_and_one_that_is_missing_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machine");
        let id = set("", path.to_str().unwrap());
        assert_eq!(id.read().unwrap_err().kind(), Kind::Misconfigured);
        fs::write(&path, format!("{ID}\n")).unwrap();
        assert_eq!(id.read().unwrap(), MachineId::custom(ID).unwrap());
        assert_eq!(OperatorId::file(&path).read().unwrap(), MachineId::custom(ID).unwrap());
        for text in [&b""[..], b"short", &[0xff; 32], &[b'x'; 2048]] {
            fs::write(&path, text).unwrap();
            assert_eq!(id.read().unwrap_err().kind(), Kind::Misconfigured, "{text:?}");
        }
    }
}
