//! What was answered.

use std::fmt;

use super::State;

/// What a route answers: its status and the code of the denial, or that the
/// license let it pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The license lets it pass; with the status where something else does not.
    Passes(Option<u16>),
    Refused {
        status: u16,
        code: String,
    },
    /// What it should answer is not known.
    NotAsked,
}

/// What every route answers in every state, where all is as it should be. As
/// text it has a line for each, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub(super) Vec<(State, Vec<(String, Outcome)>)>);

/// A route that answers something else than the license says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The state of the license.
    pub state: State,
    /// The route: `GET /users/{id}`.
    pub route: String,
    pub(super) expected: Outcome,
    pub(super) found: Outcome,
}

/// The routes that answer something else than the license says; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatches(pub(super) Vec<Mismatch>);

impl Mismatches {
    /// Each, in the order of states and routes.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.0
    }
}

impl Outcome {
    /// Whether the license says the same.
    pub(super) fn is_as(&self, expected: &Self) -> bool {
        self == expected || matches!((self, expected), (Self::Passes(_), Self::Passes(_)))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes(None) => f.write_str("passes"),
            Self::Passes(Some(status)) => write!(f, "{status}, not by the license"),
            Self::Refused { status, code } => write!(f, "{status} {code}"),
            Self::NotAsked => f.write_str("not asked"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (state, routes) in &self.0 {
            writeln!(f, "{state}")?;
            for (route, outcome) in routes {
                writeln!(f, "  {route}: {outcome}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, route, expected, found } = self;
        write!(f, "{route}, {state}: by its coverage `{expected}`, answered `{found}`")
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these routes answer something else than the license says:")?;
        self.0.iter().try_for_each(|it| write!(f, "\n  {it}"))
    }
}

impl std::error::Error for Mismatches {}
