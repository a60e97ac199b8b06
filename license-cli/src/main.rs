//! `license`, the operator's program: makes keys, issues, renews, inspects,
//! verifies, simulates and compares licenses, verifies audit histories, and
//! reads a machine's fingerprint.
//!
//! Exit status: 0 good, 1 the license or machine info is refused, 2 wrong use
//! or configuration. What a command makes goes to standard output, everything
//! else to standard error; no token and no key is ever part of a message.

mod audit;
mod decode;
mod diff;
mod facts;
mod failure;
mod inspect;
mod issue;
mod keygen;
mod machine_info;
mod read;
mod renew;
mod signing;
mod simulate;
mod spec;
mod text;
mod time;
mod verify;
mod write;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Makes, renews, verifies and simulates signed licenses, offline.
#[derive(Parser)]
#[command(
    name = "license",
    version,
    after_help = "Exit status: 0 good, 1 the license or machine info is refused, 2 wrong use or \
                  configuration."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Keygen),
    Issue(issue::Issue),
    Renew(renew::Renew),
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Simulate(simulate::Simulate),
    Diff(diff::Diff),
    Audit(audit::Audit),
    MachineInfo(machine_info::WriteMachineInfo),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let result = match cli.command {
        Command::Keygen(keygen) => keygen.run(),
        Command::Issue(issue) => issue.run(),
        Command::Renew(renew) => renew.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Verify(verify) => verify.run(),
        Command::Simulate(simulate) => simulate.run(),
        Command::Diff(diff) => diff.run(),
        Command::Audit(audit) => audit.run(),
        Command::MachineInfo(write) => write.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(line) = failure.line() {
                write::note(format_args!("error: {line}"));
            }
            failure.exit_code()
        }
    }
}

/// Shows the help, or what is wrong with the command line: without a token or
/// key that was pasted where a file's name belongs.
fn explain(error: &clap::Error) -> ExitCode {
    let mut shown = error.render().to_string();
    if error.use_stderr() {
        for argument in std::env::args_os().skip(1) {
            let argument = argument.to_string_lossy();
            let value = argument.split_once('=').map_or(&*argument, |(_, value)| value);
            if text::is_confidential(value) {
                shown = shown.replace(value, text::NOT_SHOWN);
            }
        }
        write::note(shown.trim_end());
        return Failure::usage("").exit_code();
    }
    // A reader that has gone away has seen enough.
    let _ = std::io::stdout().write_all(shown.as_bytes());
    ExitCode::SUCCESS
}
