//! Which route asks for what of the license.
//!
//! [`Routes`](crate::Routes) know it, [`enforce`](crate::enforce) adds what the
//! layer covers, and [`Enforced::coverage`](crate::Enforced::coverage) gives
//! it as data. A line in the product's tests fails by a route's name where one
//! says nothing, or names what the profile does not know:
//!
//! ```
//! # use license_core::{Licensing, testing::Vendor};
//! use license_axum::{LicenseLayer, RequireFeature, Routes, assert_covered, enforce, licensed};
//! use license_axum::routing::{get, get_with, post_with};
//!
//! #[licensed]
//! async fn saml(_: RequireFeature<"sso-saml">) {}
//! async fn create() {}
//! # let product = license_core::Product::builder("a", "https://b.example", "c")
//! #     .feature("sso-saml", "SAML").limit("users", license_core::license::LimitKind::Seats).build().unwrap();
//! # let licensing = Licensing::new(Vendor::of(product.clone()).verifier());
//!
//! let routes = Routes::new()
//!     .route("/api/sso", get(saml))
//!     .route("/api/users", get_with(async || "all", |asks| asks.free()))
//!     .route("/api/users/new", post_with(create, |asks| asks.limit("users")))
//!     .with_state(licensing.clone());
//! let app = enforce(routes, LicenseLayer::new(&licensing).scope("/api/**").unwrap());
//!
//! assert_covered!(app, &product);
//! assert_eq!(app.coverage().routes()[0].gates[0].name(), Some("sso-saml"));
//! ```
//!
//! # What is found by itself, and what is said
//!
//! A gate in a handler's arguments is found: [`RequireFeature`](crate::RequireFeature) and
//! [`CurrentLicense`](crate::CurrentLicense), alone and in `Option`, and `HostUpgrade`. The
//! extractor itself is asked, once, when the routes get their state, and so it
//! does not matter how the feature is spelled, or whether the handler is a
//! function or a closure. It needs [`routing`](crate::routing) in the place of
//! axum's module of that name: a `MethodRouter` of axum has forgotten its
//! handlers.
//!
//! What is found in no argument is said beside the handler, `get_with(handler,
//! |asks| …)`: a feature that is asked for inside
//! ([`feature`](Asks::feature)), a limit ([`limit`](Asks::limit)), hosts
//! ([`lease`](Asks::lease)), and that a route is for everybody who has a license at
//! all ([`free`](Asks::free)). So is a gate within an extractor of the product's own or
//! in `Result<RequireFeature<_>, _>`. What a [`FeatureLayer`](crate::FeatureLayer) asks
//! of a group of routes says [`Routes::require`](crate::Routes::require).
//!
//! What answers where no route is, [`Routes::fallback`](crate::Routes::fallback), is no
//! route, and what is put around or in front of a finished service is not known here.
//!
//! Nothing of this is looked at while a request is answered.

mod ask;
mod asks;
mod check;
mod served;

use std::borrow::Cow;

use http::Method;
use license_tower::Mark;
use serde::{Serialize, Serializer};

use crate::openapi::Ready;

pub use ask::Gated;
pub(crate) use ask::Question;
pub use asks::Asks;
pub use check::{Gap, GapKind, Gaps};
pub(crate) use served::Slot;
pub use served::coverage_route;

/// Something of a license that a route asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gate {
    /// A feature, without which the route is refused.
    Feature(Cow<'static, str>),
    /// A feature, with which the route does more.
    OptionalFeature(Cow<'static, str>),
    /// Room in a limit.
    Limit(Cow<'static, str>),
    /// A place among the hosts that are connected.
    Lease(Cow<'static, str>),
    /// A license, whatever it grants.
    License,
    /// A license, with which the route does more.
    OptionalLicense,
}

impl Gate {
    /// The name of the feature or limit, where it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Feature(name)
            | Self::OptionalFeature(name)
            | Self::Limit(name)
            | Self::Lease(name) => Some(name),
            Self::License | Self::OptionalLicense => None,
        }
    }

    /// Whether it refuses whom a license does not grant it to; a route for everybody who
    /// has a license has none that does.
    pub(crate) fn is_granted(&self) -> bool {
        !matches!(self, Self::OptionalFeature(_) | Self::License | Self::OptionalLicense)
    }
}

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Access {
    /// It asks for something of the license.
    Gated,
    /// It asks for nothing, and says so.
    Free,
    /// It stays open whatever is refused.
    Recovery,
    /// It says nothing.
    Unsaid,
}

/// A route and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CoveredRoute {
    /// The path as the routes have it: `/users/{id}`; with `/{*}` at its end
    /// where a service answers for everything below.
    pub path: String,
    /// The methods, `GET`; none where a service of its own answers for all.
    pub methods: Vec<&'static str>,
    /// Whom it is for.
    pub access: Access,
    /// What it asks for.
    pub gates: Vec<Gate>,
    /// Whether it reads or changes, where its method does not tell.
    #[serde(serialize_with = "mark_name")]
    pub mark: Option<Mark>,
    /// Whether it is in the scope of the layer around it, and so has to say what
    /// it asks for.
    pub in_scope: bool,
    /// Whether that is a [`LicenseLayer`](crate::LicenseLayer), which asks for the
    /// term, the domain and read-only.
    pub enforced: bool,
    /// Which of this crate's own it is.
    #[serde(skip)]
    pub(crate) ready: Option<Ready>,
}

impl CoveredRoute {
    /// Whether the license layer may refuse it: it is enforced and does not stay
    /// open.
    pub(crate) fn is_closed(&self) -> bool {
        self.enforced && self.access != Access::Recovery
    }

    /// Whether it changes something when it is asked by this method.
    pub(crate) fn changes(&self, method: &Method) -> bool {
        Mark::changes(self.mark, method)
    }
}

/// Every route of a service and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    routes: Vec<CoveredRoute>,
}

impl Coverage {
    pub(crate) fn of(mut routes: Vec<CoveredRoute>) -> Self {
        routes.sort_by(|one, other| (&one.path, &one.methods).cmp(&(&other.path, &other.methods)));
        Self { routes }
    }

    /// The routes, by path.
    pub fn routes(&self) -> &[CoveredRoute] {
        &self.routes
    }

    /// The one that answers this method at this path, as the routes have it.
    pub fn route(&self, method: &str, path: &str) -> Option<&CoveredRoute> {
        let answers = |it: &&CoveredRoute| {
            it.path == path && (it.methods.is_empty() || it.methods.contains(&method))
        };
        self.routes.iter().find(answers)
    }
}

/// What knows its [`Coverage`], for [`assert_covered!`](crate::assert_covered).
pub trait Covered {
    /// Every route and what it asks for.
    fn coverage(&self) -> Coverage;
}

impl Covered for Coverage {
    fn coverage(&self) -> Coverage {
        self.clone()
    }
}

/// Fails with the names of the routes that say nothing of the license, or that
/// ask for what the product's profile does not know; for a test of the
/// product. See [`coverage`](crate::coverage).
#[macro_export]
macro_rules! assert_covered {
    ($app:expr, $product:expr $(,)?) => {
        if let Err(gaps) = $crate::coverage::Covered::coverage(&$app).check($product) {
            panic!("{gaps}");
        }
    };
}

fn mark_name<S: Serializer>(mark: &Option<Mark>, serializer: S) -> Result<S::Ok, S::Error> {
    match mark {
        Some(Mark::Safe) => serializer.serialize_some("safe"),
        Some(Mark::Changing) => serializer.serialize_some("changing"),
        _ => serializer.serialize_none(),
    }
}
