//! `license audit verify`, run as a program.
#![allow(clippy::unwrap_used, reason = "a test that is set up wrongly should stop")]

mod program;

use license_core::Timestamp;
use license_runtime::{AuditChain, AuditRecord, Outcome};
use program::Place;

/// Five rows, and where they end.
fn history() -> String {
    let mut chain = AuditChain::default();
    let rows = (0..5).map(|number| {
        let at = Timestamp::from_seconds(1_800_000_000 + number);
        chain.append(AuditRecord::new(at, "admin@example.com", Outcome::Installed)).to_line()
    });
    let rows: String = rows.collect();
    rows + &chain.to_line()
}

#[test]
fn an_untouched_history_is_intact() {
    let place = Place::empty();
    place.write("audit.jsonl", &history());
    assert_eq!(
        place.good("audit verify audit.jsonl"),
        "intact: 5 rows, each where and as it was written"
    );
    let run = place.run_with("audit verify - --json", &[], &history());
    assert_eq!(run.status, 0);
    assert_eq!(
        run.out.trim_end(),
        concat!(
            "{\n  \"first_broken_row\": null,\n  \"has_end\": true,\n  \"intact\": true,\n",
            "  \"rows\": 5,\n  \"warnings\": []\n}"
        )
    );
}

#[test]
fn an_edited_removed_or_moved_row_is_named() {
    let place = Place::empty();
    let lines = |change: fn(&mut Vec<&str>)| {
        let history = history();
        let mut lines = history.lines().collect();
        change(&mut lines);
        lines.join("\n")
    };
    for (row, history) in [
        (1, history().replacen("admin@", "user@", 1)),
        (3, lines(|lines| _ = lines.remove(2))),
        (5, lines(|lines| _ = lines.remove(4))),
        (2, lines(|lines| lines.swap(1, 3))),
        (1, "not JSON".to_owned()),
    ] {
        place.write("audit.jsonl", &history);
        let error = place.bad(1, "audit verify audit.jsonl");
        assert!(error.contains(&format!("audit_broken: row {row} was")), "{error}");
        assert!(!error.contains("admin@"), "{error}");
    }
    let run = place.run("audit verify --json audit.jsonl");
    assert_eq!(run.status, 1);
    assert!(run.out.contains(r#""first_broken_row": 1"#) && run.err.is_empty(), "{run:?}");
}

#[test]
fn a_history_without_its_end_is_refused() {
    let place = Place::empty();
    let history = history();
    let (rows, _) = history.trim_end().rsplit_once('\n').unwrap();
    let (fewer, _) = rows.rsplit_once('\n').unwrap();
    let (first, _) = rows.split_once('\n').unwrap();
    for (count, rows) in
        [("5 rows are", rows), ("4 rows are", fewer), ("1 row is", first), ("0 rows are", "")]
    {
        place.write("audit.jsonl", rows);
        let error = place.bad(1, "audit verify audit.jsonl");
        assert!(error.contains(&format!("audit_incomplete: {count}")), "{error}");
        let run = place.run("audit verify --json audit.jsonl");
        assert_eq!(run.status, 1);
        assert!(run.out.contains(r#""code": "audit_incomplete""#), "{run:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_use() {
    Place::empty().bad(2, "audit verify nowhere.jsonl");
}
