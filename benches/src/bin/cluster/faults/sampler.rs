//! Looking at the database several times a second, past all that is broken.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use super::book::Book;
use crate::license::HOSTS;

/// One statement, so that it is one moment.
const SAMPLE: &str = "SELECT \
     coalesce((SELECT hosts FROM faults.lease_limits WHERE name = $1), 0), \
     (SELECT count(DISTINCT l.host) FROM faults.leases l \
      JOIN faults.lease_nodes n ON n.node = l.node AND NOT n.swept \
      JOIN faults.lease_limits i ON i.id = l.limit_id AND i.name = $1), \
     (SELECT count(*) FROM product.users WHERE confirmed)";
const EVERY: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_secs(5);

pub(super) async fn run(url: String, book: Arc<Book>) {
    loop {
        // The server may be away.
        let _ = follow(&url, &book).await;
        sleep(EVERY).await;
    }
}

async fn follow(url: &str, book: &Book) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = timeout(ANSWER, PgConnection::connect(url)).await??;
    loop {
        let sample = sqlx::query_as(SAMPLE).bind(HOSTS).fetch_one(&mut connection);
        let (hosts, holders, seats): (i64, i64, i64) = timeout(ANSWER, sample).await??;
        book.sampled(hosts.unsigned_abs(), holders.unsigned_abs(), seats.unsigned_abs());
        sleep(EVERY).await;
    }
}
