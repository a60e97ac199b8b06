//! What a license is to say: from flags, or from a file that says the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use clap::Args;
use license_core::{
    DomainPattern, Fingerprint, InstallErrorKind, Limit, Product, Timestamp,
    host::DomainPatternError, issue::LicenseSpec, received::Wanted, time::ParseTimestampError,
};
use serde::Deserialize;

use crate::{
    failure::{Failure, missing_flags, missing_members},
    read, time,
};

/// The facts as flags.
#[derive(Args)]
pub(crate) struct FactArgs {
    /// The license's id [default: lic_ and random digits].
    #[arg(long)]
    id: Option<String>,
    /// Your id of the customer.
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
    /// The customer's name.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// The customer's e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// The plan.
    #[arg(long)]
    plan: Option<String>,
    /// Features; without any, those of the plan.
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "F")]
    feature: Vec<String>,
    /// Limits that are numbers.
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "NAME=N|unlimited")]
    limit: Vec<String>,
    /// Limits that are lists of names, as in `connectors=slack,github`.
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "LIMIT=NAME")]
    name: Vec<String>,
    /// The host name, or `*.name`, that the license is bound to.
    #[arg(long, value_name = "PATTERN")]
    domain: Option<String>,
    /// When the license begins: a date, or an RFC 3339 time [default: it has
    /// always begun].
    #[arg(long, value_name = "DATE", value_parser = time::moment)]
    not_before: Option<Timestamp>,
    #[command(flatten)]
    term: TermArgs,
}

/// When a license ends.
#[derive(Args)]
#[group(id = "term", multiple = false)]
pub(crate) struct TermArgs {
    /// The last day of the term in UTC, or the RFC 3339 time of its end.
    #[arg(long, value_name = "DATE", value_parser = Timestamp::parse_end)]
    pub(crate) expires: Option<Timestamp>,
    /// The length of the term in days, from its beginning or from now.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_000_000))]
    pub(crate) days: Option<u32>,
}

/// The facts as a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecToml {
    id: Option<String>,
    #[serde(default)]
    customer: CustomerToml,
    plan: Option<String>,
    features: Option<Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<String, LimitToml>,
    domain: Option<String>,
    machine: Option<String>,
    not_before: Option<DateToml>,
    expires: Option<DateToml>,
    days: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerToml {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// TOML has no null: unlimited is written out.
#[derive(Deserialize)]
#[serde(untagged)]
enum LimitToml {
    Max(u64),
    Word(String),
    Names(BTreeSet<String>),
}

/// A date with or without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum DateToml {
    Text(String),
    Date(toml::value::Datetime),
}

impl FactArgs {
    pub(crate) fn spec(self, now: Timestamp, product: &Product) -> Result<LicenseSpec, Failure> {
        let begins_at = self.not_before.unwrap_or(now);
        let of_days = |count| begins_at.saturating_add(time::days(count));
        let expires_at = self.term.expires.or(self.term.days.map(of_days));
        let mut spec = LicenseSpec::new(now, expires_at.unwrap_or(Timestamp::MAX));
        spec.id = self.id;
        spec.customer_id = self.customer_id;
        spec.customer_name = self.customer;
        spec.customer_email = self.email;
        spec.plan = self.plan;
        spec.features = (!self.feature.is_empty()).then_some(self.feature);
        spec.limits = all_limits(&self.limit, &self.name)?;
        spec.domain = self.domain.as_deref().map(domain).transpose()?;
        spec.not_before = self.not_before;
        missing_flags(&spec.missing(product), expires_at.is_none()).map_or(Ok(spec), Err)
    }
}

/// The limits of `--limit` and of `--name`.
pub(crate) fn all_limits(
    given: &[String],
    lists: &[String],
) -> Result<BTreeMap<String, Limit>, Failure> {
    let mut limits = limits(given)?;
    for (name, names) in names(lists)? {
        if limits.insert(name.clone(), Limit::Names(names)).is_some() {
            return Err(Failure::usage(format!(
                "{name:?} is given to --limit and --name; a number and `unlimited` go to --limit, \
                 a list to --name"
            )));
        }
    }
    Ok(limits)
}

