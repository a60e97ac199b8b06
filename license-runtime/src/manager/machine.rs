//! Following this machine's identity while the service runs.

use std::time::Duration;

use license_core::{Fingerprint, machine::Machine};

use super::Shared;
use crate::{
    machine_id::{ReadMachineIdError, new_nonce},
    store::{StoreError, StoreErrorKind},
};

/// When the id was read; in time of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct MachineWatch {
    read_at: Option<Duration>,
    good_at: Option<Duration>,
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
        if self.licensing.control().machine() == Machine::Unavailable {
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
        let new = new_nonce()
            .map_err(|error| StoreError::new(StoreErrorKind::Unavailable).with_source(error))?;
        let name = self.store.name_installation(&new).await?;
        self.licensing.control().set_installation(&name);
        Ok(name)
    }

    async fn read_machine(&self, watch: &mut MachineWatch) {
        let source = self.source.clone();
        let licensing = self.licensing.clone();
        let task =
            tokio::task::spawn_blocking(move || source.fingerprint(licensing.product().audience()));
        // A panic counts as unreadable.
        let read = task.await.ok().and_then(noted);
        let known = self.licensing.control().machine();
        let machine = watch.judge(read, known.clone(), self.licensing.clock().monotonic());
        if machine != known {
            match &machine {
                Machine::Known(_) => tracing::info!("the machine identity was read"),
                _ => tracing::warn!("the machine identity cannot be read"),
            }
            self.licensing.control().set_machine(machine);
        }
    }
}

/// The fingerprint; where there is none the log can tell why.
fn noted(read: Result<Fingerprint, ReadMachineIdError>) -> Option<Fingerprint> {
    read.inspect_err(|error| {
        let cause = std::error::Error::source(error);
        tracing::debug!(%error, cause, "reading the machine identity");
    })
    .ok()
}

impl MachineWatch {
    fn is_due(&self, now: Duration) -> bool {
        self.read_at.is_none_or(|read_at| now.saturating_sub(read_at) >= INTERVAL)
    }

    /// What counts as this machine after an attempt to read its id.
    fn judge(&mut self, read: Option<Fingerprint>, known: Machine, now: Duration) -> Machine {
        self.read_at = Some(now);
        match read {
            Some(fingerprint) => {
                self.good_at = Some(now);
                Machine::Known(fingerprint)
            }
            None if self.good_at.is_some_and(|at| now.saturating_sub(at) < KEEP) => known,
            None => Machine::Unavailable,
        }
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
        let known = watch.judge(Some(one.clone()), Machine::Unavailable, HOUR);
        assert_eq!(known, Machine::Known(one.clone()));
        let almost = HOUR + KEEP - Duration::from_secs(1);
        assert_eq!(watch.judge(None, known.clone(), almost), known);
        assert_eq!(watch.judge(None, known.clone(), HOUR + KEEP), Machine::Unavailable);
        let again = watch.judge(Some(one), Machine::Unavailable, HOUR * 30);
        assert_eq!(watch.judge(None, again.clone(), HOUR * 50), again);
    }

    #[test]
    fn without_a_good_start_nothing_is_kept() {
        let mut watch = MachineWatch::default();
        assert_eq!(watch.judge(None, Machine::Unavailable, HOUR), Machine::Unavailable);
    }

    #[test]
    fn another_identity_counts_at_once() {
        let mut watch = MachineWatch::default();
        let known = watch.judge(Some(fingerprint("sixteen-letters-1")), Machine::Unavailable, HOUR);
        let other = fingerprint("sixteen-letters-2");
        assert_eq!(watch.judge(Some(other.clone()), known, HOUR), Machine::Known(other));
    }

    #[test]
    fn the_id_is_read_again_after_a_minute() {
        let mut watch = MachineWatch::default();
        assert!(watch.is_due(HOUR));
        watch.judge(None, Machine::Unavailable, HOUR);
        assert!(!watch.is_due(HOUR + Duration::from_secs(59)));
        assert!(watch.is_due(HOUR + INTERVAL));
    }
}
