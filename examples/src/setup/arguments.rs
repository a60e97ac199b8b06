//! Flags and environment variables, read as people set them.

use std::{env, ffi::OsString};

use clap::{Arg, Command, Parser};
use license_core::text::without_secrets;

use crate::tell;

/// Reads the program's flags, and the environment for those that are not
/// given. A variable that is empty is as good as not set, as `${NAME:-}` makes
/// it in a compose file. With wrong ones the process ends with status 2 and a
/// message in which no key, token or password stands.
pub fn arguments<A: Parser>() -> A {
    let command = command::<A>();
    let matches = command.clone().try_get_matches();
    matches
        .and_then(|matches| A::from_arg_matches(&matches))
        .unwrap_or_else(|error| explain(&error, &command))
}

fn command<A: Parser>() -> Command {
    A::command().mut_args(|argument| {
        let is_empty = argument
            .get_env()
            .and_then(env::var_os)
            .is_some_and(|value| value.to_str().is_some_and(|value| value.trim().is_empty()));
        // Whatever was set by mistake, `--help` does not show it.
        let argument = argument.hide_env_values(true);
        if is_empty { argument.env(None::<&'static str>) } else { argument }
    })
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
