//! What an installation would change, told before it is carried out.

use super::{Control, InstallRequest};
use crate::{
    decide::{
        Admission, Snapshot,
        admission::{self, HostCheck},
    },
    license::License,
    report::{Difference, DryRun, Fact, LicenseStatus, Timeline, Warning, WarningLevel},
    text,
    time::{SharedTime, guard::ClockReading},
    verify::VerifiedLicense,
};

impl Control<'_> {
    /// Judges an upload as [`prepare_by`](Self::prepare_by) does and tells what
    /// installing it would change; changes nothing. `used` tells how much of a
    /// limit is used.
    pub fn preview_by(
        self,
        time: SharedTime,
        verified: &VerifiedLicense,
        request: &InstallRequest,
        used: impl Fn(&str) -> Option<u64>,
    ) -> DryRun {
        self.licensing.observe_shared(time, |view, reading| {
            let host_check = HostCheck { host: request.host.as_deref(), force: request.force };
            let now = Timeline::of(view.installed, view.policy, reading);
            let installation = match self.licensing.judged(view, reading, verified, host_check) {
                Ok(installation) => installation,
                Err(error) => return DryRun::refused(Some(verified.digest), &error, now),
            };
            let license = &verified.license;
            let judged = reading.judged();
            let begins = license.term.not_before.filter(|begins| *begins > judged);
            let effective = view.installed.effective(view.verdict.next_has_begun);
            let effective = effective.map(|it| &it.license);
            let difference = Difference::between_used(effective, license, &used);
            let admission = installation.admission();
            let after = installation.installed_after(view.installed);
            let then = match installation.mark_after_reset() {
                Some(mark) => ClockReading::sound(mark),
                None => *reading,
            };
            DryRun {
                would_install: true,
                digest: Some(verified.digest),
                begins: Some(begins.unwrap_or(judged)),
                warnings: view.notes(admission, license, &difference, host_check, &used),
                license: Some(LicenseStatus::of(license, view.policy, judged, &used)),
                phase_now: Some(view.verdict.phase),
                phase_then: Some(after.verdict(view.policy, &then).phase),
                gained: difference.gained,
                lost: difference.lost,
                timeline_then: Timeline::of(&after, view.policy, &then),
                timeline_now: now,
                ..DryRun::default()
            }
        })
    }
}

impl Snapshot<'_> {
    /// What to know before installing.
    fn notes(
        self,
        admission: Admission,
        license: &License,
        difference: &Difference,
        host_check: HostCheck<'_>,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Vec<Warning> {
        let mut notes = Vec::new();
        let waits = self.installed.next.is_some() && !self.verdict.next_has_begun;
        match admission {
            Admission::Unchanged => {
                notes.push(warning("installed", "This license is installed already."));
            }
            Admission::Next => {
                let begins = license.term.not_before.unwrap_or(license.issued_at);
                let text = format!("The license waits until {begins} and then takes over.");
                notes.push(warning("waits", text).with("date", Fact::Moment(begins)));
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
                let warning = warning("limit_exceeded", text);
                let warning = warning.with("limit", name.as_str());
                notes.push(warning.with("used", used).with("max", max));
            }
        }
        if let Some(mismatch) = admission::host_mismatch(license, host_check.host) {
            let text = format!("This would lock out the host in use: {mismatch}.");
            let domain = license.domain.as_ref().map(ToString::to_string);
            let host = text::shown(host_check.host.unwrap_or_default());
            let warning = warning("locks_out_host", text).with("host", host);
            notes.push(warning.with("domain", domain.unwrap_or_default()));
        }
        notes
    }
}

fn warning(code: &'static str, text: impl Into<String>) -> Warning {
    Warning::new(code, WarningLevel::Warning, text)
}
