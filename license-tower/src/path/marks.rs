//! Which requests change something, where the method does not tell.
//!
//! ```
//! use http::Method;
//! use license_tower::{Mark, Marks};
//!
//! let marks = Marks::new()
//!     .safe(Method::POST, "/api/search")?
//!     .changing(Method::GET, "/api/export/{id}")?;
//! let mark = |method, path: &str| marks.mark(&method, &path.parse().unwrap());
//! assert_eq!(mark(Method::POST, "/api/search?q=x"), Some(Mark::Safe));
//! assert_eq!(mark(Method::GET, "/api/export/7"), Some(Mark::Changing));
//! assert_eq!(mark(Method::POST, "/api/users"), None);
//! // What opens is matched as sent, what closes however it is spelled.
//! assert_eq!(mark(Method::POST, "/API/search"), None);
//! assert_eq!(mark(Method::GET, "/API/%65xport/7"), Some(Mark::Changing));
//! # Ok::<(), license_tower::MarkError>(())
//! ```

use std::{fmt, sync::Arc};

use http::{Method, Uri};

use crate::path::{self, Reading};

/// What a route does to the data of a service, whatever its method says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mark {
    /// It only reads: a search by `POST`.
    Safe,
    /// It changes something: a `GET` that writes.
    Changing,
}

impl Mark {
    /// Whether a request by this method, for a route with this mark or none,
    /// changes something: without a mark `GET`, `HEAD` and `OPTIONS` read. `TRACE`
    /// is safe by RFC 9110, and not counted on here.
    pub fn changes(mark: Option<Self>, method: &Method) -> bool {
        match mark {
            Some(Self::Safe) => false,
            Some(Self::Changing) => true,
            None => !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS),
        }
    }
}

/// Routes whose method does not tell whether they change something.
///
/// A [`LicenseLayer`](crate::LicenseLayer) asks it only while reading alone is
/// allowed. What is not marked is judged by its method: `GET`, `HEAD` and
/// `OPTIONS` read, unless they ask for an
/// [upgrade](crate::LicenseLayer::marks), everything else changes.
///
/// A mark covers the method it names, and a mark for `GET` covers `HEAD`,
/// which is answered by the same code. A path is written as axum has it:
///
/// | in a path | stands for |
/// |---|---|
/// | `{id}` | one segment, not empty |
/// | `{*rest}` | at the end: one or more segments |
///
/// What is safe is matched strictly, as [`Recovery`](crate::Recovery) is: on
/// the path as it was sent, where a trailing slash is another path, and never
/// a path that another server could take for a different one. What changes is
/// matched leniently, as [`Scope`](crate::Scope) is: however a request spells
/// the path, with or without a slash at the end. Where both match, the request
/// changes something: a route that is narrower than a safe one, `/a/b` beside
/// a safe `/a/{id}`, is to be marked too. A service whose router is at hand
/// asks that instead: see [`from_fn`](Self::from_fn), and `Routes` of
/// `license-axum`, which does so.
#[derive(Clone, Default)]
pub struct Marks {
    rules: Vec<Rule>,
    functions: Vec<Arc<Function>>,
}

/// A text that is not the path of a mark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not the path of a route: {reason}")]
pub struct MarkError {
    pattern: String,
    reason: &'static str,
}

impl Marks {
    /// Nothing is marked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whatever a function says of a method and URI: for services that know
    /// their routes themselves. It may be asked about every request.
    pub fn from_fn(mark: impl Fn(&Method, &Uri) -> Option<Mark> + Send + Sync + 'static) -> Self {
        Self { rules: Vec::new(), functions: vec![Arc::new(mark)] }
    }

    /// Marks one method of a path as only reading.
    ///
    /// # Errors
    ///
    /// [`MarkError`] for what is not a path in this form.
    pub fn safe(self, method: Method, pattern: &str) -> Result<Self, MarkError> {
        self.with(method, pattern, Mark::Safe)
    }

    /// Marks one method of a path as changing something.
    ///
    /// # Errors
    ///
    /// [`MarkError`] for what is not a path in this form.
    pub fn changing(self, method: Method, pattern: &str) -> Result<Self, MarkError> {
        self.with(method, pattern, Mark::Changing)
    }

    /// These marks and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.rules.extend(others.rules);
        self.functions.extend(others.functions);
        self
    }

    /// How a request is marked.
    pub fn mark(&self, method: &Method, uri: &Uri) -> Option<Mark> {
        let rules = self.rules.iter().filter(|rule| rule.covers(method, uri.path()));
        let functions = self.functions.iter().filter_map(|function| function(method, uri));
        rules.map(|rule| rule.mark).chain(functions).reduce(|one, other| match one {
            Mark::Safe => other,
            Mark::Changing => one,
        })
    }

    fn with(mut self, method: Method, pattern: &str, mark: Mark) -> Result<Self, MarkError> {
        let path = Pattern::parse(pattern)
            .map_err(|reason| MarkError { pattern: pattern.to_owned(), reason })?;
        self.rules.push(Rule { method, path, mark });
        Ok(self)
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions = self.functions.len();
        f.debug_struct("Marks").field("rules", &self.rules).field("functions", &functions).finish()
    }
}

