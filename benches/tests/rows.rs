//! The benchmarks as tests: every row does what it says, and what is said to
//! allocate nothing allocates nothing.

use std::collections::BTreeMap;

use license_benches::{GROUPS, Group};

const REQUESTS: u64 = 16;

/// Runs every row of a group and counts its allocations.
fn count(group: &mut Group) -> BTreeMap<&'static str, u64> {
    let count = |row: &mut license_benches::Row| {
        row.accompanied(|row| {
            row.run(1);
            allocation_counter::measure(|| row.run(REQUESTS)).count_total
        })
    };
    group.rows.iter_mut().map(|row| (row.id(), count(row))).collect()
}

fn plain() -> Group {
    let (id, set_up) = GROUPS[0];
    assert_eq!(id, "plain");
    set_up()
}

#[test]
fn every_row_answers_what_it_should_and_allocates_no_more_than_said() {
    for (_, set_up) in GROUPS {
        let mut group = set_up();
        let counted = count(&mut group);
        assert_eq!(counted.len(), group.rows.len(), "an id is there twice");
        for row in &group.rows {
            let Some(reference) = row.reference() else { continue };
            let (ours, theirs) = (counted[row.id()], counted[reference.id]);
            if reference.without_allocating {
                assert_eq!(ours, theirs, "{} beyond {}", row.id(), reference.id);
            }
        }
    }
}

#[test]
fn the_allow_path_on_plain_tower_allocates_nothing() {
    let counted = count(&mut plain());
    let ours: Vec<_> = counted.iter().filter(|(id, _)| id.starts_with("plain/license")).collect();
    assert_eq!(ours.len(), 4);
    assert!(ours.iter().all(|(_, count)| **count == 0), "{ours:?}");
}

#[test]
fn what_allocates_is_counted() {
    assert!(count(&mut plain())["plain/set-header-empty"] >= REQUESTS);
}
