//! What was meant by a name that nobody knows.

use license_core::issue::Unknown;
pub(crate) use license_core::text::meant;

/// What else there is, as the end of a sentence that has named what is
/// unknown.
pub(crate) fn known(unknown: &Unknown, what: &str) -> String {
    let Unknown { name, known, .. } = unknown;
    let meant = meant(name, known).map(|it| format!("; did you mean {it:?}?"));
    let meant = meant.unwrap_or_default();
    match known.is_empty() {
        true => format!("{meant}; it has no {what}"),
        false => format!("{meant}; its {what} are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["sso-saml", "workflows", "auditLog"];
        assert_eq!(meant("sso-samll", &known), Some("sso-saml"));
        assert_eq!(meant("worklows", &known), Some("workflows"));
        assert_eq!(meant("AUDITLOG", &known), Some("auditLog"));
        assert_eq!(meant("billing", &known), None);
        assert_eq!(meant("x", &[] as &[&str]), None);
    }
}
