//! 50 MiB of a message through each protocol, by the driver over loopback TCP.
//!
//! Beside the clock stands the time of the client's thread alone, in the system and out of it: on a
//! busy machine it says more.

use std::net::SocketAddr;
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use mail_net::drive::Transport;
use mail_net::{Connection, ConnectionEvent, Phase, Trust};
use mail_proto::{BodyChunk, Limits, Machine, Secret, Tls, Transcribed, imap, pop3, smtp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::letter::{BLOCKS, block, stuffed};
use crate::servers::{self, PIECE_BYTES};
use crate::{Result, cpu_time, median, ms};

const ROUNDS: usize = 15;
/// The most heap that a body may take, whatever its size.
const MAX_GROWTH_BYTES: u64 = 1 << 20;

const CASES: [(&str, &str); 5] = [
    ("imap", "IMAP literal"),
    ("pop3", "POP3 RETR"),
    ("data", "SMTP DATA"),
    ("bdat", "SMTP BDAT"),
    ("lettre", "lettre 0.11, DATA"),
];

/// Runs each case in a process of its own. Tells whether all of ours kept to their memory.
pub(crate) fn run() -> Result<bool> {
    println!("\n{BLOCKS} MiB of a message over loopback TCP, medians of {ROUNDS} in turn");
    println!(
        "  {:<20} {:>8} {:>14} {:>12} {:>8} {:>15} {:>10}",
        "", "ms", "plain copy, ms", "times of it", "CPU, ms", "plain copy, CPU", "heap, KiB"
    );
    let mut is_within = true;
    for (case, name) in CASES {
        let output = Process::new(std::env::current_exe()?)
            .args(["body", case])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let text = String::from_utf8(output.stdout)?;
        let figures: Vec<f64> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [ours, plain, our_cpu, plain_cpu, growth] = figures[..] else {
            return Err(format!("{case} says {text}").into());
        };
        println!(
            "  {name:<20} {ours:>8.1} {plain:>14.1} {:>12.2} {our_cpu:>8.1} {plain_cpu:>15.1} {:>10.0}",
            ours / plain,
            growth / 1024.0
        );
        if case != "lettre" && growth >= MAX_GROWTH_BYTES as f64 {
            println!("  {name} takes more heap than {MAX_GROWTH_BYTES} bytes");
            is_within = false;
        }
    }
    Ok(is_within)
}

/// One case, in this process: prints its time, that of the plain copy, and its heap.
pub(crate) fn run_case(name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let block = block();
    let stuffed = stuffed(&block);
    let wire_bytes = match name {
        "imap" | "bdat" => block.len() * BLOCKS,
        _ => stuffed.len() * BLOCKS,
    };
    let (ours, plain) = match name {
        "imap" => (
            imap_server(&block)?,
            servers::download(&[""], String::new(), block.clone(), "")?,
        ),
        "pop3" => (
            pop3_server(&stuffed)?,
            servers::download(&[""], String::new(), stuffed.clone(), "")?,
        ),
        "data" => (
            servers::smtp("250-x\r\n250 PIPELINING\r\n", wire_bytes)?,
            servers::sink(wire_bytes)?,
        ),
        "bdat" => (
            servers::smtp("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n", wire_bytes)?,
            servers::sink(wire_bytes)?,
        ),
        // Its final dot comes behind a line end of its own.
        "lettre" => (
            servers::smtp("250-x\r\n250 PIPELINING\r\n", wire_bytes + b"\r\n".len())?,
            servers::sink(wire_bytes)?,
        ),
        _ => return Err("no such body".into()),
    };
    let transfer = || match name {
        "imap" => runtime.block_on(imap_fetch(ours, block.len() * BLOCKS)),
        "pop3" => runtime.block_on(pop3_retr(ours, block.len() * BLOCKS)),
        "lettre" => lettre_data(ours, &block),
        _ => runtime.block_on(smtp_send(ours, &block)),
    };
    let copy = || match name {
        "imap" | "pop3" => runtime.block_on(plain_download(plain, wire_bytes)),
        "bdat" => runtime.block_on(plain_upload(plain, &block)),
        _ => runtime.block_on(plain_upload(plain, &stuffed)),
    };

    let mut result = Ok(Duration::ZERO);
    let heap = allocation_counter::measure(|| result = transfer());
    result?;
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let (ours, our_cpu) = cpu_time(transfer);
        let (plain, plain_cpu) = cpu_time(copy);
        for (times, took) in times.iter_mut().zip([ours?, plain?, our_cpu, plain_cpu]) {
            times.push(took);
        }
    }
    for times in times {
        print!("{} ", ms(median(times)));
    }
    println!("{}", heap.bytes_max);
    Ok(())
}

