//! Wrong passwords: after ten for one account or from one address within a
//! minute nothing more is checked for a while.
//!
//! Nobody can keep somebody else out by that. What is refused is the address
//! that has had its ten, and any address that has sent a wrong password for
//! an account that has had its ten. From another address the right password
//! still lets in; a wrong one counts there as everywhere, and then that
//! address waits too.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::accounts::waiting_room::Visitor;

/// The wrong passwords of the last minute. Their number is bounded by how fast
/// passwords are checked.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Latest>);

/// For which account somebody tries to sign in, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// The digest of the e-mail address, which may be long and is nobody's
    /// business.
    account: [u8; 32],
    address: Option<IpAddr>,
}

#[derive(Debug, Default)]
struct Latest {
    /// Oldest first.
    all: VecDeque<(Duration, Attempt)>,
    /// When, oldest first, of each that still has any.
    of: HashMap<Subject, VecDeque<Duration>>,
    /// Where right passwords came from, oldest first.
    known: VecDeque<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Account([u8; 32]),
    Address(Option<IpAddr>),
    Both(Attempt),
}

/// How many wrong passwords are too many within the window.
const MOST: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are remembered that right passwords came from.
const KNOWN: usize = 256;

impl Attempt {
    pub(crate) fn new(email: &str, address: Option<IpAddr>) -> Self {
        Self { account: Sha256::digest(email.to_lowercase()).into(), address: address.map(network) }
    }

    fn subjects(self) -> [Subject; 3] {
        [Subject::Account(self.account), Subject::Address(self.address), Subject::Both(self)]
    }
}

impl Attempts {
    /// Whether a password may be checked, by the monotonic clock.
    ///
    /// # Errors
    ///
    /// How long it is until one may be.
    pub(crate) fn admit(&self, attempt: Attempt, now: Duration) -> Result<(), Duration> {
        let latest = self.latest(now);
        latest.has_room(Subject::Address(attempt.address), now)?;
        match latest.of.contains_key(&Subject::Both(attempt)) {
            true => latest.has_room(Subject::Account(attempt.account), now),
            false => Ok(()),
        }
    }

    /// Counts a wrong password.
    ///
    /// # Errors
    ///
    /// How long it is until the next one may be checked, where the account
    /// had too many before.
    pub(crate) fn failed(&self, attempt: Attempt, now: Duration) -> Result<(), Duration> {
        let mut latest = self.latest(now);
        let room = latest.has_room(Subject::Account(attempt.account), now);
        latest.all.push_back((now, attempt));
        for subject in attempt.subjects() {
            latest.of.entry(subject).or_default().push_back(now);
        }
        room
    }

    /// Remembers where a right password came from.
    pub(crate) fn succeeded(&self, attempt: Attempt, now: Duration) {
        let Some(address) = attempt.address else { return };
        let known = &mut self.latest(now).known;
        known.retain(|it| *it != address);
        known.push_back(address);
        if known.len() > KNOWN {
            known.pop_front();
        }
    }

    /// Who waits with this attempt for a password to be checked.
    pub(crate) fn visitor(&self, attempt: Attempt, now: Duration) -> Visitor {
        let Attempt { address, .. } = attempt;
        let known = address.is_some_and(|address| self.latest(now).known.contains(&address));
        Visitor { address, known }
    }

    fn latest(&self, now: Duration) -> MutexGuard<'_, Latest> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.forget_old(now);
        latest
    }
}

impl Latest {
    fn has_room(&self, subject: Subject, now: Duration) -> Result<(), Duration> {
        let times = self.of.get(&subject);
        match times.and_then(|times| times.get(times.len().checked_sub(MOST)?)) {
            Some(oldest) => Err((*oldest + WINDOW).saturating_sub(now)),
            None => Ok(()),
        }
    }

    fn forget_old(&mut self, now: Duration) {
        while let Some((at, attempt)) = self.all.front().copied()
            && at + WINDOW <= now
        {
            self.all.pop_front();
            for subject in attempt.subjects() {
                let Entry::Occupied(mut times) = self.of.entry(subject) else { continue };
                times.get_mut().pop_front();
                if times.get().is_empty() {
                    times.remove();
                }
            }
        }
    }
}

