//! Streams that end with their right.

use std::{pin::Pin, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, sse::Event},
};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::Request;
use license_axum::{
    Licensing, RequireFeature, Routes, features,
    routing::get,
    streams::{events_while_licensed, take_while_allowed, take_while_licensed},
};
use license_core::{Denial, DenialCode};
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::support::Service;

features! {
    /// Live figures.
    Live = "live";
}

const DAY: Duration = Duration::from_secs(86_400);

fn licensed(features: &[&str]) -> Service {
    let service = Service::of(license_core::Policy::new());
    service
        .vendor
        .license()
        .days(30)
        .features(features.iter().copied())
        .install(&service.licensing);
    service
}

type Numbers = Pin<Box<dyn Stream<Item = Result<u32, Denial>>>>;

fn numbers(service: &Service) -> (mpsc::UnboundedSender<u32>, Numbers) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let sent = stream::unfold(receiver, async |mut receiver: mpsc::UnboundedReceiver<_>| {
        Some((receiver.recv().await?, receiver))
    });
    (sender, Box::pin(take_while_licensed::<Live, _>(&service.licensing, sent)))
}

/// The denial that is the next item, at once.
fn ends(items: &mut Numbers) -> Option<DenialCode> {
    Some(items.next().now_or_never()??.unwrap_err().code())
}

#[tokio::test]
async fn items_pass_while_the_feature_is_granted_and_a_stream_ends_by_itself() {
    let service = licensed(&["live"]);
    let (sender, mut numbers) = numbers(&service);
    sender.send(1).unwrap();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    assert!(numbers.next().now_or_never().is_none());
    // Another license that grants it as well.
    service.vendor.license().days(60).features(["live"]).install(&service.licensing);
    assert!(numbers.next().now_or_never().is_none());
    sender.send(2).unwrap();
    drop(sender);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 2);
    assert!(numbers.next().await.is_none());
}

#[tokio::test]
async fn a_license_without_the_feature_ends_it_at_once_with_the_reason_as_the_last_item() {
    let service = licensed(&["live"]);
    let (sender, mut numbers) = numbers(&service);
    assert!(numbers.next().now_or_never().is_none());
    service.vendor.license().days(60).install(&service.licensing);
    assert_eq!(ends(&mut numbers), Some(DenialCode::FeatureNotLicensed));
    // The one that waited is not handed out any more.
    let _ = sender.send(1);
    assert!(numbers.next().await.is_none());
}

#[tokio::test]
async fn the_end_of_the_term_is_noticed_by_the_next_item_and_by_whoever_looks_at_the_clock() {
    let service = licensed(&["live"]);
    let (sender, mut items) = numbers(&service);
    service.clock.advance(DAY * 31);
    sender.send(1).unwrap();
    assert_eq!(ends(&mut items), Some(DenialCode::LicenseExpired));

    let service = licensed(&["live"]);
    let (_sender, mut items) = numbers(&service);
    assert!(items.next().now_or_never().is_none());
    service.clock.advance(DAY * 31);
    service.licensing.control().refresh();
    assert_eq!(ends(&mut items), Some(DenialCode::LicenseExpired));
}

#[tokio::test]
async fn what_wants_no_feature_ends_with_the_service() {
    let service = licensed(&[]);
    let items = stream::repeat(1);
    let mut items =
        Box::pin(take_while_allowed(&service.licensing, |it| it.check_service(), items));
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    service.clock.advance(DAY * 31);
    assert_eq!(items.next().await.unwrap().unwrap_err().code(), DenialCode::LicenseExpired);
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn the_last_event_tells_a_browser_why() {
    async fn figures(
        _: RequireFeature<Live>,
        State(licensing): State<Licensing>,
    ) -> impl IntoResponse {
        let figures = stream::iter([1, 2]).chain(stream::pending());
        let events = figures.map(|number: u32| Event::default().data(number.to_string()));
        events_while_licensed::<Live, _>(&licensing, events)
    }
    let service = licensed(&["live"]);
    let routes = Routes::new().route("/figures", get(figures));
    let app = routes.with_state(service.licensing.clone()).into_router();
    let request = Request::get("/figures").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = Box::pin(to_bytes(response.into_body(), 10_000));
    assert!(body.as_mut().now_or_never().is_none());
    service.vendor.license().days(60).install(&service.licensing);
    let text = String::from_utf8(body.await.unwrap().to_vec()).unwrap();
    let (figures, last) = text.split_once("event: license\n").unwrap();
    assert_eq!(figures, "data: 1\n\ndata: 2\n\n");
    let problem = last.strip_prefix("data: ").unwrap().trim_end();
    let problem: serde_json::Value = serde_json::from_str(problem).unwrap();
    assert_eq!(problem["code"], "feature_not_licensed");
    assert_eq!(problem["feature"], "live");
}
