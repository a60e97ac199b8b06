//! Encrypted connections to PostgreSQL.

use std::{error::Error, time::Duration};

use license_runtime::{PostgresStore, StoreErrorKind};
use license_tests::{Polygent, PostgresServer, certificate, vendor};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};

/// How many connections to the database there are, this one aside, and how
/// many of them are encrypted.
async fn connections(url: &str) -> (i64, i64) {
    let mut own = PgConnection::connect(&format!("{url}?sslmode=disable")).await.unwrap();
    let counted = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl \
         JOIN pg_stat_activity USING (pid) WHERE usename IS NOT NULL AND pid <> pg_backend_pid()",
    );
    counted.fetch_one(&mut own).await.unwrap()
}

#[tokio::test]
async fn a_database_is_reached_as_its_url_says_and_a_stranger_is_not() {
    let Some(certificate) = certificate() else { return };
    let Some(server) = PostgresServer::encrypted(certificate.path()) else { return };
    let root = certificate.path().join("cert.pem");
    let trusted = format!("?sslmode=verify-full&sslrootcert={}", root.display());
    for (mode, encrypted) in [
        ("", true),
        ("?sslmode=require", true),
        (trusted.as_str(), true),
        ("?sslmode=disable", false),
    ] {
        let url = format!("{}{mode}", server.url());
        let polygent = Polygent::start_with(|start| start.env("DATABASE_URL", url)).await;
        let began = Instant::now();
        // Those of the service before may be there for a moment.
        loop {
            let (all, safe) = connections(server.url()).await;
            if all > 1 && safe == if encrypted { all } else { 0 } {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{mode}: {safe} of {all}");
            sleep(Duration::from_millis(50)).await;
        }
        drop(polygent);
    }

    // Nobody vouches for the certificate.
    let directory = tempfile::tempdir().unwrap();
    let start = Polygent::command(&vendor(), directory.path());
    let url = format!("{}?sslmode=verify-full", server.url());
    let (status, text) = start.env("DATABASE_URL", url).fails().await;
    assert_eq!(status, Some(2));
    assert!(text.contains("check --database-url") && text.contains("certificate"), "{text}");
}

#[tokio::test]
async fn a_store_by_itself_takes_a_server_that_its_url_trusts_and_no_stranger() {
    let Some(certificate) = certificate() else { return };
    let Some(server) = PostgresServer::encrypted(certificate.path()) else { return };
    let root = certificate.path().join("cert.pem");
    let url = format!("{}?sslmode=verify-full", server.url());
    let store = PostgresStore::open(&format!("{url}&sslrootcert={}", root.display())).await;
    store.unwrap();
    let refused = PostgresStore::open(&url).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    let mut story = Vec::new();
    let mut cause = refused.source();
    while let Some(error) = cause {
        story.push(error.to_string());
        cause = error.source();
    }
    assert!(story.iter().any(|it| it.contains("certificate")), "{story:?}");
}
