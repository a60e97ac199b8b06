//! What is refused, what stays open, and with what it is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::any};
use http::{Method, Request, Response, StatusCode, request::Parts};
use license_core::{
    Denial, DenialCode, Licensing, Policy, Product, Restriction,
    testing::{ManualClock, Vendor, licensing},
};
use license_tower::{
    ByRequest, Check, EnforceLayer, FeatureLayer, LicenseLayer, Mark, Marks, Recovery,
    Respond as _, WarningLayer,
};
use tower::ServiceExt;

use crate::stacks::{get, on_every_stack, post, request};

/// A vendor whose licenses lapse into this restriction, without grace.
pub(crate) fn vendor(lapsed: Restriction) -> Vendor {
    let policy = Policy::new().lapsed(lapsed);
    let product = Product::builder("test", "https://vendor.example", "test").policy(policy);
    Vendor::of(product.build().unwrap())
}

fn lapse(clock: &ManualClock) {
    clock.advance(Duration::from_secs(365 * 86_400));
}

fn recovery() -> Recovery {
    Recovery::new()
        .allow(Method::GET, "/api/license")
        .and_then(|it| it.allow(Method::POST, "/api/license"))
        .and_then(|it| it.allow(Method::GET, "/assets/**"))
        .unwrap()
}

/// Asks for the feature that the first segment of the path names.
#[derive(Clone, Debug)]
struct FeatureOfPath(Licensing);

impl Check for FeatureOfPath {
    fn check<B>(&self, request: &Request<B>) -> Result<(), Denial> {
        let feature = request.uri().path().split('/').nth(1).unwrap_or_default();
        self.0.check_feature(feature)
    }
}

/// What the crate's documentation says of the ways to layer a router.
#[tokio::test]
async fn each_way_to_layer_a_router_covers_what_it_is_said_to() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&licensing);
    let serve = any(async || "served");
    let router = Router::new().route("/before", serve.clone());
    let status = async |router: &Router, path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };

    let all = router.clone().layer(layer.clone()).route("/after", serve.clone());
    assert_eq!(status(&all, "/before").await, 503);
    assert_eq!(status(&all, "/unknown").await, 503);
    assert_eq!(status(&all, "/after").await, 200);

    let routes = router.route_layer(layer.clone()).route("/after", serve.clone());
    assert_eq!(status(&routes, "/before").await, 503);
    assert_eq!(status(&routes, "/unknown").await, 404);
    assert_eq!(status(&routes, "/after").await, 200);

    let inner = Router::new().route("/x", serve);
    let scoped = inner.layer(layer.scope("/api/**").unwrap());
    assert_eq!(status(&Router::new().nest("/api", scoped), "/api/x").await, 200);
}

