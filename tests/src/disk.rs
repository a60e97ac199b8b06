//! A disk that can be full.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

use tempfile::TempDir;

/// A small file system of its own, unmounted when this is dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

/// What takes the place.
const BALLAST: &str = "ballast";

impl SmallDisk {
    /// A file system of this size, such as `4m`. `None` where mounting is not
    /// allowed; then the test is skipped.
    pub fn new(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(directory.path());
        if !mount.output().is_ok_and(|output| output.status.success()) {
            license_test_skips::missing("the right to mount a file system");
            return None;
        }
        Some(Self(directory))
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = File::create(self.path().join(BALLAST)).expect("room for a name");
        for size in [1 << 16, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives back what [`fill`](Self::fill) took.
    pub fn free(&self) {
        fs::remove_file(self.path().join(BALLAST)).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{:?} stays mounted", self.path());
    }
}
