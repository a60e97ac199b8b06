//! What a product's pages and mails say of it: whom to ask, its name, its
//! colors, its languages and words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ProductError;

/// Whom a customer asks for a license.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Contact {
    /// The vendor, as customers know it.
    pub vendor: Option<String>,
    /// Where to write to.
    pub email: Option<String>,
    /// Where a license is renewed, `https://…`.
    pub renew_url: Option<String>,
}

/// How a product's license pages look and what they say.
///
/// ```
/// use license_core::Product;
///
/// let product = Product::from_toml(r##"
///     name = "acme"
///     issuer = "https://acme.example"
///     audience = "acme-server"
///
///     [contact]
///     vendor = "Acme Ltd"
///     email = "licenses@acme.example"
///     renew_url = "https://acme.example/renew"
///
///     [pages]
///     title = "Acme Server"
///     languages = ["en", "de"]
///     colors = { accent = "#0b5cad", accent_dark = "#79b8ff" }
///
///     [pages.texts.de]
///     limit-users = "Benutzer"
/// "##)?;
/// assert_eq!(product.pages().title(&product), "Acme Server");
/// # Ok::<(), license_core::product::ProductError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Pages {
    /// The product's name for people; its short name where it is left out.
    pub title: Option<String>,
    /// The languages that are offered, the first where a reader speaks none of
    /// them; all that there are where it is left out.
    pub languages: Vec<String>,
    /// Its colors.
    #[serde(alias = "colours")]
    pub colors: Colors,
    /// Words of its own: for each language, texts by their keys.
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
}

/// A product's colors, as `#rrggbb`; those that are left out are the pages' own.
/// In light, the pages write in a dark gray on background and surface, and in
/// white on accent; in dark the other way around. Colors that nobody could read
/// are refused, by the contrast that WCAG 2.2 asks for (4.5:1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Colors {
    /// Links and buttons.
    pub accent: Option<String>,
    /// Behind everything.
    pub background: Option<String>,
    /// Behind each section.
    pub surface: Option<String>,
    /// Links and buttons, in dark.
    pub accent_dark: Option<String>,
    /// Behind everything, in dark.
    pub background_dark: Option<String>,
    /// Behind each section, in dark.
    pub surface_dark: Option<String>,
}

/// One set of colors that are seen together.
struct Scheme {
    accent: [u8; 3],
    background: [u8; 3],
    surface: [u8; 3],
    /// Text, text of less weight, and what stands on the accent.
    ink: [[u8; 3]; 3],
}

/// The longest text of a profile that pages show.
const MAX_BYTES: usize = 2048;
/// What WCAG 2.2, 1.4.3, asks for.
const CONTRAST: f64 = 4.5;

impl Pages {
    /// The product's name for people.
    pub fn title<'a>(&'a self, product: &'a super::Product) -> &'a str {
        self.title.as_deref().unwrap_or(product.name())
    }

    pub(super) fn check(&self) -> Result<(), ProductError> {
        check_text("pages.title", self.title.as_deref())?;
        let texts = self.texts.keys().map(|it| ("pages.texts", it));
        for (member, language) in
            self.languages.iter().map(|it| ("pages.languages", it)).chain(texts)
        {
            if !is_language(language) {
                let message = format!("`{member}`: {language:?} is no language, such as \"de\"");
                return Err(ProductError::new(message));
            }
        }
        self.colors.check()
    }
}

impl Contact {
    pub(super) fn check(&self) -> Result<(), ProductError> {
        check_text("contact.vendor", self.vendor.as_deref())?;
        let is_address = |it: &str| {
            it.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
                && !it.contains(|it: char| {
                    it.is_whitespace() || it.is_control() || "?&<>\"".contains(it)
                })
        };
        if self.email.as_deref().is_some_and(|it| it.len() > MAX_BYTES || !is_address(it)) {
            return Err(ProductError::new("`contact.email` must be an e-mail address"));
        }
        let is_web = |it: &str| {
            (it.starts_with("https://") || it.starts_with("http://"))
                && !it.contains(|it: char| it.is_whitespace() || it.is_control())
        };
        if self.renew_url.as_deref().is_some_and(|it| it.len() > MAX_BYTES || !is_web(it)) {
            return Err(ProductError::new("`contact.renew_url` must begin with https://"));
        }
        Ok(())
    }
}

