//! The IMAP machine over a plain socket of this machine: no driver, so that only the machine is tried.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use mail_proto::imap::{Client, Command, Config, Credentials, Event, Status, Tag, Tls};
use mail_proto::{BodyChunk, Limits, Machine as _, Secret, Step};

use super::{ADDRESS, Dovecot, PASSWORD};

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct ImapTalk {
    pub(super) client: Client,
    stream: TcpStream,
    deflate: Option<(Compress, Decompress)>,
    body: Option<Vec<u8>>,
}

/// What a server said until a command was over.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) events: Vec<Event>,
    pub(super) status: Status,
}

impl ImapTalk {
    /// Connects and signs in, in the clear.
    pub(super) fn signed_in(dovecot: &Dovecot) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, dovecot.imap)).expect("a connection");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket with a deadline");
        let client = Client::new(Config {
            tls: Tls::Plain,
            allow_plaintext_login: true,
            limits: Limits::default(),
        });
        let mut talk = Self {
            client,
            stream,
            deflate: None,
            body: None,
        };
        talk.hear(|event| matches!(event, Event::Ready { .. }));
        let credentials = Credentials::new(ADDRESS, Secret::new(PASSWORD)).expect("credentials");
        let tag = talk.client.sign_in(credentials);
        assert_eq!(talk.answer(tag).status, Status::Ok, "{}", dovecot.log());
        talk
    }

    /// Sends a command that has to be done; returns what was said meanwhile.
    #[track_caller]
    pub(super) fn run(&mut self, command: Command) -> Vec<Event> {
        let shown = format!("{command:?}");
        let answer = self.ask(command);
        assert_eq!(answer.status, Status::Ok, "{shown}: {:?}", answer.events);
        let is_unknown = |event: &Event| matches!(event, Event::Unknown(_));
        assert!(
            !answer.events.iter().any(is_unknown),
            "{shown}: {:?}",
            answer.events
        );
        answer.events
    }

    /// Sends a command that may be refused.
    pub(super) fn ask(&mut self, command: Command) -> Answer {
        let tag = self.client.enqueue(command);
        self.answer(tag)
    }

    /// Sends a command whose literal is asked for.
    #[track_caller]
    pub(super) fn run_with(&mut self, command: Command, body: &str) -> Vec<Event> {
        self.body = Some(body.into());
        self.run(command)
    }

    fn answer(&mut self, tag: Tag) -> Answer {
        let events =
            self.hear(|event| matches!(event, Event::Completed { tag: of, .. } if *of == tag));
        match events.last() {
            Some(Event::Completed { status, .. }) => Answer {
                status: *status,
                events,
            },
            _ => panic!("{events:?}"),
        }
    }

    /// Listens until this is said.
    pub(super) fn hear(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.client.step().expect("the conversation goes on") {
                Step::Write(bytes) => self.write(&bytes),
                Step::NeedInput => self.read(&events),
                Step::NeedBody { .. } => {
                    let chunk = self.body.take();
                    let chunk = chunk.map_or(BodyChunk::End, |body| BodyChunk::Data(body.into()));
                    self.client.body(chunk);
                }
                Step::StartDeflate { fed } => {
                    let compress = Compress::new(Compression::default(), false);
                    self.deflate = Some((compress, Decompress::new(false)));
                    self.client.upgraded();
                    if !fed.is_empty() {
                        self.feed(&fed);
                    }
                }
                Step::Event(event) => {
                    let is_last = is_last(&event);
                    events.push(event);
                    if is_last {
                        return events;
                    }
                }
                step => panic!("{step:?}"),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut compressed = Vec::with_capacity(bytes.len() * 2 + 200);
        let bytes = match &mut self.deflate {
            Some((compress, _)) => {
                compress
                    .compress_vec(bytes, &mut compressed, FlushCompress::Sync)
                    .expect("compression");
                &compressed
            }
            None => bytes,
        };
        self.stream.write_all(bytes).expect("the bytes are sent");
    }

    fn read(&mut self, heard: &[Event]) {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer);
        let len = read.unwrap_or_else(|error| panic!("{error} behind {heard:?}"));
        match &buffer[..len] {
            [] => self.client.end_of_input(),
            bytes => self.feed(bytes),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let Some((_, decompress)) = &mut self.deflate else {
            return self.client.feed(bytes);
        };
        // All that these tests are told fits: what is compressed here is small.
        let mut plain = Vec::with_capacity(1 << 20);
        decompress
            .decompress_vec(bytes, &mut plain, FlushDecompress::Sync)
            .expect("compressed bytes");
        if !plain.is_empty() {
            self.client.feed(&plain);
        }
    }
}
