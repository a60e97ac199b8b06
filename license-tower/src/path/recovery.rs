//! The routes that stay open while a service is refused, so that an
//! administrator can install a new license.
//!
//! ```
//! use http::Method;
//! use license_tower::Recovery;
//!
//! let recovery = Recovery::new()
//!     .allow(Method::GET, "/api/license")?
//!     .allow(Method::POST, "/api/license")?
//!     .allow(Method::GET, "/assets/**")?;
//! assert!(recovery.allows(&Method::POST, "/api/license"));
//! assert!(recovery.allows(&Method::HEAD, "/assets/css/app.css"));
//! assert!(!recovery.allows(&Method::DELETE, "/api/license"));
//! // A path is matched as sent, and a trailing slash is another path.
//! assert!(!recovery.allows(&Method::GET, "/api/license/"));
//! assert!(!recovery.allows(&Method::GET, "/api/%6cicense"));
//! assert!(!recovery.allows(&Method::GET, "/assets/../api/users"));
//! # Ok::<(), license_tower::RecoveryError>(())
//! ```

use std::{error::Error, fmt, sync::Arc};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use http::{Method, Uri};

use crate::path;

/// Methods and paths that pass every denial.
///
/// Matching is strict: the method, and the path exactly as it was sent. `GET`
/// admits `HEAD` as well, and each path admits `OPTIONS`. A path is exact
/// (`/api/license`) or a glob:
///
/// | in a glob | stands for |
/// |---|---|
/// | `*` | any characters of one segment, never a `/` |
/// | `**` | as a whole segment: any number of segments; `/a/**` is what lies below `/a`, not `/a` |
/// | `{a,b}` | one of these, within a segment |
///
/// A glob never matches a path that another server could take for a different
/// one: with dot segments, repeated slashes, backslashes or escaped
/// separators. A path with a slash at its end is matched only by globs that
/// end in `/` or `/**`.
#[derive(Clone, Default)]
pub struct Recovery {
    rules: Vec<Rule>,
    functions: Vec<Arc<Function>>,
}

/// A text that is not a recovery path.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is not a recovery path: {reason}")]
pub struct RecoveryError {
    pattern: String,
    reason: &'static str,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Recovery {
    /// Nothing is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whatever a function says of a method and a path: for services that know
    /// their routes themselves. It is asked before a request is refused.
    pub fn from_fn(open: impl Fn(&Method, &Uri) -> bool + Send + Sync + 'static) -> Self {
        Self { rules: Vec::new(), functions: vec![Arc::new(open)] }
    }

    /// Keeps one method of an exact path or a glob open.
    ///
    /// # Errors
    ///
    /// [`RecoveryError`] for a pattern that is not absolute, can never match,
    /// uses a wildcard other than `*`, `**` and `{a,b}`, or names no segment
    /// and so opens the whole service.
    pub fn allow(mut self, method: Method, pattern: &str) -> Result<Self, RecoveryError> {
        let path = Matcher::parse(pattern)?;
        self.rules.push(Rule { method, path });
        Ok(self)
    }

    /// Keeps open what either of them does.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.rules.extend(others.rules);
        self.functions.extend(others.functions);
        self
    }

    /// Whether a request with this method and raw path, without its query,
    /// stays open.
    pub fn allows(&self, method: &Method, path: &str) -> bool {
        self.rules.iter().any(|rule| rule.admits(method) && rule.path.matches(path))
            || (!self.functions.is_empty()
                && Uri::try_from(path)
                    .is_ok_and(|uri| self.functions.iter().any(|open| open(method, &uri))))
    }
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions = self.functions.len();
        f.debug_struct("Recovery")
            .field("rules", &self.rules)
            .field("functions", &functions)
            .finish()
    }
}

impl RecoveryError {
    fn new(pattern: &str, reason: &'static str) -> Self {
        Self { pattern: pattern.to_owned(), reason, source: None }
    }

    fn invalid_glob(pattern: &str, source: globset::Error) -> Self {
        let source = Some(source.into());
        Self { source, ..Self::new(pattern, "it is not a valid glob") }
    }

    /// The refused text.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

type Function = dyn Fn(&Method, &Uri) -> bool + Send + Sync;

#[derive(Clone, Debug)]
struct Rule {
    method: Method,
    path: Matcher,
}

impl Rule {
    fn admits(&self, method: &Method) -> bool {
        self.method == *method
            || *method == Method::OPTIONS
            || (*method == Method::HEAD && self.method == Method::GET)
    }
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(Box<str>),
    Glob {
        // A set of one: unlike a lone glob it is compiled without a panic.
        set: GlobSet,
        /// Whether a path with a slash at its end can match.
        open_end: bool,
    },
}

impl Matcher {
    fn parse(pattern: &str) -> Result<Self, RecoveryError> {
        if let Some(reason) = objection(pattern) {
            return Err(RecoveryError::new(pattern, reason));
        }
        if !pattern.contains(['*', '{', '}']) {
            return Ok(Self::Exact(pattern.into()));
        }
        let set = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .and_then(|glob| GlobSetBuilder::new().add(glob).build())
            .map_err(|error| RecoveryError::invalid_glob(pattern, error))?;
        Ok(Self::Glob { set, open_end: pattern.ends_with('/') || pattern.ends_with("/**") })
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *path,
            Self::Glob { set, open_end } => {
                (*open_end || !path.ends_with('/')) && path::is_settled(path) && set.is_match(path)
            }
        }
    }
}

