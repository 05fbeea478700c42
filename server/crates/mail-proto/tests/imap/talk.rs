//! A session between the IMAP client and a scripted server.

use bytes::{Bytes, BytesMut};
use mail_proto::imap::{Client, Command, Config, Credentials, Error, Event, Status, Tag, Tls};
use mail_proto::transcript::Transcribed as _;
use mail_proto::{BodyChunk, Limits, Machine as _, Secret, Step};

/// How the server's bytes are cut.
#[derive(Debug, Clone, Copy)]
enum Cuts {
    Whole,
    Bytes,
    Random(u64),
}

/// Runs a session with its bytes cut in every way, and returns its events.
pub(crate) fn every_cut(config: Config, session: impl Fn(&mut Talk)) -> Vec<Event> {
    let run = |cuts| {
        let mut talk = Talk::new(config, cuts);
        session(&mut talk);
        talk.expect_no_output();
        (talk.events, talk.result)
    };
    let (whole, ended) = run(Cuts::Whole);
    let seeds = (1..=64).map(|seed: u64| Cuts::Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    for cuts in [Cuts::Bytes].into_iter().chain(seeds) {
        let (events, result) = run(cuts);
        assert_eq!(events, whole, "{cuts:?}");
        assert_eq!(result, ended, "{cuts:?}");
    }
    whole
}

pub(crate) fn config(tls: Tls) -> Config {
    Config {
        tls,
        allow_plaintext_login: false,
        limits: Limits::default(),
    }
}

pub(crate) fn implicit_tls() -> Config {
    config(Tls::Implicit)
}

pub(crate) fn ann() -> Credentials {
    Credentials::new("ann", Secret::new("hunter2")).unwrap()
}

pub(crate) struct Talk {
    pub(crate) client: Client,
    pub(crate) events: Vec<Event>,
    /// The result of the session, once it has ended.
    pub(crate) result: Option<Result<(), Error>>,
    /// The lines of the transcript, each with its direction.
    pub(crate) transcript: Vec<String>,
    written: Vec<u8>,
    writes: usize,
    body: Vec<BodyChunk>,
    needs_body: Option<usize>,
    is_tls_requested: bool,
    /// Whether the client has requested compression.
    pub(crate) is_compressed: bool,
    cuts: Cuts,
}

/// Test compression: its output cannot be taken for plain text, and applying it twice restores the
/// input.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0xff).collect()
}

impl Talk {
    fn new(config: Config, cuts: Cuts) -> Self {
        Self {
            client: Client::new(config),
            events: Vec::new(),
            result: None,
            transcript: Vec::new(),
            written: Vec::new(),
            writes: 0,
            body: Vec::new(),
            needs_body: None,
            is_tls_requested: false,
            is_compressed: false,
            cuts,
        }
    }

