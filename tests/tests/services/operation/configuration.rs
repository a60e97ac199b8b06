//! Flags, environment variables, starting and stopping, and the demo mode.

use std::{path::Path, time::Duration};

use license_core::testing::Vendor;
use license_tests::{ADMINISTRATOR, Client, PASSWORD, Polygent, Start, demo, example, now, vendor};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

/// Public keys that no service may be started with.
const RSA_2048: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlrGpMlhQ5Y39wnI4B/UF
rd7/C+t9UQIqiD07uSIx0KqZqn3DIDnDTHQ3pHNQ9LA3kWLnhtMPxwt0zas7utYX
bKApmtj4JioZvL3RileuBR0FYQFUhr1ZPdPCyTgS54bb4VVDLz7BYUvJRNBaVkV1
GBxoTnKBqx92dsXSvutQHAdwKWhjkIlHOM+GNtiFoqTGuil72qJDMOOludCq0Vv6
MlGLDRGQ+I1PH/SjyyghOyMgOdtw4PvUh2vWFzpXAVlYebVvzd4sAc3H+zhBZt3l
fEGCi1CijlVuF5EJmqmFxpwkSIt/GznvV0MuCD6vcDrbOrAumLl9LIUFsoagPgX6
AQIDAQAB
-----END PUBLIC KEY-----
";
const RSA_4096: &str = "-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAwdFLlDDBEMBt+4DgP41g
KRCwye98ZVyMdM4T/dsBm3X5Yy0AuSZA6to9ViV0Y+Pc0P3gsZhYZnq9c2itrmdP
qRkMP6gUbwjFe2k3TOQ4TdFrJY07v5cK/b3zZRYe2g+yonqEjz0xxxtywBDSocKW
G5VkXWKPQ1gWzY0uzHOx91twvlysFKPnJ/Va4kIlE7ZwEPVvaseqGrm6VgP0PM8Z
Q2UsRa76szwXFwoZwjRrQBjStqgIQlltnQTMQEWdtSr4n2dW8R4DqJj6VCnH8bxF
g6SOmuKGoU8Fk8BAMZZJ3F8vKSdD4/nKZ6+4mvRU+T0HQJkrtiDtHu5LhjR+fWB9
VEn//8JQrT9qfFX/k3wz8pv3iWLDjD1CK6j1RbLgU1EqM5uiMe1VRTa51zYFg+aL
VTOUCnpKlWwuKzJfbdN7OLc1Erf+hyAzGIzxXezs4nRoFymsft+bZGgDq6uD8xTo
B5JTZDKRbhDB2FVaFfPR3V3icfNSk5ccLA9C65LVyMphV9XV3JPSj1ilRIvMgql/
aSD9keXaVSZbLyZYqIV8/e0iisbbxlBVdICnny717xGkQCMMJoOyjgynLGNB9WWZ
iuIP8/6Emc+4kQrI7tttXRCkabPvPpaa6BSGmmaoEazoyKVr1Lwsnme/HRfeEOzy
qWt3HQXQhtlNtDu1k27GAv0CAwEAAQ==
-----END PUBLIC KEY-----
";
const P_384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEBBG0tQOd7drAgqUAhuiviBXnGoTp89Q/
YUGtsW6J4khz4FYMa/QorD/X2G3CvgZm+QojkzmTPSCeEo/XG0qj+GV7MtyLjgxJ
NWtBRXUji41YmvmtLylPHSOVGe+5nOvG
-----END PUBLIC KEY-----
";

fn polygent() -> Start {
    Start::bare(&example("polygent"))
}

fn public_pem(vendor: &Vendor) -> String {
    vendor.key().public_pem().unwrap()
}

