//! What a client would rather have.

use headers_accept::Accept;
use http::{HeaderMap, HeaderValue, header};
use mediatype::{MediaType, Name};

const APPLICATION: Name<'_> = Name::new_unchecked("application");
/// What a denial can be told in; the first where a client does not care.
const OFFERED: [MediaType<'_>; 3] = [
    MediaType::from_parts(
        APPLICATION,
        Name::new_unchecked("problem"),
        Some(Name::new_unchecked("json")),
        &[],
    ),
    MediaType::from_parts(APPLICATION, Name::new_unchecked("json"), None, &[]),
    HTML,
];
const HTML: MediaType<'_> =
    MediaType::from_parts(Name::new_unchecked("text"), Name::new_unchecked("html"), None, &[]);

/// Whether a client would rather have a page than JSON (RFC 9110, section
/// 12.5.1).
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let values: Result<Vec<_>, _> = values.map(HeaderValue::to_str).collect();
    let Ok(values) = values else { return false };
    let accept = values.join(",").parse::<Accept>();
    accept.is_ok_and(|accept| accept.negotiate(&OFFERED) == Some(&HTML))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefers(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        prefers_html(&headers)
    }

    #[test]
    fn browsers_prefer_a_page_and_nobody_else_does() {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(prefers(BROWSER));
        assert!(prefers("text/html"));
        assert!(prefers("text/html;q=0.5, application/json;q=0.4"));
        assert!(prefers("text/*"));
        assert!(prefers("text/html, application/json"), "the one that is named first");
        for other in [
            "*/*",
            "application/json",
            "application/problem+json, text/html;q=0.9",
            "application/json, text/html",
            "text/html;q=0, */*",
            "text/html;q=0.1, */*",
            "text/plain",
            "",
            "garbage",
        ] {
            assert!(!prefers(other), "{other}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
