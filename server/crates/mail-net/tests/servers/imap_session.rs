//! An IMAP session for test cases: one command after the other, with all events recorded.

use bytes::Bytes;
use mail_net::{Connection, ConnectionEvent, Phase, Recorder, TlsMode};
use mail_proto::imap::{
    Append, BodyValue, Capabilities, Capability, Client, Code, Command, Config, Error, Event,
    FetchData, FetchItem, FetchedItem, Flag, LiteralId, Mailbox, SearchKey, Section, SequenceSet,
    Status, StatusData, StatusItem, Store, StoreMode, Tag, Text, Uid,
};
use mail_proto::sasl::Credentials;
use mail_proto::transcript::Direction;
use mail_proto::{BodyChunk, Limits};

use super::machine::Authority;
use super::{connect, credentials, message};

/// An IMAP connection with its transcript.
pub(super) struct Imap {
    connection: Connection<Client>,
    recorder: Recorder,
    /// Chunks of literals whose response has not arrived yet.
    literals: Vec<(LiteralId, Vec<u8>)>,
}

/// The events between a command and its completion, and the completion.
#[derive(Debug)]
pub(super) struct Responses {
    pub(super) status: Status,
    pub(super) code: Option<Code>,
    pub(super) text: String,
    pub(super) events: Vec<Event>,
    /// Streamed literals, in order.
    pub(super) literals: Vec<Vec<u8>>,
}

impl Imap {
    /// Connects and waits until the client can sign in.
    pub(super) async fn connect(authority: &Authority, port: u16, tls: TlsMode) -> Self {
        let client = Client::new(Config {
            tls,
            allow_plaintext_login: tls == TlsMode::Plain,
            limits: Limits::default(),
        });
        let (connection, recorder) = connect(authority, port, tls, client, Phase::SignIn).await;
        let mut session = Self {
            connection,
            recorder,
            literals: Vec::new(),
        };
        session
            .until("ready", |event| matches!(event, Event::Ready { .. }))
            .await;
        session
    }

    /// Connects by implicit TLS and signs in with the right password.
    pub(super) async fn signed_in(authority: &Authority, port: u16) -> Self {
        let mut session = Self::connect(authority, port, TlsMode::Implicit).await;
        let responses = session.sign_in(credentials()).await;
        assert_eq!(
            responses.status,
            Status::Ok,
            "{responses:?}\n{}",
            session.transcript()
        );
        session
    }

    /// The same, with a mailbox selected.
    pub(super) async fn in_inbox(authority: &Authority, port: u16) -> Self {
        let mut session = Self::signed_in(authority, port).await;
        session.ok(Command::Select(Mailbox::inbox())).await;
        session
    }

    pub(super) async fn sign_in(&mut self, credentials: Credentials) -> Responses {
        let sign_in = self.connection.sign_in(credentials);
        self.run(Command::SignIn(sign_in)).await
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        self.connection.machine().capabilities()
    }

    pub(super) fn has(&self, capability: Capability) -> bool {
        self.capabilities().has(capability)
    }

    /// Sends a command and waits for its completion, whatever its status.
    pub(super) async fn run(&mut self, command: Command) -> Responses {
        self.run_with(command, &[]).await
    }

    /// The same, for a command that must succeed.
    pub(super) async fn ok(&mut self, command: Command) -> Responses {
        let what = format!("{command:?}");
        let responses = self.run(command).await;
        let transcript = self.transcript();
        assert_eq!(
            responses.status,
            Status::Ok,
            "{what}: {responses:?}\n{transcript}"
        );
        responses
    }

    /// Appends a message to a mailbox.
    pub(super) async fn append(&mut self, mailbox: &Mailbox, message: &[u8]) -> Responses {
        let append = Append {
            mailbox: mailbox.clone(),
            flags: vec![Flag::Seen],
            internal_date: None,
            size_bytes: message.len() as u64,
        };
        let responses = self.run_with(Command::Append(append), message).await;
        assert_eq!(
            responses.status,
            Status::Ok,
            "{responses:?}\n{}",
            self.transcript()
        );
        responses
    }

    async fn run_with(&mut self, command: Command, body: &[u8]) -> Responses {
        let tag = self.connection.machine_mut().enqueue(command);
        self.responses_to(tag, body).await
    }

