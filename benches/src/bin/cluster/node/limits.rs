//! Quotas and seats.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{Answer, Node};
use crate::license::{USERS, monotonic};

/// After how many uses the clock is looked at.
const USES: u64 = 64;

impl Node {
    /// Uses a quota up, one by one, for a time or until it is used up.
    /// Answers how often, how long in nanoseconds, and how often it was
    /// refused for another reason.
    pub(super) async fn use_up(&self, name: &str, time: Duration) -> Answer {
        let quota = self.manager.quota(name);
        // In a task of its own: what is polled by the runtime is polled by a
        // thread that does nothing else.
        let task = tokio::spawn(async move {
            let began = monotonic();
            let (mut used, mut failed) = (0_u64, 0_u64);
            'time: while monotonic() - began < time {
                for _ in 0..USES {
                    match quota.consume(1).await {
                        Ok(()) => used += 1,
                        Err(error) if error.denial().code().as_str() == "limit_reached" => {
                            break 'time;
                        }
                        Err(_) => failed += 1,
                    }
                }
                tokio::task::consume_budget().await;
            }
            format!("{used} {} {failed}", (monotonic() - began).as_nanos())
        });
        task.await.map_err(|error| error.to_string())
    }

    /// Reserves seats for a time. Answers how many, and how long it took in
    /// nanoseconds.
    pub(super) async fn reserve(&self, tasks: u64, time: Duration) -> Answer {
        let began = monotonic();
        let reserved = Arc::new(AtomicU64::new(0));
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let seats = self.manager.seats(USERS);
            let reserved = Arc::clone(&reserved);
            running.spawn(async move {
                while monotonic() - began < time {
                    let seat = seats.reserve(1, async || Ok::<_, Infallible>(7)).await;
                    if let Ok(seat) = seat
                        && seat.commit().await.is_ok()
                    {
                        reserved.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        running.join_all().await;
        let reserved = reserved.load(Ordering::Relaxed);
        Ok(format!("{reserved} {}", (monotonic() - began).as_nanos()))
    }
}
