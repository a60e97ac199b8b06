//! Claims as JSON: reading them strictly, and writing them where a product's
//! dialect wants them.

use serde_json::{Map, Value, map::Entry};

use super::IssueError;
use crate::{
    Claim, DomainPattern, Fingerprint, InstallError, License, Limit, Product, Timestamp, Verifier,
    token,
};

/// Reads a payload from JSON text: one object, no member twice at any level.
///
/// # Errors
///
/// `claims_invalid`.
pub fn read_claims(json: &[u8]) -> Result<Map<String, Value>, InstallError> {
    token::payload_object(json)
}

/// Binds claims that stand ready to a machine, and lets them reset the clock
/// guard of a service whose mark is at most `clock_reset_from`.
///
/// # Errors
///
/// [`IssueError::UnsupportedDialect`], [`IssueError::Overlap`].
pub fn bind_claims(
    product: &Product,
    claims: Map<String, Value>,
    machine: Option<&Fingerprint>,
    clock_reset_from: Option<Timestamp>,
) -> Result<Map<String, Value>, IssueError> {
    let mut payload = Payload::new(product, claims)?;
    if let Some(machine) = machine {
        payload.machine(machine)?;
    }
    if clock_reset_from.is_some() {
        payload.time("clock_reset_from", clock_reset_from);
    }
    Ok(payload.into_claims())
}

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

    /// Writes one limit at its place.
    pub(super) fn limit(&mut self, name: &str, limit: &Limit) -> Result<(), IssueError> {
        let value = match limit {
            Limit::Unlimited => Value::Null,
            Limit::Max(max) => Value::from(*max),
            Limit::Names(names) => names.iter().cloned().collect(),
        };
        self.put(&self.product.dialect().limit_pointer(name), value, false)
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
        let mut tokens: Vec<String> = pointer
            .split('/')
            .skip(1)
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect();
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

/// Judges claims as the product's verifier will.
pub(super) fn check(product: &Product, claims: &Map<String, Value>) -> Result<License, IssueError> {
    Verifier::check_claims(product, claims).map_err(IssueError::Refused)
}

/// Refuses features and limits that the product's profile does not list.
pub(super) fn refuse_unknown(product: &Product, license: &License) -> Result<(), IssueError> {
    if let Some(feature) = license.unknown_features().next() {
        return Err(IssueError::UnknownFeature(feature.to_owned()));
    }
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
    unknown.map_or(Ok(()), |name| Err(IssueError::UnknownLimit(name.clone())))
}
