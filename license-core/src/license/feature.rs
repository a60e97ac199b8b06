//! Features in types: a name the compiler carries, for one request handler
//! or extractor that needs one feature.
//!
//! A handler says which feature it needs in the type of an argument,
//! `RequireFeature<F: Feature>`. There are three spellings of `F`, and all of
//! them end as [`Feature::NAME`]:
//!
//! ```text
//! features! { /// Single sign-on.
//!             pub Sso = "sso-saml"; }
//! async fn saml(_: RequireFeature<Sso>) {}
//!
//! async fn saml(_: RequireFeature<feature!("sso-saml")>) {}
//!
//! #[licensed]
//! async fn saml(_: RequireFeature<"sso-saml">) {}
//! ```
//!
//! * A type declared once with [`features!`](crate::features) has a place for
//!   documentation, and a misspelled use of it does not compile. Choose it
//!   for a feature that more than one route needs.
//! * `feature!` spells the name in place, as a [`Name`] of characters.
//! * `#[licensed]` puts `feature!` around the string literals itself, because
//!   stable Rust has no string literals in types.
//!
//! `feature!` and `#[licensed]` of one name are one type; a declared type is
//! a type of its own with an equal `NAME`. A name that is known only at run
//! time has no type: that is what a layer with a name as its value is for.
//!
//! What may be a name is said by [`is_valid_feature_name`]. All spellings
//! refuse anything else when the program is compiled.
//!
//! ```
//! use license_core::{Feature, features, license::Name};
//!
//! features! {
//!     /// Single sign-on.
//!     pub Sso = "sso-saml";
//!     /// The audit log and its export.
//!     pub AuditLog = "auditLog";
//! }
//!
//! fn name_of<F: Feature>() -> &'static str {
//!     F::NAME
//! }
//!
//! assert_eq!(name_of::<Sso>(), "sso-saml");
//! assert_eq!(name_of::<AuditLog>(), "auditLog");
//! assert_eq!(name_of::<Name<'s', 's', 'o'>>(), "sso");
//! ```

/// A feature that a license may grant, as a type.
///
/// Declare one with [`features!`](crate::features).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a licensed feature",
    label = "not a feature",
    note = "declare it with `features! {{ pub Sso = \"sso-saml\"; }}`, or write `feature!(\"sso-saml\")`"
)]
pub trait Feature: Send + Sync + 'static {
    /// The name that stands in a license, `sso-saml`.
    const NAME: &'static str;
}

/// Whether a text may be the name of a feature: 1 to 64 ASCII letters,
/// digits, `-`, `_`, `.` and `:`, with a letter or digit at both ends.
///
/// Names are compared byte by byte: `sso` and `SSO` are two features.
///
/// ```
/// use license_core::license::is_valid_feature_name;
///
/// assert!(is_valid_feature_name("sso-saml"));
/// assert!(is_valid_feature_name("auditLog"));
/// assert!(!is_valid_feature_name("sso saml"));
/// assert!(!is_valid_feature_name("-sso"));
/// ```
pub const fn is_valid_feature_name(name: &str) -> bool {
    // license-macros has the same function; a test there compares the two.
    let bytes = name.as_bytes();
    let ([first, ..], [.., last]) = (bytes, bytes) else {
        return false;
    };
    if bytes.len() > MAX_BYTES || !first.is_ascii_alphanumeric() || !last.is_ascii_alphanumeric() {
        return false;
    }
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b':') {
            return false;
        }
        rest = tail;
    }
    true
}

