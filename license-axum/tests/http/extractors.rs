//! What handlers ask for: features, the license, limits.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
    routing::{get as on_get, post},
};
use axum_extra::extract::WithRejection;
use http::{StatusCode, request::Parts};
use license_axum::{
    CurrentLicense, Denial, DenialCode, LicenseRejection, Problem, RequireFeature, feature,
    features, licensed, limit,
};
use license_core::{MachineId, Policy, Restriction};

use crate::support::{Answer, AppState, Service, day, get, send};

features! {
    /// Single sign-on.
    pub Sso = "sso-saml";
}

#[licensed]
async fn by_literal(_: RequireFeature<"sso-saml">) -> &'static str {
    RequireFeature::<"sso-saml">::NAME
}

async fn by_type(_: RequireFeature<Sso>) -> &'static str {
    RequireFeature::<Sso>::NAME
}

async fn by_macro(_: RequireFeature<feature!("sso-saml")>) -> &'static str {
    RequireFeature::<feature!("sso-saml")>::NAME
}

async fn if_granted(feature: Option<RequireFeature<Sso>>) -> &'static str {
    if feature.is_some() { "some" } else { "none" }
}

#[licensed]
async fn another(_: RequireFeature<"tenants">) -> &'static str {
    RequireFeature::<"tenants">::NAME
}

#[licensed]
async fn another_if_granted(feature: Option<RequireFeature<"tenants">>) -> &'static str {
    if feature.is_some() { "some" } else { "none" }
}

fn app(service: &Service) -> Router {
    Router::new()
        .route("/literal", on_get(by_literal))
        .route("/type", on_get(by_type))
        .route("/macro", on_get(by_macro))
        .route("/optional", on_get(if_granted))
        .route("/another", on_get(another))
        .route("/another/optional", on_get(another_if_granted))
        .with_state(service.state())
}

const SPELLINGS: [&str; 3] = ["/literal", "/type", "/macro"];

#[tokio::test]
async fn the_three_spellings_require_the_same_feature() {
    let service = Service::new();
    let app = app(&service);
    service.vendor.license().features(["tenants"]).install(&service.licensing);
    for path in SPELLINGS {
        let answer = get(&app, path).await;
        answer.is_problem(403, "feature_not_licensed");
        assert_eq!(answer.json()["feature"], "sso-saml", "{path}");
    }
    service.vendor.license().features(["sso-saml"]).install(&service.licensing);
    for path in SPELLINGS {
        let answer = get(&app, path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "sso-saml"), "{path}");
    }
    get(&app, "/another").await.is_problem(403, "feature_not_licensed");
}

/// Puts a license that grants `sso-saml` alone into a phase.
fn stand(service: &Service, phase: &str) {
    let license = service.vendor.license().features(["sso-saml"]);
    let machine = MachineId::custom("some-other-machine").unwrap().fingerprint("test");
    match phase {
        "unlicensed" => {}
        "scheduled" => license.not_before(day(10)).install(&service.licensing),
        "active" => license.install(&service.licensing),
        "expiring" | "grace" | "lapsed" => license.days(20).install(&service.licensing),
        "invalid" => license.machine(&machine).install(&service.licensing),
        _ => panic!("no such phase"),
    }
    let days = match phase {
        "grace" => 20,
        "lapsed" => 34,
        _ => 0,
    };
    service.clock.advance(Duration::from_secs(days * 86_400));
    assert_eq!(service.licensing.phase().as_str(), phase);
}

/// `200 text`, or the status and code of a denial.
fn outcome(answer: &Answer) -> String {
    if answer.status == 200 {
        return answer.text().to_owned();
    }
    let code = answer.denial().unwrap();
    answer.is_problem(answer.status.as_u16(), code);
    format!("{} {code}", answer.status.as_u16())
}

