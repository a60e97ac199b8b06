//! Cases and their twins: each file in `fail` has one of the same name in `pass`
//! that does the same without fault. The twins are modules of the test, so that
//! nothing is built a second time for them.

use std::{collections::BTreeSet, fs, path::Path};

/// The twins as modules, and their names.
macro_rules! twins {
    ($($name:ident)*) => {
        $(mod $name;)*
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

/// Each case in `folder` is an error, in the words that stand beside it.
pub(crate) fn are_errors(folder: &str) {
    trybuild::TestCases::new().compile_fail(format!("tests/{folder}/fail/*.rs"));
}

/// Each case in `folder` has a twin among `names`, and none is left over.
pub(crate) fn have_twins(folder: &str, names: &[&str]) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder).join("fail");
    let cases: BTreeSet<String> = fs::read_dir(cases)
        .expect("there are cases")
        .map(|entry| entry.expect("a folder that can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(cases.iter().eq(names), "{cases:?} and {names:?}");
}
