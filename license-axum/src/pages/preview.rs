//! What an uploaded license would change, and installing it.

use askama::Template;
use axum::{extract::Request, response::Response};
use http::{StatusCode, header, request::Parts};
use license_core::{
    Actor, DenialCode, InstallErrorKind, Installer, Token,
    licensing::InstallRequest,
    report::{DryRun, LicenseStatus, Note as Change},
};
use license_texts::{Language, Said};

use super::{
    LicensePages,
    form::Fields,
    license::{Installed, LimitRow, Note},
    page::{Page, Place, html, see_other},
    timeline::{Line, Span},
    upload::{Refused, refuse},
};
use crate::admin::host_of;

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage<'a> {
    page: Page<'a>,
    id: String,
    begins: String,
    warnings: Vec<Note>,
    gained: Vec<Changed>,
    lost: Vec<Changed>,
    limits: Vec<LimitRow>,
    timelines: [Line; 2],
    token: String,
    digest: String,
    force: bool,
}

/// Something that is gained or lost.
struct Changed {
    code: &'static str,
    /// The feature or limit.
    name: Option<String>,
    /// The feature's name, where it is not what is said.
    feature: Option<String>,
    /// How requests are answered then that need it.
    answer: Option<String>,
    said: Said,
}

/// Shows what would change; changes nothing.
pub(super) async fn preview<A, I: Installer>(
    pages: &LicensePages<A, I>,
    actor: Actor,
    request: Request,
) -> Response {
    let host = host_of(&request);
    let (head, body) = request.into_parts();
    let refuse = |refused: Refused, text| refuse(pages, &head, &refused, text);
    let fields = match fields(pages, &actor, Request::from_parts(head.clone(), body)).await {
        Ok(fields) => fields,
        Err(refused) => return refuse(refused, None),
    };
    let force = fields.force;
    let (bytes, text) = match fields.upload() {
        Ok(upload) => upload,
        Err((refused, text)) => return refuse(refused, text),
    };
    let wanted = InstallRequest::new(actor).host(Some(host)).force(force);
    let dry_run = pages.shared.installer.dry_run(&bytes, wanted).await;
    let token = Token::parse(&bytes);
    match (&dry_run.license, &token) {
        (Some(license), Ok(token)) => show(pages, &head, &dry_run, license, token, force),
        _ => refuse(refusal(&dry_run), text),
    }
}

/// Installs what was previewed: the token and its digest stand in the form.
pub(super) async fn install<A, I: Installer>(
    pages: &LicensePages<A, I>,
    actor: Actor,
    request: Request,
) -> Response {
    let shared = &*pages.shared;
    let host = host_of(&request);
    let (head, body) = request.into_parts();
    let refuse = |refused: Refused, text| refuse(pages, &head, &refused, text);
    let fields = match fields(pages, &actor, Request::from_parts(head.clone(), body)).await {
        Ok(fields) => fields,
        Err(refused) => return refuse(refused, None),
    };
    let (Some(token), Some(digest)) = (fields.token, fields.digest) else {
        return refuse(Refused::Empty, None);
    };
    // What is no digest is not that of any license.
    let Ok(digest) = digest.parse() else {
        let error = InstallErrorKind::NotPreviewed.into();
        return refuse(Refused::from(&error), Some(token));
    };
    let licensing = shared.installer.licensing();
    let in_force = || licensing.license().map(|it| it.digest());
    let waits = |digest| {
        let next = licensing.control().saved().next;
        next.is_some_and(|it| Token::parse(it.as_bytes()).is_ok_and(|it| it.digest() == digest))
    };
    let was_there = in_force() == Some(digest);
    let wanted =
        InstallRequest::new(actor).host(Some(host)).force(fields.force).expect(Some(digest));
    let attempt = shared.uploads.begin(&wanted.actor);
    match shared.uploads.install(attempt, wanted, token.as_bytes()).await {
        Ok(_) => {
            let installed = match in_force() == Some(digest) {
                true if was_there => Installed::Unchanged,
                true => Installed::Done,
                false if waits(digest) => Installed::Waits,
                false => Installed::Overruled,
            };
            let page = Page::new(shared, &pages.places, &head, Place::Below);
            let mut response = see_other(&format!("{}{}", page.at, page.query));
            if let Some(cookie) = installed.cookie(&page.at) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => refuse(error.into(), Some(token)),
    }
}

/// What the form holds, from whoever may send one now.
async fn fields<A, I: Installer>(
    pages: &LicensePages<A, I>,
    actor: &Actor,
    request: Request,
) -> Result<Fields, Refused> {
    if pages.places.elsewhere.is_some() {
        return Err(Refused::Elsewhere);
    }
    pages.shared.uploads.admit(actor).map_err(Refused::Wait)?;
    Fields::read(request).await.map_err(Refused::Form)
}

/// Why a preview is refused.
fn refusal(dry_run: &DryRun) -> Refused {
    let kind = InstallErrorKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == dry_run.code);
    let detail = dry_run.warnings.first().map(|it| it.text.clone()).unwrap_or_default();
    Refused::Install(kind.unwrap_or(InstallErrorKind::Internal), detail)
}

