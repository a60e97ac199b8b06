//! What a client asks for, in the scopes of the distribution's token
//! specification.
//!
//! A scope is `TYPE:NAME:ACTION,ACTION`. A name may hold the port of a host,
//! so that the type ends at the first colon and the actions begin behind the
//! last one.

/// The repository that a scope asks to pull from. Of every other type, name
/// and action there is nothing to grant: `None`.
pub(crate) fn pulled(scope: &str) -> Option<&str> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let pulls = actions.split(',').any(|action| action == "pull");
    (kind == "repository" && pulls && is_repository(name)).then_some(name)
}

/// Whether a registry can have a repository of this name: at most 255
/// characters, without a host.
pub(crate) fn is_repository(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_component)
}

/// Lower-case letters and digits, with `.`, `_`, `__` or hyphens between them.
fn is_component(component: &str) -> bool {
    let letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let separators: Vec<&str> = component.split(letter).collect();
    let separates =
        |text: &&str| matches!(*text, "." | "_" | "__") || text.trim_matches('-').is_empty();
    matches!(&*separators, ["", between @ .., ""] if between.iter().all(separates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_from_a_repository_is_what_can_be_granted() {
        assert_eq!(pulled("repository:align/llm-server:pull"), Some("align/llm-server"));
        assert_eq!(pulled("repository:a:pull"), Some("a"));
        assert_eq!(pulled("repository:a:push,pull"), Some("a"));
        assert_eq!(pulled("repository:a:delete,pull,push"), Some("a"));
        for name in ["0", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "v1.0.0-rc__1/x"] {
            assert_eq!(pulled(&format!("repository:{name}:pull")), Some(name));
        }
        let longest = "a".repeat(255);
        assert_eq!(pulled(&format!("repository:{longest}:pull")), Some(&*longest));
    }

    #[test]
    fn no_other_action_and_no_other_type_is_granted() {
        for scope in [
            "repository:a:push",
            "repository:a:delete",
            "repository:a:*",
            "repository:a:",
            "repository:a:PULL",
            "repository:a:pull ",
            "repository:a: pull",
            "repository:a:pulling",
            "repository:a:push;pull",
            "repository(plugin):a:pull",
            "repository():a:pull",
            "Repository:a:pull",
            "repository :a:pull",
            "registry:catalog:*",
            "registry:catalog:pull",
            ":a:pull",
            "*:a:pull",
        ] {
            assert_eq!(pulled(scope), None, "{scope}");
        }
    }

    #[test]
    fn a_name_that_no_repository_has_is_not_granted() {
        let long = "a".repeat(256);
        for name in [
            "",
            "*",
            "**",
            "a/*",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/..",
            "a/../b",
            "a/./b",
            "A",
            "a/B",
            "a b",
            "a\tb",
            "a\nb",
            "a\0",
            "a%2fb",
            "a\\b",
            "-a",
            "a-",
            "_a",
            "a_",
            ".a",
            "a.",
            "a..b",
            "a___b",
            "a._b",
            "a-_b",
            "é",
            "а",
            "host:5000/a",
            "host:5000",
            ":",
            "a:b",
            "a@b",
            "a?b",
            "{a,b}",
            "[a]",
            "a:pull,push",
            &long,
        ] {
            assert_eq!(pulled(&format!("repository:{name}:pull")), None, "{name:?}");
        }
    }

    #[test]
    fn what_is_no_scope_asks_for_nothing() {
        for scope in [
            "",
            ":",
            "::",
            ":::",
            "repository",
            "repository:",
            "repository:a",
            "repository:pull",
            "pull",
        ] {
            assert_eq!(pulled(scope), None, "{scope}");
        }
    }
}