/// What speaks against a pattern.
fn objection(pattern: &str) -> Option<&'static str> {
    if !pattern.starts_with('/') {
        return Some("it does not begin with a slash");
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Some("it is longer than 1024 bytes");
    }
    if !pattern.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("paths are sent with white space and everything beyond ASCII escaped");
    }
    if pattern.contains(['?', '#']) {
        return Some("a query or fragment is not part of a path");
    }
    if pattern.contains(['[', ']', '\\']) {
        return Some("of the wildcards only `*`, `**` and `{a,b}` are allowed");
    }
    if !path::is_settled(pattern) {
        return Some("it has an empty segment, a dot segment or an escaped separator");
    }
    let mut segments = pattern.split('/').skip(1);
    if segments.clone().any(|segment| segment.contains("**") && segment != "**") {
        return Some("`**` must be a whole segment");
    }
    if segments.clone().any(|segment| !are_alternatives(segment)) {
        return Some("braces hold alternatives, `{a,b}`; a path parameter is written `*`");
    }
    if segments.all(|segment| matches!(segment, "**" | "*" | "")) && pattern != "/" {
        return Some("it names no segment and would open the whole service");
    }
    None
}

/// Whether all braces of a segment are like `{a,b}`.
fn are_alternatives(segment: &str) -> bool {
    let mut parts = segment.split('{');
    let before = parts.next().unwrap_or_default();
    !before.contains('}')
        && parts.all(|part| {
            part.split_once('}').is_some_and(|(inside, after)| {
                inside.contains(',')
                    && inside.split(',').all(|one| !one.is_empty())
                    && !after.contains('}')
            })
        })
}

/// Far more than any path needs; keeps compiled globs small.
const MAX_PATTERN_BYTES: usize = 1024;

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Recovery>();
};

#[cfg(test)]
mod tests {
    use super::*;

    fn allowing(pattern: &str) -> Recovery {
        Recovery::new().allow(Method::GET, pattern).unwrap()
    }

    fn opens(pattern: &str, path: &str) -> bool {
        allowing(pattern).allows(&Method::GET, path)
    }

    #[test]
    fn nothing_is_open_by_default() {
        assert!(!Recovery::new().allows(&Method::GET, "/"));
        assert!(!Recovery::new().allows(&Method::OPTIONS, "/api/license"));
    }

    #[test]
    fn case_44_only_the_exact_raw_path_is_open() {
        assert!(opens("/api/license", "/api/license"));
        for path in [
            "/api/license-report",
            "/api/license/",
            "/api/license/x",
            "/api/licens",
            "/api",
            "/API/license",
            "//api/license",
            "/api//license",
            "/%61pi/license",
            "/api%2flicense",
            "/api/./license",
            "/x/../api/license",
            "/api/license/.",
            "/api/license;v=1",
            "\\api\\license",
            "api/license",
            "",
            "*",
        ] {
            assert!(!opens("/api/license", path), "{path}");
        }
        assert!(opens("/", "/") && !opens("/", "//") && !opens("/", "/x"));
        assert!(opens("/api/license/", "/api/license/"));
        assert!(!opens("/api/license/", "/api/license"));
    }

    #[test]
    fn case_45_head_follows_get_and_options_follows_the_path() {
        let get = Recovery::new().allow(Method::GET, "/a").unwrap();
        let post = Recovery::new().allow(Method::POST, "/a").unwrap();
        let custom = Method::from_bytes(b"get").unwrap();
        for (method, by_get, by_post) in [
            (Method::GET, true, false),
            (Method::HEAD, true, false),
            (Method::POST, false, true),
            (Method::OPTIONS, true, true),
            (Method::PUT, false, false),
            (Method::DELETE, false, false),
            (Method::TRACE, false, false),
            (custom, false, false),
        ] {
            assert_eq!(get.allows(&method, "/a"), by_get, "{method}");
            assert_eq!(post.allows(&method, "/a"), by_post, "{method}");
            assert!(!get.allows(&method, "/b"), "{method}");
        }
    }

    #[test]
    fn rules_do_not_lend_each_other_methods_or_paths() {
        let recovery = Recovery::new()
            .allow(Method::GET, "/a")
            .and_then(|recovery| recovery.allow(Method::POST, "/b"))
            .and_then(|recovery| recovery.allow(Method::PUT, "/c/*"))
            .unwrap();
        assert!(recovery.allows(&Method::GET, "/a") && recovery.allows(&Method::POST, "/b"));
        assert!(recovery.allows(&Method::PUT, "/c/1"));
        assert!(!recovery.allows(&Method::POST, "/a") && !recovery.allows(&Method::GET, "/b"));
        assert!(!recovery.allows(&Method::HEAD, "/c/1") && !recovery.allows(&Method::PUT, "/a"));
    }

