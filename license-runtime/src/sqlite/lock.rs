//! One process at a time: a lock on a file beside the database, which the
//! system lets go of when the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::open::{unavailable, with_suffix};
use crate::{StoreError, StoreErrorKind};

/// How long to wait for a process that is about to end.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

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
    let taken = timeout(PATIENCE, async {
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => sleep(PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(unavailable(error)),
                Ok(()) => return Ok(()),
            }
        }
    });
    taken.await.unwrap_or_else(|_| Err(StoreErrorKind::InUse.into()))?;
    Ok(file)
}
