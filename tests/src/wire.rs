//! HTTP/1.1 over one connection, sent piece by piece.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// A client that sends all of a request before it reads the answer, and keeps
/// its connection for the next one as long as the answers let it.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
    connections: usize,
}

/// How a request's body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// There is none.
    Nothing,
    /// With its length, in the same packet as the head.
    AtOnce(usize),
    /// With its length, in another packet than the head.
    Later(usize),
    /// In chunks.
    Chunked(usize),
    /// If the service asks for it.
    Expecting(usize),
    /// Without waiting to be asked for it, though that was said.
    Unasked(usize),
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Sent {
    /// How long the body is, in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::AtOnce(length)
            | Self::Later(length)
            | Self::Chunked(length)
            | Self::Expecting(length)
            | Self::Unasked(length) => length,
        }
    }
}

impl Wire {
    /// A client of the service at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, connections: 0 }
    }

    /// How many connections it took so far.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Sends a request and reads the answer: its status and its head.
    ///
    /// # Errors
    ///
    /// A connection that ends before the answer does.
    pub async fn send(
        &mut self,
        line: &str,
        headers: &str,
        sent: Sent,
    ) -> std::io::Result<(u16, String)> {
        let exchange = self.exchange(line, headers, sent);
        let answer = timeout(PATIENCE, exchange).await.expect("in time");
        if answer.as_ref().is_ok_and(|(_, head)| head.to_lowercase().contains("connection: close"))
        {
            self.stream = None;
        }
        answer
    }

    async fn exchange(
        &mut self,
        line: &str,
        headers: &str,
        sent: Sent,
    ) -> std::io::Result<(u16, String)> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.connections += 1;
        }
        let stream = self.stream.as_mut().expect("it was opened");
        let framing = match sent {
            Sent::Nothing => String::new(),
            Sent::AtOnce(length) | Sent::Later(length) => format!("Content-Length: {length}\r\n"),
            Sent::Chunked(_) => "Transfer-Encoding: chunked\r\n".to_owned(),
            Sent::Expecting(length) | Sent::Unasked(length) => {
                format!("Content-Length: {length}\r\nExpect: 100-continue\r\n")
            }
        };
        let head = format!("{line} HTTP/1.1\r\nHost: {}\r\n{headers}{framing}\r\n", self.address);
        match sent {
            Sent::Nothing => stream.write_all(head.as_bytes()).await?,
            Sent::AtOnce(length) => {
                stream.write_all(&[head.as_bytes(), &vec![b'a'; length]].concat()).await?;
            }
            Sent::Later(length) | Sent::Unasked(length) => {
                stream.write_all(head.as_bytes()).await?;
                sleep(Duration::from_millis(5)).await;
                stream.write_all(&vec![b'a'; length]).await?;
            }
            Sent::Chunked(length) => {
                stream.write_all(head.as_bytes()).await?;
                for part in vec![b'a'; length].chunks(8000) {
                    let chunk =
                        [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
                    stream.write_all(&chunk).await?;
                }
                stream.write_all(b"0\r\n\r\n").await?;
            }
            Sent::Expecting(length) => {
                stream.write_all(head.as_bytes()).await?;
                let (status, head) = read_answer(stream).await?;
                if status != 100 {
                    return Ok((status, head));
                }
                stream.write_all(&vec![b'a'; length]).await?;
            }
        }
        loop {
            let (status, head) = read_answer(stream).await?;
            if status != 100 {
                return Ok((status, head));
            }
        }
    }
}

/// Reads an answer whose length is said.
async fn read_answer(stream: &mut TcpStream) -> std::io::Result<(u16, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().expect("a number"))
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok((status, head))
}
