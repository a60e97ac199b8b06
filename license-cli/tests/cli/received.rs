//! Files as people have them: from Windows, mail and a clipboard.

use crate::program::{Place, standard};

/// A text as editors and shells write it.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let windows = text.replace('\n', "\r\n");
    let units = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    vec![
        windows.clone().into(),
        format!("\u{feff}{text}").into(),
        units(&format!("\u{feff}{windows}"), u16::to_le_bytes),
        units(&format!("\u{feff}{text}"), u16::to_be_bytes),
        units(text, u16::to_le_bytes),
    ]
}

#[test]
fn every_kind_of_file_is_read_as_windows_writes_it() {
    let place = Place::polygent();
    let claims = standard().to_string();
    let license = place.sign(&standard());
    let profile = place.read("profile.toml");
    place.write("acme.lic", &license);
    place.good("machine-info --product profile.toml --out machine-info.json");
    let spec = "plan = \"enterprise\"\ndays = 30\n[customer]\nid = \"c\"\nname = \"Acme\"\n";
    let public = place.read("public.pem");
    let private = place.read("private.pem");
    let info = place.read("machine-info.json");
    let verify = "verify --product p.toml --public-key public.pem acme.lic";
    for (name, text, command) in [
        ("p.toml", &profile, verify),
        ("a.lic", &license, "verify --product profile.toml --public-key public.pem a.lic"),
        ("k.pem", &public, "verify --product profile.toml --public-key k.pem acme.lic"),
        ("c.json", &claims, "issue --key private.pem --product profile.toml --claims c.json"),
        (
            "s.toml",
            &spec.to_owned(),
            "issue --key private.pem --product profile.toml --spec s.toml",
        ),
        (
            "key.pem",
            &private,
            "issue --dangerous-allow-readable-key --key key.pem --product profile.toml --claims \
             claims.json",
        ),
        (
            "m.json",
            &info,
            "issue --key private.pem --product profile.toml --plan standard --customer-id c \
             --customer c --days 3 --machine-info m.json",
        ),
    ] {
        for bytes in spellings(text) {
            std::fs::write(place.path(name), bytes).unwrap();
            let run = place.run(command);
            assert!(run.status == 0 || run.err.contains("license_expired"), "{command}: {run:?}");
        }
    }
}

#[test]
fn what_is_something_else_is_named() {
    let place = Place::polygent();
    let license = place.sign(&standard());
    place.write("acme.lic", &license);
    place.write("quoted.lic", &format!("\"{license}\""));
    place.write("two.lic", &format!("{license}\n{license}\n"));
    let verify = "verify --product profile.toml --public-key public.pem";
    let issue = "issue --key private.pem --product profile.toml";
    for (command, name) in [
        (format!("{verify} quoted.lic"), "token_malformed: in quotes"),
        (format!("{verify} two.lic"), "token_malformed: two licenses"),
        (format!("{verify} public.pem"), "token_malformed: a key, not a license"),
        (format!("{verify} private.pem"), "token_malformed: a private key, not a license"),
        (format!("{verify} claims.json"), "token_malformed: JSON, not a license"),
        (format!("{issue} --claims acme.lic"), "claims_invalid: a license, not claims"),
        (format!("{issue} --claims public.pem"), "claims_invalid: a key, not claims"),
        (format!("{issue} --spec acme.lic"), "acme.lic: a license, not a specification"),
        ("issue --key acme.lic --product profile.toml --days 3".into(), "a license, not a private"),
        ("issue --key public.pem --product profile.toml --days 3".into(), "this is a public key"),
        ("verify --product profile.toml --public-key acme.lic acme.lic".into(), "a license, not a"),
        (
            "verify --product acme.lic --public-key public.pem acme.lic".into(),
            "acme.lic: a license, not a product profile",
        ),
    ] {
        let run = place.run(&command);
        assert!(run.status != 0 && run.err.contains(name), "{command}: {run:?}");
        assert!(!run.err.contains("eyJ") && !run.err.contains("MI"), "{run:?}");
    }
}

#[test]
fn the_size_that_a_product_asks_of_its_keys_is_named() {
    let place = Place::empty();
    place.write("profile.toml", crate::program::ALIGN);
    place.write("acme.lic", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA");
    place.write("small.pem", RSA_2048);
    let error = place.bad(2, "verify --product profile.toml --public-key small.pem acme.lic");
    assert!(error.contains("has 2048 bits; at least 4096 are needed"), "{error}");
}

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
