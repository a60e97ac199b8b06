//! The part of a service that a license layer covers.
//!
//! ```
//! use license_tower::Scope;
//!
//! let scope = Scope::new("/api/**")?.and("/agents/**")?;
//! assert!(scope.covers("/api"));
//! assert!(scope.covers("/agents/session"));
//! assert!(!scope.covers("/healthz"));
//! // However it is spelled.
//! assert!(scope.covers("/x/..//%61PI/users"));
//! # Ok::<(), license_tower::ScopeError>(())
//! ```

use crate::path::{self, Reading};

/// One or more paths, each alone (`/x`) or with everything below it
/// (`/api/**`, which includes `/api`).
///
/// A path is covered when it is under *any* reading that a server behind the
/// layer may give it, so that no spelling slips out: escapes decoded any
/// number of times, `\` and `%2f` taken for `/` or not, repeated slashes
/// collapsed or not, dot segments resolved or not, parameters (`;v=1`)
/// dropped or not, a slash at the end ignored or not, ASCII case ignored.
/// `/api/../x` is therefore covered by `/api/**`, and `/x/../api` too.
///
/// Where readings differ wildly, in paths with a `..` segment or with a
/// separator hidden beside a parameter, a path is covered as soon as the
/// scope's segments appear in it in order. Browsers and HTTP clients resolve
/// `..` before they send a path.
///
/// Checking a path without such oddities compares and does not allocate.
#[derive(Clone, Debug)]
pub struct Scope {
    areas: Vec<Area>,
}

/// A text that is neither an exact path nor a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{pattern}` is not a scope; write an exact path such as `/x`, or `/api/**` for `/api` and everything below it, decoded and without other wildcards"
)]
pub struct ScopeError {
    pattern: String,
}

impl Scope {
    /// Covers one path, `/x`, or a path and everything below it, `/api/**`.
    /// `/**` covers everything.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] for any other form.
    pub fn new(pattern: &str) -> Result<Self, ScopeError> {
        Self { areas: Vec::new() }.and(pattern)
    }

    /// Covers another path as well, in the same two forms.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] for any other form.
    pub fn and(mut self, pattern: &str) -> Result<Self, ScopeError> {
        match Area::parse(pattern) {
            Some(area) => self.areas.push(area),
            None => return Err(ScopeError { pattern: pattern.to_owned() }),
        }
        Ok(self)
    }

    /// Whether a raw request path, without its query, is covered.
    pub fn covers(&self, path: &str) -> bool {
        if self.areas.iter().any(|area| area.covers_as_sent(path)) {
            return true;
        }
        if path::is_plain(path) {
            return false;
        }
        let reading = Reading::of(path);
        self.areas.iter().any(|area| area.covers_reading(&reading))
    }

    /// Whether some path of a route is covered, written as axum has it:
    /// `/users/{id}`, and `/files/{*rest}` for everything below.
    pub fn covers_route(&self, route: &str) -> bool {
        self.areas.iter().any(|area| area.covers_route(route))
    }
}

impl ScopeError {
    /// The refused text.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

#[derive(Clone, Debug)]
struct Area {
    /// `/api`; empty for the root.
    path: Box<str>,
    /// Whether everything below is covered too.
    below: bool,
}

impl Area {
    fn parse(pattern: &str) -> Option<Self> {
        let (path, below) = match pattern.strip_suffix("/**") {
            Some(path) => (path, true),
            None => (pattern, false),
        };
        let segments = match (path, below) {
            ("", true) | ("/", false) => return Some(Self { path: "".into(), below }),
            _ => path.strip_prefix('/')?,
        };
        segments.split('/').all(path::is_segment).then(|| Self { path: path.into(), below })
    }

    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.path.split('/').skip(1).map(str::as_bytes)
    }

