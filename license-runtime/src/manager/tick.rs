//! What happens by itself: the waiting license takes over, the clock mark is
//! saved, the end of a term is noted, a doubt about the store is settled. And
//! taking a license out.

use std::{sync::Arc, time::Duration};

use license_core::{Actor, InstallError, Phase, Token, licensing::StoredState, time::ClockMark};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Shared, StoreView, install::ATTEMPTS};
use crate::{
    audit::{AuditRecord, Outcome},
    store::{Loaded, StoreError, StoreErrorKind},
};

/// Who is named in the audit history for what happens by itself.
const SYSTEM: &str = "system";
/// How far apart saved clock marks are, at least and at most.
const SOONEST_SAVE: Duration = Duration::from_secs(1);
const LATEST_SAVE: Duration = Duration::from_secs(15);

/// The background task, until it is told to stop or nobody is left who could.
pub(super) async fn run(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut changes = shared.store.changes();
    loop {
        let ticking = Arc::clone(&shared);
        let mut work = tokio::spawn(async move { ticking.tick().await });
        // While the store keeps the work waiting, the clock is looked at all
        // the same, so that whoever waits for a change learns of it.
        let result = loop {
            if let Ok(result) = timeout(shared.pause(), &mut work).await {
                break result;
            }
            shared.announce();
        };
        shared.announce();
        if result.is_err() {
            tracing::error!("keeping the license failed; it is tried again");
        }
        tokio::select! {
            _ = stop.changed() => break,
            () = changes.next() => shared.known.lock().await.in_doubt = true,
            () = sleep(shared.pause()) => {}
        }
    }
}

impl Shared {
    /// How long to sleep: until the next change, at most a second.
    fn pause(&self) -> Duration {
        self.licensing.control().refresh().clamp(Duration::from_millis(10), Duration::from_secs(1))
    }

    /// One round.
    pub(super) async fn tick(&self) {
        self.watch_machine().await;
        let mut known = self.known.lock().await;
        self.settle(&mut known).await;
        self.take_over(&mut known).await;
        self.note_expiry(&mut known).await;
        self.remember_machine(&self.licensing.control().machine()).await;
        let mark = self.mark_to_keep(&known, self.licensing.control().clock_mark());
        if mark.is_worth_recording(known.clock, self.apart()) {
            self.save_clock(&mut known, mark).await;
        }
    }

    /// How far the mark may move before it is saved again. A process that has
    /// just begun saves it sooner, so that one that is killed early loses
    /// about a fifth of the time it ran: nothing is gained by starting over
    /// and over with the clock set back.
    fn apart(&self) -> Duration {
        let ran = self.licensing.clock().monotonic().saturating_sub(self.started);
        (ran / 5).clamp(SOONEST_SAVE, LATEST_SAVE)
    }

    /// Saves the clock mark, however little it has moved.
    pub(super) async fn save_mark(&self) {
        let mut known = self.known.lock().await;
        let mark = self.mark_to_keep(&known, self.licensing.control().clock_mark());
        if mark != known.clock {
            self.save_clock(&mut known, mark).await;
        }
    }

    /// Takes what evidence there is of the time, at the start: a store that
    /// lost its clock mark does not bring back the time before the newest row
    /// of the audit history and the newest license.
    pub(super) async fn take_evidence(&self) {
        let written = match self.store.audit(1).await {
            Ok(rows) => rows.first().map(|row| row.record.at),
            Err(error) => {
                self.store_health.read_failed(&error);
                None
            }
        };
        let at = written.max(self.licensing.control().saved().newest_issued_at);
        let at = at.map(|at| at.min(self.latest()));
        if let Some(at) = at.filter(|_| at > self.licensing.control().clock_mark().mark) {
            self.licensing.control().note_time(at);
        }
    }

    /// The last round.
    pub(super) async fn shut_down(&self) {
        self.leases.close().await;
        self.quotas.close().await;
        self.save_mark().await;
        self.store.close().await;
    }

    /// Puts the stored licenses in force, verified again.
    pub(super) async fn restore(&self, saved: StoredState) {
        let licensing = self.licensing.clone();
        let task = tokio::task::spawn_blocking(move || licensing.control().restore(&saved));
        match task.await {
            Ok(errors) => {
                for error in errors {
                    tracing::error!(code = error.code(), "a stored license does not verify");
                }
            }
            Err(_) => tracing::error!("verifying the stored license failed"),
        }
    }

    /// Where another instance, or an earlier write whose answer was lost, may
    /// have changed the license, finds out.
    pub(super) async fn settle(&self, known: &mut StoreView) {
        if !known.in_doubt && !self.store.is_shared() {
            return;
        }
        if let Err(error) = self.follow(known).await {
            self.store_health.read_failed(&error);
        }
    }

    /// Takes over what the store holds, if it is newer than what is known and
    /// has begun. Returns whether that is known now.
    pub(super) async fn follow(&self, known: &mut StoreView) -> Result<bool, StoreError> {
        let loaded = self.load(known).await?;
        let due = self.is_due(known, &loaded).await;
        if due {
            self.take(known, loaded).await;
        }
        Ok(due)
    }

    /// Takes over what the store holds, if it is newer than what is known.
    async fn take_stored(&self, known: &mut StoreView) -> Result<(), StoreError> {
        let loaded = self.load(known).await?;
        self.take(known, loaded).await;
        Ok(())
    }

