//! Waiting for something that takes its time.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Asks again and again until it is so.
pub async fn until(what: &str, patience: Duration, mut asked: impl AsyncFnMut() -> bool) {
    let waited = timeout(patience, async {
        while !asked().await {
            sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: not within {patience:?}");
}
