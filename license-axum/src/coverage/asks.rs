//! What a route says of itself.

use std::borrow::Cow;

use license_tower::Mark;

use super::Gate;
use crate::openapi::Ready;

/// What a route says that it asks for, beside what its handler's arguments
/// show; see [`coverage`](crate::coverage).
///
/// It says, and does not ask: the handler does. `RequireFeature` in its
/// arguments does both.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Asks {
    pub(crate) gates: Vec<Gate>,
    pub(crate) free: bool,
    pub(crate) mark: Option<Mark>,
    pub(crate) ready: Option<Ready>,
}

impl Asks {
    /// For everybody who has a license at all: nothing of it is asked for.
    pub fn free(self) -> Self {
        Self { free: true, ..self }
    }

    /// A feature, which the handler asks for inside.
    pub fn feature(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.gate(Gate::Feature(name.into()))
    }

    /// A feature, with which the handler does more.
    pub fn optional_feature(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.gate(Gate::OptionalFeature(name.into()))
    }

    /// Room in a limit, which the handler reserves or consumes.
    pub fn limit(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.gate(Gate::Limit(name.into()))
    }

    /// A place among the hosts that are connected.
    pub fn lease(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.gate(Gate::Lease(name.into()))
    }

    /// It only reads, whatever its method says; see [`Routes::safe`](crate::Routes::safe).
    pub fn safe(self) -> Self {
        self.mark(Mark::Safe)
    }

    /// It changes something, whatever its method says; see
    /// [`Routes::changing`](crate::Routes::changing).
    pub fn changing(self) -> Self {
        self.mark(Mark::Changing)
    }

    /// A route of this crate, for everybody who may ask at all.
    pub(crate) fn ready(self, ready: Ready) -> Self {
        Self { ready: Some(ready), ..self.free() }
    }

    pub(crate) fn mark(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }

    fn gate(mut self, gate: Gate) -> Self {
        self.gates.push(gate);
        self
    }
}
