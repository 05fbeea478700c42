//! The connection driver, with a minimal protocol client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use mail_net::drive::Transport;
use mail_net::{Connection, ConnectionEvent, Error, Phase, Recorder, Trust};
use mail_proto::sasl::{Credentials, DerivedKey, KeyDerivation, Nonce, SignIn};
use mail_proto::transcript::{Direction, Line};
use mail_proto::{BodyChunk, Limits, Machine, Secret, Step, Tls, Transcribed, pop3};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Sends the bytes that the test supplies, and reports the received bytes.
#[derive(Debug, Default)]
struct ScriptedMachine {
    to_write: Vec<Bytes>,
    received: Vec<u8>,
    has_ended: bool,
    needs_body: bool,
    pending_derivation: Option<KeyDerivation>,
    has_derived_key: bool,
    must_compress: bool,
    lines: Vec<Line>,
}

impl Machine for ScriptedMachine {
    type Event = Vec<u8>;
    type Error = &'static str;

    fn feed(&mut self, input: &[u8]) {
        assert!(!input.is_empty(), "the contract says never empty");
        self.received.extend_from_slice(input);
    }
    fn end_of_input(&mut self) {
        self.has_ended = true;
    }
    fn body(&mut self, chunk: BodyChunk) {
        match chunk {
            BodyChunk::Data(bytes) => self.to_write.push(bytes),
            BodyChunk::End | BodyChunk::Abort => self.needs_body = false,
        }
    }
    fn upgraded(&mut self) {}
    fn key_derived(&mut self, _result: DerivedKey) {
        self.has_derived_key = true;
    }
    fn step(&mut self) -> Result<Step<Vec<u8>>, &'static str> {
        if std::mem::take(&mut self.must_compress) {
            let fed = std::mem::take(&mut self.received).into();
            return Ok(Step::StartDeflate { fed });
        }
        if let Some(work) = self.pending_derivation.take() {
            return Ok(Step::DeriveKey(work));
        }
        if std::mem::take(&mut self.has_derived_key) {
            return Ok(Step::Event(b"computed".to_vec()));
        }
        if !self.to_write.is_empty() {
            return Ok(Step::Write(self.to_write.remove(0)));
        }
        if !self.received.is_empty() {
            return Ok(Step::Event(std::mem::take(&mut self.received)));
        }
        if self.needs_body {
            return Ok(Step::NeedBody { max: 1024 });
        }
        if self.has_ended {
            return Err("ended");
        }
        Ok(Step::NeedInput)
    }
}

