//! From a license and what is asked for to a token of the registry.

use std::{collections::BTreeSet, time::Duration};

use license_core::{
    License, Phase, Policy, Restriction, Timestamp, TokenDigest, Verifier, refusal::DenialCode,
};
use license_examples::{internal, random_hex};
use serde::Serialize;

use crate::{
    access::Access,
    refusal::Refusal,
    scope::pulled,
    signer::{self, Claims, Signer},
};

/// Everything that decides about a token; read at the start and never again.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) verifier: Verifier,
    pub(crate) access: Access,
    pub(crate) signer: Signer,
    /// The registry's `service`, the audience of the tokens.
    pub(crate) service: String,
    /// The registry's `issuer`.
    pub(crate) issuer: String,
}

/// A token, as the registry's clients read it.
#[derive(Debug, Serialize)]
pub(crate) struct Grant {
    token: String,
    /// The token once more, by its name in OAuth 2.
    access_token: String,
    /// Seconds.
    expires_in: i64,
    issued_at: Timestamp,
}

/// How long a token is good for.
const TERM: Duration = Duration::from_secs(300);
/// How many scopes one token is asked for. A client asks for one, or for two
/// where it copies.
const MOST_SCOPES: usize = 32;

impl Grants {
    /// A token for those of the scopes that the license opens.
    ///
    /// # Errors
    ///
    /// What is no license, is not in force or was revoked; too many scopes.
    pub(crate) fn grant<'a>(
        &self,
        license: &[u8],
        scopes: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Result<Grant, Refusal> {
        let scopes: Vec<&str> = scopes.take(MOST_SCOPES + 1).collect();
        if scopes.len() > MOST_SCOPES {
            return Err(Refusal::INVALID_QUERY);
        }
        let verified =
            self.verifier.verify(license).map_err(|error| Refusal::untrusted(error.kind()))?;
        let license = verified.license();
        let subject = subject(verified.digest());
        if self.access.is_revoked(license) {
            return Err(Refusal::REVOKED.of_license(subject));
        }
        let ends = match pulls_until(license, self.verifier.product().policy(), now) {
            Ok(ends) => ends,
            Err(code) => return Err(Refusal::not_in_force(code).of_license(subject)),
        };
        let asked: BTreeSet<&str> = scopes.into_iter().filter_map(pulled).collect();
        let opened = asked.into_iter().filter(|name| self.access.opens(license, name));
        let (iat, ends) = (now.as_seconds(), now.saturating_add(TERM).min(ends).as_seconds());
        let claims = Claims {
            iss: &self.issuer,
            sub: subject,
            aud: &self.service,
            exp: ends,
            nbf: iat,
            iat,
            jti: random_hex(16),
            access: opened.map(signer::Access::pull).collect(),
        };
        let token = self.signer.sign(&claims).map_err(|error| {
            internal(&error);
            Refusal::INTERNAL
        })?;
        let (license, repositories) = (&claims.sub, claims.access.len());
        tracing::info!(license, repositories, "token issued");
        let access_token = token.clone();
        let issued_at = Timestamp::from_seconds(iat);
        Ok(Grant { token, access_token, expires_in: ends - iat, issued_at })
    }
}

/// The first moment at which a license opens nothing any more: the end of its
/// grace, unless the product refuses nothing then either.
fn pulls_until(
    license: &License,
    policy: &Policy,
    now: Timestamp,
) -> Result<Timestamp, DenialCode> {
    let term = license.term();
    let ends = policy.enforced(Phase::Lapsed).is_some_and(Restriction::restricts);
    match term.phase_at(policy, now) {
        Phase::Lapsed if !ends => Ok(Timestamp::MAX),
        phase => match phase.code() {
            Some(code) => Err(code),
            None if ends => Ok(term.grace_ends_at(policy)),
            None => Ok(Timestamp::MAX),
        },
    }
}

