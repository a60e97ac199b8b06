//! The license, the request and the answer that all rows share.

use axum::Json;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use license_core::{
    Clock, Licensing, SystemClock, Timestamp,
    testing::{LicenseBuilder, Vendor},
};
use serde::Serialize;

/// The host of every request.
pub(crate) const HOST: &str = "eu.acme.example";
/// What the license binds it to.
pub(crate) const DOMAIN: &str = "*.acme.example";
/// The feature every request needs, in the middle of the license's list.
pub(crate) const FEATURE: &str = "sso-saml";
/// What the license grants.
pub(crate) const FEATURES: [&str; 8] = [
    "audit-log",
    "custom-roles",
    "high-availability",
    "reporting",
    "sso-saml",
    "scim",
    "webhooks",
    "white-label",
];
/// Where every request goes.
pub(crate) const PATH: &str = "/api/warehouses";

license_core::features! {
    /// [`FEATURE`] as a type.
    pub(crate) SsoSaml = "sso-saml";
    /// A feature the license does not grant.
    pub(crate) Tenants = "multi-tenant";
}

/// A year's license as a vendor would write it, from now on.
pub(crate) fn license<'v>(vendor: &'v Vendor, domain: Option<&str>) -> LicenseBuilder<'v> {
    let license = vendor
        .license()
        .issued_at(now())
        .days(365)
        .features(FEATURES)
        .limit("users", 250)
        .limit("decisions", 1_000_000);
    match domain {
        Some(domain) => license.domain(domain),
        None => license,
    }
}

/// A handle by the system's clock with [`license`] in force.
pub(crate) fn licensed(domain: Option<&str>) -> Licensing {
    let vendor = Vendor::new();
    let licensing = Licensing::new(vendor.verifier());
    license(&vendor, domain).install(&licensing);
    licensing
}

/// A handle as [`licensed`] gives it, and what puts another license in
/// force: two take turns, so that each swap is one.
pub(crate) fn swapping(domain: Option<&str>) -> (Licensing, impl FnMut() + Send + Clone + 'static) {
    let vendor = Vendor::new();
    let licensing = Licensing::new(vendor.verifier());
    let [first, second] = ["lic_1", "lic_2"].map(|id| {
        let token = license(&vendor, domain).id(id).sign();
        licensing.verify(token.as_str().as_bytes()).expect("the license verifies")
    });
    licensing.install_in_memory(&first);
    let handle = licensing.clone();
    let mut turn = false;
    let swap = move || {
        turn = !turn;
        handle.install_in_memory(if turn { &second } else { &first });
    };
    (licensing, swap)
}

pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}

/// A request as a browser would send it; a change comes from the service's
/// own pages.
pub(crate) fn request<B: Default>(method: Method) -> Request<B> {
    let mut request = Request::new(B::default());
    *request.uri_mut() = PATH.parse().expect("the path is valid");
    let headers = request.headers_mut();
    put(headers, header::HOST, HOST);
    put(headers, header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0");
    put(headers, header::ACCEPT, "application/json");
    put(headers, header::ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    put(headers, header::AUTHORIZATION, "Bearer 0123456789abcdef0123456789abcdef");
    if method != Method::GET {
        put(headers, header::ORIGIN, "https://eu.acme.example");
        put(headers, header::HeaderName::from_static("sec-fetch-site"), "same-origin");
    }
    *request.method_mut() = method;
    request
}

fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// One line of [`page`].
#[derive(Debug, Serialize)]
pub(crate) struct Warehouse {
    id: u64,
    name: &'static str,
    state: &'static str,
    stock: f64,
    open: bool,
}

static PAGE: [Warehouse; 14] = {
    const fn line(id: u64, name: &'static str, stock: f64) -> Warehouse {
        Warehouse { id, name, state: "active", stock, open: true }
    }
    [
        line(100_001, "Aberdeen", 1_204.5),
        line(100_002, "Bergen", 938.25),
        line(100_003, "Cork", 2_011.75),
        line(100_004, "Dresden", 17.5),
        line(100_005, "Eindhoven", 5_506.0),
        line(100_006, "Florence", 33.125),
        line(100_007, "Gdansk", 871.0),
        line(100_008, "Hamburg", 9_402.5),
        line(100_009, "Innsbruck", 120.75),
        line(100_010, "Kaunas", 64.0),
        line(100_011, "Lyon", 3_309.5),
        line(100_012, "Malmo", 2_750.25),
        line(100_013, "Naples", 412.0),
        line(100_014, "Oporto", 1_000.5),
    ]
};

/// A handler's answer: about 1 KiB of JSON.
pub(crate) fn page() -> Json<&'static [Warehouse]> {
    Json(&PAGE)
}

#[cfg(test)]
mod tests {
    use axum::body::HttpBody;
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn the_page_has_about_1_kib() {
        let length = page().into_response().body().size_hint().exact();
        assert!(length.is_some_and(|length| (960..=1088).contains(&length)), "{length:?}");
    }
}
