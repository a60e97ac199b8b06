//! Tables of the report.

use std::{fmt::Write, fs, path::PathBuf};

use license_benches::report;

/// A table as Markdown.
#[derive(Debug)]
pub(crate) struct Table {
    text: String,
}

/// What had to be reached, and what was.
#[derive(Debug, Default)]
pub(crate) struct Targets(Vec<(String, String, bool)>);

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let mut text = format!("### {title}\n\n| |");
        columns.iter().for_each(|column| text += &format!(" {column} |"));
        text += &format!("\n|---|{}\n", "---:|".repeat(columns.len()));
        Self { text }
    }

    pub(crate) fn row(&mut self, label: &str, cells: &[String]) {
        eprintln!("  {label}: {}", cells.join(", "));
        let _ = writeln!(self.text, "| {label} | {} |", cells.join(" | "));
    }

    /// The table, and a sentence below it.
    pub(crate) fn end(self, note: &str) -> String {
        if note.is_empty() { self.text } else { format!("{}\n{note}\n", self.text) }
    }
}

impl Targets {
    pub(crate) fn add(&mut self, wanted: &str, found: String, met: bool) {
        self.0.push((wanted.to_owned(), found, met));
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from("### Targets\n\n| target | found | |\n|---|---:|---|\n");
        for (wanted, found, met) in &self.0 {
            let verdict = if *met { "met" } else { "**missed**" };
            let _ = writeln!(text, "| {wanted} | {found} | {verdict} |");
        }
        text
    }
}

/// Puts a text into a section of docs/scaling.md.
pub(crate) fn write(section: &str, text: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "docs", "scaling.md"].iter().collect();
    let page = fs::read_to_string(&path).expect("docs/scaling.md can be read");
    let page = report::replace_section(&page, section, text).expect("it has the markers");
    fs::write(&path, page).expect("docs/scaling.md can be written");
}
