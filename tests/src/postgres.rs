//! PostgreSQL for tests: the server that `scripts/test` starts, and servers of
//! a test's own.

use std::{
    io::Write,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::root;

/// A server of a test's own. It is stopped when this is dropped. It never waits
/// for a disk: what a killed process has written the system has, and to sync
/// everything at each start would take seconds.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    url: String,
    made: Option<TempDir>,
}

/// The environment variable that names the tests' server.
const URL: &str = "LICENSE_TEST_POSTGRES";

/// The server of all tests, as a URL. `None` where there is none; then it says
/// so, and the test is to do nothing.
pub fn postgres() -> Option<String> {
    static SAID: Once = Once::new();
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        SAID.call_once(|| skipped(&format!("{URL} is not set; scripts/test sets it")));
    }
    url
}

/// A new, empty database on the server of all tests, as a URL.
pub async fn postgres_database() -> Option<String> {
    let url = postgres()?;
    let name = unique_name();
    let mut connection = PgConnection::connect(&url).await.expect("a server");
    connection.execute(&*format!("CREATE DATABASE {name}")).await.expect("a database");
    connection.close().await.expect("closed");
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    Some(format!("{server}/{name}"))
}

/// A name for a database or a schema that no other test has.
pub fn unique_name() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

impl PostgresServer {
    /// Makes a server and starts it. `None` where PostgreSQL is not installed;
    /// then it says so.
    pub fn start() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let mut server = Self::start_in(directory.path())?;
        server.made = Some(directory);
        Some(server)
    }

    /// The same in this directory, which is empty.
    pub fn start_in(directory: &Path) -> Option<Self> {
        static SAID: Once = Once::new();
        match control(&["start"], directory) {
            Ok(url) => Some(Self { directory: directory.to_owned(), url, made: None }),
            Err(why) if why.contains("not installed") => {
                SAID.call_once(|| skipped(&why));
                None
            }
            Err(why) => panic!("{why}"),
        }
    }

    /// The URL of a database of it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it as a crash would.
    pub fn kill(&self) {
        control(&["stop", "immediate"], &self.directory).expect("it runs");
    }

    /// Starts it again, at the same URL.
    pub fn start_again(&self) {
        control(&["start"], &self.directory).expect("it starts");
    }

    /// Whether it is there, if only to say that it is not ready.
    pub fn is_running(&self) -> bool {
        let (_, address) = self.url.split_once('@').expect("a user in the URL");
        let (address, _) = address.split_once('/').expect("a database in the URL");
        TcpStream::connect(address).is_ok()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = control(&["stop", "immediate"], &self.directory);
    }
}

/// Runs `scripts/postgres`. Returns what it printed, or why it failed.
fn control(arguments: &[&str], directory: &Path) -> Result<String, String> {
    let (command, mode) = arguments.split_first().expect("a command");
    let output = Command::new(root().join("scripts/postgres"))
        .arg(command)
        .arg(directory)
        .args(mode)
        .env("OPTIONS", "-c fsync=off")
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Says that tests are skipped, also where what tests print is not shown.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: tests that need PostgreSQL ({why})");
}