/// For a feature that the license grants, and for one that it does not: what
/// `RequireFeature` and `Option<RequireFeature>` make of it.
#[rustfmt::skip]
const DECISIONS: [(Restriction, &str, [&str; 4]); 16] = {
    use Restriction::{Advisory, Everything, Features, ReadOnly};
    const GRANTED: &str = "sso-saml";
    const LACKING: &str = "403 feature_not_licensed";
    [
        (Everything, "unlicensed", ["503 license_missing"; 4]),
        (Everything, "scheduled", ["503 license_not_yet_valid"; 4]),
        (Everything, "lapsed", ["503 license_expired"; 4]),
        (Everything, "invalid", ["503 fingerprint_unavailable"; 4]),
        (ReadOnly, "unlicensed", ["402 license_missing", "none", "402 license_missing", "none"]),
        (ReadOnly, "scheduled", ["402 license_not_yet_valid", "none", "402 license_not_yet_valid", "none"]),
        (ReadOnly, "lapsed", [GRANTED, "some", LACKING, "none"]),
        (ReadOnly, "invalid", ["402 fingerprint_unavailable", "none", "402 fingerprint_unavailable", "none"]),
        (Features, "unlicensed", ["402 license_missing", "none", "402 license_missing", "none"]),
        (Features, "scheduled", ["402 license_not_yet_valid", "none", "402 license_not_yet_valid", "none"]),
        (Features, "lapsed", ["402 feature_lapsed", "none", LACKING, "none"]),
        (Features, "invalid", ["402 fingerprint_unavailable", "none", "402 fingerprint_unavailable", "none"]),
        (Advisory, "unlicensed", [GRANTED, "some", "tenants", "some"]),
        (Advisory, "scheduled", [GRANTED, "some", "tenants", "some"]),
        (Advisory, "lapsed", [GRANTED, "some", LACKING, "none"]),
        (Advisory, "invalid", [GRANTED, "some", "tenants", "some"]),
    ]
};

async fn assert_decisions(restriction: Restriction, phase: &str, expected: [&str; 4]) {
    let policy = Policy::new().lapsed(restriction).unlicensed(restriction);
    let service = Service::of(policy.grace(Duration::from_secs(14 * 86_400)));
    let app = app(&service);
    stand(&service, phase);
    let paths = ["/literal", "/optional", "/another", "/another/optional"];
    for (path, expected) in paths.into_iter().zip(expected) {
        let answer = get(&app, path).await;
        assert_eq!(outcome(&answer), expected, "{path}, {phase}, {restriction:?}");
    }
}

#[tokio::test]
async fn without_a_license_in_force_the_restriction_decides() {
    for (restriction, phase, expected) in DECISIONS {
        assert_decisions(restriction, phase, expected).await;
    }
}

#[tokio::test]
async fn in_force_the_license_decides_whatever_the_restriction() {
    use Restriction::{Advisory, Everything, Features, ReadOnly};
    for restriction in [Advisory, Features, ReadOnly, Everything] {
        for phase in ["active", "expiring", "grace"] {
            let expected = ["sso-saml", "some", "403 feature_not_licensed", "none"];
            assert_decisions(restriction, phase, expected).await;
        }
    }
}

#[tokio::test]
async fn an_optional_feature_refuses_only_what_the_service_itself_refuses() {
    let service = Service::new();
    let app = app(&service);
    let answer = get(&app, "/optional").await;
    answer.is_problem(503, "license_missing");
    assert_eq!(answer.json().get("feature"), None, "the feature is not what is missing");
    service.vendor.license().install(&service.licensing);
    assert_eq!(get(&app, "/optional").await.text(), "none");
    service.clock.advance(Duration::from_secs(365 * 86_400));
    get(&app, "/optional").await.is_problem(503, "license_expired");
}

#[tokio::test]
async fn the_denial_is_in_the_extensions_of_the_response() {
    let service = Service::new();
    service.vendor.license().install(&service.licensing);
    let answer = get(&app(&service), "/literal").await;
    assert_eq!(answer.denial(), Some("feature_not_licensed"));
    assert_eq!(
        serde_json::to_value(answer.extensions.get::<Denial>().unwrap().problem()).unwrap(),
        answer.json(),
    );
}

