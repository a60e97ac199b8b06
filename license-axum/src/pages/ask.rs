//! Whom to ask.

use license_core::Product;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::page::Page;

/// Whom to ask, and what to tell them.
pub(super) struct Ask {
    pub(super) is_admin: bool,
    /// For everybody else: an administrator, and the code.
    pub(super) administrator: String,
    pub(super) vendor: Option<String>,
    pub(super) write_to: String,
    pub(super) mailto: Option<String>,
    pub(super) renew: Option<String>,
}

impl Ask {
    /// `code` says what is wrong, where something is, `id` which one it is; only
    /// administrators learn that.
    pub(super) fn new(
        page: &Page<'_>,
        product: &Product,
        is_admin: bool,
        code: Option<&str>,
        id: Option<&str>,
        today: String,
    ) -> Self {
        let contact = product.contact();
        let vendor = contact.vendor.as_deref().or(contact.email.as_deref());
        let named = |key: &str| vendor.map(|it| page.text(key, &[("vendor", it.into())]));
        let mailto = contact.email.as_deref().map(|email| {
            let text = |key: &str| {
                let text = page.text(
                    key,
                    &[
                        ("product", page.product.as_str().into()),
                        ("id", id.unwrap_or("-").into()),
                        ("code", code.unwrap_or("-").into()),
                        ("date", today.as_str().into()),
                    ],
                );
                // Marks of direction are for pages; a mail has its lines end by CR LF.
                text.replace(['\u{2068}', '\u{2069}'], "").replace('\n', "\r\n")
            };
            let encoded = |text: String| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
            let (subject, body) = (encoded(text("mail-subject")), encoded(text("mail-body")));
            format!("mailto:{email}?subject={subject}&body={body}")
        });
        Self {
            is_admin,
            administrator: match code {
                Some(code) => page.text("ask-administrator", &[("code", code.into())]),
                None => page.t("ask-administrator-plain"),
            },
            vendor: named("ask-vendor-hint"),
            write_to: named("ask-vendor").unwrap_or_default(),
            mailto,
            renew: contact.renew_url.clone(),
        }
    }
}
