//! The administrator's routes, for nobody in particular: left out, not an
//! extractor, and not a person.

use license_axum::{Installer, Routes, admin_routes};

struct Admin;

fn left_out<I: Installer>(manager: I) -> Routes {
    Routes::new().nest("/api/license", admin_routes(manager))
}

fn no_extractor<I: Installer>(manager: I) -> Routes {
    Routes::new().nest("/api/license", admin_routes::<Admin, _>(manager))
}

fn nobody<I: Installer>(manager: I) -> Routes {
    Routes::new().nest("/api/license", admin_routes::<http::Method, _>(manager))
}

fn main() {}
