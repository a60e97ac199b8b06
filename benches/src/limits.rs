//! Seats and quotas, beside counters that are written by hand.

use std::sync::Arc;

use license_core::{
    Actor, Installer, MachineId, Product, license::LimitKind, licensing::InstallRequest,
    testing::Vendor,
};
use license_runtime::{
    LicenseManager, MachineIdSource, MemoryStore, Quota, Seats, SqliteStore, Store,
};
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

use crate::{Group, Row, fixture};

/// More than all rows use up in a year.
const MAX: u64 = 1 << 40;

/// A row whose work is spread over tasks, each on a thread of its own.
fn row<F>(
    id: &'static str,
    label: &str,
    threads: u64,
    work: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Row
where
    F: Future<Output = bool> + Send + 'static,
{
    let runtime = runtime();
    let unit = if threads == 1 { "thread" } else { "threads" };
    Row::new(id, format!("{label}, {threads} {unit}"), move |times| {
        let tasks: Vec<_> = (0..threads)
            .map(|task| times / threads + u64::from(task < times % threads))
            .map(|share| runtime.spawn(work(share)))
            .collect();
        let mut good = true;
        for task in tasks {
            good &= runtime.block_on(task).is_ok_and(|good| good);
        }
        if good { 200 } else { 402 }
    })
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime can be started")
}

/// A manager with a license in force, and the runtime that it works on.
fn manager(store: impl Store + 'static) -> (LicenseManager, Arc<Runtime>) {
    let product = Product::builder("acme", "https://acme.example", "acme-server")
        .limit("users", LimitKind::Seats)
        .limit("decisions", LimitKind::Monthly)
        .build()
        .expect("the product is valid");
    let vendor = Vendor::of(product);
    let license = fixture::license(&vendor, None).limit("decisions", MAX).sign();
    let licensing = license_core::Licensing::new(vendor.verifier());
    let machine = MachineId::custom("the-machine-of-the-benchmarks").expect("the id is valid");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = Arc::new(runtime.expect("a runtime can be started"));
    let manager = runtime.block_on(async move {
        let builder = LicenseManager::builder(licensing).store(store);
        let builder = builder.machine_id(MachineIdSource::Custom(machine));
        let manager = builder.start().await.expect("the manager starts");
        let request = InstallRequest::new(Actor::new("benchmarks", None));
        let installed = manager.install(license.as_str().as_bytes(), request).await;
        installed.expect("the license is installed");
        manager
    });
    (manager, runtime)
}

async fn reserve(seats: Seats, times: u64) -> bool {
    for _ in 0..times {
        let seat = seats.reserve(1, async || Ok::<_, std::convert::Infallible>(7)).await;
        let Ok(seat) = seat else { return false };
        if seat.commit().await.is_err() {
            return false;
        }
    }
    true
}

fn seats(ids: [&'static str; 2]) -> [Row; 2] {
    [1, 2].map(|threads| {
        let (manager, runtime) = manager(MemoryStore::new());
        let seats = manager.seats("users");
        let id = ids[usize::from(threads == 2)];
        row(id, "`Seats::reserve` and `commit` in memory", threads, move |times| {
            let _runtime = &runtime;
            reserve(seats.clone(), times)
        })
    })
}

async fn consume(quota: Quota, times: u64) -> bool {
    for _ in 0..times {
        if quota.consume(1).await.is_err() {
            return false;
        }
    }
    true
}

fn quota<S: Store + 'static>(
    ids: [&'static str; 2],
    label: &str,
    open: impl Fn() -> (Option<TempDir>, S),
) -> [Row; 2] {
    [1, 2].map(|threads| {
        let (directory, store) = open();
        let (manager, runtime) = manager(store);
        let quota = manager.quota("decisions");
        let outlive = Arc::new((directory, manager, runtime));
        let id = ids[usize::from(threads == 2)];
        row(id, label, threads, move |times| {
            let _outlive = &outlive;
            consume(quota.clone(), times)
        })
    })
}

fn sqlite() -> (Option<TempDir>, SqliteStore) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let store = runtime().block_on(SqliteStore::open(directory.path().join("license.db")));
    (Some(directory), store.expect("the store can be opened"))
}

/// A counter behind a lock.
async fn count(counter: Arc<Mutex<u64>>, times: u64) -> bool {
    for _ in 0..times {
        let mut used = counter.lock().await;
        if *used >= MAX {
            return false;
        }
        *used += 1;
    }
    true
}

fn by_hand(ids: [&'static str; 2]) -> [Row; 2] {
    [1, 2].map(|threads| {
        let counter = Arc::new(Mutex::new(0));
        let id = ids[usize::from(threads == 2)];
        row(id, "by hand: `tokio::sync::Mutex<u64>`", threads, move |times| {
            count(Arc::clone(&counter), times)
        })
    })
}

/// A counter in a database, one transaction for each use.
async fn update(connection: Arc<Mutex<SqliteConnection>>, times: u64) -> bool {
    for _ in 0..times {
        let mut connection = connection.lock().await;
        let used: Result<Option<(i64,)>, _> =
            sqlx::query_as("UPDATE quota SET used = used + 1 WHERE used < ? RETURNING used")
                .bind(i64::MAX)
                .fetch_optional(&mut *connection)
                .await;
        if !used.is_ok_and(|used| used.is_some()) {
            return false;
        }
    }
    true
}

fn database(id: &'static str, label: &str, synchronous: SqliteSynchronous) -> Row {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("quota.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous);
    let connection = runtime().block_on(async move {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql("CREATE TABLE quota (used INTEGER NOT NULL); INSERT INTO quota VALUES (0)")
            .execute(&mut connection)
            .await?;
        Ok::<_, sqlx::Error>(connection)
    });
    let connection = Arc::new(Mutex::new(connection.expect("the database can be made")));
    let directory = Arc::new(directory);
    row(id, label, 1, move |times| {
        let _directory = &directory;
        update(Arc::clone(&connection), times)
    })
}

pub(crate) fn group() -> Group {
    const BY_HAND: [&str; 2] = ["limits/by-hand-1", "limits/by-hand-2"];
    const DATABASE: &str = "limits/update-full";
    let [hand_1, hand_2] = by_hand(BY_HAND);
    let [seats_1, seats_2] = seats(["limits/seats-1", "limits/seats-2"]);
    let [memory_1, memory_2] =
        quota(["limits/memory-1", "limits/memory-2"], "`Quota::consume` in memory", || {
            (None, MemoryStore::new())
        });
    let [sqlite_1, sqlite_2] =
        quota(["limits/sqlite-1", "limits/sqlite-2"], "`Quota::consume` on SQLite", sqlite);
    let rows = vec![
        hand_1,
        hand_2,
        seats_1.beyond(BY_HAND[0]),
        seats_2.beyond(BY_HAND[1]),
        memory_1.beyond(BY_HAND[0]),
        memory_2.beyond(BY_HAND[1]),
        sqlite_1.beyond(DATABASE),
        sqlite_2.beyond(DATABASE),
        database(
            "limits/update-off",
            "by hand: `UPDATE … RETURNING` for each use, SQLite, `synchronous=OFF`",
            SqliteSynchronous::Off,
        )
        .beyond(DATABASE),
        database(DATABASE, "by hand: the same with `synchronous=FULL`", SqliteSynchronous::Full),
    ];
    Group { title: "Seats and quotas, one use", beyond: "what is written by hand", rows }
}
