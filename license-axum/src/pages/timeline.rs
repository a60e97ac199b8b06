//! The terms of licenses, drawn and as rows.

use license_core::{
    Phase, Timestamp,
    policy::Policy,
    report::{LicenseStatus, Timeline, Transition},
};
use license_texts::Said;

use super::page::Page;

/// A picture of licenses over time, and the same as rows.
pub(super) struct Line {
    pub(super) id: &'static str,
    pub(super) heading: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) height: u32,
    pub(super) today: u32,
    pub(super) bars: Vec<Bar>,
    pub(super) rows: Vec<Row>,
}

/// A part of a term.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
}

/// What holds from a moment on.
pub(super) struct Row {
    pub(super) from: String,
    pub(super) datetime: Option<String>,
    pub(super) state: String,
    /// Which phase it is, for its color.
    pub(super) class: &'static str,
    pub(super) effect: Said,
    pub(super) answer: Option<String>,
}

/// The moments between which a picture is drawn.
#[derive(Clone, Copy)]
pub(super) struct Span {
    from: Timestamp,
    until: Timestamp,
}

const WIDTH: u32 = 640;

impl Span {
    /// From before the licenses to behind them, today included.
    pub(super) fn of<'a>(
        licenses: impl Iterator<Item = &'a LicenseStatus> + Clone,
        today: Timestamp,
    ) -> Self {
        let begins = licenses.clone().map(begins).min().unwrap_or(today).min(today);
        let ends = licenses.map(|it| it.grace_ends_at.max(it.expires_at)).max();
        let ends = ends.unwrap_or(today).max(today);
        let margin = ends.saturating_since(begins) / 32;
        Self { from: begins, until: ends.saturating_add(margin) }
    }

    /// Where a moment stands.
    fn x(self, at: Timestamp, from_the_right: bool) -> u32 {
        let whole = self.until.saturating_since(self.from).as_secs().max(1);
        let part = at.saturating_since(self.from).as_secs().min(whole);
        let x = u128::from(part) * u128::from(WIDTH) / u128::from(whole);
        let x = u32::try_from(x).unwrap_or(WIDTH);
        if from_the_right { WIDTH - x } else { x }
    }
}

impl Line {
    pub(super) fn new(
        page: &Page<'_>,
        id: &'static str,
        licenses: &[&LicenseStatus],
        timeline: &Timeline,
        policy: &Policy,
        span: Span,
        today: Timestamp,
    ) -> Self {
        let from_the_right = page.language.direction() == "rtl";
        let mut bars = Vec::new();
        let mut bar = |class, from: Timestamp, until: Timestamp, y| {
            let (one, other) = (span.x(from, from_the_right), span.x(until, from_the_right));
            let width = one.abs_diff(other);
            if until > from {
                bars.push(Bar { class, x: one.min(other), y, width: width.max(2) });
            }
        };
        for (row, license) in (0..).zip(licenses) {
            let y = 6 + row * 18;
            // Where another takes over, this one ends.
            let taken_over = licenses.get(row as usize + 1).and_then(|it| it.not_before);
            let until = |at: Timestamp| taken_over.map_or(at, |end| at.min(end));
            let begins = begins(license);
            let ends = license.expires_at;
            let warns = ends.saturating_sub(policy.warning_window()).max(begins);
            bar("active", begins, until(warns), y);
            bar("expiring", warns, until(ends), y);
            bar("grace", ends, until(license.grace_ends_at), y);
        }
        let language = page.language;
        let date = |at| language.date(at);
        let description = page.text(
            "timeline-description",
            &[
                ("from", date(span.from).into()),
                ("until", date(span.until).into()),
                ("today", date(today).into()),
            ],
        );
        let rows = timeline.now.iter().map(|it| Row::new(page, it, true));
        let rows = rows.chain(timeline.transitions.iter().map(|it| Row::new(page, it, false)));
        Self {
            id,
            heading: String::new(),
            title: page.t("timeline-title"),
            description,
            height: 24 + 18 * u32::try_from(licenses.len().saturating_sub(1)).unwrap_or(0),
            today: span.x(today, from_the_right),
            bars,
            rows: rows.collect(),
        }
    }

    pub(super) fn headed(self, heading: String) -> Self {
        Self { heading, ..self }
    }
}

impl Row {
    fn new(page: &Page<'_>, transition: &Transition, is_now: bool) -> Self {
        let Transition { at, phase, refused, .. } = transition;
        let answer = refused.map(|refusal| {
            let facts =
                [("status", u64::from(refusal.status).into()), ("code", refusal.code.into())];
            page.text("timeline-answers", &facts)
        });
        Self {
            from: match is_now {
                true => page.t("timeline-today"),
                false => page.language.moment(*at),
            },
            datetime: (!is_now).then(|| at.to_string()),
            state: page.language.state(phase),
            class: phase.as_str(),
            effect: page.language.effect(transition),
            answer,
        }
    }
}

/// How a phase is colored.
pub(super) fn tone(phase: &Phase, refuses: bool) -> &'static str {
    match phase {
        Phase::Active => "ok",
        Phase::Expiring => "info",
        Phase::Grace => "warning",
        _ if refuses => "critical",
        _ => "warning",
    }
}

fn begins(license: &LicenseStatus) -> Timestamp {
    license.not_before.unwrap_or(license.issued_at).min(license.expires_at)
}
