//! The scripted SMTP server: one port per account, a fault per connection or message, and a record
//! of what it received.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::plan::{Fault, Plan};
use super::record::Record;
use super::session::Session;

/// Receive buffer of a connection, in bytes: the client notices a server that does not read.
const RECEIVE_BUFFER_BYTES: u32 = 16 << 10;

/// A request of the server to kill the process of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    pub(super) site: usize,
    /// The process, counted from 0.
    pub(super) generation: u64,
}

/// The faults that wait for one account.
#[derive(Debug, Default)]
struct Armed {
    /// The message that its user sent last.
    current: Option<(usize, bool, bool)>,
    connection_faults: VecDeque<Fault>,
    /// By message.
    message_faults: Vec<(usize, Fault)>,
}

/// The server.
pub(super) struct Peer {
    /// The port of each account.
    pub(super) ports: Vec<u16>,
    armed: Vec<Mutex<Armed>>,
    record: Mutex<Record>,
    /// The generation of the process at each site.
    generations: Vec<Arc<AtomicU64>>,
    kills: mpsc::UnboundedSender<Kill>,
    /// Ends all faults.
    pub(super) is_calm: CancellationToken,
    /// The number of connections that a fault holds.
    pub(super) held: watch::Sender<usize>,
    /// Releases the held connections.
    pub(super) released: CancellationToken,
    accounts_per_site: usize,
    _ends: DropGuard,
}

impl Peer {
    /// Starts the server for the accounts of all sites, which follow each other in order.
    pub(super) fn start(
        generations: Vec<Arc<AtomicU64>>,
        accounts_per_site: usize,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Kill>) {
        let (kills, requests) = mpsc::unbounded_channel();
        let ends = CancellationToken::new();
        let accounts = generations.len() * accounts_per_site;
        let listen = || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            socket.listen(64).unwrap()
        };
        let listeners: Vec<_> = (0..accounts).map(|_| listen()).collect();
        let port = |listener: &tokio::net::TcpListener| listener.local_addr().unwrap().port();
        let peer = Arc::new(Self {
            ports: listeners.iter().map(port).collect(),
            armed: (0..accounts).map(|_| Mutex::default()).collect(),
            record: Mutex::default(),
            generations,
            kills,
            is_calm: CancellationToken::new(),
            held: watch::Sender::new(0),
            released: CancellationToken::new(),
            accounts_per_site,
            _ends: ends.clone().drop_guard(),
        });
        for (account, listener) in listeners.into_iter().enumerate() {
            let (peer, ends) = (Arc::downgrade(&peer), ends.clone());
            tokio::spawn(async move {
                while let Some(Ok((stream, _))) = ends.run_until_cancelled(listener.accept()).await
                {
                    let (Some(peer), ends) = (peer.upgrade(), ends.clone()) else {
                        return;
                    };
                    tokio::spawn(async move {
                        let mut session = Session::new(peer, account, stream);
                        ends.run_until_cancelled(session.serve()).await;
                        session.finish();
                    });
                }
            });
        }
        (peer, requests)
    }

    /// Announces a message of an account.
    pub(super) fn announce(&self, account: usize, plan: &Plan) {
        let modes = (plan.nth, plan.is_pipelined, plan.is_chunking);
        self.armed[account].lock().unwrap().current = Some(modes);
    }

    /// Sets the fault of the next attempt of a message.
    pub(super) fn arm(&self, account: usize, nth: usize, fault: Fault) {
        let mut armed = self.armed[account].lock().unwrap();
        match fault.step.is_of_connection() {
            true => armed.connection_faults.push_back(fault),
            false => armed.message_faults.push((nth, fault)),
        }
    }

    /// Takes the fault of a new connection.
    pub(super) fn take_connection_fault(&self, account: usize) -> Option<Fault> {
        let mut armed = self.armed[account].lock().unwrap();
        armed.connection_faults.pop_front()
    }

    /// Takes the fault of a new transaction.
    pub(super) fn take_message_fault(&self, account: usize, nth: usize) -> Option<Fault> {
        let mut armed = self.armed[account].lock().unwrap();
        let mut faults = armed.message_faults.iter();
        let index = faults.position(|(of, _)| *of == nth)?;
        Some(armed.message_faults.remove(index).1)
    }

    /// Returns the message that an account sent last, and whether its connection offers PIPELINING
    /// and CHUNKING.
    pub(super) fn current(&self, account: usize) -> Option<(usize, bool, bool)> {
        self.armed[account].lock().unwrap().current
    }

    /// Returns the site of an account.
    pub(super) fn site(&self, account: usize) -> usize {
        account / self.accounts_per_site
    }

    /// Returns the process that runs at the site of an account.
    pub(super) fn generation(&self, account: usize) -> u64 {
        self.generations[self.site(account)].load(Ordering::SeqCst)
    }

    /// Requests that a process is killed.
    pub(super) fn kill(&self, account: usize, generation: u64) {
        let site = self.site(account);
        let _ = self.kills.send(Kill { site, generation });
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }
}
