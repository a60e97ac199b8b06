//! A node: an instance of a service without its HTTP, led by lines on the
//! standard input. A line is a number, a command and its words; the answer is
//! the number, `ok` or `err`, and words. What it says by itself begins with
//! `!`. It ends when the input does.

mod hosts;
mod limits;
mod work;

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use license_core::{Actor, Installer, Licensing, MachineId, licensing::InstallRequest};
use license_runtime::{AuditVerdict, LeaseGuard, LicenseManager, MachineIdSource, PostgresStore};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    task::JoinHandle,
};

use self::work::Work;
use crate::license::{self, monotonic};

/// What the commands work on.
struct Node {
    manager: LicenseManager,
    url: String,
    number: String,
    guards: Mutex<Vec<LeaseGuard>>,
    work: Mutex<Vec<JoinHandle<()>>>,
}

/// What is answered: words, or a code.
type Answer = Result<String, String>;

/// Runs a node until its input ends.
pub(crate) async fn run(arguments: &[String]) {
    let [url, schema, ttl, notifications, public_key, number] = arguments else {
        panic!("a node is started by this program alone")
    };
    let ttl = Duration::from_millis(ttl.parse().expect("a time in milliseconds"));
    let Ok(builder) = PostgresStore::builder(url) else { return };
    let builder = builder.schema(schema).notifications(notifications == "true");
    let Ok(store) = builder.open().await else { return };
    let machine = MachineId::custom("the-machine-of-the-benchmarks").expect("the id is valid");
    let manager = LicenseManager::builder(Licensing::new(license::verifier(public_key)))
        .store(store)
        .machine_id(MachineIdSource::Custom(machine))
        .lease_ttl(ttl)
        .start()
        .await;
    let Ok(manager) = manager else { return };
    let node = Node {
        manager,
        url: url.clone(),
        number: number.clone(),
        guards: Mutex::default(),
        work: Mutex::default(),
    };
    tokio::spawn(tell(node.manager.licensing().clone()));
    say("ready");
    node.listen().await;
}

/// Says which license is in force, and since when.
async fn tell(licensing: Licensing) {
    let mut subscription = licensing.subscribe();
    loop {
        if let Some(license) = licensing.license() {
            let at = monotonic().as_nanos();
            say(&format!("! in-force {at} {}", license.license().id()));
        }
        subscription.changed().await;
    }
}

/// Whoever listened has gone when it cannot be said; the input ends, too.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

impl Node {
    async fn listen(self) {
        let node = Arc::new(self);
        let mut lines = BufReader::new(stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let node = Arc::clone(&node);
            tokio::spawn(async move {
                let mut words = line.split(' ');
                let id = words.next().unwrap_or_default();
                let words: Vec<&str> = words.collect();
                match node.carry_out(&words).await {
                    Ok(answer) => say(format!("{id} ok {answer}").trim_end()),
                    Err(code) => say(&format!("{id} err {code}")),
                }
            });
        }
    }

    async fn carry_out(self: &Arc<Self>, command: &[&str]) -> Answer {
        match command {
            ["install", token] => self.install(token).await,
            ["license"] => self.license(),
            ["audit"] => self.verify_audit().await,
            ["connect", from, to] => self.connect(number(from)?, number(to)?).await,
            ["disconnect"] => self.disconnect().await,
            ["churn", millis] => self.churn(time(millis)?).await,
            ["visit", millis] => self.visit(time(millis)?).await,
            ["quota", name, millis] => self.use_up(name, time(millis)?).await,
            ["seats", tasks, millis] => self.reserve(number(tasks)?, time(millis)?).await,
            ["probe"] => self.probe().await,
            ["work", pool, seats, seed] => {
                let (pool, seats) = (number(pool)?, number(seats)?);
                let work = Work::new(Arc::clone(self), pool, seats, number(seed)?);
                self.running().extend(work.start());
                Ok(String::new())
            }
            ["rest"] => {
                self.running().drain(..).for_each(|task| task.abort());
                Ok(String::new())
            }
            ["end"] => {
                self.running().drain(..).for_each(|task| task.abort());
                self.guards().clear();
                self.manager.shutdown().await;
                Ok(String::new())
            }
            _ => Err("unknown_command".to_owned()),
        }
    }

    async fn install(&self, token: &str) -> Answer {
        let began = monotonic();
        let request = InstallRequest::new(Actor::new("admin@example.com", None));
        match self.manager.install(token.as_bytes(), request).await {
            Ok(_) => Ok(format!("{} {}", began.as_nanos(), monotonic().as_nanos())),
            Err(error) => Err(error.code().to_owned()),
        }
    }

    /// The license in force, and when it was issued.
    fn license(&self) -> Answer {
        let verified = self.manager.licensing().license();
        let verified = verified.ok_or_else(|| "license_missing".to_owned())?;
        let license = verified.license();
        Ok(format!("{} {}", license.id(), license.issued_at().as_seconds()))
    }

    async fn verify_audit(&self) -> Answer {
        match self.manager.store().verify_audit().await {
            Ok(AuditVerdict::Intact { rows }) => Ok(rows.to_string()),
            Ok(verdict) => Err(format!("{verdict:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn guards(&self) -> std::sync::MutexGuard<'_, Vec<LeaseGuard>> {
        self.guards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| "not_a_number".to_owned())
}

fn time(word: &str) -> Result<Duration, String> {
    number(word).map(Duration::from_millis)
}
