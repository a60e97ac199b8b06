//! The abuse cases of SECURITY.md that a layer has to withstand,
//! by number.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::connect_info::ConnectInfo,
    routing::{any, get as on_get},
};
use http::{Method, Request};
use license_core::{
    Denial, DenialCode, Licensing, Restriction,
    testing::{Vendor, licensing},
};
use license_tower::{LicenseLayer, Recovery, TrustedProxy};
use tower::{Layer, ServiceExt};

use crate::{
    rules::vendor,
    stacks::{get, get_with, on_every_stack, post, request},
};

fn bound_to(pattern: &str) -> Licensing {
    let vendor = Vendor::new();
    let (licensing, _) = licensing(&vendor);
    vendor.license().domain(pattern).install(&licensing);
    licensing
}

fn layer(pattern: &str) -> LicenseLayer {
    LicenseLayer::new(&bound_to(pattern))
}

fn from_host(host: &[u8]) -> Request<()> {
    get_with("/api/x", &[("host", host)])
}

const FORWARDED: [(&str, &[u8]); 7] = [
    ("forwarded", b"host=api.acme.internal"),
    ("x-forwarded-host", b"api.acme.internal"),
    ("x-forwarded-server", b"api.acme.internal"),
    ("x-original-host", b"api.acme.internal"),
    ("x-host", b"api.acme.internal"),
    ("x-http-host-override", b"api.acme.internal"),
    ("x-original-url", b"/healthz"),
];

const COVERED: [&str; 12] = [
    "/api",
    "/api/",
    "//api/x",
    "/%61pi/x",
    "/%2561pi/x",
    "/API/x",
    "/x/../api/x",
    "/x/%2e%2e/api/x",
    "/api%2fx",
    "/api/license-report",
    "/api/license/",
    "/api;v=1/x",
];

fn recovery() -> Recovery {
    let recovery = Recovery::new().allow(Method::GET, "/api/license");
    recovery.and_then(|it| it.allow(Method::POST, "/api/license")).unwrap()
}

#[tokio::test]
async fn case_44_a_finished_router_is_covered_with_all_its_routes() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap().recovery(recovery());
    let serve = any(async || "served");
    let router = Router::new()
        .route("/api/x", serve.clone())
        .route("/api/license", serve.clone())
        .route("/healthz", serve.clone())
        .nest("/api/nested", Router::new().route("/x", serve.clone()))
        .fallback_service(serve.clone().with_state(()))
        .route("/api/last", on_get(async || "served"));
    let app = layer.layer(router);
    let answer = async |uri: &str| {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let refused = response.extensions().get::<Denial>().is_some();
        (response.status().as_u16(), refused)
    };
    for uri in ["/api/x", "/api/last", "/api/nested/x", "/api/nested", "/api/unknown"] {
        assert_eq!(answer(uri).await, (503, true), "{uri}");
    }
    for uri in COVERED {
        assert_eq!(answer(uri).await, (503, true), "{uri}");
    }
    for uri in ["/api/license", "/healthz", "/unknown"] {
        assert_eq!(answer(uri).await, (200, false), "{uri}");
    }
}

