//! What of a refusal is logged, in a process of its own: which events are of
//! interest is remembered for the whole process.
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "http/support.rs"]
mod support;

use std::{cell::Cell, io, sync::Once};

use axum::{Router, routing::get as on_get};
use license_axum::{RequireFeature, features};

use crate::support::{Service, get};

features! {
    /// Single sign-on.
    pub Sso = "sso-saml";
}

thread_local! {
    static EVENTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts this thread's events from now on. The one subscriber is there for
/// every thread before any of them logs, so that no test misses what another
/// was the first to log.
fn count_events() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let count = || {
            EVENTS.set(EVENTS.get() + 1);
            io::sink()
        };
        let subscriber = tracing_subscriber::fmt().with_writer(count).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    EVENTS.set(0);
}

#[tokio::test]
async fn refusals_are_logged_and_features_that_are_merely_off_are_not() {
    count_events();
    let service = Service::new();
    service.vendor.license().install(&service.licensing);
    let app = Router::new()
        .route("/required", on_get(async |_: RequireFeature<Sso>| ()))
        .route("/again", on_get(async |_: RequireFeature<Sso>| ()))
        .route("/optional", on_get(async |_: Option<RequireFeature<Sso>>| ()))
        .with_state(service.state());
    get(&app, "/optional").await;
    assert_eq!(EVENTS.get(), 0);
    get(&app, "/required").await;
    get(&app, "/again").await;
    assert_eq!(EVENTS.get(), 1, "one event for each code");
}