fn write(directory: &TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Signs in, installs a license, and uses it.
async fn trusts(client: &Client, vendor: &Vendor, password: &str) {
    let sign_in = json!({"email": ADMINISTRATOR, "password": password});
    let answer = client.post_json("/api/auth/sign-in", &sign_in).await;
    answer.is(200);
    let admin = client.bearer(answer.json()["token"].as_str().unwrap());
    let license = vendor.license().issued_at(now()).days(30).features(["workflows"]);
    admin.upload("/api/license", license.sign().as_str().to_owned()).await.is(200);
    admin.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn every_flag_can_come_from_the_environment_and_a_flag_wins() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let key = write(&data, "vendor.pem", &public_pem(&vendor));
    for key in [key, public_pem(&vendor), format!("main=ES256:{}", public_pem(&vendor))] {
        let kid = key.split_once('=').filter(|(kid, _)| *kid == "main").map(|(kid, _)| kid);
        let data = tempfile::tempdir().unwrap();
        let start = polygent()
            .env("LISTEN", "127.0.0.1:0")
            .env("DATA_DIR", data.path().join("below/it"))
            .env("LICENSE_PUBLIC_KEY", &key)
            .env("ADMIN_PASSWORD", "from the environment");
        let process = start.start().await;
        assert_ne!(process.address().port(), 0);
        assert!(data.path().join("below/it/license.db").exists());
        assert!(!process.log().contains("DEMO"), "{}", process.log());
        assert!(!process.log().contains("from the environment"), "{}", process.log());
        let client = Client::new(process.address());
        if kid.is_none() {
            trusts(&client, &vendor, "from the environment").await;
        } else {
            let sign_in = json!({"email": ADMINISTRATOR, "password": "from the environment"});
            let token = client.post_json("/api/auth/sign-in", &sign_in).await.json();
            let admin = client.bearer(token["token"].as_str().unwrap());
            let license = vendor.license().issued_at(now()).days(30);
            let claims = license.claims().clone();
            let by_thumbprint = license.sign().as_str().to_owned();
            admin.upload("/api/license", by_thumbprint).await.refused(422, "key_unknown");
            let by_name = vendor.key().sign_as(Some("license+jwt"), kid, &claims).unwrap();
            admin.upload("/api/license", by_name.as_str().to_owned()).await.is(200);
        }
        assert_eq!(process.terminate().await, (Some(0), String::new()));
    }
    let process = Polygent::command(&vendor, data.path())
        .env("LISTEN", "not an address")
        .env("DATA_DIR", "/dev/null/nowhere")
        .env("LICENSE_PUBLIC_KEY", "/nowhere.pem")
        .env("ADMIN_PASSWORD", "from the environment")
        .start()
        .await;
    trusts(&Client::new(process.address()), &vendor, PASSWORD).await;
}

#[tokio::test]
async fn the_environment_may_name_several_keys() {
    let (old, new) = (vendor(), vendor());
    let place = tempfile::tempdir().unwrap();
    let files = [&old, &new].map(public_pem);
    let files = [write(&place, "old.pem", &files[0]), write(&place, "new.pem", &files[1])];
    for keys in [files.join(","), format!("{},{}", public_pem(&old), public_pem(&new))] {
        let data = tempfile::tempdir().unwrap();
        let start = polygent().arg("--listen").arg("127.0.0.1:0").env("DATA_DIR", data.path());
        let start = start.env("ADMIN_PASSWORD", PASSWORD).env("LICENSE_PUBLIC_KEY", keys);
        let process = start.start().await;
        for vendor in [&old, &new] {
            trusts(&Client::new(process.address()), vendor, PASSWORD).await;
        }
    }
}

#[tokio::test]
async fn a_secret_can_be_a_credential_and_a_variable_wins() {
    let (vendor, place) = (vendor(), tempfile::tempdir().unwrap());
    write(&place, "public-key", &public_pem(&vendor));
    write(&place, "admin-password", "from a file\n");
    // Nothing but secrets comes from there.
    write(&place, "listen", "nowhere");
    for (variable, password) in [("", "from a file"), (PASSWORD, PASSWORD)] {
        let data = tempfile::tempdir().unwrap();
        let start = polygent().env("LISTEN", "127.0.0.1:0").env("DATA_DIR", data.path());
        let start = start.env("CREDENTIALS_DIRECTORY", place.path());
        let process = start.env("ADMIN_PASSWORD", variable).start().await;
        let log = process.log();
        assert!(!log.contains("DEMO") && !log.contains(password), "{log}");
        trusts(&Client::new(process.address()), &vendor, password).await;
    }
    let help = std::process::Command::new(example("polygent"))
        .env("CREDENTIALS_DIRECTORY", place.path())
        .arg("--help")
        .output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    assert!(help.contains("CREDENTIALS_DIRECTORY") && !help.contains("from a file"), "{help}");
    assert!(help.contains("MACHINE_ID,") && help.contains("MACHINE_ID_FILE"), "{help}");
    // One that cannot be read, here for it is a directory, is not passed over.
    std::fs::create_dir(place.path().join("metrics-token")).unwrap();
    let start = polygent().env("CREDENTIALS_DIRECTORY", place.path());
    let (status, told) = start.fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(
        told.contains("cannot read the credential") && told.contains("metrics-token"),
        "{told}"
    );
}

#[tokio::test]
async fn the_last_line_break_of_a_secret_is_no_part_of_it() {
    let (vendor, place) = (vendor(), tempfile::tempdir().unwrap());
    write(&place, "public-key", &public_pem(&vendor));
    for (given, password) in [
        ("a password\n", "a password"),
        ("a password\r\n", "a password"),
        ("a password \n", "a password "),
        ("a password\n\n", "a password\n"),
    ] {
        write(&place, "admin-password", given);
        for variable in [given, ""] {
            let data = tempfile::tempdir().unwrap();
            let start = polygent().env("LISTEN", "127.0.0.1:0").env("DATA_DIR", data.path());
            let start = start.env("CREDENTIALS_DIRECTORY", place.path());
            let process = start.env("ADMIN_PASSWORD", variable).start().await;
            trusts(&Client::new(process.address()), &vendor, password).await;
        }
    }
}

#[tokio::test]
async fn systemd_is_told_that_the_service_listens_and_that_it_stops() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let socket = data.path().join("notify");
    let told = tokio::net::UnixDatagram::bind(&socket).unwrap();
    let start = Polygent::command(&vendor, data.path()).env("NOTIFY_SOCKET", &socket);
    let process = start.start().await;
    let mut message = [0; 64];
    for (expected, stop) in [("READY=1", true), ("STOPPING=1", false)] {
        let length = timeout(Duration::from_secs(60), told.recv(&mut message)).await;
        let length = length.expect("it tells").unwrap();
        assert_eq!(std::str::from_utf8(&message[..length]).unwrap().trim_end(), expected);
        if stop {
            process.signal("TERM").await;
        }
    }
    assert_eq!(process.stopped().await, (Some(0), String::new()));
}

