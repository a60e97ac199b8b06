//! The file beside the database where it is noted how much of a quota is
//! spent: for each slot the mark of the session and a number.
//!
//! A note is one write within a page, into the system's page cache. It is
//! whole or not there when the process is killed, and it is never synced:
//! nobody reads it in another boot.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::store::{QuotaJournal, StoreError, StoreErrorKind};

/// What marks the notes of one session.
pub(super) type Mark = [u8; 16];

/// The open and locked file. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Journal(Arc<Mutex<File>>);

/// One slot in the file.
#[derive(Debug)]
pub(super) struct Slot {
    journal: Journal,
    number: i64,
    mark: Mark,
    noted: Mutex<u64>,
}

/// The mark, the number, and room.
const SLOT_BYTES: u64 = 32;
const NOTE_BYTES: usize = 24;

impl Journal {
    /// Opens the file, and makes it where it is missing.
    ///
    /// # Errors
    ///
    /// `Unavailable`, also while another process has it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Arc::new(Mutex::new(file)))),
            Err(TryLockError::WouldBlock) => {
                Err(unavailable("another process counts quotas in this database"))
            }
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }

    /// What is noted in a slot under this mark.
    pub(super) fn read(&self, slot: i64, mark: Mark) -> Result<Option<u64>, StoreError> {
        let mut note = [0; NOTE_BYTES];
        match self.at(slot).and_then(|mut file| file.read_exact(&mut note)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        }
        let (noted_mark, number) = note.split_at(mark.len());
        let number = number.try_into().map(u64::from_le_bytes).ok();
        Ok(number.filter(|_| noted_mark == mark))
    }

    /// Notes what is spent so far, for a first time in this session.
    pub(super) fn slot(&self, number: i64, mark: Mark, spent: u64) -> Result<Slot, StoreError> {
        self.write(number, mark, spent)?;
        Ok(Slot { journal: self.clone(), number, mark, noted: Mutex::new(spent) })
    }

    fn write(&self, slot: i64, mark: Mark, spent: u64) -> Result<(), StoreError> {
        let mut note = [0; NOTE_BYTES];
        let (to_mark, to_number) = note.split_at_mut(mark.len());
        to_mark.copy_from_slice(&mark);
        to_number.copy_from_slice(&spent.to_le_bytes());
        self.at(slot).and_then(|mut file| file.write_all(&note)).map_err(unavailable)
    }

    /// The file, at the place of a slot.
    fn at(&self, slot: i64) -> io::Result<MutexGuard<'_, File>> {
        let place = u64::try_from(slot).ok().and_then(|slot| slot.checked_mul(SLOT_BYTES));
        let place = place.ok_or(ErrorKind::InvalidInput)?;
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(place))?;
        Ok(file)
    }
}

impl QuotaJournal for Slot {
    fn note(&self, spent: u64) -> Result<(), StoreError> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if spent > *noted {
            self.journal.write(self.number, self.mark, spent)?;
            *noted = spent;
        }
        Ok(())
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(error)
}
