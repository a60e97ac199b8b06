//! Asking the extractors of a handler what they ask for.

use std::{
    any::{TypeId, type_name},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
};
use futures_util::FutureExt as _;
use http::{Version, request::Parts};
use license_core::{Denial, DenialCode};

use super::Gate;
use crate::LicenseRejection;

/// What the arguments of a handler ask for; every handler's are some, and
/// there is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not the arguments of a handler",
    note = "a text or a response in the place of a handler is written as a closure: \
            `get(async || \"ok\")`"
)]
pub trait Gated<S> {
    /// What they ask for.
    #[doc(hidden)]
    fn gates(state: &S) -> Vec<Gate>;
}

/// A request that asks an extractor what it asks for. No server has one of its
/// kind: it is of HTTP/0.9, which needs one look at a request to know.
#[derive(Clone, Default)]
pub(crate) struct Question(Arc<Mutex<Vec<Gate>>>);

impl Question {
    /// The question, where a request is one.
    #[inline]
    pub(crate) fn of(parts: &Parts) -> Option<&Self> {
        if parts.version == Version::HTTP_09 { Self::asked(parts) } else { None }
    }

    #[cold]
    fn asked(parts: &Parts) -> Option<&Self> {
        parts.extensions.get()
    }

    /// Answers it, and ends what is asked.
    pub(crate) fn answer(&self, gate: Gate) -> LicenseRejection {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(gate);
        Denial::new(DenialCode::FeatureNotLicensed, 403).into()
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.version_mut() = Version::HTTP_09;
        request.extensions_mut().insert(self.clone());
        request
    }

    fn gates(self) -> Vec<Gate> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an extractor is one of this crate, alone or in `Option`. Only they are asked:
/// whoever else wrote one did not mean it to run for this.
fn is_ours<T, R: 'static>() -> bool {
    let name = type_name::<T>();
    let name = name.strip_prefix("core::option::Option<").unwrap_or(name);
    let is_ours =
        name.strip_prefix(env!("CARGO_CRATE_NAME")).is_some_and(|it| it.starts_with("::"));
    is_ours && refuses_as_ours::<R>()
}

/// What is not the type of a refusal of this crate's is not asked, whatever it is called.
fn refuses_as_ours<R: 'static>() -> bool {
    #[cfg(feature = "ws")]
    if TypeId::of::<R>() == TypeId::of::<crate::HostRejection>() {
        return true;
    }
    TypeId::of::<R>() == TypeId::of::<LicenseRejection>()
}

fn ask<S, T>(question: &Question, state: &S)
where
    T: FromRequestParts<S, Rejection: 'static>,
{
    if is_ours::<T, T::Rejection>() {
        let (mut parts, _) = question.request().into_parts();
        // Nothing is waited for: an extractor that would answers nothing.
        let _ = T::from_request_parts(&mut parts, state).now_or_never();
    }
}

fn ask_last<S, T, M>(question: &Question, state: &S)
where
    T: FromRequest<S, M, Rejection: 'static>,
{
    if is_ours::<T, T::Rejection>() {
        let _ = T::from_request(question.request(), state).now_or_never();
    }
}

/// Handlers without arguments.
impl<S> Gated<S> for ((),) {
    fn gates(_: &S) -> Vec<Gate> {
        Vec::new()
    }
}

macro_rules! gated {
    ($($part:ident)*; $last:ident) => {
        impl<S, M, $($part,)* $last> Gated<S> for (M, $($part,)* $last,)
        where
            $($part: FromRequestParts<S, Rejection: 'static>,)*
            $last: FromRequest<S, M, Rejection: 'static>,
        {
            fn gates(state: &S) -> Vec<Gate> {
                let question = Question::default();
                $(ask::<S, $part>(&question, state);)*
                ask_last::<S, $last, M>(&question, state);
                question.gates()
            }
        }
    };
}

gated!(; T1);
gated!(T1; T2);
gated!(T1 T2; T3);
gated!(T1 T2 T3; T4);
gated!(T1 T2 T3 T4; T5);
gated!(T1 T2 T3 T4 T5; T6);
gated!(T1 T2 T3 T4 T5 T6; T7);
gated!(T1 T2 T3 T4 T5 T6 T7; T8);
gated!(T1 T2 T3 T4 T5 T6 T7 T8; T9);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9; T10);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10; T11);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11; T12);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12; T13);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13; T14);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14; T15);
gated!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14 T15; T16);
