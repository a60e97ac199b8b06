//! Reading what a form on these pages sends.

use std::time::Duration;

use axum::{body::BodyDataStream, extract::Request};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, header};
use license_core::Token;
use multer::Multipart;

/// What the forms on these pages hold.
#[derive(Default)]
pub(super) struct Fields {
    /// A file that was chosen.
    pub(super) file: Option<Bytes>,
    /// A text that was pasted.
    pub(super) text: Option<String>,
    /// The token of a preview.
    pub(super) token: Option<String>,
    /// The digest of a preview.
    pub(super) digest: Option<String>,
    /// Whether to install in spite of the host.
    pub(super) force: bool,
}

/// A form that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormError {
    NoForm,
    TooLarge,
    Late,
    Malformed,
}

/// What is read of a form: a file or a text, and what stands around them.
const MOST_BYTES: usize = 2 * Token::MAX_RECEIVED_BYTES + 16 * 1024;
/// How much of a larger one is thrown away, so that the browser is done sending
/// and sees the answer.
const MOST_THROWN_AWAY: usize = 64 * 1024 * 1024;
/// How long the whole body may take.
const DEADLINE: Duration = Duration::from_secs(30);

impl Fields {
    /// What a form sent.
    pub(super) async fn read(request: Request) -> Result<Self, FormError> {
        let boundary = boundary(request.headers()).ok_or(FormError::NoForm)?;
        let body = request.into_body().into_data_stream();
        let read = async { Self::parts(whole(body).await?, boundary).await };
        tokio::time::timeout(DEADLINE, read).await.unwrap_or(Err(FormError::Late))
    }

    async fn parts(body: Bytes, boundary: String) -> Result<Self, FormError> {
        let body = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let mut parts = Multipart::new(body, boundary);
        let wrong = |_: multer::Error| FormError::Malformed;
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(wrong)? {
            let name = part.name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(wrong)?;
            let text = || String::from_utf8_lossy(&bytes).into_owned();
            match name.as_str() {
                // A browser sends an empty file where none was chosen.
                "license" if bytes.is_empty() => {}
                "license" if fields.file.is_none() => fields.file = Some(bytes),
                "text" if bytes.trim_ascii().is_empty() => {}
                "text" if fields.text.is_none() => fields.text = Some(text()),
                "token" if fields.token.is_none() => fields.token = Some(text()),
                "digest" if fields.digest.is_none() => fields.digest = Some(text()),
                "force" => fields.force = &*bytes == b"true",
                _ => return Err(FormError::Malformed),
            }
        }
        Ok(fields)
    }
}

/// The whole body. One that is too long is read to its end all the same, without
/// keeping it: a browser that is still sending does not see the answer.
async fn whole(mut body: BodyDataStream) -> Result<Bytes, FormError> {
    let (mut kept, mut seen) = (BytesMut::new(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| FormError::Malformed)?;
        seen += chunk.len();
        if seen <= MOST_BYTES {
            kept.extend_from_slice(&chunk);
        } else if seen > MOST_THROWN_AWAY {
            break;
        } else {
            kept = BytesMut::new();
        }
    }
    if seen > MOST_BYTES { Err(FormError::TooLarge) } else { Ok(kept.freeze()) }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    multer::parse_boundary(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn read(form: &str) -> Result<Fields, FormError> {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(form.to_owned()))
            .unwrap();
        Fields::read(request).await
    }

    fn part(name: &str, text: &str) -> String {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    }

    #[tokio::test]
    async fn an_empty_file_and_a_blank_text_are_none() {
        let form = part("license", "") + &part("text", " \r\n") + "--b--\r\n";
        let fields = read(&form).await.unwrap();
        assert!(fields.file.is_none() && fields.text.is_none() && !fields.force);
        let form = part("license", "a") + &part("force", "true") + "--b--\r\n";
        let fields = read(&form).await.unwrap();
        assert_eq!(fields.file.as_deref(), Some(&b"a"[..]));
        assert!(fields.force);
    }

    #[tokio::test]
    async fn what_is_no_such_form_is_told_apart() {
        let wrong = async |form: &str| read(form).await.err();
        assert_eq!(wrong(&(part("other", "a") + "--b--\r\n")).await, Some(FormError::Malformed));
        let twice = part("text", "a") + &part("text", "b") + "--b--\r\n";
        assert_eq!(wrong(&twice).await, Some(FormError::Malformed));
        let large = part("license", &"a".repeat(MOST_BYTES)) + "--b--\r\n";
        assert_eq!(wrong(&large).await, Some(FormError::TooLarge));
        let request = Request::post("/").body(Body::from("license=a")).unwrap();
        assert_eq!(Fields::read(request).await.err(), Some(FormError::NoForm));
    }
}
