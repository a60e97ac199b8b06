//! An agent that is connected by a WebSocket.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::header;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message},
};

use crate::{Answer, Client};

/// A connected agent. Dropping it breaks the connection, as a crash would.
#[derive(Debug)]
pub struct Agent(WebSocketStream<TcpStream>);

/// An agent that is a process of its own.
#[derive(Debug)]
pub struct AgentProcess(Child);

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Agent {
    /// Connects.
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        Self::try_connect(address, path).await.unwrap_or_else(|status| panic!("{path}: {status}"))
    }

    /// Connects, or tells the status with which that is refused.
    pub async fn try_connect(address: SocketAddr, path: &str) -> Result<Self, u16> {
        Self::attempt(address, path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Connects where the service may go away meanwhile; then that is the error.
    pub async fn attempt(address: SocketAddr, path: &str) -> Result<Result<Self, u16>, Error> {
        let stream = TcpStream::connect(address).await?;
        let connecting = client_async(format!("ws://{address}{path}"), stream);
        match timeout(PATIENCE, connecting).await.expect("in time") {
            Ok((socket, response)) => {
                assert_eq!(response.status(), 101);
                Ok(Ok(Self(socket)))
            }
            Err(Error::Http(response)) => Ok(Err(response.status().as_u16())),
            Err(error) => Err(error),
        }
    }

    /// The answer to an agent that is refused.
    pub async fn refused(client: &Client, path: &str) -> Answer {
        let client = client
            .with(header::CONNECTION, "upgrade")
            .with(header::UPGRADE, "websocket")
            .with(header::SEC_WEBSOCKET_VERSION, "13")
            .with(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
        client.get(path).await
    }

    /// Says something.
    pub async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("connected");
    }

    /// Says what the service ends the connection for: it may do so before all of it
    /// is said.
    pub async fn say_in_vain(&mut self, text: &str) {
        if let Err(error) = self.0.send(Message::text(text)).await {
            assert!(matches!(error, Error::Io(_) | Error::ConnectionClosed), "{error}");
        }
    }

    /// Waits for the next text or for the end, and answers pings meanwhile.
    /// The end is `Err` with the code and reason that were given.
    pub async fn hear(&mut self) -> Result<String, Option<(u16, String)>> {
        timeout(PATIENCE, self.next()).await.expect("in time")
    }

    /// Answers pings for a while. Whether the connection is open at the end.
    pub async fn stays(&mut self, time: Duration) -> bool {
        match timeout(time, self.next()).await {
            Err(_) => true,
            Ok(Ok(text)) => panic!("it said {text:?}"),
            Ok(Err(_)) => false,
        }
    }

    /// Ends the connection politely.
    pub async fn close(mut self) {
        self.0.close(None).await.expect("connected");
        while let Some(Ok(_)) = self.0.next().await {}
    }

    async fn next(&mut self) -> Result<String, Option<(u16, String)>> {
        let mut given = None;
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    given = frame.map(|it| (it.code.into(), it.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(given),
            }
        }
    }
}

impl AgentProcess {
    /// Starts a process that connects and says nothing more, not even to a
    /// ping. It is killed when this is dropped.
    pub async fn start(address: SocketAddr, path: &str) -> Self {
        let script = format!(
            "exec 3<>/dev/tcp/{}/{}; printf 'GET {path} HTTP/1.1\\r\\nHost: {address}\\r\\n\
             Connection: upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n' >&3; read -r line <&3; \
             echo \"$line\"; exec sleep 1000",
            address.ip(),
            address.port()
        );
        let mut child = Command::new("bash")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("bash is installed");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("in time");
        read.expect("readable");
        assert!(line.starts_with("HTTP/1.1 101 "), "{line}");
        Self(child)
    }

    /// Kills it with SIGKILL, at once.
    pub async fn kill(mut self) {
        self.0.kill().await.expect("it is running");
    }
}
