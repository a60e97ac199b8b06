//! Container images: Debian's `docker-registry`, and `skopeo` to move them.

use std::{
    io::Write,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::server::Server;

/// A running registry. It is killed when this is dropped.
#[derive(Debug)]
pub struct Registry(Server);

/// Whether the programs are installed; where one is not, the test is skipped.
pub fn can_pull_images() -> bool {
    ["docker-registry", "skopeo"].into_iter().all(|program| {
        let there = Command::new(program).arg("--version").output().is_ok();
        if !there {
            license_test_skips::missing(program);
        }
        there
    })
}

impl Registry {
    /// Starts one over this directory, with this value of `auth` in its
    /// configuration; open to everybody where that is empty.
    pub fn start(storage: &Path, auth: &str) -> Self {
        Self(Server::start(|address, directory| {
            let auth = if auth.is_empty() { String::new() } else { format!("auth: {auth}\n") };
            let configuration = format!(
                "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {storage:?} }} }}\n\
                 http: {{ addr: \"{address}\", secret: none }}\n{auth}"
            );
            let file = directory.join("config.yml");
            std::fs::write(&file, configuration).expect("writable");
            let mut registry = Command::new("docker-registry");
            registry.arg("serve").arg(file).env_clear();
            registry.env("PATH", std::env::var_os("PATH").unwrap_or_default());
            registry
        }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.0.log()
    }
}

/// Runs `skopeo` with these arguments and this standard input, without
/// accounts of anybody's. Whether it succeeded, and what it said.
pub fn skopeo(arguments: &[&str], input: &str) -> (bool, String) {
    let home = tempfile::tempdir().expect("a directory");
    let mut child = Command::new("skopeo")
        .arg("--insecure-policy")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("REGISTRY_AUTH_FILE", home.path().join("auth.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is installed");
    let mut stdin = child.stdin.take().expect("piped");
    // It may end without having read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("a child");
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

/// Writes an image of one empty layer, as `skopeo` reads it from `dir:`.
pub fn write_image(directory: &Path) {
    let put = |bytes: &[u8]| {
        let digest = hex(bytes);
        std::fs::write(directory.join(&digest), bytes).expect("writable");
        format!("sha256:{digest}")
    };
    // What ends an archive without a file.
    let layer = [0; 1024];
    let diff = put(&layer);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff]},
    });
    let config = config.to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": config.len(), "digest": put(config.as_bytes()),
        },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
            "size": layer.len(), "digest": diff,
        }],
    });
    std::fs::write(directory.join("manifest.json"), manifest.to_string()).expect("writable");
    std::fs::write(directory.join("version"), "Directory Transport Version: 1.1\n")
        .expect("writable");
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
