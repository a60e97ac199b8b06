//! A mail server for tests: aiosmtpd, which keeps what it is sent.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::python;

/// A running mail server. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Smtp {
    _process: Child,
    port: u16,
    mails: Arc<Mutex<Vec<Value>>>,
}

/// How the server's connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpEncryption {
    /// Not at all.
    None,
    /// By STARTTLS, without which no mail is taken.
    StartTls,
    /// From the first byte on.
    Tls,
}

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes its port, then each mail, as a line of JSON.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP

encryption, certificate, key = sys.argv[1:4]

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 No such user: " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content()
                 for part in mail.walk() if not part.is_multipart()}
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "type": mail.get_content_type(), "parts": parts,
            "encrypted": session.ssl is not None or encryption == "Tls"}), flush=True)
        return "250 OK"

async def main():
    context = None
    if encryption != "None":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    starttls = context if encryption == "StartTls" else None
    make = lambda: SMTP(Handler(), hostname="localhost", tls_context=starttls,
                        require_starttls=starttls is not None)
    tls = context if encryption == "Tls" else None
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

impl Smtp {
    /// A server without encryption. `None` where aiosmtpd is not installed;
    /// then the test is skipped.
    pub async fn start() -> Option<Self> {
        Self::encrypted(SmtpEncryption::None, Path::new("")).await
    }

    /// A server whose certificate and key are `cert.pem` and `key.pem` in this
    /// directory.
    pub async fn encrypted(encryption: SmtpEncryption, directory: &Path) -> Option<Self> {
        let mut process = Command::new(python("aiosmtpd")?)
            .args(["-c", SERVER, &format!("{encryption:?}")])
            .args([directory.join("cert.pem"), directory.join("key.pem")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the mail server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let port = timeout(PATIENCE, lines.next_line()).await.expect("in time");
        let port = port.expect("readable").expect("a port").parse().expect("a port");
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mail = serde_json::from_str(&line).expect("a mail");
                kept.lock().expect("no writer panics").push(mail);
            }
        });
        Some(Self { _process: process, port, mails })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The mails so far, in the order in which they came.
    pub fn mails(&self) -> Vec<Value> {
        self.mails.lock().expect("no writer panics").clone()
    }

    /// The mails, once there are this many.
    pub async fn received(&self, count: usize) -> Vec<Value> {
        let waited = timeout(PATIENCE, async {
            while self.mails().len() < count {
                sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(waited.await.is_ok(), "{:?}", self.mails());
        self.mails()
    }
}
