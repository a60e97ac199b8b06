//! Alerts by mail.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};

use super::{Alert, AlertDelivery, DeliveryError};

/// Delivers alerts by SMTP, a message to each recipient, with a plain and an
/// HTML part. A connection is made for each.
///
/// ```
/// # async fn mail() -> Result<(), license_runtime::alerts::MailError> {
/// use license_runtime::alerts::Mail;
///
/// // A relay on this machine or in a closed network, without encryption:
/// Mail::new("smtp://127.0.0.1:25", "Acme <license@acme.example>")?;
/// // STARTTLS is required:
/// Mail::new("smtp+starttls://user:password@mail.acme.example:587", "license@acme.example")?;
/// // TLS from the first byte on:
/// Mail::new("smtps://user:password@mail.acme.example", "license@acme.example")?;
/// # Ok(())
/// # }
/// ```
///
/// Certificates are judged by the system's roots. User and password in the URL
/// are percent-encoded.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// A mail server or a sender that cannot be. The text repeats neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The URL of the server.
    #[error(
        "the mail server is not a URL such as `smtp://127.0.0.1:25`, \
         `smtp+starttls://user:password@host:587` or `smtps://user:password@host`"
    )]
    Server,
    /// The sender.
    #[error("the sender is not an e-mail address such as `license@acme.example`")]
    Sender,
}

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// RFC 3834, section 5: nobody is to answer by machine.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

impl Mail {
    /// Mail through this server, from this sender.
    ///
    /// # Errors
    ///
    /// A URL or a sender that cannot be. Whether the server is there shows
    /// only when an alert is sent.
    pub fn new(url: &str, from: &str) -> Result<Self, MailError> {
        let url = match url.strip_prefix("smtp+starttls://") {
            Some(rest) => format!("smtp://{rest}?tls=required"),
            None => url.to_owned(),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url);
        let builder = builder.map_err(|_| MailError::Server)?;
        let transport = builder.timeout(Some(PATIENCE)).build();
        Ok(Self { transport, from: from.parse().map_err(|_| MailError::Sender)? })
    }

    fn message(&self, alert: &Alert, to: &str) -> Result<Message, DeliveryError> {
        let to: Mailbox =
            to.parse().map_err(|_| DeliveryError::permanent("not an e-mail address"))?;
        // The same for the same alert, so that a mail server may notice one
        // that it has.
        let mut hash = Sha256::new();
        hash.update(alert.digest.as_bytes());
        hash.update(alert.milestone.to_be_bytes());
        hash.update(to.email.to_string());
        let name = hex::encode(&hash.finalize()[..16]);
        let auto = HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(alert.subject())
            .message_id(Some(format!("<{name}@{}>", self.from.email.domain())))
            .raw_header(auto)
            .multipart(MultiPart::alternative_plain_html(
                alert.text().to_owned(),
                alert.html().to_owned(),
            ))
            .map_err(|_| DeliveryError::permanent("the message cannot be made"))
    }
}

#[async_trait]
impl AlertDelivery for Mail {
    async fn deliver(&self, alert: &Alert, to: &str) -> Result<(), DeliveryError> {
        let message = self.message(alert, to)?;
        self.transport.send(message).await.map(drop).map_err(|error| failed(&error))
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(DeliveryError::passing("the mail server does not answer")),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// What the server answers may name the recipient: only the kind and the code
/// are passed on.
fn failed(error: &lettre::transport::smtp::Error) -> DeliveryError {
    let what = if error.is_timeout() {
        "the mail server does not answer in time"
    } else if error.is_tls() {
        "no encrypted connection to the mail server"
    } else if error.status().is_some() {
        "the mail server refuses"
    } else {
        "the mail server cannot be reached or understood"
    };
    let reason = match error.status() {
        Some(code) => format!("{what} ({code})"),
        None => what.to_owned(),
    };
    if error.is_permanent() {
        DeliveryError::permanent(reason)
    } else {
        DeliveryError::passing(reason)
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, from: &str) -> Option<MailError> {
        Mail::new(url, from).err()
    }

    #[test]
    fn the_scheme_says_how_the_connection_is_encrypted() {
        for url in [
            "smtp://127.0.0.1:2525",
            "smtp+starttls://user:pass%40word@mail.example:587",
            "smtp://mail.example:587?tls=required",
            "smtps://mail.example",
        ] {
            assert_eq!(refused(url, "Acme <a@b.example>"), None, "{url}");
        }
        for url in ["", "mail.example:25", "http://mail.example", "smtp+starttls://"] {
            assert_eq!(refused(url, "a@b.example"), Some(MailError::Server), "{url}");
        }
        assert_eq!(refused("smtp://localhost", "nobody"), Some(MailError::Sender));
    }
}
