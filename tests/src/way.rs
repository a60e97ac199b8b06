//! A way to a server that can be cut off.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{AbortHandle, JoinSet},
};

/// A way to a server, on a free port of 127.0.0.1. While it is cut off, what is
/// sent gets nowhere, and nobody is told; connections that were open then are
/// dead for good. While the server is away whoever connects is sent away.
///
/// It ends when this is dropped.
#[derive(Debug)]
pub struct Way {
    url: String,
    /// How often it was cut off or mended; odd while it is cut off.
    era: Arc<AtomicU64>,
    open: AbortHandle,
}

impl Way {
    /// A way to the server of this URL, such as `postgres://user@host:1/name`.
    pub async fn to(url: &str) -> Self {
        let (before, rest) = url.split_once('@').expect("a user in the URL");
        let (server, path) = rest.split_once('/').expect("a path in the URL");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let era = Arc::default();
        let open = tokio::spawn(lead(listener, server.to_owned(), Arc::clone(&era)));
        Self { url: format!("{before}@{address}/{path}"), era, open: open.abort_handle() }
    }

    /// The server's URL, by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts it off.
    pub fn cut_off(&self) {
        let before = self.era.fetch_add(1, Ordering::SeqCst);
        assert!(is_open(before), "it is cut off already");
    }

    /// Opens it again, for those who connect from now on.
    pub fn mend(&self) {
        let before = self.era.fetch_add(1, Ordering::SeqCst);
        assert!(!is_open(before), "it is not cut off");
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.open.abort();
    }
}

const fn is_open(era: u64) -> bool {
    era.is_multiple_of(2)
}

async fn lead(listener: TcpListener, server: String, era: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (server, era) = (server.clone(), Arc::clone(&era));
        connections.spawn(async move {
            let began = era.load(Ordering::SeqCst);
            if !is_open(began) {
                return swallow().await;
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
            swallow().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    // That it was closed is not passed on either.
    if !is_whole() {
        swallow().await;
    }
}

/// Keeps what is open, and says nothing.
async fn swallow() {
    std::future::pending().await
}
