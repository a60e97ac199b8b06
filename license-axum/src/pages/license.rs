//! Where the license stands: the first of the pages.

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_core::{
    Denial, DenialCode, Installer, Phase, PublicStatus, Status, Timestamp,
    license::LimitKind,
    report::{LicenseStatus, LimitStatus},
    runtime::AuditEntry,
};
use license_texts::{Language, Said};

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

pub(super) struct FactRow {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) datetime: Option<String>,
    /// Whether people will want to copy it.
    pub(super) copy: bool,
}

/// A limit and how much of it is used.
pub(super) struct LimitRow {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) text: String,
    /// How much is used, and of how many.
    pub(super) meter: Option<(u64, u64)>,
    pub(super) high: u64,
    pub(super) note: Option<String>,
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

/// A part of the audit history.
#[derive(Default)]
pub(super) struct History {
    pub(super) rows: Vec<HistoryRow>,
    /// Before which row the older ones are.
    pub(super) before: Option<u64>,
}

pub(super) struct HistoryRow {
    pub(super) number: u64,
    pub(super) when: String,
    pub(super) datetime: String,
    pub(super) outcome: String,
    pub(super) license: String,
    pub(super) who: String,
    pub(super) address: String,
}

/// What an installation came to, told once: a cookie that the next look takes
/// away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Installed {
    Done,
    Waits,
    Unchanged,
}

/// How many rows of the history a page has.
pub(super) const ROWS: u32 = 20;
const COOKIE: &str = "license_installed";
/// A term that ends within this time is counted down.
const SOON: u64 = 2 * 86_400;
/// Where a limit counts as nearly full, in hundredths.
const HIGH: u64 = 90;

