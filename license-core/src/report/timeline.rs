//! What the installed and the waiting license will do, and when.

use serde::Serialize;

use super::{note::Note, simulation::Refusal};
use crate::{
    decide::Installed,
    policy::{Phase, Policy, Restriction},
    refusal::DenialCode,
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
    pub effect: Note,
    /// How requests are refused from then on, those that are. Not serialised.
    #[serde(skip)]
    pub refused: Option<Refusal>,
    /// Whether the waiting license takes over. Not serialised.
    #[serde(skip)]
    pub takes_over: bool,
}

/// Every future change of phase or license, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Timeline {
    /// What holds at the moment for which it is told; `None` for an empty one.
    /// Not serialised.
    #[serde(skip)]
    pub now: Option<Transition>,
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
        let transition = |at, phase, takes_over| Transition {
            at,
            phase,
            effect: effect(phase, policy, takes_over),
            refused: refused(phase, policy),
            takes_over,
        };
        let at_first = transition(now, before.phase, false);
        for at in moments {
            let verdict = installed.verdict(policy, &ClockReading::sound(at));
            if !verdict.same_for_requests(&before) {
                let takes_over = verdict.next_has_begun && !before.next_has_begun;
                transitions.push(transition(at, verdict.phase, takes_over));
            }
            before = verdict;
        }
        Self { now: Some(at_first), transitions }
    }
}

/// What a phase means for the people who use the service.
fn effect(phase: Phase, policy: &Policy, takes_over: bool) -> Note {
    let (code, meaning) = match (phase, policy.enforced(phase)) {
        (Phase::Active, _) => ("active", "Everything the license grants works."),
        (Phase::Expiring, _) => {
            ("expiring", "Everything works; administrators are warned of the expiry.")
        }
        (Phase::Grace, _) => {
            ("grace", "The license has expired; everything works in grace, with warnings.")
        }
        (Phase::Invalid(_), None | Some(Restriction::Advisory)) => {
            ("advisory_invalid", "The license is not in force; everything works, with warnings.")
        }
        (_, None | Some(Restriction::Advisory)) => {
            ("advisory", "The license has expired; everything works, with warnings.")
        }
        (_, Some(Restriction::Features)) => {
            ("features", "Licensed features are refused; all else goes on.")
        }
        (_, Some(Restriction::ReadOnly)) => ("read_only", "Changes are refused; reading goes on."),
        (_, Some(Restriction::Everything)) => {
            ("everything", "The service is refused until it has a license again.")
        }
    };
    match takes_over {
        true => Note::new(code, format!("The waiting license takes over. {meaning}")),
        false => Note::new(code, meaning),
    }
}

/// How those requests are answered that a phase refuses.
fn refused(phase: Phase, policy: &Policy) -> Option<Refusal> {
    let (code, status) = match (policy.enforced(phase)?, phase.code()) {
        (Restriction::Advisory, _) => return None,
        (Restriction::Features, Some(code)) if phase != Phase::Lapsed => (code, 402),
        (Restriction::Features, _) => (DenialCode::FeatureLapsed, 402),
        (Restriction::ReadOnly, _) => (DenialCode::ReadOnly, 402),
        (Restriction::Everything, code) => (code?, code?.default_status()),
    };
    Some(Refusal { status: policy.status_of(code, status), code: code.as_str() })
}
