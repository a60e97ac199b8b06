//! What a service that runs knows of itself.

use super::{
    Diagnosis, Finding, Outcome, Surroundings,
    conditions::{MET, Seen, Way},
    token::STEPS,
};
use crate::{
    decide::Snapshot,
    refusal::{Check, Denial, DenialCode},
    time::guard::ClockReading,
    verify::Verifier,
};

impl Diagnosis {
    /// Examines the license that is offered to a service, or else the one that
    /// it has, and how they get on.
    pub(crate) fn of_service(
        verifier: &Verifier,
        view: Snapshot<'_>,
        reading: &ClockReading,
        offered: Option<&[u8]>,
        surroundings: &Surroundings,
    ) -> Self {
        let mut diagnosis = Self::new([]);
        let clock_is_right = diagnosis.clock(reading);
        let held = view.installed.effective(view.verdict.next_has_begun);
        let held = held.or(view.installed.next.as_ref());
        let Some(bytes) = offered.or(held.map(|it| it.token.as_str().as_bytes())) else {
            diagnosis.extend(view.missing());
            diagnosis.leave(STEPS.iter().map(|(check, _)| *check).chain(MET));
            return diagnosis;
        };
        let mut judged = Self::new([]);
        let mut verified = judged.verify(verifier, bytes);
        if let (None, Some(_), Some(held)) = (&verified, offered, held) {
            // What is refused takes nothing away from what was accepted before.
            let refused = judged.findings.into_iter().next();
            diagnosis.extend(refused.map(|it| view.stays(it, surroundings.source())));
            judged = Self::new([]);
            verified = judged.verify(verifier, held.token.as_str().as_bytes());
        }
        diagnosis.extend([Finding::ok(Check::License, "There is a license.")]);
        diagnosis.extend(judged.findings);
        diagnosis.not_checked.extend(judged.not_checked);
        match verified {
            None => diagnosis.leave(MET),
            Some(verified) => {
                let seen = Seen {
                    installed: view.installed,
                    policy: view.policy,
                    reading,
                    surroundings,
                    knows_machine: true,
                    way: Way::Given,
                };
                diagnosis.meet(&verified, &seen, clock_is_right);
            }
        }
        let cure = "Ask the vendor for a license that goes on where the one in force ends.";
        let succession = view.succession_warnings().into_iter();
        diagnosis.extend(
            succession.map(|it| Finding::warning(Check::Term, it.code, it.text).cure(cure)),
        );
        diagnosis
    }
}

impl Snapshot<'_> {
    /// That a source offers what is refused, while another license is at hand.
    fn stays(self, refused: Finding, source: &str) -> Finding {
        let (outcome, stays) = match self.verdict.phase.is_in_force() {
            true => (Outcome::Warning, "The license in force stays in force."),
            false => (Outcome::Failed, "The license that was accepted before is kept."),
        };
        let text = format!("{source} holds no license that is accepted. {}", refused.text);
        Finding { check: Check::Source, outcome, text, ..refused }.and(stays)
    }

    /// Why there is no license, and how one gets here.
    fn missing(self) -> Option<Finding> {
        let code = self.verdict.phase.code()?;
        let check = if code == DenialCode::StateCorrupt { Check::Store } else { Check::License };
        let denial = Denial::new(code, code.default_status());
        let problem = denial.with_delivery(self.installed.delivery).problem();
        let finding = Finding::failed(check, code.as_str(), problem.detail);
        Some(problem.remedy.into_iter().fold(finding, Finding::cure))
    }
}
