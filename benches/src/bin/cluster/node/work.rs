//! What a service does all the time: decide requests, let hosts come and go,
//! use quotas up, hand out seats. It says what became of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::Denial;
use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::{Connection, PgConnection};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{Node, say};
use crate::license::{FEATURE, HOSTS, QUOTAS, USERS, quota};

/// The work of a node.
#[derive(Clone)]
pub(super) struct Work {
    node: Arc<Node>,
    /// How many hosts there are, over all nodes.
    pool: u64,
    /// Whether seats are handed out: 1 or 0.
    seats: u64,
    seed: u64,
    done: Arc<Done>,
}

/// How often something was done since it was last said.
#[derive(Default)]
struct Done {
    decided: AtomicU64,
    granted: AtomicU64,
    refused: AtomicU64,
    seats: AtomicU64,
}

/// How many hosts of the pool each node holds or wants at a time.
const SHARE: u64 = 2;
const PAUSE: Duration = Duration::from_millis(1);
/// How long the product's own database may take.
const ANSWER: Duration = Duration::from_secs(3);

impl Work {
    pub(super) fn new(node: Arc<Node>, pool: u64, seats: u64, seed: u64) -> Self {
        Self { node, pool, seats, seed, done: Arc::default() }
    }

    /// Starts it: tasks that end when they are aborted.
    pub(super) fn start(self) -> Vec<JoinHandle<()>> {
        let mut tasks = vec![
            tokio::spawn(self.clone().decide()),
            tokio::spawn(self.clone().report()),
            tokio::spawn(self.clone().use_up()),
        ];
        if self.seats > 0 {
            tasks.push(tokio::spawn(self.clone().seat()));
        }
        for task in 0..self.pool / SHARE {
            tasks.push(tokio::spawn(self.clone().host(task)));
        }
        tasks
    }

    /// Requests that memory can decide.
    async fn decide(self) {
        let licensing = self.node.manager.licensing();
        loop {
            for _ in 0..50 {
                let decided =
                    licensing.check_service().and_then(|()| licensing.check_feature(FEATURE));
                if let Err(denial) = decided {
                    say(&format!("! denied {}", denial.code().as_str()));
                }
                self.done.decided.fetch_add(1, Ordering::Relaxed);
            }
            sleep(PAUSE).await;
        }
    }

    async fn report(self) {
        loop {
            sleep(Duration::from_millis(250)).await;
            let Done { decided, granted, refused, seats } = &*self.done;
            let [decided, granted, refused, seats] =
                [decided, granted, refused, seats].map(|it| it.swap(0, Ordering::Relaxed));
            say(&format!("! done {decided} {granted} {refused} {seats}"));
        }
    }

    /// Hosts that come for a moment; the same may be on several nodes.
    async fn host(self, task: u64) {
        let mut random = StdRng::seed_from_u64(self.seed ^ (task << 32));
        let leases = self.node.manager.leases(HOSTS);
        loop {
            let host = format!("host-{}", random.gen_range(0..self.pool));
            let held = leases.acquire(host.parse().expect("a host id")).await;
            match &held {
                Ok(_) => {
                    self.done.granted.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(random.gen_range(20..1000))).await;
                }
                Err(error) => {
                    self.done.refused.fetch_add(1, Ordering::Relaxed);
                    check(error.denial(), "concurrent_host_limit_reached");
                    sleep(Duration::from_millis(random.gen_range(50..250))).await;
                }
            }
        }
    }

    /// Quotas, one after the other.
    async fn use_up(self) {
        let mut number = 0;
        while number < QUOTAS {
            match self.node.manager.quota(&quota(number)).consume(1).await {
                Ok(()) => say(&format!("! used {number}")),
                Err(error) if error.denial().code().as_str() == "limit_reached" => number += 1,
                Err(error) => {
                    check(error.denial(), "limit_reached");
                    sleep(PAUSE * 20).await;
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Seats, in a table of the product. A row that is not confirmed is a seat
    /// that was not handed out, and counts all the same.
    async fn seat(self) {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut connection = None;
        loop {
            let tried = timeout(ANSWER, self.hand_out(&mut connection, random.r#gen())).await;
            if !matches!(tried, Ok(Ok(()))) {
                connection = None;
                sleep(PAUSE * 50).await;
            }
            sleep(PAUSE * random.gen_range(1..20)).await;
        }
    }

    async fn hand_out(
        &self,
        connection: &mut Option<PgConnection>,
        id: i64,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if connection.is_none() {
            let opened = connection.insert(PgConnection::connect(&self.node.url).await?);
            // What did not come to its end.
            sqlx::query("DELETE FROM product.users WHERE node = $1 AND NOT confirmed")
                .bind(&self.node.number)
                .execute(opened)
                .await?;
        }
        let Some(product) = connection else { return Ok(()) };
        let seats = self.node.manager.seats(USERS);
        let count = async || {
            let count = sqlx::query_scalar("SELECT count(*) FROM product.users");
            count.fetch_one(&mut *product).await.map(|count: i64| count.unsigned_abs())
        };
        let seat = match seats.reserve(1, count).await {
            Ok(seat) => seat,
            Err(error) if error.denial().code().as_str() == "limit_reached" => {
                // Some go, so that others can come.
                sqlx::query(
                    "DELETE FROM product.users WHERE id IN (SELECT id FROM product.users \
                     WHERE node = $1 AND confirmed LIMIT 5)",
                )
                .bind(&self.node.number)
                .execute(product)
                .await?;
                return Ok(());
            }
            Err(error) => {
                check(error.denial(), "limit_reached");
                return Err(error.denial().code().as_str().into());
            }
        };
        sqlx::query("INSERT INTO product.users (id, node, confirmed) VALUES ($1, $2, FALSE)")
            .bind(id)
            .bind(&self.node.number)
            .execute(&mut *product)
            .await?;
        if let Err(error) = seat.commit().await {
            sqlx::query("DELETE FROM product.users WHERE id = $1")
                .bind(id)
                .execute(product)
                .await?;
            return Err(error.denial().code().as_str().into());
        }
        sqlx::query("UPDATE product.users SET confirmed = TRUE WHERE id = $1")
            .bind(id)
            .execute(product)
            .await?;
        self.done.seats.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Says so when something is refused for a reason that it must not have.
fn check(denial: &Denial, expected: &str) {
    let code = denial.code().as_str();
    if code != expected && code != "store_unavailable" {
        say(&format!("! wrong {code}"));
    }
}
