//! An example with its data directory, over restarts.

use std::{net::SocketAddr, path::Path};

use license_core::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{ADMINISTRATOR, Client, PASSWORD, Process, Start};

/// A running service with a data directory of its own.
#[derive(Debug)]
pub struct Service {
    directory: TempDir,
    process: Process,
    command: fn(&Path) -> Start,
}

/// The time now, as a license is dated.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(SystemClock::new().now().as_seconds())
}

/// Moves the clock of a service that [`with_clock`] was given to, from its
/// next look on. The clock goes on from there.
pub fn move_clock(directory: &Path, to: Timestamp) {
    let offset = to.as_seconds() - now().as_seconds();
    let file = directory.join("clock");
    // Renamed, so that it is never read half-written.
    std::fs::write(file.with_extension("new"), offset.to_string()).expect("writable");
    std::fs::rename(file.with_extension("new"), file).expect("writable");
}

/// Lets [`move_clock`] move the clock of a service.
pub fn with_clock(start: Start, directory: &Path) -> Start {
    start.env("EXAMPLES_TEST_CLOCK", directory.join("clock"))
}

/// The instant that an RFC 3339 text or a date names.
#[track_caller]
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

impl Service {
    /// Starts a service in a new directory that was prepared.
    pub async fn start(command: fn(&Path) -> Start, prepare: impl FnOnce(&Path)) -> Self {
        Self::start_with(command, prepare, |start, _| start).await
    }

    /// Starts the service once with more arguments or another environment.
    pub async fn start_with(
        command: fn(&Path) -> Start,
        prepare: impl FnOnce(&Path),
        change: impl FnOnce(Start, &Path) -> Start,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        prepare(directory.path());
        let start = change(command(directory.path()), directory.path());
        Self { process: start.start().await, directory, command }
    }

    /// Stops it with SIGTERM and starts it again.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| (), |start, _| start).await
    }

    /// Starts the service again, with what is done to the directory meanwhile, and
    /// with more arguments or another environment.
    pub async fn restart_with(
        self,
        prepare: impl FnOnce(&Path),
        change: impl FnOnce(Start, &Path) -> Start,
    ) -> Self {
        let Self { directory, process, command } = self;
        let stopped = process.terminate().await;
        assert_eq!(stopped, (Some(0), String::new()), "it stops, and is silent");
        prepare(directory.path());
        let start = change(command(directory.path()), directory.path());
        Self { process: start.start().await, directory, command }
    }

    /// Kills it with SIGKILL and starts it again.
    pub async fn crash(self) -> Self {
        let Self { directory, process, command } = self;
        process.kill().await;
        Self { process: command(directory.path()).start().await, directory, command }
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What survives a restart.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// A client that is not signed in.
    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// A client that is signed in as the administrator.
    pub async fn admin(&self) -> Client {
        self.signed_in(ADMINISTRATOR, PASSWORD).await
    }

    /// A client that is signed in.
    pub async fn signed_in(&self, email: &str, password: &str) -> Client {
        let client = self.client();
        let body = json!({ "email": email, "password": password });
        let answer = client.post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        client.bearer(answer.json()["token"].as_str().expect("a token"))
    }

    /// The clock that it was given is moved.
    pub fn move_clock(&self, to: Timestamp) {
        move_clock(self.directory(), to);
    }

    /// The lines of the log that are the product's own, as `LEVEL text`.
    pub fn lines(&self) -> Vec<String> {
        lines(&self.process.log())
    }
}

/// The lines of a log that are the product's own, as `LEVEL text`.
pub fn lines(log: &str) -> Vec<String> {
    let own = |line: &str| {
        let (_, rest) = line.split_once("Z ")?;
        let (level, text) = rest.trim_start().split_once(' ')?;
        // Every other line begins with the module that it comes from.
        let module = text.split_once(": ").is_some_and(|(from, _)| !from.contains(' '));
        (level.bytes().all(|byte| byte.is_ascii_uppercase()) && !module)
            .then(|| format!("{level} {text}"))
    };
    log.lines().filter_map(own).collect()
}

/// The members of an object, in the order of their names.
#[track_caller]
pub fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}