#[tokio::test]
async fn without_a_directory_data_goes_below_data_and_the_name() {
    let place = tempfile::tempdir().unwrap();
    let key = write(&place, "vendor.pem", &public_pem(&vendor()));
    let start = polygent().directory(place.path()).arg("--listen").arg("127.0.0.1:0");
    let process = start.arg("--public-key").arg(key).start().await;
    assert!(place.path().join("data/polygent/license.db").exists());
    assert_eq!(process.terminate().await, (Some(0), String::new()));
}

#[tokio::test]
async fn only_its_own_user_can_read_what_a_service_keeps() {
    let place = tempfile::tempdir().unwrap();
    let start = polygent().arg("--listen").arg("127.0.0.1:0").arg("--data-dir").arg(place.path());
    let process = start.start().await;
    let mode = |path: &Path| {
        let permissions = std::fs::metadata(path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777
    };
    // What curl writes there has the mode that curl gives it.
    assert_eq!(mode(&place.path().join("demo-vendor")), 0o700);
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    for name in ["license.db", "license.db-lock", "polygent.db"] {
        assert!(place.path().join(name).is_file(), "{name}");
    }
    process.terminate().await;
}

#[tokio::test]
async fn with_several_keys_a_token_must_name_its_own() {
    let (one, two) = (vendor(), vendor());
    let data = tempfile::tempdir().unwrap();
    let file = write(&data, "two.pem", &public_pem(&two));
    let start = |keys: &[String]| {
        let start =
            polygent().arg("--listen").arg("127.0.0.1:0").arg("--data-dir").arg(data.path());
        let start = start.arg("--admin-password").arg(PASSWORD);
        keys.iter().fold(start, |start, key| start.arg("--public-key").arg(key))
    };
    let unnamed = |vendor: &Vendor| {
        let license = vendor.license().issued_at(now()).days(30);
        let token = vendor.key().sign_as(Some("license+jwt"), None, license.claims()).unwrap();
        token.as_str().to_owned()
    };
    let both = [public_pem(&one), format!("ES256:{file}")];
    let process = start(&both).start().await;
    let client = Client::new(process.address());
    trusts(&client, &one, PASSWORD).await;
    trusts(&client, &two, PASSWORD).await;
    let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    let token = client.post_json("/api/auth/sign-in", &sign_in).await.json();
    let admin = client.bearer(token["token"].as_str().unwrap());
    for vendor in [&one, &two] {
        admin.upload("/api/license", unnamed(vendor)).await.refused(422, "key_unknown");
    }
    process.terminate().await;
    let process = start(&both[1..]).start().await;
    let client = Client::new(process.address());
    let token = client.post_json("/api/auth/sign-in", &sign_in).await.json();
    let admin = client.bearer(token["token"].as_str().unwrap());
    admin.upload("/api/license", unnamed(&two)).await.is(200);
    admin.upload("/api/license", unnamed(&one)).await.refused(422, "signature_invalid");
}

#[tokio::test]
async fn a_bad_configuration_stops_the_start_and_names_the_cure() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let good = write(&data, "good.pem", &public_pem(&vendor));
    let private = vendor.key().to_pkcs8_pem().unwrap();
    let private_file = write(&data, "private.pem", &private);
    let keys = [
        (vec![private_file.clone()], "private key"),
        (vec![private.to_string()], "private key"),
        (vec![write(&data, "rsa.pem", RSA_2048)], "2048"),
        (vec![write(&data, "rsa4096.pem", RSA_4096)], "RS256"),
        (vec![write(&data, "p384.pem", P_384)], "P-256"),
        (vec![write(&data, "text.pem", "hello")], "PEM"),
        (vec![write(&data, "empty.pem", "")], "empty"),
        (vec![data.path().join("missing.pem").to_str().unwrap().to_owned()], "missing.pem"),
        (vec![format!("HS256:{good}")], "HS256"),
        (vec![format!("RS256:{good}")], "RS256"),
        (vec![format!("a={good}"), format!("a={good}")], "a"),
        (vec![good.clone(), good.clone()], "key id"),
        (vec![format!("={good}")], "key id"),
        (vec![String::new()], "FILE.pem"),
    ];
    for (keys, named) in keys {
        let start =
            polygent().arg("--listen").arg("127.0.0.1:0").arg("--data-dir").arg(data.path());
        let start = keys.iter().fold(start, |start, key| start.arg("--public-key").arg(key));
        let (status, told) = start.fails().await;
        assert_eq!(status, Some(2), "{keys:?}: {told}");
        assert!(told.contains("--public-key"), "{keys:?}: {told}");
        if named != "HS256" {
            assert!(told.contains(named), "{keys:?} {named}: {told}");
        }
        for line in private.lines().filter(|line| !line.starts_with('-')) {
            assert!(!told.contains(line), "{told}");
        }
        assert!(!told.contains("panicked"), "{told}");
    }
    // The environment is no different.
    let start = polygent().env("DATA_DIR", data.path()).env("LICENSE_PUBLIC_KEY", &private_file);
    let (status, told) = start.env("LISTEN", "127.0.0.1:0").fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("private key"), "{told}");

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).unwrap();
    // A port may be free again; nothing else here mends itself.
    let others: [(&str, &str, i32); 6] = [
        ("--listen", &taken.1, 1),
        ("--listen", "nonsense", 2),
        ("--data-dir", "/dev/null/below", 2),
        ("--data-dir", &good, 2),
        ("--admin-password", "", 2),
        ("--colour", "red", 2),
    ];
    for (flag, value, ends) in others {
        let start = polygent().arg(format!("{flag}={value}")).env("LICENSE_PUBLIC_KEY", &good);
        let start = if flag == "--listen" { start } else { start.env("LISTEN", "127.0.0.1:0") };
        let start = if flag == "--data-dir" { start } else { start.env("DATA_DIR", data.path()) };
        let (status, told) = start.fails().await;
        assert_eq!(status, Some(ends), "{flag}={value}: {told}");
        assert!(told.contains(flag), "{flag}={value}: {told}");
    }
}

