//! What the installed and the waiting license will do, and when.

use serde::Serialize;

use crate::{
    decide::Installed,
    policy::{Phase, Policy, Restriction},
    time::{Timestamp, guard::ClockReading},
};

/// One future change, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// When it happens.
    pub at: Timestamp,
    /// The phase from then on.
    pub phase: Phase,
    /// What it means.
    pub effect: String,
}

/// Every future change of phase or license, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Timeline {
    /// The changes.
    pub transitions: Vec<Transition>,
}

impl Timeline {
    /// The changes after `reading`, found by asking where the service will
    /// stand at each moment at which anything can change.
    pub(crate) fn of(installed: &Installed, policy: &Policy, reading: &ClockReading) -> Self {
        let now = reading.judged();
        let mut moments: Vec<Timestamp> =
            installed.transitions(policy).filter(|moment| *moment > now).collect();
        moments.sort_unstable();
        moments.dedup();
        let mut transitions = Vec::new();
        let mut before = installed.verdict(policy, reading);
        for at in moments {
            let verdict = installed.verdict(policy, &ClockReading::sound(at));
            if !verdict.same_for_requests(&before) {
                let takes_over = verdict.next_has_begun && !before.next_has_begun;
                let effect = effect(verdict.phase, policy, takes_over);
                transitions.push(Transition { at, phase: verdict.phase, effect });
            }
            before = verdict;
        }
        Self { transitions }
    }
}

/// What a phase means for the people who use the service.
fn effect(phase: Phase, policy: &Policy, takes_over: bool) -> String {
    let meaning = match (phase, policy.enforced(phase)) {
        (Phase::Active, _) => "Everything the license grants works.",
        (Phase::Expiring, _) => "Everything works; administrators are warned of the expiry.",
        (Phase::Grace, _) => "The license has expired; everything works in grace, with warnings.",
        (_, None | Some(Restriction::Advisory)) => {
            "The license has expired; everything works, with warnings."
        }
        (_, Some(Restriction::Features)) => "Licensed features are refused; all else goes on.",
        (_, Some(Restriction::ReadOnly)) => "Changes are refused; reading goes on.",
        (_, Some(Restriction::Everything)) => {
            "The service is refused until it has a license again."
        }
    };
    if takes_over {
        format!("The waiting license takes over. {meaning}")
    } else {
        meaning.to_owned()
    }
}
