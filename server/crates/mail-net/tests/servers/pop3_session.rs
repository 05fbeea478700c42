//! A POP3 session for test cases.

use mail_net::{Connection, ConnectionEvent, Phase, Recorder, TlsMode};
use mail_proto::Limits;
use mail_proto::pop3::{
    Capabilities, Client, Command, CommandId, Config, Deletions, Error, Event, MessageNumber,
    Response, ScanListing, UniqueIdListing,
};
use mail_proto::sasl::Credentials;

use super::machine::Authority;
use super::{connect, credentials};

/// A POP3 connection with its transcript.
pub(super) struct Pop3 {
    connection: Connection<Client>,
    recorder: Recorder,
}

/// The responses to a command.
#[derive(Debug, Default)]
pub(super) struct Responses {
    /// The response text, if the server accepted the command with a status line.
    pub(super) accepted: Option<Response>,
    /// The response text, if the server refused the command.
    pub(super) refused: Option<Response>,
    /// The complete message.
    pub(super) message: Vec<u8>,
    pub(super) events: Vec<Event>,
}

impl Pop3 {
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
        };
        match session.connection.next().await {
            Ok(ConnectionEvent::Event(Event::Ready { .. })) => session,
            other => panic!("not ready: {other:?}\n{}", session.transcript()),
        }
    }

    /// Connects by implicit TLS and signs in with the right password.
    pub(super) async fn signed_in(authority: &Authority, port: u16) -> Self {
        let mut session = Self::connect(authority, port, TlsMode::Implicit).await;
        let responses = session.sign_in(credentials()).await;
        assert!(responses.accepted.is_some(), "{}", session.transcript());
        session
    }

    pub(super) async fn sign_in(&mut self, credentials: Credentials) -> Responses {
        let sign_in = self.connection.sign_in(credentials);
        self.run(Command::Login(sign_in)).await
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        self.connection.machine().capabilities()
    }

    pub(super) fn deletions(&self) -> Deletions {
        self.connection.machine().deletions()
    }

    /// Queues a command; the client sends it as early as allowed.
    pub(super) fn enqueue(&mut self, command: Command) -> CommandId {
        self.connection.machine_mut().enqueue(command)
    }

    /// Sends a command and waits for its completion, whatever its status.
    pub(super) async fn run(&mut self, command: Command) -> Responses {
        let id = self.enqueue(command);
        self.responses_to(id).await
    }

    /// The same, for a command that must succeed.
    pub(super) async fn ok(&mut self, command: Command) -> Responses {
        let what = format!("{command:?}");
        let responses = self.run(command).await;
        assert!(responses.refused.is_none(), "{what}\n{}", self.transcript());
        responses
    }

    /// Waits for the completion of a command, which must be the oldest.
    pub(super) async fn responses_to(&mut self, expected: CommandId) -> Responses {
        let mut responses = Responses::default();
        self.connection.begin(Phase::Command);
        loop {
            let event = match self.connection.next().await {
                Ok(ConnectionEvent::Event(event)) => event,
                other => panic!("instead of an answer: {other:?}\n{}", self.transcript()),
            };
            match event {
                Event::Completed { id, response } | Event::Quit { id, response }
                    if id == expected =>
                {
                    responses.accepted = Some(response);
                    return responses;
                }
                Event::Rejected { id, response } if id == expected => {
                    responses.refused = Some(response);
                    return responses;
                }
                Event::BodyChunk { id, bytes } if id == expected => {
                    responses.message.extend_from_slice(&bytes);
                }
                Event::BodyEnd { id, size_bytes } if id == expected => {
                    assert_eq!(size_bytes, responses.message.len() as u64);
                    return responses;
                }
                event @ (Event::Stat { .. } | Event::Capabilities { .. }) => {
                    responses.events.push(event);
                    return responses;
                }
                event => responses.events.push(event),
            }
        }
    }

    /// Waits for an event that belongs to no command.
    pub(super) async fn next(&mut self) -> Event {
        self.connection.begin(Phase::Command);
        match self.connection.next().await {
            Ok(ConnectionEvent::Event(event)) => event,
            other => panic!("instead of an event: {other:?}\n{}", self.transcript()),
        }
    }

    /// Waits for the end of the session or its error.
    pub(super) async fn end(&mut self) -> Result<(), mail_net::Error<Error>> {
        self.connection.begin(Phase::Farewell);
        loop {
            if let ConnectionEvent::Done = self.connection.next().await? {
                return Ok(());
            }
        }
    }

    /// Sends QUIT and waits for the end; returns the result of the deletions.
    pub(super) async fn quit(mut self) -> Deletions {
        self.ok(Command::Quit).await;
        let end = self.end().await;
        assert_eq!(end, Ok(()), "{}", self.transcript());
        self.deletions()
    }

    /// Returns the sizes of all messages.
    pub(super) async fn list(&mut self) -> Vec<ScanListing> {
        let responses = self.ok(Command::List).await;
        let rows = responses
            .events
            .into_iter()
            .filter_map(|event| match event {
                Event::Listing { rows, .. } => Some(rows),
                _ => None,
            });
        rows.flatten().collect()
    }

    /// Returns the unique ids of all messages.
    pub(super) async fn uidl(&mut self) -> Vec<UniqueIdListing> {
        let responses = self.ok(Command::Uidl).await;
        let rows = responses
            .events
            .into_iter()
            .filter_map(|event| match event {
                Event::UniqueIds { rows, .. } => Some(rows),
                _ => None,
            });
        rows.flatten().collect()
    }

    /// Returns the number of messages.
    pub(super) async fn count(&mut self) -> u32 {
        let responses = self.ok(Command::Stat).await;
        match responses.events.as_slice() {
            [Event::Stat { listing, .. }] => listing.messages,
            other => panic!("{other:?}"),
        }
    }

    /// Returns whether a sent line begins with `beginning`.
    pub(super) fn has_sent(&self, beginning: &str) -> bool {
        let beginning = format!("> {beginning}");
        let mut entries = self.recorder.entries().into_iter();
        entries.any(|entry| entry.line.to_string().starts_with(&beginning))
    }

    /// Returns the whole transcript, for messages of failed assertions.
    pub(super) fn transcript(&self) -> String {
        let entries = self.recorder.entries().into_iter();
        entries.map(|entry| format!("{}\n", entry.line)).collect()
    }
}

pub(super) fn number(number: u32) -> MessageNumber {
    MessageNumber::new(number).expect("a message number")
}
