//! A service as a process.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

/// How to start a service. Built by value.
#[derive(Debug)]
#[must_use]
pub struct Start {
    command: Command,
}

/// A running service. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    stdout: BufReader<ChildStdout>,
    log: Arc<Mutex<String>>,
}

/// How long a service may take to say that it listens, or to stop.
const PATIENCE: Duration = Duration::from_secs(120);

impl Start {
    /// A service of this executable, on a free port, with no environment but
    /// the path.
    pub fn new(executable: &Path) -> Self {
        Self { command: Command::new(executable) }.prepared().arg("--listen").arg("127.0.0.1:0")
    }

    /// A service of this executable that is told nothing at all.
    pub fn bare(executable: &Path) -> Self {
        Self { command: Command::new(executable) }.prepared()
    }

    /// Starts a program under Debian's faketime, with a clock that `offset` moves,
    /// such as `-2 days`. `None` where faketime is not installed; then the test
    /// is skipped.
    pub fn under_faketime(executable: &Path, offset: &str) -> Option<Self> {
        // Only the wall clock is moved; timers go on. What faketime sets is
        // asked for, since it would stand between a signal and the service.
        let mut asked = std::process::Command::new("faketime");
        let asked = asked.arg("--exclude-monotonic").args(["-f", offset, "env"]).output();
        let Ok(asked) = asked else {
            license_test_skips::missing("faketime");
            return None;
        };
        let told = String::from_utf8_lossy(&asked.stdout);
        let variables = told.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| {
            *name == "LD_PRELOAD" || (name.starts_with("FAKETIME") && *name != "FAKETIME_SHARED")
        });
        Some(variables.fold(Self::new(executable), |start, (name, value)| start.env(name, value)))
    }

    /// Starts a program for which `/etc/machine-id` reads as this file does, which
    /// may be empty. `None` where a process cannot be given files of its own; then
    /// the test is skipped.
    pub fn on_machine(executable: &Path, machine_id: &Path) -> Option<Self> {
        let script = "for file in /etc/machine-id /var/lib/dbus/machine-id; do \
             [ ! -e $file ] || mount --bind \"$0\" $file || exit 9; done; exec \"$@\"";
        let arguments = ["--mount", "sh", "-c", script];
        let mut probe = std::process::Command::new("unshare");
        let probed = probe.args(arguments).arg(machine_id).arg("true").output();
        let possible = probed.is_ok_and(|output| output.status.success());
        if !possible || !Path::new("/etc/machine-id").exists() {
            license_test_skips::missing("the right to give a process an /etc/machine-id");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(arguments).arg(machine_id).arg(executable);
        Some(Self { command }.prepared().arg("--listen").arg("127.0.0.1:0"))
    }

    /// Starts it as a user that nobody knows, without a right, where nothing but
    /// this directory can be written, which becomes that user's. `None` where a
    /// process cannot be confined so; then the test is skipped.
    pub fn confined(self, directory: &Path) -> Option<Self> {
        // The program may lie where that user cannot go.
        let script = "chown 4242:4343 \"$0\" && mount --bind \"$0\" \"$0\" && \
             touch \"$0/.program\" && mount --bind \"$1\" \"$0/.program\" || exit 9; shift; \
             for place in / /tmp /var /run /dev/shm; do \
             ! mountpoint -q $place || mount -o remount,bind,ro $place || exit 9; done; \
             exec setpriv --reuid 4242 --regid 4343 --clear-groups --bounding-set=-all \
             --inh-caps=-all --no-new-privs \"$0/.program\" \"$@\"";
        let arguments = ["--mount", "sh", "-c", script];
        let mut probe = std::process::Command::new("unshare");
        let probed = probe.args(arguments).arg(directory).arg("/bin/true").output();
        if !probed.is_ok_and(|output| output.status.success()) {
            license_test_skips::missing("the right to confine a process");
            return None;
        }
        let confined = self.command.as_std();
        let mut command = Command::new("unshare");
        command.args(arguments).arg(directory).arg(confined.get_program());
        command.args(confined.get_args());
        let mut start = Self { command }.prepared();
        for (name, value) in confined.get_envs() {
            start.command.env(name, value.unwrap_or_default());
        }
        Some(start)
    }

    fn prepared(mut self) -> Self {
        self.command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Starts it in this directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Leaves out an environment variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts it with a standard error that nobody reads any more; its log
    /// stays empty.
    pub fn unheard(mut self) -> Self {
        let (_, writer) = std::io::pipe().expect("a pipe");
        self.command.stderr(writer);
        self
    }

    /// Starts the service and waits until it listens.
    pub async fn start(mut self) -> Process {
        let mut child = self.command.spawn().expect("the service starts");
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            let written = Arc::clone(&log);
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    let mut log = written.lock().expect("no writer panics");
                    log.push_str(&line);
                    log.push('\n');
                }
            });
        }
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("in time");
        read.expect("readable");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| {
            panic!("the service said {line:?}; its log:\n{}", log.lock().expect("no writer panics"))
        });
        Process { child, address, stdout, log }
    }

    /// Starts the service, which is expected to stop by itself, with nothing
    /// on standard output. Returns its exit status and what it wrote to
    /// standard error.
    pub async fn fails(mut self) -> (Option<i32>, String) {
        let output = timeout(PATIENCE, self.command.output()).await.expect("in time");
        let output = output.expect("the service starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Process {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has written to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no writer panics").clone()
    }

    /// What it has written to standard error, once this is there.
    pub async fn logged(&self, text: &str) -> String {
        let waited = timeout(PATIENCE, async {
            while !self.log().contains(text) {
                sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(waited.await.is_ok(), "no {text:?} in the log:\n{}", self.log());
        self.log()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// Kills it with SIGKILL, at once.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it is running");
    }

    /// Sends SIGTERM and waits until it has stopped. Returns the exit status
    /// and what else it wrote to standard output.
    pub async fn terminate(self) -> (Option<i32>, String) {
        self.signal("TERM").await;
        self.stopped().await
    }

    /// Sends a signal, such as `INT`.
    pub async fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").arg(format!("-{name}")).arg(id).status().await;
        assert!(sent.expect("kill is installed").success());
    }

    /// Waits until it has stopped. Returns the exit status and what else it
    /// wrote to standard output.
    pub async fn stopped(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("in time");
        let mut rest = String::new();
        let _ = self.stdout.read_to_string(&mut rest).await;
        (status.expect("it was running").code(), rest)
    }
}
