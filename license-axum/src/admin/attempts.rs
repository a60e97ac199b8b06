//! At most 30 refused uploads a minute by one administrator from one address.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use license_core::Actor;

/// When uploads were refused lately, for each actor and address.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Actor, VecDeque<Duration>>>);

const MOST: usize = 30;
const WINDOW: Duration = Duration::from_secs(60);
/// More actors than this are forgotten in the order of their last attempt.
const MOST_ACTORS: usize = 1000;

impl Attempts {
    /// Whether another attempt may be made at `now`, by the monotonic clock.
    ///
    /// # Errors
    ///
    /// The whole seconds after which the next one may be.
    pub(super) fn admit(&self, actor: &Actor, now: Duration) -> Result<(), u64> {
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

    /// Counts an attempt that was refused.
    pub(super) fn refused(&self, actor: Actor, now: Duration) {
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
        attempts.entry(actor).or_default().push_back(now);
    }
}

fn forget_old(refused: &mut VecDeque<Duration>, now: Duration) {
    while refused.front().is_some_and(|at| *at + WINDOW <= now) {
        refused.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn the_31st_attempt_within_a_minute_of_30_refused_ones_has_to_wait() {
        let attempts = Attempts::default();
        let actor = Actor::new("admin", None);
        for second in 0..30 {
            assert_eq!(attempts.admit(&actor, at(second)), Ok(()));
            attempts.refused(actor.clone(), at(second));
        }
        assert_eq!(attempts.admit(&actor, at(30)), Err(30));
        assert_eq!(attempts.admit(&actor, at(59)), Err(1));
        assert_eq!(attempts.admit(&actor, at(60)), Ok(()));
    }

    #[test]
    fn another_administrator_and_another_address_count_for_themselves() {
        let attempts = Attempts::default();
        let actor = Actor::new("admin", None);
        for _ in 0..30 {
            attempts.refused(actor.clone(), at(0));
        }
        assert!(attempts.admit(&actor, at(1)).is_err());
        assert!(attempts.admit(&Actor::new("other", None), at(1)).is_ok());
        let elsewhere = Actor::new("admin", Some([127, 0, 0, 1].into()));
        assert!(attempts.admit(&elsewhere, at(1)).is_ok());
    }

    #[test]
    fn the_memory_is_bounded() {
        let attempts = Attempts::default();
        for number in 0..3000 {
            attempts.refused(Actor::new(number.to_string(), None), at(0));
        }
        assert!(attempts.0.lock().unwrap().len() <= MOST_ACTORS);
    }
}
