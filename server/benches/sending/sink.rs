//! A scripted outgoing server that accepts everything and keeps nothing.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Result;

/// What a modern server offers.
const EHLO: &str = "250-sink\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n\
                    250-CHUNKING\r\n250 AUTH PLAIN\r\n";

/// What the server has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) sign_ins: usize,
    /// When each message was accepted.
    pub(super) accepted: Vec<Instant>,
}

/// A running server without TLS.
pub(super) struct Sink {
    pub(super) port: u16,
    seen: Arc<watch::Sender<Seen>>,
}

impl Sink {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(watch::Sender::<Seen>::default());
        let all = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&all);
                tokio::spawn(async move { serve(stream, &seen).await });
            }
        });
        Ok(Self { port, seen })
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until a condition holds.
    pub(super) async fn until(&self, is_so: impl FnMut(&Seen) -> bool) -> Result<Seen> {
        let mut seen = self.seen.subscribe();
        let seen = seen.wait_for(is_so).await?;
        Ok(seen.clone())
    }
}

async fn serve(stream: TcpStream, seen: &watch::Sender<Seen>) -> Result<()> {
    stream.set_nodelay(true)?;
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::with_capacity(64 << 10, input);
    output.write_all(b"220 sink ESMTP\r\n").await?;
    let mut replies = String::new();
    let mut line = String::new();
    loop {
        // Commands that came together are answered together.
        if input.buffer().is_empty() && !replies.is_empty() {
            output.write_all(replies.as_bytes()).await?;
            replies.clear();
        }
        line.clear();
        if input.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let mut words = command.split(' ');
        match words.next().unwrap_or_default() {
            "EHLO" => replies.push_str(EHLO),
            "AUTH" => {
                replies.push_str("235 2.7.0 in\r\n");
                seen.send_modify(|seen| seen.sign_ins += 1);
            }
            "BDAT" => {
                let size: u64 = words.next().unwrap_or_default().parse()?;
                let mut chunk = (&mut input).take(size);
                tokio::io::copy_buf(&mut chunk, &mut tokio::io::sink()).await?;
                replies.push_str("250 2.0.0 taken\r\n");
                if words.next() == Some("LAST") {
                    seen.send_modify(|seen| seen.accepted.push(Instant::now()));
                }
            }
            "QUIT" => {
                output.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            _ => replies.push_str("250 2.1.0 good\r\n"),
        }
    }
}
