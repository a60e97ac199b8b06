//! Testing gated handlers: a vendor with a throw-away key, a builder for
//! licenses, and a clock to move by hand.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use license_core::{Licensing, testing::{ManualClock, Vendor}};
//!
//! let vendor = Vendor::new();
//! let clock = Arc::new(ManualClock::new());
//! let licensing = Licensing::with_clock(vendor.verifier(), clock.clone());
//!
//! vendor.license().features(["sso"]).days(30).install(&licensing);
//! assert!(licensing.check_feature("sso").is_ok());
//!
//! clock.advance(Duration::from_secs(30 * 86_400));
//! assert_eq!(licensing.check_feature("sso").unwrap_err().status(), 503);
//! ```
//!
//! Nothing here is for production: functions panic where the test is wrong.
#![allow(clippy::expect_used, reason = "a test that is set up wrongly should stop")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::{
    key::{Algorithm, SigningKey},
    licensing::Licensing,
    product::Product,
    time::{Clock, Timestamp},
    token::Token,
    verify::Verifier,
};

/// A clock that stands still until it is moved. Clones by `Arc`.
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicU64,
}

/// 2026-11-01T00:00:00Z, where a [`ManualClock`] and the licenses of a
/// [`Vendor`] begin.
pub const START: Timestamp = Timestamp::from_seconds(1_793_491_200);

impl ManualClock {
    /// A clock at [`START`].
    pub fn new() -> Self {
        Self { wall: AtomicI64::new(START.as_millis()), monotonic: AtomicU64::new(0) }
    }

    /// Lets time pass: the wall clock and the monotonic clock move together.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().saturating_add(duration));
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock, forward or back, as an administrator would; no
    /// time passes.
    pub fn set(&self, wall: Timestamp) {
        self.wall.store(wall.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }
}

/// Whether a token begins somewhere in a text: for logs and reports, which are to hold
/// none. Within a word `eyJ` is no beginning: the id of a key may hold it, and is no
/// secret.
///
/// ```
/// use license_core::testing::{Vendor, holds_token};
///
/// let token = Vendor::new().license().sign();
/// assert!(holds_token(&format!("refused: {}", token.as_str())));
/// assert!(!holds_token("signed with LPzwOyZ_gKMC4kwW9MeyJRFhcrYnQyJAco0wHn79Awc"));
/// ```
pub fn holds_token(text: &str) -> bool {
    let is_within = |at: usize| {
        text[..at].ends_with(|it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_')
    };
    text.match_indices("eyJ").any(|(at, _)| !is_within(at))
}

/// A vendor with a throw-away ES256 key.
#[derive(Debug)]
pub struct Vendor {
    key: SigningKey,
    product: Product,
}

impl Vendor {
    /// A vendor of a product `test` with the strict policy.
    pub fn new() -> Self {
        let product = Product::builder("test", "https://vendor.example", "test").build();
        Self::of(product.expect("the product is valid"))
    }

    /// A vendor of this product.
    pub fn of(product: Product) -> Self {
        let key = SigningKey::generate(Algorithm::Es256, None).expect("a key can be generated");
        Self { key, product }
    }

    /// The product.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// The signing key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A verifier that trusts this vendor.
    pub fn verifier(&self) -> Verifier {
        let key = self.key.public_key().clone();
        Verifier::builder(&self.product).key(key).build().expect("the key is accepted")
    }

    /// Signs any header and any payload, sound or not: a token as an attacker
    /// with the key would make it.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    pub fn sign_raw(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let [header, payload] =
            [header.as_ref(), payload.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let text = format!("{header}.{payload}");
        let signature = self.key.sign_text(&text).expect("the token can be signed");
        format!("{text}.{signature}")
    }

    /// Starts a license: an enterprise plan without features or limits, from
    /// [`START`] on for 365 days.
    pub fn license(&self) -> LicenseBuilder<'_> {
        let claims = json!({
            "iss": self.product.issuer(),
            "aud": self.product.audience(),
            "jti": "lic_test",
            "iat": START.as_seconds(),
            "exp": START.as_seconds() + 365 * 86_400,
            "customer": {"id": "cust_test", "name": "Test Customer"},
            "plan": "enterprise",
            "features": [],
            "limits": {},
        });
        let Value::Object(claims) = claims else { unreachable!("the literal is an object") };
        LicenseBuilder { vendor: self, claims }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::new()
    }
}

/// A license under construction, in the standard claims; built by value.
#[derive(Clone, Debug)]
#[must_use]
pub struct LicenseBuilder<'a> {
    vendor: &'a Vendor,
    claims: Map<String, Value>,
}

impl LicenseBuilder<'_> {
    /// Sets any claim at the top level.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// The license's id.
    pub fn id(self, id: &str) -> Self {
        self.claim("jti", id)
    }

    /// The plan.
    pub fn plan(self, plan: &str) -> Self {
        self.claim("plan", plan)
    }

    /// The features it grants.
    pub fn features<'f>(self, features: impl IntoIterator<Item = &'f str>) -> Self {
        let features: Vec<&str> = features.into_iter().collect();
        self.claim("features", features)
    }

    /// A limit: a number, `None` for unlimited, or a list of names.
    pub fn limit(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims["limits"][name] = value.into();
        self
    }

    /// The domain it is bound to.
    pub fn domain(mut self, pattern: &str) -> Self {
        self.claims.entry("binding").or_insert_with(|| json!({}))["domain"] = pattern.into();
        self
    }

    /// The machine it is bound to.
    pub fn machine(mut self, fingerprint: &crate::machine::Fingerprint) -> Self {
        self.claims.entry("binding").or_insert_with(|| json!({}))["machine"] =
            fingerprint.as_str().into();
        self
    }

    /// When it was signed; the end moves along.
    pub fn issued_at(self, at: Timestamp) -> Self {
        self.claim("iat", at.as_seconds())
    }

    /// When it begins.
    pub fn not_before(self, at: Timestamp) -> Self {
        self.claim("nbf", at.as_seconds())
    }

    /// When it ends.
    pub fn expires_at(self, at: Timestamp) -> Self {
        self.claim("exp", at.as_seconds())
    }

    /// Ends it this many days after it was signed.
    pub fn days(self, days: i64) -> Self {
        let issued_at = self.claims["iat"].as_i64().unwrap_or_default();
        self.claim("exp", issued_at + days * 86_400)
    }

    /// The claims as they stand.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Signs the license.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    pub fn sign(self) -> Token {
        self.vendor.key.sign(&self.claims).expect("the license can be signed")
    }

    /// Signs the license and puts it in force.
    ///
    /// # Panics
    ///
    /// If it does not verify.
    pub fn install(self, licensing: &Licensing) {
        let token = self.sign();
        let verified = licensing.verify(token.as_str().as_bytes()).expect("the license verifies");
        licensing.install_in_memory(&verified);
    }
}

/// A shared [`ManualClock`] and a handle that lives by it.
///
/// # Panics
///
/// If the vendor's product is not valid.
pub fn licensing(vendor: &Vendor) -> (Licensing, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let licensing = Licensing::with_clock(vendor.verifier(), Arc::clone(&clock) as Arc<dyn Clock>);
    (licensing, clock)
}
