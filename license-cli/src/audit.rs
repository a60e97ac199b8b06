//! `license audit`.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use license_runtime::{AuditVerdict, ExportVerdict, verify_export};
use serde_json::json;

use crate::{failure::Failure, read, write};

/// Judges the audit history that a service has exported.
#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    Verify(Verify),
}

/// Finds the first row that was edited, removed or moved.
///
/// An export that breaks off is refused: its last line says where the history
/// ends.
///
/// Reads JSON lines as a service exports them. That they are intact proves
/// that nobody changed single rows, not that nobody rewrote all of them:
/// compare the hash of the last row with one that was noted elsewhere.
#[derive(Args)]
struct Verify {
    /// The exported history, or `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Writes JSON.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let AuditCommand::Verify(verify) = self.command;
        verify.run()
    }
}

impl Verify {
    fn run(self) -> Result<(), Failure> {
        let ExportVerdict { verdict, has_end, .. } =
            judge(&self.file).map_err(|error| read::failed(&self.file, &error))?;
        let broken = match verdict {
            AuditVerdict::Broken { seq } => Some(seq),
            _ => None,
        };
        let intact = broken.is_none() && has_end;
        if self.json {
            let rows = match verdict {
                AuditVerdict::Intact { rows } => Some(rows),
                _ => None,
            };
            let judged = json!({
                "intact": intact,
                "rows": rows,
                "first_broken_row": broken,
                "has_end": has_end,
            });
            write::line(&judged.to_string())?;
            return if intact { Ok(()) } else { Err(Failure::told()) };
        }
        match verdict {
            AuditVerdict::Intact { rows } if has_end => {
                write::line(&format!("intact: {rows} rows, each where and as it was written"))
            }
            AuditVerdict::Intact { rows } => Err(Failure::refused(
                "audit_incomplete",
                format!(
                    "{rows} rows are where and as they were written, but the line that says where \
                     the history ends is missing, so that rows removed behind them go unnoticed; \
                     export it again, whole"
                ),
            )),
            _ => Err(Failure::refused(
                "audit_broken",
                format!(
                    "row {} was edited, removed or moved; the rows before it are as they were \
                     written",
                    broken.unwrap_or_default()
                ),
            )),
        }
    }
}

fn judge(file: &Path) -> io::Result<ExportVerdict> {
    if file == Path::new("-") {
        verify_export(io::stdin().lock())
    } else {
        verify_export(BufReader::new(File::open(file)?))
    }
}
