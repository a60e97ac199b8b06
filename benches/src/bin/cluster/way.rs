//! A way to the server that can be cut off.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A way to a server, on a free port of 127.0.0.1. While it is cut off, what
/// is sent gets nowhere, and nobody is told; connections that were open then
/// are dead for good.
#[derive(Debug)]
pub(crate) struct Way {
    url: String,
    /// How often it was cut off or mended; odd while it is cut off.
    era: Arc<AtomicU64>,
}

impl Way {
    /// A way to the server of a URL such as `postgres://user@host:1/name`.
    pub(crate) async fn to(url: &str) -> Self {
        let (before, rest) = url.split_once('@').expect("a user in the URL");
        let (server, path) = rest.split_once('/').expect("a path in the URL");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let era = Arc::default();
        tokio::spawn(lead(listener, server.to_owned(), Arc::clone(&era)));
        Self { url: format!("{before}@{address}/{path}"), era }
    }

    /// The server's URL, by this way.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts it off, or mends it for those who connect from then on.
    pub(crate) fn turn(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }
}

async fn lead(listener: TcpListener, server: String, era: Arc<AtomicU64>) {
    while let Ok((near, _)) = listener.accept().await {
        let (server, era) = (server.clone(), Arc::clone(&era));
        tokio::spawn(async move {
            let began = era.load(Ordering::SeqCst);
            if !began.is_multiple_of(2) {
                return std::future::pending().await;
            }
            let Ok(far) = TcpStream::connect(&server).await else { return };
            let is_whole = || era.load(Ordering::SeqCst) == began;
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            tokio::join!(
                pass(near_read, far_write, is_whole),
                pass(far_read, near_write, is_whole),
            );
        });
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_whole: impl Fn() -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !is_whole() {
            break;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    // That it was closed is not passed on either.
    if !is_whole() {
        std::future::pending().await
    }
}
