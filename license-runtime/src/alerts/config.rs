//! What alerts are sent, when and to whom.

use std::{collections::BTreeSet, error::Error, fmt, pin::Pin, sync::Arc};

use jiff::tz::TimeZone;
use license_texts::{Language, Texts};

use super::{AlertDelivery, LocalTime};

/// Alerts before a license ends; built by value.
#[derive(Clone)]
#[must_use]
pub struct Alerts {
    pub(super) delivery: Arc<dyn AlertDelivery>,
    pub(super) milestones: BTreeSet<u32>,
    pub(super) at: LocalTime,
    pub(super) zone: TimeZone,
    /// Why that is not the system's, and UTC in its place.
    zone_unknown: Option<String>,
    pub(super) texts: Texts,
    /// In which language; the first that the texts offer where it is not said.
    language: Option<String>,
    fixed: Vec<String>,
    asked: Option<Arc<Ask>>,
}

type Asked = Result<Vec<String>, Box<dyn Error + Send + Sync>>;
type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Asked> + Send>> + Send + Sync;

impl Alerts {
    /// Alerts delivered like this: 30, 14, 7 and 1 days before the end, at
    /// 9 in the morning by the system's time zone, to nobody yet. Where the
    /// system has none that can be used, it is UTC, and the log says so when
    /// the manager is started.
    pub fn by(delivery: impl AlertDelivery + 'static) -> Self {
        Self::in_zone(delivery, TimeZone::try_system())
    }

    pub(super) fn in_zone(
        delivery: impl AlertDelivery + 'static,
        zone: Result<TimeZone, jiff::Error>,
    ) -> Self {
        let (zone, unknown) = match zone {
            Ok(zone) if !zone.is_unknown() => (zone, None),
            Ok(_) => (TimeZone::UTC, Some("it is not set".to_owned())),
            Err(error) => (TimeZone::UTC, Some(error.to_string())),
        };
        Self {
            delivery: Arc::new(delivery),
            milestones: [30, 14, 7, 1].into(),
            at: LocalTime::default(),
            zone,
            zone_unknown: unknown,
            texts: Texts::shipped(),
            language: None,
            fixed: Vec::new(),
            asked: None,
        }
    }

    /// How many days before the end, in any order. 0 is never due.
    pub fn milestones(mut self, days: impl IntoIterator<Item = u32>) -> Self {
        self.milestones = days.into_iter().collect();
        self
    }

    /// In the words of a product, from its profile: `Texts::of(product)`. Without
    /// it in those that are here.
    pub fn texts(mut self, texts: Texts) -> Self {
        self.texts = texts;
        self
    }

    /// In which language, by its tag (`de`), of those that the texts offer; the
    /// first where it is none of them, or not said.
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.language = Some(tag.into());
        self
    }

    /// The language of the messages.
    pub(super) fn chosen(&self) -> &Language {
        self.texts.choose(self.language.as_deref(), None)
    }

    /// At which time of day.
    pub fn at(mut self, at: LocalTime) -> Self {
        self.at = at;
        self
    }

    /// In which time zone, by its IANA name, such as `Europe/Berlin`.
    ///
    /// # Errors
    ///
    /// A name that the system does not know.
    pub fn time_zone(
        mut self,
        name: &str,
    ) -> Result<Self, impl Error + Send + Sync + 'static + use<>> {
        TimeZone::get(name).map(|zone| {
            self.zone = zone;
            self.zone_unknown = None;
            self
        })
    }

    /// Says in the log that times of day are in UTC although nobody asked for
    /// it.
    pub(super) fn tell_of_zone(&self) {
        if let Some(reason) = &self.zone_unknown {
            tracing::warn!(
                reason,
                "the system's time zone cannot be used, so alerts are sent at {} UTC; set TZ to a \
                 name such as Europe/Berlin and install the time-zone data (tzdata), or name a \
                 zone with Alerts::time_zone",
                self.at
            );
        }
    }

    /// To whom in any case; called again, to these as well.
    pub fn recipients<T: Into<String>>(mut self, to: impl IntoIterator<Item = T>) -> Self {
        self.fixed.extend(to.into_iter().map(Into::into));
        self
    }

    /// To whom as well: asked before each alert, for such as the active
    /// administrators. An error is a failed delivery.
    pub fn recipients_from<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Asked> + Send + 'static,
    {
        self.asked = Some(Arc::new(move || Box::pin(ask())));
        self
    }

    /// Everybody, once.
    pub(super) async fn everybody(&self) -> Asked {
        let mut everybody = match &self.asked {
            Some(ask) => ask().await?,
            None => Vec::new(),
        };
        everybody.extend(self.fixed.iter().cloned());
        let mut known = BTreeSet::new();
        everybody.retain(|to| known.insert(to.to_lowercase()));
        Ok(everybody)
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts")
            .field("delivery", &self.delivery)
            .field("milestones", &self.milestones)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
