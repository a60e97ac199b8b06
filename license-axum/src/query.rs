//! What stands behind the question mark.

use http::Uri;

/// The values of a query parameter, as they were sent.
pub(crate) fn query<'a>(uri: &'a Uri, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}