    /// Feeds bytes of the server.
    pub(crate) fn server(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let len = self.next_len(rest.len());
            let (piece, behind) = rest.split_at(len);
            rest = behind;
            if self.is_compressed {
                self.client.feed(&compress(piece));
            } else {
                self.client.feed(piece);
            }
            self.run();
        }
    }

    fn next_len(&mut self, max: usize) -> usize {
        match &mut self.cuts {
            Cuts::Whole => max,
            Cuts::Bytes => 1,
            Cuts::Random(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                // Mostly short pieces, sometimes long ones.
                let bound = if *state & 7 == 0 { 4000 } else { 40 };
                usize::try_from(*state >> 8 & 0xffff).unwrap() % bound.min(max) + 1
            }
        }
    }

    /// Asserts what the client has sent since the last call.
    #[track_caller]
    pub(crate) fn client(&mut self, bytes: impl AsRef<[u8]>) {
        self.run();
        let written = std::mem::take(&mut self.written);
        let (left, right) = (written.escape_ascii(), bytes.as_ref().escape_ascii());
        assert_eq!(left.to_string(), right.to_string());
        self.writes = 0;
    }

    /// Like [`client`](Self::client), and also asserts that it was sent in one write.
    #[track_caller]
    pub(crate) fn client_in_one_write(&mut self, bytes: impl AsRef<[u8]>) {
        self.run();
        assert_eq!(self.writes, 1, "{}", self.written.escape_ascii());
        self.client(bytes);
    }

    #[track_caller]
    pub(crate) fn expect_no_output(&mut self) {
        self.client(b"");
    }

    /// Discards the sent bytes, for tests about something else.
    pub(crate) fn clear_written(&mut self) {
        self.written.clear();
    }

    pub(crate) fn enqueue(&mut self, command: Command) -> Tag {
        self.client.enqueue(command)
    }

    /// Supplies a piece of the body for the next request.
    pub(crate) fn body(&mut self, chunk: BodyChunk) {
        self.body.insert(0, chunk);
        self.run();
    }

    pub(crate) fn body_data(&mut self, bytes: &'static [u8]) {
        self.body(BodyChunk::Data(Bytes::from_static(bytes)));
    }

    /// Returns how many bytes of the body the client requests.
    pub(crate) fn needs_body(&mut self) -> Option<usize> {
        self.run();
        self.needs_body
    }

    #[track_caller]
    pub(crate) fn start_tls(&mut self) {
        self.run();
        assert!(self.is_tls_requested, "TLS is not asked for");
        self.client.upgraded();
        self.is_tls_requested = false;
        self.run();
    }

    pub(crate) fn end_of_input(&mut self) {
        self.client.end_of_input();
        self.run();
    }

    #[track_caller]
    pub(crate) fn error(&mut self) -> Error {
        self.run();
        self.result
            .clone()
            .expect("the conversation goes on")
            .expect_err("it ended well")
    }

    #[track_caller]
    pub(crate) fn expect_done(&mut self) {
        self.run();
        assert_eq!(self.result, Some(Ok(())));
    }

    pub(crate) fn run(&mut self) {
        loop {
            let step = self.client.step();
            let lines = self.client.take_transcript();
            self.transcript
                .extend(lines.iter().map(ToString::to_string));
            self.needs_body = None;
            match step {
                Ok(Step::NeedInput) => return,
                Ok(Step::Write(bytes)) => {
                    assert!(!bytes.is_empty());
                    self.writes += 1;
                    self.written.extend_from_slice(&bytes);
                }
                Ok(Step::NeedBody { max }) => match self.body.pop() {
                    Some(chunk) => self.client.body(chunk),
                    None => {
                        self.needs_body = Some(max);
                        return;
                    }
                },
                Ok(Step::StartTls) => {
                    self.is_tls_requested = true;
                    return;
                }
                Ok(Step::DeriveKey(work)) => self.client.key_derived(work.run()),
                Ok(Step::StartDeflate { fed }) => {
                    assert!(!self.is_compressed, "it is compressed already");
                    self.is_compressed = true;
                    self.client.upgraded();
                    if !fed.is_empty() {
                        self.client.feed(&compress(&fed));
                    }
                }
                Ok(Step::Event(event)) => self.push_event(event),
                Ok(Step::Done) => {
                    self.result = Some(Ok(()));
                    return;
                }
                Err(error) => {
                    assert_eq!(self.client.step(), Err(error.clone()), "an error is final");
                    self.result = Some(Err(error));
                    return;
                }
            }
        }
    }

    /// Records an event. The chunks of a literal are joined: their boundaries depend on the cuts.
    fn push_event(&mut self, event: Event) {
        if let Event::LiteralChunk { id, bytes } = &event {
            assert!(!bytes.is_empty());
            if let Some(Event::LiteralChunk {
                id: before,
                bytes: joined,
            }) = self.events.last_mut()
            {
                assert_eq!(before, id);
                let mut all = BytesMut::from(&joined[..]);
                all.extend_from_slice(bytes);
                *joined = all.freeze();
                return;
            }
        }
        self.events.push(event);
    }
}

/// Brings a session to the ready state, with the capabilities in the greeting.
pub(crate) fn ready(talk: &mut Talk, capabilities: &str) {
    talk.server(format!(
        "* OK [CAPABILITY IMAP4rev1 {capabilities}] ready\r\n"
    ));
    talk.expect_no_output();
}

/// Returns the status with which the command of this tag completed.
#[track_caller]
pub(crate) fn completed(events: &[Event], tag: Tag) -> Status {
    let ended = events.iter().find_map(|event| match event {
        Event::Completed {
            tag: of, status, ..
        } if *of == tag => Some(*status),
        _ => None,
    });
    ended.unwrap_or_else(|| panic!("{tag} is not over"))
}
