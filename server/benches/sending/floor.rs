//! The floor: a client that sends the same message over an open connection, in one flight, and
//! stores nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Result, line};

pub(super) struct Floor(BufReader<TcpStream>);

impl Floor {
    /// Connects and signs in.
    pub(super) async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut floor = Self(BufReader::new(stream));
        line(&mut floor.0).await?;
        floor.0.get_mut().write_all(b"EHLO floor\r\n").await?;
        while line(&mut floor.0).await?.starts_with("250-") {}
        floor
            .0
            .get_mut()
            .write_all(b"AUTH PLAIN AHUAcA==\r\n")
            .await?;
        line(&mut floor.0).await?;
        Ok(floor)
    }

    /// Sends a message of this size. Returns the time until it is accepted.
    pub(super) async fn send(&mut self, message: &[u8]) -> Result<Duration> {
        let begun = Instant::now();
        let envelope = format!(
            "MAIL FROM:<u0@localhost>\r\nRCPT TO:<bob@peer.test>\r\nBDAT {} LAST\r\n",
            message.len()
        );
        let stream = self.0.get_mut();
        stream.write_all(envelope.as_bytes()).await?;
        stream.write_all(message).await?;
        let mut reply = String::new();
        for _ in 0..3 {
            reply.clear();
            self.0.read_line(&mut reply).await?;
        }
        match reply.starts_with("250") {
            true => Ok(begun.elapsed()),
            false => Err(reply.into()),
        }
    }
}
