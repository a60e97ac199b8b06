//! What every route asks for, as administrators are told and as a document says it, in
//! all three products.

use license_core::Product;
use license_tests::{Answer, Client, Polygent, Service, alexandria, align, now};
use serde_json::{Value, json};

/// No route behind the license says nothing, and each name is the product's.
#[track_caller]
fn routes(answer: &Answer, profile: &str) -> Vec<Value> {
    let product = Product::from_toml(profile).unwrap();
    answer.is(200);
    let routes = answer.json()["routes"].as_array().unwrap().clone();
    for route in &routes {
        assert!(route["access"] != "unsaid" || route["in_scope"] == false, "{route}");
        for gate in route["gates"].as_array().unwrap() {
            let name = gate["name"].as_str().unwrap();
            let known = match gate["kind"].as_str().unwrap() {
                "feature" | "optional_feature" => product.features().contains_key(name),
                _ => product.limits().contains_key(name),
            };
            assert!(known, "{route}");
        }
    }
    routes
}

#[track_caller]
fn asks(routes: &[Value], method: &str, path: &str, access: &str, gates: &Value) {
    let is_meant = |it: &&Value| {
        it["path"] == path && it["methods"].as_array().unwrap().contains(&json!(method))
    };
    let route =
        routes.iter().find(is_meant).unwrap_or_else(|| panic!("{method} {path}: {routes:#?}"));
    assert_eq!((&route["access"], &route["gates"]), (&json!(access), gates), "{route}");
}

/// Everybody reads the document, whatever is refused, and it says the same.
async fn documented(client: &Client, routes: &[Value]) {
    let answer = client.get("/api/openapi.json").await;
    answer.is(200);
    let document = answer.json();
    for route in routes {
        let path = route["path"].as_str().unwrap();
        for method in route["methods"].as_array().unwrap() {
            let method = method.as_str().unwrap().to_ascii_lowercase();
            let operation = &document["paths"][path][&method];
            let of = |kinds: &[&str]| -> Vec<&Value> {
                let gates = route["gates"].as_array().unwrap().iter();
                gates
                    .filter(|it| kinds.iter().any(|kind| it["kind"] == *kind))
                    .map(|it| &it["name"])
                    .collect()
            };
            for (member, names) in [
                ("x-license-feature", of(&["feature"])),
                ("x-license-limit", of(&["limit", "lease"])),
            ] {
                let said = operation[member].as_array();
                let said: Vec<&Value> = said.into_iter().flatten().collect();
                // OpenAPI 3.1 does not know the method.
                assert!(said == names || method == "connect", "{method} {path}: {said:?}");
            }
        }
    }
}

#[tokio::test]
async fn polygent_tells_administrators_what_every_route_asks_for() {
    const PATH: &str = "/api/license/routes";
    let polygent = Polygent::start().await;
    polygent.install(polygent.license()).await;
    polygent.client().get(PATH).await.is(401);
    let answer = polygent.admin().await.get(PATH).await;
    let routes = routes(&answer, include_str!("../../../../examples/polygent/polygent.toml"));
    let workflows = json!([{ "kind": "feature", "name": "workflows" }]);
    asks(&routes, "GET", "/api/workflows", "gated", &workflows);
    let users = json!([{ "kind": "limit", "name": "users" }]);
    asks(&routes, "POST", "/api/users", "gated", &users);
    let hosts = json!([{ "kind": "lease", "name": "session_hosts" }]);
    asks(&routes, "CONNECT", "/agents/session", "gated", &hosts);
    asks(&routes, "GET", "/api/users", "free", &json!([]));
    asks(&routes, "POST", "/api/auth/sign-in", "recovery", &json!([]));
    asks(&routes, "POST", "/api/license", "recovery", &json!([]));
    documented(&Polygent::start().await.client(), &routes).await;
}

#[tokio::test]
async fn align_and_alexandria_tell_it_as_well() {
    let service = Service::start(align::command, |directory| {
        align::license().put(directory);
    })
    .await;
    let answer = service.admin().await.get("/api/license/routes").await;
    let found = routes(&answer, include_str!("../../../../examples/align/align.toml"));
    let decisions = json!([{ "kind": "limit", "name": "decisions" }]);
    asks(&found, "POST", "/api/decisions", "gated", &decisions);
    asks(&found, "GET", "/api/license/doctor", "recovery", &json!([]));
    documented(&service.client(), &found).await;

    let service = Service::start(alexandria::command, |_| ()).await;
    let admin = service.client().bearer(&alexandria::admin_token(now().saturating_add(DAY)));
    let answer = admin.get("/admin/license/routes").await;
    let found = routes(&answer, include_str!("../../../../examples/alexandria/alexandria.toml"));
    let tenants = json!([
        { "kind": "feature", "name": "multi_tenant" },
        { "kind": "limit", "name": "tenants" },
    ]);
    asks(&found, "POST", "/tenants", "gated", &tenants);
    asks(&found, "PUT", "/v1/blobs/{id}", "free", &json!([]));
    documented(&service.client(), &found).await;
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
