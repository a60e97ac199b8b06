//! What a license will do to a service, told in advance.

use std::{cell::Cell, sync::Arc};

use serde::Serialize;

use super::{banner::Banner, news::Announced, timeline::Timeline, warning::Warning};
use crate::{
    decide::{Installed, Snapshot},
    host::RequestHost,
    license::{License, Limit, LimitKind},
    machine::Machine,
    policy::Phase,
    product::{LogLine, Product},
    refusal::{Denial, DenialCode, InstallError},
    time::{Timestamp, guard::ClockReading},
    token::Token,
    verify::{VerifiedLicense, Verifier},
};

/// What a license will do, period by period, from a moment on.
///
/// Whoever issues a license wants to see what the customer will see: when
/// the warnings begin, what happens on the day after the last, which requests
/// are refused then and how. A [`Simulation`] puts the license into an empty
/// service of the product, with a clock that is right and on the machine that
/// the license names, and asks the very functions that decide about requests.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use license_core::{Phase, testing::{START, Vendor}, report::{RequestKind, Simulation}};
///
/// let vendor = Vendor::new();
/// let token = vendor.license().features(["sso"]).days(365).sign();
/// let simulation = Simulation::of(vendor.product(), &token, START)?;
///
/// let phases: Vec<Phase> = simulation.periods.iter().map(|period| period.phase).collect();
/// assert_eq!(phases, [Phase::Active, Phase::Expiring, Phase::Lapsed]);
/// let lapsed = &simulation.periods[2];
/// let status = |kind| lapsed.answer(kind)?.refused.map(|refusal| refusal.status);
/// assert_eq!(status(RequestKind::Page), Some(503));
/// assert_eq!(status(RequestKind::Install), None);
/// # }
/// # Ok::<(), license_core::InstallError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Simulation {
    /// The moment from which on it is told.
    pub from: Timestamp,
    /// What holds from that moment on, then every later period.
    pub periods: Vec<Period>,
}

/// What holds from one transition to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Period {
    /// Its first moment; that of the simulation in the first period.
    pub from: Timestamp,
    /// The first moment past it; `None` for good.
    pub until: Option<Timestamp>,
    /// Where the license stands.
    pub phase: Phase,
    /// Whether requests are refused because of that.
    pub restricted: bool,
    /// What an end user finds.
    pub users: &'static str,
    /// What the product may show all its users at the beginning of the
    /// period.
    pub banner: Banner,
    /// What an administrator is told then.
    pub administrators: Vec<Warning>,
    /// What the product logs then, in its own words.
    pub log: Vec<LogLine>,
    /// How requests are answered, one of each kind that can occur.
    pub answers: Vec<Answer>,
}

/// How one kind of request is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The kind of request.
    pub request: RequestKind,
    /// The feature, limit or domain in question, where there is one.
    pub name: Option<String>,
    /// How it is refused; `None` when it is served.
    pub refused: Option<Refusal>,
    /// How it would be refused if the rule were not in
    /// [shadow](crate::Policy::shadow); the first, where there are several.
    pub shadow: Option<Refusal>,
}

/// A refusal, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
}

/// A kind of request that licenses treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestKind {
    /// Reading: a safe method.
    Page,
    /// Changing something: any other method.
    Change,
    /// Reading behind a feature that the license grants.
    GrantedFeature,
    /// Reading behind a feature of the product that the license does not
    /// grant.
    OtherFeature,
    /// Taking the first seat of a limit.
    Seat,
    /// Taking a seat when as many as the license allows are taken.
    SeatBeyondLimit,
    /// Reading by a host name that the licensed domain does not cover.
    OtherHost,
    /// Installing a license, or anything else on the recovery list.
    Install,
}

/// The licensed service, at one moment after another.
struct Scene<'a> {
    product: &'a Product,
    license: &'a License,
    installed: &'a Installed,
    /// A host that the licensed domain covers.
    host: Option<String>,
}

impl Simulation {
    /// What the license in this token does from `from` on. Its signature is
    /// not asked; see [`Verifier::verify`].
    ///
    /// # Errors
    ///
    /// What is wrong with the claims, as [`Verifier::check_claims`].
    pub fn of(product: &Product, token: &Token, from: Timestamp) -> Result<Self, InstallError> {
        token.check_type(product.token_type())?;
        let license = Verifier::check_claims(product, &token.dangerous_unverified_claims()?)?;
        let machine = Machine::of(license.machine().cloned());
        // Goes nowhere else: whoever installs has a verifier make it.
        let verified =
            Arc::new(VerifiedLicense { license, token: token.clone(), digest: token.digest() });
        let installed =
            Installed { current: Some(Arc::clone(&verified)), ..Installed::empty(machine) };
        let scene = Scene {
            product,
            license: &verified.license,
            installed: &installed,
            // The star is exactly one label.
            host: verified.license.domain().map(|it| it.as_str().replacen('*', "a", 1)),
        };
        let start = ClockReading::sound(from);
        let timeline = Timeline::of(&installed, product.policy(), &start);
        let mut moments: Vec<Timestamp> = vec![from];
        moments.extend(timeline.transitions.iter().map(|transition| transition.at));
        let untils = moments.iter().skip(1).copied().map(Some).chain([None]);
        let mut told = None;
        let periods = moments.iter().zip(untils);
        let periods = periods.map(|(from, until)| scene.period(*from, until, &mut told)).collect();
        Ok(Self { from, periods })
    }
}

