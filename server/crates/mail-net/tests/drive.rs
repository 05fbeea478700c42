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
struct Talker {
    to_write: Vec<Bytes>,
    received: Vec<u8>,
    ended: bool,
    wants_body: bool,
    to_compute: Option<KeyDerivation>,
    has_computed: bool,
    to_compress: bool,
    lines: Vec<Line>,
}

impl Machine for Talker {
    type Event = Vec<u8>;
    type Error = &'static str;

    fn feed(&mut self, input: &[u8]) {
        assert!(!input.is_empty(), "the contract says never empty");
        self.received.extend_from_slice(input);
    }
    fn end_of_input(&mut self) {
        self.ended = true;
    }
    fn body(&mut self, chunk: BodyChunk) {
        match chunk {
            BodyChunk::Data(bytes) => self.to_write.push(bytes),
            BodyChunk::End | BodyChunk::Abort => self.wants_body = false,
        }
    }
    fn upgraded(&mut self) {}
    fn key_derived(&mut self, _result: DerivedKey) {
        self.has_computed = true;
    }
    fn step(&mut self) -> Result<Step<Vec<u8>>, &'static str> {
        if std::mem::take(&mut self.to_compress) {
            let fed = std::mem::take(&mut self.received).into();
            return Ok(Step::StartDeflate { fed });
        }
        if let Some(work) = self.to_compute.take() {
            return Ok(Step::DeriveKey(work));
        }
        if std::mem::take(&mut self.has_computed) {
            return Ok(Step::Event(b"computed".to_vec()));
        }
        if !self.to_write.is_empty() {
            return Ok(Step::Write(self.to_write.remove(0)));
        }
        if !self.received.is_empty() {
            return Ok(Step::Event(std::mem::take(&mut self.received)));
        }
        if self.wants_body {
            return Ok(Step::NeedBody { max: 1024 });
        }
        if self.ended {
            return Err("ended");
        }
        Ok(Step::NeedInput)
    }
}

