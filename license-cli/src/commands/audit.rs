//! `license audit`.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use license_runtime::{AuditVerdict, ChainHash, ExportError, ExportVerdict, verify_export};
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
/// Reads JSON lines as a service exports them. The chain of a file proves that
/// nobody changed single rows of it, not that nobody removed rows at its end or
/// rewrote all of it: note the head that is printed, elsewhere, and give it the
/// next time with --head.
#[derive(Args)]
struct Verify {
    /// The exported history; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// A head that was noted earlier: the history must contain it.
    #[arg(long, value_name = "HASH")]
    head: Option<ChainHash>,
}

impl Audit {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let AuditCommand::Verify(verify) = self.command;
        verify.run()
    }
}

impl Verify {
    fn run(self) -> Result<Report, Failure> {
        let judged = judge(&self.file, self.head)?;
        let broken = match judged.verdict {
            AuditVerdict::Broken { seq } => Some(seq),
            _ => None,
        };
        let head_found = self.head.map(|_| judged.noted_row.is_some());
        let rows = judged.end.rows;
        let report = Report::default().with(json!({
            "intact": broken.is_none() && judged.has_end && head_found != Some(false),
            "rows": broken.is_none().then_some(rows),
            "first_broken_row": broken,
            "has_end": judged.has_end,
            "head": judged.end.head.to_string(),
            "head_found": head_found,
            "head_row": judged.noted_row,
        }));
        let counted = text::counted(rows, "row");
        let are = if rows == 1 { "is where and as it was" } else { "are where and as they were" };
        let refusal = if let Some(broken) = broken {
            Failure::refused(
                "audit_broken",
                format!(
                    "row {broken} was edited, removed or moved; the rows before it are as they \
                     were written; compare with an earlier export"
                ),
            )
        } else if !judged.has_end {
            Failure::refused(
                "audit_incomplete",
                format!(
                    "{counted} {are} written, but the line that says where the history ends is \
                     missing, so that rows removed behind them go unnoticed; export it again, whole"
                ),
            )
        } else if head_found == Some(false) {
            Failure::refused(
                "audit_head_missing",
                "no row has the head that was noted: rows were removed at the end or rewritten \
                 since, or the head is another history's; compare with an earlier export",
            )
        } else {
            return Ok(report.with_text(told(&judged, &counted)));
        };
        Ok(report.refused(Some(refusal)))
    }
}

/// What was shown of a history without a fault, and no more.
fn told(judged: &ExportVerdict, counted: &str) -> String {
    let head = judged.end.head;
    match judged.noted_row {
        Some(row) if row == judged.end.rows => {
            format!("intact: {counted}, up to the head that was noted\nhead: {head}")
        }
        Some(row) => format!(
            "intact: {counted}; up to row {row} that is proven by the head that was noted, behind \
             it by the file alone\nhead: {head}"
        ),
        None => format!(
            "consistent: {counted}, chained up to the end that the file names; whether rows were \
             removed at its end only --head can show\nhead: {head}"
        ),
    }
}

fn judge(file: &Path, head: Option<ChainHash>) -> Result<ExportVerdict, Failure> {
    let judged = if file == Path::new("-") {
        verify_export(read::stdin(file)?, head)
    } else {
        let opened = File::open(file).map_err(|error| read::failed(file, &error))?;
        verify_export(BufReader::new(opened), head)
    };
    judged.map_err(|error| match error {
        ExportError::Read(error) => read::failed(file, &error),
        ExportError::NotAnExport(damage) => {
            let damage = damage.map(|damage| format!(" ({damage})")).unwrap_or_default();
            Failure::usage(format!(
                "{} is not an audit export{damage}; give what GET .../audit/export of a service \
                 answers an administrator",
                read::shown(file)
            ))
        }
        error => Failure::usage(error.to_string()),
    })
}
