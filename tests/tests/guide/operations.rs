//! Every command of docs/operations.md, in order, against the real service.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use license_tests::{ADMINISTRATOR, PASSWORD, example, now, postgres_database, program, vendor};
use serde_json::json;
use tokio::process::Command;

const PAGE: &str = include_str!("../../../docs/operations.md");
/// What the page uses that not every machine has.
const TOOLS: [&str; 3] = ["curl", "sqlite3", "pg_restore"];
/// In place of systemd: the service is a process, its settings a file.
const SYSTEMCTL: &str = include_str!("systemctl");

/// The shell blocks of the page below each heading, in order.
fn sections() -> Vec<(&'static str, Vec<&'static str>)> {
    let sections = PAGE.split("\n## ").map(|section| {
        let (heading, text) = section.split_once('\n').unwrap();
        let blocks = text.split("```sh\n").skip(1);
        (heading, blocks.map(|block| block.split("```").next().unwrap()).collect())
    });
    sections.collect()
}

fn is_there(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(tool).exists())
}

/// Whether a line says what differs from machine to machine.
fn is_setting(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_')
    })
}

fn line(text: &str) -> String {
    format!("{text}\n")
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn every_command_of_the_operations_page_works() {
    if let Some(tool) = TOOLS.into_iter().find(|tool| !is_there(tool)) {
        return license_test_skips::missing(tool);
    }
    let Some(database) = postgres_database().await else { return };

    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let [bin, data, backup] = ["bin", "data", "back up"].map(|name| root.join(name));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&data).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let vendor = vendor();
    let key = root.join("vendor.pem");
    write(&key, vendor.key().public_pem().unwrap());
    let settings = root.join("polygent.env");
    write(
        &settings,
        format!(
            "LISTEN=127.0.0.1:{port}\nDATA_DIR={}\nLICENSE_PUBLIC_KEY={}\nADMIN_PASSWORD={PASSWORD}\n",
            data.display(),
            key.display()
        ),
    );
    write(
        &root.join("sign-in.json"),
        json!({"email": ADMINISTRATOR, "password": PASSWORD}).to_string(),
    );
    let renewed = vendor.license().id("lic_renewed").issued_at(now()).days(365).limit("users", 5);
    let token = renewed.sign();
    write(&root.join("renewed.lic"), token.as_str());
    write(&bin.join("systemctl"), SYSTEMCTL);
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(program("license"), bin.join("license")).unwrap();

    let mut script = "set -euo pipefail\ntrap 'systemctl stop polygent' EXIT\n".to_owned();
    let mut count = 0;
    for (heading, blocks) in sections() {
        for block in blocks {
            // What differs from machine to machine is in the environment.
            let block: String = match count {
                0 => block.lines().filter(|line| !is_setting(line)).map(line).collect(),
                _ => block.to_owned(),
            };
            script += &format!("echo '== {heading}'\n{block}\n");
            count += 1;
        }
    }
    assert!(count >= 10, "{count} blocks");
    let path = std::env::var("PATH").unwrap();
    let run = Command::new("bash")
        .arg("-c")
        .arg(&script)
        .current_dir(root)
        .env_clear()
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("SERVICE", example("polygent"))
        .env("URL", format!("http://127.0.0.1:{port}"))
        .env("DATA", &data)
        .env("SETTINGS", &settings)
        .env("BACKUP", &backup)
        .env("DATABASE_URL", &database)
        .stdin(Stdio::null())
        .output();
    let output = run.await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let log = fs::read_to_string(root.join("polygent.log")).unwrap_or_default();
    let failed = || format!("{told}\n{}\n{log}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", failed());

    // What the commands came to, section by section.
    let said = |heading: &str, text: &str| {
        let section = told.split("== ").filter(|it| it.starts_with(heading));
        assert!(section.collect::<String>().contains(text), "{heading}: {text}\n{}", failed());
    };
    said("Install", "\"phase\":\"unlicensed\"");
    said("Renew", "\"would_install\":true");
    said("Renew", "\"id\":\"lic_renewed\"");
    // Once as it was installed, once as it was restored.
    let several = told.split("== ").filter(|it| it.starts_with("Several instances"));
    let held: usize = several.map(|it| it.matches("\"id\":\"lic_renewed\"").count()).sum();
    assert_eq!(held, 2, "{}", failed());
    said("Watch", "license_phase{phase=\"active\"} 1");
    // What the restored service had comes from the backup.
    said("Back up and restore", "consistent: 1 row,");
}
