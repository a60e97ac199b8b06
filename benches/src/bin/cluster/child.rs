//! A node as the program that started it sees it.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::processes;

/// A process that is a node. Killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    pid: u32,
    child: Mutex<Child>,
    input: tokio::sync::Mutex<ChildStdin>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
    next: AtomicU64,
}

/// How a node is started.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) url: String,
    pub(crate) schema: String,
    pub(crate) ttl: Duration,
    pub(crate) notifications: bool,
    pub(crate) public_key: String,
}

/// What a node answers: the words, or a code.
pub(crate) type Answer = Result<Vec<String>, String>;

/// What a node says by itself, and which of them.
pub(crate) type Events = mpsc::UnboundedSender<(usize, String)>;

/// The code of a node that ended before it answered.
pub(crate) const GONE: &str = "gone";

impl Node {
    /// Starts a node. Fails where it cannot read the store.
    pub(crate) async fn start(
        number: usize,
        setting: &Setting,
        events: Events,
    ) -> Result<Self, String> {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["node", &setting.url, &setting.schema])
            .args([setting.ttl.as_millis().to_string(), setting.notifications.to_string()])
            .args([&setting.public_key, &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this program can be started");
        let pid = child.id().expect("it runs");
        let input = child.stdin.take().expect("it was asked for");
        let output = child.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(output).lines();
        match timeout(Duration::from_secs(30), lines.next_line()).await {
            Ok(Ok(Some(line))) if line == "ready" => {}
            _ => return Err("a node does not start".to_owned()),
        }
        let waiting = Arc::default();
        tokio::spawn(listen(number, lines, Arc::clone(&waiting), events));
        Ok(Self {
            pid,
            child: child.into(),
            input: input.into(),
            waiting,
            next: AtomicU64::default(),
        })
    }

    /// Has it do something.
    pub(crate) async fn ask(&self, command: &str) -> Answer {
        let (sender, answer) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.waiting).insert(id, sender);
        let line = format!("{id} {command}\n");
        let written = self.input.lock().await.write_all(line.as_bytes()).await;
        if written.is_err() {
            lock(&self.waiting).remove(&id);
        }
        answer.await.unwrap_or_else(|_| Err(GONE.to_owned()))
    }

    /// The same, for what answers numbers and must not fail.
    pub(crate) async fn numbers<const N: usize>(&self, command: &str) -> [u64; N] {
        let what = command.split(' ').next().unwrap_or_default();
        let answer = self.ask(command).await.unwrap_or_else(|code| panic!("{what}: {code}"));
        let numbers: Option<Vec<u64>> = answer.iter().map(|word| word.parse().ok()).collect();
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        numbers.unwrap_or_else(|| panic!("{what}: {answer:?}"))
    }

    pub(crate) fn resident(&self) -> u64 {
        processes::resident(self.pid)
    }

    pub(crate) fn cpu(&self) -> Duration {
        processes::cpu(self.pid)
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&self) {
        // It may have ended.
        let _ = lock(&self.child).start_kill();
    }

    /// Stops its time, and lets it go on.
    pub(crate) fn pause(&self, paused: bool) {
        let signal = if paused { Signal::STOP } else { Signal::CONT };
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let _ = pid.map(|pid| kill_process(pid, signal));
    }
}

/// Passes on what a node says until it ends; then nobody is left waiting.
async fn listen(
    number: usize,
    mut lines: Lines<BufReader<ChildStdout>>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
    events: Events,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(event) = line.strip_prefix("! ") {
            let _ = events.send((number, event.to_owned()));
            continue;
        }
        let mut words = line.split(' ').map(str::to_owned);
        let id = words.next().and_then(|id| id.parse().ok());
        let sender = id.and_then(|id: u64| lock(&waiting).remove(&id));
        let good = words.next().is_some_and(|word| word == "ok");
        let rest: Vec<String> = words.collect();
        let answer = if good { Ok(rest) } else { Err(rest.join(" ")) };
        if let Some(sender) = sender {
            let _ = sender.send(answer);
        }
    }
    lock(&waiting).clear();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
