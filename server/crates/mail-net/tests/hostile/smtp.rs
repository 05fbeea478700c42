//! SMTP: its places, its honest session, and what the owner of a connection observes.

mod honest;
mod link;
mod place;
mod words;

use std::net::Ipv4Addr;

use mail_net::{Connection, ConnectionEvent, Error, Phase};
use mail_proto::BodyChunk;
use mail_proto::smtp::{
    self, Address, Argument, Client, Command, EhloName, Envelope, Event, Outcome, RecipientResult,
    Stage,
};

use self::honest::{opening, signing_in, transaction};
pub(crate) use self::place::Position;
use self::place::Position as P;
use crate::case::{self, Expected, Mode, Protocol, Table, Turn};
use crate::link::Socket;
use crate::peer::ServerLog;
use crate::secrets;

pub(crate) struct Smtp;

/// Length of the message, in bytes: more than the driver and the connection buffer together.
const BODY_BYTES: usize = 640 << 10;
const BODY_LINE: &str = "Seventy octets of a message that nobody reads, line after line of it.\r\n";

/// The delivery result of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// It was never started.
    NotStarted,
    Accepted,
    Rejected(Stage),
    NotSent(Stage),
    Unknown,
}

/// What the owner of the connection observed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    is_ready: bool,
    /// Whether the sign-in succeeded.
    is_signed_in: Option<bool>,
    /// Whether the message was handed to the client.
    has_begun: bool,
    outcome: Option<Outcome>,
    /// The stage at the error of the session, and whether the final dot was sent.
    lost_at: Option<(Stage, bool)>,
}

impl Seen {
    fn delivery(&self) -> Delivery {
        match (&self.outcome, self.lost_at) {
            (Some(Outcome::Accepted { .. }), _) => Delivery::Accepted,
            (Some(Outcome::Rejected { stage, .. }), _) => Delivery::Rejected(*stage),
            (Some(Outcome::NotSent { stage, .. }), _) => Delivery::NotSent(*stage),
            (Some(Outcome::Unknown { .. }), _) => Delivery::Unknown,
            (None, Some((_, true))) => Delivery::Unknown,
            (None, Some((stage, false))) if self.has_begun => Delivery::NotSent(stage),
            (None, _) => Delivery::NotStarted,
        }
    }

    /// Returns the numbers of accepted and of refused recipients.
    fn recipients(&self) -> (usize, usize) {
        let Some(
            Outcome::Accepted { recipients, .. }
            | Outcome::Rejected { recipients, .. }
            | Outcome::NotSent { recipients, .. }
            | Outcome::Unknown { recipients, .. },
        ) = &self.outcome
        else {
            return (0, 0);
        };
        let count = |is: fn(&RecipientResult) -> bool| {
            recipients.iter().filter(|(_, result)| is(result)).count()
        };
        (
            count(|result| matches!(result, RecipientResult::Accepted(_))),
            count(|result| matches!(result, RecipientResult::Refused(_))),
        )
    }
}

type ClientConnection = Connection<Client, Socket>;

impl Protocol for Smtp {
    type Position = Position;
    type Error = smtp::Error;
    type Machine = Client;
    type Seen = Seen;

    const NAME: &'static str = "smtp";
    const HAS_TAGS: bool = false;
    const FIRST_PHASE: Phase = Phase::SmtpGreeting;

    fn machine(mode: Mode) -> Client {
        let name = EhloName::address_literal(Ipv4Addr::LOCALHOST.into());
        Client::new(smtp::Config::new(mode.tls(), name))
    }

    fn turns(position: Position, mode: Mode) -> Vec<Turn<Position>> {
        let mut turns = opening(position, mode);
        turns.extend(signing_in(position));
        turns.extend(transaction(position));
        turns
    }

    async fn run_client(
        connection: &mut ClientConnection,
        position: Position,
        seen: &mut Seen,
    ) -> Result<(), Error<smtp::Error>> {
        let result = send_message(connection, position, seen).await;
        if result.is_err() {
            let machine = connection.machine();
            seen.lost_at = Some((machine.stage(), machine.is_committed()));
        }
        result
    }

    fn sends_password_before(position: Position) -> bool {
        !matches!(
            position,
            P::Greeting
                | P::Ehlo
                | P::Helo
                | P::PlainEhlo
                | P::StartTls
                | P::Handshake
                | P::EhloInTls
                | P::ImplicitHandshake
                | P::AuthLogin
                | P::AuthUser
                | P::ScramFirst
                | P::ScramProof
                | P::AuthScram
                | P::CramMd5
                | P::AuthCram
        )
    }

