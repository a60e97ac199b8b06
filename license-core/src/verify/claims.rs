//! From verified claims to a [`License`], through the product's dialect.
//!
//! The signature, the issuer, the audience and duplicate members have been
//! checked before (see [`keyring`](crate::Keyring)). Every failure here names the
//! claim and never its value.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

use crate::{
    license::{ClockReset, Customer, License, Limit, LimitKind, Term},
    machine::Fingerprint,
    product::{Claim, Plan, Presence, Product},
    refusal::{Check, InstallError, InstallErrorKind},
    time::{Timestamp, guard::LATEST_PLAUSIBLE},
    token::json,
};

/// The latest `exp`: no clock is believed beyond it.
const MAX_SECONDS: u64 = LATEST_PLAUSIBLE.as_seconds().unsigned_abs();
const MAX_TEXT: usize = 256;
const MAX_FEATURES: usize = 512;
const MAX_LIMITS: usize = 64;

/// The claims that every license has, `iss` and `aud` as `vendor` and `ours`.
pub(super) fn check_registered(
    vendor: &str,
    ours: &str,
    claims: &Map<String, Value>,
) -> Result<(), InstallError> {
    let unusable = |claim: &str, shape: &str| match claims.contains_key(claim) {
        true => invalid(format_args!("the claim `{claim}` must be {shape}")),
        false => invalid(format_args!("the claim `{claim}` is missing")),
    };
    let is_issued = is_issued_by(vendor, claims).ok_or_else(|| unusable("iss", "one string"))?;
    let shape = "a string or an array of strings";
    let is_named = is_for(ours, claims).ok_or_else(|| unusable("aud", shape))?;
    match claims.get("exp").map(Value::as_u64) {
        Some(Some(0..=MAX_SECONDS)) => {}
        Some(_) => {
            return Err(invalid("the claim `exp` must be an integer from 0 to 253402300799"));
        }
        None => return Err(invalid("the claim `exp` is missing")),
    }
    if !is_issued {
        return Err(InstallErrorKind::IssuerMismatch.into());
    }
    if is_named { Ok(()) } else { Err(InstallErrorKind::AudienceMismatch.into()) }
}

/// Whether this vendor issued it; `None` where it names none.
pub(super) fn is_issued_by(vendor: &str, claims: &Map<String, Value>) -> Option<bool> {
    Some(claims.get("iss")?.as_str()? == vendor)
}

/// Whether it is for this product; `None` where it names none.
pub(super) fn is_for(ours: &str, claims: &Map<String, Value>) -> Option<bool> {
    match claims.get("aud")? {
        Value::String(audience) => Some(audience == ours),
        Value::Array(audiences)
            if !audiences.is_empty() && audiences.iter().all(Value::is_string) =>
        {
            Some(audiences.iter().any(|audience| audience == ours))
        }
        _ => None,
    }
}

/// Reads the license from a payload.
///
/// # Errors
///
/// `claims_invalid` with the claim in the detail; `domain_invalid`.
pub(crate) fn read(
    payload: Map<String, Value>,
    product: &Product,
) -> Result<License, InstallError> {
    let payload = match &product.dialect().translate {
        Some(translate) => translate(&payload),
        None => payload,
    };
    Reader { payload: Value::Object(payload), product }.license()
}

struct Reader<'a> {
    payload: Value,
    product: &'a Product,
}

fn invalid(what: impl fmt::Display) -> InstallError {
    InstallError::because(InstallErrorKind::ClaimsInvalid, what)
}

/// A claim that the plan does not allow.
fn against_plan(what: impl fmt::Display) -> InstallError {
    invalid(what).at(Check::Plan)
}

