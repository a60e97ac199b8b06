//! The service starts, is licensed, and stops.

use license_tests::Polygent;

#[tokio::test]
async fn a_service_is_refused_until_it_is_licensed_while_it_runs_on() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    for client in [admin.clone(), admin.http2()] {
        client.get("/api/workflows").await.refused(503, "license_missing");
    }
    polygent.install(polygent.license().features(["workflows"])).await;
    for client in [admin.clone(), admin.http2()] {
        client.get("/api/workflows").await.is(200);
        client.get("/api/planner").await.refused(403, "feature_not_licensed");
    }
    let (_, _, process) = polygent.into_parts();
    assert_eq!(process.terminate().await, (Some(0), String::new()));
}
