//! `registry`: images by license, with a real registry and a real client.

use std::{path::PathBuf, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, header};
use license_core::{Timestamp, Token, key::SigningKey};
use license_tests::{
    Answer, Client, Nginx, Process, Registry, Start, align, can_pull_images, certificate, example,
    now, skopeo, write_image,
};
use serde_json::Value;
use tempfile::TempDir;

const REPOSITORIES: &str = include_str!("../../../examples/registry/align.toml");
const GUIDE: &str = include_str!("../../../docs/guide.md");
const PROFILE: &str = "examples/align/align.toml";
const SERVICE: &str = "registry.align.example";
const MODEL: &str = "align/llm-server";
const GATEWAY: &str = "align/gateway";

/// The files of a vendor.
struct Place {
    directory: TempDir,
}

const KEY: &str = "token-key.pem";
const CERTIFICATE: &str = "token-cert.pem";

impl Place {
    /// With a key for tokens as the guide makes one. `None` without openssl.
    fn new() -> Option<Self> {
        certificate()?;
        let place = Self { directory: tempfile::tempdir().unwrap() };
        let command = GUIDE.lines().find(|line| line.starts_with("openssl req")).unwrap();
        let made = Command::new("sh").args(["-c", command]).current_dir(&place.directory).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(place.path("vendor.pem"), align::KEY.public_pem().unwrap()).unwrap();
        let repositories = REPOSITORIES.replace("revoked = []", "revoked = ['lic_revoked']");
        assert_ne!(repositories, REPOSITORIES);
        std::fs::write(place.path("repositories.toml"), repositories).unwrap();
        Some(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self) -> Start {
        Start::new(&example("registry"))
            .arg("--product")
            .arg(license_tests::root().join(PROFILE))
            .arg("--public-key")
            .arg(self.path("vendor.pem"))
            .arg("--repositories")
            .arg(self.path("repositories.toml"))
            .arg("--service")
            .arg(SERVICE)
            .arg("--token-key")
            .arg(self.path(KEY))
            .arg("--token-certificate")
            .arg(self.path(CERTIFICATE))
    }
}

/// A registry with images, and the service that gives tokens for it.
struct Shop {
    place: Place,
    service: Process,
    registry: Registry,
}

impl Shop {
    /// `None` where something is not installed; then the test is skipped.
    async fn open() -> Option<Self> {
        if !can_pull_images() {
            return None;
        }
        let place = Place::new()?;
        let service = place.command().start().await;
        let image = place.path("image");
        std::fs::create_dir(&image).unwrap();
        write_image(&image);
        let open = Registry::start(&place.path("storage"), "");
        for repository in [MODEL, GATEWAY, "align/support/tools", "align/internal"] {
            let (pushed, told) = copy(&place.image(), &remote(&open, repository, "v1"), &[]);
            assert!(pushed, "{told}");
        }
        let registry = place.registry(&service, place.path(CERTIFICATE));
        Some(Self { place, service, registry })
    }

    /// Whether the image of a repository can be pulled with a password, and
    /// what the client says.
    fn pull(&self, password: &str, repository: &str) -> (bool, String) {
        let pulled = tempfile::tempdir().unwrap();
        let credentials = format!("license:{password}");
        let to = format!("dir:{}", pulled.path().display());
        let from = remote(&self.registry, repository, "v1");
        let (done, told) = copy(&from, &to, &["--src-creds", &credentials]);
        let manifest = std::fs::read(pulled.path().join("manifest.json"));
        if done {
            let manifest: Value = serde_json::from_slice(&manifest.unwrap()).unwrap();
            let config = manifest["config"]["digest"].as_str().unwrap();
            assert!(self.place.path("image").join(&config["sha256:".len()..]).exists());
        } else {
            assert!(manifest.is_err(), "{told}");
        }
        (done, told)
    }

    #[track_caller]
    fn pulls(&self, password: &str, repository: &str) {
        let (pulled, told) = self.pull(password, repository);
        assert!(pulled, "{repository}: {told}");
    }

    #[track_caller]
    fn refuses(&self, password: &str, repository: &str, because: &str) {
        let (pulled, told) = self.pull(password, repository);
        assert!(!pulled && told.contains(because), "{repository}: {told}");
    }

    async fn ask(&self, password: &str, query: &str) -> Answer {
        ask(&self.service, password, query).await
    }

    /// A client of the registry with the token of an answer.
    fn with_token(&self, grant: &Value) -> Client {
        const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
        let client = Client::new(self.registry.address()).with(header::ACCEPT, MANIFEST);
        client.bearer(grant["token"].as_str().unwrap())
    }
}

impl Place {
    fn image(&self) -> String {
        format!("dir:{}", self.path("image").display())
    }