/// What `--help` of a program says, and the variables that it names.
fn help(program: &Path) -> (String, Vec<String>) {
    let output = std::process::Command::new(program).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    // The name may stand on the next line.
    let names = help.split("[env:").skip(1);
    let names = names.filter_map(|rest| rest.trim_start().split([']', '=']).next());
    let names = names.map(str::to_owned).collect();
    (help, names)
}

#[tokio::test]
async fn an_empty_variable_is_as_good_as_none() {
    let data = tempfile::tempdir().unwrap();
    let key = write(&data, "vendor.pem", &public_pem(&vendor()));
    for name in ["polygent", "align", "alexandria", "hyper"] {
        let program = example(name);
        let (help, variables) = help(&program);
        assert!(variables.iter().any(|it| it == "LICENSE_PUBLIC_KEY"), "{help}");
        assert!(variables.len() >= 3, "{variables:?}");
        for blank in ["", " "] {
            let start = Start::bare(&program).arg("--listen").arg("127.0.0.1:0");
            // Without a key `hyper` does not start; the others make one.
            let start = match name {
                "hyper" => start.arg("--public-key").arg(&key),
                _ => start.arg("--data-dir").arg(data.path().join(name)),
            };
            let start = variables.iter().fold(start, |start, it| start.env(it, blank));
            let process = start.env("LICENSE_KEY", blank).env("RUST_LOG", blank).start().await;
            assert_ne!(process.address().port(), 0);
            if name != "hyper" {
                process.logged("DEMO").await;
            }
        }
        if name == "align" {
            // It takes no key of this kind.
            continue;
        }
        let start = Start::bare(&program).env("LISTEN", "").arg("--public-key").arg(&key);
        let taken = TcpListener::bind("127.0.0.1:3000").await;
        let start = if name == "hyper" { start } else { start.arg("--data-dir").arg(data.path()) };
        let (status, told) = start.fails().await;
        assert!(status == Some(1) && told.contains("127.0.0.1:3000"), "{told}");
        drop(taken);
    }
}