/// Reads the facts from a file.
pub(crate) fn from_file(
    path: &Path,
    now: Timestamp,
    product: &Product,
) -> Result<LicenseSpec, Failure> {
    let text = read::text(path, Wanted::Specification)?;
    from_toml(&text, now, product).map_err(|error| match error {
        Wrong::Spec(message) => read::wrong(path, &text, Wanted::Specification, &message),
        Wrong::License(failure) => failure,
    })
}

/// Why a file is not accepted.
#[derive(Debug)]
enum Wrong {
    Spec(String),
    License(Failure),
}

fn from_toml(text: &str, now: Timestamp, product: &Product) -> Result<LicenseSpec, Wrong> {
    let toml: SpecToml = toml::from_str(text).map_err(|error| Wrong::Spec(error.to_string()))?;
    let not_before = date("not_before", toml.not_before, time::moment)?;
    let expires_at = match (date("expires", toml.expires, Timestamp::parse_end)?, toml.days) {
        (Some(at), None) => Some(at),
        (None, Some(count)) if count > 0 => {
            Some(not_before.unwrap_or(now).saturating_add(time::days(count)))
        }
        (None, None) => None,
        _ => return Err(Wrong::Spec("give either `expires` or `days` (1 or more)".to_owned())),
    };
    let mut spec = LicenseSpec::new(now, expires_at.unwrap_or(Timestamp::MAX));
    spec.id = toml.id;
    spec.customer_id = toml.customer.id;
    spec.customer_name = toml.customer.name;
    spec.customer_email = toml.customer.email;
    spec.plan = toml.plan;
    spec.features = toml.features;
    for (name, limit) in toml.limits {
        let limit = match limit {
            LimitToml::Max(max) => Limit::Max(max),
            LimitToml::Names(names) => Limit::Names(names),
            LimitToml::Word(word) if word == "unlimited" => Limit::Unlimited,
            LimitToml::Word(_) => {
                return Err(Wrong::Spec(format!(
                    "`limits.{name}` must be a number, a list of names or \"unlimited\""
                )));
            }
        };
        spec.limits.insert(name, limit);
    }
    spec.domain = toml.domain.as_deref().map(domain).transpose().map_err(Wrong::License)?;
    spec.machine = toml
        .machine
        .map(|text| text.parse::<Fingerprint>())
        .transpose()
        .map_err(|error| Wrong::Spec(format!("`machine`: {error}")))?;
    spec.not_before = not_before;
    let missing = missing_members(&spec.missing(product), expires_at.is_none());
    missing.map_or(Ok(spec), |missing| Err(Wrong::Spec(missing)))
}

fn date(
    member: &str,
    date: Option<DateToml>,
    read: fn(&str) -> Result<Timestamp, ParseTimestampError>,
) -> Result<Option<Timestamp>, Wrong> {
    let text = match date {
        None => return Ok(None),
        Some(DateToml::Text(text)) => text,
        Some(DateToml::Date(date)) => date.to_string(),
    };
    read(&text).map(Some).map_err(|error| Wrong::Spec(format!("`{member}`: {error}")))
}

/// Reads a domain pattern.
pub(crate) fn domain(text: &str) -> Result<DomainPattern, Failure> {
    let code = InstallErrorKind::DomainInvalid.as_str();
    text.parse().map_err(|error: DomainPatternError| Failure::refused(code, error.to_string()))
}

fn limits(given: &[String]) -> Result<BTreeMap<String, Limit>, Failure> {
    let mut limits = BTreeMap::new();
    for text in given {
        let wrong = || {
            Failure::usage(format!(
                "--limit {text:?}: write NAME=N, N being a whole number from 0 on, or \
                 NAME=unlimited; a list of names goes to --name"
            ))
        };
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let limit = match value {
            "unlimited" => Limit::Unlimited,
            number => Limit::Max(number.parse().map_err(|_| wrong())?),
        };
        if limits.insert(name.to_owned(), limit).is_some() {
            return Err(Failure::usage(format!(
                "the limit {name:?} is given twice; leave one of them out"
            )));
        }
    }
    Ok(limits)
}