    /// A registry over the storage that trusts this certificate.
    fn registry(&self, service: &Process, certificate: PathBuf) -> Registry {
        let auth = format!(
            "{{ token: {{ realm: \"http://{}/token\", service: {SERVICE}, issuer: license, \
             rootcertbundle: {certificate:?} }} }}",
            service.address()
        );
        Registry::start(&self.path("storage"), &auth)
    }
}

fn remote(registry: &Registry, repository: &str, tag: &str) -> String {
    format!("docker://{}/{repository}:{tag}", registry.address())
}

fn copy(from: &str, to: &str, more: &[&str]) -> (bool, String) {
    let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    skopeo(&[&["copy", "-q"], &plain[..], more, &[from, to]].concat(), "")
}

fn basic(password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("license:{password}")))
}

async fn ask(service: &Process, password: &str, query: &str) -> Answer {
    let client = Client::new(service.address()).with(header::AUTHORIZATION, &basic(password));
    client.get(&format!("/token?service={SERVICE}&{query}")).await
}

/// A license that opens the model.
fn license() -> align::License {
    align::license().features(["gpuModels"])
}

/// One whose term ended this many days ago.
fn ended(days: i64) -> String {
    let end = now().as_seconds() - days * 86_400;
    let at = Timestamp::from_seconds;
    license().term(at(end - 365 * 86_400), at(end)).sign()
}

/// Asserts an error in the registry's form. Returns its reason.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> String {
    answer.is(status);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    let basic = answer.headers.get(header::WWW_AUTHENTICATE).map(|it| it.to_str().unwrap());
    assert_eq!(basic, (status == 401).then_some("Basic realm=\"license\""));
    let error = &answer.json()["errors"][0];
    assert_eq!(error["code"], code);
    assert!(error["message"].as_str().unwrap().len() > 10);
    error["detail"]["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_license_pulls_what_it_opens_and_nothing_else() {
    let Some(shop) = Shop::open().await else { return };
    let with_model = license().sign();
    shop.pulls(&with_model, MODEL);
    shop.pulls(&with_model, GATEWAY);
    shop.pulls(&with_model, "align/support/tools");
    shop.refuses(&with_model, "align/internal", "denied");

    let without = align::license().claim("/plan", "team").sign();
    shop.pulls(&without, GATEWAY);
    shop.refuses(&without, MODEL, "denied");
    shop.refuses(&without, "align/support/tools", "denied");
}

#[tokio::test]
async fn grace_pulls_and_past_it_nothing_does() {
    let Some(shop) = Shop::open().await else { return };
    shop.pulls(&ended(3), MODEL);
    // Skopeo tells the text of a 401, and of a 403 the status.
    shop.refuses(&ended(15), GATEWAY, "403");
    let answer = shop.ask(&ended(15), "scope=repository:align/gateway:pull").await;
    assert_eq!(refused(&answer, 403, "DENIED"), "license_expired");
    assert_eq!(answer.json()["errors"][0]["message"], "The license has expired");

    let early = license().claim("/nbf", now().as_seconds() + 86_400).sign();
    shop.refuses(&early, GATEWAY, "403");
    let revoked = license().id("lic_revoked").sign();
    shop.refuses(&revoked, GATEWAY, "403");
    assert_eq!(refused(&shop.ask(&revoked, "").await, 403, "DENIED"), "license_revoked");
}

#[tokio::test]
async fn what_is_no_license_of_the_product_is_a_wrong_password() {
    let Some(shop) = Shop::open().await else { return };
    let other = std::fs::read(shop.place.path(KEY)).unwrap();
    let other = SigningKey::pem(&other).unwrap();
    let other = other.sign(license().0.as_object().unwrap()).unwrap();
    let foreign = license().claim("/aud", "other").sign();
    let unsound = license().claim("/exp", "never").sign();
    let (id, large) = ("cust_1".to_owned(), "a".repeat(17 * 1024));
    for (password, reason, told) in [
        (other.as_str(), "key_unknown", "Signed with an unknown key"),
        (&align::forged(&license()), "signature_invalid", "signature verification failed"),
        (&foreign, "audience_mismatch", "Issued for another product"),
        (&unsound, "claims_invalid", "incomplete or inconsistent"),
        (&id, "token_malformed", "Not a license file"),
        (&large, "token_too_large", "too large"),
        (&"a".repeat(24 * 1024), "token_too_large", "too large"),
    ] {
        shop.refuses(password, GATEWAY, told);
        let answer = shop.ask(password, "scope=repository:align/gateway:pull").await;
        assert_eq!(refused(&answer, 401, "UNAUTHORIZED"), reason);
    }
}

