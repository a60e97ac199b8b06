//! Accepting connections, as many as there is room for, and no longer than
//! they are good for something.

use std::{
    convert::Infallible,
    error::Error,
    net::SocketAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::extract::ConnectInfo;
use clap::Args;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::{
    body::{Body, Bytes, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use license_tower::TrustedProxy;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};
use tower::{Service, ServiceExt};

use crate::{
    StartError,
    serving::activity::{Activity, BodyInHand, Noticed},
    serving::proxies::Proxies,
};

/// How many connections a service takes, and from which proxies.
#[derive(Clone, Debug, Args)]
pub struct Connections {
    /// How many connections may be open; further ones wait. An open WebSocket
    /// is not counted
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "NUMBER", default_value = "1024")]
    max_connections: NonZeroU32,

    #[command(flatten)]
    proxies: Proxies,
}

/// The body of a request.
pub type RequestBody = BoxBody<Bytes, hyper::Error>;

/// The room for connections.
#[derive(Debug)]
struct Room {
    free: Arc<Semaphore>,
    most: NonZeroU32,
    /// Whether the system has none, of file descriptors perhaps.
    failing: AtomicBool,
}

/// How long open connections may take to finish at the end.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is looked for connections that do nothing.
const LOOK: Duration = Duration::from_secs(1);
/// How often the log says at most that there is no room.
const SAID_AGAIN: Duration = Duration::from_secs(10);

impl Connections {
    /// The proxies that are believed about the host of a request, for the
    /// [`LicenseLayer`](license_tower::LicenseLayer). Requests have them among
    /// their extensions.
    ///
    /// # Errors
    ///
    /// A `--trusted-proxy` that is no network.
    pub fn trusted_proxy(&self) -> Result<Option<TrustedProxy>, StartError> {
        self.proxies.trusted()
    }

    /// Serves HTTP/1.1 and HTTP/2 until it is to stop; then open connections
    /// have ten seconds to finish.
    pub(crate) async fn serve<S, B>(
        self,
        listener: TcpListener,
        service: S,
        stop: impl Future<Output = ()>,
    ) -> Result<(), StartError>
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin + Send + 'static,
    {
        let proxy = self.trusted_proxy()?;
        let room = Arc::new(Room::new(self.max_connections));
        let graceful = GracefulShutdown::new();
        let accepting = async {
            let mut said = None;
            loop {
                let place = room.place(&mut said).await;
                let (stream, peer) = room.accept(&listener).await;
                let (service, room) = (service.clone(), Arc::clone(&room));
                let watcher = graceful.watcher();
                let proxy = proxy.clone();
                tokio::spawn(async move {
                    let activity = Activity::new();
                    let io = TokioIo::new(Noticed::new(stream, Arc::clone(&activity)));
                    let server = server();
                    let overdue = room.overdue(Arc::clone(&activity));
                    let service = service_fn(|mut request: Request<Incoming>| {
                        request.extensions_mut().insert(ConnectInfo(peer));
                        if let Some(proxy) = &proxy {
                            request.extensions_mut().insert(proxy.clone());
                        }
                        answer(service.clone(), request, &activity)
                    });
                    let connection = server.serve_connection_with_upgrades(io, service);
                    tokio::select! {
                        ended = watcher.watch(connection) => if let Err(error) = ended {
                            tracing::debug!(error, "a connection ended early");
                        },
                        () = overdue => tracing::debug!("a connection did nothing for too long"),
                    }
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = stop => {}
            () = accepting => {}
        }
        drop(listener);
        let _ = timeout(GRACE, graceful.shutdown()).await;
        Ok(())
    }
}

/// A server of HTTP/1.1 and HTTP/2, of WebSockets over both.
fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().enable_connect_protocol();
    server
}

/// Has a request answered, which is in hand until its body and that of the
/// answer are done with.
fn answer<S, B>(
    service: S,
    request: Request<Incoming>,
    activity: &Arc<Activity>,
) -> impl Future<Output = Result<Response<BodyInHand<B>>, Infallible>> + use<S, B>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
{
    let in_hand = activity.begin(request.version());
    let request = request.map(|body| BodyInHand::new(body, in_hand.clone()).boxed());
    async move {
        let response = service.oneshot(request).await?;
        Ok(response.map(|body| BodyInHand::new(body, in_hand)))
    }
}

impl Room {
    fn new(most: NonZeroU32) -> Self {
        let free = usize::try_from(most.get()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(free)), most, failing: AtomicBool::new(false) }
    }

    /// Waits until there is room for another connection.
    async fn place(&self, said: &mut Option<Instant>) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(place);
        }
        if said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
            *said = Some(Instant::now());
            let most = self.most;
            tracing::warn!(
                "{most} connections are open, as many as --max-connections allows; new ones wait"
            );
        }
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// The next connection.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok(accepted) => {
                    self.failing.store(false, Ordering::Relaxed);
                    return accepted;
                }
                Err(error) => {
                    self.failing.store(true, Ordering::Relaxed);
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(LOOK).await;
                }
            }
        }
    }

    /// Waits until a connection is good for nothing any more.
    async fn overdue(&self, activity: Arc<Activity>) {
        loop {
            sleep(LOOK).await;
            let crowded = self.free.available_permits() == 0;
            if activity.is_overdue(crowded || self.failing.load(Ordering::Relaxed)) {
                return;
            }
        }
    }
}
