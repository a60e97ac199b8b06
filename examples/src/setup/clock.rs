//! The clock of a service. A build for tests can be given another time by a
//! file; a release build takes it from the system alone.

#[cfg(debug_assertions)]
use std::{path::PathBuf, sync::Arc, time::Duration};

#[cfg(debug_assertions)]
use license_core::{Clock, SystemClock, Timestamp};
use license_core::{Licensing, Verifier};

/// The handle of a service.
#[cfg(not(debug_assertions))]
pub(crate) fn licensing(verifier: Verifier) -> Licensing {
    Licensing::new(verifier)
}

/// The handle of a service, by the test clock where there is one.
#[cfg(debug_assertions)]
pub(crate) fn licensing(verifier: Verifier) -> Licensing {
    match std::env::var_os("EXAMPLES_TEST_CLOCK") {
        Some(file) => Licensing::with_clock(verifier, Arc::new(TestClock(file.into()))),
        None => Licensing::new(verifier),
    }
}

/// The system's clocks, the wall clock moved by as many seconds as stand in
/// a file. The file is read at each look.
#[cfg(debug_assertions)]
#[derive(Debug)]
struct TestClock(PathBuf);

#[cfg(debug_assertions)]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let offset: i64 = text.trim().parse().unwrap_or_default();
        let now = SystemClock::new().now().as_millis();
        Timestamp::from_millis(now.saturating_add(offset.saturating_mul(1000)))
    }

    fn monotonic(&self) -> Duration {
        SystemClock::new().monotonic()
    }
}
