//! A private nginx.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use tempfile::TempDir;

/// A running nginx with a configuration of its own. It is killed when this is
/// dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

/// How often it is looked whether it listens, and how many times.
const LOOK: (Duration, usize) = (Duration::from_millis(10), 3000);

impl Nginx {
    /// Starts one with what stands in its `http` block, given the address to
    /// listen on. `None` where nginx is not installed; then the
    /// test is skipped.
    pub fn start(http: impl Fn(SocketAddr) -> String) -> Option<Self> {
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
            let asked = Command::new(program).arg("-v").stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        });
        let Some(program) = program else {
            license_test_skips::missing("nginx");
            return None;
        };
        // Somebody else may take the port meanwhile.
        let started = (0..10).find_map(|_| Self::try_start(program, &http));
        Some(started.expect("nginx starts"))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn try_start(program: &str, http: &impl Fn(SocketAddr) -> String) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {name};\n"))
            .concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\n\
             http {{\naccess_log off;\n{places}{}\n}}\n",
            http(address)
        );
        std::fs::write(directory.path().join("nginx.conf"), configuration).expect("writable");
        let mut child = Command::new(program)
            .arg("-p")
            .arg(directory.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed");
        let (pause, looks) = LOOK;
        let mut left = looks;
        while TcpStream::connect(address).is_err() {
            left -= 1;
            if child.try_wait().expect("a child").is_some() || left == 0 {
                let log = std::fs::read_to_string(directory.path().join("error.log"));
                let _ = writeln!(std::io::stderr(), "nginx: {}", log.unwrap_or_default());
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            sleep(pause);
        }
        Some(Self { child, address, _directory: directory })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
