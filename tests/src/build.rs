//! Building what the tests start.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use serde_json::Value;

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The executable of an example service.
pub fn example(name: &str) -> PathBuf {
    built("example", name)
}

/// The executable of a program of the workspace.
pub fn program(name: &str) -> PathBuf {
    built("bin", name)
}

fn built(kind: &str, name: &str) -> PathBuf {
    let found = BUILT.iter().find(|(its, named, _)| its == kind && named == name);
    found.unwrap_or_else(|| panic!("{kind} {name} was not built")).2.clone()
}

/// Everything that is started, with its kind and name. Built in one go, with
/// the features that the tests were built with.
static BUILT: LazyLock<Vec<(String, String, PathBuf)>> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--examples", "--bins", "--message-format=json"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the examples do not build");
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let messages = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    messages
        .filter_map(|message| {
            let executable = message["executable"].as_str()?.into();
            let kind = message["target"]["kind"][0].as_str()?.to_owned();
            Some((kind, message["target"]["name"].as_str()?.to_owned(), executable))
        })
        .collect()
});