    /// Queues a command; the client sends it as early as allowed.
    pub(super) fn enqueue(&mut self, command: Command) -> Tag {
        self.connection.machine_mut().enqueue(command)
    }

    /// Waits for the completion of a command.
    pub(super) async fn responses_to(&mut self, expected: Tag, mut body: &[u8]) -> Responses {
        let mut events = Vec::new();
        self.connection.begin(Phase::LongCommand);
        loop {
            match self.next().await {
                Ok(ConnectionEvent::NeedBody { max }) => {
                    let (piece, rest) = body.split_at(max.min(body.len()));
                    body = rest;
                    self.connection.body(match piece {
                        [] => BodyChunk::End,
                        piece => BodyChunk::Data(Bytes::copy_from_slice(piece)),
                    });
                }
                Ok(ConnectionEvent::Event(Event::Completed {
                    tag,
                    status,
                    code,
                    text,
                })) if tag == expected => {
                    let literals = std::mem::take(&mut self.literals);
                    return Responses {
                        status,
                        code,
                        text,
                        events,
                        literals: literals.into_iter().map(|(_, bytes)| bytes).collect(),
                    };
                }
                Ok(ConnectionEvent::Event(event)) => events.push(event),
                other => panic!("instead of an answer: {other:?}\n{}", self.transcript()),
            }
        }
    }

    /// Waits for an event; returns the events before it and, as the last, the event.
    pub(super) async fn until(
        &mut self,
        what: &str,
        is_match: impl Fn(&Event) -> bool,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        self.connection.begin(Phase::Command);
        loop {
            match self.next().await {
                Ok(ConnectionEvent::Event(event)) => {
                    let ends = is_match(&event);
                    events.push(event);
                    if ends {
                        return events;
                    }
                }
                other => panic!("instead of {what}: {other:?}\n{}", self.transcript()),
            }
        }
    }

    /// Returns the next event; the chunks of literals are joined.
    async fn next(&mut self) -> Result<ConnectionEvent<Event>, mail_net::Error<Error>> {
        loop {
            match self.connection.next().await? {
                ConnectionEvent::Event(Event::LiteralStart { id, .. }) => {
                    self.literals.push((id, Vec::new()));
                }
                ConnectionEvent::Event(Event::LiteralChunk { id, bytes }) => {
                    let mut literals = self.literals.iter_mut();
                    let (_, whole) = literals.find(|(one, _)| *one == id).expect("it began");
                    whole.extend_from_slice(&bytes);
                }
                ConnectionEvent::Event(Event::LiteralEnd { .. }) => {}
                other => return Ok(other),
            }
        }
    }

    /// Waits for the end of the session or its error.
    pub(super) async fn end(&mut self) -> Result<(), mail_net::Error<Error>> {
        self.connection.begin(Phase::Farewell);
        loop {
            if let ConnectionEvent::Done = self.next().await? {
                return Ok(());
            }
        }
    }

    /// Sends LOGOUT and waits for the end.
    pub(super) async fn log_out(mut self) {
        self.enqueue(Command::Logout);
        let end = self.end().await;
        assert_eq!(end, Ok(()), "{}", self.transcript());
    }

    /// Returns the sent lines, without their tags.
    pub(super) fn sent(&self) -> Vec<String> {
        let entries = self.recorder.entries().into_iter();
        let sent = entries.filter(|entry| entry.line.direction == Direction::Sent);
        sent.map(|entry| {
            let text = entry.line.text;
            match text.split_once(' ') {
                Some((tag, rest)) if tag.starts_with('r') => rest.to_owned(),
                _ => text,
            }
        })
        .collect()
    }

    /// Returns whether a sent line begins with `beginning`.
    pub(super) fn has_sent(&self, beginning: &str) -> bool {
        self.sent().iter().any(|line| line.starts_with(beginning))
    }

    /// Returns the whole transcript, for messages of failed assertions.
    pub(super) fn transcript(&self) -> String {
        let entries = self.recorder.entries().into_iter();
        entries.map(|entry| format!("{}\n", entry.line)).collect()
    }
}

/// Requests that many cases make.
impl Imap {
    /// Signs in to an INBOX with three messages, `one`, `two` and `three`, and selects it.
    pub(super) async fn with_three_messages(authority: &Authority, port: u16) -> Self {
        let mut session = Self::signed_in(authority, port).await;
        for subject in ["one", "two", "three"] {
            session.append(&Mailbox::inbox(), &message(subject)).await;
        }
        session.ok(Command::Select(Mailbox::inbox())).await;
        session
    }

