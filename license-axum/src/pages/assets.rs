//! Style, script and banner: embedded, under names that change with them.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use license_core::Product;
use sha2::{Digest, Sha256};

/// What pages refer to.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) banner: Asset,
    pub(super) icon: Asset,
    /// The product's colors.
    pub(super) theme: Option<Asset>,
}

/// A file that never changes under its name.
pub(super) struct Asset {
    pub(super) name: String,
    body: Bytes,
    media_type: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

impl Assets {
    pub(super) fn of(product: &Product) -> Self {
        let theme = theme(product).map(|css| Asset::new("theme", "css", css.into(), CSS));
        let of = |stem, extension, text: &'static str, media_type| {
            Asset::new(stem, extension, Bytes::from_static(text.as_bytes()), media_type)
        };
        Self {
            style: of("license", "css", include_str!("assets/license.css"), CSS),
            script: of("license", "js", include_str!("assets/license.js"), SCRIPT),
            icon: of("icon", "svg", include_str!("assets/icon.svg"), "image/svg+xml"),
            banner: of("banner", "js", include_str!("assets/banner.js"), SCRIPT),
            theme,
        }
    }

    /// The file of this name.
    pub(super) fn serve(&self, name: &str) -> Option<Response> {
        let all =
            [&self.style, &self.script, &self.banner, &self.icon].into_iter().chain(&self.theme);
        let asset = all.into_iter().find(|it| it.name == name)?;
        let immutable = "public, max-age=31536000, immutable";
        Some(
            (
                [
                    (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
                    (header::CACHE_CONTROL, HeaderValue::from_static(immutable)),
                    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                ],
                asset.body.clone(),
            )
                .into_response(),
        )
    }
}

impl Asset {
    fn new(stem: &str, extension: &str, body: Bytes, media_type: &'static str) -> Self {
        let digest = Sha256::digest(&body);
        let digest = hex::encode(digest.get(..8).unwrap_or_default());
        Self { name: format!("{stem}-{digest}.{extension}"), body, media_type }
    }

    /// Its address within the pages.
    pub(super) fn path(&self) -> String {
        format!("assets/{}", self.name)
    }
}

/// The product's colors as custom properties; the profile has checked them.
fn theme(product: &Product) -> Option<String> {
    let colors = &product.pages().colors;
    let block = |dark: bool| {
        let mut block = String::new();
        for (name, color) in colors.iter() {
            let (name, is_dark) = match name.strip_suffix("_dark") {
                Some(name) => (name, true),
                None => (name, false),
            };
            if is_dark == dark {
                // Writing to a string does not fail.
                let _ = write!(block, "--{name}:{color};");
            }
        }
        block
    };
    let (light, dark) = (block(false), block(true));
    (colors.iter().next().is_some())
        .then(|| format!(":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"))
}
