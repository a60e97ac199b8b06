//! Work on a second thread while a row is timed.
#![allow(clippy::disallowed_methods, reason = "a pace is kept by the clock")]

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A thread that repeats something at a pace, but only when told to.
pub(crate) struct Beside {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
    /// When it was last told to, and how often it had been done then.
    resumed: (Instant, u64),
    /// For how long it was done, and how often.
    active: Duration,
    counted: u64,
}

#[derive(Default)]
struct Signals {
    working: AtomicBool,
    stopped: AtomicBool,
    idle: AtomicBool,
    turns: AtomicU64,
}

impl Beside {
    /// Repeats `work` every `pace`, or without a pause if that is zero. It
    /// waits for its next turn without sleeping: a thread that sleeps wakes
    /// up late, and the other core is there.
    pub(crate) fn new(pace: Duration, mut work: impl FnMut() + Send + 'static) -> Self {
        let signals = Arc::new(Signals::default());
        let shared = Arc::clone(&signals);
        let thread = thread::spawn(move || {
            loop {
                while !shared.working.load(Ordering::Acquire) {
                    if shared.stopped.load(Ordering::Acquire) {
                        return;
                    }
                    shared.idle.store(true, Ordering::Release);
                    thread::park();
                }
                shared.idle.store(false, Ordering::Release);
                let begun = Instant::now();
                work();
                shared.turns.fetch_add(1, Ordering::Release);
                while !pace.is_zero()
                    && begun.elapsed() < pace
                    && shared.working.load(Ordering::Acquire)
                {
                    std::hint::spin_loop();
                }
            }
        });
        let resumed = (Instant::now(), 0);
        Self { signals, thread: Some(thread), resumed, active: Duration::ZERO, counted: 0 }
    }

    /// Starts the work, and returns when it was done once.
    pub(crate) fn resume(&mut self) {
        let before = self.turns();
        self.signals.working.store(true, Ordering::Release);
        self.unpark();
        while self.turns() == before {
            thread::yield_now();
        }
        self.resumed = (Instant::now(), self.turns());
    }

    /// Stops the work, and returns when the thread rests.
    pub(crate) fn pause(&mut self) {
        let (since, turns) = self.resumed;
        self.active += since.elapsed();
        self.counted += self.turns() - turns;
        self.signals.working.store(false, Ordering::Release);
        while !self.signals.idle.load(Ordering::Acquire) {
            thread::yield_now();
        }
    }

    /// How often the work was done in a second, on average.
    pub(crate) fn per_second(&self) -> f64 {
        if self.active.is_zero() {
            return 0.0;
        }
        self.counted as f64 / self.active.as_secs_f64()
    }

    fn turns(&self) -> u64 {
        self.signals.turns.load(Ordering::Acquire)
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.signals.stopped.store(true, Ordering::Release);
        self.signals.working.store(false, Ordering::Release);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}
