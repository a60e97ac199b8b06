//! Examining a service: its license by the rules of the handle, and around it
//! the store, the machine's id, the sources and the way of alerts. All of it is
//! asked at the same time, and nothing is waited for longer than
//! [`PATIENCE`].

use std::{sync::Arc, time::Duration};

use license_core::{
    Denial, DenialCode, InstallErrorKind, Warning,
    licensing::StoredState,
    refusal::Check,
    report::{Diagnosis, Finding, Surroundings},
};
use tokio::time::timeout;

use super::{Shared, store_health::StoreFailure};

/// The codes of findings that only a runtime has; beside those of
/// [`license_core::report::FINDING_CODES`].
pub const FINDING_CODES: [&str; 10] = [
    "store_slow",
    "file_missing",
    "file_unreadable",
    "source_hidden",
    "source_older",
    "source_overrides",
    "source_mounted_alone",
    "mail_unreachable",
    "mail_slow",
    "alert_failed",
];

/// How long anything outside of this process may take.
pub(super) const PATIENCE: Duration = Duration::from_millis(150);

impl Shared {
    /// Examines everything. What is written is what the background task writes
    /// as well: the clock mark.
    pub(super) async fn diagnose(self: Arc<Self>, host: Option<String>) -> Diagnosis {
        let (store, machine_ids) = (self.examine_store(), self.examine_machine());
        let mail = self.examine_mail();
        #[cfg(feature = "sources")]
        let (store, machine_ids, mail, sources) =
            tokio::join!(store, machine_ids, mail, self.examine_sources());
        #[cfg(not(feature = "sources"))]
        let (store, machine_ids, mail) = tokio::join!(store, machine_ids, mail);
        let (finding, saved) = store;
        let offered = saved.and_then(|saved| self.unread(saved)).map(String::into_bytes);
        #[cfg(feature = "sources")]
        let offered = sources.offered().or(offered);
        let surroundings = machine_ids.host(host).database_clock(self.store_now());
        #[cfg(feature = "sources")]
        let surroundings =
            sources.name(&self).into_iter().fold(surroundings, Surroundings::source_name);
        let licensing = self.licensing.clone();
        let task = tokio::task::spawn_blocking(move || {
            licensing.control().diagnose(offered.as_deref(), &surroundings)
        });
        let broken = || Diagnosis::new([Finding::from(&InstallErrorKind::Internal.into())]);
        let mut diagnosis = task.await.unwrap_or_else(|_| broken());
        diagnosis.extend(std::iter::once(finding).chain(mail));
        #[cfg(feature = "sources")]
        {
            diagnosis.extend(sources.findings(&self, &diagnosis));
            if sources.explain_none(&diagnosis) {
                diagnosis.take_back(Check::License);
            }
        }
        self.report_warnings();
        diagnosis.extend(self.licensing.warnings(|_| None).into_iter().filter_map(other));
        diagnosis
    }

    /// Reads and writes the store, and what it holds.
    async fn examine_store(self: &Arc<Self>) -> (Finding, Option<StoredState>) {
        let shared = Arc::clone(self);
        // In a task: a write that has begun is carried through.
        let task = tokio::spawn(async move { shared.try_store().await });
        let saved = match timeout(PATIENCE, task).await {
            Ok(saved) => saved.ok().flatten(),
            Err(_) if self.store_health.failure().is_none() => {
                let text = format!("The store has not answered within {}.", patience());
                let finding = Finding::warning(Check::Store, "store_slow", text);
                return (
                    finding.cure("Ask again; if it stays, look at the disk or database."),
                    None,
                );
            }
            Err(_) => None,
        };
        let finding = match self.store_health.failure() {
            Some(failure) => Finding::failed(Check::Store, StoreFailure::CODE, failure.text())
                .cure(failure.cure()),
            None => Finding::ok(Check::Store, "The store can be read and written."),
        };
        (finding, saved)
    }

