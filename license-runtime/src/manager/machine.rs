//! Following this machine's identity while the service runs.

use std::time::Duration;

use license_core::{Fingerprint, MachineId, machine::Machine};

use super::Shared;
use crate::{
    machine_id::{ReadMachineIdError, Rungs, new_nonce},
    store::{StoreError, StoreErrorKind},
};

/// When the identity was read; in time of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct MachineWatch {
    read_at: Option<Duration>,
    /// For each rung of the ladder what it was last, and when.
    good: Vec<Option<(Fingerprint, Duration)>>,
    /// The id that the store keeps, once it was asked.
    installation: Option<MachineId>,
    /// Whether the operator was told that something has to be mended.
    told: bool,
}

/// How often the id is read again.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long an id that was read once is believed while it is unreadable.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

impl Shared {
    /// Reads the id when its time has come.
    pub(super) async fn watch_machine(&self) {
        let mut watch = self.machine.lock().await;
        if watch.is_due(self.licensing.clock().monotonic()) {
            self.read_machine(&mut watch).await;
        }
    }

    /// Reads the id if it is not known.
    pub(super) async fn find_machine(&self) {
        if !self.licensing.control().machine().is_known() {
            let mut watch = self.machine.lock().await;
            self.read_machine(&mut watch).await;
        }
    }

    /// What this installation is called in machine info: what the store says,
    /// or from now on something new.
    pub(super) async fn name(&self) -> Result<String, StoreError> {
        if let Some(name) = self.licensing.control().installation() {
            return Ok(name.to_string());
        }
        let name = self.store.name_installation(&new_name()?).await?;
        self.licensing.control().set_installation(&name);
        Ok(name)
    }

    async fn read_machine(&self, watch: &mut MachineWatch) {
        let first = watch.read_at.is_none();
        let reading = self.read_rungs(watch).await;
        if let Some(reading) = reading.as_ref().filter(|_| first) {
            announce(reading);
        }
        let rungs = match reading {
            Some(reading) => reading.into_iter().map(|(_, found)| found.ok()).collect(),
            None => vec![None; self.ladder.len()],
        };
        let machine = watch.judge(rungs, self.licensing.clock().monotonic());
        let known = self.licensing.control().machine();
        if machine != known {
            match (machine.is_known(), known.is_known()) {
                (true, true) => tracing::warn!("the machine identity has changed"),
                (true, false) if first => {}
                (true, false) => tracing::info!("the machine identity was read"),
                (false, _) => tracing::warn!("the machine identity cannot be read"),
            }
            // Before requests are decided by it.
            self.remember_machine(&machine).await;
            self.licensing.control().set_machine(machine);
        }
    }

    /// What every rung comes to; what hinders is told.
    async fn read_rungs(&self, watch: &mut MachineWatch) -> Option<Rungs> {
        let installation = self.installation_id(watch).await;
        let installation =
            installation.inspect_err(|error| self.store_health.write_failed(error)).ok()?;
        let read = self.read_ladder(installation).await;
        let told = std::mem::replace(&mut watch.told, read.is_err());
        if let (Err(error), false) = (&read, told) {
            let cause = std::error::Error::source(error);
            tracing::error!(%error, cause, "the machine identity is not used");
        }
        read.ok()
    }

    /// The id that the store keeps, where the ladder has a rung for it.
    async fn installation_id(
        &self,
        watch: &mut MachineWatch,
    ) -> Result<Option<MachineId>, StoreError> {
        if watch.installation.is_none() && self.ladder.needs_installation() {
            let id = self.store.installation_id(&new_name()?).await?;
            let id = MachineId::installation(&id)
                .map_err(|error| StoreError::new(StoreErrorKind::Corrupt).with_source(error))?;
            watch.installation = Some(id);
        }
        Ok(watch.installation.clone())
    }

    /// Reads every rung.
    async fn read_ladder(
        &self,
        installation: Option<MachineId>,
    ) -> Result<Rungs, ReadMachineIdError> {
        let (ladder, licensing) = (self.ladder.clone(), self.licensing.clone());
        let task = tokio::task::spawn_blocking(move || {
            ladder.read(licensing.product().audience(), installation.as_ref())
        });
        // A panic counts as unreadable.
        task.await.unwrap_or_else(|error| Err(ReadMachineIdError::unreadable().with_source(error)))
    }

