//! The PostgreSQL server.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::{license::monotonic, processes};

/// A server of this program's own, which is stopped when this is dropped, or
/// one that it was told of.
#[derive(Debug)]
pub(crate) struct Server {
    directory: Option<TempDir>,
    url: String,
}

/// What a server has used up to a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    at: Duration,
    cpu: Duration,
    wal: i64,
    transactions: i64,
}

/// What it used from one moment to another, for each second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Seconds of processor time: 1 is one core.
    pub(crate) cores: f64,
    /// Bytes.
    pub(crate) wal: f64,
    /// Those that wrote something.
    pub(crate) transactions: f64,
    pub(crate) seconds: f64,
}

impl Server {
    /// Starts one with its usual settings, unless there is a URL.
    pub(crate) fn new(url: Option<&str>) -> Result<Self, String> {
        if let Some(url) = url {
            return Ok(Self { directory: None, url: url.to_owned() });
        }
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let url = control(&["start"], directory.path())?;
        Ok(Self { directory: Some(directory), url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.url).await
    }

    /// Stops it as a crash would.
    pub(crate) async fn crash(&self) {
        self.control(&["stop", "immediate"]).await;
    }

    /// Starts it again, at the same URL.
    pub(crate) async fn start_again(&self) {
        self.control(&["start"]).await;
    }

    async fn control(&self, arguments: &'static [&'static str]) {
        let directory = self.directory.as_ref().expect("it is this program's own");
        let directory = directory.path().to_owned();
        let done = tokio::task::spawn_blocking(move || control(arguments, &directory)).await;
        done.expect("it runs").expect("the server obeys");
    }

    /// What it has used until now.
    pub(crate) async fn usage(&self, connection: &mut PgConnection) -> Usage {
        let (backend, wal, transactions): (i32, i64, i64) = sqlx::query_as(
            "SELECT pg_backend_pid(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::BIGINT, \
             pg_snapshot_xmax(pg_current_snapshot())::TEXT::BIGINT",
        )
        .fetch_one(connection)
        .await
        .expect("the server answers");
        let server = u32::try_from(backend).ok().and_then(processes::parent);
        let cpu = server.map_or(Duration::ZERO, processes::cpu_with_children);
        Usage { at: monotonic(), cpu, wal, transactions }
    }

    /// Lets what was done before not count for what is measured next.
    pub(crate) async fn settle(&self, connection: &mut PgConnection) {
        // A user that may not do so measures with what is left over.
        let _ = connection.execute("CHECKPOINT").await;
    }
}

impl Usage {
    pub(crate) fn since(self, before: Self) -> Spent {
        let seconds = (self.at - before.at).as_secs_f64().max(f64::EPSILON);
        let difference = |after: i64, before: i64| (after - before) as f64 / seconds;
        Spent {
            cores: self.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds,
            wal: difference(self.wal, before.wal),
            transactions: difference(self.transactions, before.transactions),
            seconds,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // It may be stopped already.
            let _ = control(&["stop", "immediate"], directory.path());
        }
    }
}

/// Runs `scripts/postgres`. Returns what it printed, or why it failed.
fn control(arguments: &[&str], directory: &Path) -> Result<String, String> {
    let (command, mode) = arguments.split_first().expect("a command");
    let script: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "scripts", "postgres"].iter().collect();
    let output = Command::new(script).arg(command).arg(directory).args(mode).output();
    let output = output.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