/// Reads until all is there, and does nothing with it.
async fn plain_download(server: SocketAddr, size_bytes: usize) -> Result<Duration> {
    let mut stream = TcpStream::connect(server).await?;
    let mut bytes = vec![0; PIECE_BYTES];
    let begun = Instant::now();
    stream.write_all(b"go\r\n").await?;
    let mut remaining = size_bytes;
    while remaining > 0 {
        let read = stream.read(&mut bytes).await?;
        if read == 0 {
            return Err("the copy ended early".into());
        }
        remaining = remaining.saturating_sub(read);
    }
    Ok(begun.elapsed())
}

/// Writes all, and waits until the other side has it.
async fn plain_upload(server: SocketAddr, block: &[u8]) -> Result<Duration> {
    let mut stream = TcpStream::connect(server).await?;
    let begun = Instant::now();
    for _ in 0..BLOCKS {
        for piece in block.chunks(PIECE_BYTES) {
            stream.write_all(piece).await?;
        }
    }
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).await?;
    Ok(begun.elapsed())
}

fn imap_server(block: &Bytes) -> Result<SocketAddr> {
    let size = block.len() * BLOCKS;
    let before = format!("* 1 FETCH (UID 1 BODY[] {{{size}}}\r\n");
    servers::download(
        &["* OK [CAPABILITY IMAP4rev1] ready\r\n"],
        before,
        block.clone(),
        ")\r\nr1 OK done\r\n",
    )
}

fn pop3_server(stuffed: &Bytes) -> Result<SocketAddr> {
    servers::download(
        &[
            "+OK ready\r\n",
            "-ERR no CAPA\r\n",
            "+OK user\r\n",
            "+OK in\r\n",
        ],
        "+OK\r\n".to_owned(),
        stuffed.clone(),
        ".\r\n",
    )
}

async fn connection<M: Machine + Transcribed>(
    machine: M,
    server: SocketAddr,
) -> Result<Connection<M>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let config = Trust::default().client_config()?;
    let transport = Transport::Plain(stream);
    Ok(Connection::new(
        machine,
        transport,
        Arc::clone(&config),
        "localhost",
        Phase::Body,
    ))
}

