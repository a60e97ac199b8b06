//! `license completions` and `license man`: what a shell and a reader need,
//! made from the program itself.

use std::{fs, io, path::PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::json;

use crate::{
    failure::Failure,
    read,
    report::Report,
    text,
    write::{self, Access},
};

/// Prints the completions for a shell, as in
/// `license completions bash > ~/.local/share/bash-completion/completions/license`.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Writes the manual's pages: license.1 and one for each command, as in
/// `license man ~/.local/share/man/man1`.
#[derive(Args)]
pub(crate) struct Manual {
    /// The directory for the pages; made if it does not exist.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl Completions {
    pub(crate) fn run(self, mut program: Command) -> Result<Report, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "license", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let members = json!({ "shell": self.shell.to_string(), "script": script });
        Ok(Report::of(script).with(members))
    }
}

impl Manual {
    pub(crate) fn run(self, mut program: Command) -> Result<Report, Failure> {
        program.build();
        let failed = |error: io::Error| {
            let dir = read::shown(&self.dir);
            Failure::usage(format!("cannot write to {dir}: {error}; choose another directory"))
        };
        let mut pages = Vec::new();
        render(&program, &mut pages).map_err(failed)?;
        for (name, _) in &pages {
            write::vacant(&self.dir.join(name))?;
        }
        fs::create_dir_all(&self.dir).map_err(failed)?;
        for (name, page) in &pages {
            write::new_file(&self.dir.join(name), page, Access::Everybody)?;
        }
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        let mut report =
            Report::default().with(json!({ "dir": self.dir.to_string_lossy(), "files": names }));
        report.note(format_args!(
            "{}: {}; read them with `man {}`",
            read::shown(&self.dir),
            text::counted(names.len() as u64, "page"),
            read::shown(&self.dir.join("license.1"))
        ));
        Ok(report)
    }
}

/// The page of a command, then those of its own commands.
fn render(command: &Command, pages: &mut Vec<(String, String)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&page).into_owned()));
    let of_its_own = command.get_subcommands().filter(|it| it.get_name() != "help");
    of_its_own.into_iter().try_for_each(|command| render(command, pages))
}
