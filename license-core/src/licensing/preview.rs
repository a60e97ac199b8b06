//! What an installation would change, told before it is carried out.

use super::{InstallRequest, Licensing};
use crate::{
    decide::{
        Admission, View,
        admission::{self, Upload},
    },
    license::License,
    report::{Difference, DryRun, Timeline, Warning, WarningLevel},
    time::{SharedTime, guard::Reading},
    verify::Verified,
};

impl Licensing {
    /// Judges an upload as [`prepare_by`](Self::prepare_by) does and tells what
    /// installing it would change; changes nothing. `used` tells how much of a
    /// limit is used.
    pub fn preview_by(
        &self,
        time: SharedTime,
        verified: &Verified,
        request: &InstallRequest,
        used: impl Fn(&str) -> Option<u64>,
    ) -> DryRun {
        self.look_by(time, |view, reading| {
            let upload = Upload { host: request.host.as_deref(), force: request.force };
            let now = Timeline::of(view.holdings, view.policy, reading);
            let installation = match self.judged(view, reading, verified, upload) {
                Ok(installation) => installation,
                Err(error) => return DryRun::refused(Some(verified.digest), &error, now),
            };
            let license = &verified.license;
            let judged = reading.judged();
            let begins = license.term.not_before.filter(|begins| *begins > judged);
            let effective = view.holdings.effective(view.standing.next_has_begun);
            let effective = effective.map(|it| &it.license);
            let difference = Difference::between_used(effective, license, &used);
            let admission = installation.admission();
            let after = installation.holdings_after(view.holdings);
            let then = match installation.mark_after_reset() {
                Some(mark) => Reading::sound(mark),
                None => *reading,
            };
            DryRun {
                would_install: true,
                digest: Some(verified.digest),
                begins: Some(begins.unwrap_or(judged)),
                warnings: view.notes(admission, license, &difference, upload, &used),
                gained: difference.gained,
                lost: difference.lost,
                timeline_then: Timeline::of(&after, view.policy, &then),
                timeline_now: now,
                ..DryRun::default()
            }
        })
    }
}

impl View<'_> {
    /// What to know before installing.
    fn notes(
        self,
        admission: Admission,
        license: &License,
        difference: &Difference,
        upload: Upload<'_>,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Vec<Warning> {
        let mut notes = Vec::new();
        let waits = self.holdings.next.is_some() && !self.standing.next_has_begun;
        match admission {
            Admission::Unchanged => {
                notes.push(warning("installed", "This license is installed already."));
            }
            Admission::Next => {
                let begins = license.term.not_before.unwrap_or(license.issued_at);
                let text = format!("The license waits until {begins} and then takes over.");
                notes.push(warning("waits", text));
                if waits {
                    let text = "It replaces the license that waits now.";
                    notes.push(warning("replaces_waiting", text));
                }
            }
            Admission::Current => {}
        }
        notes.extend(difference.warnings.iter().cloned());
        if !difference.lost.is_empty() {
            let text = "The license allows less than the one in force.";
            notes.push(warning("allows_less", text));
        }
        for (name, limit) in license.limits() {
            if let (Some(max), Some(used)) = (limit.max(), used(name))
                && used > max
            {
                let text = format!(
                    "{name}: {used} in use, {max} licensed. Nothing is taken away; no more can \
                     be added."
                );
                notes.push(warning("limit_exceeded", text));
            }
        }
        if let Some(mismatch) = admission::host_mismatch(license, upload.host) {
            let text = format!("This would lock out the host in use: {mismatch}.");
            notes.push(warning("locks_out_host", text));
        }
        notes
    }
}

fn warning(code: &'static str, text: impl Into<String>) -> Warning {
    Warning::new(code, WarningLevel::Warning, text)
}
