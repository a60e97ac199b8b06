//! How large the next block is.

use std::time::Duration;

/// Follows the pace at which units are spent.
#[derive(Debug)]
pub(super) struct Pace {
    size: u64,
    granted_at: Option<Duration>,
}

const SMALLEST: u64 = 16;
const LARGEST: u64 = 65_536;
/// No block is larger than this part of the cap.
const PART: u64 = 64;
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);

impl Pace {
    pub(super) const fn new() -> Self {
        Self { size: SMALLEST, granted_at: None }
    }

    /// The size of the next block, if it is granted now. `now` is monotonic.
    pub(super) fn next(&self, now: Duration, cap: Option<u64>) -> u64 {
        let size = match self.granted_at.map(|at| now.saturating_sub(at)) {
            Some(lasted) if lasted < SHORT => self.size * 2,
            Some(lasted) if lasted > LONG => self.size / 2,
            _ => self.size,
        };
        let most = cap.map_or(LARGEST, |cap| (cap / PART).clamp(1, LARGEST));
        size.clamp(SMALLEST, LARGEST).min(most)
    }

    /// A block of this size was granted.
    pub(super) fn granted(&mut self, now: Duration, size: u64) {
        self.size = size.clamp(1, LARGEST);
        self.granted_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(cap: Option<u64>, every: Duration, times: u32) -> Vec<u64> {
        let mut pace = Pace::new();
        let size = |number| {
            let size = pace.next(every * number, cap);
            pace.granted(every * number, size);
            size
        };
        (0..times).map(size).collect()
    }

    #[test]
    fn blocks_that_do_not_last_a_second_double_up_to_the_largest() {
        let sizes = sizes(None, Duration::from_millis(999), 15);
        assert_eq!(sizes[..4], [16, 32, 64, 128]);
        assert_eq!(sizes[12..], [65_536; 3]);
    }

    #[test]
    fn blocks_that_last_some_seconds_keep_their_size_and_longer_ones_shrink() {
        assert_eq!(sizes(None, Duration::from_secs(2), 3), [16, 16, 16]);
        let mut pace = Pace::new();
        pace.granted(Duration::ZERO, 100);
        assert_eq!(pace.next(Duration::from_secs(30), None), 100);
        assert_eq!(pace.next(Duration::from_secs(61), None), 50);
    }

    #[test]
    fn no_block_is_larger_than_a_64th_of_the_cap() {
        let fast = Duration::ZERO;
        assert_eq!(sizes(Some(6400), fast, 5), [16, 32, 64, 100, 100]);
        assert_eq!(sizes(Some(100), fast, 3), [1, 1, 1]);
        assert_eq!(sizes(Some(0), fast, 2), [1, 1]);
    }
}
