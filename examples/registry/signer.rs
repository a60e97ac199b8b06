//! The key of this service, and the tokens that it signs for the registry.

use std::{error::Error, fmt, fs, io, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use license_core::{PublicKey, Timestamp};
use license_examples::StartError;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use serde::Serialize;
use webpki::{EndEntityCert, KeyUsage};

/// How long before its end a certificate is warned of.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
    /// Reads the key, PKCS#8 in PEM, and the certificate with those above it. A
    /// certificate that ends soon is logged.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; a key that others can read, or that is not of
    /// P-256, or signs licenses; a certificate that is not the key's, or has
    /// ended.
    pub(crate) fn read(
        key: &Path,
        certificate: &Path,
        of_licenses: &[PublicKey],
        now: Timestamp,
    ) -> Result<Self, StartError> {
        Self::of(read_private(key), fs::read(certificate), of_licenses, now).map_err(|error| {
            let message = "the key of the tokens is not usable; check --token-key and \
                           --token-certificate";
            StartError::new(message).with_source(error)
        })
    }

    fn of(
        key: io::Result<String>,
        certificate: io::Result<Vec<u8>>,
        of_licenses: &[PublicKey],
        now: Timestamp,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let key = p256::SecretKey::from_pkcs8_pem(&key?).map_err(
            |_| "the key is no P-256 key in PKCS#8, which begins with BEGIN PRIVATE KEY",
        )?;
        let signs_licenses = |it: &PublicKey| {
            let it = it.to_pem().ok();
            it.and_then(|it| p256::PublicKey::from_public_key_pem(&it).ok())
                == Some(key.public_key())
        };
        if of_licenses.iter().any(signs_licenses) {
            return Err("the key signs licenses; make another one for tokens".into());
        }
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&certificate?).collect::<Result<_, _>>()?;
        let first = chain.first().ok_or("there is no certificate in PEM")?;
        let first = EndEntityCert::try_from(first)?;
        let certified = first.subject_public_key_info();
        if p256::PublicKey::from_public_key_der(&certified) != Ok(key.public_key()) {
            return Err("the certificate is not that of the key".into());
        }
        check_term(&first, now)?;
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

/// Reads a private key that nobody else can read.
fn read_private(path: &Path) -> io::Result<String> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        let mode = mode & 0o7777;
        let told = format!("the key can be read by others (mode {mode:04o}); run `chmod 600`");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, told));
    }
    fs::read_to_string(path)
}

/// Refuses a certificate that has ended, with which a registry takes no token,
/// and warns of one that ends soon.
fn check_term(certificate: &EndEntityCert<'_>, now: Timestamp) -> Result<(), &'static str> {
    if has_ended(certificate, now) {
        return Err("the certificate has expired; make another one");
    }
    if has_ended(certificate, now.saturating_add(SOON)) {
        tracing::warn!("the certificate of the tokens ends within 30 days; make another one");
    }
    Ok(())
}

/// Whether the certificate's time is over at a moment. Its issuer is not asked:
/// the registry decides whom it trusts, and the time is checked before.
fn has_ended(certificate: &EndEntityCert<'_>, at: Timestamp) -> bool {
    let seconds = u64::try_from(at.as_seconds()).unwrap_or(0);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let usage = KeyUsage::client_auth();
    let checked = certificate.verify_for_usage(&[], &[], &[], at, usage, None, None);
    matches!(checked, Err(webpki::Error::CertExpired { .. }))
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

#[cfg(test)]
mod tests {
    use license_core::key::SigningKey;

    use super::*;

    /// As the guide makes one; nobody has the key.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdzCCAR2gAwIBAgIUDSleP22NSIg1EeJgE7AWoI5tkRIwCgYIKoZIzj0EAwIw\n\
ETEPMA0GA1UEAwwGdG9rZW5zMB4XDTI2MTEyOTIzNDg0NFoXDTM2MTEyNjIzNDg0\n\
NFowETEPMA0GA1UEAwwGdG9rZW5zMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n\
xlA/nAho5KtQ2WedSr3eFOobOD5m3uIGuArdqJfEWGiD+bJw+vC1Af7wpyL+61JD\n\
TyoJ4VXzuSrzyIX3MWUucqNTMFEwHQYDVR0OBBYEFDi6DBUbiP60SmP4Ft6h2SAq\n\
gaAYMB8GA1UdIwQYMBaAFDi6DBUbiP60SmP4Ft6h2SAqgaAYMA8GA1UdEwEB/wQF\n\
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANFOKQyA1Ms4Gh1XkYdceT4ZgF2NN/g7\n\
LcmEsvq7IrndAiBzO1j6YDqKpgwQSPIS+ANxi5aZFxSVshZZpRG9OOB8EQ==\n\
-----END CERTIFICATE-----\n";
    const END: i64 = 2111356124;

    #[test]
    fn a_certificate_is_good_until_its_last_second() {
        let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let certificate = EndEntityCert::try_from(&der).unwrap();
        let ended = |at| has_ended(&certificate, Timestamp::from_seconds(at));
        assert_eq!(
            [ended(0), ended(END - 1), ended(END), ended(END + 1)],
            [false, false, false, true]
        );
        assert!(check_term(&certificate, Timestamp::from_seconds(END)).is_ok());
        assert!(check_term(&certificate, Timestamp::from_seconds(END + 1)).is_err());
    }

    #[test]
    fn a_key_that_others_can_read_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, is_read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_private(file.path()).is_ok(), is_read, "{mode:o}");
        }
    }

    #[test]
    fn the_key_of_licenses_signs_no_tokens() {
        let of_licenses = SigningKey::generate(license_core::key::Algorithm::Es256, None).unwrap();
        let pem = of_licenses.to_pkcs8_pem().unwrap().to_string();
        let read = |keys: &[PublicKey]| {
            let certificate = Ok(CERTIFICATE.into());
            let now = Timestamp::from_seconds(END);
            Signer::of(Ok(pem.clone()), certificate, keys, now).unwrap_err().to_string()
        };
        assert!(read(&[of_licenses.public_key().clone()]).contains("signs licenses"));
        assert!(read(&[]).contains("not that of the key"));
    }
}