    /// Keeps what is to be remembered once this is the machine. What the store
    /// does not keep does not count. Where instances share the store nothing is
    /// remembered: a license for one of them is not for the others, and that one
    /// of them was another machine once gives none of them time.
    pub(super) async fn remember_machine(&self, machine: &Machine) {
        if self.store.is_shared() {
            return;
        }
        let control = self.licensing.control();
        let Some(due) = control.machine_history_due(machine) else { return };
        match self.store.save_machine(&due).await {
            Ok(()) => {
                if due.rebind.is_some() && due.rebind != control.machine_history().rebind {
                    tracing::warn!(
                        "this machine has another identity than the license is for; the license \
                         goes on for the time that the product's policy gives"
                    );
                }
                control.set_machine_history(due);
                self.store_health.was_written();
            }
            Err(error) => self.store_health.write_failed(&error),
        }
    }
}

/// A name that nothing else has.
fn new_name() -> Result<String, StoreError> {
    new_nonce().map_err(|error| StoreError::new(StoreErrorKind::Unavailable).with_source(error))
}

/// Says once by what this machine is known, and why not by what comes first.
fn announce(rungs: &Rungs) {
    let skipped = rungs.iter().map_while(|(scheme, found)| {
        let why = found.as_ref().err()?;
        let cause = std::error::Error::source(why).map(|it| format!(" ({it})"));
        Some(format!("{scheme}: {why}{}", cause.unwrap_or_default()))
    });
    let skipped: Vec<String> = skipped.collect();
    let skipped = (!skipped.is_empty()).then(|| skipped.join("; "));
    match rungs.iter().find_map(|(_, found)| found.as_ref().ok()) {
        Some(called) => {
            tracing::info!(scheme = %called.scheme(), skipped, "the machine identity was read");
        }
        None => tracing::info!(skipped, "this machine has no identity"),
    }
}

impl MachineWatch {
    fn is_due(&self, now: Duration) -> bool {
        self.read_at.is_none_or(|read_at| now.saturating_sub(read_at) >= INTERVAL)
    }

    /// What counts as this machine after an attempt to read each rung. One that
    /// had a value lately keeps it.
    fn judge(&mut self, rungs: Vec<Option<Fingerprint>>, now: Duration) -> Machine {
        self.read_at = Some(now);
        self.good.resize(rungs.len(), None);
        for (good, found) in self.good.iter_mut().zip(rungs) {
            match found {
                Some(fingerprint) => *good = Some((fingerprint, now)),
                None => *good = good.take().filter(|(_, at)| now.saturating_sub(*at) < KEEP),
            }
        }
        Machine::of(self.good.iter().flatten().map(|(fingerprint, _)| fingerprint.clone()))
    }
}

#[cfg(test)]
mod tests {
    use license_core::MachineId;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn fingerprint(id: &str) -> Fingerprint {
        MachineId::custom(id).unwrap().fingerprint("test")
    }

    #[test]
    fn after_a_good_start_the_last_good_fingerprint_is_kept_for_24_hours() {
        let mut watch = MachineWatch::default();
        let one = fingerprint("sixteen-letters-1");
        let known = watch.judge(vec![Some(one.clone())], HOUR);
        assert_eq!(known, Machine::from(one.clone()));
        let almost = HOUR + KEEP - Duration::from_secs(1);
        assert_eq!(watch.judge(vec![None], almost), known);
        assert_eq!(watch.judge(vec![None], HOUR + KEEP), Machine::UNAVAILABLE);
        let again = watch.judge(vec![Some(one)], HOUR * 30);
        assert_eq!(watch.judge(vec![None], HOUR * 50), again);
    }

    #[test]
    fn a_rung_that_is_unreadable_for_a_while_keeps_its_place() {
        let mut watch = MachineWatch::default();
        let [one, two] = ["sixteen-letters-1", "sixteen-letters-2"].map(fingerprint);
        watch.judge(vec![Some(one.clone()), Some(two.clone())], HOUR);
        let known = watch.judge(vec![None, Some(two.clone())], HOUR * 2);
        assert_eq!(known, Machine::of([one, two.clone()]));
        let later = watch.judge(vec![None, Some(two.clone())], HOUR + KEEP);
        assert_eq!(later, Machine::from(two));
    }

    #[test]
    fn without_a_good_start_nothing_is_kept() {
        let mut watch = MachineWatch::default();
        assert_eq!(watch.judge(vec![None], HOUR), Machine::UNAVAILABLE);
    }

    #[test]
    fn another_identity_counts_at_once() {
        let mut watch = MachineWatch::default();
        watch.judge(vec![Some(fingerprint("sixteen-letters-1"))], HOUR);
        let other = fingerprint("sixteen-letters-2");
        assert_eq!(watch.judge(vec![Some(other.clone())], HOUR), Machine::from(other));
    }

    #[test]
    fn the_id_is_read_again_after_a_minute() {
        let mut watch = MachineWatch::default();
        assert!(watch.is_due(HOUR));
        watch.judge(vec![None], HOUR);
        assert!(!watch.is_due(HOUR + Duration::from_secs(59)));
        assert!(watch.is_due(HOUR + INTERVAL));
    }
}