#[tokio::test]
async fn case_63_a_private_key_in_any_wrapping_is_refused_and_never_printed() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let pem = vendor.key().to_pkcs8_pem().unwrap().to_string();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let values = [
        pem.clone(),
        format!("\"{}\"", pem.trim()),
        format!("'{}'", pem.trim().replace('\n', "\\n")),
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\n    "),
        pem.replace('\n', " "),
        body.clone(),
        format!("\"{body}\""),
        format!("k=ES256:{body}"),
        body[..64].to_owned(),
        format!("LICENSE_PUBLIC_KEY={pem}"),
    ];
    for name in ["polygent", "align", "alexandria", "hyper"] {
        let program = example(name);
        let (_, variables) = help(&program);
        let bare = || {
            let start = Start::bare(&program).arg("--listen").arg("127.0.0.1:0");
            if name == "hyper" {
                start
            } else {
                start.arg("--data-dir").arg(data.path().join(name))
            }
        };
        for value in &values {
            let (known, unknown) = ("a private key", "unexpected argument");
            let starts = [
                (bare().arg("--public-key").arg(value), known),
                (bare().env("LICENSE_PUBLIC_KEY", value), known),
                (bare().arg(format!("--public-keys={value}")), unknown),
                (bare().arg(value), unknown),
                (value.split(' ').fold(bare(), |start, word| start.arg(word)), unknown),
            ];
            for (start, as_what) in starts {
                let (status, told) = start.fails().await;
                assert_eq!(status, Some(2), "{told}");
                assert!(told.contains(as_what), "{name} {value}: {told}");
                let leaks = (0..body.len() - 12).any(|at| told.contains(&body[at..at + 12]));
                assert!(!leaks, "{name} {value}: {told}");
            }
        }
        // Nor does the help show what is set.
        let mut command = std::process::Command::new(&program);
        let output = command.arg("--help").envs(variables.iter().map(|it| (it, &body))).output();
        let shown = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(!shown.contains(&body[..12]), "{shown}");
    }
}