on_every_stack! {
    async fn what_the_license_allows_is_served() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        vendor.license().features(["sso"]).install(&licensing);
        let license = LicenseLayer::new(&licensing).responder(responder());
        let app = wrap(license);
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
            app.serves(request(method, "/api/x?y=z")).await;
        }
        let feature = FeatureLayer::new(&licensing, "sso").unwrap().responder(responder());
        wrap(feature).serves(post("/api/sso")).await;
    }

    async fn without_a_license_everything_covered_is_refused() {
        let (licensing, _) = licensing(&Vendor::new());
        let app = wrap(LicenseLayer::new(&licensing).responder(responder()));
        for uri in ["/", "/api", "/api/x", "/healthz", "http://a.example/x"] {
            app.refuses(get(uri), 503, DenialCode::LicenseMissing).await;
            app.refuses(post(uri), 503, DenialCode::LicenseMissing).await;
        }
    }

    async fn outside_the_scope_everything_is_served() {
        let (licensing, _) = licensing(&Vendor::new());
        let layer = LicenseLayer::new(&licensing).responder(responder()).scope("/api/**").unwrap();
        let app = wrap(layer);
        for uri in ["/", "/healthz", "/apix", "/x/api"] {
            app.serves(post(uri)).await;
        }
        for uri in ["/api", "/api/", "/api/x/y", "/api/x?y=z"] {
            app.refuses(get(uri), 503, DenialCode::LicenseMissing).await;
        }
    }

    async fn several_scopes_are_covered_together() {
        let (licensing, _) = licensing(&Vendor::new());
        let layer = LicenseLayer::new(&licensing)
            .scope("/api/**")
            .and_then(|layer| layer.scope("/agents/**"))
            .unwrap();
        let app = wrap(layer.responder(responder()));
        app.refuses(get("/api/x"), 503, DenialCode::LicenseMissing).await;
        app.refuses(get("/agents/x"), 503, DenialCode::LicenseMissing).await;
        app.serves(get("/background")).await;
    }

    async fn recovery_stays_open_whatever_is_refused() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        let layer = LicenseLayer::new(&licensing).responder(responder()).recovery(recovery());
        let app = wrap(layer);
        let open = async || {
            app.serves(get("/api/license")).await;
            app.serves(post("/api/license?dry_run=true")).await;
            app.serves(request("HEAD", "/api/license")).await;
            app.serves(request("OPTIONS", "/api/license")).await;
            app.serves(get("/assets/app.css")).await;
        };
        let others = [
            request("DELETE", "/api/license"),
            get("/api/license/"),
            get("/api/License"),
            get("/api/%6cicense"),
            get("/x/../api/license"),
            get("//api/license"),
            get("/api/license-report"),
            post("/assets/app.css"),
            get("/assets/../api/x"),
        ];
        open().await;
        for other in others.clone() {
            app.refuses(other, 503, DenialCode::LicenseMissing).await;
        }
        // None of these requests has a host.
        vendor.license().domain("a.example").install(&licensing);
        open().await;
        for other in others {
            app.refuses(other, 400, DenialCode::HostInvalid).await;
        }
    }

    async fn a_license_takes_effect_without_a_new_layer() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        let license = wrap(LicenseLayer::new(&licensing).responder(responder()));
        let feature = FeatureLayer::new(&licensing, "sso").unwrap().responder(responder());
        let feature = wrap(feature);
        license.refuses(get("/x"), 503, DenialCode::LicenseMissing).await;
        feature.refuses(get("/x"), 503, DenialCode::LicenseMissing).await;
        vendor.license().install(&licensing);
        license.serves(get("/x")).await;
        feature.refuses(get("/x"), 403, DenialCode::FeatureNotLicensed).await;
        vendor.license().features(["sso"]).install(&licensing);
        license.serves(get("/x")).await;
        feature.serves(get("/x")).await;
    }

    async fn a_license_that_ends_is_refused_from_that_moment_on() {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        vendor.license().days(1).install(&licensing);
        let app = wrap(LicenseLayer::new(&licensing).responder(responder()));
        clock.advance(Duration::from_millis(86_399_999));
        app.serves(get("/x")).await;
        clock.advance(Duration::from_millis(1));
        app.refuses(get("/x"), 503, DenialCode::LicenseExpired).await;
    }

    async fn changes_are_refused_under_read_only() {
        let vendor = vendor(Restriction::ReadOnly);
        let (licensing, clock) = licensing(&vendor);
        vendor.license().install(&licensing);
        let layer = LicenseLayer::new(&licensing).responder(responder()).recovery(recovery());
        let app = wrap(layer);
        app.serves(post("/api/x")).await;
        lapse(&clock);
        for method in ["GET", "HEAD", "OPTIONS"] {
            app.serves(request(method, "/api/x")).await;
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get"] {
            app.refuses(request(method, "/api/x"), 402, DenialCode::ReadOnly).await;
        }
        app.serves(post("/api/license")).await;
    }

    async fn marks_say_what_changes_where_the_method_does_not() {
        let vendor = vendor(Restriction::ReadOnly);
        let (licensing, clock) = licensing(&vendor);
        vendor.license().install(&licensing);
        let marks = Marks::new()
            .safe(Method::POST, "/api/search/{kind}")
            .and_then(|marks| marks.safe(Method::GET, "/feed"))
            .and_then(|marks| marks.changing(Method::GET, "/api/export/{*path}"))
            .unwrap();
        let layer = LicenseLayer::new(&licensing).responder(responder()).marks(marks);
        let app = wrap(layer.recovery(recovery()));
        let upgrade = |path: &str| {
            let request = Request::get(path).header("connection", "upgrade");
            request.header("upgrade", "websocket").body(()).unwrap()
        };
        let changing = [
            get("/api/export/a/b"),
            get("/API/%65xport/a/"),
            request("HEAD", "/api/export/a"),
            upgrade("/live"),
            upgrade("/api/search/x"),
            request("PUT", "/api/search/x"),
            post("/api/search/x/"),
            post("/api/search/%2e%2e"),
            post("/feed"),
        ];
        let reading = [
            post("/api/search/x?q=y"),
            get("/api/search/x"),
            upgrade("/feed"),
            get("/live"),
            get("/api/export"),
            request("OPTIONS", "/api/export/a"),
        ];
        for request in changing.iter().chain(&reading) {
            app.serves(request.clone()).await;
        }
        lapse(&clock);
        for request in changing {
            app.refuses(request, 402, DenialCode::ReadOnly).await;
        }
        for request in reading {
            app.serves(request).await;
        }
        // Recovery stays open, whatever is said of it.
        app.serves(upgrade("/api/license")).await;
    }

    async fn what_changes_is_looked_at_only_while_reading_alone_is_allowed() {
        let asked = Arc::new(AtomicUsize::new(0));
        for restriction in [
            Restriction::Advisory,
            Restriction::Features,
            Restriction::ReadOnly,
            Restriction::Everything,
        ] {
            let vendor = vendor(restriction);
            let (licensing, clock) = licensing(&vendor);
            vendor.license().domain("a.example").install(&licensing);
            let counted = Arc::clone(&asked);
            let marks = Marks::from_fn(move |_, _| {
                counted.fetch_add(1, Ordering::SeqCst);
                Some(Mark::Changing)
            });
            let app = wrap(LicenseLayer::new(&licensing).responder(responder()).marks(marks));
            app.serves(get("http://a.example/x")).await;
            app.refuses(get("http://b.example/x"), 403, DenialCode::DomainMismatch).await;
            lapse(&clock);
            let _ = app.send(get("http://b.example/x")).await;
            assert_eq!(asked.load(Ordering::SeqCst), 0, "{restriction:?}");
            let _ = app.send(get("http://a.example/x")).await;
            let times = usize::from(restriction == Restriction::ReadOnly);
            assert_eq!(asked.swap(0, Ordering::SeqCst), times, "{restriction:?}");
        }
    }

    async fn administrators_are_warned_and_nobody_else() {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        vendor.license().days(31).install(&licensing);
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let is_admin = move |head: &http::request::Parts| {
            counted.fetch_add(1, Ordering::SeqCst);
            head.headers.contains_key("x-admin")
        };
        let license = LicenseLayer::new(&licensing).responder(responder());
        let app = wrap(tower_layer::Stack::new(license, WarningLayer::new(&licensing, is_admin)));
        let warnings = async |admin: bool| {
            let mut request = get("/x");
            if admin {
                request.headers_mut().insert("x-admin", "yes".parse().unwrap());
            }
            let response = app.send(request).await;
            let lines = response.headers().get_all("license-warning").iter();
            let lines: Vec<_> = lines.map(|line| line.to_str().unwrap().to_owned()).collect();
            (response.status().as_u16(), lines)
        };
        assert_eq!(warnings(true).await, (200, vec![]));
        assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing to warn about");
        let left = |days| {
            let text = format!("License expires on 2026-12-01: {days}");
            format!("\"{text} left.\";code=license_expiring;level=info")
        };
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(warnings(true).await, (200, vec![left("30 days")]));
        assert_eq!(warnings(false).await, (200, vec![]));
        clock.advance(Duration::from_secs(29 * 86_400));
        assert_eq!(warnings(true).await, (200, vec![left("1 day")]));
        clock.advance(Duration::from_secs(86_400));
        let expired = "\"License expired on 2026-12-01.\";code=license_expired;level=critical";
        assert_eq!(warnings(true).await, (503, vec![expired.to_owned()]));
        assert_eq!(warnings(false).await, (503, vec![]));
        asked.store(0, Ordering::SeqCst);
        vendor.license().issued_at(licensing.clock().now()).days(365).install(&licensing);
        assert_eq!(warnings(true).await, (200, vec![]));
        assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing to warn about");
    }

    async fn who_an_administrator_is_may_be_waited_for() {
        let (licensing, _) = licensing(&Vendor::new());
        let is_admin = |head: http::request::Parts| async move {
            tokio::task::yield_now().await;
            head.headers.contains_key("x-admin")
        };
        let app = wrap(WarningLayer::new_async(&licensing, is_admin));
        for (header, expected) in [("x-admin", 1), ("x-user", 0)] {
            let mut request = get("/x");
            request.headers_mut().insert(header, "yes".parse().unwrap());
            let response = app.send(request).await;
            let lines = response.headers().get_all("license-warning").iter().count();
            assert_eq!((response.status().as_u16(), lines), (200, expected), "{header}");
        }
    }

    async fn a_feature_is_asked_of_the_license() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        vendor.license().features(["sso", "scim"]).install(&licensing);
        let app =
            |name| wrap(FeatureLayer::new(&licensing, name).unwrap().responder(responder()));
        app("sso").serves(get("/x")).await;
        app("scim").serves(get("/x")).await;
        for name in ["ss", "SSO", "ssoo", "audit"] {
            let denial = app(name).refuses(get("/x"), 403, DenialCode::FeatureNotLicensed).await;
            assert_eq!(denial.problem().feature.as_deref(), Some(name));
        }
    }

    async fn a_feature_past_grace_is_refused_as_lapsed() {
        let vendor = vendor(Restriction::Features);
        let (licensing, clock) = licensing(&vendor);
        vendor.license().features(["sso"]).install(&licensing);
        lapse(&clock);
        let app =
            |name| wrap(FeatureLayer::new(&licensing, name).unwrap().responder(responder()));
        app("sso").refuses(get("/x"), 402, DenialCode::FeatureLapsed).await;
        app("scim").refuses(get("/x"), 403, DenialCode::FeatureNotLicensed).await;
        wrap(LicenseLayer::new(&licensing).responder(responder())).serves(post("/x")).await;
    }

    async fn the_outer_of_two_layers_is_asked_first() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        vendor.license().domain("a.example").install(&licensing);
        let license = LicenseLayer::new(&licensing).responder(responder());
        let feature = FeatureLayer::new(&licensing, "sso").unwrap().responder(responder());
        let app = wrap(tower_layer::Stack::new(feature, license));
        app.refuses(get("http://b.example/x"), 403, DenialCode::DomainMismatch).await;
        app.refuses(get("http://a.example/x"), 403, DenialCode::FeatureNotLicensed).await;
        vendor.license().domain("a.example").features(["sso"]).install(&licensing);
        app.serves(get("http://a.example/x")).await;
    }

    async fn a_closure_answers_instead() {
        let (licensing, _) = licensing(&Vendor::new());
        let ready = responder();
        let teapot = move |denial: &Denial, request: &Parts| {
            let mut response: Response<_> = ready.respond(denial, request);
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            response
        };
        let app = wrap(LicenseLayer::new(&licensing).responder(ByRequest(teapot)));
        app.refuses(get("/x"), 418, DenialCode::LicenseMissing).await;
    }

    async fn a_check_of_your_own_is_enforced() {
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        vendor.license().features(["sso"]).install(&licensing);
        let app = wrap(EnforceLayer::new(FeatureOfPath(licensing)).responder(responder()));
        app.serves(get("/sso/login")).await;
        let denial = app.refuses(get("/scim/users"), 403, DenialCode::FeatureNotLicensed).await;
        assert_eq!(denial.problem().feature.as_deref(), Some("scim"));
    }
}
