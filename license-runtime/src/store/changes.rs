//! News from a store that others change, too.

use tokio::sync::watch;

/// Tells when others may have changed what a store holds. News that nobody
/// waited for is told to the next who asks, once.
#[derive(Clone, Debug, Default)]
pub struct StoreChanges(Option<watch::Receiver<()>>);

impl StoreChanges {
    /// Tells nothing.
    pub const fn never() -> Self {
        Self(None)
    }

    /// Tells what is sent here.
    pub const fn new(news: watch::Receiver<()>) -> Self {
        Self(Some(news))
    }

    /// Waits until there is news; for ever where there never will be.
    /// Cancel-safe.
    pub async fn next(&mut self) {
        if let Some(news) = &mut self.0
            && news.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}
