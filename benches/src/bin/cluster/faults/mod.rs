//! Breaking things for as long as it takes, and seeing that what is promised
//! is kept (docs/scaling.md).
//!
//! A lease lives for a second here instead of 30: two hours are 240 lifetimes,
//! which pass in four minutes. Nodes are killed and started again, stopped for
//! longer than a lease lives, and cut off; the server is stopped as a crash
//! would. Meanwhile all of them work.

mod book;
mod breaking;
mod sampler;
mod site;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use license_benches::report;
use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::Executor;
use tokio::time::{sleep, timeout};

use self::{book::Book, site::Site};
use crate::{
    arguments::Arguments,
    cluster::NODES,
    license::{self, HOSTS, QUOTAS, USERS, monotonic, quota},
    server::Server,
    table::write,
};

/// How long a lease lives.
const TTL: Duration = Duration::from_secs(1);
/// The caps: less than what is asked for.
const HOST_CAP: u64 = 80;
const HOST_POOL: u64 = 120;
const SEAT_CAP: u64 = 40;
const USE_CAP: u64 = 4_000;
/// How long healing may take.
const HEALING: Duration = Duration::from_secs(60);

/// Runs it. Returns whether everything that was promised was kept.
pub(crate) async fn run(arguments: &Arguments, server: &Server) -> bool {
    let seed = arguments.seed.unwrap_or_else(|| rand::thread_rng().gen_range(0..1_000_000));
    let time = TTL * arguments.lifetimes;
    println!("faults for {} lifetimes of a lease, {time:?}, --seed {seed}", arguments.lifetimes);
    let heading = report::heading();
    let mut random = StdRng::seed_from_u64(seed);
    let mut connection = server.connect().await.expect("the server lets in");
    let product = "CREATE SCHEMA product; CREATE TABLE product.users (id BIGINT PRIMARY KEY, \
         node TEXT NOT NULL, confirmed BOOLEAN NOT NULL)";
    connection.execute(product).await.expect("the product's table can be made");

    let book = Arc::new(Book::default());
    let site = Site::start(server, Arc::clone(&book), seed).await;
    site.install(0, "first".to_owned()).await;
    for node in 0..NODES {
        site.work(node).await;
    }
    let began = monotonic();
    let sampling = tokio::spawn(sampler::run(server.url().to_owned(), Arc::clone(&book)));
    let installing = tokio::spawn(install(Arc::clone(&site), random.r#gen()));
    let mut said = Duration::ZERO;
    while monotonic() - began < time {
        breaking::one_round(&site, server, &book, &mut random).await;
        if monotonic() - said > Duration::from_secs(20) {
            said = monotonic();
            eprintln!("  after {:.0?}: {book}", said - began);
        }
    }
    installing.abort();
    let healed = heal(&site, &book).await;
    sampling.abort();
    judge(server, &book).await;
    let text = format!(
        "{heading}\n{}",
        book.table(arguments.lifetimes, seed, healed.unwrap_or(HEALING)).end("")
    );
    println!("{text}");
    if arguments.write {
        write(arguments.section, &text);
    }
    let broken = book.broken();
    broken.iter().for_each(|broken| println!("BROKEN: {broken}"));
    if broken.is_empty() {
        println!(
            "kept: nothing above a cap, nothing acknowledged lost, nothing refused that memory could decide"
        );
    }
    broken.is_empty()
}

/// Installs licenses now and then, on whichever node.
async fn install(site: Arc<Site>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for number in 0_u64.. {
        sleep(Duration::from_millis(random.gen_range(50..500))).await;
        let (site, node) = (Arc::clone(&site), random.gen_range(0..NODES));
        tokio::spawn(async move { site.install(node, format!("license-{number}")).await });
    }
}

/// Waits until all is well: every node has the newest license, lets hosts in
/// and finds the history whole. Returns how long that took.
async fn heal(site: &Site, book: &Book) -> Option<Duration> {
    let began = monotonic();
    let is_well = async {
        while !is_well(site, book).await {
            sleep(Duration::from_millis(100)).await;
        }
    };
    if timeout(HEALING, is_well).await.is_err() {
        book.broke(format!("not well again within {HEALING:?}"));
        return None;
    }
    Some(monotonic() - began)
}

async fn is_well(site: &Site, book: &Book) -> bool {
    let mut licenses = Vec::new();
    for number in 0..NODES {
        let Some(node) = site.node(number) else { return false };
        if node.ask("probe").await.is_err() || node.ask("audit").await.is_err() {
            return false;
        }
        let Ok(license) = node.ask("license").await else { return false };
        licenses.push(license);
    }
    let same = licenses.windows(2).all(|pair| pair[0] == pair[1]);
    let issued_at = licenses[0].get(1).and_then(|at| at.parse::<i64>().ok());
    same && issued_at >= book.newest_acknowledged()
}

/// Looks whether what was acknowledged is there.
async fn judge(server: &Server, book: &Book) {
    let mut connection = server.connect().await.expect("the server lets in");
    let acknowledged = book.acknowledged();
    let history: Vec<(Option<String>,)> =
        sqlx::query_as("SELECT license_id FROM faults.audit WHERE outcome = 'installed'")
            .fetch_all(&mut connection)
            .await
            .expect("the server answers");
    let history: BTreeSet<String> = history.into_iter().filter_map(|(id,)| id).collect();
    for id in acknowledged.iter().filter(|id| !history.contains(*id)) {
        book.lost(id);
    }
    for (number, used) in book.used().iter().enumerate().filter(|(_, used)| **used > 0) {
        let taken: Option<i64> =
            sqlx::query_scalar("SELECT taken FROM faults.quota WHERE name = $1")
                .bind(quota(number))
                .fetch_optional(&mut connection)
                .await
                .expect("the server answers");
        let taken = taken.unwrap_or_default().unsigned_abs();
        if *used > USE_CAP || taken > USE_CAP || *used > taken {
            book.broke(format!("quota {number}: {used} uses, {taken} taken, {USE_CAP} allowed"));
        }
    }
}

/// The license of this test.
fn token(vendor: &license_core::testing::Vendor, id: &str) -> license_core::Token {
    let license = license::license(vendor, id).limit(HOSTS, HOST_CAP).limit(USERS, SEAT_CAP);
    (0..QUOTAS).fold(license, |license, number| license.limit(&quota(number), USE_CAP)).sign()
}
