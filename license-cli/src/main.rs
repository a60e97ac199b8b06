//! `license`, the operator's program: makes keys, issues, renews, amends,
//! inspects, verifies, examines, simulates and compares licenses, verifies audit
//! histories, and reads a machine's fingerprint.
//!
//! Exit status: 0 good, 1 the license or machine info is refused, 2 wrong use
//! or configuration; of `doctor` 0 all is well, 1 something should be looked at,
//! 2 something does not work. What a command makes goes to standard output, everything
//! else to standard error; with `--json` all of it is one object on standard
//! output. No token and no key is ever part of a message.

mod commands;
mod facts;
mod failure;
mod flags;
mod read;
mod report;
mod suggest;
mod text;
mod time;
mod write;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use license_core::text::without_secrets;

use crate::{
    commands::{
        amend, audit, diff, doctor, inspect, issue, keygen, machine_info, renew, shell, simulate,
        verify,
    },
    failure::Failure,
    report::Report,
};

/// Makes, renews, verifies and simulates signed licenses, offline.
#[derive(Parser)]
#[command(
    name = "license",
    version,
    after_help = "Exit status: 0 good, 1 the license or machine info is refused, 2 wrong use or \
                  configuration; doctor has its own."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Answers in JSON: one object on standard output, for refusals too.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Keygen),
    Issue(issue::Issue),
    Renew(renew::Renew),
    Amend(amend::Amend),
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Doctor(doctor::Doctor),
    Simulate(simulate::Simulate),
    Diff(diff::Diff),
    Audit(audit::Audit),
    MachineInfo(machine_info::WriteMachineInfo),
    Completions(shell::Completions),
    Man(shell::Manual),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let report = match cli.command {
        Command::Keygen(keygen) => keygen.run(),
        Command::Issue(issue) => issue.run(),
        Command::Renew(renew) => renew.run(),
        Command::Amend(amend) => amend.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Verify(verify) => verify.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Simulate(simulate) => simulate.run(),
        Command::Diff(diff) => diff.run(),
        Command::Audit(audit) => audit.run(),
        Command::MachineInfo(write) => write.run(),
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(manual) => manual.run(Cli::command()),
    };
    report.unwrap_or_else(Report::from).print(cli.json)
}

/// Shows the help, or what is wrong with the command line: without a token or
/// key that was pasted where a file's name belongs.
fn explain(error: &clap::Error) -> ExitCode {
    let shown = error.render().to_string();
    if !error.use_stderr() {
        return Report::of(shown).print(false);
    }
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let shown = without_secrets(shown, arguments);
    let as_json = std::env::args_os().any(|argument| argument == "--json");
    let end = shown.find("\n\nUsage:").filter(|_| as_json).unwrap_or(shown.len());
    let failure = Failure::usage(shown[..end].trim_start_matches("error: "));
    if as_json {
        return Report::from(failure).print(true);
    }
    write::note(shown.trim_end());
    failure.exit_code()
}
