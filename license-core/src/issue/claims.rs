//! Claims as JSON: reading them strictly, and writing them where a product's
//! dialect wants them.

use serde_json::{Map, Value, map::Entry};

use super::{IssueError, Unknown};
use crate::{
    host::DomainPattern,
    license::{ClockReset, License, Limit},
    machine::Fingerprint,
    product::{Claim, Product},
    received::{self, Damage, Wanted},
    refusal::{InstallError, InstallErrorKind},
    time::Timestamp,
    token,
    verify::Verifier,
};

/// Reads a payload from JSON text: one object, no member twice at any level. A
/// byte order mark and UTF-16 of ASCII are read over.
///
/// # Errors
///
/// `claims_invalid`, naming what was given instead where that is seen.
pub fn read_claims(json: &[u8]) -> Result<Map<String, Value>, InstallError> {
    let text = received::text(json);
    let bytes = text.as_deref().map_or(json, str::as_bytes);
    token::payload_object(bytes).map_err(|error| match Damage::of_bytes(json, Wanted::Claims) {
        Some(damage) => InstallError::because(InstallErrorKind::ClaimsInvalid, damage),
        None => error,
    })
}

/// Binds claims that stand ready to a machine, and lets them set a clock right
/// that once ran ahead there.
///
/// # Errors
///
/// [`IssueError::UnsupportedDialect`], [`IssueError::Overlap`].
pub fn bind_claims(
    product: &Product,
    claims: Map<String, Value>,
    machine: Option<&Fingerprint>,
    clock_reset: Option<&ClockReset>,
) -> Result<Map<String, Value>, IssueError> {
    let mut payload = Payload::new(product, claims)?;
    if let Some(machine) = machine {
        payload.machine(machine)?;
    }
    if clock_reset.is_some() {
        payload.clock_reset(clock_reset);
    }
    Ok(payload.into_claims())
}

/// Names the installation whose clock a license may set right.
const RESET_FOR: &str = "clock_reset_for";

/// A payload under construction in a product's dialect.
#[derive(Debug)]
pub(super) struct Payload<'a> {
    product: &'a Product,
    claims: Value,
}

impl<'a> Payload<'a> {
    pub(super) fn new(
        product: &'a Product,
        claims: Map<String, Value>,
    ) -> Result<Self, IssueError> {
        if product.dialect().translate.is_some() {
            return Err(IssueError::UnsupportedDialect);
        }
        Ok(Self { product, claims: Value::Object(claims) })
    }

    /// Writes a fact at its place.
    pub(super) fn fact(&mut self, claim: Claim, value: impl Into<Value>) -> Result<(), IssueError> {
        self.put(self.product.dialect().pointer(claim), value.into(), false)
    }

    /// Writes a fact at its place, whatever stands there.
    pub(super) fn set_fact(
        &mut self,
        claim: Claim,
        value: impl Into<Value>,
    ) -> Result<(), IssueError> {
        self.put(self.product.dialect().pointer(claim), value.into(), true)
    }

    /// Removes a fact from its place, if it is there.
    pub(super) fn drop_fact(&mut self, claim: Claim) {
        let pointer = self.product.dialect().pointer(claim);
        let Some((parent, name)) = pointer.rsplit_once('/') else { return };
        if let Some(Value::Object(members)) = self.claims.pointer_mut(parent) {
            members.remove(&unescaped(name));
        }
    }

    /// Writes one limit at its place.
    pub(super) fn limit(&mut self, name: &str, limit: &Limit) -> Result<(), IssueError> {
        self.put(&self.product.dialect().limit_pointer(name), limit_value(limit), false)
    }

    /// Writes one limit at its place, whatever stands there.
    pub(super) fn set_limit(&mut self, name: &str, limit: &Limit) -> Result<(), IssueError> {
        self.put(&self.product.dialect().limit_pointer(name), limit_value(limit), true)
    }

    /// Writes what the product demands of every license.
    pub(super) fn required(&mut self) -> Result<(), IssueError> {
        let product = self.product;
        product
            .dialect()
            .require
            .iter()
            .try_for_each(|(pointer, value)| self.put(pointer, value.clone(), false))
    }

    /// Binds the license to a machine, whatever it was bound to.
    pub(super) fn machine(&mut self, machine: &Fingerprint) -> Result<(), IssueError> {
        self.put(self.product.dialect().pointer(Claim::Machine), machine.as_str().into(), true)
    }

    /// Binds the license to a domain, whatever it was bound to.
    pub(super) fn domain(&mut self, domain: &DomainPattern) -> Result<(), IssueError> {
        self.put(self.product.dialect().pointer(Claim::Domain), domain.as_str().into(), true)
    }

