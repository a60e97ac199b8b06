//! A small set of figures to watch from change to change.

use std::{hint::black_box, time::Duration};

use axum::{Router, routing};
use http::{HeaderValue, Request, header};
use license_axum::RequireFeature;
use license_core::{Clock, DomainPattern, Feature, SystemClock, Timestamp, host::Host};
use license_tower::FeatureLayer;

use crate::{
    Group, Row, axum_rows,
    beside::Beside,
    fixture::{self, DOMAIN, FEATURE, HOST, PATH, SsoSaml, Tenants},
    nothing::NothingExtracted,
    plain::{self, Slots},
};

/// Repeats a decision; 200 when the last one allowed.
fn decision(mut decide: impl FnMut() -> bool + 'static) -> impl FnMut(u64) -> u16 + 'static {
    move |times| {
        let mut allowed = false;
        for _ in 0..times {
            allowed = black_box(decide());
        }
        if allowed { 200 } else { 403 }
    }
}

/// Swaps on the thread that is timed.
fn swap(id: &'static str, label: &str) -> (Row, license_core::Licensing) {
    let (licensing, mut swap) = fixture::swapping(Some(DOMAIN));
    let row = Row::new(id, label, move |times| {
        (0..times).for_each(|_| swap());
        200
    });
    (row, licensing)
}

pub(crate) fn group() -> Group {
    let licensing = fixture::licensed(Some(DOMAIN));

    let tenants = FeatureLayer::new(&licensing, Tenants::NAME).expect("the name is valid");
    let deny = plain::row(
        "track/deny",
        "deny: `feature_not_licensed`, answered",
        Slots::new(Request::default()),
        tenants,
    );

    let clock = decision(|| SystemClock::new().now_coarse() > Timestamp::MIN);

    let handle = licensing.clone();
    let state_load = decision(move || handle.check_service().is_ok());

    let handle = licensing.clone();
    let feature = decision(move || handle.check_feature(black_box(FEATURE)).is_ok());

    let pattern = DomainPattern::parse(DOMAIN).expect("the pattern is valid");
    let headers = axum_rows::head().headers;
    let host_match = decision(move || {
        let lines = black_box(&headers).get_all(header::HOST).iter().map(HeaderValue::as_bytes);
        Host::resolve(None, lines).is_ok_and(|host| pattern.matches(&host))
    });
    debug_assert!(HOST.ends_with(DOMAIN.trim_start_matches('*')));

    let route = Router::new()
        .route(PATH, routing::get(async |_: NothingExtracted| ()))
        .with_state(licensing.clone());
    let extractor = Router::new()
        .route(PATH, routing::get(async |_: RequireFeature<SsoSaml>| ()))
        .with_state(licensing);

    let (alone, _) = swap("track/swap", "swap");
    let (under_readers, read) = swap("track/swap-under-readers", "swap under readers");
    let reader = Beside::new(Duration::ZERO, move || {
        for _ in 0..64 {
            black_box(read.check_feature(black_box(FEATURE)).is_ok());
        }
    });

    let rows = vec![
        plain::row(
            "track/allow",
            "allow: `LicenseLayer` + `FeatureLayer`",
            plain::get(),
            plain::both(Some(DOMAIN)),
        ),
        deny.answering(403),
        Row::new("track/clock", "the coarse clock alone", clock),
        Row::new("track/state-load", "state load: `check_service`", state_load),
        Row::new("track/feature", "`check_feature`", feature),
        Row::new("track/host-match", "host match: parse and compare", host_match),
        axum_rows::row("track/route", "route with a do-nothing extractor", route),
        axum_rows::row("track/extractor", "extractor: `RequireFeature`", extractor)
            .allocating_like("track/route"),
        alone,
        under_readers.beyond("track/swap").beside(reader),
    ];
    Group { title: "Tracked", beyond: "without it", rows }
}