#[tokio::test]
async fn a_public_key_is_read_in_the_wrappings_that_a_variable_gets() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let pem = public_pem(&vendor);
    for value in [
        format!("\"{}\"", pem.trim().replace('\n', "\\n")),
        format!("\u{feff}{}", pem.replace('\n', "\r\n")),
        pem.replace('\n', "\n    "),
        pem.replace('\n', " "),
    ] {
        let start = polygent()
            .env("LISTEN", "127.0.0.1:0")
            .env("DATA_DIR", data.path())
            .env("LICENSE_PUBLIC_KEY", &value)
            .env("ADMIN_PASSWORD", PASSWORD);
        let process = start.start().await;
        assert!(!process.log().contains("DEMO"), "{}", process.log());
    }
}

#[tokio::test]
async fn a_license_that_is_no_longer_good_never_stops_a_start() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().features(["workflows"])).await;
    // The vendor's key is another one now.
    let (_, data, process) = polygent.into_parts();
    process.terminate().await;
    let other = vendor();
    let process = Polygent::command(&other, data.path()).start().await;
    let client = Client::new(process.address());
    client.get("/api/workflows").await.refused(503, "license_invalid");
    client.get("/healthz").await.is(200);
    trusts(&client, &other, PASSWORD).await;
}

#[tokio::test]
async fn a_signal_ends_what_runs_first() {
    for signal in ["INT", "TERM"] {
        let polygent = Polygent::start().await;
        let (_, _data, process) = polygent.into_parts();
        let address = process.address();
        // One connection that does nothing, one that did something, and one
        // whose request is half there.
        let _idle = TcpStream::connect(address).await.unwrap();
        let mut kept = TcpStream::connect(address).await.unwrap();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut start = [0; 15];
        kept.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        let body = json!({"email": ADMINISTRATOR, "password": PASSWORD}).to_string();
        let head = format!(
            "POST /api/auth/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(head.as_bytes()).await.unwrap();
        half.write_all(&body.as_bytes()[..10]).await.unwrap();
        sleep(Duration::from_millis(300)).await;
        process.signal(signal).await;
        sleep(Duration::from_millis(300)).await;
        assert!(TcpStream::connect(address).await.is_err(), "it listens no more");
        half.write_all(&body.as_bytes()[10..]).await.unwrap();
        let mut answer = String::new();
        half.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // Well below the ten seconds after which it would stop anyway.
        let stopped = timeout(Duration::from_secs(8), process.stopped()).await;
        assert_eq!(stopped.expect("in time"), (Some(0), String::new()), "{signal}");
    }
}

/// The password that a log tells.
fn told_password(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("the password is "))?;
    Some(line.rsplit(' ').next()?.to_owned())
}

#[tokio::test]
async fn a_made_up_password_is_told_once_and_kept() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    let key = write(&data, "vendor.pem", &public_pem(&vendor));
    let start = || {
        let start = polygent().arg("--listen").arg("127.0.0.1:0").arg("--public-key").arg(&key);
        start.arg("--data-dir").arg(data.path())
    };
    let process = start().start().await;
    let log = process.logged("only now").await;
    let password = told_password(&log).expect("it is told");
    assert!(password.len() >= 16, "{log}");
    assert_eq!(log.matches(&password).count(), 1, "{log}");
    assert!(log.contains(ADMINISTRATOR));
    process.terminate().await;
    let process = start().start().await;
    trusts(&Client::new(process.address()), &vendor, &password).await;
    assert_eq!(told_password(&process.log()), None);
    assert!(!process.log().contains(&password));
    process.terminate().await;
    // One that is given replaces it, for good.
    let process = start().arg("--admin-password").arg("given").start().await;
    trusts(&Client::new(process.address()), &vendor, "given").await;
    process.terminate().await;
    let process = start().start().await;
    let client = Client::new(process.address());
    let sign_in = |password: &str| json!({"email": ADMINISTRATOR, "password": password});
    client.post_json("/api/auth/sign-in", &sign_in("given")).await.is(200);
    client
        .post_json("/api/auth/sign-in", &sign_in(&password))
        .await
        .refused(401, "unauthenticated");
}

