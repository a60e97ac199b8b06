//! Reading the token out of an upload: raw, JSON or a form.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use license_core::{InstallError, InstallErrorKind, Token, received};
use multer::Multipart;
use serde::Deserialize;

use crate::Problem;

/// What a form or JSON may add around the token.
const OVERHEAD: usize = 8 * 1024;
const MOST_BYTES: usize = Token::MAX_RECEIVED_BYTES + OVERHEAD;
/// How long the whole body may take.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonBody {
    license: String,
}

enum Form {
    Raw,
    Json,
    Multipart { boundary: String },
}

/// The token's bytes.
///
/// # Errors
///
/// 415, 413, 408, or 400 for a body that is not what its type says.
pub(super) async fn token(request: Request) -> Result<Vec<u8>, Problem> {
    let form = form(request.headers())?;
    if request.body().size_hint().lower() > MOST_BYTES as u64
        && !matches!(form, Form::Multipart { .. })
    {
        return Err(too_large());
    }
    let body = request.into_body();
    let read = async {
        match form {
            Form::Raw => Ok(all(body).await?.into()),
            Form::Json => {
                let body = all(body).await?;
                let body = received::text(&body)
                    .map_err(|_| malformed("The JSON must be UTF-8, or UTF-16 of ASCII"))?;
                // `serde_json` also reads the members from an array, without their names.
                let object = body.trim_ascii_start().starts_with('{');
                match serde_json::from_str::<JsonBody>(&body) {
                    Ok(body) if object => Ok(body.license.into_bytes()),
                    _ => Err(malformed("The JSON must be {\"license\": \"...\"}")),
                }
            }
            Form::Multipart { boundary } => multipart(body, boundary).await,
        }
    };
    tokio::time::timeout(DEADLINE, read).await.unwrap_or_else(|_| {
        Err(Problem::new(408, "request_timeout", "The upload took too long. Try again."))
    })
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let unsupported = || {
        Problem::new(
            415,
            "unsupported_media_type",
            "Send the license as application/jwt, text/plain, application/octet-stream, \
             application/json or multipart/form-data.",
        )
    };
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(unsupported()) };
    let value = value.to_str().map_err(|_| unsupported())?;
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/jwt" | "text/plain" | "application/octet-stream" => Ok(Form::Raw),
        "application/json" => Ok(Form::Json),
        "multipart/form-data" => match multer::parse_boundary(value) {
            Ok(boundary) => Ok(Form::Multipart { boundary }),
            Err(_) => Err(malformed("The form has no boundary")),
        },
        _ => Err(unsupported()),
    }
}

async fn all(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(malformed("The body ended early")),
    }
}

/// Exactly one part, named `license`. Read as it comes, and no further than a
/// license can be long: a second part is refused without waiting for the rest,
/// however much there is.
async fn multipart(body: Body, boundary: String) -> Result<Vec<u8>, Problem> {
    let cut_off = AtomicBool::new(false);
    let body = stream::try_unfold((body.into_data_stream(), MOST_BYTES), |(mut body, left)| {
        let cut_off = &cut_off;
        async move {
            if left == 0 {
                cut_off.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            let Some(mut chunk) = body.next().await.transpose()? else { return Ok(None) };
            chunk.truncate(left);
            let left = left - chunk.len();
            Ok::<_, axum::Error>(Some((chunk, (body, left))))
        }
    });
    let mut parts = Multipart::new(body, boundary);
    let refused = |_: multer::Error| match cut_off.load(Ordering::Relaxed) {
        true => too_large(),
        false => malformed("The form is not well-formed"),
    };
    let one = || malformed("The form must have exactly one part, named `license`");
    let part = parts.next_field().await.map_err(refused)?.ok_or_else(one)?;
    if part.name() != Some("license") {
        return Err(one());
    }
    // The name of the file is not used; one that tries to be a path is an attack.
    if part.file_name().is_some_and(|name| name.contains(['/', '\\', '\0']) || name == "..") {
        return Err(malformed("The file name must not be a path"));
    }
    let token = part.bytes().await.map_err(refused)?;
    match parts.next_field().await.map_err(refused)? {
        None => Ok(token.into()),
        Some(_) => Err(one()),
    }
}

fn malformed(what: &'static str) -> Problem {
    Problem::from(&InstallError::because(InstallErrorKind::TokenMalformed, what))
}

fn too_large() -> Problem {
    Problem::from(&InstallError::new(InstallErrorKind::TokenTooLarge))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    /// The status of a form that arrives in chunks of this size.
    async fn status(form: &[u8], chunk: usize) -> u16 {
        let chunks: Vec<_> = form
            .chunks(chunk)
            .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
            .collect();
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from_stream(stream::iter(chunks)))
            .unwrap();
        match token(request).await {
            Ok(_) => 200,
            Err(problem) => problem.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn many_parts_are_told_from_a_large_one_however_they_arrive() {
        let part = |text: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"license\"\r\n\r\n{text}\r\n")
        };
        let many = part("").repeat(30_000) + "--b--\r\n";
        let large = part(&"a".repeat(1_000_000)) + "--b--\r\n";
        let good = part(&"a".repeat(Token::MAX_BYTES)) + "--b--\r\n";
        for chunk in [100, 10_000, 10_000_000] {
            assert_eq!(status(many.as_bytes(), chunk).await, 400, "{chunk}");
            assert_eq!(status(large.as_bytes(), chunk).await, 413, "{chunk}");
            assert_eq!(status(good.as_bytes(), chunk).await, 200, "{chunk}");
        }
    }
}
