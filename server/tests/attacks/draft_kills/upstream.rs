//! The way to the mail server: it carries octets, until it is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// At once, in both directions.
    AtOnce,
    /// The server gets everything for a while, and its responses are lost.
    ResponsesLost,
}

/// How long the server gets commands whose responses are lost.
const DEAF: Duration = Duration::from_millis(40);

/// A port in front of a port of the mail server.
pub(super) struct Upstream {
    pub(super) port: u16,
    cuts: broadcast::Sender<Cut>,
    /// The number of connections that were cut.
    pub(super) cut: Arc<AtomicU32>,
    _ends: DropGuard,
}

impl Upstream {
    pub(super) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, _) = broadcast::channel(8);
        let (cut, ends) = (Arc::new(AtomicU32::new(0)), CancellationToken::new());
        let (accepted_cuts, count, ending) = (cuts.clone(), Arc::clone(&cut), ends.clone());
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = ending.run_until_cancelled(listener.accept()).await {
                let (cuts, count) = (accepted_cuts.subscribe(), Arc::clone(&count));
                let ending = ending.clone();
                tokio::spawn(async move {
                    ending
                        .run_until_cancelled(carry(client, server, cuts, &count))
                        .await;
                });
            }
        });
        Self {
            port,
            cuts,
            cut,
            _ends: ends.drop_guard(),
        }
    }

    /// Cuts the open connections.
    pub(super) fn cut(&self, how: Cut) {
        // Without a connection there is nothing to cut.
        let _ = self.cuts.send(how);
    }
}

async fn carry(
    client: TcpStream,
    server: u16,
    mut cuts: broadcast::Receiver<Cut>,
    count: &AtomicU32,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let commands = copy(&mut from_client, &mut to_server);
    tokio::pin!(commands);
    let how = tokio::select! {
        _ = &mut commands => None,
        _ = copy(&mut from_server, &mut to_client) => None,
        how = cuts.recv() => how.ok(),
    };
    let Some(how) = how else {
        let _ = to_client.shutdown().await;
        return;
    };
    count.fetch_add(1, Ordering::Relaxed);
    if how == Cut::ResponsesLost {
        let lost = async {
            let mut octets = [0; 4096];
            while from_server
                .read(&mut octets)
                .await
                .is_ok_and(|read| read > 0)
            {}
        };
        tokio::select! {
            _ = &mut commands => {}
            () = lost => {}
            () = sleep(DEAF) => {}
        }
    }
}