impl Reader<'_> {
    fn license(&self) -> Result<License, InstallError> {
        for (pointer, expected) in &self.product.dialect().require {
            if json::at(&self.payload, pointer) != Ok(Some(expected)) {
                let claim = Dotted(pointer);
                return Err(invalid(format_args!(
                    "the claim `{claim}` is not what the product requires"
                )));
            }
        }
        let issued_at = self.instant("/iat")?.ok_or_else(|| missing("/iat"))?;
        let expires_at = self.instant("/exp")?.ok_or_else(|| missing("/exp"))?;
        let not_before = self.instant("/nbf")?;
        if issued_at > expires_at {
            return Err(invalid("the claim `iat` lies after `exp`"));
        }
        if not_before.is_some_and(|not_before| not_before > expires_at) {
            return Err(invalid("the claim `nbf` lies after `exp`"));
        }
        let plan = self.text(Claim::Plan)?.unwrap_or_default();
        let rules = self.product.plans().get(&plan);
        if rules.is_none() && self.product.known_plans_only() {
            let claim = Dotted(self.product.dialect().pointer(Claim::Plan));
            return Err(against_plan(format_args!(
                "the claim `{claim}` is not a plan of this product"
            )));
        }
        let mut signed_features = self.features(rules)?;
        let known = self.product.features();
        if let Some(plan) = rules {
            signed_features.retain(|feature| !plan.withheld.contains(feature));
        }
        let unknown = signed_features.iter().enumerate();
        let unknown = unknown.filter(|(_, feature)| !known.contains_key(*feature));
        let unknown_features = unknown.map(|(at, _)| at).collect();
        Ok(License {
            id: self.text(Claim::Id)?.unwrap_or_default(),
            customer: Customer {
                id: self.text(Claim::CustomerId)?.unwrap_or_default(),
                name: self.text(Claim::CustomerName)?.unwrap_or_default(),
                email: self.optional_text(Claim::CustomerEmail)?,
            },
            plan,
            issued_at,
            term: Term { not_before, expires_at },
            // Only for who renews it: another meaning that a vendor's tools
            // give the name is none of ours.
            term_from: self.instant("/term_from").ok().flatten().filter(|at| *at < expires_at),
            features: signed_features.iter().cloned().collect(),
            signed_features,
            unknown_features,
            limits: self.limits(rules)?,
            machine: self.machine(rules)?,
            clock_reset: self.clock_reset()?,
            // Last, since it has a code of its own.
            domain: self.domain(rules)?,
        })
    }

    /// The claim at a pointer, `None` when it is absent. It is not absent
    /// because a claim on the way to it cannot hold others: that would drop a
    /// binding or a limit without a word.
    fn at(&self, pointer: &str) -> Result<Option<&Value>, InstallError> {
        json::at(&self.payload, pointer).map_err(|holder| {
            let claim = Dotted(holder);
            invalid(format_args!("the claim `{claim}` must be an object"))
        })
    }

    /// An optional time: whole seconds since the epoch.
    fn instant(&self, pointer: &str) -> Result<Option<Timestamp>, InstallError> {
        let claim = Dotted(pointer);
        let Some(value) = self.at(pointer)? else { return Ok(None) };
        value
            .as_u64()
            .filter(|seconds| *seconds <= MAX_SECONDS)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(|seconds| Some(Timestamp::from_seconds(seconds)))
            .ok_or_else(|| {
                invalid(format_args!(
                    "the claim `{claim}` must be a whole number of seconds from 0 to {MAX_SECONDS}"
                ))
            })
    }

    /// A text that is required unless the profile says otherwise.
    fn text(&self, claim: Claim) -> Result<Option<String>, InstallError> {
        match self.optional_text(claim)? {
            Some(text) => Ok(Some(text)),
            None if self.product.dialect().optional.contains(&claim) => Ok(None),
            None => Err(missing(self.product.dialect().pointer(claim))),
        }
    }

    fn optional_text(&self, claim: Claim) -> Result<Option<String>, InstallError> {
        let pointer = self.product.dialect().pointer(claim);
        self.at(pointer)?.map(|value| text(pointer, value).map(str::to_owned)).transpose()
    }

    /// The reset of a clock: one that names no installation resets nothing.
    fn clock_reset(&self) -> Result<Option<ClockReset>, InstallError> {
        const FOR: &str = "/clock_reset_for";
        let from = self.instant("/clock_reset_from")?;
        let installation = self.at(FOR)?.map(|value| text(FOR, value)).transpose()?;
        Ok(from.zip(installation).map(|(from, of)| ClockReset::new(from, of)))
    }

    /// The features in the order of the claim, each once.
    fn features(&self, plan: Option<&Plan>) -> Result<Vec<String>, InstallError> {
        let pointer = self.product.dialect().pointer(Claim::Features);
        let claim = Dotted(pointer);
        let Some(value) = self.at(pointer)? else {
            let silent = plan.and_then(|plan| plan.features.as_ref());
            let silent = silent.map(|features| features.iter().cloned().collect());
            let optional = self.product.dialect().optional.contains(&Claim::Features);
            return silent.or_else(|| optional.then(Vec::new)).ok_or_else(|| missing(pointer));
        };
        let mut seen = BTreeSet::new();
        let mut features: Vec<&str> = names(pointer, value)?;
        features.retain(|name| seen.insert(*name));
        if features.len() > MAX_FEATURES {
            return Err(invalid(format_args!(
                "the claim `{claim}` lists more than {MAX_FEATURES}"
            )));
        }
        Ok(features.into_iter().map(str::to_owned).collect())
    }

    fn limits(&self, plan: Option<&Plan>) -> Result<BTreeMap<String, Limit>, InstallError> {
        let dialect = self.product.dialect();
        let mut limits = BTreeMap::new();
        if !dialect.has_limit_pointers() {
            let pointer = dialect.pointer(Claim::Limits);
            let claim = Dotted(pointer);
            match self.at(pointer)? {
                Some(Value::Object(members)) => {
                    if members.len() > MAX_LIMITS {
                        return Err(invalid(format_args!(
                            "the claim `{claim}` has more than {MAX_LIMITS} members"
                        )));
                    }
                    // Limits that the product does not know are kept where
                    // they read as limits.
                    for (name, value) in members {
                        let known = self.product.limits().contains_key(name);
                        if let (false, Ok(value)) = (known, limit(pointer, value, None)) {
                            limits.insert(name.clone(), value);
                        }
                    }
                }
                Some(_) => {
                    return Err(invalid(format_args!("the claim `{claim}` must be an object")));
                }
                None if dialect.optional.contains(&Claim::Limits)
                    || self.product.has_limit_defaults()
                    || plan.is_some_and(|plan| !plan.limits.is_empty()) => {}
                None => return Err(missing(pointer)),
            }
        }
        for (name, kind) in self.product.limits() {
            let pointer = dialect.limit_pointer(name);
            let value = match self.at(&pointer)? {
                Some(value) => limit(&pointer, value, Some(*kind))?,
                None => plan
                    .and_then(|plan| plan.limits.get(name))
                    .cloned()
                    .unwrap_or_else(|| self.product.limit_default(name)),
            };
            limits.insert(name.clone(), value);
        }
        Ok(limits)
    }

    fn machine(&self, plan: Option<&Plan>) -> Result<Option<Fingerprint>, InstallError> {
        let Some(value) = self.binding(Claim::Machine, plan.map(|plan| plan.machine))? else {
            return Ok(None);
        };
        let claim = Dotted(self.product.dialect().pointer(Claim::Machine));
        let parsed = value.parse().map_err(|_| {
            invalid(format_args!("the claim `{claim}` is not a machine fingerprint"))
        })?;
        Ok(Some(parsed))
    }

    fn domain(
        &self,
        plan: Option<&Plan>,
    ) -> Result<Option<crate::host::DomainPattern>, InstallError> {
        let Some(value) = self.binding(Claim::Domain, plan.map(|plan| plan.domain))? else {
            return Ok(None);
        };
        let parsed = value.parse().map_err(|error| {
            InstallError::new(InstallErrorKind::DomainInvalid).with_source(format!("{error}"))
        })?;
        Ok(Some(parsed))
    }

    /// A binding, present as the plan demands; `null` is absent.
    fn binding(
        &self,
        claim: Claim,
        presence: Option<Presence>,
    ) -> Result<Option<&str>, InstallError> {
        let pointer = self.product.dialect().pointer(claim);
        let claim = Dotted(pointer);
        let value = self.at(pointer)?.filter(|value| !value.is_null());
        match (value, presence.unwrap_or_default()) {
            (None, Presence::Required) => Err(against_plan(format_args!(
                "the claim `{claim}` is missing, and licenses of this plan must have it"
            ))),
            (Some(_), Presence::Forbidden) => Err(against_plan(format_args!(
                "the claim `{claim}` is present, and licenses of this plan must not have it"
            ))),
            (value, _) => value.map(|value| text(pointer, value)).transpose(),
        }
    }
}

