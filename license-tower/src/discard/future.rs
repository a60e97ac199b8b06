//! The answer, once the body is out of its way.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode, Version};
use http_body::Body;
use pin_project_lite::pin_project;

use super::{
    DiscardLayer, Watch,
    rest::{End, Rest},
};
use crate::closing::{say_close, take_back};

pin_project! {
    /// The response of [`Discard`](super::Discard).
    pub struct DiscardFuture<F, A, B> {
        #[pin]
        state: State<F, A, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, A, B> {
        Answering { #[pin] future: F, watch: Option<Watch<A>> },
        Discarding { answer: Option<Box<Answer<A, B>>> },
    }
}

/// An answer that waits for the rest of the body.
struct Answer<A, B> {
    response: Response<B>,
    rest: Rest<A>,
    version: Version,
}

impl<F, A, B> DiscardFuture<F, A, B> {
    /// The answer to a request whose body was [watched](super::DiscardLayer::watch),
    /// or had none.
    pub fn new(future: F, watch: Option<Watch<A>>) -> Self {
        Self { state: State::Answering { future, watch } }
    }
}

impl<F, A, B, E> Future for DiscardFuture<F, A, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    A: Body + Unpin + Send + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProj::Answering { future, watch } = state.as_mut().project() {
            let output = ready!(future.poll(cx));
            let Some(watch) = watch.take() else { return Poll::Ready(output) };
            // Gone before the body is looked for: it may have it still.
            state.set(State::Discarding { answer: None });
            let response = output?;
            let Some(body) = watch.unread() else { return Poll::Ready(Ok(response)) };
            match Answer::waiting(&watch, body, response) {
                Ok(answer) => state.set(State::Discarding { answer: Some(Box::new(answer)) }),
                Err(response) => return Poll::Ready(Ok(response)),
            }
        }
        let StateProj::Discarding { answer: place } = state.project() else {
            return Poll::Pending;
        };
        let Some(answer) = place else { return Poll::Pending };
        let end = ready!(answer.rest.poll_end(cx));
        match place.take() {
            Some(answer) => Poll::Ready(Ok(answer.after(end))),
            None => Poll::Pending,
        }
    }
}

impl<A, B> Answer<A, B>
where
    A: Body + Unpin + Send + 'static,
{
    /// An answer that waits for the rest of the body.
    ///
    /// # Errors
    ///
    /// The response, where it is not to wait.
    fn waiting(watch: &Watch<A>, body: A, mut response: Response<B>) -> Result<Self, Response<B>> {
        // An upgrade: what comes now is another protocol's.
        if response.status().is_informational() {
            return Err(response);
        }
        let DiscardLayer { bytes, time } = watch.bounds();
        let (version, length) = (watch.version(), body.size_hint());
        let rest = Rest::new(body, bytes, time);
        if version > Version::HTTP_11 {
            // A stream that may wait for the answer has it at once.
            if length.exact().is_none_or(|length| length > bytes) {
                rest.linger();
                return Err(response);
            }
        } else if watch.expects()
            || length.lower() > bytes
            // It was waited for long enough.
            || response.status() == StatusCode::REQUEST_TIMEOUT
        {
            say_close(response.headers_mut());
            rest.linger();
            return Err(response);
        }
        Ok(Self { response, rest, version })
    }

    fn after(self, end: End) -> Response<B> {
        let Self { mut response, rest, version } = self;
        match end {
            End::Reached => take_back(&mut response),
            End::Beyond => {
                if version <= Version::HTTP_11 {
                    say_close(response.headers_mut());
                }
                rest.linger();
            }
            End::Broken if version > Version::HTTP_11 => {}
            End::Broken => {
                say_close(response.headers_mut());
            }
        }
        response
    }
}

