//! What stands behind the question mark.

use http::Uri;
use license_core::refusal::ProblemDetails;

use crate::Problem;

/// The values of a query's members, of those that a route knows, as they were
/// sent.
///
/// A member that is misspelt must not do nothing: `?dry-run=true` would
/// install. So what is not known is refused, however it is spelled, and so is
/// what is there twice.
///
/// # Errors
///
/// 400 `invalid_query`, which names the members that there are.
pub(crate) fn members<'u, const N: usize>(
    uri: &'u Uri,
    known: [&'static str; N],
) -> Result<[Option<&'u str>; N], Problem> {
    let mut values = [None; N];
    for member in uri.query().unwrap_or_default().split('&').filter(|member| !member.is_empty()) {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let place = known.iter().position(|it| *it == name).and_then(|at| values.get_mut(at));
        match place {
            Some(place @ None) => *place = Some(value),
            _ => return Err(unknown(&known)),
        }
    }
    Ok(values)
}

/// The values of one member of a query that changes nothing: what else is
/// there is nobody's concern.
pub(crate) fn values<'u>(uri: &'u Uri, name: &str) -> impl Iterator<Item = &'u str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

fn unknown(known: &[&'static str]) -> Problem {
    let named: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let detail = format!(
        "Nothing was changed. Behind the question mark this route takes {}, each once and spelled \
         like this.",
        named.join(", ")
    );
    ProblemDetails::new(400, "invalid_query").detail(detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Option<[Option<String>; 2]> {
        let uri = Uri::try_from(uri).unwrap();
        let read = members(&uri, ["dry_run", "force"]).ok()?;
        Some(read.map(|value| value.map(str::to_owned)))
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn known_members_are_read_once_each_and_nothing_else() {
        assert_eq!(read("/"), Some([None, None]));
        assert_eq!(read("/?"), Some([None, None]));
        assert_eq!(read("/?force=1&dry_run"), Some([some(""), some("1")]));
        assert_eq!(read("/?dry_run=true&"), Some([some("true"), None]));
        for refused in [
            "/?dry-run=true",
            "/?DRY_RUN=true",
            "/?%64ry_run=true",
            "/?dry_run=true&dry_run=true",
            "/?dry_run=true&dry_run=false",
            "/?other",
            "/?=true",
            "/?force=true&x=1",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}