impl MarkError {
    /// The refused text.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

type Function = dyn Fn(&Method, &Uri) -> Option<Mark> + Send + Sync;

#[derive(Clone, Debug)]
struct Rule {
    method: Method,
    path: Pattern,
    mark: Mark,
}

impl Rule {
    fn covers(&self, method: &Method, path: &str) -> bool {
        let method = match *method {
            Method::HEAD if self.method == Method::GET => &Method::GET,
            _ => method,
        };
        self.method == *method
            && match self.mark {
                Mark::Safe => self.path.matches(path),
                Mark::Changing => self.path.covers(path),
            }
    }
}

#[derive(Clone, Debug)]
struct Pattern(Box<[Piece]>);

#[derive(Clone, Debug)]
enum Piece {
    /// Empty only at the end, for a slash there.
    Literal(Box<str>),
    One,
    Rest,
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, &'static str> {
        if !pattern.is_ascii() {
            return Err("paths are sent with everything beyond ASCII escaped");
        }
        let text = pattern.strip_prefix('/').ok_or("it does not begin with a slash")?;
        let last = text.split('/').count() - 1;
        let pieces = text.split('/').enumerate().map(|(at, text)| Piece::parse(text, at == last));
        pieces.collect::<Result<_, _>>().map(Self)
    }

    /// Strictly: the path as sent.
    fn matches(&self, path: &str) -> bool {
        let Some(text) = path.strip_prefix('/') else { return false };
        fit(&self.0, text.split('/').map(str::as_bytes), <[u8]>::eq)
            && (!self.has_parameters() || path::is_settled(path))
    }

    /// Leniently: whatever a server may take the path for.
    fn covers(&self, path: &str) -> bool {
        let pieces = match &*self.0 {
            [pieces @ .., Piece::Literal(end)] if end.is_empty() => pieces,
            pieces => pieces,
        };
        let as_sent = |path: &str| {
            let mut segments = path.split('/').map(str::as_bytes);
            segments.next() == Some(b"") && fit(pieces, segments, <[u8]>::eq_ignore_ascii_case)
        };
        if as_sent(path) || path.strip_suffix('/').is_some_and(as_sent) {
            return true;
        }
        if path::is_plain(path) {
            return false;
        }
        let reading = Reading::of(path);
        let mut segments = reading.segments();
        // Where readings differ in how many segments there are, a parameter
        // may stand for any of them.
        if reading.is_ambiguous() || (self.has_parameters() && !path::is_settled(path)) {
            return literals(pieces)
                .all(|wanted| segments.any(|segment| segment.eq_ignore_ascii_case(wanted)));
        }
        fit(pieces, segments, <[u8]>::eq_ignore_ascii_case)
    }

    fn has_parameters(&self) -> bool {
        self.0.iter().any(|piece| !matches!(piece, Piece::Literal(_)))
    }
}

impl Piece {
    fn parse(text: &str, last: bool) -> Result<Self, &'static str> {
        let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        match name.map(|name| (name, name.strip_prefix('*'))) {
            Some((_, Some(name))) if !last || !is_name(name) => {
                Err("`{*rest}` stands at the end and has a name")
            }
            Some((_, Some(_))) => Ok(Self::Rest),
            Some((name, None)) if is_name(name) => Ok(Self::One),
            Some(_) => Err("a parameter has a name, `{id}`"),
            None if (text.is_empty() && last) || path::is_segment(text) => {
                Ok(Self::Literal(text.into()))
            }
            None => Err("a segment is plain text, not escaped, or one parameter, `{id}`"),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['{', '}', '*'])
}

fn literals(pieces: &[Piece]) -> impl Iterator<Item = &[u8]> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text.as_bytes()),
        Piece::One | Piece::Rest => None,
    })
}

