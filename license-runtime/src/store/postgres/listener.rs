//! Listening for what other nodes install.

use std::time::Duration;

use sqlx::{
    Executor,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    ANSWER,
    connections::{unavailable, within},
    rows::failed,
};
use crate::store::StoreError;

/// How long to wait before connecting again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long nothing may be heard before the server is asked whether it is
/// still there.
const SILENCE: Duration = Duration::from_secs(5);

/// Passes on that something was announced on a channel, for as long as
/// somebody wants to know. After a time without a connection it says so as
/// well: something may have been missed.
pub(super) async fn listen(options: PgConnectOptions, channel: String, news: watch::Sender<()>) {
    while !news.is_closed() {
        if let Err(error) = follow(&options, &channel, &news).await {
            let cause = std::error::Error::source(&error);
            tracing::debug!(%error, cause, "listening for changes of the license");
        }
        sleep(AGAIN).await;
    }
}

/// Listens until the connection is lost.
async fn follow(
    options: &PgConnectOptions,
    channel: &str,
    news: &watch::Sender<()>,
) -> Result<(), StoreError> {
    // The listener insists on a pool.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
    listener.eager_reconnect(false);
    within(ANSWER, async { listener.listen(channel).await.map_err(failed) }).await?;
    loop {
        news.send_replace(());
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None)) => return Err(unavailable("the connection was lost")),
                Ok(Err(error)) => return Err(failed(error)),
                Err(_) => {
                    let asked = async { listener.execute("SELECT 1").await.map_err(failed) };
                    within(ANSWER, asked).await?;
                }
            }
        }
    }
}