#[tokio::test]
async fn nobody_pushes_with_a_license() {
    let Some(shop) = Shop::open().await else { return };
    let credentials = format!("license:{}", license().sign());
    for repository in [MODEL, GATEWAY, "align/new"] {
        let to = remote(&shop.registry, repository, "v2");
        let (pushed, told) = copy(&shop.place.image(), &to, &["--dest-creds", &credentials]);
        assert!(!pushed && told.contains("denied"), "{told}");
    }
    let asked = format!("scope=repository:{MODEL}:pull,push,delete,*");
    let client = shop.with_token(&shop.ask(&license().sign(), &asked).await.json());
    client.get(&format!("/v2/{MODEL}/manifests/v1")).await.is(200);
    client.get(&format!("/v2/{MODEL}/manifests/v2")).await.is(404);
    client.send(Method::POST, &format!("/v2/{MODEL}/blobs/uploads/"), "").await.is(401);
    client.send(Method::PUT, &format!("/v2/{MODEL}/manifests/v2"), "{}").await.is(401);
    let digest = client.get(&format!("/v2/{MODEL}/manifests/v1")).await;
    let digest = digest.headers["docker-content-digest"].to_str().unwrap().to_owned();
    client.send(Method::DELETE, &format!("/v2/{MODEL}/manifests/{digest}"), "").await.is(401);
}