/// How the text of the demo mode ends.
const DEMO_ENDS: &str = "?force=true.";

/// What the demo mode prints, pasted line by line.
async fn follow(log: &str, licensed: bool) {
    let commands = demo::commands(log);
    assert_eq!(commands.len(), 5, "{log}");
    let answers = demo::paste_all(commands).await;
    let first = if licensed { "HTTP/1.1 401" } else { "HTTP/1.1 503" };
    assert!(answers[0].starts_with(first), "{answers:?}");
    assert!(answers[1].contains("token"), "{answers:?}");
    let status: serde_json::Value = serde_json::from_str(&answers[2]).unwrap();
    assert_eq!(status["phase"], "active", "{status}");
    assert_eq!(status["license"]["days_remaining"], 365, "{status}");
    assert!(answers[3].starts_with("HTTP/1.1 200"), "{answers:?}");
    assert!(answers[4].starts_with("HTTP/1.1 403"), "{answers:?}");
    assert!(answers[4].contains("feature_not_licensed"), "{answers:?}");
}

#[tokio::test]
async fn what_the_demo_mode_prints_licenses_it_as_pasted() {
    if !demo::can_paste() {
        return;
    }
    // A directory that a shell would split, and a relative one.
    let place = tempfile::Builder::new().prefix("demo mode ").tempdir().unwrap();
    let start = || {
        let start = polygent().directory(place.path()).arg("--listen").arg("127.0.0.1:0");
        start.arg("--data-dir").arg("some data")
    };
    let keys = || {
        let directory = place.path().join("some data/demo-vendor");
        ["private.pem", "public.pem"].map(|name| std::fs::read(directory.join(name)).unwrap())
    };
    let process = start().start().await;
    let log = process.logged(DEMO_ENDS).await;
    assert!(log.contains("DEMO MODE"), "{log}");
    assert!(told_password(&log).is_some(), "{log}");
    let mode = std::fs::metadata(place.path().join("some data/demo-vendor/private.pem")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    follow(&log, false).await;
    let before = keys();
    assert_eq!(process.terminate().await, (Some(0), String::new()));

    let process = start().start().await;
    assert_eq!(keys(), before, "the keys are used again");
    let log = process.logged(DEMO_ENDS).await;
    assert!(log.contains("DEMO MODE") && told_password(&log).is_none(), "{log}");
    // A second apart, or the license would be the same again.
    sleep(Duration::from_millis(1100)).await;
    follow(&log, true).await;
    process.terminate().await;
    // Also with a password that is given.
    let process = start().arg("--admin-password").arg("it's \"given\" \\ $HOME").start().await;
    follow(&process.logged(DEMO_ENDS).await, true).await;
}

#[tokio::test]
async fn a_service_goes_on_when_nobody_reads_its_log() {
    let data = tempfile::tempdir().unwrap();
    let start = polygent().env("LISTEN", "127.0.0.1:0").env("DATA_DIR", data.path());
    let process = start.unheard().start().await;
    let client = Client::new(process.address());
    // The first denial is logged.
    client.get("/api/workflows").await.refused(503, "license_missing");
    client.get("/healthz").await.is(200);
    assert_eq!(process.terminate().await, (Some(0), String::new()));
}

#[tokio::test]
async fn demo_keys_that_cannot_be_written_stop_the_start() {
    let data = tempfile::tempdir().unwrap();
    write(&data, "demo-vendor", "in the way");
    let start = polygent().env("LISTEN", "127.0.0.1:0").env("DATA_DIR", data.path());
    let (status, told) = start.fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("--data-dir") && told.contains("--public-key"), "{told}");
    assert!(Path::new(&data.path().join("demo-vendor")).is_file());
}
