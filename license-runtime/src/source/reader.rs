//! Reading all sources of a service.

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::Notify;

use super::{Kind, Reading, Source, file, mount, watch::Watch};

/// Reads the sources of a service, as often as asked.
pub(crate) struct Reader {
    sources: Vec<Place>,
    changed: Arc<Notify>,
    watch: Mutex<Option<Watch>>,
}

struct Place {
    source: Source,
    /// What the environment held at the start.
    variable: Option<Vec<u8>>,
    /// Whether the file, when it was first found, was mounted by itself.
    mounted_alone: OnceLock<bool>,
}

impl Reader {
    /// Reads the environment now, and files later.
    pub(crate) fn new(sources: Vec<Source>) -> Self {
        let place = |source: Source| {
            let variable = match &source.0 {
                Kind::Environment(name) => std::env::var_os(name),
                _ => None,
            };
            let variable = variable.map(std::ffi::OsString::into_encoded_bytes);
            Place { source, variable, mounted_alone: OnceLock::new() }
        };
        let sources = sources.into_iter().map(place).collect();
        Self { sources, changed: Arc::default(), watch: Mutex::new(None) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub(crate) fn source(&self, index: usize) -> Option<&Source> {
        self.sources.get(index).map(|place| &place.source)
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().map(|place| &place.source)
    }

    /// Whether there is anything that can change.
    pub(crate) fn has_files(&self) -> bool {
        self.sources().any(Source::is_file)
    }

    /// Starts watching, before the next [`read`](Self::read).
    pub(crate) fn watch(&self) {
        let files = self.sources().filter_map(|source| match &source.0 {
            Kind::File { path, .. } => Some(&**path),
            _ => None,
        });
        let watch = Watch::new(files, Arc::clone(&self.changed));
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
    }

    /// Stops watching.
    pub(crate) fn unwatch(&self) {
        // While a disk hangs, the reader keeps the watch until it is gone.
        if let Ok(mut watch) = self.watch.try_lock() {
            watch.take();
        }
    }

    /// Waits until a watched directory has changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Reads every source. Blocks as long as the disk does.
    pub(crate) fn read(&self) -> Vec<Reading> {
        if let Some(watch) = &mut *self.watch.lock().unwrap_or_else(PoisonError::into_inner) {
            watch.follow();
        }
        self.sources.iter().map(Place::read).collect()
    }

    /// The first file that is mounted by itself.
    pub(crate) fn mounted_alone(&self) -> Option<&Source> {
        let alone = |place: &&Place| place.mounted_alone.get() == Some(&true);
        self.sources.iter().find(alone).map(|place| &place.source)
    }
}

impl Place {
    fn read(&self) -> Reading {
        match &self.source.0 {
            Kind::File { path, .. } => self.read_file(path),
            Kind::Environment(_) => text(self.variable.as_deref().unwrap_or_default()),
            Kind::Literal { text: it, .. } => text(it.as_bytes()),
        }
    }

    fn read_file(&self, path: &Path) -> Reading {
        let reading = file::read(path);
        if reading != Reading::Absent {
            self.mounted_alone.get_or_init(|| mount::is_mounted_alone(path));
        }
        reading
    }
}

/// What is blank is as good as not set.
fn text(text: &[u8]) -> Reading {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Reading::Absent;
    }
    // Of UTF-16 half a character would be taken away.
    let is_utf16 = text.contains(&0);
    Reading::Text(if is_utf16 { text } else { trimmed }.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blank_is_absent() {
        let sources = ["", " \r\n", " token\n"].map(|text| Source::literal("--key", text));
        let readings = Reader::new(sources.into()).read();
        assert_eq!(readings, [Reading::Absent, Reading::Absent, Reading::Text(b"token".into())]);
    }

    #[test]
    fn of_utf_16_no_byte_is_taken_away() {
        let text: Vec<u8> = "\u{feff}token\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(super::text(&text), Reading::Text(text.clone()));
    }

    #[test]
    fn the_environment_is_read() {
        // Cargo sets one and not the other.
        let sources = ["CARGO_PKG_NAME", "LICENSE_THAT_NOBODY_SETS"].map(Source::environment);
        let readings = Reader::new(sources.into()).read();
        assert_eq!(readings, [Reading::Text(b"license-runtime".into()), Reading::Absent]);
    }
}
