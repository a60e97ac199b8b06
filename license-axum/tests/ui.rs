//! What does not compile, and how the compiler says so. Each file in `ui/fail`
//! has a twin of the same name in `ui/pass` that does the same without fault.
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

#[test]
fn faults_are_errors_and_their_twins_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

#[test]
fn every_fault_has_a_twin() {
    let names = |folder: &str| -> BTreeSet<OsString> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(folder);
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .map(|path| path.file_name().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("fail"), names("pass"));
}
