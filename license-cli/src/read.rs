//! Reading what a command is given: always bounded, and with messages that
//! name the file.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, StdinLock},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use license_core::{
    InstallErrorKind, Product, PublicKey, Token, issue,
    key::KeySpec,
    machine::MachineInfo,
    received::{self, Damage, Wanted},
};
use serde_json::{Map, Value};

use crate::{
    failure::{self, Failure},
    text::shown_path,
    write,
};

/// The longest profile, specification, key or payload, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// A license from a file, or from standard input for `-`.
pub(crate) fn license(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path, Token::MAX_RECEIVED_BYTES)?.ok_or_else(|| {
        let refusal: license_core::InstallError = InstallErrorKind::TokenTooLarge.into();
        refusal.into()
    })
}

/// What stands where a license should, however long: in place of what is longer
/// than any license, zeros that are as well.
pub(crate) fn offered(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = read(path, Token::MAX_RECEIVED_BYTES)?;
    Ok(read.unwrap_or_else(|| vec![0; Token::MAX_RECEIVED_BYTES + 1]))
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
    let text = text(path, Wanted::Profile)?;
    Product::from_toml(&text)
        .map_err(|error| wrong(path, &text, Wanted::Profile, &error.to_string()))
}

/// A file of text.
pub(crate) fn text(path: &Path, wanted: Wanted) -> Result<String, Failure> {
    let bytes = file(path)?;
    match received::text(&bytes) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => {
            let damage = Damage::of_bytes(&bytes, wanted);
            let damage = damage.map_or(error.to_string(), |damage| damage.to_string());
            Err(Failure::usage(format!("{}: {damage}", shown(path))))
        }
    }
}

/// What is wrong with a text that could not be read: by name, where it has
/// one.
pub(crate) fn wrong(path: &Path, text: &str, wanted: Wanted, message: &str) -> Failure {
    let damage = Damage::of(text, wanted).map(|damage| damage.to_string());
    Failure::usage(format!("{}: {}", shown(path), damage.as_deref().unwrap_or(message)))
}

/// Machine info.
pub(crate) fn machine_info(path: &Path) -> Result<MachineInfo, Failure> {
    let text = text(path, Wanted::MachineInfo)?;
    serde_json::from_str(&text).map_err(|_| {
        let message = "not machine info; give the file as it was downloaded or written by \
                       `license machine-info`";
        wrong(path, &text, Wanted::MachineInfo, message)
    })
}

/// The payload of a license as JSON.
pub(crate) fn claims(path: &Path) -> Result<Map<String, Value>, Failure> {
    Ok(issue::read_claims(&file(path)?)?)
}

/// A public key, named as `[KID=][ALG:]FILE`, of as many bits as the product
/// asks for.
pub(crate) fn public_key(product: &Product, name: &str) -> Result<PublicKey, Failure> {
    let spec: KeySpec = name.parse().map_err(|error| failure::key(name, &error))?;
    let bits = product.min_rsa_bits();
    let key = if spec.is_inline() {
        spec.read(spec.source().as_bytes(), bits)
    } else {
        spec.read(&file(Path::new(spec.source()))?, bits)
    };
    key.map_err(|error| failure::key(spec.source(), &error))
}

pub(crate) fn shown(path: &Path) -> String {
    shown_path(&path.to_string_lossy())
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
