//! What a connection is about, so that one that does nothing can be closed.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::Version;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

/// What one connection is about.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// How many requests are in hand, their bodies and answers included.
    requests: usize,
    /// Whether part of a request's head has come, which is not whole yet.
    head: bool,
    /// Over HTTP/2 what comes between requests need not be a head.
    streams: bool,
    /// When that began, or something was written.
    since: Instant,
}

/// A request in hand; none any more once every copy is dropped.
pub(crate) type InHand = Arc<Token>;

/// Ends a request when it is dropped.
#[derive(Debug)]
pub(crate) struct Token(Arc<Activity>);

/// A body whose request is in hand until it is dropped.
#[derive(Debug)]
pub(crate) struct BodyInHand<B> {
    body: B,
    _request: InHand,
}

/// A connection whose activity is noticed.
#[derive(Debug)]
pub(crate) struct Noticed {
    stream: TcpStream,
    activity: Arc<Activity>,
}

/// How long a request's head may take, and a new connection without one.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may stay open between requests.
const IDLE: Duration = Duration::from_secs(60);
/// How long either may take while there is no room for new connections.
const CROWDED: Duration = Duration::from_secs(3);

impl Activity {
    /// A connection that was just accepted.
    pub(crate) fn new() -> Arc<Self> {
        let since = Instant::now();
        Arc::new(Self(Mutex::new(State { requests: 0, head: true, streams: false, since })))
    }

    /// A request is in hand from now on.
    pub(crate) fn begin(self: &Arc<Self>, version: Version) -> InHand {
        let mut state = self.state();
        state.requests += 1;
        state.streams = version == Version::HTTP_2;
        drop(state);
        Arc::new(Token(Arc::clone(self)))
    }

    /// Whether nothing has come of the connection for too long.
    pub(crate) fn is_overdue(&self, crowded: bool) -> bool {
        let state = self.state();
        let patience = match state.head {
            _ if crowded => CROWDED,
            true => HEAD,
            false => IDLE,
        };
        state.requests == 0 && state.since.elapsed() >= patience
    }

    fn read(&self) {
        let mut state = self.state();
        if state.requests == 0 && !state.streams && !state.head {
            state.head = true;
            state.since = Instant::now();
        }
    }

    fn wrote(&self) {
        let mut state = self.state();
        if !state.head {
            state.since = Instant::now();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        state.head = false;
        state.since = Instant::now();
    }
}

impl<B> BodyInHand<B> {
    pub(crate) fn new(body: B, request: InHand) -> Self {
        Self { body, _request: request }
    }
}

impl<B: Body + Unpin> Body for BodyInHand<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Noticed {
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.activity.wrote();
        }
        written
    }
}

impl AsyncRead for Noticed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read();
        }
        read
    }
}

impl AsyncWrite for Noticed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// After how many whole seconds it is overdue.
    async fn overdue(activity: &Activity, crowded: bool) -> u64 {
        for seconds in 0..1000 {
            if activity.is_overdue(crowded) {
                return seconds;
            }
            advance(SECOND).await;
        }
        panic!("never");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_may_take_ten_seconds_whatever_comes_of_it() {
        let activity = Activity::new();
        for _ in 0..9 {
            advance(SECOND).await;
            activity.read();
        }
        assert_eq!(overdue(&activity, false).await, 1);
        assert_eq!(overdue(&Activity::new(), true).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_stays_a_minute_and_the_next_head_has_ten_seconds() {
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_11));
        advance(SECOND * 30).await;
        activity.wrote();
        assert_eq!(overdue(&activity, false).await, 60);
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_11));
        advance(SECOND * 30).await;
        activity.read();
        assert_eq!(overdue(&activity, false).await, 10);
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_11));
        assert_eq!(overdue(&activity, true).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_between_the_streams_of_http_2_is_no_head() {
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_2));
        advance(SECOND * 30).await;
        activity.read();
        assert_eq!(overdue(&activity, false).await, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_hand_may_take_as_long_as_it_likes() {
        let activity = Activity::new();
        let request = activity.begin(Version::HTTP_11);
        let copy = request.clone();
        advance(SECOND * 1000).await;
        drop(request);
        activity.read();
        advance(SECOND * 1000).await;
        assert!(!activity.is_overdue(true));
        drop(copy);
        assert_eq!(overdue(&activity, false).await, 60);
    }
}
