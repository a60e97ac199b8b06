//! One store, and two nodes on one database.

use license_runtime::PostgresStore;

use crate::support::Place;

async fn open() -> Option<(Place, PostgresStore)> {
    let place = Place::new()?;
    let store = place.open().await;
    Some((place, store))
}

license_runtime::store_conformance!(conformance, open);