#[tokio::test]
async fn the_product_chooses_the_status() {
    let service = Service::of(Policy::new().status(DenialCode::FeatureNotLicensed, 404));
    service.vendor.license().install(&service.licensing);
    get(&app(&service), "/literal").await.is_problem(404, "feature_not_licensed");
}

#[test]
fn a_rejection_has_the_status_of_its_response() {
    let of = |status| LicenseRejection::from(Denial::new(DenialCode::FeatureNotLicensed, status));
    for (given, answered) in [(402, 402), (403, 403), (503, 503), (200, 403), (302, 403), (7, 403)]
    {
        let rejection = of(given);
        assert_eq!(rejection.status(), answered, "{given}");
        assert_eq!(rejection.into_response().status(), answered, "{given}");
    }
    let rejection = of(403);
    assert_eq!(rejection.denial().code(), DenialCode::FeatureNotLicensed);
    assert_eq!(rejection.body_text(), "The license of this service does not include this feature.");
    assert_eq!(rejection.to_string(), "the license refuses the request: feature_not_licensed");
}

#[tokio::test]
async fn extractors_show_what_they_stand_for() {
    let service = Service::new();
    service.vendor.license().features(["sso-saml"]).install(&service.licensing);
    let app = Router::new()
        .route("/", on_get(async |feature: RequireFeature<Sso>| format!("{feature:?}")))
        .route("/license", on_get(async |license: CurrentLicense| format!("{license:?}")))
        .with_state(service.state());
    assert_eq!(get(&app, "/").await.text(), "RequireFeature(\"sso-saml\")");
    let token = service.licensing.license().unwrap().token().as_str().to_owned();
    assert!(!get(&app, "/license").await.text().contains(&token));
}

/// A product's own errors.
struct AppError(StatusCode, String);

impl From<LicenseRejection> for AppError {
    fn from(rejection: LicenseRejection) -> Self {
        Self(rejection.status(), format!("no: {}", rejection.denial().code()))
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

#[licensed]
async fn with_rejection(
    _: WithRejection<RequireFeature<"sso-saml">, AppError>,
) -> Result<&'static str, AppError> {
    Ok("with rejection")
}

#[licensed]
async fn in_handler(
    feature: Result<RequireFeature<"sso-saml">, LicenseRejection>,
) -> Result<&'static str, AppError> {
    let _: RequireFeature<"sso-saml"> = feature?;
    Ok("in the handler")
}

#[tokio::test]
async fn a_rejection_becomes_the_products_own_error() {
    let service = Service::new();
    let app = Router::new()
        .route("/with-rejection", on_get(with_rejection))
        .route("/in-handler", on_get(in_handler))
        .with_state(service.state());
    service.vendor.license().install(&service.licensing);
    for path in ["/with-rejection", "/in-handler"] {
        let answer = get(&app, path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (403, "no: feature_not_licensed"));
    }
    service.vendor.license().features(["sso-saml"]).install(&service.licensing);
    assert_eq!(get(&app, "/with-rejection").await.text(), "with rejection");
    assert_eq!(get(&app, "/in-handler").await.text(), "in the handler");
}

/// Signs nobody in.
struct SignedIn;

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        Err(Problem::new(401, "unauthenticated", "Sign in."))
    }
}

#[tokio::test]
async fn authentication_that_stands_first_answers_first() {
    let service = Service::new();
    let app = Router::new()
        .route("/", on_get(async |_: SignedIn, _: RequireFeature<Sso>| ()))
        .with_state(service.state());
    get(&app, "/").await.is_problem(401, "unauthenticated");
}

async fn plan(license: CurrentLicense) -> String {
    license.plan().to_owned()
}

async fn plan_if_any(license: Option<CurrentLicense>) -> String {
    license.map_or("none".to_owned(), |license| license.plan().to_owned())
}