impl<F, A, B> fmt::Debug for DiscardFuture<F, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let discarding = matches!(self.state, State::Discarding { .. });
        f.debug_struct("DiscardFuture").field("discarding", &discarding).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use bytes::Bytes;
    use http::{Request, header::CONNECTION};
    use http_body::Frame;
    use http_body_util::{BodyExt, Empty, Full};
    use tokio::{sync::mpsc, time::Instant};
    use tower::{Layer, Service, ServiceExt, service_fn};

    use super::{super::Watched, *};
    use crate::closing::{ClosesUnread, close_unread};

    /// A body that is sent by hand.
    struct Arriving(mpsc::Receiver<Result<Bytes, &'static str>>);

    struct Sender(mpsc::Sender<Result<Bytes, &'static str>>);

    impl Body for Arriving {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            self.0.poll_recv(cx).map(|sent| sent.map(|sent| sent.map(Frame::data)))
        }
    }

    impl Sender {
        /// Whether somebody takes it.
        async fn send(&self, data: impl Into<Bytes>) -> bool {
            self.0.send(Ok(data.into())).await.is_ok()
        }
    }

    fn body() -> (Sender, Arriving) {
        let (sender, receiver) = mpsc::channel(1);
        (Sender(sender), Arriving(receiver))
    }

    fn post<A>(version: Version, body: A) -> Request<A> {
        let mut request = Request::post("/").body(body).unwrap();
        *request.version_mut() = version;
        request
    }

    /// A service that answers without looking at the body.
    fn careless<A: Send + 'static>()
    -> impl Service<Request<A>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone {
        service_fn(async |_: Request<A>| Ok(Response::new(Full::from("refused"))))
    }

    fn long_text(length: usize) -> Full<Bytes> {
        Full::from(vec![0; length])
    }

    fn closes<B>(response: &Response<B>) -> bool {
        response.headers().get(CONNECTION).is_some_and(|value| value == "close")
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_waits_for_the_rest_of_the_body() {
        let (sent, body) = body();
        let service = DiscardLayer::new().layer(careless());
        let answer = tokio::spawn(service.oneshot(post(Version::HTTP_11, body)));
        assert!(sent.send("first").await);
        tokio::time::sleep(Duration::from_millis(1900)).await;
        assert!(!answer.is_finished());
        assert!(sent.send("last").await);
        drop(sent);
        let begun = Instant::now();
        assert!(!closes(&answer.await.unwrap().unwrap()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_no_longer_than_two_seconds_and_reads_on_for_thirty() {
        let (sent, body) = body();
        let begun = Instant::now();
        let service = DiscardLayer::new().layer(careless());
        let response = service.oneshot(post(Version::HTTP_11, body)).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        assert!(closes(&response));
        for _ in 0..29 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(sent.send("more").await);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!sent.send("too late").await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_client_that_has_stopped_sending() {
        let (sent, body) = body();
        let service = DiscardLayer::new().layer(careless());
        let response = service.oneshot(post(Version::HTTP_11, body)).await.unwrap();
        assert!(closes(&response));
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert!(sent.send("more").await);
        }
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(!sent.send("too late").await);
    }

    #[tokio::test(start_paused = true)]
    async fn it_reads_no_more_than_the_bound_before_the_answer_and_64_mib_in_all() {
        let (sent, body) = body();
        let begun = Instant::now();
        let service = DiscardLayer::new().bytes(1000).layer(careless());
        let answer = tokio::spawn(service.oneshot(post(Version::HTTP_11, body)));
        assert!(sent.send(vec![0; 1000]).await);
        tokio::task::yield_now().await;
        assert!(!answer.is_finished());
        assert!(sent.send("x").await);
        assert!(closes(&answer.await.unwrap().unwrap()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let chunk = Bytes::from(vec![0; 1024 * 1024]);
        let mut taken = 0;
        while sent.send(chunk.clone()).await {
            taken += 1;
            tokio::task::yield_now().await;
        }
        assert!((64..=66).contains(&taken), "{taken} MiB");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_to_be_too_long_or_waits_to_be_asked_for_is_answered_at_once() {
        let begun = Instant::now();
        let long = post(Version::HTTP_11, long_text(1001));
        let service = DiscardLayer::new().bytes(1000).layer(careless());
        assert!(closes(&service.oneshot(long).await.unwrap()));
        let (_sent, body) = body();
        let mut expecting = post(Version::HTTP_11, body);
        expecting.headers_mut().insert("expect", "100-continue".parse().unwrap());
        let service = DiscardLayer::new().layer(careless());
        assert!(closes(&service.oneshot(expecting).await.unwrap()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_was_waited_for_is_not_waited_for_again() {
        let begun = Instant::now();
        let late = service_fn(async |_: Request<Watched<Arriving>>| {
            Ok::<_, Infallible>(Response::builder().status(408).body(()).unwrap())
        });
        let (_sent, body) = body();
        let request = post(Version::HTTP_11, body);
        assert!(closes(&DiscardLayer::new().layer(late).oneshot(request).await.unwrap()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_http_2_is_answered_at_once_and_read_while_the_answer_is_taken() {
        let begun = Instant::now();
        let (sent, body) = body();
        let service = DiscardLayer::new().layer(careless());
        let response = service.oneshot(post(Version::HTTP_2, body)).await.unwrap();
        assert!(!response.headers().contains_key(CONNECTION));
        for _ in 0..10 {
            assert!(sent.send("sent by who has not read the answer yet").await);
        }
        let service = DiscardLayer::new().bytes(1000).layer(careless());
        for length in [1000, 1001] {
            let request = post(Version::HTTP_2, long_text(length));
            let response = service.clone().oneshot(request).await.unwrap();
            assert!(!response.headers().contains_key(CONNECTION), "{length}");
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_off_ends_the_wait() {
        let (sent, body) = body();
        let service = DiscardLayer::new().layer(careless());
        let answer = tokio::spawn(service.oneshot(post(Version::HTTP_11, body)));
        tokio::task::yield_now().await;
        sent.0.send(Err("gone")).await.unwrap();
        let begun = Instant::now();
        assert!(closes(&answer.await.unwrap().unwrap()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_the_body_or_keeps_it_is_left_alone() {
        let begun = Instant::now();
        let reads = service_fn(async |request: Request<Watched<Full<Bytes>>>| {
            let body = request.into_body();
            assert_eq!(body.size_hint().exact(), Some(4));
            Ok::<_, Infallible>(Response::new(body.collect().await.unwrap().to_bytes()))
        });
        let request = post(Version::HTTP_11, Full::from("text"));
        let response = DiscardLayer::new().layer(reads).oneshot(request).await.unwrap();
        assert_eq!((response.body().as_ref(), closes(&response)), (b"text".as_slice(), false));

        let echo = service_fn(async |request: Request<Watched<Arriving>>| {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        });
        let (sent, body) = body();
        let request = post(Version::HTTP_11, body);
        let response = DiscardLayer::new().layer(echo).oneshot(request).await.unwrap();
        assert!(sent.send("echo").await);
        drop(sent);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "echo");
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_in_part_is_read_to_its_end() {
        let partly = service_fn(async |request: Request<Watched<Arriving>>| {
            let mut body = request.into_body();
            body.frame().await;
            Ok::<_, Infallible>(Response::new(()))
        });
        let (sent, body) = body();
        let request = post(Version::HTTP_11, body);
        let answer = tokio::spawn(DiscardLayer::new().layer(partly).oneshot(request));
        for _ in 0..3 {
            assert!(sent.send("part").await);
            tokio::task::yield_now().await;
        }
        assert!(!answer.is_finished());
        drop(sent);
        assert!(!closes(&answer.await.unwrap().unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upgrade_and_a_request_without_a_body_are_none_of_its_business() {
        let switching = service_fn(async |_: Request<Watched<Arriving>>| {
            Ok::<_, Infallible>(Response::builder().status(101).body(()).unwrap())
        });
        let (_sent, body) = body();
        let begun = Instant::now();
        let request = post(Version::HTTP_11, body);
        let response = DiscardLayer::new().layer(switching).oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key(CONNECTION));
        let request = post(Version::HTTP_11, Empty::<Bytes>::new());
        let (_, watch) = DiscardLayer::new().watch(request);
        assert!(watch.is_none());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[test]
    fn without_a_runtime_only_what_has_arrived_is_read() {
        let (_sent, body) = body();
        let service = DiscardLayer::new().layer(careless());
        let future = std::pin::pin!(service.oneshot(post(Version::HTTP_11, body)));
        let polled = future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        let std::task::Poll::Ready(Ok(response)) = polled else { panic!("it waits") };
        assert!(closes(&response));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_closes_the_connection_for_the_bodys_sake_need_not() {
        let service = service_fn(async |request: Request<Watched<Full<Bytes>>>| {
            let mut response = Response::new(());
            close_unread(&request.into_parts().0, &mut response);
            Ok::<_, Infallible>(response)
        });
        let mut request = post(Version::HTTP_11, long_text(4));
        request.headers_mut().insert("content-length", 4.into());
        let response = DiscardLayer::new().layer(service).oneshot(request).await.unwrap();
        assert!(!response.headers().contains_key(CONNECTION));
        assert!(response.extensions().get::<ClosesUnread>().is_none());
    }
}
