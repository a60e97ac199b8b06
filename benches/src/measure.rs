//! Timing rows in turn.
//!
//! A round runs a short batch of each row, in an order drawn anew; the figure
//! of a row is the median of its batches. A batch is so short that most are
//! not interrupted, and one that is does not move a median. What a row costs
//! beyond another is the median of the differences within a round.
#![allow(clippy::disallowed_methods, reason = "batches are timed by the clock")]

use std::time::{Duration, Instant};

use crate::{Group, Row};

/// How long the batch of a row is to take.
const BATCH: Duration = Duration::from_micros(200);
/// The same for a row beside which a thread works: many turns of it.
const ACCOMPANIED_BATCH: Duration = Duration::from_millis(2);
/// Rounds that are run at least, whatever time they take.
const ROUNDS: usize = 9;

/// The batches of a row, in the order of the rounds: nanoseconds for each
/// repetition.
#[derive(Clone, Debug, Default)]
pub struct Timing(Vec<f64>);

impl Timing {
    /// The median.
    pub fn median(&self) -> f64 {
        quantile(self.0.clone(), 0.5)
    }

    /// What a quarter of the batches do not reach, and what a quarter exceed.
    pub fn quartiles(&self) -> (f64, f64) {
        (quantile(self.0.clone(), 0.25), quantile(self.0.clone(), 0.75))
    }

    /// The median of the differences to another row of the same group.
    pub fn beyond(&self, other: &Self) -> f64 {
        let differences = self.0.iter().zip(&other.0).map(|(ours, theirs)| ours - theirs);
        quantile(differences.collect(), 0.5)
    }
}

fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let index = (last as f64 * at).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// Times the rows of a group in turn for about `budget`. One timing for each
/// row.
pub fn measure(group: &mut Group, budget: Duration) -> Vec<Timing> {
    let sizes: Vec<u64> = group.rows.iter_mut().map(batch_size).collect();
    let mut timings = vec![Timing::default(); sizes.len()];
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15;
    let begun = Instant::now();
    let mut rounds = 0;
    while rounds < ROUNDS || begun.elapsed() < budget {
        shuffle(&mut order, &mut random);
        for &index in &order {
            let (row, size) = (&mut group.rows[index], sizes[index]);
            let elapsed = row.accompanied(|row| {
                // What ran before has left its own in the caches.
                row.run(size.div_ceil(8));
                time(row, size)
            });
            timings[index].0.push(elapsed.as_nanos() as f64 / size as f64);
        }
        rounds += 1;
    }
    timings
}

/// How many repetitions fill a batch.
fn batch_size(row: &mut Row) -> u64 {
    let wanted = if row.has_company() { ACCOMPANIED_BATCH } else { BATCH };
    row.accompanied(|row| {
        let mut size = 1;
        loop {
            // Twice: the first run is a cold one.
            let elapsed = time(row, size).min(time(row, size));
            if elapsed * 4 >= wanted || size > 1 << 24 {
                let each = (elapsed.as_nanos() / u128::from(size)).max(1);
                return u64::try_from(wanted.as_nanos() / each).unwrap_or(1).max(1);
            }
            size *= 2;
        }
    })
}

fn time(row: &mut Row, times: u64) -> Duration {
    let begun = Instant::now();
    row.run(times);
    begun.elapsed()
}

/// Fisher and Yates; the generator is Marsaglia's xorshift.
fn shuffle(order: &mut [usize], random: &mut u64) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(last, (*random % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle_and_quartiles_around_it() {
        let timing = Timing(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(timing.median(), 3.0);
        assert_eq!(timing.quartiles(), (2.0, 4.0));
    }

    #[test]
    fn differences_are_taken_within_a_round() {
        let slow_machine_in_the_second_round = Timing(vec![10.0, 110.0, 10.0]);
        let other = Timing(vec![7.0, 107.0, 7.0]);
        assert_eq!(slow_machine_in_the_second_round.beyond(&other), 3.0);
    }

    #[test]
    fn shuffling_keeps_every_row() {
        let mut order: Vec<usize> = (0..9).collect();
        let mut random = 1;
        shuffle(&mut order, &mut random);
        assert_ne!(order, (0..9).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..9).collect::<Vec<_>>());
    }
}
