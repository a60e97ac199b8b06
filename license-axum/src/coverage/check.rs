//! Whether every route says something, and something that there is.

use std::fmt;

use license_core::Product;

use super::{Access, Coverage, CoveredRoute, Gate};

/// What is wrong with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GapKind {
    /// It is in the scope of the layer, and neither asks for anything nor says
    /// that it is free.
    Unsaid,
    /// It asks for a feature that the profile does not list.
    UnknownFeature,
    /// It asks for a limit that the profile does not list.
    UnknownLimit,
    /// It says that it is free, and asks for something.
    FreeAndGated,
    /// It stays open for whoever renews, and asks for something: whoever renews is locked
    /// out.
    OpenAndGated,
    /// It asks for something, and the OpenAPI document does not have it.
    Undocumented,
    /// The OpenAPI document says that it asks for something else.
    DocumentedOtherwise,
}

/// A route with which something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The route: `GET /users/{id}`.
    pub route: String,
    /// What is wrong.
    pub kind: GapKind,
    text: String,
}

/// The routes with which something is wrong; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gaps(Vec<Gap>);

impl Coverage {
    /// Whether every route that the layer covers says what it asks for, and
    /// each name is one of the product's. A profile that lists no features
    /// knows all.
    ///
    /// # Errors
    ///
    /// All routes with which something is wrong.
    pub fn check(&self, product: &Product) -> Result<(), Gaps> {
        let gaps: Vec<Gap> = self.routes().iter().flat_map(|it| gaps_of(it, product)).collect();
        if gaps.is_empty() { Ok(()) } else { Err(Gaps(gaps)) }
    }
}

fn gaps_of(route: &CoveredRoute, product: &Product) -> Vec<Gap> {
    let gap = |kind, text| Gap { route: route.to_string(), kind, text };
    let mut gaps = Vec::new();
    if route.access == Access::Unsaid && route.in_scope {
        let text = "says nothing of the license: ask for a feature or limit, or say \
                    `|asks| asks.free()` beside the handler (`license_axum::routing`)";
        gaps.push(gap(GapKind::Unsaid, text.to_owned()));
    }
    let granted = route.gates.iter().find(|gate| gate.is_granted());
    let granted = granted.and_then(Gate::name).unwrap_or_default();
    match route.access {
        Access::Free if !granted.is_empty() => {
            let text = format!("says that it is free, and asks for `{granted}`");
            gaps.push(gap(GapKind::FreeAndGated, text));
        }
        Access::Recovery if !granted.is_empty() || route.gates.contains(&Gate::License) => {
            let what = if granted.is_empty() { "a license" } else { granted };
            let text = format!(
                "stays open for whoever renews the license, and asks for `{what}`: add it to the \
                 routes after what asks for that, or ask elsewhere"
            );
            gaps.push(gap(GapKind::OpenAndGated, text));
        }
        _ => {}
    }
    for gate in &route.gates {
        match gate {
            Gate::Feature(name) | Gate::OptionalFeature(name) => {
                if let Err(error) = product.check_features([name]) {
                    gaps.push(gap(GapKind::UnknownFeature, error.to_string()));
                }
            }
            Gate::Limit(name) | Gate::Lease(name) if !product.limits().contains_key(&**name) => {
                let listed: Vec<_> = product.limits().keys().map(String::as_str).collect();
                let text = format!(
                    "the profile of {} does not list `{name}`; correct the name, or add it to \
                     [limits]: {}",
                    product.name(),
                    listed.join(", ")
                );
                gaps.push(gap(GapKind::UnknownLimit, text));
            }
            Gate::Limit(_) | Gate::Lease(_) | Gate::License | Gate::OptionalLicense => {}
        }
    }
    gaps
}

impl Gap {
    pub(crate) fn new(route: String, kind: GapKind, text: String) -> Self {
        Self { route, kind, text }
    }
}

impl Gaps {
    pub(crate) fn of(gaps: Vec<Gap>) -> Self {
        Self(gaps)
    }

    /// Each, by path.
    pub fn gaps(&self) -> &[Gap] {
        &self.0
    }
}

impl fmt::Display for CoveredRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.methods {
            [] => write!(f, "any method of {}", self.path),
            methods => write!(f, "{} {}", methods.join("/"), self.path),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.route, self.text)
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the license coverage of these routes is wrong:")?;
        self.0.iter().try_for_each(|gap| write!(f, "\n  {gap}"))
    }
}

impl std::error::Error for Gaps {}
