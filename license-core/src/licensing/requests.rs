//! What requests ask.

use std::sync::atomic::Ordering;

use super::{Licensing, asked_feature::AskedFeature, control::Control, current};
use crate::{
    decide::COARSE_LAG,
    host::RequestHost,
    refusal::{Denial, DenialCode, DenialCount},
    time::{Month, Timestamp},
};

impl Licensing {
    /// Whether the service is refused as a whole. Where that is only observed,
    /// [`check_request`](Self::check_request) counts it.
    ///
    /// # Errors
    ///
    /// The denial, under restriction [`Everything`](crate::Restriction::Everything).
    #[inline]
    pub fn check_service(&self) -> Result<(), Denial> {
        self.read(|view| view.service())
    }

    /// Whether a request may pass: the term, then the domain, then changes
    /// under read-only. `changes` says whether the request may change
    /// something and is asked only under read-only; the host is asked for only
    /// when the license binds a domain.
    ///
    /// What a rule in [shadow](crate::Policy::shadow) would have denied is
    /// counted and logged.
    ///
    /// # Errors
    ///
    /// The first denial in that order.
    #[inline]
    pub fn check_request<'h>(
        &self,
        changes: impl FnOnce() -> bool,
        host: impl FnOnce() -> RequestHost<'h>,
    ) -> Result<(), Denial> {
        self.control().check_request_unless(changes, host, || false)
    }

    /// Whether a feature may be used, for a request that needs it.
    ///
    /// # Errors
    ///
    /// The denial.
    #[inline]
    pub fn check_feature(&self, name: &str) -> Result<(), Denial> {
        self.read(|view| view.feature(name, |denial| self.record_shadowed(denial)))
    }

    /// Whether a feature may be used, for whoever does something else where
    /// it may not: nothing is counted as denied.
    #[inline]
    pub fn allows_feature(&self, name: &str) -> bool {
        self.read(|view| view.feature(name, drop)).is_ok()
    }

    fn passes_fast_from(&self, host: Option<&[u8]>, wanted: bool) -> bool {
        self.try_read(|_, view| {
            let domain = view.domain();
            if domain.is_some() != wanted {
                self.0.host_wanted.store(domain.is_some(), Ordering::Relaxed);
            }
            view.passes_fast(host)
        })
    }

    /// Whether `adding` more units of a limit fit beside the `used` ones.
    /// Adding nothing always fits.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`, `max` and `used`; the denial of the
    /// phase where no license can say.
    pub fn check_limit(&self, name: &str, used: u64, adding: u64) -> Result<(), Denial> {
        self.fits(DenialCode::LimitReached, name, used, adding)
    }

    /// Whether `adding` more hosts fit beside the `used` ones that are
    /// connected.
    ///
    /// # Errors
    ///
    /// `concurrent_host_limit_reached` with `limit`, `max` and `used`; the
    /// denial of the phase where no license can say.
    pub fn check_hosts(&self, limit: &str, used: u64, adding: u64) -> Result<(), Denial> {
        self.fits(DenialCode::ConcurrentHostLimitReached, limit, used, adding)
    }

    fn fits(&self, code: DenialCode, name: &str, used: u64, adding: u64) -> Result<(), Denial> {
        self.read(|view| {
            view.limit(code, name, used, adding, |denial| self.record_shadowed(denial))
        })
    }

    /// How many units of a limit are allowed now; `None` for unlimited, and
    /// where nothing is refused without a license. The number is what the
    /// license says; whether more are refused,
    /// [`check_limit`](Self::check_limit) tells.
    ///
    /// # Errors
    ///
    /// The denial of the phase where no license can say.
    #[inline]
    pub fn max(&self, limit: &str) -> Result<Option<u64>, Denial> {
        self.read(|view| view.max(limit, drop))
    }

    /// Whether a limit that lists names admits this one.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`; the denial of the phase where no license
    /// can say.
    pub fn check_name(&self, limit: &str, name: &str) -> Result<(), Denial> {
        self.read(|view| view.name(limit, name, |denial| self.record_shadowed(denial)))
    }

    #[cold]
    fn record_shadowed(&self, denial: Denial) {
        let grounds = || self.grounds(&denial);
        self.0.denials.shadowed(&denial, self.0.clock.monotonic(), grounds);
    }

    fn grounds(&self, denial: &Denial) -> Option<String> {
        self.observe(|view, reading| view.grounds(denial, self.product(), reading))
    }
}

