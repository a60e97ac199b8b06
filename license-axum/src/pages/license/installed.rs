//! What an installation came to, told to the browser that installed.

use http::{HeaderValue, header, request::Parts};
use license_core::Status;

use crate::pages::page::Page;

/// What an installation came to, told once: a cookie that the next look takes
/// away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Installed {
    Done,
    Waits,
    Unchanged,
    /// Another source of the license decides.
    Overruled,
}

const COOKIE: &str = "license_installed";

impl Installed {
    /// What the last installation in this browser came to, unless it was told.
    pub(super) fn of(request: &Parts) -> Option<Self> {
        let cookies = request.headers.get_all(header::COOKIE).iter();
        let pairs = cookies.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('='));
        let value = values.find_map(|(name, value)| (name == COOKIE).then_some(value))?;
        [Self::Done, Self::Waits, Self::Unchanged, Self::Overruled]
            .into_iter()
            .find(|it| it.as_str() == value)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waits => "waits",
            Self::Unchanged => "unchanged",
            Self::Overruled => "overruled",
        }
    }

    /// The cookie that takes the other away: it was told.
    pub(super) fn gone(at: &str) -> Option<HeaderValue> {
        let gone = format!("{COOKIE}=; Path={at}; Max-Age=0; HttpOnly; SameSite=Strict");
        HeaderValue::try_from(gone).ok()
    }

    /// The cookie that tells it to the next page.
    pub(in crate::pages) fn cookie(self, at: &str) -> Option<HeaderValue> {
        let value = self.as_str();
        let cookie = format!("{COOKIE}={value}; Path={at}; Max-Age=60; HttpOnly; SameSite=Strict");
        HeaderValue::try_from(cookie).ok()
    }

    pub(super) fn told(self, page: &Page<'_>, status: &Status) -> String {
        let license = match self {
            Self::Waits => status.next.as_ref().or(status.license.as_ref()),
            _ => status.license.as_ref(),
        };
        let id = license.map(|it| it.id.as_str()).unwrap_or_default();
        page.text(&format!("installed-{}", self.as_str()), &[("id", id.into())])
    }
}
