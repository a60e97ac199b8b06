//! Flags and environment variables, read as people set them.

use std::{
    convert::Infallible,
    env,
    ffi::OsString,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use clap::{Arg, Command, Parser};
use license_core::text::without_secrets;

use crate::{StartError, tell};

/// What `--help` says below the flags.
const CREDENTIALS: &str = "What is secret can also be a file in the directory that \
    CREDENTIALS_DIRECTORY names, called as its flag is, such as admin-password";

/// Reads the program's flags, and the environment for those that are not
/// given. A variable that is empty is as good as not set, as `${NAME:-}` makes
/// it in a compose file. A secret that neither names can be a file in the
/// directory `CREDENTIALS_DIRECTORY`, named as its flag is, such as
/// `admin-password`: <https://systemd.io/CREDENTIALS>. Of a secret the last line
/// break is no part, wherever it comes from: editors and `echo` add it, and
/// nobody could type it. With wrong arguments the process ends with status 2 and a message in which no key, token or password
/// stands.
pub fn arguments<A: Parser>() -> A {
    let command = command::<A>().unwrap_or_else(|error| error.end());
    let matches = command.clone().try_get_matches();
    matches
        .and_then(|matches| A::from_arg_matches(&matches))
        .unwrap_or_else(|error| explain(&error, &command))
}

fn command<A: Parser>() -> Result<Command, StartError> {
    let directory = variable("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let mut unreadable = None;
    let command = A::command();
    let own = command.get_after_help().map(|own| format!("{own}\n\n"));
    let help = own.unwrap_or_default() + CREDENTIALS;
    let command = command.after_help(help).mut_args(|argument| {
        let is_empty = argument
            .get_env()
            .and_then(env::var_os)
            .is_some_and(|value| value.to_str().is_some_and(|value| value.trim().is_empty()));
        let file = directory.as_deref().and_then(|directory| credential_file(&argument, directory));
        let credential = file.map_or(Ok(None), |file| credential(&file));
        let credential = credential.unwrap_or_else(|error| {
            unreadable = Some(error);
            None
        });
        let is_secret = argument.is_hide_env_values_set();
        let argument = if is_secret { argument.value_parser(secret) } else { argument };
        // Whatever was set by mistake, `--help` does not show it.
        let argument = argument.hide_env_values(true);
        let argument = if is_empty { argument.env(None::<&'static str>) } else { argument };
        match credential {
            // What comes first is the flag, then the variable.
            Some(text) => argument.required(false).default_value(text).hide_default_value(true),
            None => argument,
        }
    });
    unreadable.map_or(Ok(command), Err)
}

/// The file that may hold what is secret.
fn credential_file(argument: &Arg, directory: &Path) -> Option<PathBuf> {
    let name = argument.get_long().filter(|_| argument.is_hide_env_values_set())?;
    Some(directory.join(name))
}

/// What a file holds; none when it is not there, or empty.
fn credential(file: &Path) -> Result<Option<String>, StartError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("cannot read the credential {}", file.display());
            Err(StartError::new(message).with_source(error))
        }
    }
}

/// A secret as it is meant: without the line break at its end.
fn secret(text: &str) -> Result<String, Infallible> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(line.strip_suffix('\r').filter(|_| line != text).unwrap_or(line).to_owned())
}

fn explain(error: &clap::Error, command: &Command) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let variables = command.get_arguments().filter_map(Arg::get_env).filter_map(env::var_os);
    let given = env::args_os().skip(1).chain(variables);
    let given = given.map(|value| value.to_string_lossy().into_owned());
    tell(without_secrets(error.render().to_string(), given).trim_end());
    std::process::exit(2)
}

/// The value of a variable that is read elsewhere; none when it is empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty())
}
