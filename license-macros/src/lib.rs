//! Feature names as string literals in types: [`macro@licensed`] and
//! [`feature!`].
//!
//! The argument of an extractor like `RequireFeature<F>` is a type. Stable Rust
//! has no string literals there, so these macros write the type that stands for
//! one:
//!
//! | written | compiled as |
//! |---|---|
//! | `feature!("sso")` | `::license_axum::feature::Name<'s', 's', 'o'>` |
//! | `RequireFeature<"sso">` under `#[licensed]` | `RequireFeature<` the same `>` |
//!
//! # Where the type comes from
//!
//! From `::license_axum`, unless `crate = …` names another path in front: for a
//! dependency with another name in Cargo.toml, or for a crate that re-exports
//! `license_axum`. The path must hold `feature::Name`. It is written into the
//! code as it stands, so a path that starts with `::` or `crate` is right
//! in every module.
//!
//! # What is a feature name
//!
//! 1 to 64 ASCII letters, digits, `-`, `_`, `.` and `:`, with a letter or digit
//! at both ends, in a plain or raw string literal without escapes. Any other
//! literal is one compile error that points at it.

mod error;
mod item;
mod literal;
mod path;
mod rewrite;
mod tokens;

use proc_macro::TokenStream;

use crate::{error::Error, path::Path};

/// The type that stands for a feature name.
///
/// ```standalone_crate
/// # extern crate self as license_axum;
/// # pub mod feature { pub use license_core::{Feature, license::Name}; }
/// # pub struct RequireFeature<F: feature::Feature>(std::marker::PhantomData<F>);
/// # fn main() {
/// use license_axum::{RequireFeature, feature::Feature};
/// use license_macros::feature;
///
/// async fn saml(_: RequireFeature<feature!("sso-saml")>) {}
///
/// assert_eq!(<feature!("sso-saml")>::NAME, "sso-saml");
/// # let _ = saml;
/// # }
/// ```
///
/// When `license-axum` has another name, or is re-exported by another crate, say
/// where it is:
///
/// ```
/// # mod gate { pub mod feature { pub use license_core::{Feature, license::Name}; } }
/// use gate::feature::Feature;
/// use license_macros::feature;
///
/// assert_eq!(<feature!(crate = gate, "sso-saml")>::NAME, "sso-saml");
/// ```
///
/// What is not a feature name does not compile:
///
/// ```compile_fail
/// # mod gate { pub mod feature { pub use license_core::{Feature, license::Name}; } }
/// # use gate::feature::Feature;
/// # use license_macros::feature;
/// assert_eq!(<feature!(crate = gate, "sso saml")>::NAME, "sso saml");
/// ```
#[proc_macro]
pub fn feature(input: TokenStream) -> TokenStream {
    let mut input = input.into_iter().peekable();
    let (path, name) = match path::leading(&mut input) {
        Ok(path) => (path, literal::only(input)),
        Err(error) => (Path::default(), Err(error)),
    };
    match name {
        Ok(name) => path.name_type(&name),
        Err(error) => path.error_type(error),
    }
}

/// Lets string literals stand in `RequireFeature<…>`.
///
/// ```standalone_crate
/// # extern crate self as license_axum;
/// # pub mod feature { pub use license_core::{Feature, license::Name}; }
/// # pub struct RequireFeature<F: feature::Feature>(std::marker::PhantomData<F>);
/// # struct Report;
/// # fn main() {
/// use license_axum::RequireFeature;
/// use license_macros::licensed;
///
/// #[licensed]
/// async fn saml(_: RequireFeature<"sso-saml">) {}
///
/// #[licensed]
/// impl Report {
///     async fn show(export: Option<RequireFeature<"export">>) {}
/// }
///
/// #[licensed]
/// type Export = RequireFeature<"export">;
/// # let _ = (saml, Report::show, |_: Export| ());
/// # }
/// ```
///
/// The attribute stands on functions, methods, `impl` blocks, inline modules and
/// type aliases; anywhere else it is a compile error. It covers all that is inside:
/// the signature, the body, nested items.
///
/// It replaces the literal in `RequireFeature<"…">` and in `RequireFeature::<"…">`,
/// with any path in front of it, and touches nothing else. `RequireFeature` is
/// known by its spelling: under another name (`use … as …`) it is not seen.
///
/// # Order
///
/// `#[licensed]` stands outermost, above all other attributes. An attribute above
/// it would see the literal before it is replaced, and may copy it into code that
/// `#[licensed]` does not see.
///
/// ```text
/// #[licensed]
/// #[axum::debug_handler]
/// async fn saml(_: RequireFeature<"sso-saml">) {}
/// ```
///
/// # `crate = …`
///
/// When `license-axum` has another name, or is re-exported by another crate, say
/// where it is:
///
/// ```
/// # mod gate {
/// #     pub mod feature { pub use license_core::{Feature, license::Name}; }
/// #     pub struct RequireFeature<F: feature::Feature>(std::marker::PhantomData<F>);
/// # }
/// use license_macros::licensed;
///
/// #[licensed(crate = gate)]
/// async fn saml(_: gate::RequireFeature<"sso-saml">) {}
/// # let _ = saml;
/// ```
///
/// What is not a feature name does not compile:
///
/// ```compile_fail
/// # mod gate {
/// #     pub mod feature { pub use license_core::{Feature, license::Name}; }
/// #     pub struct RequireFeature<F: feature::Feature>(std::marker::PhantomData<F>);
/// # }
/// # use license_macros::licensed;
/// #[licensed(crate = gate)]
/// async fn saml(_: gate::RequireFeature<"sso saml">) {}
/// # let _ = saml;
/// ```
#[proc_macro_attribute]
pub fn licensed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let (path, refused) = match path::only(arguments) {
        Ok(path) => (path, item::check(&item)),
        Err(error) => (Path::default(), Err(error)),
    };
    // The item stays, so that nobody misses it.
    let mut output = refused.map_or_else(Error::into_tokens, |()| TokenStream::new());
    output.extend(rewrite::item(item.clone(), &path).unwrap_or(item));
    output
}
