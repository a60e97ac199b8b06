//! Where the license stands: the first of the pages.

mod facts;
mod history;
mod installed;
mod limits;

use askama::Template;
use axum::response::Response;
use http::{StatusCode, header, request::Parts};
use license_core::{
    Denial, DenialCode, Installer, Phase, PublicStatus, Status, Timestamp, report::LicenseStatus,
};
use license_texts::{Language, Said};

use self::facts::{FactRow, facts};
pub(super) use self::{
    history::{History, ROWS},
    installed::Installed,
    limits::LimitRow,
};
use super::{
    LicensePages, Shared,
    ask::Ask,
    page::{Page, Place, html},
    timeline::{Line, Span, tone},
    upload::UploadForm,
};

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    page: Page<'a>,
    phase: &'static str,
    tone: &'static str,
    restricted: bool,
    heading: String,
    summary: String,
    code: Option<String>,
    countdown: Option<String>,
    countdown_text: String,
    problem: Option<Problem>,
    installed: Option<String>,
    ask: Ask,
    form: UploadForm,
    history: History,
    admin: Option<Admin>,
}

/// What is wrong, and what to do.
struct Problem {
    title: String,
    detail: String,
    remedy: String,
}

/// What administrators see beside.
struct Admin {
    warnings: Vec<Note>,
    facts: Vec<FactRow>,
    next: Option<Vec<FactRow>>,
    limits: Vec<LimitRow>,
    features: Vec<FeatureRow>,
    timeline: Line,
    machine: Option<String>,
    alerts: Option<Alerts>,
}

/// A warning as it is shown.
pub(super) struct Note {
    pub(super) code: &'static str,
    pub(super) level: &'static str,
    pub(super) said: Said,
}

struct FeatureRow {
    name: String,
    title: String,
    state: String,
    granted: bool,
}

struct Alerts {
    failed: Option<Failed>,
}

struct Failed {
    text: String,
    reason: String,
}

/// A term that ends within this time is counted down.
const SOON: u64 = 2 * 86_400;

/// The page; `host` is the one by which an administrator uses the service.
pub(super) async fn show<A, I: Installer>(
    pages: &LicensePages<A, I>,
    request: &Parts,
    admin_by: Option<String>,
) -> Response {
    let shared = &*pages.shared;
    let page = Page::new(shared, &pages.places, request, Place::Root);
    let installed = Installed::of(request);
    let at = page.at.clone();
    let mut response = match admin_by {
        Some(host) => {
            let form = UploadForm::of(&pages.places);
            let page = page.for_admin(&pages.places, request);
            administrators(shared, page, &host, installed, form).await
        }
        None => everybodys(shared, page),
    };
    if installed.is_some() {
        // Told once.
        if let Some(gone) = Installed::gone(&at) {
            response.headers_mut().append(header::SET_COOKIE, gone);
        }
    }
    response
}

fn everybodys<I: Installer>(shared: &Shared<I>, page: Page<'_>) -> Response {
    let licensing = shared.installer.licensing();
    let PublicStatus { phase, restricted, code, .. } = licensing.public_status();
    let denial = code.and_then(|code| denial(&shared.installer, code));
    let heading = page.language.phase(&phase);
    let summary = denial.as_ref().map(|it| page.language.denial_detail(it)).unwrap_or_default();
    let today = page.language.date(licensing.control().judged_time());
    let ask = Ask::new(&page, licensing.product(), false, code, None, today);
    let page = page.called(heading.clone());
    html(
        StatusCode::OK,
        &StatusPage {
            phase: phase.as_str(),
            tone: tone(&phase, restricted),
            restricted,
            heading,
            summary,
            code: code.map(str::to_owned),
            countdown: None,
            countdown_text: String::new(),
            problem: None,
            installed: None,
            ask,
            form: UploadForm::default(),
            history: History::default(),
            admin: None,
            page,
        },
    )
}

