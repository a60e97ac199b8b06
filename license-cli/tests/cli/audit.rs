//! `license audit verify`, run as a program.

use crate::program::Place;
use license_core::Timestamp;
use license_runtime::{AuditChain, AuditRecord, Outcome};

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

/// The hash of its last row.
fn head(history: &str) -> String {
    let end: serde_json::Value = serde_json::from_str(history.lines().last().unwrap()).unwrap();
    end["head"].as_str().unwrap().to_owned()
}

#[test]
fn an_untouched_history_is_consistent() {
    let place = Place::empty();
    place.write("audit.jsonl", &history());
    let head = head(&history());
    let told = place.good("audit verify audit.jsonl");
    assert!(told.starts_with("consistent: 5 rows, chained up to the end that"), "{told}");
    assert!(told.ends_with(&format!("head: {head}")), "{told}");
    let run = place.run_with("audit verify - --json", &[], &history());
    assert_eq!(run.status, 0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "first_broken_row": null, "has_end": true, "head": head, "head_found": null,
            "head_row": null, "intact": true, "rows": 5, "warnings": []
        })
    );
}

#[test]
fn case_66_a_cut_tail_with_a_rewritten_end_is_found_with_the_head_that_was_noted() {
    let place = Place::empty();
    let history = history();
    let noted = head(&history);
    place.write("audit.jsonl", &history);
    let told = place.good(&format!("audit verify audit.jsonl --head {noted}"));
    assert!(told.starts_with("intact: 5 rows, up to the head that was noted\n"), "{told}");
    // Three rows, and an end that says so.
    let rows: Vec<&str> = history.lines().take(3).collect();
    let last: serde_json::Value = serde_json::from_str(rows[2]).unwrap();
    let early = last["hash"].as_str().unwrap();
    place
        .write("cut.jsonl", &format!("{}\n{{\"rows\":3,\"head\":\"{early}\"}}\n", rows.join("\n")));
    let told = place.good("audit verify cut.jsonl");
    assert!(told.contains("only --head can show") && !told.contains("intact"), "{told}");
    let error = place.bad(1, &format!("audit verify cut.jsonl --head {noted}"));
    assert!(error.contains("audit_head_missing: no row has the head"), "{error}");
    let told = place.good(&format!("audit verify audit.jsonl --head {early}"));
    assert!(told.contains("up to row 3 that is proven"), "{told}");
    place.bad(2, "audit verify audit.jsonl --head 1234");
}

#[test]
fn case_67_something_else_is_not_an_audit_export() {
    let place = Place::empty();
    for (text, name) in [
        (
            r#"{"title":"unauthenticated","status":401,"code":"unauthenticated"}"#,
            " (the error answer of a service, not",
        ),
        ("<html>", " (a web page or XML, not"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", " (a license, not"),
        ("", " (empty)"),
        ("not JSON", ";"),
    ] {
        place.write("audit.jsonl", text);
        for command in ["audit verify audit.jsonl", "audit verify --json audit.jsonl"] {
            let run = place.run(command);
            assert_eq!(run.status, 2, "{run:?}");
            let error = run.out + &run.err;
            assert!(
                error.contains(&format!("audit.jsonl is not an audit export{name}")),
                "{error}"
            );
            assert!(!error.contains("row") && !error.contains("edited"), "{error}");
        }
    }
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
        (1, lines(|lines| lines[0] = "not JSON")),
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
    for (count, rows) in [("5 rows are", rows), ("4 rows are", fewer), ("1 row is", first)] {
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
