//! The product's users: rows of a table in the shared database, and the locks
//! under which they are counted.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use license_runtime::SeatLock;

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Users {
    rows: Vec<(u64, Row)>,
    last: u64,
}

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// Nobody has said that it stays.
    Pending,
    Committed,
}

/// A lock that the database holds for a node.
pub(crate) struct HeldLock {
    pub(crate) owner: Arc<AtomicBool>,
    pub(crate) slot: usize,
    pub(crate) since: Duration,
    lock: Mutex<Option<SeatLock>>,
}

impl Users {
    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// How many of them are there to stay.
    pub(crate) fn committed(&self) -> u64 {
        self.rows.iter().filter(|(_, row)| *row == Row::Committed).count() as u64
    }

    pub(crate) fn insert(&mut self) -> u64 {
        self.last += 1;
        self.rows.push((self.last, Row::Pending));
        self.last
    }

    pub(crate) fn commit(&mut self, id: u64) {
        self.rows.iter_mut().filter(|(it, _)| *it == id).for_each(|(_, row)| *row = Row::Committed);
    }

    pub(crate) fn delete(&mut self, id: u64) {
        self.rows.retain(|(it, _)| *it != id);
    }

    /// Deletes any that is there to stay.
    pub(crate) fn delete_any(&mut self, pick: usize) {
        let committed = self.rows.iter().filter(|(_, row)| *row == Row::Committed);
        let ids: Vec<u64> = committed.map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            self.delete(ids[pick % ids.len()]);
        }
    }
}

impl HeldLock {
    pub(crate) fn new(
        owner: Arc<AtomicBool>,
        slot: usize,
        since: Duration,
        lock: SeatLock,
    ) -> Arc<Self> {
        Arc::new(Self { owner, slot, since, lock: Mutex::new(Some(lock)) })
    }

    /// Lets go of the lock. Returns whether it was still held.
    pub(crate) fn end(&self) -> bool {
        self.lock.lock().unwrap().take().is_some()
    }

    pub(crate) fn is_held(&self) -> bool {
        self.lock.lock().unwrap().is_some()
    }

    pub(crate) fn owner_is_dead(&self) -> bool {
        self.owner.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldLock").field("slot", &self.slot).finish_non_exhaustive()
    }
}
