//! What a test says that lacks what it needs from outside: a program, a
//! server, a right on this machine.
//!
//! ```no_run
//! # fn nginx_is_installed() -> bool { false }
//! if !nginx_is_installed() {
//!     license_test_skips::missing("nginx");
//!     return;
//! }
//! ```
//!
//! Where `LICENSE_TEST_REQUIRE_ALL` is `1` the test fails. Elsewhere it is
//! skipped, and it is counted: the line goes to standard error, past what
//! Cargo keeps back of a test that passes, and behind what stands in the file
//! that `LICENSE_TEST_SKIPPED` names, which `scripts/test` prints at its end.

use std::{
    env,
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    thread,
};

/// Says that this test does nothing, since `what` is missing.
///
/// # Panics
///
/// Where `LICENSE_TEST_REQUIRE_ALL` is `1`.
#[track_caller]
pub fn missing(what: &str) {
    let required = env::var_os("LICENSE_TEST_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{what} is missing, and LICENSE_TEST_REQUIRE_ALL=1 wants every test to run");
    skipped(what);
}

/// Says that this test does nothing without `what`, which nobody has to have:
/// it fails nowhere.
pub fn extra(what: &str) {
    skipped(what);
}

fn skipped(what: &str) {
    // A test has a thread of its own, by its name, unless there is one for all.
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("{} {test}: {what} is missing\n", binary());
    // Not `eprint!`, which is kept back.
    let _ = write!(io::stderr(), "SKIPPED: {line}");
    if let Some(file) = env::var_os("LICENSE_TEST_SKIPPED") {
        // At once, so that the lines of many processes do not mix.
        let written = OpenOptions::new().create(true).append(true).open(&file);
        if let Err(error) = written.and_then(|mut file| file.write_all(line.as_bytes())) {
            panic!("{}: {error}", Path::new(&file).display());
        }
    }
}

/// The name of the test's executable, without the hash that Cargo puts behind.
fn binary() -> String {
    let path = env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    name.rsplit_once('-').map_or_else(|| name.clone(), |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    /// Run by the tests below, in a process of its own.
    #[test]
    fn child() {
        match env::var("ROLE_OF_THIS_TEST").as_deref() {
            Ok("missing") => missing("the moon"),
            Ok("extra") => extra("the moon"),
            _ => {}
        }
    }

    /// Runs the test above: whether it passes, what it says, and what then
    /// stands in the file.
    fn run(name: &str, role: &str, required: Option<&str>) -> (bool, String, String) {
        let file = env::temp_dir().join(format!("license-skips-{}-{name}", std::process::id()));
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "tests::child", "--test-threads=2"]);
        child.env("ROLE_OF_THIS_TEST", role).env("LICENSE_TEST_SKIPPED", &file);
        child.env_remove("LICENSE_TEST_REQUIRE_ALL");
        child.envs(required.map(|value| ("LICENSE_TEST_REQUIRE_ALL", value)));
        let output = child.output().unwrap();
        let told =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        let kept = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        (output.status.success(), told.into_owned(), kept)
    }

    const LINE: &str = "license_test_skips tests::child: the moon is missing\n";

    #[test]
    fn what_is_missing_is_told_and_counted() {
        for (name, required) in [("unset", None), ("empty", Some("")), ("zero", Some("0"))] {
            let (passed, told, kept) = run(name, "missing", required);
            assert!(passed && told.contains(&format!("SKIPPED: {LINE}")), "{told}");
            assert_eq!(kept, LINE);
        }
    }

    #[test]
    fn what_is_missing_is_a_failure_where_everything_is_required() {
        let (passed, told, kept) = run("required", "missing", Some("1"));
        assert!(!passed && told.contains("the moon is missing"), "{told}");
        assert_eq!(kept, "", "a failure is no skip");
    }

    #[test]
    fn what_nobody_has_to_have_fails_nowhere() {
        let (passed, _, kept) = run("extra", "extra", Some("1"));
        assert!(passed);
        assert_eq!(kept, LINE);
    }

    #[test]
    fn what_runs_is_not_counted() {
        let (passed, told, kept) = run("nothing", "", Some("1"));
        assert!(passed && !told.contains("SKIPPED"), "{told}");
        assert_eq!(kept, "");
    }
}
