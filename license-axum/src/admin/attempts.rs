//! At most 30 refused uploads a minute by one administrator from one address.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use license_core::{Actor, Clock};

/// When uploads were refused lately, for each actor and address.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Actor, VecDeque<Duration>>>);

/// An attempt that is being made. Dropped, it counts as refused: a client that
/// goes away is none that was accepted.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    clock: &'a dyn Clock,
    /// Taken where the attempt is not to be counted.
    actor: Option<Actor>,
}

const MOST: usize = 30;
const WINDOW: Duration = Duration::from_secs(60);
/// More actors than this are forgotten in the order of their last attempt.
const MOST_ACTORS: usize = 1000;

impl Attempts {
    /// Whether another attempt may be made, by the monotonic clock.
    ///
    /// # Errors
    ///
    /// The whole seconds after which the next one may be.
    pub(super) fn admit(&self, actor: &Actor, clock: &dyn Clock) -> Result<(), u64> {
        let now = clock.monotonic();
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(refused) = attempts.get_mut(actor) else { return Ok(()) };
        forget_old(refused, now);
        match refused.len().checked_sub(MOST).and_then(|surplus| refused.get(surplus)) {
            Some(oldest) => {
                let wait = (*oldest + WINDOW).saturating_sub(now);
                Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
            None => Ok(()),
        }
    }

    /// Begins an attempt.
    pub(super) fn begin<'a>(&'a self, actor: Actor, clock: &'a dyn Clock) -> Attempt<'a> {
        Attempt { attempts: self, clock, actor: Some(actor) }
    }

    /// Counts an attempt that was refused.
    fn refused(&self, actor: Actor, now: Duration) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MOST_ACTORS && !attempts.contains_key(&actor) {
            attempts.retain(|_, refused| {
                forget_old(refused, now);
                !refused.is_empty()
            });
            let idle = attempts.iter().min_by_key(|(_, refused)| refused.back().copied());
            if let Some(idle) = idle.map(|(actor, _)| actor.clone())
                && attempts.len() >= MOST_ACTORS
            {
                attempts.remove(&idle);
            }
        }
        let refused = attempts.entry(actor).or_default();
        refused.push_back(now);
        if refused.len() > MOST {
            refused.pop_front();
        }
    }
}

impl Attempt<'_> {
    /// Ends an attempt without counting it: it was accepted, or not made.
    pub(super) fn forget(mut self) {
        self.actor = None;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(actor) = self.actor.take() {
            self.attempts.refused(actor, self.clock.monotonic());
        }
    }
}

fn forget_old(refused: &mut VecDeque<Duration>, now: Duration) {
    while refused.front().is_some_and(|at| *at + WINDOW <= now) {
        refused.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use license_core::testing::ManualClock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refuse(attempts: &Attempts, actor: &Actor, clock: &ManualClock, times: usize) {
        for _ in 0..times {
            drop(attempts.begin(actor.clone(), clock));
        }
    }

    #[test]
    fn the_31st_attempt_within_a_minute_of_30_refused_ones_has_to_wait() {
        let (attempts, clock) = (Attempts::default(), ManualClock::new());
        let actor = Actor::new("admin", None);
        for _ in 0..30 {
            assert_eq!(attempts.admit(&actor, &clock), Ok(()));
            refuse(&attempts, &actor, &clock, 1);
            clock.advance(SECOND);
        }
        assert_eq!(attempts.admit(&actor, &clock), Err(30));
        clock.advance(SECOND * 29 + SECOND / 2);
        assert_eq!(attempts.admit(&actor, &clock), Err(1));
        clock.advance(SECOND / 2);
        assert_eq!(attempts.admit(&actor, &clock), Ok(()));
    }

    #[test]
    fn what_is_accepted_or_not_made_does_not_count() {
        let (attempts, clock) = (Attempts::default(), ManualClock::new());
        let actor = Actor::new("admin", None);
        refuse(&attempts, &actor, &clock, 29);
        for _ in 0..10 {
            attempts.begin(actor.clone(), &clock).forget();
        }
        assert_eq!(attempts.admit(&actor, &clock), Ok(()));
    }

    #[test]
    fn another_administrator_and_another_address_count_for_themselves() {
        let (attempts, clock) = (Attempts::default(), ManualClock::new());
        let actor = Actor::new("admin", None);
        refuse(&attempts, &actor, &clock, 30);
        assert!(attempts.admit(&actor, &clock).is_err());
        assert!(attempts.admit(&Actor::new("other", None), &clock).is_ok());
        let elsewhere = Actor::new("admin", Some([127, 0, 0, 1].into()));
        assert!(attempts.admit(&elsewhere, &clock).is_ok());
    }

    #[test]
    fn the_memory_is_bounded() {
        let (attempts, clock) = (Attempts::default(), ManualClock::new());
        for number in 0..3000 {
            refuse(&attempts, &Actor::new(number.to_string(), None), &clock, 1);
        }
        let actor = Actor::new("admin", None);
        refuse(&attempts, &actor, &clock, 1000);
        let kept = attempts.0.lock().unwrap();
        assert!(kept.len() <= MOST_ACTORS);
        assert_eq!(kept[&actor].len(), MOST);
    }
}