    fn check_consistency(seen: &Seen, server_log: &ServerLog) {
        assert!(server_log.ended_messages <= 1, "a message was ended twice");
        match seen.delivery() {
            Delivery::Accepted => assert_eq!(server_log.commits, 1, "a message was lost"),
            // With these results the outbox may send the message again.
            Delivery::Rejected(_) | Delivery::NotSent(_) | Delivery::NotStarted => {
                assert_eq!(server_log.commits, 0, "a message would go out twice");
            }
            Delivery::Unknown => assert_eq!(server_log.ended_messages, 1, "its dot never left"),
        }
    }
}

/// Signs in, sends a message to three recipients, and quits, as the outbox does.
async fn send_message(
    connection: &mut ClientConnection,
    position: Position,
    seen: &mut Seen,
) -> Result<(), Error<smtp::Error>> {
    let mut remaining_lines = match position {
        P::Body | P::Final => BODY_BYTES / BODY_LINE.len(),
        _ => 3,
    };
    // One refused message before it.
    let mut refused_before = usize::from(position == P::Rset);
    loop {
        match connection.next().await? {
            ConnectionEvent::Event(Event::Ready { .. }) => {
                seen.is_ready = true;
                if position == P::Helo {
                    begin(connection, seen);
                } else {
                    connection.begin(Phase::SmtpHello);
                    let sign_in = connection.sign_in(match position {
                        P::Token => secrets::token(),
                        _ => secrets::credentials(),
                    });
                    connection.machine_mut().authenticate(sign_in);
                }
            }
            ConnectionEvent::Event(Event::Authenticated) => {
                seen.is_signed_in = Some(true);
                if position == P::Vrfy {
                    connection.begin(P::Vrfy.phase());
                    let name = Argument::new("ann").unwrap();
                    connection.machine_mut().command(Command::Vrfy(name));
                } else {
                    begin(connection, seen);
                }
            }
            ConnectionEvent::Event(Event::Answered { .. }) => quit(connection),
            ConnectionEvent::Event(Event::AuthenticationRefused { .. }) => {
                seen.is_signed_in = Some(false);
                quit(connection);
            }
            ConnectionEvent::NeedBody { max } => {
                connection.begin(Phase::SmtpBlock);
                let lines = (max / BODY_LINE.len()).min(remaining_lines);
                remaining_lines -= lines;
                connection.body(match lines {
                    0 => BodyChunk::End,
                    lines => BodyChunk::Data(BODY_LINE.repeat(lines).into()),
                });
            }
            ConnectionEvent::Event(Event::ReadyToCommit) => {
                connection.flushed().await?;
                connection.begin(Phase::SmtpFinalReply);
                connection.machine_mut().commit();
            }
            ConnectionEvent::Event(Event::Outcome(_)) if refused_before > 0 => {
                refused_before -= 1;
                begin(connection, seen);
            }
            ConnectionEvent::Event(Event::Outcome(outcome)) => {
                assert_eq!(seen.outcome, None, "two outcomes of one message");
                seen.outcome = Some(outcome);
                quit(connection);
            }
            ConnectionEvent::Event(_) => {}
            ConnectionEvent::Done => return Ok(()),
        }
    }
}

fn begin(connection: &mut ClientConnection, seen: &mut Seen) {
    seen.has_begun = true;
    connection.begin(Phase::SmtpEnvelope);
    connection.machine_mut().send(envelope());
}

fn quit(connection: &mut ClientConnection) {
    connection.begin(Phase::Farewell);
    connection.machine_mut().quit();
}

fn envelope() -> Envelope {
    let address = |text: &str| Address::new(text).unwrap();
    let recipients = ["bob@a.test", "cem@b.test", "dua@c.test"].map(address);
    let mut envelope = Envelope::new(address("ann@peer.test"), recipients);
    envelope.size_bytes = Some(BODY_BYTES as u64);
    envelope
}

fn completes(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Smtp> {
    case::completes(check)
}

fn fails(error: smtp::Error) -> Expected<Smtp> {
    case::fails(error)
}

/// The session continues, and the message has this result.
fn completes_with(delivery: Delivery) -> Expected<Smtp> {
    completes(move |seen| assert_eq!(seen.delivery(), delivery))
}

impl Expected<Smtp> {
    /// Adds the expected result of the message.
    fn with(self, delivery: Delivery) -> Self {
        self.and(move |seen: &Seen| assert_eq!(seen.delivery(), delivery, "{seen:?}"))
    }
}

pub(crate) fn table() -> Table<Smtp> {
    let mut table = Table::new();
    link::fill(&mut table);
    words::fill(&mut table);
    table
}
