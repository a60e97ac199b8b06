//! A client for HTTP/1.1 and HTTP/2, and one for bytes as they are.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A client of one service. A new connection for each request.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    version: Version,
    headers: HeaderMap,
    host: Option<String>,
    source: Option<IpAddr>,
}

/// One HTTP/2 connection of a client, for many requests at a time.
#[derive(Clone, Debug)]
pub struct Streams {
    client: Client,
    sender: http2::SendRequest<Full<Bytes>>,
}

/// A response that was read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client that speaks HTTP/1.1.
    pub fn new(address: SocketAddr) -> Self {
        let version = Version::HTTP_11;
        Self { address, version, headers: HeaderMap::new(), host: None, source: None }
    }

    /// Speaks HTTP/2.
    #[must_use]
    pub fn http2(&self) -> Self {
        Self { version: Version::HTTP_2, ..self.clone() }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with(&self, name: header::HeaderName, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        client
    }

    /// Sends a bearer token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with(header::AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// Asks for another host: `Host` in HTTP/1.1,
    /// `:authority` in HTTP/2.
    #[must_use]
    pub fn host(&self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..self.clone() }
    }

    /// Connects from this local address.
    #[must_use]
    pub fn source(&self, source: impl Into<IpAddr>) -> Self {
        Self { source: Some(source.into()), ..self.clone() }
    }

    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        if self.version == Version::HTTP_2 {
            return self.streams().await.send(method, path, body).await;
        }
        let request = self.request(method, path, body);
        let stream = TokioIo::new(self.connect().await);
        let (mut sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Answer::read(sender.send_request(request).await).await
    }

    /// Opens an HTTP/2 connection, on which every request of it is sent.
    pub async fn streams(&self) -> Streams {
        let stream = TokioIo::new(self.connect().await);
        let handshake = http2::handshake(TokioExecutor::new(), stream).await;
        let (sender, connection) = handshake.expect("HTTP/2");
        tokio::spawn(connection);
        Streams { client: self.http2(), sender }
    }

    /// Opens a connection, for bytes as they are.
    pub async fn connect(&self) -> TcpStream {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.expect("a socket");
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0)).expect("a local address");
        }
        socket.connect(self.address).await.expect("it listens")
    }

    fn request(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        let host = self.host.clone().unwrap_or_else(|| self.address.to_string());
        let mut request = Request::builder().method(method);
        request = if self.version == Version::HTTP_2 {
            request.uri(format!("http://{host}{path}"))
        } else {
            request.uri(path).header(header::HOST, host)
        };
        let mut request = request.body(Full::new(body.into())).expect("a request");
        request.headers_mut().extend(self.headers.clone());
        request
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// Sends a POST with a JSON body.
    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        let json = self.with(header::CONTENT_TYPE, "application/json");
        json.send(Method::POST, path, body.to_string()).await
    }

    /// Uploads a license as `application/jwt`.
    pub async fn upload(&self, path: &str, token: impl Into<Bytes>) -> Answer {
        let jwt = self.with(header::CONTENT_TYPE, "application/jwt");
        jwt.send(Method::POST, path, token).await
    }
}

impl Streams {
    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = self.client.request(method, path, body);
        Answer::read(self.sender.clone().send_request(request).await).await
    }

    /// Sends a request; `None` where the service goes away before it has
    /// answered.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        let request = self.client.request(method, path, body);
        Answer::try_read(self.sender.clone().send_request(request).await).await.ok()
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }
}

impl Answer {
    async fn read(response: hyper::Result<Response<Incoming>>) -> Self {
        Self::try_read(response).await.expect("a response")
    }

    async fn try_read(response: hyper::Result<Response<Incoming>>) -> hyper::Result<Self> {
        let (parts, body) = response?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Self { status: parts.status, headers: parts.headers, body })
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The status, and the code of a problem. Checks that an error is
    /// problem details and never stored.
    #[track_caller]
    pub fn outcome(&self) -> (u16, String) {
        let status = self.status.as_u16();
        if status < 400 {
            return (status, String::new());
        }
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.headers[header::CACHE_CONTROL], "no-store");
        let json = self.json();
        assert_eq!(json["status"], status);
        (status, json["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Asserts the status and the code of a problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.outcome(), (status, code.to_owned()));
    }

    /// Asserts the status of a success.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{:?}", String::from_utf8_lossy(&self.body));
    }
}

/// Sends bytes as they are and reads until the service closes the connection.
pub async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(bytes.as_ref()).await.expect("writable");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
