//! The allow path while licenses are swapped.

use std::{sync::Arc, time::Duration};

use license_tower::{FeatureLayer, LicenseLayer};
use tokio::sync::RwLock;

use crate::{
    Group, Row, axum_rows,
    beside::Beside,
    by_hand::License,
    fixture::{self, DOMAIN, FEATURE},
    plain,
};

/// How often licenses are swapped, in the order of the rows.
const PACES: [(&str, Option<Duration>); 3] = [
    ("no swaps", None),
    ("a swap every 100 µs", Some(Duration::from_micros(100))),
    ("swaps without a pause", Some(Duration::ZERO)),
];

/// Three rows, the first of which the others are compared with.
fn rows(
    ids: [&'static str; 3],
    label: &str,
    row: impl Fn(&'static str, &str) -> (Row, Box<dyn FnMut() + Send>),
) -> impl Iterator<Item = Row> {
    let rows = PACES.iter().zip(ids).map(|((pace, every), id)| {
        let (row, swap) = row(id, &format!("{label}, {pace}"));
        match every {
            None => row,
            Some(every) => row.beyond(ids[0]).beside(Beside::new(*every, swap)),
        }
    });
    rows.collect::<Vec<_>>().into_iter()
}

fn layers() -> ((LicenseLayer, FeatureLayer), Box<dyn FnMut() + Send>) {
    let (licensing, swap) = fixture::swapping(Some(DOMAIN));
    let feature = FeatureLayer::new(&licensing, FEATURE).expect("the name is valid");
    ((LicenseLayer::new(&licensing), feature), Box::new(swap))
}

pub(crate) fn group() -> Group {
    let plain = rows(
        ["swaps/plain-still", "swaps/plain-100us", "swaps/plain-flat-out"],
        "plain Tower, `LicenseLayer` + `FeatureLayer`",
        |id, label| {
            let (layers, swap) = layers();
            (plain::row(id, label, plain::get(), layers), swap)
        },
    );
    let axum = rows(
        ["swaps/axum-still", "swaps/axum-100us", "swaps/axum-flat-out"],
        "axum, `LicenseLayer` + `FeatureLayer`",
        |id, label| {
            let (layers, swap) = layers();
            (axum_rows::row(id, label, axum_rows::router().layer(layers).with_state(())), swap)
        },
    );
    let by_hand = rows(
        ["swaps/by-hand-still", "swaps/by-hand-100us", "swaps/by-hand-flat-out"],
        "axum, by hand",
        |id, label| {
            let license = Arc::new(RwLock::new(License::new()));
            let row = axum_rows::row(id, label, axum_rows::router_by_hand(Arc::clone(&license)));
            let swap = move || {
                // Made before the lock is taken.
                let new = License::new();
                *license.blocking_write() = new;
            };
            (row, Box::new(swap))
        },
    );
    Group {
        title: "While another thread swaps licenses",
        beyond: "the same without swaps",
        rows: plain.chain(axum).chain(by_hand).collect(),
    }
}
