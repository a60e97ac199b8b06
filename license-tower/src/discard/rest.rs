//! Reading what is left of a body, within bounds.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use http_body::Body;
use tokio::{
    runtime::Handle,
    time::{Sleep, sleep, timeout},
};

/// What is left of a body.
pub(super) struct Rest<A> {
    body: A,
    /// How much of it may be read still.
    bytes: u64,
    time: Duration,
    /// Set when there was something to wait for.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of the body.
    Reached,
    /// At a bound.
    Beyond,
    /// With an error; there is no more to come.
    Broken,
}

/// What is read of a body while the client takes the answer, and for how long.
const LINGERING: (u64, Duration) = (64 * 1024 * 1024, Duration::from_secs(30));
/// How long nothing of it may come.
const QUIET: Duration = Duration::from_secs(5);

impl<A: Body + Unpin> Rest<A> {
    pub(super) fn new(body: A, bytes: u64, time: Duration) -> Self {
        Self { body, bytes, time, deadline: None }
    }

    /// Reads on, and throws away what comes.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Some(end) = ready!(self.poll_some(cx)) {
                return Poll::Ready(end);
            }
        }
    }

    /// Reads what comes next; `None` where more may follow.
    fn poll_some(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(None) => Poll::Ready(Some(End::Reached)),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(End::Broken)),
            Poll::Ready(Some(Ok(frame))) => {
                // An empty frame counts too, or they could go on for ever.
                let bytes = frame.data_ref().map_or(1, |data| data.remaining().max(1));
                let left = self.bytes.checked_sub(bytes as u64);
                self.bytes = left.unwrap_or_default();
                Poll::Ready(left.is_none().then_some(End::Beyond))
            }
            Poll::Pending => self.poll_deadline(cx).map(Some),
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self.deadline.is_none() && Handle::try_current().is_err() {
            return Poll::Ready(End::Beyond);
        }
        let time = self.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(time)));
        deadline.as_mut().poll(cx).map(|()| End::Beyond)
    }
}

impl<A: Body + Unpin + Send + 'static> Rest<A> {
    /// Reads on while the client takes the answer: a connection that is closed
    /// with something unread is reset, and the answer is lost with it.
    pub(super) fn linger(self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (bytes, time) = LINGERING;
        let mut rest = Self::new(self.body, bytes, QUIET);
        runtime.spawn(timeout(time, async move {
            while poll_fn(|cx| rest.poll_some(cx)).await.is_none() {
                rest.deadline = None;
            }
        }));
    }
}
