//! A pattern, a path and what a server does to paths: no spelling slips out of
//! a scope, and none of another place gets in by the recovery path or a mark.
#![no_main]

use http::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use license_tower::{Mark, Marks, Recovery, Scope};

#[path = "../../license-tower/src/path/servers.rs"]
#[allow(dead_code, reason = "the words are for tests that draw them at random")]
mod servers;

fuzz_target!(|lines: &str| {
    let mut lines = lines.splitn(3, '\n');
    let (Some(pattern), Some(path)) = (lines.next(), lines.next()) else { return };
    // What else a request may name, `*` or an authority, no server takes for
    // a path.
    if !path.starts_with('/') {
        return;
    }
    let steps = lines.next().unwrap_or_default().bytes();
    let steps = steps.map(|step| servers::STEPS[usize::from(step) % servers::STEPS.len()]);
    let read = steps.take(8).fold(path.to_owned(), |path, step| step(&path));
    scope(pattern, path, &read);
    recovery(pattern, path, &read);
    marks(pattern, path, &read);
});

/// The scope has seen coming whatever a server reads.
fn scope(pattern: &str, path: &str, read: &str) {
    let Ok(scope) = Scope::new(pattern) else { return };
    let (prefix, below) = match pattern.strip_suffix("/**") {
        Some(prefix) => (prefix, true),
        None => (pattern, false),
    };
    let inside = read.split_at_checked(prefix.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || (below && rest.starts_with('/')))
    });
    if inside {
        assert!(scope.covers(path), "{path} read as {read}");
    }
    assert!(scope.covers(prefix), "a scope covers its own path");
    if scope.covers(path) {
        assert!(Scope::new("/x").and_then(|it| it.and(pattern)).is_ok_and(|it| it.covers(path)));
    }
}

/// What a glob keeps open, every server finds below the glob's own words.
fn recovery(pattern: &str, path: &str, read: &str) {
    let Ok(recovery) = Recovery::new().allow(Method::GET, pattern) else { return };
    let open = recovery.allows(&Method::GET, path);
    assert_eq!(open, recovery.allows(&Method::HEAD, path));
    assert_eq!(open, recovery.allows(&Method::OPTIONS, path));
    assert!(!recovery.allows(&Method::POST, path));
    if !pattern.contains(['*', '{']) {
        assert_eq!(open, path == pattern);
        return;
    }
    if !open {
        return;
    }
    let words = pattern.split('/').take_while(|word| !word.contains(['*', '{', '%', ';']));
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let found: Vec<String> = read.split('/').map(str::to_ascii_lowercase).collect();
    assert!(found.starts_with(&words), "{path} read as {read}: {pattern}");
    same_depth(path, read);
}

/// What is marked as safe is covered by the same mark as a change; every
/// server finds it in its place.
fn marks(pattern: &str, path: &str, read: &str) {
    let Ok(safe) = Marks::new().safe(Method::GET, pattern) else { return };
    let changing = Marks::new().changing(Method::GET, pattern).expect("the same form");
    let Ok(uri) = path.parse::<Uri>() else { return };
    if uri.path() != path {
        return;
    }
    assert_eq!(safe.mark(&Method::HEAD, &uri), safe.mark(&Method::GET, &uri));
    assert_eq!(safe.mark(&Method::POST, &uri), None);
    if safe.mark(&Method::GET, &uri) == Some(Mark::Safe) {
        assert_eq!(changing.mark(&Method::GET, &uri), Some(Mark::Changing), "{path}: {pattern}");
        assert_eq!(safe.and(changing).mark(&Method::GET, &uri), Some(Mark::Changing));
        if pattern.contains('{') {
            same_depth(path, read);
        }
    }
}

/// Nothing was removed, collapsed or divided, but for a slash at the end.
fn same_depth(path: &str, read: &str) {
    let depth = |path: &str| path.strip_suffix('/').unwrap_or(path).split('/').count();
    assert_eq!(depth(path), depth(read), "{path} read as {read}");
}