impl Period {
    /// How a kind of request is answered; `None` where it cannot occur.
    pub fn answer(&self, request: RequestKind) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.request == request)
    }
}

impl Answer {
    /// Whether the request is served.
    pub fn is_served(&self) -> bool {
        self.refused.is_none()
    }
}

impl Scene<'_> {
    /// One period; `told` is what has been logged so far.
    fn period(
        &self,
        from: Timestamp,
        until: Option<Timestamp>,
        told: &mut Option<Announced>,
    ) -> Period {
        let reading = ClockReading::sound(from);
        let policy = self.product.policy();
        let verdict = self.installed.verdict(policy, &reading);
        let view = Snapshot { installed: self.installed, verdict: &verdict, policy };
        let answers = self.answers(view);
        let (now, log) = view.news(*told, self.product.messages(), &reading);
        *told = Some(now);
        Period {
            from,
            until,
            phase: verdict.phase,
            restricted: view.public_status(&reading).restricted,
            users: users(&answers),
            banner: Banner::of(&view.license_warnings(&reading, |_| None)),
            administrators: view.warnings(&reading, |_| None),
            log,
            answers,
        }
    }

    fn answers(&self, view: Snapshot<'_>) -> Vec<Answer> {
        use RequestKind as Kind;
        let passes = |changes: bool, observe: Observe<'_>| {
            view.request(|| changes, || self.licensed_host(), observe)
        };
        let mut answers = vec![
            answer(Kind::Page, None, |observe| passes(false, observe)),
            answer(Kind::Change, None, |observe| passes(true, observe)),
        ];
        let mut gated = |kind: Kind, feature: Option<&String>| {
            let Some(name) = feature else { return };
            answers.push(answer(kind, Some(name), |observe| {
                passes(false, observe)?;
                view.feature(name, observe)
            }));
        };
        gated(Kind::GrantedFeature, self.license.features().iter().next());
        let mut known = self.product.features().keys();
        gated(Kind::OtherFeature, known.find(|name| !self.license.grants(name)));

        let seats = self.product.limits().iter().find(|(_, kind)| **kind == LimitKind::Seats);
        if let Some((name, _)) = seats {
            let mut taken = |kind: Kind, used: u64| {
                answers.push(answer(kind, Some(name), |observe| {
                    passes(true, observe)?;
                    view.limit(DenialCode::LimitReached, name, used, 1, observe)
                }));
            };
            taken(Kind::Seat, 0);
            if let Some(max) = self.license.limit(name).and_then(Limit::max) {
                taken(Kind::SeatBeyondLimit, max);
            }
        }
        if let Some(domain) = self.license.domain() {
            // An address is never one of a domain.
            let other = || RequestHost::new(None, [b"192.0.2.1".as_slice()]);
            answers.push(answer(Kind::OtherHost, Some(domain.as_str()), |observe| {
                view.request(|| false, other, observe)
            }));
        }
        // Recovery passes every denial.
        answers.push(answer(Kind::Install, None, |_| Ok(())));
        answers
    }

    fn licensed_host(&self) -> RequestHost<'_> {
        RequestHost::new(None, self.host.as_deref().map(str::as_bytes))
    }
}

/// Is told what a rule in shadow would have denied.
type Observe<'a> = &'a dyn Fn(Denial);

fn answer(
    request: RequestKind,
    name: Option<&str>,
    decide: impl FnOnce(Observe<'_>) -> Result<(), Denial>,
) -> Answer {
    let shadow = Cell::new(None);
    let decided = decide(&|denial| shadow.set(shadow.get().or(Some(Refusal::from(denial)))));
    Answer {
        request,
        name: name.map(str::to_owned),
        refused: decided.err().map(Refusal::from),
        shadow: shadow.get(),
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self { status: denial.status(), code: denial.code().as_str() }
    }
}

/// What the answers mean for the people who use the service.
fn users(answers: &[Answer]) -> &'static str {
    let refused =
        |kind: RequestKind| answers.iter().any(|it| it.request == kind && !it.is_served());
    if refused(RequestKind::Page) {
        "The service is refused; only what leads to a new license is open."
    } else if refused(RequestKind::Change) {
        "Reading goes on; changes are refused."
    } else if refused(RequestKind::GrantedFeature) {
        "Licensed features are refused; all else goes on."
    } else {
        "Everything that the license grants works."
    }
}
