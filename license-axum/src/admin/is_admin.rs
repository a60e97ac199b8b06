//! Whether somebody is an administrator, where others are not refused.

use std::{convert::Infallible, marker::PhantomData};

use axum::{extract::FromRequestParts, http::request::Parts};

/// Whether the request is an administrator's, without refusing others.
pub(crate) struct IsAdmin<A>(bool, PhantomData<fn() -> A>);

impl<A, S> FromRequestParts<S> for IsAdmin<A>
where
    A: FromRequestParts<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(A::from_request_parts(parts, state).await.is_ok(), PhantomData))
    }
}

impl<A> IsAdmin<A> {
    pub(crate) fn yes(&self) -> bool {
        self.0
    }
}
