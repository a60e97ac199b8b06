//! Building a product, and checking that it makes sense.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Claim, Contact, Dialect, Message, Messages, Pages, Plan, Product, ProductError, Profile,
};
use crate::{
    key::{Algorithm, RSA_MIN_BITS},
    license::{Limit, LimitKind, is_valid_feature_name},
    machine::MachineScheme,
    policy::Policy,
    token::TokenType,
};

/// A product profile under construction; built by value.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProductBuilder {
    profile: Profile,
    messages: Vec<Message>,
}

impl ProductBuilder {
    pub(super) fn new(name: String, issuer: String, audience: String) -> Self {
        let profile = Profile {
            name,
            issuer,
            audience,
            token_type: TokenType::default(),
            algorithms: vec![Algorithm::Es256],
            min_rsa_bits: RSA_MIN_BITS,
            machine: vec![MachineScheme::MachineId],
            dialect: Dialect::default(),
            policy: Policy::default(),
            features: BTreeMap::new(),
            limits: BTreeMap::new(),
            limit_defaults: BTreeMap::new(),
            plans: BTreeMap::new(),
            known_plans_only: false,
            messages: Messages::default(),
            contact: Contact::default(),
            pages: Pages::default(),
        };
        Self { profile, messages: Vec::new() }
    }

    /// The `typ` its tokens may carry. Default `license+jwt` only.
    pub fn token_type(mut self, token_type: TokenType) -> Self {
        self.profile.token_type = token_type;
        self
    }

    /// The signature algorithms it accepts. Default ES256.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.profile.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The smallest RSA key it accepts, in bits; 3072 at least, the default.
    pub fn min_rsa_bits(mut self, bits: usize) -> Self {
        self.profile.min_rsa_bits = bits;
        self
    }

    /// By what its machines are known, the first before the others. Default
    /// the machine id alone.
    pub fn machine_ladder(mut self, rungs: impl IntoIterator<Item = MachineScheme>) -> Self {
        self.profile.machine = rungs.into_iter().collect();
        self
    }

    /// What it makes of the phases of a license.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.profile.policy = policy;
        self
    }

    /// A feature that it knows, with a title for people.
    pub fn feature(mut self, name: impl Into<String>, title: impl Into<String>) -> Self {
        self.profile.features.insert(name.into(), title.into());
        self
    }

    /// A limit that it knows.
    pub fn limit(mut self, name: impl Into<String>, kind: LimitKind) -> Self {
        self.profile.limits.insert(name.into(), kind);
        self
    }

    /// What a limit is where neither a license nor its plan names it. Default
    /// 0, or no name.
    pub fn limit_default(mut self, name: impl Into<String>, limit: Limit) -> Self {
        self.profile.limit_defaults.insert(name.into(), limit);
        self
    }

    /// A plan.
    pub fn plan(mut self, name: impl Into<String>, plan: Plan) -> Self {
        self.profile.plans.insert(name.into(), plan);
        self
    }

    /// Whether a license of a plan that is not listed is refused. Default no.
    pub fn known_plans_only(mut self, only: bool) -> Self {
        self.profile.known_plans_only = only;
        self
    }

    /// Places a claim at a JSON pointer.
    pub fn claim(mut self, claim: Claim, pointer: impl Into<String>) -> Self {
        self.profile.dialect.pointers.insert(claim, pointer.into());
        self
    }

    /// Places one limit, a number or a list of names, at a JSON pointer.
    pub fn limit_claim(mut self, limit: impl Into<String>, pointer: impl Into<String>) -> Self {
        self.profile.dialect.limits.insert(limit.into(), pointer.into());
        self
    }

    /// Demands that the claim at a JSON pointer has exactly this value.
    pub fn require(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.profile.dialect.require.insert(pointer.into(), value.into());
        self
    }

    /// Lets licenses leave this claim out.
    pub fn optional(mut self, claim: Claim) -> Self {
        self.profile.dialect.optional.insert(claim);
        self
    }

    /// A line that it logs about its license.
    pub fn message(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// Whom its customers ask for a license.
    pub fn contact(mut self, contact: Contact) -> Self {
        self.profile.contact = contact;
        self
    }

    /// How its license pages look and what they say.
    pub fn pages(mut self, pages: Pages) -> Self {
        self.profile.pages = pages;
        self
    }

    /// A dialect that no pointer can express: turns the verified payload into
    /// one of the standard form before its claims are read.
    pub fn translate(
        mut self,
        translate: impl Fn(&Map<String, Value>) -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        self.profile.dialect.translate = Some(Arc::new(translate));
        self
    }

    /// The product.
    ///
    /// # Errors
    ///
    /// The first member that makes no sense, by name.
    pub fn build(self) -> Result<Product, ProductError> {
        let Self { mut profile, messages } = self;
        profile.messages = Messages::read(messages)?;
        for (member, text) in
            [("name", &profile.name), ("issuer", &profile.issuer), ("audience", &profile.audience)]
        {
            if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
                return Err(ProductError::new(format!("`{member}` must be 1 to 256 characters")));
            }
        }
        if profile.algorithms.is_empty() {
            return Err(ProductError::new("`algorithms` must name at least one"));
        }
        if profile.min_rsa_bits < RSA_MIN_BITS {
            return Err(ProductError::new(format!(
                "`min_rsa_bits` must be at least {RSA_MIN_BITS}"
            )));
        }
        check_machine(&profile)?;
        profile.contact.check()?;
        profile.pages.check()?;
        check_features(&profile)?;
        check_dialect(&profile)?;
        check_plans(&profile)?;
        check_limits(&profile, &profile.limit_defaults, |name| format!("limits.{name}.default"))?;
        for (code, status) in &profile.policy.status {
            if !(400..=599).contains(status) {
                let message = format!("`policy.status.{code}` must be between 400 and 599");
                return Err(ProductError::new(message));
            }
        }
        Ok(Product(Arc::new(profile)))
    }
}

