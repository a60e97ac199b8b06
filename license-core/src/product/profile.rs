//! A product profile as TOML. Strict: an unknown member is an error.

use std::{collections::BTreeMap, fmt::Display, str::FromStr, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Claim, Contact, Message, Pages, Plan, Presence, Product, ProductBuilder, ProductError,
};
use crate::{
    key::Algorithm,
    license::{Limit, LimitKind},
    machine::MachineScheme,
    policy::{Policy, ProfileDuration, Restriction, Rule},
    refusal::DenialCode,
    token::TokenType,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileToml {
    name: String,
    issuer: String,
    audience: String,
    token_type: Option<String>,
    algorithms: Option<Vec<String>>,
    min_rsa_bits: Option<usize>,
    #[serde(default)]
    known_plans_only: bool,
    machine: Option<Vec<MachineScheme>>,
    #[serde(default)]
    claims: ClaimsToml,
    #[serde(default)]
    policy: PolicyToml,
    #[serde(default)]
    features: BTreeMap<String, String>,
    #[serde(default)]
    limits: BTreeMap<String, LimitToml>,
    #[serde(default)]
    plans: BTreeMap<String, PlanToml>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    contact: Contact,
    #[serde(default)]
    pages: Pages,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimsToml {
    id: Option<String>,
    customer_id: Option<String>,
    customer_name: Option<String>,
    customer_email: Option<String>,
    plan: Option<String>,
    features: Option<String>,
    machine: Option<String>,
    domain: Option<String>,
    limits: Option<LimitPointers>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    #[serde(default)]
    require: BTreeMap<String, Value>,
    #[serde(default)]
    optional: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LimitPointers {
    All(String),
    Each(BTreeMap<String, String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyToml {
    warn: Option<String>,
    grace: Option<String>,
    lapsed: Option<Restriction>,
    unlicensed: Option<Restriction>,
    freshness: Option<String>,
    rebind: Option<String>,
    #[serde(default)]
    status: BTreeMap<String, u16>,
    #[serde(default)]
    shadow: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitToml {
    kind: LimitKind,
    default: Option<LimitValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanToml {
    features: Option<Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<String, LimitValue>,
    #[serde(default)]
    withheld: Vec<String>,
    #[serde(default)]
    machine: Presence,
    #[serde(default)]
    domain: Presence,
}

/// TOML has no null: unlimited is written out.
#[derive(Deserialize)]
#[serde(untagged)]
enum LimitValue {
    Max(u64),
    Word(String),
    Names(Vec<String>),
}

impl LimitValue {
    fn read(self, member: &str) -> Result<Limit, ProductError> {
        match self {
            Self::Max(max) => Ok(Limit::Max(max)),
            Self::Names(names) => Ok(Limit::Names(names.into_iter().collect())),
            Self::Word(word) if word == "unlimited" => Ok(Limit::Unlimited),
            Self::Word(_) => {
                let message =
                    format!("`{member}` must be a number, a list of names or \"unlimited\"");
                Err(ProductError::new(message))
            }
        }
    }
}

pub(super) fn read(text: &str) -> Result<Product, ProductError> {
    let profile: ProfileToml =
        toml::from_str(text).map_err(|error| ProductError::new(error.to_string().trim_end()))?;
    let mut builder = Product::builder(profile.name, profile.issuer, profile.audience)
        .known_plans_only(profile.known_plans_only)
        .contact(profile.contact)
        .pages(profile.pages)
        .policy(policy(profile.policy)?);
    builder = match profile.token_type.as_deref() {
        None | Some("license+jwt") => builder,
        Some("any") => builder.token_type(TokenType::Any),
        Some(_) => {
            return Err(ProductError::new("`token_type` must be \"license+jwt\" or \"any\""));
        }
    };
    if let Some(names) = profile.algorithms {
        let algorithms: Result<Vec<Algorithm>, _> =
            names.iter().map(|name| member("algorithms", name)).collect();
        builder = builder.algorithms(algorithms?);
    }
    if let Some(bits) = profile.min_rsa_bits {
        builder = builder.min_rsa_bits(bits);
    }
    if let Some(rungs) = profile.machine {
        builder = builder.machine_ladder(rungs);
    }
    builder = claims(builder, profile.claims)?;
    for (name, title) in profile.features {
        builder = builder.feature(name, title);
    }
    for (name, limit) in profile.limits {
        if let Some(default) = limit.default {
            let default = default.read(&format!("limits.{name}.default"))?;
            builder = builder.limit_default(&name, default);
        }
        builder = builder.limit(name, limit.kind);
    }
    for (name, toml) in profile.plans {
        let plan = plan(&name, toml)?;
        builder = builder.plan(name, plan);
    }
    for message in profile.messages {
        builder = builder.message(message);
    }
    builder.build()
}

/// Reads a text member, naming it where it is wrong.
fn member<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, ProductError> {
    text.parse().map_err(|error| ProductError::new(format!("`{name}`: {text:?} is {error}")))
}

fn policy(toml: PolicyToml) -> Result<Policy, ProductError> {
    let duration = |name: &str, text: &str| -> Result<Option<Duration>, ProductError> {
        Ok(member::<ProfileDuration>(name, text)?.0)
    };
    let mut policy = Policy::new();
    if let Some(text) = toml.warn {
        policy = policy.warn(duration("policy.warn", &text)?.unwrap_or_default());
    }
    if let Some(text) = toml.grace {
        policy = policy.grace(duration("policy.grace", &text)?.unwrap_or_default());
    }
    if let Some(text) = toml.freshness {
        policy = policy.freshness(duration("policy.freshness", &text)?);
    }
    if let Some(text) = toml.rebind {
        policy = policy.rebind(duration("policy.rebind", &text)?.unwrap_or_default());
    }
    if let Some(lapsed) = toml.lapsed {
        policy = policy.lapsed(lapsed);
    }
    if let Some(unlicensed) = toml.unlicensed {
        policy = policy.unlicensed(unlicensed);
    }
    for (code, status) in toml.status {
        policy = policy.status(member::<DenialCode>("policy.status", &code)?, status);
    }
    Ok(toml.shadow.into_iter().fold(policy, Policy::shadow))
}

fn claims(mut builder: ProductBuilder, toml: ClaimsToml) -> Result<ProductBuilder, ProductError> {
    let pointers = [
        (Claim::Id, toml.id),
        (Claim::CustomerId, toml.customer_id),
        (Claim::CustomerName, toml.customer_name),
        (Claim::CustomerEmail, toml.customer_email),
        (Claim::Plan, toml.plan),
        (Claim::Features, toml.features),
        (Claim::Machine, toml.machine),
        (Claim::Domain, toml.domain),
    ];
    for (claim, pointer) in pointers {
        if let Some(pointer) = pointer {
            builder = builder.claim(claim, pointer);
        }
    }
    let each = match toml.limits {
        None => BTreeMap::new(),
        Some(LimitPointers::All(pointer)) => {
            builder = builder.claim(Claim::Limits, pointer);
            BTreeMap::new()
        }
        Some(LimitPointers::Each(each)) => each,
    };
    for (limit, pointer) in each.into_iter().chain(toml.names) {
        builder = builder.limit_claim(limit, pointer);
    }
    for (pointer, value) in toml.require {
        if value.is_array() || value.is_object() {
            let message =
                format!("`claims.require`: {pointer:?} must be a text, number or boolean");
            return Err(ProductError::new(message));
        }
        builder = builder.require(pointer, value);
    }
    for name in toml.optional {
        builder = builder.optional(member("claims.optional", &name)?);
    }
    Ok(builder)
}

fn plan(name: &str, toml: PlanToml) -> Result<Plan, ProductError> {
    let mut plan = Plan::new().withheld(toml.withheld).machine(toml.machine).domain(toml.domain);
    if let Some(features) = toml.features {
        plan = plan.features(features);
    }
    for (limit, value) in toml.limits {
        let value = value.read(&format!("plans.{name}.limits.{limit}"))?;
        plan = plan.limit(limit, value);
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIGN: &str = r#"
        name = "align"
        issuer = "https://align.tech"
        audience = "align-self-hosted"
        token_type = "any"
        algorithms = ["RS256", "RS384", "RS512", "PS256"]
        min_rsa_bits = 4096

        [claims]
        id = "/sub"
        features = "/limits/features"
        limits = { users = "/limits/users", decisions = "/limits/decisions" }
        names = { connectors = "/limits/connectors" }
        require = { "/deployment/type" = "self-hosted" }

        [policy]
        warn = "30d"
        grace = "14d"
        lapsed = "read-only"
        unlicensed = "everything"
        freshness = "none"
        status = { limit_reached = 402 }

        [features]
        sso = "Single sign-on"

        [limits]
        users = { kind = "seats" }
        decisions = { kind = "monthly" }
        connectors = { kind = "names" }

        [plans.starter]
        features = []
        limits = { users = 25 }
    "#;

    fn error(from: &str, to: &str) -> String {
        assert!(ALIGN.contains(from), "{from}");
        read(&ALIGN.replace(from, to)).unwrap_err().to_string()
    }

    #[test]
    fn the_profile_of_the_contract_is_read() {
        let product = read(ALIGN).unwrap();
        assert_eq!(product.token_type(), TokenType::Any);
        assert_eq!(product.min_rsa_bits(), 4096);
        assert_eq!(product.dialect().pointer(Claim::Id), "/sub");
        assert_eq!(product.dialect().pointer(Claim::Plan), "/plan");
        assert_eq!(product.dialect().limit_pointer("connectors"), "/limits/connectors");
        assert_eq!(product.policy().lapsed, Restriction::ReadOnly);
        assert_eq!(product.policy().freshness, None);
        assert_eq!(product.plans()["starter"].limits["users"], Limit::Max(25));
    }

    #[test]
    fn an_unknown_member_is_an_error_that_names_it() {
        assert!(error("warn =", "wran =").contains("wran"));
        assert!(error("min_rsa_bits", "min_rsa_bit").contains("min_rsa_bit"));
        assert!(error("limits = { users = 25 }", "seats = 25").contains("seats"));
        assert!(error("{ kind = \"seats\" }", "{ kind = \"seats\", max = 1 }").contains("max"));
    }

    #[test]
    fn a_value_that_makes_no_sense_is_an_error_that_names_its_member() {
        assert!(error("\"14d\"", "\"14 days\"").contains("policy.grace"));
        assert!(error("limit_reached =", "limit_reach =").contains("policy.status"));
        assert!(error("402", "200").contains("limit_reached"));
        assert!(error("4096", "2048").contains("min_rsa_bits"));
        assert!(error("\"RS384\"", "\"HS256\"").contains("algorithms"));
        assert!(error("\"any\"", "\"all\"").contains("token_type"));
        assert!(error("\"/sub\"", "\"sub\"").contains("JSON pointer"));
        assert!(error("users = { kind = \"seats\" }", "").contains("users"));
        assert!(error("features = []", "features = [\"nope\"]").contains("nope"));
        assert!(error("\"read-only\"", "\"readonly\"").contains("readonly"));
        let default =
            |default: &str| error("\"seats\" }", &format!("\"seats\", default = {default} }}"));
        assert!(default("\"none\"").contains("`limits.users.default` must be a number"));
        assert!(default("[\"a\"]").contains("`limits.users.default` does not fit"));
        assert!(
            error("{ users = 25 }", "{ users = \"all\" }").contains("plans.starter.limits.users")
        );
        assert!(error("{ users = 25 }", "{ seats = 25 }").contains("plans.starter.limits.seats"));
        assert!(
            error("{ users = 25 }", "{ users = [\"a\"] }").contains("plans.starter.limits.users")
        );
    }

    #[test]
    fn rules_can_be_put_in_shadow_by_name() {
        let profile = ALIGN.replace("[policy]", "[policy]\nshadow = [\"read-only\", \"limits\"]");
        let product = read(&profile).unwrap();
        let shadowed = |rule: Rule| product.policy().shadows(rule);
        assert!(shadowed(Rule::ReadOnly) && shadowed(Rule::Limits));
        assert!(
            !shadowed(Rule::Features) && !shadowed(Rule::Everything) && !shadowed(Rule::Domain)
        );
        let all = "[policy]\nshadow = ['features', 'read-only', 'everything', 'domain', 'limits']";
        assert_eq!(read(&ALIGN.replace("[policy]", all)).unwrap().policy().shadow.len(), 5);
        assert!(error("[policy]", "[policy]\nshadow = ['advisory']").contains("advisory"));
        assert!(error("[policy]", "[policy]\nshadow = 'limits'").contains("shadow"));
    }

    #[test]
    fn the_ladder_and_the_time_to_rebind_are_read() {
        let ladder = |line: &str| ALIGN.replace("[claims]", &format!("{line}\n[claims]"));
        let product = read(&ladder("machine = ['custom', 'installation', 'machine-id']")).unwrap();
        assert_eq!(product.machine_ladder(), MachineScheme::ALL);
        for (line, said) in [
            ("machine = ['hostname']", "hostname"),
            ("machine = []", "`machine` must name at least one"),
            ("machine = ['custom', 'custom']", "`machine` names `custom` twice"),
            ("machine = 'custom'", "machine"),
        ] {
            let error = read(&ladder(line)).unwrap_err().to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
        let rebind = |text: &str| ALIGN.replace("[policy]", &format!("[policy]\nrebind = {text}"));
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(read(&rebind("'72h'")).unwrap().policy().rebind, hours(72));
        assert_eq!(read(&rebind("'none'")).unwrap().policy().rebind, hours(0));
        assert!(read(&rebind("'3 days'")).unwrap_err().to_string().contains("policy.rebind"));
    }

    #[test]
    fn a_profile_that_is_silent_gets_the_strict_policy() {
        let product = read("name = 'a'\nissuer = 'b'\naudience = 'c'").unwrap();
        assert_eq!(product.policy(), &Policy::new());
        assert_eq!(product.algorithms(), [Algorithm::Es256]);
        assert_eq!(product.machine_ladder(), [MachineScheme::MachineId]);
        assert_eq!(product.token_type(), TokenType::LicenseJwt);
    }
}
