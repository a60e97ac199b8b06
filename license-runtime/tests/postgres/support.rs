//! What the tests share.

use license_runtime::PostgresStore;
use license_tests::{postgres, unique_name};

/// A schema of a test's own on the server of all tests.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) schema: String,
}

impl Place {
    pub(crate) fn new() -> Option<Self> {
        Some(Self { url: postgres()?, schema: unique_name() })
    }

    /// A node's own store there.
    pub(crate) async fn open(&self) -> PostgresStore {
        let builder = PostgresStore::builder(&self.url).unwrap();
        builder.schema(&self.schema).open().await.unwrap()
    }
}
