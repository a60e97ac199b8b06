//! A connected host.

use std::{fmt, pin::pin, time::Duration};

use axum::{
    Error,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use license_core::{HostId, PublicStatus, Subscription, runtime::LeaseHosts};
use tokio::time::{Instant, sleep_until, timeout};

/// A WebSocket whose host counts as long as this lives.
///
/// It pings the host every third of the TTL, and ends when nothing was heard
/// of it for the whole TTL: [`recv`](Self::recv) gives `None` then.
pub struct HostSocket<H: LeaseHosts> {
    socket: WebSocket,
    host: HostId,
    ttl: Duration,
    license: Subscription,
    heard_at: Instant,
    ping_at: Instant,
    _lease: H::Lease,
}

/// What happens to a connected host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostEvent {
    /// It has sent a text or bytes.
    Message(Message),
    /// Another license is in force, or the phase has changed; so it stands
    /// now. Whoever goes on regardless stays connected.
    License(PublicStatus),
}

/// What to do next.
enum Next {
    Received(Option<Result<Message, Error>>),
    License,
    Ping,
}

impl<H: LeaseHosts> HostSocket<H> {
    pub(super) fn new(socket: WebSocket, host: HostId, lease: H::Lease, hosts: &H) -> Self {
        let (ttl, now) = (hosts.lease_ttl(), Instant::now());
        let license = hosts.licensing().subscribe();
        Self { socket, host, ttl, license, heard_at: now, ping_at: now + ttl / 3, _lease: lease }
    }

    /// The host.
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// Waits for the host to say something or for the license to change.
    /// `None` when the connection has ended, or the host has vanished: drop
    /// this then, so that its place is free. Cancel-safe; to be called again
    /// at once, for in between nobody is pinged.
    pub async fn recv(&mut self) -> Option<HostEvent> {
        loop {
            match self.next().await {
                Next::Received(Some(Ok(message))) => {
                    self.heard_at = Instant::now();
                    if matches!(message, Message::Text(_) | Message::Binary(_)) {
                        return Some(HostEvent::Message(message));
                    }
                }
                Next::Received(_) => return None,
                Next::License => {
                    return Some(HostEvent::License(self.license.licensing().public_status()));
                }
                Next::Ping => {
                    let now = Instant::now();
                    if now >= self.heard_at + self.ttl {
                        return None;
                    }
                    self.ping_at = now + self.ttl / 3;
                    self.send(Message::Ping(Bytes::new())).await.ok()?;
                }
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the connection has ended, or the host takes nothing for the TTL.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        match timeout(self.ttl, self.socket.send(message)).await {
            Ok(sent) => sent,
            Err(elapsed) => Err(Error::new(elapsed)),
        }
    }

    /// Ends the connection politely: with a code of RFC 6455 section 7.4,
    /// such as 1008 for a policy or 1001 for a service that stops, and a
    /// reason of at most 123 bytes. Waits a moment for the host to agree.
    pub async fn close(mut self, code: u16, reason: &str) {
        const MOMENT: Duration = Duration::from_secs(1);
        let frame = CloseFrame { code, reason: shortened(reason).to_owned().into() };
        let polite = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = timeout(MOMENT.min(self.ttl), polite).await;
    }

    async fn next(&mut self) -> Next {
        let deadline = self.ping_at.min(self.heard_at + self.ttl);
        let (license, timer) = (pin!(self.license.changed()), pin!(sleep_until(deadline)));
        match select(self.socket.next(), select(license, timer)).await {
            Either::Left((received, _)) => Next::Received(received),
            Either::Right((Either::Left(_), _)) => Next::License,
            Either::Right((Either::Right(_), _)) => Next::Ping,
        }
    }
}

impl<H: LeaseHosts> fmt::Debug for HostSocket<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSocket").field("host", &self.host).finish_non_exhaustive()
    }
}
/// As much of a reason as a close frame holds.
fn shortened(reason: &str) -> &str {
    const REASON_BYTES: usize = 123;
    let end = (0..=REASON_BYTES).rev().find(|end| reason.is_char_boundary(*end));
    &reason[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_as_long_as_a_frame_takes_and_ends_between_characters() {
        assert_eq!(shortened(""), "");
        assert_eq!(shortened("license_expired"), "license_expired");
        assert_eq!(shortened(&"a".repeat(124)), "a".repeat(123));
        // Three bytes each.
        assert_eq!(shortened(&"€".repeat(50)), "€".repeat(41));
        assert_eq!(shortened(&format!("a{}", "€".repeat(50))), format!("a{}", "€".repeat(40)));
    }
}