#[tokio::test]
async fn several_scopes_are_one_token_of_those_that_are_opened() {
    let Some(shop) = Shop::open().await else { return };
    let [model, gateway, internal] = [MODEL, GATEWAY, "align/internal"];
    let scope = |repository: &str| format!("repository:{repository}:pull");
    let scopes = [scope(model), scope(gateway), scope(internal), "registry:catalog:*".into()];
    for query in
        [format!("scope={}", scopes.join("&scope=")), format!("scope={}", scopes.join("+"))]
    {
        let answer = shop
            .ask(&license().sign(), &format!("account=license&{query}&offline_token=true"))
            .await;
        answer.is(200);
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let grant = answer.json();
        assert_eq!(grant["expires_in"], 300);
        assert_eq!(grant["access_token"], grant["token"]);
        grant["issued_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
        let client = shop.with_token(&grant);
        client.get(&format!("/v2/{model}/manifests/v1")).await.is(200);
        client.get(&format!("/v2/{gateway}/manifests/v1")).await.is(200);
        client.get(&format!("/v2/{internal}/manifests/v1")).await.is(401);
        client.get("/v2/_catalog").await.is(401);
    }
}

#[tokio::test]
async fn a_client_signs_in_with_a_license_and_not_without() {
    let Some(shop) = Shop::open().await else { return };
    let address = shop.registry.address().to_string();
    let login = |password: &str| {
        let arguments =
            ["login", "--tls-verify=false", "-u", "license", "--password-stdin", &address];
        skopeo(&arguments, &format!("{password}\n"))
    };
    let (done, told) = login(&license().sign());
    assert!(done && told.contains("Login Succeeded"), "{told}");
    for password in [ended(15), align::forged(&license()), "wrong".into()] {
        let (done, told) = login(&password);
        assert!(!done, "{told}");
    }
    let (pulled, told) =
        copy(&remote(&shop.registry, GATEWAY, "v1"), "dir:/nowhere", &["--src-no-creds"]);
    assert!(!pulled && told.contains("Send the license as the password"), "{told}");
}

#[tokio::test]
async fn a_registry_takes_no_tokens_of_another_key() {
    let Some(shop) = Shop::open().await else { return };
    let Some(other) = certificate() else { return };
    let registry = shop.place.registry(&shop.service, other.path().join("cert.pem"));
    let shop = Shop { registry, ..shop };
    let (pulled, told) = shop.pull(&license().sign(), GATEWAY);
    assert!(!pulled, "{told}");
}

#[tokio::test]
async fn nothing_of_a_license_stands_in_a_log() {
    let Some(shop) = Shop::open().await else { return };
    let good = license().sign();
    shop.pulls(&good, MODEL);
    let forged = align::forged(&license());
    shop.pull(&forged, MODEL);
    shop.pull(&ended(15), MODEL);
    let log = shop.service.logged("license_expired").await;
    assert!(log.contains("token issued") && log.contains("code=\"signature_invalid\""), "{log}");
    let digest = Token::parse(good.as_bytes()).unwrap().digest().to_string();
    assert!(log.contains(&digest[..16]), "{log}");
    let log = log + &shop.registry.log();
    let parts = [&good, &forged].map(|token| token.rsplit('.').next().unwrap());
    for secret in ["Acme", "acme.example", "cust_1", "lic_1", "eyJ", parts[0], parts[1]] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn other_requests_are_refused_in_the_registrys_own_form() {
    let Some(place) = Place::new() else { return };
    let service = place.command().start().await;
    let client = Client::new(service.address());
    let path = format!("/token?service={SERVICE}");
    let good = basic(&license().sign());
    let with = |credential: &str| client.with(header::AUTHORIZATION, credential);

    let bad = STANDARD.encode("license");
    for client in [
        client.clone(),
        client.bearer(&license().sign()),
        with("Basic"),
        with("Basic "),
        with("Basic !"),
        with(&format!("Basic {bad}")),
        with(&basic("")),
        with(&good).with(header::AUTHORIZATION, &good),
    ] {
        let answer = client.get(&path).await;
        assert_eq!(refused(&answer, 401, "UNAUTHORIZED"), "unauthenticated");
    }
    let name = "a".repeat(24 * 1024);
    let long = STANDARD.encode(format!("{name}:{}", license().sign()));
    let answer = with(&format!("Basic {long}")).get(&path).await;
    assert_eq!(refused(&answer, 401, "UNAUTHORIZED"), "token_too_large");
    with(&good.replace("Basic", "bAsIc")).get(&path).await.is(200);
    with(&good).http2().get(&path).await.is(200);
    for path in [
        "/token".into(),
        format!("{path}.evil"),
        format!("{path}&service=other"),
        "/token?service=".into(),
    ] {
        let answer = with(&good).get(&path).await;
        assert_eq!(refused(&answer, 400, "UNSUPPORTED"), "invalid_service", "{path}");
    }
    let many = "&scope=repository:align/web:pull".repeat(33);
    let answer = with(&good).get(&format!("{path}{many}")).await;
    assert_eq!(refused(&answer, 400, "UNSUPPORTED"), "invalid_query");
    let answer = with(&good).send(Method::POST, &path, "").await;
    assert_eq!(refused(&answer, 405, "UNSUPPORTED"), "method_not_allowed");
    assert_eq!(refused(&client.get("/v2/").await, 404, "UNSUPPORTED"), "not_found");
    client.get("/healthz").await.is(200);
}

#[tokio::test]
async fn the_guides_repositories_are_read_and_the_largest_license_passes_its_proxy() {
    let Some(place) = Place::new() else { return };
    let shown = GUIDE.split_once("```toml\n# repositories.toml\n").unwrap().1;
    let shown = shown.split_once("```").unwrap().0;
    std::fs::write(place.path("repositories.toml"), shown).unwrap();
    let service = place.command().start().await;
    let license = license().claim("/note", "x".repeat(11 * 1024)).sign();
    assert!(license.len() > 15 * 1024, "{}", license.len());
    let query = format!("scope=repository:{MODEL}:pull");
    ask(&service, &license, &query).await.is(200);
    assert!(GUIDE.contains("`large_client_header_buffers 4 32k`"));
    for (buffers, status) in [("large_client_header_buffers 4 32k;", 200), ("", 400)] {
        let nginx = Nginx::start(|address| {
            let service = service.address();
            format!(
                "server {{ listen {address}; {buffers} location / {{ proxy_pass http://{service}; }} }}"
            )
        });
        let Some(nginx) = nginx else { return };
        let client = Client::new(nginx.address()).with(header::AUTHORIZATION, &basic(&license));
        client.get(&format!("/token?service={SERVICE}&{query}")).await.is(status);
    }
}

#[tokio::test]
async fn a_bad_configuration_stops_the_start() {
    let Some(place) = Place::new() else { return };
    let Some(other) = certificate() else { return };
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let secret = read(place.path(KEY));
    let secret = secret.lines().nth(1).unwrap();
    let rsa = align::KEY.to_pkcs8_pem().unwrap();
    for (name, text, told) in [
        (CERTIFICATE, read(other.path().join("cert.pem")), "is not that of the key"),
        (CERTIFICATE, String::new(), "no certificate"),
        (CERTIFICATE, secret.to_owned(), "no certificate"),
        (KEY, align::KEY.public_pem().unwrap(), "no P-256 key"),
        (KEY, rsa.to_string(), "no P-256 key"),
        (KEY, secret.to_owned(), "no P-256 key"),
        ("repositories.toml", "every = ['align/**']".into(), "is no pattern"),
        ("repositories.toml", "[plans]\nplatinum = ['a']".into(), "no plan `platinum`"),
        ("repositories.toml", "[features]\ngpuModel = ['a']".into(), "did you mean `gpuModels`?"),
    ] {
        let kept = read(place.path(name));
        std::fs::write(place.path(name), text).unwrap();
        let (status, story) = place.command().fails().await;
        assert_eq!(status, Some(2), "{story}");
        assert!(story.contains(told) && !story.contains(secret), "{story}");
        std::fs::write(place.path(name), kept).unwrap();
    }
    std::fs::remove_file(place.path(CERTIFICATE)).unwrap();
    let (status, story) = place.command().fails().await;
    assert_eq!(status, Some(2), "{story}");
    assert!(story.contains("--token-certificate"), "{story}");
}