    /// Saves the clock mark and reads everything, noting how that went.
    async fn try_store(&self) -> Option<StoredState> {
        let mut known = self.known.lock().await;
        self.settle(&mut known).await;
        let mark = self.mark_to_keep(&known, self.licensing.control().clock_mark());
        self.save_clock(&mut known, mark).await;
        drop(known);
        match self.store.load().await {
            Ok(loaded) => {
                self.store_health.was_read();
                self.saw_store_clock(loaded.now);
                Some(loaded.saved)
            }
            Err(error) => {
                self.store_health.read_failed(&error);
                None
            }
        }
    }

    /// A license that the store holds and the handle does not: it did not
    /// verify.
    fn unread(&self, stored: StoredState) -> Option<String> {
        let held = self.licensing.control().saved();
        let holds = held.current.is_some() || held.next.is_some();
        stored.current.or(stored.next).filter(|_| !holds)
    }

    /// This machine's ids, or why there are none. What the handle does not know
    /// of them yet it is told.
    async fn examine_machine(self: &Arc<Self>) -> Surroundings {
        let (shared, ladder) = (Arc::clone(self), self.ladder.clone());
        // In a task, as the store's.
        let known = tokio::spawn(async move { shared.find_machine().await });
        let ids = tokio::task::spawn_blocking(move || ladder.surroundings());
        let slow = || Surroundings::new().machine_id(Err("reading it takes too long".to_owned()));
        let (_, ids) = tokio::join!(timeout(PATIENCE, known), timeout(PATIENCE, ids));
        ids.ok().and_then(Result::ok).unwrap_or_else(slow)
    }

    #[cfg(not(feature = "alerts"))]
    async fn examine_mail(&self) -> Option<Finding> {
        None
    }

    /// Whether alerts would get through, where there are any.
    #[cfg(feature = "alerts")]
    async fn examine_mail(&self) -> Option<Finding> {
        let job = self.alerts.as_ref()?;
        let now = self.licensing.clock().monotonic();
        let finding = match (job.reach(PATIENCE, now).await, job.failed()) {
            (Some(Err(error)), _) => {
                let text = format!("Alerts cannot be delivered: {error}.");
                Finding::failed(Check::Mail, "mail_unreachable", text).cure(
                    "Check the mail server's address, its certificate and the credentials, and the \
                     network to it.",
                )
            }
            (_, Some(failure)) => {
                let text = format!(
                    "The latest alert reached nobody, or not everybody ({}): {}.",
                    failure.code,
                    failure.reason.trim_end_matches('.')
                );
                Finding::warning(Check::Mail, "alert_failed", text)
                    .cure("It is tried again; check the recipients and the mail server.")
            }
            (None, None) => {
                let text = format!("The mail server has not answered within {}.", patience());
                Finding::warning(Check::Mail, "mail_slow", text)
                    .cure("Ask again in a few seconds: the answer is waited for in the meantime.")
            }
            (Some(Ok(())), None) => Finding::ok(Check::Mail, "Alerts can be delivered."),
        };
        Some(finding)
    }
}

/// What administrators are told besides, and no check is about.
fn other(warning: Warning) -> Option<Finding> {
    let code = warning.code;
    let denial = code.parse::<DenialCode>().ok();
    let examined = FINDING_CODES.contains(&code)
        || license_core::report::FINDING_CODES.contains(&code)
        || InstallErrorKind::ALL.iter().any(|kind| kind.as_str() == code)
        || denial.is_some_and(|denial| denial != DenialCode::LimitReached);
    if examined {
        return None;
    }
    let finding = Finding::warning(Check::Service, code, warning.text);
    let denial = denial.map(|it| Denial::new(it, it.default_status()).problem());
    let cure = denial.and_then(|problem| problem.remedy);
    Some(cure.into_iter().fold(finding, Finding::cure))
}

/// [`PATIENCE`] in words.
pub(super) fn patience() -> String {
    format!("{} milliseconds", PATIENCE.as_millis())
}
