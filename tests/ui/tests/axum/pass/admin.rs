//! The administrator's routes, for the product's own administrator.

use axum::extract::FromRequestParts;
use license_axum::{Actor, Installer, Problem, Routes, admin_routes};

struct Admin;

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut http::request::Parts, _: &S) -> Result<Self, Problem> {
        Err(Problem::new(401, "unauthenticated", "Sign in as an administrator."))
    }
}

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Actor::new("admin", None)
    }
}

fn app<I: Installer>(manager: I) -> Routes {
    Routes::new().nest("/api/license", admin_routes::<Admin, _>(manager))
}

fn main() {}
