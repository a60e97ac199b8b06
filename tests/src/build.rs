//! Building what the tests start.

use std::{
    env,
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
    let mut command = cargo();
    command.args(["build", "--workspace", "--examples", "--bins", "--message-format=json"]);
    messages(&mut command)
        .iter()
        .filter_map(|message| {
            let executable = message["executable"].as_str()?.into();
            let kind = message["target"]["kind"][0].as_str()?.to_owned();
            Some((kind, message["target"]["name"].as_str()?.to_owned(), executable))
        })
        .collect()
});

/// The library of the examples, built for tests or as for a release: without
/// debug assertions, and all else equal.
pub fn example_library(release: bool) -> PathBuf {
    let mut command = cargo();
    // With an example, so that everything else is built as it is for tests.
    command.args(["build", "--workspace", "--lib", "--example", "hyper", "--message-format=json"]);
    if release {
        command.args(["--config", "profile.dev.package.license-examples.debug-assertions=false"]);
    }
    let messages = messages(&mut command);
    let library = messages.iter().find(|message| message["target"]["name"] == "license_examples");
    let files = library.expect("it was built")["filenames"].as_array().expect("files").clone();
    let files = files.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|it| it == "rlib")).unwrap()
}

/// Cargo, as from a shell: without what it tells a test about its package, for
/// which the build script of `ring` would run again, and all above it be built
/// again.
fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if name.to_str().is_some_and(|name| of_package.iter().any(|it| name.starts_with(it))) {
            command.env_remove(name);
        }
    }
    command
}

/// What cargo says of what it builds.
fn messages(command: &mut Command) -> Vec<Value> {
    let output = command.current_dir(root()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the workspace does not build");
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice::<Value>(line).unwrap()).collect()
}
