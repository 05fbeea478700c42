//! A proxy to a server that cuts the connection after a number of bytes.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The point at which a connection is cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// After this many bytes from the server.
    Down(u64),
    /// After this many bytes from the client; later ones never reach the server.
    Up(u64),
    Never,
}

/// A proxy on loopback to a port of this machine.
pub(super) struct Proxy {
    pub(super) port: u16,
    /// The number of bytes passed from the client.
    pub(super) up_bytes: Arc<AtomicU64>,
    /// The number of bytes passed from the server.
    pub(super) down_bytes: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    pub(super) async fn to(server_port: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (up_bytes, down_bytes) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counts = (Arc::clone(&up_bytes), Arc::clone(&down_bytes));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).await;
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.unwrap().into_split();
                let (up, down) = match cut {
                    Cut::Up(bytes) => (bytes, u64::MAX),
                    Cut::Down(bytes) => (u64::MAX, bytes),
                    Cut::Never => (u64::MAX, u64::MAX),
                };
                let ends = CancellationToken::new();
                tokio::spawn(forward(
                    from_client,
                    to_server,
                    up,
                    Arc::clone(&counts.0),
                    ends.clone(),
                ));
                tokio::spawn(forward(
                    from_server,
                    to_client,
                    down,
                    Arc::clone(&counts.1),
                    ends,
                ));
            }
        });
        Self {
            port,
            up_bytes,
            down_bytes,
            accepting,
        }
    }
}

/// Passes bytes until one side ends or the limit is reached; then both directions end.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut remaining: u64,
    count: Arc<AtomicU64>,
    ends: CancellationToken,
) {
    let passing = async {
        let mut buffer = vec![0; 16 << 10];
        while remaining > 0 {
            let max = usize::try_from(remaining)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let Ok(read @ 1..) = from.read(&mut buffer[..max]).await else {
                return;
            };
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            remaining -= read as u64;
            count.fetch_add(read as u64, Ordering::Relaxed);
        }
    };
    ends.run_until_cancelled(passing).await;
    ends.cancel();
}