/// A JSON pointer as people name the claim: `/customer/id` is `customer.id`.
struct Dotted<'a>(&'a str);

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.trim_start_matches('/').replace('/', "."))
    }
}

fn missing(pointer: &str) -> InstallError {
    let claim = Dotted(pointer);
    invalid(format_args!("the claim `{claim}` is missing"))
}

fn text<'v>(pointer: &str, value: &'v Value) -> Result<&'v str, InstallError> {
    let claim = Dotted(pointer);
    match value.as_str() {
        Some(text) if !text.is_empty() && has_at_most(MAX_TEXT, text) => Ok(text),
        _ => Err(invalid(format_args!(
            "the claim `{claim}` must be a text of 1 to {MAX_TEXT} characters"
        ))),
    }
}

/// Whether a text has at most so many characters; counts those of a long one
/// only.
fn has_at_most(characters: usize, text: &str) -> bool {
    text.len() <= characters || text.chars().count() <= characters
}

fn names<'v, C>(pointer: &str, value: &'v Value) -> Result<C, InstallError>
where
    C: FromIterator<&'v str>,
{
    let claim = Dotted(pointer);
    let list = value
        .as_array()
        .ok_or_else(|| invalid(format_args!("the claim `{claim}` must be an array of texts")))?;
    list.iter().map(|name| text(pointer, name)).collect()
}

/// A limit of a known kind, or of the kind its value suggests.
fn limit(pointer: &str, value: &Value, kind: Option<LimitKind>) -> Result<Limit, InstallError> {
    let claim = Dotted(pointer);
    match (value, kind) {
        (Value::Null, _) => Ok(Limit::Unlimited),
        (Value::Array(_), None | Some(LimitKind::Names)) => {
            let names: BTreeSet<&str> = names(pointer, value)?;
            if names.len() > MAX_FEATURES {
                return Err(invalid(format_args!(
                    "the claim `{claim}` lists more than {MAX_FEATURES}"
                )));
            }
            Ok(Limit::Names(names.into_iter().map(str::to_owned).collect()))
        }
        (_, Some(LimitKind::Names)) => {
            Err(invalid(format_args!("the claim `{claim}` must be an array of texts or null")))
        }
        (value, _) => value.as_u64().map(Limit::Max).ok_or_else(|| {
            invalid(format_args!("the claim `{claim}` must be a whole number, 0 or more, or null"))
        }),
    }
}
