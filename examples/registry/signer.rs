//! The key of this service, and the tokens that it signs for the registry.

use std::{error::Error, fmt, fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use license_examples::StartError;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::Serialize;
use webpki::EndEntityCert;

/// Signs with ES256. Every token carries the certificate (`x5c`), by which a
/// registry recognises the key that its `rootcertbundle` trusts.
pub(crate) struct Signer {
    header: Header,
    key: EncodingKey,
}

/// The claims of a registry's token.
#[derive(Debug, Serialize)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: &'a str,
    pub(crate) sub: String,
    pub(crate) aud: &'a str,
    /// Seconds since the Unix epoch, as the next two.
    pub(crate) exp: i64,
    pub(crate) nbf: i64,
    pub(crate) iat: i64,
    pub(crate) jti: String,
    pub(crate) access: Vec<Access<'a>>,
}

/// What may be done with one repository.
#[derive(Debug, Serialize)]
pub(crate) struct Access<'a> {
    r#type: &'static str,
    name: &'a str,
    actions: [&'static str; 1],
}

impl<'a> Access<'a> {
    /// Pulling from it, which is all that is ever granted.
    pub(crate) fn pull(name: &'a str) -> Self {
        Self { r#type: "repository", name, actions: ["pull"] }
    }
}

impl Signer {
    /// Reads the key, PKCS#8 in PEM, and the certificate with those above it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; a key that is not of P-256; a certificate
    /// that is not the key's.
    pub(crate) fn read(key: &Path, certificate: &Path) -> Result<Self, StartError> {
        Self::of(fs::read_to_string(key), fs::read(certificate)).map_err(|error| {
            let message = "the key of the tokens is not usable; check --token-key and \
                           --token-certificate";
            StartError::new(message).with_source(error)
        })
    }

    fn of(
        key: std::io::Result<String>,
        certificate: std::io::Result<Vec<u8>>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let key = p256::SecretKey::from_pkcs8_pem(&key?).map_err(
            |_| "the key is no P-256 key in PKCS#8, which begins with BEGIN PRIVATE KEY",
        )?;
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&certificate?).collect::<Result<_, _>>()?;
        let first = chain.first().ok_or("there is no certificate in PEM")?;
        let certified = EndEntityCert::try_from(first)?.subject_public_key_info();
        if p256::PublicKey::from_public_key_der(&certified) != Ok(key.public_key()) {
            return Err("the certificate is not that of the key".into());
        }
        let mut header = Header::new(Algorithm::ES256);
        header.x5c = Some(chain.iter().map(|it| STANDARD.encode(it)).collect());
        Ok(Self { header, key: EncodingKey::from_ec_der(key.to_pkcs8_der()?.as_bytes()) })
    }

    /// The signed token.
    ///
    /// # Errors
    ///
    /// A signature backend that fails.
    pub(crate) fn sign(&self, claims: &Claims<'_>) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&self.header, claims, &self.key)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
impl Signer {
    /// One of a key that nobody has, without a certificate.
    pub(crate) fn throw_away() -> Self {
        let key = p256::SecretKey::random(&mut rand::rngs::OsRng).to_pkcs8_der().unwrap();
        Self {
            header: Header::new(Algorithm::ES256),
            key: EncodingKey::from_ec_der(key.as_bytes()),
        }
    }
}