    /// Writes a time at the top level, or removes it.
    pub(super) fn time(&mut self, name: &str, at: Option<Timestamp>) {
        if let Value::Object(claims) = &mut self.claims {
            match at {
                Some(at) => claims.insert(name.to_owned(), at.as_seconds().into()),
                None => claims.remove(name),
            };
        }
    }

    /// Writes which clock the license may set right, or removes it.
    pub(super) fn clock_reset(&mut self, reset: Option<&ClockReset>) {
        self.time("clock_reset_from", reset.map(|reset| reset.from));
        if let Value::Object(claims) = &mut self.claims {
            match reset {
                Some(reset) => {
                    claims.insert(RESET_FOR.to_owned(), reset.installation.as_str().into())
                }
                None => claims.remove(RESET_FOR),
            };
        }
    }

    pub(super) fn has(&self, pointer: &str) -> bool {
        self.claims.pointer(pointer).is_some()
    }

    pub(super) fn into_claims(self) -> Map<String, Value> {
        match self.claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }

    /// Writes a value at a JSON pointer, with the objects on the way to it.
    fn put(&mut self, pointer: &str, value: Value, replace: bool) -> Result<(), IssueError> {
        let overlap = || IssueError::Overlap(pointer.to_owned());
        let mut tokens: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
        let last = tokens.pop().ok_or_else(overlap)?;
        let mut parent = &mut self.claims;
        for token in tokens {
            let Value::Object(members) = parent else { return Err(overlap()) };
            parent = members.entry(token).or_insert_with(|| Value::Object(Map::new()));
            if replace && parent.is_null() {
                *parent = Value::Object(Map::new());
            }
        }
        let Value::Object(members) = parent else { return Err(overlap()) };
        match members.entry(last) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) if replace || *entry.get() == value => {
                entry.insert(value);
            }
            Entry::Occupied(_) => return Err(overlap()),
        }
        Ok(())
    }
}

fn limit_value(limit: &Limit) -> Value {
    match limit {
        Limit::Unlimited => Value::Null,
        Limit::Max(max) => Value::from(*max),
        Limit::Names(names) => names.iter().cloned().collect(),
    }
}

/// One step of a JSON pointer as the name of a member.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// Judges claims as the product's verifier will. Whoever signs is told which
/// plan is unknown, and which ones are not.
pub(super) fn check(product: &Product, claims: &Map<String, Value>) -> Result<License, IssueError> {
    Verifier::check_claims(product, claims).map_err(|refusal| {
        let plan = || {
            let claims = Value::Object(claims.clone());
            let plan = claims.pointer(product.dialect().pointer(Claim::Plan));
            let plan = plan.and_then(Value::as_str).filter(|_| product.known_plans_only());
            let plan = plan.filter(|plan| !product.plans().contains_key(*plan))?;
            Some(IssueError::UnknownPlan(Unknown::among(plan, product.plans().keys())))
        };
        let invalid = refusal.kind() == InstallErrorKind::ClaimsInvalid;
        invalid.then(plan).flatten().unwrap_or(IssueError::Refused(refusal))
    })
}

/// Refuses a feature that the product's profile does not list.
pub(super) fn known_feature(product: &Product, name: &str) -> Result<(), IssueError> {
    let features = product.features();
    if features.contains_key(name) {
        return Ok(());
    }
    Err(IssueError::UnknownFeature(Unknown::among(name, features.keys())))
}

/// Refuses a limit that the product's profile does not list.
pub(super) fn known_limit(product: &Product, name: &str) -> Result<(), IssueError> {
    let limits = product.limits();
    if limits.contains_key(name) {
        return Ok(());
    }
    Err(IssueError::UnknownLimit(Unknown::among(name, limits.keys())))
}

/// Refuses features and limits that the product's profile does not list.
pub(super) fn refuse_unknown(product: &Product, license: &License) -> Result<(), IssueError> {
    license.unknown_features().try_for_each(|feature| known_feature(product, feature))?;
    let dialect = product.dialect();
    let placed = |pointer: &str| {
        dialect.pointers.values().chain(dialect.require.keys()).any(|other| {
            other.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let unknown = license.limits().keys().find(|name| {
        // A claim placed among the limits is not one of them.
        !product.limits().contains_key(*name) && !placed(&dialect.limit_pointer(name))
    });
    unknown.map_or(Ok(()), |name| known_limit(product, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_signed_as_it_was_read_to_the_last_digit_that_fits() {
        let claims = br#"{"a":108928512198033138686,"b":0.1,"c":2.2250738585072011e-308}"#;
        let read = read_claims(claims).unwrap();
        let text = Value::Object(read.clone()).to_string();
        assert_eq!(read_claims(text.as_bytes()).unwrap(), read, "{text}");
    }
}