async fn administrators<I: Installer>(
    shared: &Shared<I>,
    page: Page<'_>,
    host: &str,
    installed: Option<Installed>,
    form: UploadForm,
) -> Response {
    let installer = &shared.installer;
    let licensing = installer.licensing();
    let mut status = installer.status().await;
    let locked_out = licensing.host_warning(host);
    let is_locked_out = locked_out.is_some();
    status.warnings.extend(locked_out);
    let today = licensing.control().judged_time();
    let Status { phase, restricted, ref license, .. } = status;
    let language = page.language;
    let heading = language.phase(&phase);
    // What the heading and the summary say already is not said again.
    let plain = |code: &str| {
        [DenialCode::LicenseMissing, DenialCode::LicenseExpired]
            .iter()
            .any(|it| it.as_str() == code)
    };
    let problem = status.problem.as_ref().filter(|it| !plain(it.code));
    let problem = problem.and_then(|it| denial(installer, it.code));
    let problem = problem.map(|denial| Problem {
        title: language.denial_title(&denial),
        detail: language.denial_detail(&denial),
        remedy: language.denial_remedy(&denial),
    });
    let code = status.problem.as_ref().map(|it| it.code);
    let told = code.or(status.warnings.first().map(|it| it.code)).or(Some(phase.as_str()));
    let id = license.as_ref().map(|it| it.id.as_str());
    let ask = Ask::new(&page, licensing.product(), true, told, id, language.date(today));
    let history = match installer.audit(ROWS).await {
        Ok(rows) => History::of(language, rows),
        // The warnings say that the store is away.
        Err(_) => History::default(),
    };
    let countdown = countdown(&status, today);
    let time = [("time", "{time}".into())];
    let countdown_text = language.text("countdown", &time).replace(['\u{2068}', '\u{2069}'], "");
    let installed = installed.map(|it| it.told(&page, &status));
    let summary = summary(language, &status);
    let admin = Admin::of(shared, &page, &status, today);
    let page = page.called(heading.clone());
    html(
        StatusCode::OK,
        &StatusPage {
            phase: phase.as_str(),
            tone: if is_locked_out && !restricted { "warning" } else { tone(&phase, restricted) },
            restricted,
            heading,
            summary,
            code: code.map(str::to_owned),
            countdown,
            countdown_text,
            problem,
            installed,
            ask,
            form,
            history,
            admin: Some(admin),
            page,
        },
    )
}

impl Admin {
    fn of<I: Installer>(
        shared: &Shared<I>,
        page: &Page<'_>,
        status: &Status,
        today: Timestamp,
    ) -> Self {
        let installer = &shared.installer;
        let product = installer.licensing().product();
        let language = page.language;
        let licenses: Vec<&LicenseStatus> = status.license.iter().chain(&status.next).collect();
        let span = Span::of(licenses.iter().copied(), today);
        let policy = product.policy();
        let timeline = Line::new(page, "line", &licenses, &status.timeline, policy, span, today);
        let granted =
            |name: &str| status.license.as_ref().is_some_and(|it| it.features.contains(name));
        let known = product.features().keys().map(String::as_str);
        let unknown = status.license.iter().flat_map(|it| &it.features).map(String::as_str);
        let unknown = unknown.filter(|it| !product.features().contains_key(*it));
        let features = known.chain(unknown).map(|name| FeatureRow {
            name: name.to_owned(),
            title: language.feature(name),
            state: page.t(if granted(name) { "feature-granted" } else { "feature-missing" }),
            granted: granted(name),
        });
        let mut features: Vec<FeatureRow> = features.collect();
        features.sort_by_key(|it| it.title.to_lowercase());
        let limits = status.license.iter().flat_map(|it| &it.limits);
        let told = status.problem.as_ref().map(|it| it.code);
        let warnings = status.warnings.iter().filter(|it| Some(it.code) != told);
        Self {
            warnings: warnings.map(|it| Note::of(language, it)).collect(),
            facts: status.license.iter().flat_map(|it| facts(page, it, false)).collect(),
            next: status.next.as_ref().map(|it| facts(page, it, true)),
            limits: limits.map(|(name, it)| LimitRow::of(shared, page, name, it)).collect(),
            features,
            timeline,
            machine: status.machine.as_ref().map(ToString::to_string),
            alerts: installer.alerts().map(|alerts| Alerts {
                failed: alerts.failed.map(|it| {
                    let reason = page.t(&format!("alerts-{}", it.code));
                    let facts =
                        [("date", language.moment(it.at).into()), ("reason", reason.into())];
                    Failed { text: page.text("alerts-failed", &facts), reason: it.reason }
                }),
            }),
        }
    }
}

impl Note {
    pub(super) fn of(language: &Language, warning: &license_core::Warning) -> Self {
        let level = warning.level.as_str();
        Self { code: warning.code, level, said: language.warning(warning) }
    }
}

/// The denial of a code, as the service would answer it.
pub(super) fn denial(installer: &impl Installer, code: &str) -> Option<Denial> {
    let code: DenialCode = code.parse().ok()?;
    Some(installer.licensing().control().denial(code))
}

fn summary(language: &Language, status: &Status) -> String {
    let key = format!("summary-{}", status.phase.as_str());
    let Some(license) = &status.license else { return language.text(&key, &[]) };
    let date = match status.phase {
        Phase::Scheduled => language.moment(license.not_before.unwrap_or(license.issued_at)),
        _ => language.last_day(license.expires_at),
    };
    let facts = [
        ("date", date.into()),
        ("grace", language.last_day(license.grace_ends_at).into()),
        ("left", language.days_left(license.days_remaining).into()),
    ];
    language.text(&key, &facts)
}

/// The moment that is counted down, where it is near.
fn countdown(status: &Status, today: Timestamp) -> Option<String> {
    let license = status.license.as_ref()?;
    let end = match status.phase {
        Phase::Active | Phase::Expiring => license.expires_at,
        Phase::Grace => license.grace_ends_at,
        _ => return None,
    };
    (end.saturating_since(today).as_secs() <= SOON).then(|| end.to_string())
}
