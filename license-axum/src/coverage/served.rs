//! The coverage, served to administrators.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use license_core::Actor;

use super::Coverage;
use crate::{
    Problem,
    json::json,
    openapi::Ready,
    routing::{MethodRoutes, get_with},
};

/// Where routes put their coverage once they are finished.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot(Arc<OnceLock<Coverage>>);

impl Slot {
    pub(crate) fn fill(&self, coverage: &Coverage) {
        // Routes that are finished twice say the same twice.
        let _ = self.0.set(coverage.clone());
    }

    pub(crate) fn get(&self) -> Option<&Coverage> {
        self.0.get()
    }

    /// The answer before they are.
    pub(crate) fn unfinished() -> Problem {
        Problem::new(404, "not_found", "The routes were not finished by `enforce`.")
    }
}

/// `GET /routes` of [`admin_routes`](crate::admin_routes) alone: what every route
/// of the service asks for. Known once [`enforce`](crate::enforce) has it all.
pub fn coverage_route<A, S>() -> MethodRoutes<S>
where
    A: FromRequestParts<S, Rejection: 'static> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let slot = Slot::default();
    let found = slot.clone();
    let answer = move |_: A| async move { found.get().map(json).ok_or_else(Slot::unfinished) };
    get_with(answer, |asks| asks.ready(Ready::Routes)).telling(slot)
}