    fn covers_as_sent(&self, path: &str) -> bool {
        let Some((start, rest)) = path.as_bytes().split_at_checked(self.path.len()) else {
            return false;
        };
        let covered = match rest {
            [] | [b'/'] => true,
            [b'/', ..] => self.below,
            _ => self.below && self.path.is_empty(),
        };
        covered && start.eq_ignore_ascii_case(self.path.as_bytes())
    }

    fn covers_route(&self, route: &str) -> bool {
        let mut segments = route.split('/').skip(1).filter(|it| !it.is_empty());
        for wanted in self.segments() {
            match segments.next().map(str::as_bytes) {
                None => return false,
                Some([b'{', b'*', ..]) => return true,
                Some([b'{', ..]) => {}
                Some(segment) if same(wanted, segment) => {}
                Some(_) => return false,
            }
        }
        self.below || segments.next().is_none()
    }

    fn covers_reading(&self, reading: &Reading) -> bool {
        let mut segments = reading.segments();
        let mut wanted = self.segments();
        if reading.is_ambiguous() {
            return wanted.all(|wanted| segments.any(|segment| same(wanted, segment)));
        }
        wanted.all(|wanted| segments.next().is_some_and(|segment| same(wanted, segment)))
            && (self.below || segments.next().is_none())
    }
}