async fn imap_fetch(server: SocketAddr, size_bytes: usize) -> Result<Duration> {
    let machine = imap::Client::new(imap::Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    let mut connection = connection(machine, server).await?;
    while !matches!(next(&mut connection).await?, imap::Event::Ready { .. }) {}
    let begun = Instant::now();
    connection.machine_mut().enqueue(imap::Command::Fetch {
        set: imap::SequenceSet::all(),
        uid: true,
        items: vec![imap::FetchItem::BodyPeek {
            section: imap::Section::message(),
            partial: None,
        }],
    });
    let mut received = 0;
    loop {
        match next(&mut connection).await? {
            imap::Event::LiteralChunk { bytes, .. } => received += bytes.len(),
            imap::Event::Completed { .. } => break,
            _ => {}
        }
    }
    check_size(received, size_bytes, begun)
}

async fn pop3_retr(server: SocketAddr, size_bytes: usize) -> Result<Duration> {
    let machine = pop3::Client::new(pop3::Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    let mut connection = connection(machine, server).await?;
    while !matches!(next(&mut connection).await?, pop3::Event::Ready { .. }) {}
    let credentials = pop3::Credentials::new("ann", Secret::new("hunter2"))?;
    let login = pop3::Command::Login(credentials.into());
    connection.machine_mut().enqueue(login);
    while !matches!(next(&mut connection).await?, pop3::Event::Completed { .. }) {}
    let begun = Instant::now();
    let number = pop3::MessageNumber::new(1).ok_or("zero")?;
    connection
        .machine_mut()
        .enqueue(pop3::Command::Retr { number });
    let mut received = 0;
    loop {
        match next(&mut connection).await? {
            pop3::Event::BodyChunk { bytes, .. } => received += bytes.len(),
            pop3::Event::BodyEnd { .. } => break,
            _ => {}
        }
    }
    check_size(received, size_bytes, begun)
}

async fn smtp_send(server: SocketAddr, block: &Bytes) -> Result<Duration> {
    let name = smtp::EhloName::domain("client.example")?;
    let machine = smtp::Client::new(smtp::Config::new(Tls::Implicit, name));
    let mut connection = connection(machine, server).await?;
    while !matches!(next(&mut connection).await?, smtp::Event::Ready { .. }) {}
    connection.begin(Phase::SmtpBlock);
    let from = smtp::Address::new("ann@example.org")?;
    let to = smtp::Address::new("bob@example.org")?;
    let begun = Instant::now();
    connection
        .machine_mut()
        .send(smtp::Envelope::new(from, [to]));
    let mut blocks = BLOCKS;
    let mut rest = Bytes::new();
    loop {
        match connection.next().await? {
            ConnectionEvent::NeedBody { max } => {
                if rest.is_empty() && blocks > 0 {
                    blocks -= 1;
                    rest = block.clone();
                }
                connection.body(if rest.is_empty() {
                    BodyChunk::End
                } else {
                    BodyChunk::Data(rest.split_to(max.min(rest.len())))
                });
            }
            ConnectionEvent::Event(smtp::Event::ReadyToCommit) => connection.machine_mut().commit(),
            ConnectionEvent::Event(smtp::Event::Outcome(smtp::Outcome::Accepted { .. })) => break,
            ConnectionEvent::Event(smtp::Event::Outcome(other)) => {
                return Err(format!("not accepted: {other:?}").into());
            }
            ConnectionEvent::Event(_) => {}
            ConnectionEvent::Done => return Err("done before the message".into()),
        }
    }
    Ok(begun.elapsed())
}

/// The same by lettre, whose calls block. It takes a message piece by piece as well.
fn lettre_data(server: SocketAddr, block: &Bytes) -> Result<Duration> {
    let name = ClientId::Domain("client.example".to_owned());
    let mut connection = SmtpConnection::connect(server, None, &name, None, None)?;
    let from = "ann@example.org".parse()?;
    let to = "bob@example.org".parse()?;
    let begun = Instant::now();
    connection.command(Mail::new(Some(from), Vec::new()))?;
    connection.command(Rcpt::new(to, Vec::new()))?;
    connection.command(Data)?;
    let pieces = (0..BLOCKS).flat_map(|_| block.chunks(PIECE_BYTES));
    connection.message_iter(pieces)?;
    Ok(begun.elapsed())
}

async fn next<M: Machine<Error: std::error::Error + Send + Sync + 'static> + Transcribed>(
    connection: &mut Connection<M>,
) -> Result<M::Event> {
    match connection.next().await? {
        ConnectionEvent::Event(event) => Ok(event),
        ConnectionEvent::NeedBody { .. } => Err("a body was asked for".into()),
        ConnectionEvent::Done => Err("done too early".into()),
    }
}

fn check_size(received: usize, size_bytes: usize, begun: Instant) -> Result<Duration> {
    let took = begun.elapsed();
    if received == size_bytes {
        Ok(took)
    } else {
        Err(format!("{received} of {size_bytes} bytes").into())
    }
}