on_every_stack! {
    async fn case_32_hosts_outside_the_licensed_domain_are_refused() {
        let app = wrap(layer("*.acme.internal").responder(responder()));
        for host in [
            "acme.internal",
            "a.b.acme.internal",
            "evilacme.internal",
            "a.acme.internal.evil.example",
            "10.0.0.1",
            "[::1]:8443",
            "localhost",
        ] {
            let denial = app.refuses(from_host(host.as_bytes()), 403, DenialCode::DomainMismatch).await;
            assert!(denial.problem().detail.contains("License domain mismatch"));
        }
    }

    async fn case_33_letter_case_port_and_one_trailing_dot_do_not_matter() {
        let app = wrap(layer("*.acme.internal").responder(responder()));
        for host in
            ["api.acme.internal", "API.acme.internal:8443", "api.acme.internal.", "a.ACME.internal.:1"]
        {
            app.serves(from_host(host.as_bytes())).await;
        }
    }

    async fn case_34_forged_forwarded_headers_are_ignored() {
        let app = wrap(layer("*.acme.internal").responder(responder()));
        for line in FORWARDED {
            let evil = get_with("/api/x", &[("host", b"evil.example"), line]);
            app.refuses(evil, 403, DenialCode::DomainMismatch).await;
            app.refuses(get_with("/api/x", &[line]), 400, DenialCode::HostInvalid).await;
            let good = get_with("/api/x", &[("host", b"api.acme.internal"), (line.0, b"evil.example")]);
            app.serves(good).await;
        }
    }

    async fn case_34_a_trusted_proxy_is_believed_and_nobody_else() {
        let proxy = TrustedProxy::new(["10.0.0.0/8"], "x-forwarded-host", |extensions| {
            extensions.get().map(|peer: &ConnectInfo<SocketAddr>| peer.0.ip())
        });
        let layer = layer("*.acme.internal").trusted_proxy(proxy.unwrap());
        let app = wrap(layer.responder(responder()));
        let sent = |peer: Option<&str>, lines: &[(&'static str, &[u8])]| {
            let mut request = get_with("/api/x", lines);
            if let Some(peer) = peer {
                let peer = SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 40_000);
                request.extensions_mut().insert(ConnectInfo(peer));
            }
            request
        };
        let good: (&'static str, &[u8]) = ("x-forwarded-host", b"api.acme.internal");
        let bad: (&'static str, &[u8]) = ("x-forwarded-host", b"evil.example");
        let backend: (&'static str, &[u8]) = ("host", b"backend:8080");
        let proxy = Some("10.1.2.3");
        app.serves(sent(proxy, &[backend, good])).await;
        app.serves(sent(proxy, &[good])).await;
        app.refuses(sent(proxy, &[backend, bad]), 403, DenialCode::DomainMismatch).await;
        // Whatever the request itself says, by now that the domain is known.
        let own: (&'static str, &[u8]) = ("host", b"api.acme.internal");
        app.refuses(sent(proxy, &[own, bad]), 403, DenialCode::DomainMismatch).await;
        app.refuses(sent(proxy, &[own]), 400, DenialCode::HostInvalid).await;
        // Exactly one value, and the same parser.
        app.refuses(sent(proxy, &[backend]), 400, DenialCode::HostInvalid).await;
        app.refuses(sent(proxy, &[backend, good, good]), 400, DenialCode::HostInvalid).await;
        let list: (&'static str, &[u8]) = ("x-forwarded-host", b"api.acme.internal, evil.example");
        app.refuses(sent(proxy, &[backend, list]), 400, DenialCode::HostInvalid).await;
        // Only the header named.
        let other: (&'static str, &[u8]) = ("x-original-host", b"api.acme.internal");
        app.refuses(sent(proxy, &[backend, other]), 400, DenialCode::HostInvalid).await;
        // Only that proxy.
        for peer in [None, Some("11.0.0.1"), Some("::1")] {
            app.refuses(sent(peer, &[backend, good]), 403, DenialCode::DomainMismatch).await;
            app.refuses(sent(peer, &[good]), 400, DenialCode::HostInvalid).await;
            app.serves(sent(peer, &[own, bad])).await;
        }
    }

    async fn case_35_two_hosts_none_empty_user_info_bad_ports_and_non_ascii_are_400() {
        let app = wrap(layer("*.acme.internal").responder(responder()));
        let good: (&'static str, &[u8]) = ("host", b"api.acme.internal");
        app.serves(get_with("/api/x", &[good])).await;
        for lines in
            [&[][..], &[good, good], &[good, ("host", b"evil.example")], &[("host", b""), good]]
        {
            app.refuses(get_with("/api/x", lines), 400, DenialCode::HostInvalid).await;
        }
        for host in [
            &b""[..],
            b"user@api.acme.internal",
            b"user:pass@api.acme.internal",
            b"api.acme.internal:",
            b"api.acme.internal:x",
            b"api.acme.internal:+80",
            b"api.acme.internal:65536",
            b"api.acme.internal:000080",
            b"api.acme.internal:80:80",
            b"api.acme.internal..",
            b"\xc3\xa4pi.acme.internal",
            b"\xff.acme.internal",
            b"api.acme.internal,evil.example",
            b"api.acme.internal/",
            b"http://api.acme.internal",
            b"api%2eacme.internal",
        ] {
            app.refuses(from_host(host), 400, DenialCode::HostInvalid).await;
        }
        let authority = get("http://user@api.acme.internal/api/x");
        app.refuses(authority, 400, DenialCode::HostInvalid).await;
        // Without a domain nobody asks for the host.
        let vendor = Vendor::new();
        let (licensing, _) = licensing(&vendor);
        vendor.license().install(&licensing);
        let unbound = wrap(LicenseLayer::new(&licensing).responder(responder()));
        unbound.serves(get("/api/x")).await;
        unbound.serves(get_with("/api/x", &[good, good])).await;
    }

    async fn case_36_the_authority_alone_is_enough_and_must_not_differ_from_the_host() {
        let app = wrap(layer("*.acme.internal").responder(responder()));
        let sent = |authority: &str, host: Option<&[u8]>| {
            let uri = format!("https://{authority}/api/x");
            match host {
                Some(host) => get_with(&uri, &[("host", host)]),
                None => get(&uri),
            }
        };
        app.serves(sent("api.acme.internal", None)).await;
        app.serves(sent("api.acme.internal:8443", Some(b"API.acme.internal.:8443"))).await;
        app.refuses(sent("evil.example", None), 403, DenialCode::DomainMismatch).await;
        for (authority, host) in [
            ("api.acme.internal", &b"evil.example"[..]),
            ("evil.example", b"api.acme.internal"),
            ("api.acme.internal", b"web.acme.internal"),
            ("api.acme.internal:1", b"api.acme.internal:2"),
            ("api.acme.internal", b""),
        ] {
            app.refuses(sent(authority, Some(host)), 400, DenialCode::HostInvalid).await;
        }
    }

    async fn case_44_no_spelling_of_a_covered_path_is_served_by_mistake() {
        let (licensing, _) = licensing(&Vendor::new());
        let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap().recovery(recovery());
        let app = wrap(layer.responder(responder()));
        for uri in COVERED {
            app.refuses(get(uri), 503, DenialCode::LicenseMissing).await;
            app.refuses(post(uri), 503, DenialCode::LicenseMissing).await;
        }
        app.serves(get("/api/license")).await;
        app.serves(get("/healthz")).await;
    }

    async fn case_45_options_is_refused_except_on_recovery_paths() {
        let (licensing, _) = licensing(&Vendor::new());
        let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap().recovery(recovery());
        let app = wrap(layer.responder(responder()));
        for method in ["OPTIONS", "HEAD"] {
            app.refuses(request(method, "/api/x"), 503, DenialCode::LicenseMissing).await;
            app.serves(request(method, "/api/license")).await;
            app.serves(request(method, "/healthz")).await;
        }
    }

    async fn case_45_options_and_head_pass_under_read_only() {
        let vendor = vendor(Restriction::ReadOnly);
        let (licensing, clock) = licensing(&vendor);
        vendor.license().install(&licensing);
        clock.advance(Duration::from_secs(365 * 86_400));
        let app = wrap(LicenseLayer::new(&licensing).responder(responder()));
        app.serves(request("OPTIONS", "/api/x")).await;
        app.serves(request("HEAD", "/api/x")).await;
        app.refuses(request("DELETE", "/api/x"), 402, DenialCode::ReadOnly).await;
    }

    async fn case_45_a_method_override_changes_nothing() {
        let vendor = vendor(Restriction::ReadOnly);
        let (licensing, clock) = licensing(&vendor);
        let layer = LicenseLayer::new(&licensing).recovery(recovery());
        let app = wrap(layer.responder(responder()));
        let overridden = |method: &str, uri: &str, name: &'static str, to: &'static str| {
            let mut request = request(method, uri);
            request.headers_mut().insert(name, to.parse().unwrap());
            request
        };
        let names = ["x-http-method-override", "x-method-override", "x-http-method"];
        for name in names {
            // Not into a recovery route...
            let delete = overridden("DELETE", "/api/license", name, "GET");
            app.refuses(delete, 503, DenialCode::LicenseMissing).await;
        }
        vendor.license().install(&licensing);
        clock.advance(Duration::from_secs(365 * 86_400));
        for name in names {
            // ...and not into a safe method.
            let post = overridden("POST", "/api/x?_method=GET", name, "GET");
            app.refuses(post, 402, DenialCode::ReadOnly).await;
        }
    }
}
