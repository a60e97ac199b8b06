//! How a license follows another: without a gap and for longer, or not.

use crate::{License, Timestamp, Warning, WarningLevel, text::counted};

/// How one license follows another.
///
/// It *covers* what comes after the other's end where it begins by then and
/// ends later. Whoever asks for a renewal and has one that covers is done;
/// otherwise there is something to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Succession {
    /// From when to when neither is in force.
    pub gap: Option<(Timestamp, Timestamp)>,
    /// When the new one ends, where that is not later than the other.
    pub earlier_end: Option<Timestamp>,
}

impl Succession {
    /// How `new` follows `old`.
    pub fn of(old: &License, new: &License) -> Self {
        let (old, new) = (old.term(), new.term());
        let begins = new.not_before.filter(|begins| *begins > old.expires_at);
        Self {
            gap: begins.map(|begins| (old.expires_at, begins)),
            earlier_end: Some(new.expires_at).filter(|ends| *ends <= old.expires_at),
        }
    }

    /// Whether the new license covers what comes after the old one.
    pub fn covers(&self) -> bool {
        self.gap.is_none() && self.earlier_end.is_none()
    }

    /// What is to be known of it; `which` is the new license, as a sentence
    /// begins: `The waiting license`.
    pub(crate) fn warnings(&self, which: &str, old: &License) -> Vec<Warning> {
        let warning = |code, text| Warning::new(code, WarningLevel::Warning, text);
        let gap = self.gap.map(|(from, until)| {
            let days = counted(until.days_since(from), "day");
            let text = format!(
                "{which} begins after a gap of {days}: none is in force from {from} to {until}."
            );
            warning("license_gap", text)
        });
        let end = self.earlier_end.map(|ends| {
            let instead_of = old.term().expires_at;
            let on = ends.last_day();
            let text = if ends == instead_of {
                format!("{which} ends when the one in force does, on {on}.")
            } else {
                let days = counted(instead_of.days_since(ends), "day");
                let instead_of = instead_of.last_day();
                format!(
                    "{which} ends on {on}, {days} earlier than the one in force ({instead_of})."
                )
            };
            warning("license_ends_earlier", text)
        });
        gap.into_iter().chain(end).collect()
    }
}
