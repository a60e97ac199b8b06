//! The commands of the guide, in the order in which they stand there.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

const GUIDE: &str = include_str!("../../../docs/guide.md");

/// The `license` commands of the shell blocks, each on one line.
fn commands() -> Vec<String> {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    let shell: Vec<&str> = blocks.filter_map(|block| block.strip_prefix("sh\n")).collect();
    let lines = shell.join("\n").replace("\\\n", " ");
    lines.lines().filter(|line| line.starts_with("license ")).map(str::to_owned).collect()
}

fn run(command: &str, directory: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_license")).parent().unwrap();
    let mut path = vec![program.to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env("PATH", env::join_paths(path).unwrap())
        .output()
        .unwrap()
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let profile = GUIDE.split_once("```toml\n# acme.toml\n").unwrap().1;
    let profile = profile.split_once("```").unwrap().0;
    fs::write(directory.path().join("acme.toml"), profile).unwrap();
    let mut ran = Vec::new();
    for command in commands() {
        // Not every machine that tests run on has an id.
        let needs_machine = command.contains("machine-info");
        if needs_machine && fs::read_to_string("/etc/machine-id").is_err() {
            license_test_skips::missing("/etc/machine-id");
            continue;
        }
        let output = run(&command, directory.path());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {told}");
        ran.extend(command.split_whitespace().nth(1).map(str::to_owned));
    }
    for subcommand in [
        "keygen", "issue", "inspect", "verify", "doctor", "simulate", "renew", "amend", "diff",
        "man",
    ] {
        assert!(ran.iter().any(|it| it == subcommand), "{subcommand} is not shown");
    }
}
