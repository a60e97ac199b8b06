//! At most 30 refused uploads a minute.

use std::time::Duration;

use axum::body::Body;
use futures_util::{FutureExt, future, stream};
use http::{Method, Request, Version, header};
use license_core::{
    Timestamp,
    testing::{START, Vendor},
};

use crate::{
    admin::{Administered, broken, request, unread, upload},
    support::send,
};

/// Makes 30 refused attempts, each after a second.
async fn refuse_thirty(administered: &Administered) {
    for _ in 0..30 {
        administered.send(upload("", "nonsense")).await.is_problem(400, "token_malformed");
        administered.service.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn after_30_refused_uploads_the_next_waits_for_the_minute_to_end() {
    let administered = Administered::new().await;
    refuse_thirty(&administered).await;
    let answer = administered.send(upload("", unread())).await;
    answer.is_problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), "30");
    // Whatever is uploaded, and before anything else is looked at.
    let good = administered.send(upload("", administered.token("lic_1"))).await;
    good.is_problem(429, "too_many_attempts");
    let unclear = administered.send(upload("?dry_run=maybe", unread())).await;
    unclear.is_problem(429, "too_many_attempts");
    let untyped = request(Method::POST, "").body(unread()).unwrap();
    administered.send(untyped).await.is_problem(429, "too_many_attempts");
    assert_eq!(administered.judged().await, 30);

    administered.service.clock.advance(Duration::from_secs(29));
    let answer = administered.send(upload("", unread())).await;
    assert_eq!(answer.header("retry-after"), "1");
    administered.service.clock.advance(Duration::from_secs(1));
    let good = administered.send(upload("", administered.token("lic_1"))).await;
    assert_eq!(good.status, 200);
    assert_eq!(administered.in_force().as_deref(), Some("lic_1"));
}

#[tokio::test]
async fn reading_goes_on_and_others_are_not_held_up() {
    let administered = Administered::new().await;
    refuse_thirty(&administered).await;
    for path in ["", "/machine-info", "/audit"] {
        let read = request(Method::GET, path).body(Body::empty()).unwrap();
        assert_eq!(administered.send(read).await.status, 200, "{path}");
    }
    let from = |name: &str, address: &str| {
        let mut request = upload("?dry_run=true", administered.token("lic_1"));
        let credential = format!("Bearer {name}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, credential);
        request.headers_mut().insert("x-address", address.parse().unwrap());
        request
    };
    assert_eq!(administered.send(from("admin@example.com", "192.0.2.7")).await.status, 429);
    assert_eq!(administered.send(from("other@example.com", "192.0.2.7")).await.status, 200);
    assert_eq!(administered.send(from("admin@example.com", "192.0.2.8")).await.status, 200);
    let anonymous = Request::post("/api/license").version(Version::HTTP_2);
    let anonymous = anonymous.body(unread()).unwrap();
    administered.send(anonymous).await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn accepted_uploads_do_not_count() {
    let administered = Administered::new().await;
    for _ in 0..29 {
        administered.send(upload("", "nonsense")).await.is_problem(400, "token_malformed");
    }
    for path in ["", "?dry_run=true"].repeat(20) {
        let good = administered.send(upload(path, administered.token("lic_1"))).await;
        assert_eq!(good.status, 200);
    }
    administered.send(upload("", "nonsense")).await.is_problem(400, "token_malformed");
    administered.send(upload("", "nonsense")).await.is_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn an_older_license_does_not_count() {
    let administered = Administered::new().await;
    let vendor = &administered.service.vendor;
    let issued = |seconds: i64| {
        let at = Timestamp::from_seconds(START.as_seconds() - seconds);
        vendor.license().issued_at(at).sign().as_str().to_owned()
    };
    assert_eq!(administered.send(upload("", issued(60))).await.status, 200);
    for _ in 0..20 {
        let older = administered.send(upload("", issued(61))).await;
        older.is_problem(409, "older_than_installed");
        let told = administered.send(upload("?dry_run=true", issued(62))).await;
        assert_eq!(told.json()["code"], "older_than_installed");
    }
    assert_eq!(administered.send(upload("", issued(59))).await.status, 200);
}

#[tokio::test]
async fn while_the_store_is_away_uploads_do_not_count() {
    let (app, _) = broken();
    for _ in 0..40 {
        let unkept = send(&app, upload("", "token")).await;
        unkept.is_problem(503, "store_unavailable");
    }
}

#[tokio::test]
async fn every_kind_of_refusal_counts() {
    let administered = Administered::new().await;
    for _ in 0..6 {
        let untyped = request(Method::POST, "").body(unread()).unwrap();
        administered.send(untyped).await.is_problem(415, "unsupported_media_type");
        let large = upload("", "a".repeat(17 * 1024));
        administered.send(large).await.is_problem(413, "token_too_large");
        let forced = administered.send(upload("?force=true", "nonsense")).await;
        forced.is_problem(400, "token_malformed");
        administered.send(upload("", "a.b.c")).await.is_problem(400, "token_malformed");
        administered.send(upload("", "nonsense")).await.is_problem(400, "token_malformed");
    }
    administered.send(upload("", unread())).await.is_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_dry_run_and_a_query_that_is_none_never_count() {
    let administered = Administered::new().await;
    let forged = Vendor::new().license().sign().as_str().to_owned();
    for _ in 0..20 {
        for token in ["nonsense", &forged] {
            let dry = administered.send(upload("?dry_run=true", token.to_owned())).await;
            assert_eq!(dry.json()["would_install"], false);
        }
        let large = upload("?dry_run=true", "a".repeat(17 * 1024));
        assert_ne!(administered.send(large).await.status, 429);
        let mut untyped = upload("?dry_run=true", unread());
        untyped.headers_mut().remove(header::CONTENT_TYPE);
        administered.send(untyped).await.is_problem(415, "unsupported_media_type");
        for query in ["?dry_run=maybe", "?dry-run=true"] {
            let unclear = administered.send(upload(query, unread())).await;
            unclear.is_problem(400, "invalid_query");
        }
        let other = format!("?expect={}", "0".repeat(64));
        let other = administered.send(upload(&other, administered.token("lic_1"))).await;
        other.is_problem(409, "not_previewed");
    }
    assert_eq!(administered.send(upload("", administered.token("lic_1"))).await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_has_made_an_attempt() {
    let administered = Administered::new().await;
    for _ in 0..30 {
        let stalled = stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let request = upload("", Body::from_stream(stalled));
        assert!(administered.send(request).now_or_never().is_none());
    }
    administered.send(upload("", unread())).await.is_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_hundred_bad_uploads_at_once_are_no_more_than_30_attempts() {
    let administered = Administered::new().await;
    let forged = Vendor::new().license().sign().as_str().to_owned();
    let uploads = (0..100).map(|_| administered.send(upload("", forged.clone())));
    let answers = future::join_all(uploads).await;
    let with = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(422), with(429)), (30, 70));
    assert_eq!(administered.judged().await, 30);
}

#[tokio::test]
async fn a_hundred_good_uploads_at_once_are_all_accepted() {
    let administered = Administered::new().await;
    let path = |number| if number % 2 == 0 { "" } else { "?dry_run=true" };
    let uploads = (0..100).map(|number| {
        administered.send(upload(path(number), administered.token(&format!("lic_{number}"))))
    });
    let answers = future::join_all(uploads).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}
