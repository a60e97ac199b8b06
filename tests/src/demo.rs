//! What a demo mode prints, as a newcomer pastes it.

use std::process::Command;

use crate::{build, root};

/// The commands in a log: the lines that are indented by two blanks.
pub fn commands(log: &str) -> Vec<String> {
    log.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// Runs a printed command at the root of the repository. Returns what it
/// wrote to standard output.
pub fn paste(command: &str) -> String {
    let license = build::program("license");
    let license = license.to_str().expect("a path that is a text");
    let command = command.replace("cargo run -q --bin license --", license);
    let run = Command::new("sh").args(["-c", &command]).current_dir(root()).output();
    let output = run.expect("there is a shell");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {told}");
    String::from_utf8(output.stdout).expect("a text")
}

/// Runs each of the commands, away from the threads of the test.
pub async fn paste_all(commands: Vec<String>) -> Vec<String> {
    let run = move || commands.iter().map(|command| paste(command)).collect();
    tokio::task::spawn_blocking(run).await.expect("no command fails")
}

/// Whether `curl` is there to run printed commands.
pub fn can_paste() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    if !there {
        license_test_skips::missing("curl");
    }
    there
}