    #[test]
    fn lists_and_functions_add_up() {
        let function = Recovery::from_fn(|method, uri| *method == "PUT" && uri.path() == "/f");
        let recovery = allowing("/a").and(function).and(allowing("/b"));
        let allows = |method, path| recovery.allows(&method, path);
        assert!(allows(Method::GET, "/a") && allows(Method::GET, "/b"));
        assert!(allows(Method::PUT, "/f") && !allows(Method::GET, "/f"));
        for path in ["", "*", "//f", "/f/", "/%66", "/c"] {
            assert!(!allows(Method::PUT, path), "{path}");
        }
        assert!(!Recovery::from_fn(|_, _| true).allows(&Method::GET, ""), "a path is asked about");
    }

    #[test]
    fn a_star_never_crosses_a_segment() {
        for path in ["/api/auth/sign-in", "/api/auth/.x", "/api/auth/a%20b", "/api/auth/a;v=1"] {
            assert!(opens("/api/auth/*", path), "{path}");
        }
        for path in [
            "/api/auth",
            "/api/auth/",
            "/api/auth/a/b",
            "/api/auth/a/",
            "/api/auth/a%2fb",
            "/api/auth/a%252Fb",
            "/api/auth/a%5cb",
            "/api/auth/a\\b",
            "/api/auth/..",
            "/api/auth/.",
            "/api/auth/%2e%2e",
            "/api/auth/..;v=1",
            "/api/auth/;v=1",
            "/API/auth/a",
        ] {
            assert!(!opens("/api/auth/*", path), "{path}");
        }
        assert!(opens("/t/*/license", "/t/acme/license"));
        assert!(!opens("/t/*/license", "/t/a/b/license"));
        assert!(!opens("/t/*/license", "/t//license"));
        assert!(opens("/app.*.js", "/app.1f.js"));
    }

    #[test]
    fn two_stars_open_what_lies_below_and_nothing_beside() {
        for path in ["/assets/a", "/assets/a/b.css", "/assets/", "/assets/a/", "/assets/a%20b"] {
            assert!(opens("/assets/**", path), "{path}");
        }
        for path in [
            "/assets",
            "/assetsx/a",
            "/assets/../api/users",
            "/assets/a/../../api/users",
            "/assets/%2e%2e/api/users",
            "/assets/%252e%252e/api/users",
            "/assets/..%2fapi",
            "/assets/..\\api",
            "/assets/..;/api",
            "/assets//a",
            "//assets/a",
            "/x/assets/a",
        ] {
            assert!(!opens("/assets/**", path), "{path}");
        }
        assert!(opens("/t/**/license", "/t/license") && opens("/t/**/license", "/t/a/b/license"));
        assert!(!opens("/t/**/license", "/t/a/licenses"));
    }

    #[test]
    fn braces_are_alternatives() {
        for path in ["/a/b", "/a/c"] {
            assert!(opens("/a/{b,c}", path), "{path}");
        }
        assert!(!opens("/a/{b,c}", "/a/d") && !opens("/a/{b,c}", "/a/{b,c}"));
    }

    #[test]
    fn patterns_that_mislead_are_refused_with_the_reason() {
        let long = format!("/{}", "a*".repeat(512));
        for (pattern, reason) in [
            ("", "slash"),
            ("api/license", "slash"),
            ("*", "slash"),
            ("http://a/b", "slash"),
            (&*long, "1024"),
            ("/a b", "escaped"),
            ("/caf\u{e9}", "escaped"),
            ("/a\n", "escaped"),
            ("/api/license?dry_run=true", "query"),
            ("/a#b", "fragment"),
            ("/[ab]", "wildcards"),
            ("/[!a]", "wildcards"),
            ("/a\\b", "wildcards"),
            ("//a", "empty segment"),
            ("/a//", "empty segment"),
            ("/a/../b", "dot segment"),
            ("/a/%2e%2e/b", "dot segment"),
            ("/a%2Fb", "escaped separator"),
            ("/a**", "whole segment"),
            ("/a/***", "whole segment"),
            ("/{a,**}", "whole segment"),
            ("/api/{id}", "path parameter"),
            ("/api/{*rest}", "path parameter"),
            ("/{a,b", "alternatives"),
            ("/a,b}", "alternatives"),
            ("/{a,b}}", "alternatives"),
            ("/{a,{b,c}}", "alternatives"),
            ("/{a,}", "alternatives"),
            ("/{a/b,c}", "alternatives"),
            ("/**", "whole service"),
            ("/**/**", "whole service"),
            ("/**/", "whole service"),
            ("/*/**", "whole service"),
            ("/*", "whole service"),
        ] {
            let error = Recovery::new().allow(Method::GET, pattern).unwrap_err();
            assert_eq!(error.pattern(), pattern);
            let text = error.to_string();
            assert!(text.contains(reason), "{text}");
        }
    }
}
