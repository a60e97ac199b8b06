//! The Python that tests run.

use std::{path::PathBuf, process::Command};

use crate::root;

/// A Python that imports these modules, such as `jwt, cryptography`: that of
/// `target/python`, which `scripts/test` makes, or the system's. `None` without
/// one; then the test is skipped.
pub fn python(modules: &str) -> Option<PathBuf> {
    let candidates = [root().join("target/python/bin/python"), "python3".into(), "python".into()];
    let found = candidates.into_iter().find(|python| {
        let probe = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        probe.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        license_test_skips::missing(&format!("a Python with {modules}"));
    }
    found
}