fn same(wanted: &[u8], segment: &[u8]) -> bool {
    segment.eq_ignore_ascii_case(wanted)
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Scope>();
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

    fn api() -> Scope {
        Scope::new("/api/**").unwrap()
    }

    #[test]
    fn a_prefix_covers_itself_and_everything_below() {
        for path in ["/api", "/api/", "/api/x", "/api/x/y", "/api/license-report", "/api/license/"]
        {
            assert!(api().covers(path), "{path}");
        }
        for path in
            ["", "*", "/", "/ap", "/apix", "/apix/api", "/x/api", "/healthz", "api", "api/x"]
        {
            assert!(!api().covers(path), "{path}");
        }
    }

    #[test]
    fn a_route_is_covered_where_one_of_its_paths_is() {
        let scope = api().and("/x").unwrap();
        for route in ["/api", "/api/users/{id}", "/{tenant}/users", "/{*rest}", "/x", "/X/", "/{a}"]
        {
            assert!(scope.covers_route(route), "{route}");
        }
        for route in ["/", "/healthz", "/y/{id}", "/x/{id}", "/y/{*rest}", "/apix"] {
            assert!(!scope.covers_route(route), "{route}");
        }
    }

    #[test]
    fn an_exact_path_covers_itself_alone() {
        let scope = Scope::new("/x").unwrap();
        for path in ["/x", "/X", "/x/", "//x", "/./x", "/%78", "/x;v=1", "/y/../x", "/x%2f"] {
            assert!(scope.covers(path), "{path}");
        }
        for path in ["/", "/x/y", "/xx", "/x%2fy", "/y/x", "/%79", ""] {
            assert!(!scope.covers(path), "{path}");
        }
    }

    #[test]
    fn the_root_is_a_path_and_a_prefix_of_everything() {
        let root = Scope::new("/").unwrap();
        assert!(root.covers("/") && root.covers("//") && root.covers("/%2e"));
        assert!(!root.covers("/x") && !root.covers("/%78") && !root.covers("*"));
        let everything = Scope::new("/**").unwrap();
        for path in ["", "*", "/", "/x", "//x", "/%61"] {
            assert!(everything.covers(path), "{path}");
        }
    }

    #[test]
    fn several_paths_are_covered_together() {
        let scope = api().and("/agents/**").unwrap().and("/metrics").unwrap();
        for path in ["/api/x", "/agents", "/%61gents/x", "/metrics"] {
            assert!(scope.covers(path), "{path}");
        }
        assert!(!scope.covers("/metrics/x") && !scope.covers("/%68ealthz"));
    }

    #[test]
    fn case_44_no_spelling_of_a_path_slips_out() {
        for path in [
            "/api",
            "//api/x",
            "/%61pi/x",
            "/API/x",
            "/x/../api/x",
            "/api/license-report",
            "/api/license/",
            // Escapes, also of escapes.
            "/%61%70%69",
            "/%2561pi/x",
            "/%25252561pi/x",
            "/%41PI/x",
            "/api%2fx",
            "/%2fapi/x",
            "%2fapi/x",
            "/api%252fx",
            // Backslashes.
            "/\\api/x",
            "\\api\\x",
            "/api\\x",
            "/%5capi/x",
            // Slashes.
            "///api",
            "//api//x",
            // Dots.
            "/./api/x",
            "/.//api",
            "/%2e/api/x",
            "/../api/x",
            "/x/%2e%2e/api/x",
            "/x/%2E./api/x",
            "/x/%252e%252e/api/x",
            "/x%2f..%2fapi/x",
            "/x\\..\\api/x",
            "/api/../x",
            "/api/..",
            "/x/%2e%2e/api/%252e%252e/z",
            "/x//../../api",
            // Parameters.
            "/api;v=1/x",
            "/api%3bv=1/x",
            "/;x/api",
            "/x/..;/api/x",
            "/x/..%3bv/api/x",
        ] {
            assert!(api().covers(path), "{path}");
        }
    }

    #[test]
    fn odd_spellings_of_other_paths_stay_open() {
        for path in [
            "//healthz",
            "/%68ealthz",
            "/static/a%20b.css",
            "/static/api/a%20b.css",
            "/docs//api",
            "/docs/./api",
            "/docs%2fapi",
            "/docs;v=1/api",
            "/x/../healthz",
            "/.well-known/api",
            "/%zz/api",
            "/api%20/x",
            "/caf%C3%A9",
        ] {
            assert!(!api().covers(path), "{path}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_forms_that_are_allowed() {
        for pattern in [
            "",
            "**",
            "*",
            "api",
            "api/**",
            "/api/",
            "/api/*",
            "/api/**/",
            "/api/**/x",
            "/api**",
            "/**/api",
            "/**/**",
            "//**",
            "/a//b",
            "/a/./b",
            "/../**",
            "/api/{id}",
            "/api/{*rest}",
            "/a?b",
            "/a?b=c",
            "/[a]/**",
            "/%61pi/**",
            "/a\\b",
            "/a;b",
            "/a#b",
            "/a b",
            "/a\n",
            " /a",
            "http://a/**",
        ] {
            let error = Scope::new(pattern).unwrap_err();
            assert_eq!(error.pattern(), pattern);
            assert!(error.to_string().contains("`/x`") && error.to_string().contains("`/api/**`"));
            assert!(api().and(pattern).is_err());
        }
    }

    #[test]
    fn clean_paths_are_checked_without_allocating() {
        let scope = api().and("/metrics").unwrap();
        let allocations = allocation_counter::measure(|| {
            assert!(scope.covers("/api/users") && scope.covers("/API/users"));
            assert!(!scope.covers("/healthz") && !scope.covers("/static/app.js"));
        });
        assert_eq!(allocations.count_total, 0);
    }

    proptest! {
        #![proptest_config(Config {
            cases: 30_000,
            rng_seed: RngSeed::Fixed(44),
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn whatever_a_server_does_to_a_path_the_scope_has_seen_it_coming(
            tokens in proptest::collection::vec(select(TOKENS), 1..10),
            steps in proptest::collection::vec(select(STEPS), 0..8),
        ) {
            let path = format!("/{}", tokens.concat());
            let read = steps.iter().fold(path.clone(), |path, step| step(&path));
            let inside = |prefix: &str| {
                read.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            for prefix in ["/api", "/api/v1"] {
                if inside(prefix) {
                    let scope = Scope::new(&format!("{prefix}/**")).unwrap();
                    prop_assert!(scope.covers(&path), "{} read as {}", path, read);
                }
                if read == prefix {
                    prop_assert!(Scope::new(prefix).unwrap().covers(&path), "{} read as {}", path, read);
                }
            }
        }
    }
}