impl Transcribed for ScriptedMachine {
    fn take_transcript(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    fn keep_transcript(&mut self, is_enabled: bool) {
        if is_enabled {
            self.lines.push(Line {
                direction: Direction::Sent,
                text: "NOOP".to_owned(),
            });
        }
    }
    fn reply_texts(_event: &mut Vec<u8>, _redact: &mut dyn FnMut(&mut String)) {}
    fn error_texts(_error: &mut &'static str, _redact: &mut dyn FnMut(&mut String)) {}
}

fn config() -> Arc<ClientConfig> {
    Trust::default().client_config().unwrap()
}

fn connection(
    machine: ScriptedMachine,
    stream: DuplexStream,
    phase: Phase,
) -> Connection<ScriptedMachine, DuplexStream> {
    Connection::new(
        machine,
        Transport::Plain(stream),
        config(),
        "localhost",
        phase,
    )
}

async fn event(connection: &mut Connection<ScriptedMachine, DuplexStream>) -> Vec<u8> {
    match connection.next().await.unwrap() {
        ConnectionEvent::Event(event) => event,
        other => panic!("not an event: {other:?}"),
    }
}

// docs/protocols.md, SMTP: PIPELINING
#[tokio::test]
async fn a_pipeline_longer_than_both_socket_buffers_does_not_deadlock() {
    let (ours, mut theirs) = duplex(64);
    let peer = tokio::spawn(async move {
        // Answers every byte before it reads the next one: a driver that writes everything before
        // it reads would wait forever.
        let mut byte = [0_u8; 1];
        let mut seen = 0;
        while seen < 100_000 {
            theirs.read_exact(&mut byte).await.unwrap();
            theirs.write_all(&byte).await.unwrap();
            seen += 1;
        }
    });
    let machine = ScriptedMachine {
        to_write: vec![Bytes::from(vec![b'x'; 100_000])],
        ..ScriptedMachine::default()
    };
    let mut connection = connection(machine, ours, Phase::Command);
    let mut received = 0;
    while received < 100_000 {
        received += event(&mut connection).await.len();
    }
    peer.await.unwrap();
}

// docs/protocols.md, Limits and deadlines: bodies
#[tokio::test]
async fn unread_body_is_buffered_only_up_to_the_limit() {
    let (ours, theirs) = duplex(1024);
    let machine = ScriptedMachine {
        needs_body: true,
        ..ScriptedMachine::default()
    };
    let mut connection = connection(machine, ours, Phase::SmtpBlock);
    let mut requested_bytes = 0_usize;
    let stalled = tokio::time::timeout(Duration::from_millis(200), async {
        loop {
            match connection.next().await.unwrap() {
                ConnectionEvent::NeedBody { max } => {
                    requested_bytes += max;
                    connection.body(BodyChunk::Data(Bytes::from(vec![b'x'; max])));
                }
                other => panic!("unexpected: {other:?}"),
            }
        }
    })
    .await;
    assert!(stalled.is_err());
    assert!(
        requested_bytes <= (256 << 10) + 4096,
        "{requested_bytes} bytes were taken for a peer that reads none"
    );
    drop(theirs);
}

// docs/protocols.md, Limits and deadlines: deadlines
#[tokio::test(start_paused = true)]
async fn silent_peer_fails_at_the_deadline_of_the_phase() {
    let (ours, _theirs) = duplex(64);
    let mut connection = connection(ScriptedMachine::default(), ours, Phase::Command);
    let begun = tokio::time::Instant::now();
    let error = connection.next().await.unwrap_err();
    assert_eq!(
        error,
        Error::Deadline {
            phase: Phase::Command
        }
    );
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert_eq!(
        connection.next().await.unwrap_err(),
        error,
        "the error is final"
    );
}

// docs/protocols.md, Limits and deadlines: deadlines
#[tokio::test(start_paused = true)]
async fn one_byte_per_second_does_not_extend_the_sign_in_deadline() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if theirs.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut connection = connection(ScriptedMachine::default(), ours, Phase::SignIn);
    let begun = tokio::time::Instant::now();
    let error = loop {
        match connection.next().await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(
        error,
        Error::Deadline {
            phase: Phase::SignIn
        }
    );
    assert_eq!(begun.elapsed().as_secs(), 30);
}

// docs/protocols.md, Limits and deadlines: streamed body
#[tokio::test(start_paused = true)]
async fn body_below_the_minimum_rate_fails_after_the_grace_period() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if theirs.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut connection = connection(ScriptedMachine::default(), ours, Phase::Body);
    let begun = tokio::time::Instant::now();
    while connection.next().await.is_ok() {}
    assert!(begun.elapsed().as_secs() <= 11);
}

// docs/protocols.md, Limits and deadlines: deadlines
#[tokio::test(start_paused = true)]
async fn idle_connection_waits_for_hours() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        theirs.write_all(b"* 1 EXISTS\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut connection = connection(ScriptedMachine::default(), ours, Phase::Idle);
    assert_eq!(event(&mut connection).await, b"* 1 EXISTS\r\n");
}

#[tokio::test]
async fn data_sent_before_the_peer_closed_is_received() {
    let (ours, mut theirs) = duplex(4096);
    theirs.write_all(b"421 going away\r\n").await.unwrap();
    drop(theirs);
    let machine = ScriptedMachine {
        to_write: vec![Bytes::from_static(b"MAIL FROM:<>\r\n")],
        ..ScriptedMachine::default()
    };
    let mut connection = connection(machine, ours, Phase::Command);
    assert_eq!(event(&mut connection).await, b"421 going away\r\n");
    assert_eq!(
        connection.next().await.unwrap_err(),
        Error::Protocol("ended")
    );
}

#[tokio::test]
async fn cancelled_next_loses_no_byte() {
    let (ours, mut theirs) = duplex(16);
    let machine = ScriptedMachine {
        to_write: vec![Bytes::from(vec![b'y'; 1000])],
        ..ScriptedMachine::default()
    };
    let mut connection = connection(machine, ours, Phase::Command);
    let reader = tokio::spawn(async move {
        let mut all = vec![0_u8; 1000];
        for byte in &mut all {
            tokio::task::yield_now().await;
            theirs.read_exact(std::slice::from_mut(byte)).await.unwrap();
        }
        theirs.write_all(b"done").await.unwrap();
        (all, theirs)
    });
    let mut received = Vec::new();
    while received != b"done" {
        tokio::select! {
            biased;
            result = connection.next() => match result.unwrap() {
                ConnectionEvent::Event(bytes) => received.extend_from_slice(&bytes),
                other => panic!("unexpected: {other:?}"),
            },
            () = tokio::task::yield_now() => {}
        }
    }
    let (all, _theirs) = reader.await.unwrap();
    assert_eq!(all, vec![b'y'; 1000]);
}

/// A key derivation that takes some time: the client's SCRAM response in the example of RFC 5802
/// §5.
fn scram_derivation() -> KeyDerivation {
    let mut client = pop3::Client::new(pop3::Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    let nonce = Nonce::from_entropy([7; 18]);
    client.enqueue(pop3::Command::Login(SignIn {
        credentials: Credentials::new("user", Secret::new("pencil")).unwrap(),
        nonce: Some(nonce),
        channel_binding: None,
    }));
    // r=<nonce>more,s=QSXCR+Q6sek8bf92,i=4096
    let first = "cj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0htb3JlLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY=";
    let capabilities = "+OK\r\n+OK\r\nSASL SCRAM-SHA-1\r\n.\r\n".to_owned();
    for lines in [capabilities, format!("+ {first}\r\n")] {
        client.feed(lines.as_bytes());
        loop {
            match client.step().unwrap() {
                Step::DeriveKey(work) => return work,
                Step::NeedInput => break,
                _ => {}
            }
        }
    }
    panic!("nothing to compute");
}

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[tokio::test]
async fn key_derivation_runs_on_another_thread_and_survives_a_cancelled_next() {
    let (ours, _theirs) = duplex(64);
    let machine = ScriptedMachine {
        pending_derivation: Some(scram_derivation()),
        ..ScriptedMachine::default()
    };
    let mut connection = connection(machine, ours, Phase::SignIn);
    let at_once = tokio::select! {
        biased;
        result = connection.next() => Some(result.unwrap()),
        () = tokio::task::yield_now() => None,
    };
    let key_derived = match at_once {
        // The pool may have finished before this task was polled.
        Some(ConnectionEvent::Event(bytes)) => bytes,
        Some(other) => panic!("not an event: {other:?}"),
        None => event(&mut connection).await,
    };
    assert_eq!(key_derived, b"computed");
}

// docs/protocols.md, IMAP: COMPRESS
#[tokio::test]
async fn a_compressed_connection_reads_and_writes_compressed() {
    let (ours, mut theirs) = duplex(1 << 16);
    let mut sender = Compress::new(Compression::default(), false);
    let mut compress = |text: &[u8]| {
        let mut out = Vec::with_capacity(1024);
        sender
            .compress_vec(text, &mut out, FlushCompress::Sync)
            .unwrap();
        out
    };
    let machine = ScriptedMachine {
        // Received in the same read as the response to COMPRESS.
        received: compress(b"* OK "),
        must_compress: true,
        to_write: vec![Bytes::from_static(b"r2 NOOP\r\n")],
        ..ScriptedMachine::default()
    };
    theirs
        .write_all(&compress(b"compressed\r\n"))
        .await
        .unwrap();
    let mut connection = connection(machine, ours, Phase::Command);
    let mut received = Vec::new();
    while received != b"* OK compressed\r\n" {
        received.extend(event(&mut connection).await);
    }
    let mut wire = vec![0; 64];
    let count = theirs.read(&mut wire).await.unwrap();
    let mut receiver = Decompress::new(false);
    let mut text = Vec::with_capacity(64);
    receiver
        .decompress_vec(&wire[..count], &mut text, FlushDecompress::Sync)
        .unwrap();
    assert_eq!(text, b"r2 NOOP\r\n");
}

#[tokio::test]
async fn invalid_deflate_stream_ends_the_connection() {
    let (ours, mut theirs) = duplex(64);
    let machine = ScriptedMachine {
        must_compress: true,
        ..ScriptedMachine::default()
    };
    theirs.write_all(b"\xff\xff* OK plain\r\n").await.unwrap();
    let mut connection = connection(machine, ours, Phase::Command);
    let error = connection.next().await.unwrap_err();
    assert_eq!(error, Error::BrokenCompression);
}

// docs/protocols.md, Signing in, TLS and the transcript: transcript
#[tokio::test]
async fn recorder_receives_each_line_with_its_host() {
    let (ours, mut theirs) = duplex(64);
    let recorder = Recorder::new(1 << 10);
    let mut connection =
        connection(ScriptedMachine::default(), ours, Phase::Command).recorded_by(recorder.clone());
    theirs.write_all(b"x").await.unwrap();
    event(&mut connection).await;
    let entries = recorder.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(&*entries[0].host, "localhost");
    assert_eq!(entries[0].line.text, "NOOP");
}
