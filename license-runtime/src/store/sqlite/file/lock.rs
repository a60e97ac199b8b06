//! One process at a time: a lock on a file beside the database, which the
//! system lets go of when the process ends, however it ends. The file also
//! remembers that the database was ready once.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::open::{unavailable, with_suffix};
use crate::store::{StoreError, StoreErrorKind};

/// How long to wait for a process that is about to end.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);
/// What stands in the file once the database was ready; any text would do.
const READY: &[u8] = b"ready\n";

/// Takes the lock; dropping the file lets go of it.
///
/// # Errors
///
/// `InUse` when another process keeps it; `Unavailable` when the file cannot
/// be made.
pub(super) async fn take(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(with_suffix(path, "-lock")).map_err(unavailable)?;
    // Only whoever waits needs a timer.
    if !try_lock(&file)? {
        let taken = timeout(PATIENCE, async {
            while !try_lock(&file)? {
                sleep(PAUSE).await;
            }
            Ok::<_, StoreError>(())
        });
        taken.await.unwrap_or_else(|_| Err(StoreErrorKind::InUse.into()))?;
    }
    Ok(file)
}

/// Whether the database was ready under this lock before.
pub(super) fn was_ready(lock: &File) -> Result<bool, StoreError> {
    is_marked(lock).map_err(unavailable)
}

/// Remembers that the database is ready. Where that fails, as on a full disk,
/// the store works all the same; the next start tries again.
pub(super) fn mark_ready(lock: &File) {
    let marked = is_marked(lock).and_then(|it| if it { Ok(()) } else { { lock }.write_all(READY) });
    if let Err(error) = marked {
        tracing::debug!(%error, "the lock of the license store was not marked");
    }
}

fn is_marked(lock: &File) -> io::Result<bool> {
    Ok(lock.metadata()?.len() > 0)
}

/// Whether the lock is taken now; another process may have it.
fn try_lock(file: &File) -> Result<bool, StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}