impl<'a> Control<'a> {
    /// As [`check_request`](Licensing::check_request), but that a request on the
    /// recovery path passes. `recovers` says whether it is, and is asked only
    /// where it is refused, or would be by a rule in shadow; neither counts
    /// then.
    ///
    /// # Errors
    ///
    /// As [`check_request`](Licensing::check_request).
    #[inline]
    pub fn check_request_unless<'h>(
        self,
        changes: impl FnOnce() -> bool,
        host: impl FnOnce() -> RequestHost<'h>,
        recovers: impl Fn() -> bool,
    ) -> Result<(), Denial> {
        let observe = |denial| {
            if !recovers() {
                self.licensing.record_shadowed(denial);
            }
        };
        match self.licensing.read(|view| view.request(changes, host, observe)) {
            Err(_) if recovers() => Ok(()),
            decision => decision,
        }
    }

    /// Whether the license in force grants a feature that is asked for again
    /// and again, as far as the state as it stands can tell. `false` says
    /// nothing: ask [`check_feature`](Licensing::check_feature).
    #[inline]
    pub fn grants_fast(self, asked: &AskedFeature) -> bool {
        self.licensing.try_read(|id, view| asked.is_granted_in(id, || view.grants(asked.name())))
    }

    /// Whether a request passes whatever it does and wherever it goes, as far
    /// as the state as it stands can tell; most do. `false` says nothing: ask
    /// [`check_request`](Licensing::check_request).
    ///
    /// `host` is the [only host](RequestHost::only) that the request names,
    /// raw, and is asked for only where the license seems to bind a domain.
    #[inline]
    pub fn passes_fast<'h>(self, host: impl FnOnce() -> Option<&'h [u8]>) -> bool {
        // Found before the state is looked at, so that nothing of the request
        // has to be reached from there.
        let wanted = self.licensing.0.host_wanted.load(Ordering::Relaxed);
        let host = if wanted { host() } else { None };
        self.licensing.passes_fast_from(host, wanted)
    }

    /// How many units of a limit a request may have that needs some: what
    /// [`max`](Licensing::max) tells, counted where the request is served only
    /// because the limits are in [shadow](crate::Policy::shadow).
    ///
    /// # Errors
    ///
    /// As [`max`](Licensing::max).
    #[inline]
    pub fn check_max(self, limit: &str) -> Result<Option<u64>, Denial> {
        self.licensing.read(|view| view.max(limit, |denial| self.licensing.record_shadowed(denial)))
    }

    /// The time on which expiry is judged: never before the latest time that
    /// was trusted.
    pub fn judged_time(self) -> Timestamp {
        self.licensing.observe(|_, reading| reading.judged())
    }

    /// The month (UTC) that it is, by the time on which expiry is judged: a
    /// clock that was moved back does not bring a month back.
    #[inline]
    pub fn month(self) -> Month {
        let month = current::with(&self.licensing.0.state, |state| {
            let coarse = self.licensing.0.now_coarse();
            let month = Month::of(coarse);
            // A coarse reading is late, so that it may be the next one by now.
            let certain = state.verdict.is_valid_at(coarse)
                && month == Month::of(coarse.saturating_add(COARSE_LAG));
            certain.then_some(month)
        });
        month.unwrap_or_else(|| self.licensing.observe(|_, reading| Month::of(reading.judged())))
    }

    /// A denial of this code with the status that the product gives it: for
    /// what is decided elsewhere, such as a store that cannot be reached.
    pub fn denial(self, code: DenialCode) -> Denial {
        let status = self.licensing.product().policy().status_of(code, code.default_status());
        Denial::new(code, status).with_delivery(self.licensing.0.state.load().installed.delivery)
    }

    /// Counts and logs a denial that was answered to a client: one event for
    /// each code, at most once in ten seconds, with how many there were and
    /// what the latest rests on: the host that was seen and the licensed
    /// pattern, or the license's time and the clock's.
    pub fn record(self, denial: &Denial) {
        let grounds = || self.licensing.grounds(denial);
        self.licensing.0.denials.denied(denial, self.licensing.0.clock.monotonic(), grounds);
    }

    /// How many denials there were of each code, recorded and in shadow.
    pub fn denial_counts(self) -> impl Iterator<Item = DenialCount> + use<'a> {
        self.licensing.0.denials.counts()
    }
}
