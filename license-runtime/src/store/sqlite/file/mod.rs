//! A file that is open in this process. Whoever opens the same one again
//! shares it: the connection, the locks for seats, the leases.

mod leftover;
mod lock;
pub(super) mod open;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use license_core::{Clock, SystemClock};
use tokio::sync::watch;

use self::open::unavailable;

use super::{connection::Connection, migrations, rows};
use crate::store::{LocalLeases, NamedLocks, StoreError, StoreErrorKind};

/// The open file.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) connection: Connection,
    pub(super) locks: NamedLocks,
    pub(super) leases: LocalLeases,
    /// Tells all stores of the file that the license may have changed.
    pub(super) news: watch::Sender<()>,
    /// How many stores have it open; none opens it again after the last.
    stores: AtomicUsize,
    /// Keeps other processes out.
    lock: Mutex<Option<File>>,
}

/// The file at a place, while some store has it open. Held over opening it.
type Place = Arc<tokio::sync::Mutex<Weak<OpenFile>>>;

static PLACES: Mutex<BTreeMap<PathBuf, Place>> = Mutex::new(BTreeMap::new());

impl OpenFile {
    /// Opens the file, or shares what this process has open already.
    pub(super) async fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let is_made = open::make(path)?;
        let place = place(path)?;
        let mut place = place.lock().await;
        if let Some(file) = place.upgrade().filter(|file| file.join()) {
            return Ok(file);
        }
        let lock = lock::take(path).await?;
        let before = if is_made { Before::Nothing } else { Before::at(path, &lock)? };
        let connection = match connect(path, before).await {
            Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                open::set_aside(path, &error, SystemClock::new().now().as_seconds())?;
                open::make(path)?;
                let connection = connect(path, Before::Nothing).await?;
                let mut turn = connection.write().await?;
                let noted = rows::note_corrupt(turn.connection()?).await;
                turn.end(noted).await?;
                connection
            }
            other => other?,
        };
        lock::mark_ready(&lock);
        let file = Arc::new(Self {
            connection,
            locks: NamedLocks::default(),
            leases: LocalLeases::new(),
            news: watch::Sender::default(),
            stores: AtomicUsize::new(1),
            lock: Mutex::new(Some(lock)),
        });
        *place = Arc::downgrade(&file);
        Ok(file)
    }

    /// One more store, unless the last one has left.
    fn join(&self) -> bool {
        let more = |stores: usize| (stores > 0).then(|| stores.saturating_add(1));
        self.stores.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// One store less. Returns whether it was the last.
    pub(super) fn leave(&self) -> bool {
        self.stores.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Closes the file and lets others open it.
    pub(super) async fn close(&self) {
        self.leases.close();
        self.connection.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Where the file is, whatever its path looks like. Forgets places where
/// nothing is open any more.
fn place(path: &Path) -> Result<Place, StoreError> {
    let path = fs::canonicalize(path).map_err(unavailable)?;
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    places.retain(|_, place| {
        Arc::strong_count(place) > 1 || place.try_lock().is_ok_and(|it| it.strong_count() > 0)
    });
    Ok(Arc::clone(places.entry(path).or_default()))
}

/// What the file was before this start, by what lies beside it. An empty file
/// alone says nothing: every first start makes one, and may end there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A store that was ready: it had tables.
    Ready,
}

impl Before {
    fn at(path: &Path, lock: &File) -> Result<Self, StoreError> {
        // Quotas are counted only once the store is ready.
        let counted = || open::with_suffix(path, "-quota").try_exists().map_err(unavailable);
        let was_ready = lock::was_ready(lock)? || counted()?;
        Ok(if was_ready { Self::Ready } else { Self::Nothing })
    }
}

async fn connect(path: &Path, before: Before) -> Result<Connection, StoreError> {
    let head = leftover::head(path)?;
    open::check(&head)?;
    leftover::set_aside(path, &head, SystemClock::new().now().as_seconds())?;
    let connection = Connection::open(path).await?;
    match make_ready(&connection, before).await {
        Ok(()) => Ok(connection),
        Err(error) => {
            // A file is moved only when it is closed: closing it later
            // would remove the journal of the next one.
            connection.close().await;
            Err(error)
        }
    }
}

/// Looks for damage and brings the tables up to date, with nobody else in
/// between.
async fn make_ready(connection: &Connection, before: Before) -> Result<(), StoreError> {
    open::prepare(connection.turn().await?.connection()?).await.map_err(open::damaged)?;
    let mut turn = connection.write().await.map_err(open::damaged)?;
    let connection = turn.connection()?;
    let result = async {
        migrations::check(connection, before == Before::Ready).await?;
        migrations::run(connection).await?;
        rows::check(connection).await
    };
    let result = result.await.map_err(open::damaged);
    turn.end(result).await
}