/// Lists of names: a text without `=` belongs to the list before it, and an
/// empty one adds nothing.
fn names(given: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    let mut lists: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current: Option<&str> = None;
    for text in given {
        let (list, name) = match (text.split_once('='), current) {
            (Some((list, name)), _) => (list, name),
            (None, Some(list)) => (list, text.as_str()),
            (None, None) => {
                return Err(Failure::usage(format!(
                    "--name {text:?}: write LIMIT=NAME, as in connectors=slack"
                )));
            }
        };
        current = Some(list);
        let names = lists.entry(list.to_owned()).or_default();
        if !name.is_empty() {
            names.insert(name.to_owned());
        }
    }
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use license_core::product::Claim;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// Reads a file for a product that demands of it nothing but an end.
    fn from_toml(text: &str, now: Timestamp) -> Result<LicenseSpec, Wrong> {
        let product = Product::builder("acme", "https://acme.example", "acme-server");
        let optional = [Claim::CustomerId, Claim::CustomerName, Claim::Plan];
        let product = optional.into_iter().fold(product, |it, claim| it.optional(claim));
        super::from_toml(text, now, &product.build().unwrap())
    }

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn names_are_collected_however_they_are_spelled() {
        let expected = BTreeMap::from([("connectors".to_owned(), set(&["slack", "github"]))]);
        for spelling in [
            &["connectors=slack", "connectors=github"][..],
            &["connectors=slack", "github"],
            &["connectors=", "slack", "github"],
        ] {
            assert_eq!(names(&strings(spelling)).unwrap(), expected, "{spelling:?}");
        }
        assert_eq!(names(&strings(&["connectors="])).unwrap()["connectors"], set(&[]));
        assert!(names(&strings(&["slack"])).is_err());
    }

    #[test]
    fn a_limit_is_a_number_or_unlimited_and_given_once() {
        let read = limits(&strings(&["users=50", "hosts=unlimited"])).unwrap();
        assert_eq!(read["users"], Limit::Max(50));
        assert_eq!(read["hosts"], Limit::Unlimited);
        for wrong in [&["users"][..], &["users=-1"], &["users=1.5"], &["users=1", "users=2"]] {
            assert!(limits(&strings(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_says_what_the_flags_say() {
        let spec = from_toml(
            r#"
            id = "lic_1"
            customer = { id = "cust_1", name = "Acme Corp", email = "it@acme.example" }
            plan = "enterprise"
            features = ["sso", "audit"]
            limits = { users = 50, hosts = "unlimited", connectors = ["slack"] }
            domain = "*.acme.internal"
            not_before = "2026-01-01T00:00:00Z"
            expires = 2026-12-31
            "#,
            NOW,
        )
        .unwrap();
        assert_eq!(spec.customer_email.as_deref(), Some("it@acme.example"));
        assert_eq!(spec.features, Some(vec!["sso".to_owned(), "audit".to_owned()]));
        assert_eq!(spec.limits["users"], Limit::Max(50));
        assert_eq!(spec.limits["hosts"], Limit::Unlimited);
        assert_eq!(spec.limits["connectors"], Limit::Names(set(&["slack"])));
        assert_eq!(spec.not_before, Some(NOW));
        assert_eq!(spec.expires_at.to_string(), "2027-01-01T00:00:00Z");
        let spec = from_toml("days = 10\nnot_before = 2026-02-01", NOW).unwrap();
        assert_eq!(spec.expires_at.to_string(), "2026-02-11T00:00:00Z");
    }

    #[test]
    fn a_file_is_read_strictly() {
        for (text, named) in [
            ("dayz = 1", "dayz"),
            ("", "`expires` or `days`"),
            ("days = 0", "days"),
            ("days = 1\nexpires = '2026-12-31'", "expires"),
            ("expires = 'soon'", "expires"),
            ("days = 1\nlimits = { users = 'many' }", "limits.users"),
            ("days = 1\nmachine = 'this one'", "machine"),
            ("days = 1\n[customer]\nmail = 'x'", "mail"),
        ] {
            match from_toml(text, NOW) {
                Err(Wrong::Spec(message)) => assert!(message.contains(named), "{message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        let domain = from_toml("days = 1\ndomain = '*'", NOW);
        assert!(matches!(domain, Err(Wrong::License(failure)) if failure.is_refusal()));
    }
}
