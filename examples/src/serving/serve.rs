//! Listening, saying so, and stopping gracefully.

use std::{
    convert::Infallible,
    error::Error,
    fmt::Display,
    io::{IsTerminal, Write},
};

use http::{Request, Response};
use hyper::body::Body;
use sd_notify::NotifyState;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tower::Service;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

use crate::{Connections, RequestBody, StartError, setup::arguments::variable};

/// The lines of the log. What the product says of its license stands there
/// in its own words, behind the time and the level and nothing else; other
/// lines say where they come from.
struct Lines;

/// What is logged unless `RUST_LOG` says otherwise. PostgreSQL says of each
/// table that is there already that it is.
const LOGGED: &str = "info,sqlx::postgres::notice=warn";

/// Runs a service to its end. One that cannot start says why and what to
/// change, and ends the process: with status 2 where nothing helps but a change,
/// with 1 where trying again may.
pub async fn run(service: impl Future<Output = Result<(), StartError>>) {
    log_to_stderr();
    if let Err(error) = service.await {
        error.end();
    }
}

/// Writes a line to standard error. Nobody may be reading; the service runs all
/// the same.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Sends log lines to standard error; standard output stays for the one line
/// that says where the service listens.
fn log_to_stderr() {
    // An empty filter would hide everything but errors.
    let filter = variable(EnvFilter::DEFAULT_ENV)
        .and_then(|_| EnvFilter::try_from_default_env().ok())
        .unwrap_or_else(|| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // What cannot be written would be told to standard error, with a panic.
        .log_internal_errors(false)
        .event_format(Lines)
        .init();
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let own = event.metadata().target() == "license";
        Format::default().with_target(!own).format_event(context, writer, event)
    }
}

/// Listens on an address.
///
/// # Errors
///
/// An address that cannot be listened on.
pub async fn listen(address: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address}; choose another with --listen");
        StartError::new(message).with_source(error)
    })
}

/// Serves HTTP/1.1 and HTTP/2 until SIGINT or SIGTERM, a router or any other
/// service. Returns when open connections have finished, or ten seconds later.
///
/// # Errors
///
/// A listener that has no address; a `--trusted-proxy` that is no network.
pub async fn serve<S, B>(
    listener: TcpListener,
    connections: Connections,
    service: S,
) -> Result<(), StartError>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin + Send + 'static,
{
    // Whoever reads that it listens may stop it at once.
    let stop = stop_signal();
    announce(&listener)?;
    connections.serve(listener, service, stop).await
}

/// Writes the one line on standard output, and says it to systemd, too.
///
/// # Errors
///
/// A listener that has no address.
fn announce(listener: &TcpListener) -> Result<(), StartError> {
    let address = listener.local_addr().map_err(|error| {
        StartError::new("cannot tell where the service listens").with_source(error)
    })?;
    let mut output = std::io::stdout().lock();
    // Nobody may be reading; the service runs all the same.
    let _ = writeln!(output, "listening on http://{address}");
    let _ = output.flush();
    tell_systemd(&[NotifyState::Ready]);
    Ok(())
}

/// Tells systemd what the service does, where systemd started it.
fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}

/// Listens for SIGINT and SIGTERM from now on, and waits for one of them.
fn stop_signal() -> impl Future<Output = ()> + Send {
    let wait = |kind| {
        let signal = signal(kind);
        async move {
            match signal {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        }
    };
    let (interrupt, terminate) = (wait(SignalKind::interrupt()), wait(SignalKind::terminate()));
    async move {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
        tell_systemd(&[NotifyState::Stopping]);
    }
}
