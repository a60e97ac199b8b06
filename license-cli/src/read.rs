//! Reading what a command is given: always bounded, and with messages that
//! name the file.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, StdinLock},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use license_core::{InstallErrorKind, KeySpec, Product, PublicKey, Token, issue};
use serde_json::{Map, Value};

use crate::{
    failure::{self, Failure},
    text, write,
};

/// White space that may stand around a license, in bytes.
const SLACK: usize = 1024;
/// The longest profile, specification, key or payload, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// A license from a file, or from standard input for `-`.
pub(crate) fn license(path: &Path) -> Result<Vec<u8>, Failure> {
    let limit = Token::MAX_BYTES + SLACK;
    read(path, limit)?.ok_or_else(|| {
        let refusal: license_core::InstallError = InstallErrorKind::TokenTooLarge.into();
        refusal.into()
    })
}

/// Any other file, or standard input for `-`.
pub(crate) fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let too_large = || {
        Failure::usage(format!(
            "{} is too large to be what is asked for here; check the name",
            shown(path)
        ))
    };
    read(path, MAX_FILE)?.ok_or_else(too_large)
}

/// A product's profile.
pub(crate) fn product(path: &Path) -> Result<Product, Failure> {
    Product::from_toml(&utf8(path)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", shown(path))))
}

/// A file of text.
pub(crate) fn utf8(path: &Path) -> Result<String, Failure> {
    String::from_utf8(file(path)?)
        .map_err(|_| Failure::usage(format!("{} is not UTF-8 text", shown(path))))
}

/// The payload of a license as JSON.
pub(crate) fn claims(path: &Path) -> Result<Map<String, Value>, Failure> {
    Ok(issue::read_claims(&file(path)?)?)
}

/// A public key, named as `[KID=][ALG:]FILE`.
pub(crate) fn public_key(name: &str) -> Result<PublicKey, Failure> {
    let spec: KeySpec = name.parse().map_err(|error| failure::key(name, &error))?;
    let key = if spec.is_inline() {
        spec.read(spec.source().as_bytes())
    } else {
        spec.read(&file(Path::new(spec.source()))?)
    };
    key.map_err(|error| failure::key(spec.source(), &error))
}

pub(crate) fn shown(path: &Path) -> String {
    text::shown_path(&path.to_string_lossy())
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> Failure {
    let next = match error.kind() {
        io::ErrorKind::NotFound => "; check the name, and the directory you are in",
        io::ErrorKind::PermissionDenied => "; let this user read it",
        io::ErrorKind::IsADirectory => "; name a file in it",
        _ => "",
    };
    Failure::usage(format!("cannot read {}: {error}{next}", shown(path)))
}

/// Standard input, of which there is one. Whoever sits before it is told that
/// the program waits.
pub(crate) fn stdin(path: &Path) -> Result<StdinLock<'static>, Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage(format!(
            "only one file can come from standard input; give the name of the other in place of {}",
            shown(path)
        )));
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        write::note("reading from the terminal: paste it, then press Enter and Ctrl-D");
    }
    Ok(stdin.lock())
}

/// All that an input holds; `None` when that is more than `limit` bytes.
pub(crate) fn all(input: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let past_limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    input.take(past_limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
    let result = if path == Path::new("-") {
        all(stdin(path)?, limit)
    } else {
        File::open(path).and_then(|file| all(file, limit))
    };
    result.map_err(|error| failed(path, &error))
}
