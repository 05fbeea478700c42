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
pub(crate) use self::place::Place;
use self::place::Place as P;
use crate::case::{self, Expected, Mode, Protocol, Table, Turn};
use crate::link::Socket;
use crate::peer::Heard;
use crate::secrets;

pub(crate) struct Smtp;

/// Length of the message, in bytes: more than the driver and the connection buffer together.
const BODY_BYTES: usize = 640 << 10;
const BODY_LINE: &str = "Seventy octets of a message that nobody reads, line after line of it.\r\n";

/// The delivery result of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was never started.
    Waiting,
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
    is_begun: bool,
    outcome: Option<Outcome>,
    /// The stage at the error of the session, and whether the final dot was sent.
    lost_at: Option<(Stage, bool)>,
}

impl Seen {
    fn fate(&self) -> Fate {
        match (&self.outcome, self.lost_at) {
            (Some(Outcome::Accepted { .. }), _) => Fate::Accepted,
            (Some(Outcome::Rejected { stage, .. }), _) => Fate::Rejected(*stage),
            (Some(Outcome::NotSent { stage, .. }), _) => Fate::NotSent(*stage),
            (Some(Outcome::Unknown { .. }), _) => Fate::Unknown,
            (None, Some((_, true))) => Fate::Unknown,
            (None, Some((stage, false))) if self.is_begun => Fate::NotSent(stage),
            (None, _) => Fate::Waiting,
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

type Link = Connection<Client, Socket>;

impl Protocol for Smtp {
    type Place = Place;
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

    fn turns(place: Place, mode: Mode) -> Vec<Turn<Place>> {
        let mut turns = opening(place, mode);
        turns.extend(signing_in(place));
        turns.extend(transaction(place));
        turns
    }

    async fn converse(
        link: &mut Link,
        place: Place,
        seen: &mut Seen,
    ) -> Result<(), Error<smtp::Error>> {
        let result = talk(link, place, seen).await;
        if result.is_err() {
            let machine = link.machine();
            seen.lost_at = Some((machine.stage(), machine.is_committed()));
        }
        result
    }

    fn password_leaves_before(place: Place) -> bool {
        !matches!(
            place,
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

    fn reconcile(seen: &Seen, heard: &Heard) {
        assert!(heard.dots <= 1, "a message was ended twice");
        match seen.fate() {
            Fate::Accepted => assert_eq!(heard.commits, 1, "a message was lost"),
            // With these results the outbox may send the message again.
            Fate::Rejected(_) | Fate::NotSent(_) | Fate::Waiting => {
                assert_eq!(heard.commits, 0, "a message would go out twice");
            }
            Fate::Unknown => assert_eq!(heard.dots, 1, "its dot never left"),
        }
    }
}

/// Signs in, sends a message to three recipients, and quits, as the outbox does.
async fn talk(link: &mut Link, place: Place, seen: &mut Seen) -> Result<(), Error<smtp::Error>> {
    let mut body_left = match place {
        P::Body | P::Final => BODY_BYTES / BODY_LINE.len(),
        _ => 3,
    };
    // One refused message before it.
    let mut earlier = usize::from(place == P::Rset);
    loop {
        match link.next().await? {
            ConnectionEvent::Event(Event::Ready { .. }) => {
                seen.is_ready = true;
                if place == P::Helo {
                    begin(link, seen);
                } else {
                    link.begin(Phase::SmtpHello);
                    let sign_in = link.sign_in(match place {
                        P::Token => secrets::token(),
                        _ => secrets::credentials(),
                    });
                    link.machine_mut().authenticate(sign_in);
                }
            }
            ConnectionEvent::Event(Event::Authenticated) => {
                seen.is_signed_in = Some(true);
                if place == P::Vrfy {
                    link.begin(P::Vrfy.phase());
                    let name = Argument::new("ann").unwrap();
                    link.machine_mut().command(Command::Vrfy(name));
                } else {
                    begin(link, seen);
                }
            }
            ConnectionEvent::Event(Event::Answered { .. }) => quit(link),
            ConnectionEvent::Event(Event::AuthenticationRefused { .. }) => {
                seen.is_signed_in = Some(false);
                quit(link);
            }
            ConnectionEvent::NeedBody { max } => {
                link.begin(Phase::SmtpBlock);
                let lines = (max / BODY_LINE.len()).min(body_left);
                body_left -= lines;
                link.body(match lines {
                    0 => BodyChunk::End,
                    lines => BodyChunk::Data(BODY_LINE.repeat(lines).into()),
                });
            }
            ConnectionEvent::Event(Event::ReadyToCommit) => {
                link.flushed().await?;
                link.begin(Phase::SmtpFinalReply);
                link.machine_mut().commit();
            }
            ConnectionEvent::Event(Event::Outcome(_)) if earlier > 0 => {
                earlier -= 1;
                begin(link, seen);
            }
            ConnectionEvent::Event(Event::Outcome(outcome)) => {
                assert_eq!(seen.outcome, None, "two outcomes of one message");
                seen.outcome = Some(outcome);
                quit(link);
            }
            ConnectionEvent::Event(_) => {}
            ConnectionEvent::Done => return Ok(()),
        }
    }
}

fn begin(link: &mut Link, seen: &mut Seen) {
    seen.is_begun = true;
    link.begin(Phase::SmtpEnvelope);
    link.machine_mut().send(envelope());
}

fn quit(link: &mut Link) {
    link.begin(Phase::Farewell);
    link.machine_mut().quit();
}

fn envelope() -> Envelope {
    let address = |text: &str| Address::new(text).unwrap();
    let recipients = ["bob@a.test", "cem@b.test", "dua@c.test"].map(address);
    let mut envelope = Envelope::new(address("ann@peer.test"), recipients);
    envelope.size_bytes = Some(BODY_BYTES as u64);
    envelope
}

fn goes_on(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Smtp> {
    case::goes_on(check)
}

fn fails(error: smtp::Error) -> Expected<Smtp> {
    case::fails(error)
}

/// The session continues, and the message has this result.
fn meets(fate: Fate) -> Expected<Smtp> {
    goes_on(move |seen| assert_eq!(seen.fate(), fate))
}

impl Expected<Smtp> {
    /// Adds the expected result of the message.
    fn with(self, fate: Fate) -> Self {
        self.and(move |seen: &Seen| assert_eq!(seen.fate(), fate, "{seen:?}"))
    }
}

pub(crate) fn table() -> Table<Smtp> {
    let mut table = Table::new();
    link::fill(&mut table);
    words::fill(&mut table);
    table
}
