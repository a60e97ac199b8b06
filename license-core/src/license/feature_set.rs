//! The features of a license, laid out for the question of every request.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use super::feature::MAX_BYTES;

/// A set of features. Names of one length stand side by side in one piece of
/// memory, so that a question about one compares with few others and follows no
/// pointer for each of them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FeatureSet {
    names: BTreeSet<String>,
    /// Names of 1 to [`MAX_BYTES`] bytes, by length and then in order.
    index: Box<[u8]>,
    /// Where names of each length are; those of one byte are first, and the
    /// longest that there are last.
    rows: Box<[Row]>,
}

/// Names of one length in the index.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Row {
    start: usize,
    count: usize,
}

impl FeatureSet {
    /// The features in order.
    pub(crate) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    #[inline]
    pub(crate) fn contains(&self, name: &str) -> bool {
        let length = name.len();
        let Some(row) = length.checked_sub(1).and_then(|at| self.rows.get(at)) else {
            return self.names.contains(name);
        };
        let (mut low, mut high) = (0, row.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            let start = row.start + middle * length;
            let Some(there) = self.index.get(start..start + length) else { return false };
            match there.cmp(name.as_bytes()) {
                Ordering::Equal => return true,
                Ordering::Greater => high = middle,
                Ordering::Less => low = middle + 1,
            }
        }
        false
    }
}

impl FromIterator<String> for FeatureSet {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let names = BTreeSet::from_iter(names);
        let mut by_length: Vec<&str> = names.iter().map(String::as_str).collect();
        // The sort is stable: what is of one length stays in order.
        by_length.sort_by_key(|name| name.len());
        let longest = by_length.iter().map(|name| name.len()).rfind(|length| *length <= MAX_BYTES);
        let mut rows = vec![Row { start: 0, count: 0 }; longest.unwrap_or(0)];
        let mut index = Vec::with_capacity(by_length.iter().map(|name| name.len()).sum());
        for name in by_length {
            let Some(row) = name.len().checked_sub(1).and_then(|at| rows.get_mut(at)) else {
                continue;
            };
            if row.count == 0 {
                row.start = index.len();
            }
            row.count += 1;
            index.extend(name.bytes());
        }
        Self { names, index: index.into(), rows: rows.into() }
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.names, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(names: &[&str]) -> FeatureSet {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_contains_what_was_put_in_and_nothing_else() {
        let long = "a".repeat(MAX_BYTES);
        let longer = "a".repeat(MAX_BYTES + 1);
        let longest = "a".repeat(256);
        let names = ["", "a", "b", "sso", "scim", "saml", "audit", "é", &long, &longer, &longest];
        let set = set(&names);
        for name in names {
            assert!(set.contains(name), "{name}");
        }
        let other = "b".repeat(MAX_BYTES);
        for name in
            ["c", "ss", "ssa", "ssoo", "aaml", "zaml", "SSO", &other, &longer[1..].repeat(2)]
        {
            assert!(!set.contains(name), "{name}");
        }
        assert!(!FeatureSet::from_iter([]).contains(""));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn it_answers_as_an_ordered_set_does(
            names in proptest::collection::btree_set("[a-c]{0,4}", 0..60),
            asked in "[a-d]{0,5}",
        ) {
            let set: FeatureSet = names.iter().cloned().collect();
            prop_assert_eq!(set.contains(&asked), names.contains(&asked));
            for name in &names {
                prop_assert!(set.contains(name));
            }
        }
    }
}