    async fn load(&self, known: &mut StoreView) -> Result<Loaded, StoreError> {
        let loaded = self.store.load().await?;
        self.store_health.was_read();
        self.saw_store_clock(loaded.now);
        known.in_doubt = false;
        Ok(loaded)
    }

    /// Whether the license that another instance has installed has begun here,
    /// too. Where this clock is slow, the one in force goes on until then.
    async fn is_due(&self, known: &StoreView, loaded: &Loaded) -> bool {
        if loaded.revision == known.revision || !self.licensing.phase().is_in_force() {
            return true;
        }
        let Some(token) = loaded.saved.current.clone() else { return true };
        let read = self.read(Some(token.into_bytes())).await;
        let now = self.licensing.control().judged_time();
        read.verified.map_or(true, |verified| {
            verified.license().term().not_before.is_none_or(|it| it <= now)
        })
    }

    async fn take(&self, known: &mut StoreView, loaded: Loaded) {
        let mut saved = loaded.saved;
        let stored = saved.clock;
        if loaded.revision == known.revision {
            known.clock = stored;
            return;
        }
        // Unless a license has reset the clock, what this process has seen
        // itself counts as well.
        if saved.last_reset <= self.licensing.control().saved().last_reset {
            let own = self.licensing.control().clock_mark();
            saved.clock = ClockMark::new(stored.mark.max(own.mark), own.latched);
        }
        self.restore(saved).await;
        known.revision = loaded.revision;
        known.clock = stored;
    }

    /// Makes a waiting license that has begun the installed one, in the store
    /// first. Requests are decided by it already.
    async fn take_over(&self, known: &mut StoreView) {
        let Some(next) = self.licensing.control().due_next() else { return };
        if !self.has_begun_for_all(&next) {
            return;
        }
        let mut saved = self.licensing.control().saved();
        saved.current = saved.next.take();
        let now = self.licensing.clock().now();
        let mut record = AuditRecord::new(now, SYSTEM, Outcome::TookOver);
        record.license_id = Some(next.license().id().to_owned());
        record.digest = Some(next.digest());
        match self.persist(known, saved, record).await {
            Ok(()) => {
                self.licensing.control().promote_next();
                tracing::info!(outcome = %Outcome::TookOver, "the waiting license has begun");
            }
            Err(error) => self.not_kept(known, &error).await,
        }
    }

    /// Notes the end of a term in the audit history: once, whichever instance
    /// sees it first.
    async fn note_expiry(&self, known: &mut StoreView) {
        if !matches!(self.licensing.phase(), Phase::Grace | Phase::Lapsed) {
            return;
        }
        let Some(verified) = self.licensing.license() else { return };
        let digest = verified.digest();
        // A clock that is fast sees the end before the others.
        let has_ended = verified.license().term().expires_at <= self.latest();
        if known.expired == Some(digest) || !has_ended {
            return;
        }
        let now = self.licensing.clock().now();
        let mut record = AuditRecord::new(now, SYSTEM, Outcome::Expired);
        record.license_id = Some(verified.license().id().to_owned());
        record.digest = Some(digest);
        match self.store.record_once(record).await {
            Ok(()) => known.expired = Some(digest),
            Err(error) => self.store_health.write_failed(&error),
        }
    }

    /// Takes the installed and the waiting license out.
    pub(super) async fn remove(&self, actor: &Actor) -> Result<(), InstallError> {
        let mut known = self.known.lock().await;
        self.settle(&mut known).await;
        for _ in 0..ATTEMPTS {
            let mut saved = self.licensing.control().saved();
            if saved.current.is_none() && saved.next.is_none() {
                return Ok(());
            }
            let record = self.removal(&saved, actor);
            (saved.current, saved.next) = (None, None);
            match self.persist(&mut known, saved.clone(), record).await {
                Ok(()) => {
                    tracing::info!(outcome = %Outcome::Removed, "the license was taken out");
                    self.restore(saved).await;
                    return Ok(());
                }
                Err(error) if error.kind() == StoreErrorKind::Conflict => {
                    self.take_stored(&mut known).await?;
                }
                Err(error) => {
                    self.store_health.write_failed(&error);
                    return Err(InstallError::from(error));
                }
            }
        }
        Err(InstallError::from(StoreError::new(StoreErrorKind::Conflict)))
    }

    fn removal(&self, saved: &StoredState, actor: &Actor) -> AuditRecord {
        let mut record = self.record_of(&actor.name, actor.address);
        let token = saved.current.as_deref().or(saved.next.as_deref());
        let token = token.and_then(|token| Token::parse(token.as_bytes()).ok());
        record.digest = token.map(|token| token.digest());
        record.license_id = self.licensing.license().map(|it| it.license().id().to_owned());
        record.outcome = Outcome::Removed.to_string();
        record
    }

    pub(super) async fn save_clock(&self, known: &mut StoreView, mark: ClockMark) {
        match self.store.save_clock(known.revision, mark).await {
            Ok(()) => {
                known.clock = mark;
                self.store_health.was_written();
            }
            Err(error) => self.not_kept(known, &error).await,
        }
    }

    async fn not_kept(&self, known: &mut StoreView, error: &StoreError) {
        if error.kind() == StoreErrorKind::Conflict {
            known.in_doubt = true;
            self.settle(known).await;
        } else {
            self.store_health.write_failed(error);
        }
    }
}
