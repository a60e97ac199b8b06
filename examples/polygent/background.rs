//! Background work that pauses by itself whenever everything is refused.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::extract::State;
use license_axum::Licensing;
use license_examples::Json;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

/// The queue, the automations and the sync.
#[derive(Clone)]
pub(crate) struct Workers {
    queue: Worker,
    automations: Worker,
    sync: Worker,
}

/// One worker; says whether it is at work.
#[derive(Clone)]
struct Worker(Arc<AtomicBool>);

#[derive(Serialize, ToSchema)]
#[schema(as = Background)]
pub(crate) struct Report {
    queue: &'static str,
    automations: &'static str,
    sync: &'static str,
}

#[derive(OpenApi)]
#[openapi(paths(show))]
pub(crate) struct Document;

impl Workers {
    pub(crate) fn start(licensing: &Licensing) -> Self {
        let worker = || Worker::start(licensing);
        Self { queue: worker(), automations: worker(), sync: worker() }
    }
}

impl Worker {
    fn start(licensing: &Licensing) -> Self {
        let running = Arc::new(AtomicBool::new(false));
        let (flag, mut gate) = (Arc::clone(&running), licensing.gate());
        tokio::spawn(async move {
            loop {
                gate.opened().await;
                flag.store(true, Ordering::Release);
                // Work would go here, raced against the gate.
                gate.closed().await;
                flag.store(false, Ordering::Release);
            }
        });
        Self(running)
    }

    fn report(&self) -> &'static str {
        if self.0.load(Ordering::Acquire) { "running" } else { "paused" }
    }
}

#[utoipa::path(
    get,
    path = "/background",
    operation_id = "background",
    tag = "service",
    responses((status = 200, description = "What is at work.", body = Report)),
)]
pub(crate) async fn show(State(state): State<AppState>) -> Json<Report> {
    let Workers { queue, automations, sync } = &state.workers;
    Json(Report { queue: queue.report(), automations: automations.report(), sync: sync.report() })
}