#[tokio::test]
async fn the_license_is_given_as_far_as_the_policy_goes() {
    let plans = |service: &Service| {
        Router::new()
            .route("/", on_get(plan))
            .route("/optional", on_get(plan_if_any))
            .with_state(service.state())
    };
    let grace = Duration::from_secs(14 * 86_400);
    for (restriction, phase, required, optional) in [
        (Restriction::Everything, "unlicensed", "503 license_missing", "503 license_missing"),
        (Restriction::Everything, "active", "enterprise", "enterprise"),
        (Restriction::Everything, "lapsed", "503 license_expired", "503 license_expired"),
        (Restriction::Features, "unlicensed", "402 license_missing", "none"),
        (Restriction::Features, "scheduled", "402 license_not_yet_valid", "none"),
        (Restriction::Features, "invalid", "402 fingerprint_unavailable", "none"),
        (Restriction::Features, "lapsed", "enterprise", "enterprise"),
        (Restriction::ReadOnly, "lapsed", "enterprise", "enterprise"),
        (Restriction::Advisory, "unlicensed", "402 license_missing", "none"),
        (Restriction::Advisory, "grace", "enterprise", "enterprise"),
    ] {
        let policy = Policy::new().lapsed(restriction).unlicensed(restriction).grace(grace);
        let service = Service::of(policy);
        let app = plans(&service);
        stand(&service, phase);
        assert_eq!(outcome(&get(&app, "/").await), required, "{restriction:?}, {phase}");
        assert_eq!(outcome(&get(&app, "/optional").await), optional, "{restriction:?}, {phase}");
    }
}

#[tokio::test]
async fn a_license_stays_the_same_while_a_request_is_answered() {
    let service = Arc::new(Service::new());
    service.vendor.license().plan("standard").install(&service.licensing);
    let swapping = Arc::clone(&service);
    let app = Router::new()
        .route(
            "/",
            on_get(async move |before: CurrentLicense, after: State<AppState>| {
                swapping.vendor.license().plan("enterprise").install(&swapping.licensing);
                let after = after.licensing.license().unwrap().license().plan().to_owned();
                format!("{}, then {after}", before.plan())
            }),
        )
        .route("/plan", on_get(plan))
        .with_state(service.state());
    assert_eq!(get(&app, "/").await.text(), "standard, then enterprise");
    assert_eq!(get(&app, "/plan").await.text(), "enterprise");
}

async fn create_tenant(State(state): State<AppState>) -> Result<StatusCode, LicenseRejection> {
    limit(&state.licensing, "tenants", 4, 2)?;
    Ok(StatusCode::CREATED)
}

#[tokio::test]
async fn a_limit_is_refused_with_what_it_allows() {
    let service = Service::new();
    let app = Router::new().route("/tenants", on_get(create_tenant)).with_state(service.state());
    get(&app, "/tenants").await.is_problem(503, "license_missing");
    service.vendor.license().limit("tenants", 6).install(&service.licensing);
    assert_eq!(get(&app, "/tenants").await.status, 201);
    service.vendor.license().limit("tenants", 5).install(&service.licensing);
    let answer = get(&app, "/tenants").await;
    answer.is_problem(402, "limit_reached");
    let json = answer.json();
    assert_eq!(
        (&json["limit"], &json["max"], &json["used"]),
        (&"tenants".into(), &5.into(), &4.into())
    );
    assert_eq!(answer.denial(), Some("limit_reached"));
    service.vendor.license().install(&service.licensing);
    get(&app, "/tenants").await.is_problem(402, "limit_reached");
    service.vendor.license().limit("tenants", None::<u64>).install(&service.licensing);
    assert_eq!(get(&app, "/tenants").await.status, 201);
}

#[tokio::test]
async fn a_handler_may_ask_for_the_license_and_take_a_body() {
    let service = Service::new();
    service.vendor.license().features(["sso-saml"]).install(&service.licensing);
    let app = Router::new()
        .route("/", post(async |_: RequireFeature<Sso>, _: CurrentLicense, body: String| body))
        .with_state(service.state());
    let request = http::Request::post("/").body("hello".into()).unwrap();
    assert_eq!(send(&app, request).await.text(), "hello");
}
