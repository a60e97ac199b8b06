//! What a runtime has found out about the service, for whoever asks on a
//! request and cannot wait for a store.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{Control, Licensing};
use crate::{
    license::LimitKind,
    refusal::DenialCode,
    report::{Status, Usage, Warning},
    time::Timestamp,
};

/// The latest that was reported.
#[derive(Default)]
pub(super) struct Reported {
    latest: ArcSwap<Latest>,
    /// Whether there is a warning among it.
    warn: AtomicBool,
    /// Held by who reports, so that the hint is that of the latest.
    reporting: Mutex<()>,
}

#[derive(Clone, Default)]
pub(super) struct Latest {
    used: BTreeMap<String, u64>,
    /// How much was used lately.
    usage: BTreeMap<String, Usage>,
    pub(super) warnings: Vec<Warning>,
}

impl Reported {
    pub(super) fn latest(&self) -> Arc<Latest> {
        self.latest.load_full()
    }

    pub(super) fn warn(&self) -> bool {
        self.warn.load(Ordering::Relaxed)
    }
}

impl Latest {
    /// How much of a limit is used: by whoever knows it at the moment, else as
    /// last reported.
    pub(super) fn used_or_reported(
        &self,
        used: impl Fn(&str) -> Option<u64>,
    ) -> impl Fn(&str) -> Option<u64> {
        move |limit| used(limit).or_else(|| self.used.get(limit).copied())
    }

    /// Adds to a status when its limits will be used up.
    pub(super) fn forecast(
        &self,
        status: &mut Status,
        kinds: &BTreeMap<String, LimitKind>,
        now: Timestamp,
    ) {
        let unseen = Usage::default();
        for (name, limit) in status.license.iter_mut().flat_map(|it| &mut it.limits) {
            if let (Some(kind), Some(max), Some(used)) = (kinds.get(name), limit.max, limit.used) {
                let usage = self.usage.get(name).unwrap_or(&unseen);
                limit.full_at = usage.full_at(*kind, now, used, max);
            }
        }
    }
}

impl Licensing {
    fn found(&self, change: impl Fn(&mut Latest)) {
        let _reporting = self.0.reported.reporting.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.reported.latest.rcu(|latest| {
            let mut latest = Latest::clone(latest);
            change(&mut latest);
            latest
        });
        let used_up = |warning: &Warning| warning.code == DenialCode::LimitReached.as_str();
        let warn = !self.0.reported.latest.load().warnings.is_empty()
            || self.warnings(|_| None).iter().any(used_up);
        self.0.reported.warn.store(warn, Ordering::Relaxed);
    }
}

impl Control<'_> {
    /// Says how much of each limit is used, as last counted: for warnings and
    /// the status, never for a decision. A runtime calls it now and then, and
    /// after a license was installed.
    pub fn report_used(self, used: BTreeMap<String, u64>) {
        let now = self.judged_time();
        self.licensing.found(|latest| {
            for (limit, used) in &used {
                latest.usage.entry(limit.clone()).or_default().note(now, *used);
            }
            latest.used.clone_from(&used);
        });
    }

    /// Says what else administrators should know, such as a store that cannot
    /// be written. Takes the place of what was said before.
    pub fn report_warnings(self, warnings: Vec<Warning>) {
        if self.licensing.0.reported.latest.load().warnings != warnings {
            self.licensing.found(|latest| latest.warnings.clone_from(&warnings));
        }
    }
}
