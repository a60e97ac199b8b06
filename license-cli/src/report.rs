//! What a command found or made, for people or for programs.

use std::{fmt, process::ExitCode};

use serde_json::{Map, Value};

use crate::{failure::Failure, text, write};

/// The answer of a command.
///
/// For people: what it made or found on standard output, everything else on
/// standard error. For programs: one JSON object on standard output, a refusal
/// with the members `code` and `detail`.
#[derive(Debug, Default)]
pub(crate) struct Report {
    text: String,
    notes: Vec<String>,
    warnings: Vec<String>,
    members: Map<String, Value>,
    /// What is made is JSON itself.
    is_json: bool,
    refusal: Option<Refusal>,
    /// How it ends where nothing is refused.
    status: u8,
}

#[derive(Debug)]
struct Refusal {
    failure: Failure,
    /// The text says it already.
    told: bool,
}

impl Report {
    /// What goes to standard output, for people.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// JSON that is what the command makes, for people and programs alike.
    pub(crate) fn of_json(text: String) -> Self {
        Self { text, is_json: true, ..Self::default() }
    }

    /// Says what goes to standard output, for people.
    pub(crate) fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds these members, for programs; `members` is an object.
    pub(crate) fn with(mut self, members: Value) -> Self {
        if let Value::Object(members) = members {
            self.members.extend(members);
        }
        self
    }

    /// Says that it is refused.
    pub(crate) fn refused(mut self, failure: Option<Failure>) -> Self {
        self.refusal = failure.map(|failure| Refusal { failure, told: false });
        self
    }

    /// Says that it is refused, in words that the text has already.
    pub(crate) fn refused_as_told(mut self, failure: Option<Failure>) -> Self {
        self.refusal = failure.map(|failure| Refusal { failure, told: true });
        self
    }

    /// Says with which exit status it ends where nothing is refused.
    pub(crate) fn ending(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// What people should know.
    pub(crate) fn note(&mut self, note: impl fmt::Display) {
        self.notes.push(note.to_string());
    }

    /// What should be looked at again.
    pub(crate) fn warn(&mut self, warning: impl fmt::Display) {
        self.warnings.push(warning.to_string());
    }

    /// Says it all, and what comes of it.
    pub(crate) fn print(self, json: bool) -> ExitCode {
        let written = if json && !self.is_json { self.print_json() } else { self.print_text() };
        if let Err(failure) = written {
            write::note(failure.line());
            return failure.exit_code();
        }
        let status = ExitCode::from(self.status);
        self.refusal.map_or(status, |refusal| refusal.failure.exit_code())
    }

    fn print_json(&self) -> Result<(), Failure> {
        let mut members = self.members.clone();
        members.entry("warnings").or_insert_with(|| self.warnings.clone().into());
        if let Some(refusal) = &self.refusal {
            members.extend(refusal.failure.members());
        }
        write::line(&text::json(&members))
    }

    fn print_text(&self) -> Result<(), Failure> {
        for warning in &self.warnings {
            write::note(format_args!("warning: {warning}"));
        }
        for note in &self.notes {
            write::note(note);
        }
        if !self.text.is_empty() {
            write::line(&self.text)?;
        }
        if let Some(Refusal { failure, told: false }) = &self.refusal {
            write::note(failure.line());
        }
        Ok(())
    }
}

impl From<Failure> for Report {
    fn from(failure: Failure) -> Self {
        Self::default().refused(Some(failure))
    }
}
