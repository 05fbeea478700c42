//! 1,000 recipients in one transaction, over sockets that hold 4 KiB each way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use mail_net::drive::Transport;
use mail_net::{Connection, ConnectionEvent, Phase, Trust};
use mail_proto::{BodyChunk, Tls, smtp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::{Result, median, ms};

const RECIPIENTS: usize = 1000;
const ROUNDS: usize = 9;
const SOCKET_BYTES: u32 = 4096;

/// When the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReplyTiming {
    /// As it reads: while an answer finds no room, nothing is read.
    Immediate,
    /// All together, once the client says nothing more. Each time is a round trip.
    WhenClientWaits,
}

pub(crate) fn run() -> Result<()> {
    // The client's thread and the server's, as everywhere here.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let trips = runtime
        .block_on(async { ours(ReplyTiming::WhenClientWaits).await })?
        .1;
    let (mut times, mut peer_times) = (Vec::new(), Vec::new());
    let mut peer_trips = 0;
    for _ in 0..ROUNDS {
        times.push(
            runtime
                .block_on(async { ours(ReplyTiming::Immediate).await })?
                .0,
        );
        let (took, trips) = lettre(&runtime)?;
        peer_times.push(took);
        peer_trips = trips;
    }
    println!("\n{RECIPIENTS} recipients in one transaction, sockets of 4 KiB, medians of {ROUNDS}");
    println!("  {:<20} {:>12} {:>8}", "", "round trips", "ms");
    println!(
        "  {:<20} {trips:>12} {:>8.1}",
        "Restante",
        ms(median(times))
    );
    println!(
        "  {:<20} {peer_trips:>12} {:>8.1}",
        "lettre 0.11",
        ms(median(peer_times))
    );
    Ok(())
}

async fn ours(reply_timing: ReplyTiming) -> Result<(Duration, usize)> {
    let (address, round_trips) = serve(reply_timing).await?;
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SOCKET_BYTES)?;
    socket.set_recv_buffer_size(SOCKET_BYTES)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let name = smtp::EhloName::domain("client.example")?;
    let mut connection = Connection::new(
        smtp::Client::new(smtp::Config::new(Tls::Implicit, name)),
        Transport::Plain(stream),
        Arc::clone(&Trust::default().client_config()?),
        "localhost",
        Phase::SmtpEnvelope,
    );
    while !matches!(
        connection.next().await?,
        ConnectionEvent::Event(smtp::Event::Ready { .. })
    ) {}
    let from = smtp::Address::new("ann@example.org")?;
    let to: std::result::Result<Vec<_>, _> = (0..RECIPIENTS)
        .map(|n| smtp::Address::new(&format!("reader{n}@lists.example.org")))
        .collect();
    let begun = Instant::now();
    connection
        .machine_mut()
        .send(smtp::Envelope::new(from, to?));
    let mut message = Some(Bytes::from_static(b"Subject: x\r\n\r\nx\r\n"));
    loop {
        match connection.next().await? {
            ConnectionEvent::NeedBody { .. } => {
                connection.body(message.take().map_or(BodyChunk::End, BodyChunk::Data));
            }
            ConnectionEvent::Event(smtp::Event::ReadyToCommit) => connection.machine_mut().commit(),
            ConnectionEvent::Event(smtp::Event::Outcome(outcome)) => match outcome {
                smtp::Outcome::Accepted { recipients, .. } if recipients.len() == RECIPIENTS => {
                    break;
                }
                other => return Err(format!("not accepted: {other:?}").into()),
            },
            ConnectionEvent::Event(_) => {}
            ConnectionEvent::Done => return Err("done before the message".into()),
        }
    }
    let took = begun.elapsed();
    drop(connection);
    Ok((took, round_trips.await?))
}

fn lettre(runtime: &tokio::runtime::Runtime) -> Result<(Duration, usize)> {
    let (address, round_trips) = runtime.block_on(serve(ReplyTiming::Immediate))?;
    let name = ClientId::Domain("client.example".to_owned());
    let mut connection = SmtpConnection::connect(address, None, &name, None, None)?;
    let begun = Instant::now();
    connection.command(Mail::new(Some("ann@example.org".parse()?), Vec::new()))?;
    for n in 0..RECIPIENTS {
        let address = format!("reader{n}@lists.example.org").parse()?;
        connection.command(Rcpt::new(address, Vec::new()))?;
    }
    connection.command(Data)?;
    connection.message(b"Subject: x\r\n\r\nx\r\n")?;
    let took = begun.elapsed();
    drop(connection);
    Ok((took, runtime.block_on(round_trips)?))
}

/// A server for one connection; tells the round trips from MAIL on.
async fn serve(
    reply_timing: ReplyTiming,
) -> Result<(std::net::SocketAddr, oneshot::Receiver<usize>)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SOCKET_BYTES)?;
    socket.set_recv_buffer_size(SOCKET_BYTES)?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(1)?;
    let address = listener.local_addr()?;
    let (trips_sender, trips_receiver) = oneshot::channel();
    tokio::spawn(async move {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let mut server = Server {
            stream,
            reply_timing,
            unread: Vec::new(),
            pending_replies: String::new(),
            is_data: false,
            has_begun: false,
            round_trips: 0,
        };
        // The client closes without a word, which is an end like any other.
        let _ = server.run().await;
        let _ = trips_sender.send(server.round_trips);
    });
    Ok((address, trips_receiver))
}

struct Server {
    stream: TcpStream,
    reply_timing: ReplyTiming,
    unread: Vec<u8>,
    pending_replies: String,
    is_data: bool,
    has_begun: bool,
    round_trips: usize,
}

impl Server {
    async fn run(&mut self) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.write_all(b"220 ready\r\n").await?;
        let mut bytes = [0; 4096];
        loop {
            let silence = match self.reply_timing {
                ReplyTiming::Immediate => Duration::MAX,
                // On loopback whoever has something to say has said it long before.
                ReplyTiming::WhenClientWaits => Duration::from_millis(50),
            };
            match tokio::time::timeout(silence, self.stream.read(&mut bytes)).await {
                Ok(read) => {
                    let read = read?;
                    if read == 0 {
                        return Ok(());
                    }
                    self.unread
                        .extend_from_slice(bytes.get(..read).unwrap_or_default());
                    self.take_lines();
                    if self.reply_timing == ReplyTiming::Immediate {
                        self.send_pending_replies().await?;
                    }
                }
                Err(_) => self.send_pending_replies().await?,
            }
        }
    }

    async fn send_pending_replies(&mut self) -> std::io::Result<()> {
        if self.pending_replies.is_empty() {
            return Ok(());
        }
        self.round_trips += usize::from(self.has_begun);
        let replies = std::mem::take(&mut self.pending_replies);
        self.stream.write_all(replies.as_bytes()).await
    }

    fn take_lines(&mut self) {
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let reply = match &line[..] {
                b".\r\n" if self.is_data => {
                    self.is_data = false;
                    "250 taken\r\n"
                }
                _ if self.is_data => continue,
                b"DATA\r\n" => {
                    self.is_data = true;
                    "354 go\r\n"
                }
                line if line.starts_with(b"EHLO") => "250-x\r\n250 PIPELINING\r\n",
                line => {
                    self.has_begun |= line.starts_with(b"MAIL");
                    "250 ok\r\n"
                }
            };
            self.pending_replies.push_str(reply);
        }
    }
}