/// Whether segments are what the pieces stand for.
fn fit<'a>(
    pieces: &[Piece],
    mut segments: impl Iterator<Item = &'a [u8]>,
    same: fn(&[u8], &[u8]) -> bool,
) -> bool {
    for piece in pieces {
        let Some(segment) = segments.next() else { return false };
        let fits = match piece {
            Piece::Literal(text) => same(text.as_bytes(), segment),
            Piece::One => !segment.is_empty(),
            Piece::Rest => return !segment.is_empty() || segments.next().is_some(),
        };
        if !fits {
            return false;
        }
    }
    segments.next().is_none()
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Marks>();
};

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        sample::select,
        test_runner::{Config, RngSeed},
    };

    use super::*;
    use crate::path::servers::{STEPS, TOKENS};

    fn mark(marks: &Marks, method: Method, path: &str) -> Option<Mark> {
        // Not every path here is one that `Uri` takes.
        let rules = marks.rules.iter().filter(|rule| rule.covers(&method, path));
        rules.map(|rule| rule.mark).next()
    }

    fn is_safe(pattern: &str, path: &str) -> bool {
        mark(&Marks::new().safe(Method::POST, pattern).unwrap(), Method::POST, path).is_some()
    }

    fn changes(pattern: &str, path: &str) -> bool {
        mark(&Marks::new().changing(Method::GET, pattern).unwrap(), Method::GET, path).is_some()
    }

    #[test]
    fn what_is_safe_is_matched_as_sent() {
        for (pattern, path) in [
            ("/", "/"),
            ("/a/search", "/a/search"),
            ("/a/search/", "/a/search/"),
            ("/a/{id}", "/a/1"),
            ("/a/{id}", "/a/x%20y;v=1"),
            ("/{a}/search", "/x/search"),
            ("/a/{id}/", "/a/1/"),
            ("/a/{*rest}", "/a/1"),
            ("/a/{*rest}", "/a/1/2/"),
            ("/{*rest}", "/a"),
        ] {
            assert!(is_safe(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/", ""),
            ("/", "//"),
            ("/", "/a"),
            ("/a/search", "/a/search/"),
            ("/a/search/", "/a/search"),
            ("/a/search", "/a/Search"),
            ("/a/search", "/a/%73earch"),
            ("/a/search", "//a/search"),
            ("/a/search", "/a/./search"),
            ("/a/search", "/a/search;v=1"),
            ("/a/search", "a/search"),
            ("/a/search", "/a/search/x"),
            ("/a/search", "/a"),
            ("/a/{id}", "/a"),
            ("/a/{id}", "/a/"),
            ("/a/{id}", "/a/1/"),
            ("/a/{id}", "/a/1/2"),
            ("/a/{id}", "/a/.."),
            ("/a/{id}", "/a/%2e%2e"),
            ("/a/{id}", "/a/x%2fy"),
            ("/a/{id}", "/a/x\\y"),
            ("/a/{id}", "/a/;v=1"),
            ("/a/{id}", "/A/1"),
            ("/a/{id}/", "/a/1"),
            ("/a/{*rest}", "/a"),
            ("/a/{*rest}", "/a/"),
            ("/a/{*rest}", "/a//"),
            ("/a/{*rest}", "/a/../b"),
            ("/a/{*rest}", "/a/1/%2e%2e/b"),
            ("/{*rest}", "/"),
        ] {
            assert!(!is_safe(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn what_changes_is_matched_however_it_is_spelled() {
        for (pattern, path) in [
            ("/", "/"),
            ("/", "//"),
            ("/a/export", "/a/export"),
            ("/a/export", "/a/export/"),
            ("/a/export/", "/a/export"),
            ("/a/export", "/A/Export"),
            ("/a/export", "/a/%65xport"),
            ("/a/export", "/a/%2565xport"),
            ("/a/export", "//a//export"),
            ("/a/export", "/a/./export"),
            ("/a/export", "/b/../a/export"),
            ("/a/export", "/a%2fexport"),
            ("/a/export", "\\a\\export"),
            ("/a/export", "/a/export;v=1"),
            ("/a/{id}", "/a/1"),
            ("/a/{id}", "/a/1/"),
            ("/a/{id}/", "/a/1"),
            ("/a/{id}", "/A/%31"),
            ("/a/{id}", "/a/x%2fy"),
            ("/a/{id}", "/%61/x%2fy"),
            ("/a/{id}", "/a/;v=1"),
            ("/a/{id}", "/%61/;v=1"),
            ("/a/{id}", "/%61/."),
            ("/a/{id}", "/a/.."),
            ("/a/{id}/x", "/a//1/x"),
            ("/a/{*rest}", "/a/1/2"),
            ("/a/{*rest}", "/a//"),
            ("/a/{*rest}", "/%61//"),
            ("/a/{*rest}", "/%61/1/2/"),
        ] {
            assert!(changes(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/", "/a"),
            ("/a/export", "/a"),
            ("/a/export", "/a/exports"),
            ("/a/export", "/a/export/x"),
            ("/a/export", "/b/a/export"),
            ("/a/export", "/b%20/a/export"),
            ("/a/export", "//b//a/export"),
            ("/a/{id}", "/a"),
            ("/a/{id}", "/a/"),
            ("/a/{id}", "/a/1/2"),
            ("/a/{id}", "/b/%31"),
            ("/a/{id}", "/a/b%20/c"),
            ("/a/{id}/x", "/a/1/%79"),
            ("/a/{*rest}", "/a"),
            ("/a/{*rest}", "/%61"),
            ("/a/{*rest}", "/b/1%20"),
        ] {
            assert!(!changes(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_mark_covers_its_method_and_that_of_get_covers_head() {
        for marked in [Method::GET, Method::HEAD, Method::POST] {
            let safe = Marks::new().safe(marked.clone(), "/a").unwrap();
            let changing = Marks::new().changing(marked.clone(), "/a").unwrap();
            for asked in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
                let covered = asked == marked || (marked == Method::GET && asked == Method::HEAD);
                assert_eq!(mark(&safe, asked.clone(), "/a").is_some(), covered, "{asked}");
                assert_eq!(mark(&changing, asked.clone(), "/a").is_some(), covered, "{asked}");
            }
        }
    }

    #[test]
    fn what_is_marked_both_ways_changes_something_wherever_it_is_said() {
        let uri: Uri = "/a/b?c=d".parse().unwrap();
        let safe = || Marks::new().safe(Method::POST, "/a/{id}").unwrap();
        let changing = || Marks::new().changing(Method::POST, "/a/b").unwrap();
        let says = |mark| Marks::from_fn(move |_, _| mark);
        for (marks, expected) in [
            (Marks::new(), None),
            (says(None), None),
            (safe(), Some(Mark::Safe)),
            (changing(), Some(Mark::Changing)),
            (safe().and(changing()), Some(Mark::Changing)),
            (changing().and(safe()), Some(Mark::Changing)),
            (safe().and(says(None)), Some(Mark::Safe)),
            (says(Some(Mark::Safe)), Some(Mark::Safe)),
            (says(Some(Mark::Changing)).and(safe()), Some(Mark::Changing)),
            (changing().and(says(Some(Mark::Safe))), Some(Mark::Changing)),
        ] {
            assert_eq!(marks.mark(&Method::POST, &uri), expected, "{marks:?}");
        }
    }

    #[test]
    fn paths_in_another_form_are_refused_with_the_reason() {
        for (pattern, reason) in [
            ("", "slash"),
            ("a", "slash"),
            ("{id}", "slash"),
            ("/caf\u{e9}", "ASCII"),
            ("//", "segment"),
            ("/a//b", "segment"),
            ("/a b", "segment"),
            ("/a?b", "segment"),
            ("/%61", "segment"),
            ("/a/*", "segment"),
            ("/a/**", "segment"),
            ("/a/..", "segment"),
            ("/a/{id}.json", "segment"),
            ("/a/x{id}", "segment"),
            ("/a/{id", "segment"),
            ("/{{a}}", "name"),
            ("/a/{}", "name"),
            ("/a/{a,b}/{*}", "at the end"),
            ("/a/{*rest}/b", "at the end"),
            ("/a/{*rest}/", "at the end"),
        ] {
            let error = Marks::new().safe(Method::GET, pattern).unwrap_err();
            assert_eq!(error.pattern(), pattern);
            assert!(error.to_string().contains(reason), "{error}");
            assert!(Marks::new().changing(Method::GET, pattern).is_err());
        }
    }

    /// What a router that reads a path like this one takes it for.
    fn routed(pattern: &Pattern, read: &str) -> bool {
        let text = read.strip_prefix('/').unwrap_or(read);
        fit(&pattern.0, text.split('/').map(str::as_bytes), <[u8]>::eq_ignore_ascii_case)
    }

    const PATTERNS: &[&str] = &["/api", "/api/{id}", "/api/{id}/x", "/{a}/v1", "/api/{*rest}"];

    proptest! {
        #![proptest_config(Config {
            cases: 30_000,
            rng_seed: RngSeed::Fixed(44),
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn whatever_a_server_does_to_a_path_the_marks_have_seen_it_coming(
            tokens in proptest::collection::vec(select(TOKENS), 1..10),
            steps in proptest::collection::vec(select(STEPS), 0..8),
            pattern in select(PATTERNS),
        ) {
            let path = format!("/{}", tokens.concat());
            let read = steps.iter().fold(path.clone(), |path, step| step(&path));
            let parsed = Pattern::parse(pattern).unwrap();
            if routed(&parsed, &read) {
                prop_assert!(parsed.covers(&path), "{} read as {}: {}", path, read, pattern);
            }
            if parsed.matches(&path) {
                let (end, bare) = (format!("{path}/"), read.strip_suffix('/').unwrap_or(&read));
                let anywhere = routed(&parsed, &read) || routed(&parsed, bare);
                prop_assert!(anywhere, "{} read as {}: {}", path, read, pattern);
                prop_assert!(parsed.covers(&path) && parsed.covers(&end), "{}: {}", path, pattern);
            }
        }
    }
}
