//! Being told that something in a directory has changed.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

/// Watches directories, those that do not exist yet included. Where it cannot
/// watch it keeps quiet: files are read every second anyway.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    directories: Vec<Directory>,
    /// Whether a watched directory was removed: another one that looks the
    /// same may stand there by now.
    removed: Arc<AtomicBool>,
}

struct Directory {
    path: PathBuf,
    /// Which directory is watched under this path.
    watched: Option<Identity>,
}

impl Watch {
    /// Watches the directories of these files from the next
    /// [`follow`](Self::follow) on; `changed` is told.
    pub(super) fn new<'p>(files: impl Iterator<Item = &'p Path>, changed: Arc<Notify>) -> Self {
        let mut paths: Vec<PathBuf> = files.map(directory).collect();
        paths.sort();
        paths.dedup();
        let removed = Arc::new(AtomicBool::new(false));
        let watcher = (!paths.is_empty()).then(|| {
            let (removed, paths) = (Arc::clone(&removed), paths.clone());
            notify::recommended_watcher(move |event: notify::Result<Event>| {
                if event.as_ref().is_ok_and(|event| removes(event, &paths)) {
                    removed.store(true, Ordering::SeqCst);
                }
                if event.as_ref().map_or(true, changes) {
                    changed.notify_one();
                }
            })
        });
        let watcher = watcher.and_then(|watcher| watcher.inspect_err(quiet).ok());
        let directory = |path| Directory { path, watched: None };
        Self { watcher, directories: paths.into_iter().map(directory).collect(), removed }
    }

    /// Watches directories that have appeared, or that a path leads to now.
    pub(super) fn follow(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let removed = self.removed.swap(false, Ordering::SeqCst);
        for directory in &mut self.directories {
            let found = Identity::of(&directory.path);
            if found == directory.watched && !removed {
                continue;
            }
            if directory.watched.take().is_some() {
                // Gone, or another one: that it was watched no more is no error.
                let _ = watcher.unwatch(&directory.path);
            }
            if found.is_some() {
                match watcher.watch(&directory.path, RecursiveMode::NonRecursive) {
                    Ok(()) => directory.watched = found,
                    Err(error) => quiet(&error),
                }
            }
        }
    }
}

fn quiet(error: &notify::Error) {
    tracing::debug!(%error, "a license directory cannot be watched; it is read every second");
}

fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether an event may mean another content. Reading the file is an event,
/// too, and would never end.
fn changes(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

/// Whether one of these directories is gone.
fn removes(event: &Event, directories: &[PathBuf]) -> bool {
    event.kind.is_remove() && event.paths.iter().any(|path| directories.contains(path))
}

/// Which directory it is, whatever its path.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity(#[cfg(unix)] u64, #[cfg(unix)] u64);

impl Identity {
    #[cfg(unix)]
    fn of(directory: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        let it = std::fs::metadata(directory).ok().filter(std::fs::Metadata::is_dir)?;
        Some(Self(it.dev(), it.ino()))
    }

    #[cfg(not(unix))]
    fn of(directory: &Path) -> Option<Self> {
        directory.is_dir().then_some(Self())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use notify::event::{CreateKind, ModifyKind, RenameMode};
    use tokio::time::timeout;

    use super::*;

    /// Whether a change is told within this time.
    async fn is_told(changed: &Notify, within: Duration) -> bool {
        timeout(within, changed.notified()).await.is_ok()
    }

    #[tokio::test]
    async fn a_directory_is_watched_once_it_is_there_and_again_when_it_is_another() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("directory");
        let file = directory.join("license.jwt");
        let changed = Arc::new(Notify::new());
        let mut watch = Watch::new([&*file].into_iter(), Arc::clone(&changed));
        watch.follow();
        for _ in 0..3 {
            fs::create_dir(&directory).unwrap();
            watch.follow();
            // What is told of the directory before.
            while is_told(&changed, Duration::from_millis(50)).await {
                watch.follow();
            }
            fs::write(&file, "one").unwrap();
            assert!(is_told(&changed, Duration::from_secs(20)).await);
            fs::remove_dir_all(&directory).unwrap();
        }
    }

    #[test]
    fn reading_changes_nothing_and_everything_else_may() {
        let is = |kind| changes(&Event::new(kind));
        assert!(!is(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!is(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(is(EventKind::Create(CreateKind::File)));
        assert!(is(EventKind::Modify(ModifyKind::Name(RenameMode::To))));
        assert!(is(EventKind::Other));
    }

    #[test]
    fn a_bare_file_name_stands_in_the_working_directory() {
        assert_eq!(directory(Path::new("license.jwt")), Path::new("."));
        assert_eq!(directory(Path::new("/etc/license.jwt")), Path::new("/etc"));
    }
}