/// Who asks, in the token and the log: the beginning of the license's digest, which says
/// nothing to whoever does not have the license.
fn subject(digest: TokenDigest) -> String {
    hex::encode(&digest.as_bytes()[..8])
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use http::StatusCode;
    use license_core::{
        Product,
        key::{Algorithm, SigningKey},
    };
    use serde_json::{Value, json};

    use super::*;

    const DAY: i64 = 86_400;
    const BEGIN: i64 = 1_800_000_000;
    const END: i64 = BEGIN + 30 * DAY;

    struct Vendor {
        key: SigningKey,
        grants: Grants,
    }

    /// A vendor with this policy, whose licenses open `acme/server`, and
    /// `acme/models` with a feature.
    fn vendor(policy: &str) -> Vendor {
        let profile = format!(
            "name = 'acme'\nissuer = 'https://acme.example'\naudience = 'acme'\n\
             [features]\nmodels = ''\n[policy]\n{policy}"
        );
        let product = Product::from_toml(&profile).unwrap();
        let key = SigningKey::generate(Algorithm::Es256, None).unwrap();
        let verifier = Verifier::builder(&product).key(key.public_key().clone()).build().unwrap();
        let repositories = "every = ['acme/server']\nrevoked = ['lic_revoked']\n\
                            [features]\nmodels = ['acme/models']";
        let grants = Grants {
            verifier,
            access: Access::read(repositories, &product).unwrap(),
            signer: Signer::throw_away(),
            service: "registry.acme.example".into(),
            issuer: "license".into(),
        };
        Vendor { key, grants }
    }

    impl Vendor {
        fn license(&self, change: impl Fn(&mut Value)) -> String {
            let mut claims = json!({
                "iss": "https://acme.example", "aud": "acme", "jti": "lic_1", "iat": BEGIN,
                "exp": END, "customer": {"id": "cust_1", "name": "Secret Customer"},
                "plan": "team", "features": [], "limits": {},
            });
            change(&mut claims);
            self.key.sign(claims.as_object().unwrap()).unwrap().as_str().to_owned()
        }

        /// The answer to a license, and the claims of the token.
        fn ask(
            &self,
            license: &str,
            scopes: &[&str],
            seconds: i64,
        ) -> Result<(Grant, Value), Refusal> {
            let now = Timestamp::from_millis(seconds * 1000 + 999);
            let grant = self.grants.grant(license.as_bytes(), scopes.iter().copied(), now)?;
            let claims = grant.token.split('.').nth(1).unwrap();
            let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
            Ok((grant, claims))
        }

        /// For how many seconds a license is given a token, or why it is not.
        fn term(&self, license: &str, seconds: i64) -> Result<i64, &'static str> {
            let (grant, claims) = self.ask(license, &[], seconds).map_err(|it| it.reason)?;
            assert_eq!(claims["exp"].as_i64().unwrap(), seconds + grant.expires_in);
            Ok(grant.expires_in)
        }
    }

    #[test]
    fn a_token_names_the_registry_and_what_may_be_pulled_and_nobody() {
        let vendor = vendor("");
        let license = vendor.license(|_| {});
        let (grant, claims) =
            vendor.ask(&license, &["repository:acme/server:pull,push"], BEGIN).unwrap();
        assert_eq!(grant.token, grant.access_token);
        assert_eq!(grant.issued_at, Timestamp::from_seconds(BEGIN));
        assert_eq!(claims["iss"], "license");
        assert_eq!(claims["aud"], "registry.acme.example");
        assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(BEGIN), &json!(BEGIN)));
        let access = json!([{"type": "repository", "name": "acme/server", "actions": ["pull"]}]);
        assert_eq!(claims["access"], access);
        let digest = vendor.grants.verifier.verify(license.as_bytes()).unwrap().digest();
        assert_eq!(claims["sub"], digest.to_string()[..16]);
        let text = claims.to_string();
        assert!(!["lic_1", "cust_1", "Secret"].iter().any(|it| text.contains(it)), "{text}");
        let (_, other) = vendor.ask(&license, &[], BEGIN).unwrap();
        assert_ne!(other["jti"], claims["jti"]);
    }

    #[test]
    fn a_token_has_those_of_the_scopes_that_the_license_opens() {
        let vendor = vendor("");
        let names = |features: &[&str], scopes: &[&str]| -> Vec<String> {
            let license = vendor.license(|claims| claims["features"] = json!(features));
            let (_, claims) = vendor.ask(&license, scopes, BEGIN).unwrap();
            let access = claims["access"].as_array().unwrap().iter();
            access.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
        };
        let [server, models] = ["repository:acme/server:pull", "repository:acme/models:pull"];
        assert_eq!(names(&[], &[server, models]), ["acme/server"]);
        assert_eq!(names(&["models"], &[server, models]), ["acme/models", "acme/server"]);
        assert_eq!(names(&["models"], &[models, models]), ["acme/models"]);
        assert!(names(&["models"], &[]).is_empty());
        let others = ["", "repository:acme/server:push", "registry:catalog:*", "repository:b:pull"];
        assert!(names(&["models"], &others).is_empty());
    }

    #[test]
    fn a_client_asks_for_a_few_scopes() {
        let vendor = vendor("");
        let license = vendor.license(|_| {});
        let scopes = vec!["repository:acme/server:pull"; MOST_SCOPES + 1];
        assert!(vendor.ask(&license, &scopes[1..], BEGIN).is_ok());
        let refusal = vendor.ask(&license, &scopes, BEGIN).unwrap_err();
        assert_eq!(refusal.reason, "invalid_query");
    }

    #[test]
    fn a_token_is_good_for_five_minutes_and_no_longer_than_grace() {
        let vendor = vendor("grace = '14d'\nlapsed = 'read-only'");
        let license = vendor.license(|_| {});
        let grace_ends = END + 14 * DAY;
        for (now, seconds) in [
            (BEGIN, 300),
            (END - 1, 300),
            (END, 300),
            (grace_ends - 300, 300),
            (grace_ends - 299, 299),
            (grace_ends - 1, 1),
        ] {
            assert_eq!(vendor.term(&license, now), Ok(seconds), "{now}");
        }
        assert_eq!(vendor.term(&license, grace_ends), Err("license_expired"));
        assert_eq!(vendor.term(&license, grace_ends + DAY), Err("license_expired"));
    }

    #[test]
    fn without_grace_a_token_ends_with_the_term() {
        for lapsed in ["everything", "features", "read-only"] {
            let vendor = vendor(&format!("lapsed = '{lapsed}'"));
            let license = vendor.license(|_| {});
            assert_eq!(vendor.term(&license, END - 10), Ok(10));
            assert_eq!(vendor.term(&license, END), Err("license_expired"), "{lapsed}");
        }
    }

    #[test]
    fn where_the_product_refuses_nothing_it_goes_on() {
        for policy in ["lapsed = 'advisory'", "lapsed = 'read-only'\nshadow = ['read-only']"] {
            let vendor = vendor(policy);
            let license = vendor.license(|_| {});
            assert_eq!(vendor.term(&license, END - 1), Ok(300), "{policy}");
            assert_eq!(vendor.term(&license, END + 1000 * DAY), Ok(300), "{policy}");
        }
    }

    #[test]
    fn a_license_that_begins_later_opens_nothing_before() {
        for policy in ["", "unlicensed = 'advisory'\nlapsed = 'advisory'"] {
            let vendor = vendor(policy);
            let license = vendor.license(|claims| claims["nbf"] = json!(BEGIN + 10));
            assert_eq!(vendor.term(&license, BEGIN + 9), Err("license_not_yet_valid"));
            assert_eq!(vendor.term(&license, BEGIN + 10), Ok(300));
        }
    }

    #[test]
    fn what_is_no_license_is_a_wrong_password_and_one_that_has_ended_is_denied() {
        let vendor = vendor("");
        let other = super::tests::vendor("");
        let refused = |license: &str, now| {
            let response = axum::response::IntoResponse::into_response(
                vendor.ask(license, &[], now).unwrap_err(),
            );
            (response.status(), response.headers().contains_key(http::header::WWW_AUTHENTICATE))
        };
        let license = vendor.license(|_| {});
        let revoked = vendor.license(|claims| claims["jti"] = json!("lic_revoked"));
        let foreign = vendor.license(|claims| claims["aud"] = json!("other"));
        for wrong in ["x", "a.b.c", &other.license(|_| {}), &foreign, &license[1..]] {
            assert_eq!(refused(wrong, BEGIN), (StatusCode::UNAUTHORIZED, true), "{wrong}");
        }
        for (denied, now) in [(&license, END), (&revoked, BEGIN)] {
            let (_, claims) = vendor.ask(&license, &[], BEGIN).unwrap();
            let refusal = vendor.ask(denied, &[], now).unwrap_err();
            let named = refusal.license.as_deref();
            assert_eq!(named.map(str::len), claims["sub"].as_str().map(str::len));
            assert_eq!(named == claims["sub"].as_str(), denied == &license);
        }
        assert_eq!(refused(&license, END), (StatusCode::FORBIDDEN, false));
        assert_eq!(refused(&revoked, BEGIN), (StatusCode::FORBIDDEN, false));
        assert_eq!(vendor.term(&revoked, BEGIN), Err("license_revoked"));
    }
}