/// The page; `host` is the one by which an administrator uses the service.
pub(super) async fn show<A, I: Installer>(
    pages: &LicensePages<A, I>,
    request: &Parts,
    admin_by: Option<String>,
) -> Response {
    let shared = &*pages.shared;
    let page = Page::new(shared, &pages.places, request, Place::Root, "");
    let installed = Installed::of(request);
    let at = page.at.clone();
    let mut response = match admin_by {
        Some(host) => administrators(shared, page, &host, installed).await,
        None => everybodys(shared, page),
    };
    if installed.is_some() {
        // Told once.
        let gone = format!("{COOKIE}=; Path={at}; Max-Age=0; HttpOnly; SameSite=Strict");
        if let Ok(gone) = HeaderValue::try_from(gone) {
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
    let told = code.unwrap_or(phase.as_str());
    let ask = Ask::new(&page, licensing.product(), false, told, None, today);
    let page = page.called(heading.clone());
    html(
        StatusCode::OK,
        &StatusPage {
            phase: phase.as_str(),
            tone: tone(&phase, restricted),
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
) -> Response {
    let installer = &shared.installer;
    let licensing = installer.licensing();
    let mut status = installer.status().await;
    status.warnings.extend(licensing.host_warning(host));
    let today = licensing.control().judged_time();
    let Status { phase, restricted, ref license, .. } = status;
    let language = page.language;
    let heading = language.phase(&phase);
    let problem = status.problem.as_ref().and_then(|it| denial(installer, it.code));
    let problem = problem.map(|denial| Problem {
        title: language.denial_title(&denial),
        detail: language.denial_detail(&denial),
        remedy: language.denial_remedy(&denial),
    });
    let code = status.problem.as_ref().map(|it| it.code);
    let told = code.or(status.warnings.first().map(|it| it.code)).unwrap_or(phase.as_str());
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
            tone: tone(&phase, restricted),
            heading,
            summary,
            code: code.map(str::to_owned),
            countdown,
            countdown_text,
            problem,
            installed,
            ask,
            form: UploadForm::default(),
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
        let limits = status.license.iter().flat_map(|it| &it.limits);
        Self {
            warnings: status.warnings.iter().map(|it| Note::of(language, it)).collect(),
            facts: status.license.iter().flat_map(|it| facts(page, it)).collect(),
            next: status.next.as_ref().map(|it| facts(page, it)),
            limits: limits.map(|(name, it)| LimitRow::of(shared, page, name, it)).collect(),
            features: features.collect(),
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

impl LimitRow {
    pub(super) fn of<I: Installer>(
        shared: &Shared<I>,
        page: &Page<'_>,
        name: &str,
        limit: &LimitStatus,
    ) -> Self {
        let number = |it: u64| it.into();
        let used = limit.used;
        let text = match (&limit.names, limit.max, used) {
            (Some(names), ..) if names.is_empty() => page.t("limits-names-none"),
            (Some(names), ..) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                page.text("limits-names", &[("names", names.join(", ").into())])
            }
            (None, Some(max), Some(used)) => {
                page.text("limits-used", &[("used", number(used)), ("max", number(max))])
            }
            (None, Some(max), None) => page.text("limits-max", &[("max", number(max))]),
            (None, None, Some(used)) => {
                page.text("limits-used-unlimited", &[("used", number(used))])
            }
            (None, None, None) => page.t("unlimited"),
        };
        let meter = match (limit.max, used) {
            (Some(max @ 1..), Some(used)) => Some((used.min(max), max)),
            _ => None,
        };
        let exceeded = match (limit.max, used) {
            (Some(max), Some(used)) if used > max => {
                let facts = [("used", number(used)), ("max", number(max))];
                Some(page.text("limits-exceeded", &facts))
            }
            _ => None,
        };
        let high = limit.max.map_or(0, |max| max.saturating_mul(HIGH) / 100);
        let note = exceeded.or_else(|| forecast(shared, page, name, limit));
        let title = page.language.limit(name);
        Self { name: name.to_owned(), title, text, meter, high, note }
    }
}

/// When a limit is used up, should it go on like this.
fn forecast<I: Installer>(
    shared: &Shared<I>,
    page: &Page<'_>,
    name: &str,
    limit: &LimitStatus,
) -> Option<String> {
    let full = limit.full_at?;
    let language = page.language;
    let licensing = shared.installer.licensing();
    let date = ("date", language.date(full).into());
    match licensing.product().limits().get(name) {
        Some(LimitKind::Monthly) => {
            let until = licensing.control().month().end();
            let until = ("until", language.date(until).into());
            Some(page.text("forecast-month", &[date, until]))
        }
        _ => Some(page.text("forecast-full", &[date])),
    }
}

impl History {
    pub(super) fn of(language: &Language, rows: Vec<AuditEntry>) -> Self {
        let before = rows.last().map(|it| it.row).filter(|row| *row > 1);
        let rows = rows.into_iter().map(|it| HistoryRow {
            number: it.row,
            when: language.moment(it.at),
            datetime: it.at.to_string(),
            outcome: language.outcome(&it.outcome),
            license: it.license_id.unwrap_or_default(),
            who: it.actor,
            address: it.address.unwrap_or_default(),
        });
        Self { rows: rows.collect(), before }
    }
}

impl Installed {
    /// What the last installation in this browser came to, unless it was told.
    fn of(request: &Parts) -> Option<Self> {
        let cookies = request.headers.get_all(header::COOKIE).iter();
        let pairs = cookies.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('='));
        let value = values.find_map(|(name, value)| (name == COOKIE).then_some(value))?;
        [Self::Done, Self::Waits, Self::Unchanged].into_iter().find(|it| it.as_str() == value)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waits => "waits",
            Self::Unchanged => "unchanged",
        }
    }

    /// The cookie that tells it to the next page.
    pub(super) fn cookie(self, at: &str) -> Option<HeaderValue> {
        let value = self.as_str();
        let cookie = format!("{COOKIE}={value}; Path={at}; Max-Age=60; HttpOnly; SameSite=Strict");
        HeaderValue::try_from(cookie).ok()
    }

    fn told(self, page: &Page<'_>, status: &Status) -> String {
        let license = match self {
            Self::Waits => status.next.as_ref().or(status.license.as_ref()),
            _ => status.license.as_ref(),
        };
        let id = license.map(|it| it.id.as_str()).unwrap_or_default();
        page.text(&format!("installed-{}", self.as_str()), &[("id", id.into())])
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

/// What a license says, as rows.
fn facts(page: &Page<'_>, license: &LicenseStatus) -> Vec<FactRow> {
    let language = page.language;
    let row = |key: &str, text: String| FactRow {
        name: page.t(&format!("field-{key}")),
        text,
        datetime: None,
        copy: false,
    };
    let timed = |key: &str, text: String, at: Timestamp| FactRow {
        datetime: Some(at.to_string()),
        ..row(key, text)
    };
    let mut rows = Vec::new();
    if !license.id.is_empty() {
        rows.push(FactRow { copy: true, ..row("id", license.id.clone()) });
    }
    let texts = [("customer", &license.customer), ("plan", &license.plan)];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        rows.push(row(key, text.clone()));
    }
    rows.push(timed("issued", language.date(license.issued_at), license.issued_at));
    if let Some(begins) = license.not_before {
        rows.push(timed("begins", language.moment(begins), begins));
    }
    let ends = license.expires_at;
    rows.push(timed("ends", language.last_day(ends), ends));
    if license.grace_ends_at > ends {
        let until = license.grace_ends_at;
        rows.push(timed("grace", language.last_day(until), until));
    }
    rows.push(row("days", license.days_remaining.to_string()));
    let any = || page.t("field-any");
    rows.push(row("domain", license.domain.clone().unwrap_or_else(any)));
    let machine = license.machine.as_ref().map(ToString::to_string);
    rows.push(row("machine", machine.unwrap_or_else(any)));
    rows
}
