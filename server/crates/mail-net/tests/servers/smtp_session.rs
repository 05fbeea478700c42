//! An SMTP session for test cases.

use bytes::Bytes;
use mail_net::{Connection, ConnectionEvent, Phase, Recorder, TlsMode};
use mail_proto::BodyChunk;
use mail_proto::sasl::Credentials;
use mail_proto::smtp::{
    Client, Command, Config, EhloName, Envelope, Error, Event, Extensions, Outcome, Reply,
};

use super::machine::Authority;
use super::{connect, credentials};

/// An SMTP connection with its transcript.
pub(super) struct Smtp {
    connection: Connection<Client>,
    recorder: Recorder,
}

impl Smtp {
    /// Connects and waits until the client is ready; with `prefers_data` it does not use BDAT.
    pub(super) async fn connect(
        authority: &Authority,
        port: u16,
        tls: TlsMode,
        prefers_data: bool,
    ) -> Self {
        let mut config = Config::new(tls, EhloName::domain("client.test").expect("a name"));
        config.prefers_data = prefers_data;
        let client = Client::new(config);
        let greeting = Phase::SmtpGreeting;
        let (connection, recorder) = connect(authority, port, tls, client, greeting).await;
        let mut session = Self {
            connection,
            recorder,
        };
        match session.next().await {
            Event::Ready { .. } => session,
            other => panic!("not ready: {other:?}\n{}", session.transcript()),
        }
    }

    /// Connects by implicit TLS and signs in with the right password.
    pub(super) async fn signed_in(authority: &Authority, port: u16) -> Self {
        let mut session = Self::connect(authority, port, TlsMode::Implicit, false).await;
        let refusal = session.sign_in(credentials()).await;
        assert_eq!(refusal, None, "{}", session.transcript());
        session
    }

    /// Signs in; returns the reply if the server refuses.
    pub(super) async fn sign_in(&mut self, credentials: Credentials) -> Option<Reply> {
        let sign_in = self.connection.sign_in(credentials);
        self.connection.machine_mut().authenticate(sign_in);
        match self.next().await {
            Event::Authenticated => None,
            Event::AuthenticationRefused { reply } => Some(reply),
            other => panic!("instead of a sign-in: {other:?}\n{}", self.transcript()),
        }
    }

    pub(super) fn extensions(&self) -> &Extensions {
        self.connection.machine().extensions()
    }

    /// Sends a message and returns its delivery result.
    pub(super) async fn send(&mut self, envelope: Envelope, mut message: &[u8]) -> Outcome {
        self.connection.machine_mut().send(envelope);
        self.connection.begin(Phase::Command);
        loop {
            match self.connection.next().await {
                Ok(ConnectionEvent::NeedBody { max }) => {
                    let (piece, rest) = message.split_at(max.min(message.len()));
                    message = rest;
                    self.connection.body(match piece {
                        [] => BodyChunk::End,
                        piece => BodyChunk::Data(Bytes::copy_from_slice(piece)),
                    });
                }
                Ok(ConnectionEvent::Event(Event::ReadyToCommit)) => {
                    self.connection.machine_mut().commit();
                }
                Ok(ConnectionEvent::Event(Event::Outcome(outcome))) => return outcome,
                other => panic!("instead of an outcome: {other:?}\n{}", self.transcript()),
            }
        }
    }

    /// Sends a command outside a transaction.
    pub(super) async fn command(&mut self, command: Command) -> Reply {
        self.connection.machine_mut().command(command);
        match self.next().await {
            Event::Answered { reply, .. } => reply,
            other => panic!("instead of an answer: {other:?}\n{}", self.transcript()),
        }
    }

    /// Sends QUIT and waits for the end.
    pub(super) async fn quit(mut self) {
        self.connection.machine_mut().quit();
        self.connection.begin(Phase::Farewell);
        let end = self.connection.next().await;
        assert!(
            matches!(end, Ok(ConnectionEvent::Done)),
            "{}",
            self.transcript()
        );
    }

    async fn next(&mut self) -> Event {
        self.connection.begin(Phase::Command);
        let result: Result<_, mail_net::Error<Error>> = self.connection.next().await;
        match result {
            Ok(ConnectionEvent::Event(event)) => event,
            other => panic!("instead of an event: {other:?}\n{}", self.transcript()),
        }
    }

    /// Returns whether a sent line begins with `beginning`.
    pub(super) fn has_sent(&self, beginning: &str) -> bool {
        self.sent(beginning).is_some()
    }

    /// Returns the first sent line that begins with `beginning`.
    pub(super) fn sent(&self, beginning: &str) -> Option<String> {
        let beginning = format!("> {beginning}");
        let lines = self.recorder.entries().into_iter();
        let mut lines = lines.map(|entry| entry.line.to_string());
        lines.find(|line| line.starts_with(&beginning))
    }

    /// Returns the whole transcript, for messages of failed assertions.
    pub(super) fn transcript(&self) -> String {
        let entries = self.recorder.entries().into_iter();
        entries.map(|entry| format!("{}\n", entry.line)).collect()
    }
}
