//! The upload form, and the page that says why something was not accepted.

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_core::{InstallError, InstallErrorKind, Installer};

use super::{
    LicensePages, Places,
    form::{Fields, FormError},
    page::{Page, Place, html},
};
use crate::admin::NotInstalled;

/// What stands in the form.
#[derive(Default)]
pub(super) struct UploadForm {
    /// What was pasted.
    pub(super) text: String,
    /// Whether what was sent was refused.
    pub(super) invalid: bool,
    /// Where the license comes from that nobody uploads: there is no form then.
    pub(super) elsewhere: Option<String>,
    /// Whether to ask if it is to be installed in spite of the host.
    pub(super) ask_force: bool,
}

#[derive(Template)]
#[template(path = "upload.html")]
struct UploadPage<'a> {
    page: Page<'a>,
    code: &'static str,
    title: String,
    advice: String,
    /// The whole story, in English.
    detail: Option<String>,
    form: UploadForm,
}

/// Why an upload is not accepted.
pub(super) enum Refused {
    Install(InstallErrorKind, String),
    /// Too many were refused lately; the next one may come in so many seconds.
    Wait(u64),
    /// A form that holds nothing, or too much.
    Empty,
    Both,
    Form(FormError),
    /// Another site made the browser send it.
    CrossSite,
    /// The license comes from elsewhere.
    Elsewhere,
}

impl UploadForm {
    /// An empty one, where there is one.
    pub(super) fn of(places: &Places) -> Self {
        Self { elsewhere: places.elsewhere.clone(), ..Self::default() }
    }
}

impl From<&InstallError> for Refused {
    fn from(error: &InstallError) -> Self {
        Self::Install(error.kind(), error.detail().to_owned())
    }
}

impl From<NotInstalled> for Refused {
    fn from(error: NotInstalled) -> Self {
        match error {
            NotInstalled::Refused(error) => (&error).into(),
            NotInstalled::Wait(seconds) => Self::Wait(seconds),
        }
    }
}

impl Refused {
    /// The answer's status, its code, and the key of its text.
    fn told(&self) -> (u16, &'static str, String) {
        const MALFORMED: &str = InstallErrorKind::TokenMalformed.as_str();
        const LARGE: &str = InstallErrorKind::TokenTooLarge.as_str();
        let upload = |status, code: &'static str| (status, code, format!("upload-{code}"));
        match self {
            Self::Install(kind, _) => {
                (kind.status(), kind.as_str(), format!("install-{}", kind.as_str()))
            }
            Self::Wait(_) => upload(429, "too_many_attempts"),
            Self::Empty => (400, MALFORMED, "upload-empty".to_owned()),
            Self::Both => (400, MALFORMED, "upload-both".to_owned()),
            Self::CrossSite => upload(403, "cross_site_request"),
            Self::Elsewhere => upload(403, "uploads_off"),
            Self::Form(FormError::NoForm) => upload(415, "unsupported_media_type"),
            Self::Form(FormError::Late) => upload(408, "request_timeout"),
            Self::Form(FormError::TooLarge) => (413, LARGE, format!("install-{LARGE}")),
            Self::Form(FormError::Malformed) => upload(400, "unsupported_media_type"),
        }
    }
}

/// The page that says so, with the form still there.
pub(super) fn refuse<A, I: Installer>(
    pages: &LicensePages<A, I>,
    request: &Parts,
    refused: &Refused,
    text: Option<String>,
) -> Response {
    let page = Page::new(&pages.shared, &pages.places, request, Place::Below);
    let (status, code, key) = refused.told();
    let detail = match refused {
        Refused::Install(_, detail) => Some(detail.clone()),
        _ => None,
    };
    let ask_force = matches!(refused, Refused::Install(InstallErrorKind::DomainMismatch, _));
    // Who pasted a private key by mistake does not get it sent about.
    let text = text.filter(|it| !it.contains("PRIVATE KEY"));
    let elsewhere = pages.places.elsewhere.clone();
    let form = UploadForm { text: text.unwrap_or_default(), invalid: true, elsewhere, ask_force };
    let title = page.t(&key);
    let advice = page.t(&format!("{key}.advice"));
    let page = page.called(title.clone());
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = html(status, &UploadPage { page, code, title, advice, detail, form });
    if let Refused::Wait(seconds) = refused {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

/// The bytes of a token, and what of it the form shows again.
type Upload = (Vec<u8>, Option<String>);

impl Fields {
    /// The token that was sent, and what of it the form shows again.
    pub(super) fn upload(self) -> Result<Upload, (Refused, Option<String>)> {
        match (self.file, self.text) {
            (None, None) => Err((Refused::Empty, None)),
            (Some(_), Some(text)) => Err((Refused::Both, Some(text))),
            (Some(file), None) => Ok((file.to_vec(), None)),
            (None, Some(text)) => Ok((text.clone().into_bytes(), Some(text))),
        }
    }
}