    /// Requests the capabilities; each is known or stored. Returns those that are only stored.
    pub(super) async fn check_announced_capabilities(&mut self) -> Vec<String> {
        self.ok(Command::Capability).await;
        let transcript = self.transcript();
        let announced = transcript
            .lines()
            .filter_map(|line| line.strip_prefix("< * CAPABILITY "))
            .next_back()
            .expect("a CAPABILITY response");
        for capability in announced.split(' ') {
            assert!(self.capabilities().has_name(capability), "{capability}");
        }
        self.capabilities().others().map(str::to_owned).collect()
    }

    pub(super) async fn status_of(&mut self, mailbox: &Mailbox) -> StatusData {
        let items = vec![
            StatusItem::Messages,
            StatusItem::UidNext,
            StatusItem::Unseen,
        ];
        let mailbox = mailbox.clone();
        let responses = self.ok(Command::Status { mailbox, items }).await;
        responses.find(|event| match event {
            Event::Status(data) => Some(data.clone()),
            _ => None,
        })
    }

    /// Returns the UIDs that match, sorted.
    pub(super) async fn search(&mut self, key: SearchKey) -> Vec<u32> {
        let criteria = vec![key];
        let responses = self
            .ok(Command::Search {
                uid: true,
                criteria,
            })
            .await;
        let found = responses.find(|event| match event {
            Event::Search(data) => Some(data.found.clone()),
            _ => None,
        });
        let mut found: Vec<u32> = found
            .iter()
            .flat_map(|set| set.uids())
            .map(Uid::get)
            .collect();
        found.sort_unstable();
        found
    }

    pub(super) async fn fetch(&mut self, uids: SequenceSet, items: Vec<FetchItem>) -> Responses {
        let (set, uid) = (uids, true);
        self.ok(Command::Fetch { set, uid, items }).await
    }

    /// Adds flags to messages, given by UID.
    pub(super) async fn flag(&mut self, set: SequenceSet, flags: Vec<Flag>) -> Responses {
        self.ok(Command::Store(Store {
            set,
            uid: true,
            mode: StoreMode::Add,
            flags,
            silent: false,
        }))
        .await
    }
}

impl Responses {
    /// Returns the first value that `pick` gives for an event; panics if there is none.
    pub(super) fn find<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> T {
        let found = self.events.iter().find_map(pick);
        found.unwrap_or_else(|| panic!("not among {:?}", self.events))
    }

    /// Returns the data of all messages, in the order of arrival.
    pub(super) fn messages(&self) -> Vec<&FetchData> {
        let fetched = self.events.iter().filter_map(|event| match event {
            Event::Fetch(data) => Some(data),
            _ => None,
        });
        fetched.collect()
    }

    /// Returns the inline or streamed bodies, in order.
    pub(super) fn bodies(&self) -> Vec<Bytes> {
        let mut streamed = self.literals.iter();
        let messages = self.messages();
        let items = messages.iter().flat_map(|data| &data.items);
        items
            .filter_map(|item| match item {
                FetchedItem::Body { value, .. } | FetchedItem::Binary { value, .. } => Some(value),
                _ => None,
            })
            .map(|value| match value {
                BodyValue::Nil => Bytes::new(),
                BodyValue::Inline(bytes) => bytes.clone(),
                BodyValue::Streamed { .. } => {
                    Bytes::from(streamed.next().expect("it came").clone())
                }
            })
            .collect()
    }
}

/// The items for a whole message.
pub(super) fn whole() -> Vec<FetchItem> {
    vec![FetchItem::BodyPeek {
        section: Section::message(),
        partial: None,
    }]
}

/// Returns a mailbox by its decoded name.
pub(super) fn mailbox(name: &str) -> Mailbox {
    Mailbox::encode(name, false).expect("a name")
}

pub(super) fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

pub(super) fn uid(number: u32) -> Uid {
    Uid::new(number).expect("a UID")
}

/// Returns a set of UIDs.
pub(super) fn uids(numbers: &[u32]) -> SequenceSet {
    SequenceSet::from_numbers(numbers.iter().map(|number| uid(*number))).expect("some UIDs")
}
