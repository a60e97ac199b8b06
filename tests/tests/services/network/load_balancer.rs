//! What a load balancer makes of a service that its license has stopped.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, routing::get};
use license_axum::{LicenseLayer, Licensing, enforce, recovery};
use license_core::{Product, testing::Vendor};
use license_tests::{Client, Nginx};
use tokio::net::TcpListener;

const GUIDE: &str = include_str!("../../../../docs/guide.md");

/// Two instances that nothing is licensed for, with this policy.
async fn instances(policy: &str) -> [SocketAddr; 2] {
    let profile = format!(
        "name = \"acme\"\nissuer = \"https://acme.example\"\naudience = \"acme\"\n{policy}"
    );
    let product = Product::from_toml(&profile).unwrap();
    let licensing = Licensing::new(Vendor::of(product).verifier());
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); 2];
    for address in &mut addresses {
        let router = Router::new()
            .route("/api/hello", get(async || "hello"))
            .route("/api/license", get(async || "the status"));
        let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
        let app = enforce(router, layer.recovery(recovery("/api/license").unwrap()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        *address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    addresses
}

/// The block of the guide, for these instances and this address.
fn configuration(instances: [SocketAddr; 2], listen: SocketAddr) -> String {
    let (_, block) = GUIDE.split_once("```nginx\n").expect("the guide has one");
    let (block, _) = block.split_once("```").expect("its end");
    let [one, other] = instances.map(|address| address.to_string());
    let filled = block.replace("10.0.0.11:3000", &one).replace("10.0.0.12:3000", &other);
    filled.replace("listen 80;", &format!("listen {listen};"))
}

/// The statuses of twelve refused requests, and what recovery answers then.
async fn asked(nginx: &Nginx) -> (Vec<u16>, u16) {
    let client = Client::new(nginx.address());
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(client.get("/api/hello").await.status.as_u16());
    }
    (statuses, client.get("/api/license").await.status.as_u16())
}

#[tokio::test]
async fn a_stopped_service_is_not_taken_for_a_broken_one() {
    // As the guide has it.
    let stopped = instances("").await;
    let Some(nginx) = Nginx::start(|listen| configuration(stopped, listen)) else { return };
    assert_eq!(asked(&nginx).await, (vec![503; 12], 200));

    // Where 503 takes an instance out, all of them are, recovery included.
    let taken_out = |instances, listen| {
        let configuration = configuration(instances, listen);
        let line = "proxy_next_upstream error timeout;";
        assert!(configuration.contains(line), "{configuration}");
        configuration.replace(line, "proxy_next_upstream error timeout http_503;")
    };
    let nginx = Nginx::start(|listen| taken_out(stopped, listen)).unwrap();
    assert_eq!(asked(&nginx).await.1, 502);

    // Then another status is chosen, also as the guide has it.
    let (_, policy) = GUIDE.split_once("# For a load balancer that takes 503").unwrap();
    let (_, policy) = policy.split_once('\n').unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    let stopped = instances(policy).await;
    let nginx = Nginx::start(|listen| taken_out(stopped, listen)).unwrap();
    assert_eq!(asked(&nginx).await, (vec![402; 12], 200));
}