impl Transcribed for Talker {
    fn take_transcript(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    fn keep_transcript(&mut self, keeps: bool) {
        if keeps {
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
    machine: Talker,
    stream: DuplexStream,
    phase: Phase,
) -> Connection<Talker, DuplexStream> {
    Connection::new(
        machine,
        Transport::Plain(stream),
        config(),
        "localhost",
        phase,
    )
}

async fn event(connection: &mut Connection<Talker, DuplexStream>) -> Vec<u8> {
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
    let machine = Talker {
        to_write: vec![Bytes::from(vec![b'x'; 100_000])],
        ..Talker::default()
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
async fn a_body_that_nobody_reads_is_held_back_instead_of_piled_up() {
    let (ours, theirs) = duplex(1024);
    let machine = Talker {
        wants_body: true,
        ..Talker::default()
    };
    let mut connection = connection(machine, ours, Phase::SmtpBlock);
    let mut taken = 0_usize;
    let stalled = tokio::time::timeout(Duration::from_millis(200), async {
        loop {
            match connection.next().await.unwrap() {
                ConnectionEvent::NeedBody { max } => {
                    taken += max;
                    connection.body(BodyChunk::Data(Bytes::from(vec![b'x'; max])));
                }
                other => panic!("unexpected: {other:?}"),
            }
        }
    })
    .await;
    assert!(stalled.is_err());
    assert!(
        taken <= (256 << 10) + 4096,
        "{taken} bytes were taken for a peer that reads none"
    );
    drop(theirs);
}

// docs/protocols.md, Limits and deadlines: deadlines
#[tokio::test(start_paused = true)]
async fn a_silent_peer_meets_the_deadline_of_its_phase() {
    let (ours, _theirs) = duplex(64);
    let mut connection = connection(Talker::default(), ours, Phase::Command);
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
async fn one_byte_a_second_does_not_stretch_a_sign_in() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if theirs.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut connection = connection(Talker::default(), ours, Phase::SignIn);
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
async fn a_body_that_trickles_is_given_up_after_its_grace() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if theirs.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut connection = connection(Talker::default(), ours, Phase::Body);
    let begun = tokio::time::Instant::now();
    while connection.next().await.is_ok() {}
    assert!(begun.elapsed().as_secs() <= 11);
}

// docs/protocols.md, Limits and deadlines: deadlines
#[tokio::test(start_paused = true)]
async fn an_idling_connection_waits_for_hours() {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        theirs.write_all(b"* 1 EXISTS\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut connection = connection(Talker::default(), ours, Phase::Idle);
    assert_eq!(event(&mut connection).await, b"* 1 EXISTS\r\n");
}

#[tokio::test]
async fn what_the_peer_said_before_it_closed_is_still_heard() {
    let (ours, mut theirs) = duplex(4096);
    theirs.write_all(b"421 going away\r\n").await.unwrap();
    drop(theirs);
    let machine = Talker {
        to_write: vec![Bytes::from_static(b"MAIL FROM:<>\r\n")],
        ..Talker::default()
    };
    let mut connection = connection(machine, ours, Phase::Command);
    assert_eq!(event(&mut connection).await, b"421 going away\r\n");
    assert_eq!(
        connection.next().await.unwrap_err(),
        Error::Protocol("ended")
    );
}

#[tokio::test]
async fn waiting_can_be_given_up_and_taken_up_again_without_losing_a_byte() {
    let (ours, mut theirs) = duplex(16);
    let machine = Talker {
        to_write: vec![Bytes::from(vec![b'y'; 1000])],
        ..Talker::default()
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
            happening = connection.next() => match happening.unwrap() {
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
fn scram_work() -> KeyDerivation {
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
    for said in [capabilities, format!("+ {first}\r\n")] {
        client.feed(said.as_bytes());
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
async fn what_is_to_be_computed_is_computed_elsewhere_and_survives_a_cancelled_wait() {
    let (ours, _theirs) = duplex(64);
    let machine = Talker {
        to_compute: Some(scram_work()),
        ..Talker::default()
    };
    let mut connection = connection(machine, ours, Phase::SignIn);
    let at_once = tokio::select! {
        biased;
        happening = connection.next() => Some(happening.unwrap()),
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
    let mut said = |text: &[u8]| {
        let mut out = Vec::with_capacity(1024);
        sender
            .compress_vec(text, &mut out, FlushCompress::Sync)
            .unwrap();
        out
    };
    let machine = Talker {
        // Received in the same read as the response to COMPRESS.
        received: said(b"* OK "),
        to_compress: true,
        to_write: vec![Bytes::from_static(b"r2 NOOP\r\n")],
        ..Talker::default()
    };
    theirs.write_all(&said(b"compressed\r\n")).await.unwrap();
    let mut connection = connection(machine, ours, Phase::Command);
    let mut heard = Vec::new();
    while heard != b"* OK compressed\r\n" {
        heard.extend(event(&mut connection).await);
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
async fn a_stream_that_is_not_compressed_as_agreed_ends_the_connection() {
    let (ours, mut theirs) = duplex(64);
    let machine = Talker {
        to_compress: true,
        ..Talker::default()
    };
    theirs.write_all(b"\xff\xff* OK plain\r\n").await.unwrap();
    let mut connection = connection(machine, ours, Phase::Command);
    let error = connection.next().await.unwrap_err();
    assert_eq!(error, Error::BrokenCompression);
}

// docs/protocols.md, Signing in, TLS and the transcript: transcript
#[tokio::test]
async fn a_recorder_gets_each_line_with_its_host() {
    let (ours, mut theirs) = duplex(64);
    let recorder = Recorder::new(1 << 10);
    let mut connection =
        connection(Talker::default(), ours, Phase::Command).recorded_by(recorder.clone());
    theirs.write_all(b"x").await.unwrap();
    event(&mut connection).await;
    let entries = recorder.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(&*entries[0].host, "localhost");
    assert_eq!(entries[0].line.text, "NOOP");
}