fn show<A, I: Installer>(
    pages: &LicensePages<A, I>,
    request: &Parts,
    dry_run: &DryRun,
    license: &LicenseStatus,
    token: &Token,
    force: bool,
) -> Response {
    let shared = &*pages.shared;
    let page = Page::new(shared, &pages.places, request, Place::Below);
    let licensing = shared.installer.licensing();
    let status = licensing.status(|_| None);
    let (today, policy) = (licensing.control().judged_time(), licensing.product().policy());
    let language = page.language;
    let waits = dry_run.begins.filter(|begins| *begins > today);
    let begins = match waits {
        Some(begins) => page.text("preview-waits", &[("date", language.moment(begins).into())]),
        None => page.t("preview-from"),
    };
    let now: Vec<&LicenseStatus> = status.license.iter().chain(&status.next).collect();
    let then: Vec<&LicenseStatus> = match waits {
        Some(_) => status.license.iter().chain([license]).collect(),
        None => vec![license],
    };
    let span = Span::of(now.iter().chain(&then).copied(), today);
    let line = |id, licenses: &[&LicenseStatus], timeline| {
        Line::new(&page, id, licenses, timeline, policy, span, today)
    };
    let timelines = [
        line("now", &now, &dry_run.timeline_now).headed(page.t("timeline-now")),
        line("then", &then, &dry_run.timeline_then).headed(page.t("timeline-then")),
    ];
    let changed = |changes: &[Change]| changes.iter().map(|it| Changed::of(language, it)).collect();
    let denial = licensing.control().denial(DenialCode::FeatureNotLicensed);
    let facts =
        [("status", u64::from(denial.status()).into()), ("code", denial.code().as_str().into())];
    let refused = page.text("effect-answer", &facts);
    let lost = dry_run.lost.iter().map(|it| {
        let answer = (it.code == "feature").then(|| refused.clone());
        Changed { answer, ..Changed::of(language, it) }
    });
    let limits = license.limits.iter();
    let heading = page.t("page-preview");
    let preview = PreviewPage {
        id: license.id.clone(),
        begins,
        warnings: dry_run.warnings.iter().map(|it| Note::of(language, it)).collect(),
        gained: changed(&dry_run.gained),
        lost: lost.collect(),
        limits: limits.map(|(name, it)| LimitRow::of(shared, &page, name, it)).collect(),
        timelines,
        token: token.as_str().to_owned(),
        digest: dry_run.digest.map(|it| it.to_string()).unwrap_or_default(),
        force,
        page: page.for_admin(&pages.places, request).called(heading),
    };
    html(StatusCode::OK, &preview)
}

impl Changed {
    fn of(language: &Language, change: &Change) -> Self {
        let name =
            ["feature", "name", "limit"].into_iter().find_map(|it| match change.facts.get(it) {
                Some(license_core::report::Fact::Text(name)) => Some(name.clone()),
                _ => None,
            });
        let said = language.change(change);
        let feature = name.clone().filter(|it| change.code == "feature" && *it != said.text);
        Self { code: change.code, name, feature, answer: None, said }
    }
}
