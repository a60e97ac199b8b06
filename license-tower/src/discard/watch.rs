//! A body that comes back when it is dropped before its end.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use http::{Request, Version, header::EXPECT};
use http_body::{Body, Frame, SizeHint};

use super::DiscardLayer;

/// The body of a watched request, for the service behind.
pub struct Watched<A: Body + Unpin> {
    /// Absent once it has ended, or was given back.
    body: Option<A>,
    /// Where what is left unread goes; nowhere where there was nothing to read.
    left: Option<Arc<Left<A>>>,
}

/// Where the unread rest of a watched body comes back.
pub struct Watch<A>(Arc<Left<A>>);

struct Left<A> {
    unread: Mutex<Option<A>>,
    bounds: DiscardLayer,
    version: Version,
    /// Whether the client sends the body only if it is asked for.
    expects: bool,
}

impl<A: Body + Unpin> Watch<A> {
    pub(super) fn begin(
        bounds: DiscardLayer,
        request: Request<A>,
    ) -> (Request<Watched<A>>, Option<Self>) {
        let left = (!request.body().is_end_stream()).then(|| {
            let expects = request.headers().contains_key(EXPECT);
            let version = request.version();
            Arc::new(Left { unread: Mutex::new(None), bounds, version, expects })
        });
        let watch = left.clone().map(Self);
        (request.map(|body| Watched { body: Some(body), left }), watch)
    }
}

impl<A> Watch<A> {
    pub(super) fn bounds(&self) -> DiscardLayer {
        self.0.bounds
    }

    pub(super) fn version(&self) -> Version {
        self.0.version
    }

    pub(super) fn expects(&self) -> bool {
        self.0.expects
    }

    /// What is left of the body. Nothing where it was read to its end, or
    /// somebody has it still.
    pub(super) fn unread(&self) -> Option<A> {
        self.0.unread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<A: Body + Unpin> Body for Watched<A> {
    type Data = A::Data;
    type Error = A::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<A::Data>, A::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        // Behind its end, or an error, there is nothing to discard.
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<A: Body + Unpin> Drop for Watched<A> {
    fn drop(&mut self) {
        if let (Some(body), Some(left)) = (self.body.take(), &self.left)
            && !body.is_end_stream()
        {
            *left.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

impl<A: Body + Unpin> fmt::Debug for Watched<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("ended", &self.is_end_stream()).finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for Watch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("bounds", &self.0.bounds).finish_non_exhaustive()
    }
}
