//! Requests and responses as these services speak them: JSON, and problem
//! details for every error.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header, request::Parts};
use license_axum::Problem;
use serde::{Serialize, de::DeserializeOwned};

use crate::setup::database::is_away;

/// JSON in a request or a response.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// JSON in a request that may as well have no body.
#[derive(Clone, Debug)]
pub struct OptionalJson<T>(pub T);

/// The bytes of a request.
#[derive(Clone, Debug)]
pub struct Raw(pub Bytes);

/// The one parameter of a path. What is no text names nothing.
#[derive(Clone, Debug)]
pub struct Id(pub String);

fn invalid_body() -> Problem {
    const WANTED: &str = "The body must be JSON with the members that this route takes.";
    Problem::new(400, "invalid_body", WANTED)
}

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Raw(body) = Raw::from_request(request, state).await?;
        serde_json::from_slice(&body).map(Self).map_err(|_| invalid_body())
    }
}

impl<S, T> FromRequest<S> for OptionalJson<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Default,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Raw(body) = Raw::from_request(request, state).await?;
        match &*body {
            [] => Ok(Self(T::default())),
            body => serde_json::from_slice(body).map(Self).map_err(|_| invalid_body()),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|_| {
            Problem::new(413, "body_too_large", "The body is larger than this route takes.")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(id) => Ok(Self(id.0)),
            Err(_) => Err(not_found().await),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => internal(&error).into_response(),
        }
    }
}

/// The answer to a path that is not there.
pub async fn not_found() -> Problem {
    Problem::new(404, "not_found", "There is nothing at this path.")
}

/// The answer to a method that a path does not take.
pub async fn method_not_allowed() -> Problem {
    Problem::new(405, "method_not_allowed", "This path does not take this method.")
}

/// The answer where a database failed: it may be back before long, or it is a
/// defect.
pub(crate) fn database_failed(error: &sqlx::Error) -> Problem {
    if !is_away(error) {
        return internal(error);
    }
    tracing::warn!(error = error as &(dyn std::error::Error + 'static), "the database is away");
    Problem::new(503, "store_unavailable", "The database cannot be reached or written. Try again.")
}

/// The answer to a defect: the story goes to the log only.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "request failed");
    Problem::new(500, "internal_error", "Something went wrong. The log has the details.")
}
