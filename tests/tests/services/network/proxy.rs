//! The examples behind nginx, as the guide configures it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderName;
use license_tests::{ADMINISTRATOR, Client, Nginx, PASSWORD, Polygent};
use serde_json::json;

const GUIDE: &str = include_str!("../../../../docs/guide.md");
const SIGN_IN: &str = "/api/auth/sign-in";

/// The `location` of the guide that begins behind this sentence, in front of a
/// service.
fn location(behind: &str, service: SocketAddr, listen: SocketAddr) -> String {
    let (_, rest) = GUIDE.split_once(behind).expect("the guide has the sentence");
    let (_, block) = rest.split_once("```nginx\n").expect("and a block");
    let (block, _) = block.split_once("```").expect("its end");
    let block = block.replace("127.0.0.1:3000", &service.to_string());
    format!("server {{ listen {listen}; {block} }}")
}

async fn behind_nginx(sentence: &str, arguments: &[&str]) -> Option<(Polygent, Nginx)> {
    let polygent =
        Polygent::start_with(|start| arguments.iter().fold(start, |it, more| it.arg(more))).await;
    let service = polygent.process().address();
    let nginx = Nginx::start(|listen| location(sentence, service, listen))?;
    polygent.install(polygent.license().domain("*.acme.internal")).await;
    Some((polygent, nginx))
}

#[tokio::test]
async fn nginx_passes_the_host_on_as_the_guide_has_it() {
    let Some((_polygent, nginx)) = behind_nginx("told to pass on", &[]).await else { return };
    let client = Client::new(nginx.address());
    client.host("api.acme.internal").get("/api/auth/me").await.refused(401, "unauthenticated");
    client.host("evil.example").get("/api/workflows").await.refused(403, "domain_mismatch");
}

#[tokio::test]
async fn a_trusted_nginx_names_the_host_and_the_client_in_headers_of_its_own() {
    let trusted = ["--trusted-proxy", "127.0.0.1,::1"];
    let sentence = "header of its own";
    let Some((polygent, nginx)) = behind_nginx(sentence, &trusted).await else { return };
    let at = |host: &str| Client::new(nginx.address()).host(host);
    at("evil.example").get("/api/workflows").await.refused(403, "domain_mismatch");
    let forged = HeaderName::from_static("x-forwarded-host");
    let liar = at("evil.example").with(forged.clone(), "api.acme.internal");
    liar.get("/api/workflows").await.refused(403, "domain_mismatch");
    at("api.acme.internal").get("/api/workflows").await.refused(401, "unauthenticated");
    // Nobody else is believed.
    let elsewhere = polygent.client().source([127, 0, 0, 9]).host("evil.example");
    let elsewhere = elsewhere.with(forged, "api.acme.internal");
    elsewhere.get("/api/workflows").await.refused(403, "domain_mismatch");

    // Ten wrong passwords close one client's address, not the proxy's.
    let through = at("api.acme.internal");
    let direct = polygent.client().host("api.acme.internal");
    let sign_in = async |client: &Client, from: [u8; 4], forwarded_for: &str, password: &str| {
        let client = client.source(IpAddr::from(from));
        let client = client.with(HeaderName::from_static("x-forwarded-for"), forwarded_for);
        client.post_json(SIGN_IN, &json!({"email": ADMINISTRATOR, "password": password})).await
    };
    for number in 0..10 {
        sign_in(&through, [127, 0, 0, 2], &format!("192.0.2.{number}"), "wrong").await;
    }
    let closed = async |client: &Client, from: [u8; 4], forwarded_for: &str| {
        let answer = sign_in(client, from, forwarded_for, PASSWORD).await;
        answer.refused(429, "too_many_attempts");
    };
    closed(&through, [127, 0, 0, 2], "192.0.2.99").await;
    // Nor does naming another help who is no proxy, or is behind one that adds
    // to what it was sent.
    closed(&direct, [127, 0, 0, 2], "192.0.2.99").await;
    closed(&direct, [127, 0, 0, 1], "192.0.2.99, 127.0.0.2").await;
    sign_in(&through, [127, 0, 0, 3], "127.0.0.2", PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_trusted_proxy_that_names_no_host_is_told_apart() {
    let polygent = Polygent::start_with(|start| start.arg("--trusted-proxy").arg("127.0.0.1"));
    let polygent = polygent.await;
    let bound = || polygent.license().domain("*.acme.internal");
    let admin = polygent.admin().await.host("api.acme.internal");
    let refused = admin.upload("/api/license", bound().sign().as_str().to_owned()).await;
    refused.refused(422, "domain_mismatch");
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("no host name") && detail.contains("X-Forwarded-Host"), "{detail}");

    polygent.install(bound()).await;
    let refused = admin.get("/api/workflows").await;
    refused.refused(400, "host_invalid");
    let remedy = refused.json()["remedy"].to_string();
    assert!(remedy.contains("X-Forwarded-Host"), "{remedy}");
    polygent.process().logged("from a trusted proxy without the header").await;
}

#[tokio::test]
async fn what_is_no_network_stops_every_example_at_the_start() {
    for example in ["polygent", "align", "alexandria", "hyper"] {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("vendor.pem");
        let vendor = license_core::testing::Vendor::new();
        std::fs::write(&key, vendor.key().public_pem().unwrap()).unwrap();
        let mut start = std::process::Command::new(license_tests::example(example));
        start.current_dir(directory.path());
        if example == "hyper" {
            start.arg("--public-key").arg(&key);
        }
        let ended = start.args(["--listen", "127.0.0.1:0", "--trusted-proxy", "10.0.0.1/8"]);
        let ended = ended.output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{example}: {text}");
        assert!(text.contains("--trusted-proxy") && text.contains("bits set"), "{example}: {text}");
    }
}
