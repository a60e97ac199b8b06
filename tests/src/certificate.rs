//! A certificate for 127.0.0.1.

use std::process::Command;

use tempfile::TempDir;

/// A certificate of 127.0.0.1. `None` without openssl; then the test is
/// skipped.
pub fn certificate() -> Option<TempDir> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory.path()).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]);
    let Ok(output) = openssl.output() else {
        license_test_skips::missing("openssl");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(directory)
}
