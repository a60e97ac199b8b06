//! Saying that the connection ends with this answer.

use http::{
    HeaderMap, HeaderValue, Response, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
    request::Parts,
};

/// In the extensions of a response that says it only because the body of the
/// request was left unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClosesUnread;

/// Says it of a refused request that has a body, over HTTP/1: the server will
/// close the connection, and would not say so.
pub(crate) fn close_unread<B>(request: &Parts, response: &mut Response<B>) {
    if request.version <= Version::HTTP_11
        && has_body(&request.headers)
        && say_close(response.headers_mut())
    {
        response.extensions_mut().insert(ClosesUnread);
    }
}

/// Says no more what [`close_unread`] said: the body was read.
#[cfg(feature = "discard")]
pub(crate) fn take_back<B>(response: &mut Response<B>) {
    if response.extensions_mut().remove::<ClosesUnread>().is_some()
        && let http::header::Entry::Occupied(entry) = response.headers_mut().entry(CONNECTION)
    {
        let (name, values) = entry.remove_entry_mult();
        let others: Vec<_> = values.filter(|value| value != CLOSE).collect();
        for value in others {
            response.headers_mut().append(&name, value);
        }
    }
}

/// Says it, unless that is said already. Whether it was not.
pub(crate) fn say_close(headers: &mut HeaderMap) -> bool {
    let close = |value: &HeaderValue| {
        let mut options = value.as_bytes().split(|byte| *byte == b',');
        options.any(|option| option.trim_ascii().eq_ignore_ascii_case(CLOSE.as_bytes()))
    };
    let unsaid = !headers.get_all(CONNECTION).iter().any(close);
    if unsaid {
        headers.append(CONNECTION, HeaderValue::from_static(CLOSE));
    }
    unsaid
}

const CLOSE: &str = "close";

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// The values of `Connection` in the refusal of a request.
    fn said(version: Version, lines: &[(&'static str, &'static str)], own: &[&str]) -> Vec<String> {
        let mut request = Request::new(());
        *request.version_mut() = version;
        for (name, value) in lines {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        let mut response = Response::new(());
        for value in own {
            response.headers_mut().append(CONNECTION, value.parse().unwrap());
        }
        close_unread(&request.into_parts().0, &mut response);
        let values = response.headers().get_all(CONNECTION).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_refusal_of_a_request_with_a_body_says_that_the_connection_ends() {
        let long = ("content-length", "5");
        assert_eq!(said(Version::HTTP_11, &[long], &[]), ["close"]);
        assert_eq!(said(Version::HTTP_11, &[("transfer-encoding", "chunked")], &[]), ["close"]);
        assert_eq!(said(Version::HTTP_10, &[long], &[]), ["close"]);
        assert_eq!(said(Version::HTTP_11, &[long], &["upgrade"]), ["upgrade", "close"]);
        assert_eq!(said(Version::HTTP_11, &[long], &["upgrade, Close"]), ["upgrade, Close"]);
        for (version, lines) in [
            (Version::HTTP_11, &[][..]),
            (Version::HTTP_11, &[("content-length", "0")]),
            (Version::HTTP_2, &[long]),
            (Version::HTTP_3, &[long]),
        ] {
            assert!(said(version, lines, &[]).is_empty(), "{version:?} {lines:?}");
        }
    }
}
