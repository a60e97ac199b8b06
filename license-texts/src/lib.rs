//! What is said to people about a license, by code and language: on pages, in
//! banners and in mails.
//!
//! Everything that license-core tells carries a stable code and the facts of
//! the sentence. [`Texts`] are the sentences of a product in the languages that
//! it offers, written in [Fluent]; a [`Language`] says things in one of them.
//! English, German, French and Arabic are here; a product's profile adds
//! languages, and replaces single texts by their keys.
//!
//! ```
//! use license_core::{Product, Warning, WarningLevel};
//! use license_texts::Texts;
//!
//! let product = Product::from_toml(r#"
//!     name = "acme"
//!     issuer = "https://acme.example"
//!     audience = "acme-server"
//!
//!     [pages.texts.de]
//!     limit-users = "Benutzer"
//! "#)?;
//! let texts = Texts::of(&product)?;
//! let german = texts.choose(None, Some("de-AT, en;q=0.5"));
//! let warning = Warning::new("limit_reached", WarningLevel::Warning, "License limit used up: users.");
//! let said = german.warning(&warning.with("limit", "users"));
//! assert!(said.text.ends_with("Benutzer."), "{}", said.text);
//! assert_eq!(german.direction(), "ltr");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What has no text in a language is said in English, and says so ([`Said`]): a
//! product's own warnings, say.
//!
//! [Fluent]: https://projectfluent.org

#![cfg_attr(docsrs, feature(doc_cfg))]

mod language;
mod sentences;
mod texts;

pub use self::{
    language::{Language, Said},
    texts::{SHIPPED, Texts, TextsError},
};
