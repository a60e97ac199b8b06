//! Timing rows in turn.
//!
//! A round runs a short batch of each row, in an order drawn anew; the figure
//! of a row is the median of its batches. A batch is so short that most are
//! not interrupted, and one that is does not move a median. What a row costs
//! beyond another is the median of the differences within a round.
//!
//! Where the stack and the heap happen to lie moves a row by ten nanoseconds
//! for as long as a process lives. So many processes take samples in turn,
//! and their batches are put together.
#![allow(clippy::disallowed_methods, reason = "batches are timed by the clock")]

use std::time::{Duration, Instant};

use crate::{Group, Row};

/// How long the batch of a row is to take.
const BATCH: Duration = Duration::from_micros(200);
/// The same for a row beside which a thread works: many turns of it.
const ACCOMPANIED_BATCH: Duration = Duration::from_millis(2);
/// Rounds that are run at least, whatever time they take.
const ROUNDS: usize = 9;

/// The batches of a row, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Nanoseconds for each repetition, by batches.
    batches: Vec<f64>,
    /// How often a second the work beside it was done, by processes.
    rates: Vec<f64>,
}

impl Timing {
    /// Adds the batches of another process.
    pub fn extend(&mut self, other: Self) {
        self.batches.extend(other.batches);
        self.rates.extend(other.rates);
    }

    /// How often a second the work beside it was done.
    pub fn rate(&self) -> Option<f64> {
        (!self.rates.is_empty()).then(|| quantile(self.rates.clone(), 0.5))
    }

    /// The median.
    pub fn median(&self) -> f64 {
        quantile(self.batches.clone(), 0.5)
    }

    /// What a quarter of the batches do not reach, and what a quarter exceed.
    pub fn quartiles(&self) -> (f64, f64) {
        (quantile(self.batches.clone(), 0.25), quantile(self.batches.clone(), 0.75))
    }

    /// The median of the differences to another row of the same group.
    pub fn beyond(&self, other: &Self) -> f64 {
        let differences =
            self.batches.iter().zip(&other.batches).map(|(ours, theirs)| ours - theirs);
        quantile(differences.collect(), 0.5)
    }
}

fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let index = (last as f64 * at).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// The timings as text, from one process to another; [`parse`] reads it.
pub fn write(group: &Group, timings: &[Timing]) -> String {
    let numbers = |numbers: &[f64]| {
        numbers.iter().map(|number| format!("{number:.3}")).collect::<Vec<_>>().join(",")
    };
    let lines = group.rows.iter().zip(timings).map(|(row, timing)| {
        format!("{}\t{}\t{}\n", row.id(), numbers(&timing.batches), numbers(&timing.rates))
    });
    lines.collect()
}

/// Timings by the ids of their rows; lines that are none are left out.
pub fn parse(text: &str) -> impl Iterator<Item = (&str, Timing)> {
    let numbers =
        |text: &str| text.split(',').filter_map(|number| number.parse().ok()).collect::<Vec<f64>>();
    text.lines().filter_map(move |line| {
        let (id, line) = line.split_once('\t')?;
        let (batches, rates) = line.split_once('\t')?;
        Some((id, Timing { batches: numbers(batches), rates: numbers(rates) }))
    })
}

/// Times the rows of a group in turn for about `budget`. One timing for each
/// row. The order of the rows is drawn from `seed`.
pub fn measure(group: &mut Group, budget: Duration, seed: u64) -> Vec<Timing> {
    let sizes: Vec<u64> = group.rows.iter_mut().map(batch_size).collect();
    let mut timings = vec![Timing::default(); sizes.len()];
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    let mut random = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
            timings[index].batches.push(elapsed.as_nanos() as f64 / size as f64);
        }
        rounds += 1;
    }
    for (timing, row) in timings.iter_mut().zip(&group.rows) {
        timing.rates.extend(row.beside_per_second());
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

    fn timing(batches: &[f64]) -> Timing {
        Timing { batches: batches.to_vec(), rates: Vec::new() }
    }

    #[test]
    fn a_median_is_in_the_middle_and_quartiles_around_it() {
        let timing = timing(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(timing.median(), 3.0);
        assert_eq!(timing.quartiles(), (2.0, 4.0));
    }

    #[test]
    fn differences_are_taken_within_a_round() {
        let slow_machine_in_the_second_round = timing(&[10.0, 110.0, 10.0]);
        let other = timing(&[7.0, 107.0, 7.0]);
        assert_eq!(slow_machine_in_the_second_round.beyond(&other), 3.0);
    }

    #[test]
    fn what_one_process_writes_another_reads() {
        let row = |id| Row::new(id, "", |_| 200);
        let group = Group { title: "", beyond: "", rows: vec![row("a/x"), row("a/y")] };
        let written = [timing(&[1.5, 2.0]), Timing { batches: vec![3.25], rates: vec![10_000.0] }];
        let text = write(&group, &written);
        let read: Vec<_> = parse(&text).collect();
        assert_eq!(read.len(), 2);
        for ((id, read), (expected, written)) in read.iter().zip(["a/x", "a/y"].iter().zip(written))
        {
            assert_eq!(id, expected);
            assert_eq!(read.batches, written.batches);
            assert_eq!(read.rate(), written.rate());
        }
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