/// Declares features as documented types that implement
/// [`Feature`](crate::Feature).
///
/// Each line is documentation and other attributes, a visibility, the name of
/// the type, and the name in the license. The types have no values.
///
/// ```
/// license_core::features! {
///     /// Single sign-on.
///     pub Sso = "sso-saml";
///     /// Reports, inside this crate only.
///     pub(crate) Reports = "reports.v2";
/// }
///
/// use license_core::Feature;
/// assert_eq!(Sso::NAME, "sso-saml");
/// assert_eq!(Reports::NAME, "reports.v2");
/// ```
///
/// A constant in front of them lists their names, for
/// [`check_features`](crate::Product::check_features) at the start:
///
/// ```
/// license_core::features! {
///     /// Every feature that this module asks for.
///     pub const FEATURES;
///     /// Single sign-on.
///     pub Sso = "sso-saml";
/// }
///
/// assert_eq!(FEATURES, ["sso-saml"]);
/// ```
///
/// What is not a valid name ([`is_valid_feature_name`](crate::license::is_valid_feature_name))
/// does not compile:
///
/// ```compile_fail,E0080
/// license_core::features! {
///     /// Single sign-on.
///     pub Sso = "sso saml";
/// }
/// ```
#[macro_export]
macro_rules! features {
    (
        $(#[$list_attribute:meta])* $list_visibility:vis const $list:ident;
        $($(#[$attribute:meta])* $visibility:vis $feature:ident = $name:literal;)*
    ) => {
        $(#[$list_attribute])*
        $list_visibility const $list: &[&str] = &[$($name),*];
        $crate::features! { $($(#[$attribute])* $visibility $feature = $name;)* }
    };
    ($($(#[$attribute:meta])* $visibility:vis $feature:ident = $name:literal;)*) => {$(
        $(#[$attribute])*
        #[allow(clippy::exhaustive_enums, reason = "there will never be a value")]
        #[derive(::core::fmt::Debug)]
        $visibility enum $feature {}

        impl $crate::Feature for $feature {
            const NAME: &'static str = $name;
        }

        const _: () = if !$crate::license::is_valid_feature_name($name) {
            ::core::panic!("{}", ::core::concat!(
                "`", $name, "` is not a valid feature name: use 1 to 64 ASCII letters, digits, ",
                "`-`, `_`, `.` and `:`, with a letter or digit at both ends",
            ))
        };
    )*};
}

/// Declares [`Name`] with its parameters.
macro_rules! name {
    ($($c:ident)*) => {
        /// A feature named by its characters, `Name<'s', 's', 'o'>`: up to 64 of
        /// them, and the parameters left out are `'\0'`.
        ///
        /// This is what `feature!("sso")` and `#[licensed]` write, and what compiler
        /// errors show. The type has no values.
        ///
        /// ```
        /// use license_core::{Feature, license::Name};
        ///
        /// const SSO: &str = Name::<'s', 's', 'o'>::NAME;
        /// assert_eq!(SSO, "sso");
        /// ```
        ///
        /// Characters that are not a valid feature name do not compile where
        /// [`NAME`](Feature::NAME) is used:
        ///
        /// ```compile_fail,E0080
        /// use license_core::{Feature, license::Name};
        ///
        /// const HOLE: &str = Name::<'s', '\0', 'o'>::NAME;
        /// assert_eq!(HOLE, "so");
        /// ```
        #[allow(clippy::exhaustive_enums, reason = "there will never be a value")]
        #[derive(Debug)]
        pub enum Name<$(const $c: char = '\0'),*> {}

        impl<$(const $c: char),*> Name<$($c),*> {
            const BYTES: &'static [u8; MAX_BYTES] = &encode([$($c),*]);
        }

        // Sixty-four parameters are no answer to "what is a feature?".
        #[diagnostic::do_not_recommend]
        impl<$(const $c: char),*> Feature for Name<$($c),*> {
            const NAME: &'static str = decode(Self::BYTES);
        }
    };
}

name! {
    C0 C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15
    C16 C17 C18 C19 C20 C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 C31
    C32 C33 C34 C35 C36 C37 C38 C39 C40 C41 C42 C43 C44 C45 C46 C47
    C48 C49 C50 C51 C52 C53 C54 C55 C56 C57 C58 C59 C60 C61 C62 C63
}

/// The longest name, and the number of parameters of [`Name`].
pub(crate) const MAX_BYTES: usize = 64;

/// The characters as bytes; what is not ASCII becomes a byte that no name has.
const fn encode(chars: [char; MAX_BYTES]) -> [u8; MAX_BYTES] {
    let mut bytes = [0; MAX_BYTES];
    let mut at = 0;
    while at < MAX_BYTES {
        bytes[at] = if chars[at].is_ascii() { chars[at] as u8 } else { 0x7f };
        at += 1;
    }
    bytes
}

/// The name without the filling after it. Runs in the compiler only, where a
/// panic is a compile error.
const fn decode(bytes: &'static [u8; MAX_BYTES]) -> &'static str {
    let mut name = bytes.as_slice();
    while let [head @ .., 0] = name {
        name = head;
    }
    match core::str::from_utf8(name) {
        Ok(name) if is_valid_feature_name(name) => name,
        _ => panic!("the characters of this `Name` are not a valid feature name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    features! {
        /// Single sign-on.
        pub(crate) Sso = "sso-saml";
        AuditLog = "auditLog";
    }

    #[test]
    fn a_declared_feature_has_the_name_it_was_given() {
        assert_eq!(Sso::NAME, "sso-saml");
        assert_eq!(AuditLog::NAME, "auditLog");
    }

    #[test]
    fn a_name_reads_as_its_characters() {
        assert_eq!(Name::<'a'>::NAME, "a");
        assert_eq!(Name::<'s', 's', 'o', '-', 's', 'a', 'm', 'l'>::NAME, "sso-saml");
        assert_eq!(Name::<'A', '.', 'b', ':', '0', '_', '9'>::NAME, "A.b:0_9");
    }

    #[test]
    fn a_name_of_64_characters_keeps_them_all_in_order() {
        #[rustfmt::skip]
        type Longest = Name<
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
            'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
            'w', 'x', 'y', 'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L',
            'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '-', '9',
        >;
        assert_eq!(
            Longest::NAME,
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-9"
        );
    }

    #[test]
    fn names_seen_in_products_are_valid() {
        for name in ["a", "7", "sso-saml", "auditLog", "audit_export", "code-review", "a.b:c-d_e"] {
            assert!(is_valid_feature_name(name), "{name}");
        }
        assert!(is_valid_feature_name(&"a".repeat(64)));
    }

    #[test]
    fn everything_else_is_no_name() {
        let long = "a".repeat(65);
        for name in [
            "", " ", "sso saml", " sso", "sso\n", "s/so", "s\\so", "sso*", "s\0o", "é", "ſso",
            "ßs", "-sso", "sso-", "_sso", "sso_", ".sso", "sso.", ":sso", "sso:", "-", &long,
        ] {
            assert!(!is_valid_feature_name(name), "{name:?}");
        }
    }

    #[test]
    fn characters_outside_ascii_never_pass_for_others() {
        // U+0161 ends in the byte of `a`.
        let mut chars = ['\0'; MAX_BYTES];
        chars[0] = '\u{161}';
        assert_eq!(encode(chars)[0], 0x7f);
    }

    const _: () = {
        const fn assert_feature<T: Feature + core::fmt::Debug>() {}
        assert_feature::<Name<'a'>>();
        assert_feature::<Sso>();
    };
}