impl Colors {
    /// Each color by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("accent", &self.accent),
            ("background", &self.background),
            ("surface", &self.surface),
            ("accent_dark", &self.accent_dark),
            ("background_dark", &self.background_dark),
            ("surface_dark", &self.surface_dark),
        ];
        all.into_iter().filter_map(|(name, color)| Some((name, color.as_deref()?)))
    }

    fn check(&self) -> Result<(), ProductError> {
        if let Some((name, color)) = self.iter().find(|(_, color)| rgb(color).is_none()) {
            let message =
                format!("`pages.colors.{name}`: {color:?} is no color, such as \"#0b5cad\"");
            return Err(ProductError::new(message));
        }
        let or =
            |color: &Option<String>, own: [u8; 3]| color.as_deref().and_then(rgb).unwrap_or(own);
        let light = Scheme {
            accent: or(&self.accent, [0x0b, 0x5c, 0xad]),
            background: or(&self.background, [0xf6, 0xf7, 0xf9]),
            surface: or(&self.surface, [0xff; 3]),
            ink: [[0x1b, 0x1f, 0x24], [0x57, 0x60, 0x6a], [0xff; 3]],
        };
        let dark = Scheme {
            accent: or(&self.accent_dark, [0x79, 0xb8, 0xff]),
            background: or(&self.background_dark, [0x0f, 0x13, 0x18]),
            surface: or(&self.surface_dark, [0x17, 0x1c, 0x23]),
            ink: [[0xe6, 0xed, 0xf3], [0x9a, 0xa4, 0xaf], [0x0f, 0x13, 0x18]],
        };
        light.check("")?;
        dark.check("_dark")
    }
}

impl Scheme {
    fn check(&self, suffix: &str) -> Result<(), ProductError> {
        let [text, weak, on_accent] = self.ink;
        let pairs = [
            ("background", self.background, text),
            ("background", self.background, weak),
            ("surface", self.surface, text),
            ("surface", self.surface, weak),
            ("accent", self.accent, self.background),
            ("accent", self.accent, self.surface),
            ("accent", self.accent, on_accent),
        ];
        match pairs.iter().find(|(_, one, other)| contrast(*one, *other) < CONTRAST) {
            Some((name, ..)) => Err(ProductError::new(format!(
                "`pages.colors.{name}{suffix}` has too little contrast to be read (WCAG asks for \
                 4.5:1); choose a {} one",
                if (*name == "accent") == suffix.is_empty() { "darker" } else { "lighter" }
            ))),
            None => Ok(()),
        }
    }
}

fn check_text(member: &str, text: Option<&str>) -> Result<(), ProductError> {
    let is_good =
        |it: &str| !it.is_empty() && it.len() <= MAX_BYTES && !it.contains(char::is_control);
    match text.is_none_or(is_good) {
        true => Ok(()),
        false => Err(ProductError::new(format!("`{member}` must be a line of text"))),
    }
}

/// Whether a text looks like a language tag (BCP 47).
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|it| it.is_ascii_alphabetic())
        && parts.all(|it| {
            (2..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
        })
}

fn rgb(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#')?;
    let mut rgb = [0; 3];
    hex::decode_to_slice(digits, &mut rgb).ok()?;
    Some(rgb)
}

/// The contrast ratio of WCAG 2.2.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of WCAG 2.2.
fn luminance(color: [u8; 3]) -> f64 {
    let [red, green, blue] = color.map(|it| {
        let it = f64::from(it) / 255.0;
        if it <= 0.04045 { it / 12.92 } else { ((it + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use crate::product::Product;

    fn read(rest: &str) -> Result<Product, String> {
        let profile = format!("name = 'a'\nissuer = 'b'\naudience = 'c'\n{rest}");
        Product::from_toml(&profile).map_err(|error| error.to_string())
    }

    #[test]
    fn what_pages_cannot_show_is_an_error_that_names_its_member() {
        let error = |rest: &str| read(rest).unwrap_err();
        assert!(error("contact = { email = 'a b@c' }").contains("contact.email"));
        assert!(error("contact = { email = 'a@c?bcc=d@e' }").contains("contact.email"));
        assert!(error("contact = { renew_url = 'javascript:alert(1)' }").contains("renew_url"));
        assert!(error("contact = { phone = '1' }").contains("phone"));
        assert!(error("pages = { title = '' }").contains("pages.title"));
        assert!(error("pages = { languages = ['german!'] }").contains("pages.languages"));
        assert!(error("pages = { texts = { 1 = {} } }").contains("pages.texts"));
        assert!(error("pages = { colors = { accent = 'red' } }").contains("colors.accent"));
        assert!(error("pages = { colors = { link = '#000000' } }").contains("link"));
    }

    #[test]
    fn colors_that_nobody_could_read_are_refused() {
        let colors = |colors: &str| read(&format!("[pages.colors]\n{colors}"));
        assert!(colors("accent = '#0b5cad'\naccent_dark = '#79b8ff'").is_ok());
        for (name, color) in [
            ("accent", "#ffdd00"),
            ("background", "#777777"),
            ("surface", "#303030"),
            ("accent_dark", "#0b2a4a"),
            ("background_dark", "#888888"),
            ("surface_dark", "#ffffff"),
        ] {
            let error = colors(&format!("{name} = '{color}'")).unwrap_err();
            assert!(error.contains(&format!("`pages.colors.{name}`")), "{error}");
        }
        assert!(colors("accent = '#ffdd00'").unwrap_err().contains("darker"));
        assert!(colors("accent_dark = '#0b2a4a'").unwrap_err().contains("lighter"));
    }

    #[test]
    fn black_and_white_have_the_largest_contrast_there_is() {
        let ratio = super::contrast([0; 3], [255; 3]);
        assert!((ratio - 21.0).abs() < 1e-9, "{ratio}");
        assert!((super::contrast([0x77; 3], [255; 3]) - 4.48).abs() < 0.01);
    }
}
