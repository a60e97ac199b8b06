//! The clock that tests move is in no release.

use license_tests::example_library;

const VARIABLE: &[u8] = b"EXAMPLES_TEST_CLOCK";

fn holds(release: bool) -> bool {
    let library = std::fs::read(example_library(release)).unwrap();
    library.windows(VARIABLE.len()).any(|window| window == VARIABLE)
}

#[test]
fn a_build_without_debug_assertions_does_not_know_the_clock_of_tests() {
    assert!(!holds(true));
    // The same library, built for tests, does: what is looked for is found.
    assert!(holds(false));
}
