//! `license audit`.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use license_runtime::{AuditVerdict, ExportVerdict, verify_export};
use serde_json::json;

use crate::{failure::Failure, read, report::Report, text};

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
    /// The exported history; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

impl Audit {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let AuditCommand::Verify(verify) = self.command;
        verify.run()
    }
}

impl Verify {
    fn run(self) -> Result<Report, Failure> {
        let ExportVerdict { verdict, has_end, .. } = judge(&self.file)?;
        let broken = match verdict {
            AuditVerdict::Broken { seq } => Some(seq),
            _ => None,
        };
        let rows = match verdict {
            AuditVerdict::Intact { rows } => Some(rows),
            _ => None,
        };
        let report = Report::default().with(json!({
            "intact": broken.is_none() && has_end,
            "rows": rows,
            "first_broken_row": broken,
            "has_end": has_end,
        }));
        let counted = text::counted(rows.unwrap_or_default(), "row");
        let are =
            if rows == Some(1) { "is where and as it was" } else { "are where and as they were" };
        Ok(match verdict {
            AuditVerdict::Intact { .. } if has_end => {
                report.with_text(format!("intact: {counted}, each where and as it was written"))
            }
            AuditVerdict::Intact { .. } => report.refused(Some(Failure::refused(
                "audit_incomplete",
                format!(
                    "{counted} {are} written, but the line that says where the history ends is \
                     missing, so that rows removed behind them go unnoticed; export it again, whole"
                ),
            ))),
            _ => report.refused(Some(Failure::refused(
                "audit_broken",
                format!(
                    "row {} was edited, removed or moved; the rows before it are as they were \
                     written; compare with an earlier export",
                    broken.unwrap_or_default()
                ),
            ))),
        })
    }
}

fn judge(file: &Path) -> Result<ExportVerdict, Failure> {
    let verdict = if file == Path::new("-") {
        verify_export(read::stdin(file)?)
    } else {
        File::open(file).and_then(|file| verify_export(BufReader::new(file)))
    };
    verdict.map_err(|error| read::failed(file, &error))
}
