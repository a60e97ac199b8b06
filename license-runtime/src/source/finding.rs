//! Which source decides, and whether to believe it yet.

use sha2::{Digest, Sha256};

use super::Reading;

/// What a look at all sources has found: who decides, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The first source that is present.
    pub(crate) decides: Option<usize>,
    /// The sources after it that are present, too.
    pub(crate) hides: Vec<usize>,
    content: Content,
}

/// What stands at the source that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Nothing,
    Text([u8; 32]),
    TooLarge,
    Unreadable,
}

/// What is believed of the sources. Good news are believed at once, for a
/// signature proves that nothing is missing; bad news when they are found
/// twice, for somebody may be writing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Belief {
    settled: Option<Found>,
    doubtful: Option<Found>,
}

/// What a look means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// As before.
    Nothing,
    /// Another look will tell.
    Doubtful,
    /// This is how it is now.
    Settled,
}

impl Found {
    pub(crate) fn of(readings: &[Reading]) -> Self {
        let mut present =
            (0..readings.len()).filter(|index| readings.get(*index) != Some(&Reading::Absent));
        let decides = present.next();
        let content = match decides.and_then(|index| readings.get(index)) {
            None | Some(Reading::Absent) => Content::Nothing,
            Some(Reading::Text(text)) => Content::Text(Sha256::digest(text).into()),
            Some(Reading::TooLarge) => Content::TooLarge,
            Some(Reading::Unreadable(_)) => Content::Unreadable,
        };
        Self { decides, hides: present.collect(), content }
    }

    /// Whether a source that decided before is gone.
    fn falls_behind(&self, before: &Self) -> bool {
        let rank = |found: &Self| found.decides.unwrap_or(usize::MAX);
        rank(self) > rank(before)
    }
}

impl Belief {
    /// Takes notice of what was found; `is_good` says whether a license was
    /// verified there, where it is [new](Self::is_new).
    pub(crate) fn take(&mut self, found: Found, is_good: bool) -> News {
        if !self.is_new(&found) {
            self.doubtful = None;
            return News::Nothing;
        }
        let certain = match &self.settled {
            None => true,
            Some(before) => {
                self.doubtful.as_ref() == Some(&found) || !found.falls_behind(before) && is_good
            }
        };
        if certain {
            *self = Self { settled: Some(found), doubtful: None };
            News::Settled
        } else {
            self.doubtful = Some(found);
            News::Doubtful
        }
    }

    /// Whether this is not what is believed.
    pub(crate) fn is_new(&self, found: &Found) -> bool {
        self.settled.as_ref() != Some(found)
    }

    /// Whether another look is due soon.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubtful.is_some()
    }

    /// What is believed.
    pub(crate) fn settled(&self) -> Option<&Found> {
        self.settled.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Reading = Reading::Absent;

    fn text(text: &str) -> Reading {
        Reading::Text(text.into())
    }

    #[test]
    fn the_first_source_that_is_present_decides_and_hides_the_others() {
        let found = |readings: &[Reading]| {
            let found = Found::of(readings);
            (found.decides, found.hides)
        };
        assert_eq!(found(&[]), (None, vec![]));
        assert_eq!(found(&[ABSENT, ABSENT]), (None, vec![]));
        assert_eq!(found(&[ABSENT, text("a"), ABSENT]), (Some(1), vec![]));
        assert_eq!(found(&[text("a"), ABSENT, text("b")]), (Some(0), vec![2]));
        // What is there and bad decides all the same.
        assert_eq!(found(&[Reading::TooLarge, text("a")]), (Some(0), vec![1]));
        assert_eq!(found(&[Reading::Unreadable("".into()), text("a")]), (Some(0), vec![1]));
    }

    #[test]
    fn good_news_are_believed_at_once_and_once() {
        let mut belief = Belief::default();
        let (one, two) = (Found::of(&[text("one")]), Found::of(&[text("two")]));
        assert_eq!(belief.take(one.clone(), true), News::Settled);
        assert_eq!(belief.take(one, true), News::Nothing);
        assert_eq!(belief.take(two, true), News::Settled);
    }

    #[test]
    fn bad_news_are_believed_when_they_are_found_twice_in_a_row() {
        let mut belief = Belief::default();
        let good = Found::of(&[text("good")]);
        let (half, more) = (Found::of(&[text("go")]), Found::of(&[text("goo")]));
        belief.take(good.clone(), true);
        assert_eq!(belief.take(half.clone(), false), News::Doubtful);
        assert_eq!(belief.take(more.clone(), false), News::Doubtful);
        assert_eq!(belief.take(good.clone(), true), News::Nothing);
        assert!(!belief.is_doubtful());
        assert_eq!(belief.take(more.clone(), false), News::Doubtful);
        assert_eq!(belief.take(more.clone(), false), News::Settled);
        assert_eq!(belief.take(more, false), News::Nothing);
    }

    #[test]
    fn the_first_look_is_believed_whatever_it_finds() {
        assert_eq!(Belief::default().take(Found::of(&[ABSENT]), false), News::Settled);
    }

    #[test]
    fn that_a_source_has_gone_is_believed_when_it_is_found_twice_even_if_the_next_is_good() {
        let mut belief = Belief::default();
        belief.take(Found::of(&[text("one"), text("two")]), true);
        let next = Found::of(&[ABSENT, text("two")]);
        assert_eq!(belief.take(next.clone(), true), News::Doubtful);
        assert_eq!(belief.take(next, true), News::Settled);
        let back = Found::of(&[text("one"), text("two")]);
        assert_eq!(belief.take(back, true), News::Settled);
    }
}