fn check_machine(profile: &Profile) -> Result<(), ProductError> {
    let rungs = &profile.machine;
    if rungs.is_empty() {
        return Err(ProductError::new("`machine` must name at least one"));
    }
    match rungs.iter().enumerate().find(|(at, rung)| rungs[..*at].contains(rung)) {
        Some((_, twice)) => Err(ProductError::new(format!("`machine` names `{twice}` twice"))),
        None => Ok(()),
    }
}

fn check_features(profile: &Profile) -> Result<(), ProductError> {
    let listed = profile.features.keys();
    let limits = profile.limits.keys();
    for name in listed.chain(limits) {
        if !is_valid_feature_name(name) {
            return Err(ProductError::new(format!(
                "`{name}` is not a valid feature or limit name"
            )));
        }
    }
    Ok(())
}

fn check_dialect(profile: &Profile) -> Result<(), ProductError> {
    let dialect = &profile.dialect;
    let pointers = dialect.pointers.values().chain(dialect.limits.values());
    for pointer in pointers.chain(dialect.require.keys()) {
        if !pointer.starts_with('/') {
            return Err(ProductError::new(format!(
                "`{pointer}` is not a JSON pointer; it must begin with a slash"
            )));
        }
    }
    if let Some(limit) = dialect.limits.keys().find(|limit| !profile.limits.contains_key(*limit)) {
        let message = format!("`claims` places the limit `{limit}`, which `limits` does not list");
        return Err(ProductError::new(message));
    }
    if dialect.has_limit_pointers() && dialect.pointers.contains_key(&Claim::Limits) {
        return Err(ProductError::new(
            "`claims.limits` is either one pointer or one for each limit",
        ));
    }
    Ok(())
}

fn check_plans(profile: &Profile) -> Result<(), ProductError> {
    for (name, plan) in &profile.plans {
        let features = plan.features.iter().flatten().chain(&plan.withheld);
        if let Some(feature) = features.into_iter().find(|it| !profile.features.contains_key(*it)) {
            return Err(ProductError::new(format!(
                "`plans.{name}` names the feature `{feature}`, which `features` does not list"
            )));
        }
        check_limits(profile, &plan.limits, |limit| format!("plans.{name}.limits.{limit}"))?;
    }
    Ok(())
}

/// Whether limits are known and fit their kind.
fn check_limits(
    profile: &Profile,
    limits: &BTreeMap<String, Limit>,
    member: impl Fn(&str) -> String,
) -> Result<(), ProductError> {
    for (name, limit) in limits {
        let kind = profile.limits.get(name).ok_or_else(|| {
            let member = member(name);
            ProductError::new(format!(
                "`{member}` names the limit `{name}`, which `limits` does not list"
            ))
        })?;
        let names = matches!(limit, Limit::Names(_));
        if limit != &Limit::Unlimited && names != (*kind == LimitKind::Names) {
            return Err(ProductError::new(format!("`{}` does not fit its kind", member(name))));
        }
    }
    Ok(())
}