/// What counts as one address: of IPv6 the 64 bits that one customer is given
/// at the least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(prefix).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn attempt(email: &str, address: &str) -> Attempt {
        Attempt::new(email, Some(address.parse().unwrap()))
    }

    #[test]
    fn an_address_has_ten_wrong_passwords_a_minute_whatever_the_account() {
        let attempts = Attempts::default();
        let mut now = SECOND;
        for number in 0..10 {
            let attempt = attempt(&format!("user-{number}"), "192.0.2.1");
            assert_eq!(attempts.admit(attempt, now), Ok(()));
            assert_eq!(attempts.failed(attempt, now), Ok(()));
            now += SECOND;
        }
        let next = attempt("new", "192.0.2.1");
        assert_eq!(attempts.admit(next, now), Err(SECOND * 50));
        assert_eq!(attempts.admit(attempt("new", "::ffff:192.0.2.1"), now), Err(SECOND * 50));
        assert_eq!(attempts.admit(attempt("new", "192.0.2.2"), now), Ok(()));
        assert_eq!(attempts.admit(next, now + SECOND * 49), Err(SECOND));
        assert_eq!(attempts.admit(next, now + SECOND * 50), Ok(()));
    }

    #[test]
    fn an_account_that_had_ten_is_closed_to_who_guessed_and_to_nobody_else() {
        let attempts = Attempts::default();
        for number in 0..10 {
            let attempt = attempt("Admin@example.com", &format!("192.0.2.{}", number % 5));
            assert_eq!(attempts.failed(attempt, SECOND), Ok(()));
        }
        assert!(attempts.admit(attempt("admin@example.com", "192.0.2.4"), SECOND).is_err());
        assert_eq!(attempts.admit(attempt("other", "192.0.2.4"), SECOND), Ok(()));
        let elsewhere = attempt("admin@example.com", "192.0.2.9");
        assert_eq!(attempts.admit(elsewhere, SECOND), Ok(()));
        assert_eq!(attempts.failed(elsewhere, SECOND), Err(SECOND * 60));
        assert!(attempts.admit(elsewhere, SECOND).is_err());
    }

    #[test]
    fn an_ipv6_customer_has_one_address() {
        let attempts = Attempts::default();
        for number in 0..10 {
            let attempt = attempt(&number.to_string(), &format!("2001:db8::{number}"));
            assert_eq!(attempts.failed(attempt, SECOND), Ok(()));
        }
        assert!(attempts.admit(attempt("a", "2001:db8::1:2:3:4"), SECOND).is_err());
        assert_eq!(attempts.admit(attempt("a", "2001:db8:0:1::1"), SECOND), Ok(()));
    }

    #[test]
    fn an_address_is_known_by_its_right_passwords_while_not_too_many_came_after_it() {
        let attempts = Attempts::default();
        let known = |address: &str| attempts.visitor(attempt("any", address), SECOND).known;
        attempts.failed(attempt("user", "192.0.2.1"), SECOND).unwrap();
        assert!(!known("192.0.2.1"));
        attempts.succeeded(attempt("user", "192.0.2.1"), SECOND);
        assert!(known("192.0.2.1") && known("::ffff:192.0.2.1") && !known("192.0.2.2"));
        for number in 0..KNOWN - 1 {
            assert!(known("192.0.2.1"));
            // One that signs in often takes one place.
            attempts.succeeded(attempt("user", "192.0.2.3"), SECOND);
            attempts.succeeded(
                attempt("user", &format!("10.0.{}.{}", number / 250, number % 250)),
                SECOND,
            );
        }
        assert!(!known("192.0.2.1"));
        assert_eq!(attempts.latest(SECOND).known.len(), KNOWN);
    }

    #[test]
    fn what_is_a_minute_old_is_forgotten() {
        let attempts = Attempts::default();
        for number in 0..1000 {
            let attempt = attempt(&number.to_string(), "192.0.2.1");
            let _ = attempts.failed(attempt, SECOND * number);
        }
        let latest = attempts.latest(SECOND * 999);
        assert_eq!(latest.all.len(), 60);
        assert_eq!(latest.of.len(), 60 + 60 + 1);
    }
}
