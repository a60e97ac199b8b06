//! Servers of others, each on a port of its own.

use std::{
    fs::File,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use tempfile::TempDir;

/// A running server with a directory of its own. It is killed when this is
/// dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

/// How often it is looked whether it listens, and how many times.
const LOOK: (Duration, usize) = (Duration::from_millis(10), 3000);
/// What it writes, below its directory.
const LOG: &str = "log";

impl Server {
    /// Starts the server of a command that is made for the address to listen on
    /// and the directory, and waits until it listens.
    pub(crate) fn start(command: impl Fn(SocketAddr, &Path) -> Command) -> Self {
        // Somebody else may take the port meanwhile.
        let started = (0..10).find_map(|_| Self::try_start(&command));
        started.expect("the server starts")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join(LOG)).unwrap_or_default()
    }

    fn try_start(command: &impl Fn(SocketAddr, &Path) -> Command) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let log = File::create(directory.path().join(LOG)).expect("writable");
        let child = command(address, directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("it is installed");
        let mut server = Self { child, address, directory };
        let (pause, looks) = LOOK;
        let mut left = looks;
        while TcpStream::connect(address).is_err() {
            left -= 1;
            if server.child.try_wait().expect("a child").is_some() || left == 0 {
                let _ = writeln!(std::io::stderr(), "{}", server.log());
                return None;
            }
            sleep(pause);
        }
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
