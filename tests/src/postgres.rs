//! PostgreSQL for tests: the server that `scripts/test` starts, and servers of
//! a test's own.

use std::{
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::root;

/// A server of a test's own. It is stopped when this is dropped. It never waits
/// for a disk: what a killed process has written the system has, and to sync
/// everything at each start would take seconds.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    url: String,
    /// Of the server's command line.
    options: String,
    made: Option<TempDir>,
}

/// The environment variable that names the tests' server.
const URL: &str = "LICENSE_TEST_POSTGRES";
/// What a server of a test's own is started with.
const OPTIONS: &str = "-c fsync=off";

/// The server of all tests, as a URL. `None` where there is none; then the test
/// is skipped.
pub fn postgres() -> Option<String> {
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        license_test_skips::missing(&format!("{URL}, which scripts/test sets,"));
    }
    url
}

/// A new, empty database on the server of all tests, as a URL.
pub async fn postgres_database() -> Option<String> {
    let url = postgres()?;
    let name = unique_name();
    let mut connection = PgConnection::connect(&url).await.expect("a server");
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
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
    /// then the test is skipped.
    pub fn start() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let mut server = Self::start_in(directory.path())?;
        server.made = Some(directory);
        Some(server)
    }

    /// A server that takes encrypted connections as well, with the certificate
    /// and the key that are `cert.pem` and `key.pem` in this directory.
    pub fn encrypted(certificate: &Path) -> Option<Self> {
        let key = certificate.join("key.pem");
        // The server takes no key that others may read, nor one it cannot.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(certificate, open).expect("a directory of one's own");
        // Where this is not root the server is not another user.
        let _ = Command::new("chown").arg("postgres").arg(&key).output();
        let (certificate, key) = (certificate.join("cert.pem"), key.display());
        let certificate = certificate.display();
        let ssl = format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}");
        let directory = tempfile::tempdir().expect("a directory");
        let mut server = Self::start_with(directory.path(), format!("{OPTIONS} {ssl}"))?;
        server.made = Some(directory);
        Some(server)
    }

    /// One in this directory, which is empty.
    pub fn start_in(directory: &Path) -> Option<Self> {
        Self::start_with(directory, OPTIONS.to_owned())
    }

    fn start_with(directory: &Path, options: String) -> Option<Self> {
        match control(&["start"], directory, &options) {
            Ok(url) => Some(Self { directory: directory.to_owned(), url, options, made: None }),
            Err(why) if why.contains("not installed") => {
                license_test_skips::missing("PostgreSQL");
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
        self.control(&["stop", "immediate"]).expect("it runs");
    }

    /// Starts it again, at the same URL.
    pub fn start_again(&self) {
        self.control(&["start"]).expect("it starts");
    }

    fn control(&self, arguments: &[&str]) -> Result<String, String> {
        control(arguments, &self.directory, &self.options)
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
        let _ = self.control(&["stop", "immediate"]);
    }
}

/// Runs `scripts/postgres`. Returns what it printed, or why it failed.
fn control(arguments: &[&str], directory: &Path, options: &str) -> Result<String, String> {
    let (command, mode) = arguments.split_first().expect("a command");
    let output = Command::new(root().join("scripts/postgres"))
        .arg(command)
        .arg(directory)
        .args(mode)
        .env("OPTIONS", options)
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
