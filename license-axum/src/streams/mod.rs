//! Responses that go on for long, and end when their right does.
//!
//! A request is judged when it arrives. Server-Sent Events, a download, a
//! stream of gRPC go on for hours after that; [`take_while_licensed`] ends one
//! at the moment at which its feature would be refused, politely: what was sent was
//! sent whole, and the last item says why.
//!
//! ```
//! use axum::response::sse::Event;
//! use futures_util::{Stream, stream};
//! use license_axum::{Licensing, RequireFeature, features, streams::events_while_licensed};
//!
//! features! {
//!     /// Live figures.
//!     Live = "live";
//! }
//!
//! async fn figures(
//!     _: RequireFeature<Live>,
//!     licensing: axum::extract::State<Licensing>,
//! ) -> impl axum::response::IntoResponse {
//!     let figures = stream::pending::<Event>();
//!     events_while_licensed::<Live, _>(&licensing, figures)
//! }
//! # let _: axum::routing::MethodRouter<Licensing> = axum::routing::get(figures);
//! ```
//!
//! The denial is the error of whatever the stream is made of. For tonic, whose items
//! are `Result<_, Status>`, `GrpcDetails::status` of license-tower makes a status of
//! it: `.map(|item| item.unwrap_or_else(|denial| Err(status(&denial))))`.
//!
//! The domain, and read-only after the term, are a request's: a stream that reads goes on
//! where reading does, and one that must not asks by [`take_while_allowed`] what the layer
//! asks, [`Licensing::check_request`].
//!
//! The end of a license is noticed when somebody looks at the clock: a
//! request, the tick of a `LicenseManager`, or the next item of the stream.

use std::{convert::Infallible, pin::pin};

use axum::response::sse::{Event, Sse};
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
    stream,
};
use license_core::{Denial, Feature, Licensing};

/// Ends a stream as soon as the license does not grant the feature `F` any more.
/// The last item is then the denial; a stream that ends by itself has none.
///
/// For a stream that wants no feature see [`take_while_allowed`].
pub fn take_while_licensed<F, S>(
    licensing: &Licensing,
    stream: S,
) -> impl Stream<Item = Result<S::Item, Denial>> + use<F, S>
where
    F: Feature,
    S: Stream,
{
    take_while_allowed(licensing, |licensing| licensing.check_feature(F::NAME), stream)
}

/// Ends a stream as soon as this is refused:
/// `|licensing| licensing.check_service()` for one that wants no feature. The
/// last item is then the denial.
pub fn take_while_allowed<C, S>(
    licensing: &Licensing,
    check: C,
    stream: S,
) -> impl Stream<Item = Result<S::Item, Denial>> + use<C, S>
where
    C: Fn(&Licensing) -> Result<(), Denial>,
    S: Stream,
{
    let items = Box::pin(stream);
    let state = Some((items, licensing.subscribe(), check));
    stream::unfold(state, async |state| {
        let (mut items, mut license, check) = state?;
        loop {
            // Asked before an item is waited for and before it is handed out: in
            // between hours may go by.
            let item = match check(license.licensing()) {
                Ok(()) => match select(items.next(), pin!(license.changed())).await {
                    Either::Left((item, _)) => Some(item?),
                    Either::Right(_) => None,
                },
                Err(_) => None,
            };
            match (check(license.licensing()), item) {
                (Ok(()), Some(item)) => return Some((Ok(item), Some((items, license, check)))),
                (Ok(()), None) => {}
                (Err(denial), _) => {
                    license.licensing().control().record(&denial);
                    return Some((Err(denial), None));
                }
            }
        }
    })
}

/// Server-Sent Events that end as soon as the license does not grant the feature
/// `F` any more, with a [`license_event`] as the last.
pub fn events_while_licensed<F, S>(
    licensing: &Licensing,
    events: S,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<F, S>>
where
    F: Feature,
    S: Stream<Item = Event> + Send + 'static,
{
    let events = take_while_licensed::<F, S>(licensing, events);
    Sse::new(events.map(|event| Ok(event.unwrap_or_else(|denial| license_event(&denial)))))
}

/// The event by which a client learns that the license ended its stream: of the
/// kind `license`, with problem details as data, as a refused request has them as
/// its body. A client that reconnects gets these.
pub fn license_event(denial: &Denial) -> Event {
    let problem = serde_json::to_string(&denial.problem()).unwrap_or_default();
    Event::default().event("license").data(problem)
}
