//! IMAP: its places, its honest session, and what the owner of a connection observes.

mod data;
mod honest;
mod link;
mod place;
mod sign_in;

use std::time::Duration;

use mail_net::deadlines::BODY_GRACE;
use mail_net::{Connection, ConnectionEvent, Error, Phase};
use mail_proto::imap::selected::{Change, Selected};
use mail_proto::imap::{
    self, Client, Command, Enable, Event, Mailbox, SequenceSet, Status, Tag, Uid, UidValidity,
};
use mail_proto::{BodyChunk, Limits};
use tokio::time::timeout;

use crate::case::{self, Expected, Input, Mode, Protocol, Table, Turn, ends};
use crate::link::Socket;
use crate::peer::{BYTE_EVERY, ServerLog};
use crate::secrets;

use self::honest::{SELECTED, opening, signing_in, turns_at};
pub(crate) use self::place::Position;
use self::place::Position as P;

pub(crate) struct Imap;

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

/// Length of the appended message, in bytes: more than the driver and the connection buffer
/// together.
const APPEND_BYTES: usize = 400 << 10;
/// Size in bytes of the body in [`Position::FetchBody`]: over the limit for inline literals.
pub(crate) const BODY_BYTES: usize = 100_000;
/// Time after which IDLE is renewed.
const IDLE_RENEWED_AFTER: Duration = Duration::from_secs(9 * 60);
/// UIDVALIDITY of an earlier visit.
const UID_VALIDITY: u32 = 7;
const CAPABILITIES: &str = "IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS MOVE NAMESPACE";

/// What the owner of the connection observed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    is_ready: bool,
    /// The greeting, if the client accepted it.
    greeting: String,
    /// The status of the sign-in.
    signed_in: Option<Status>,
    /// The status of SELECT.
    selected: Option<Status>,
    /// The status of the command of the place.
    completed: Option<Status>,
    bye: Option<String>,
    /// The number of unknown responses.
    unknown: usize,
    mailboxes: usize,
    fetched: usize,
    /// Whether the data of a message was over a limit.
    has_too_large: bool,
    found: u64,
    body: Vec<u8>,
    is_body_whole: bool,
    body_size_bytes: u64,
    mailbox: Selected,
    changes: Vec<Change>,
    /// Whether the client requested the whole body of APPEND.
    is_append_sent: bool,
    has_ended: bool,
}

impl Seen {
    fn record(&mut self, event: &Event) {
        if let Some(change) = self.mailbox.apply(event)
            && self.changes.len() < 100
        {
            self.changes.push(change);
        }
        match event {
            Event::Bye { text, .. } => self.bye = Some(text.clone()),
            Event::Unknown(_) => self.unknown += 1,
            Event::List(_) => self.mailboxes += 1,
            Event::Fetch(data) => {
                self.fetched += 1;
                self.has_too_large |= data.is_too_large();
            }
            Event::Search(data) => self.found = data.found.as_ref().map_or(0, SequenceSet::len),
            Event::LiteralStart { size_bytes, .. } => self.body_size_bytes = *size_bytes,
            Event::LiteralChunk { bytes, .. } => {
                let room = BODY_BYTES.saturating_sub(self.body.len());
                self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Event::LiteralEnd { .. } => self.is_body_whole = true,
            _ => {}
        }
    }
}

type ClientConnection = Connection<Client, Socket>;
type Outcome<T> = Result<T, Error<imap::Error>>;

impl Protocol for Imap {
    type Position = Position;
    type Error = imap::Error;
    type Machine = Client;
    type Seen = Seen;

    const NAME: &'static str = "imap";
    const HAS_TAGS: bool = true;
    const FIRST_PHASE: Phase = Phase::SignIn;

    fn machine(mode: Mode) -> Client {
        Client::new(imap::Config {
            tls: mode.tls(),
            allow_plaintext_login: false,
            limits: Limits::default(),
        })
    }

    fn turns(position: Position, mode: Mode) -> Vec<Turn<Position>> {
        let mut turns = opening(position, mode);
        turns.extend(signing_in(position));
        if position == P::Select || position.is_in_mailbox() {
            turns.push(Turn::new(P::Select, Input::Line("SELECT"), SELECTED));
        }
        turns.extend(turns_at(position));
        let bye = "* BYE see you\r\n% OK gone\r\n";
        turns.push(Turn::new(P::Logout, Input::Line("LOGOUT"), bye));
        turns
    }

    async fn run_client(
        connection: &mut ClientConnection,
        position: Position,
        seen: &mut Seen,
    ) -> Outcome<()> {
        seen.mailbox = Selected::new(UidValidity::new(UID_VALIDITY));
        loop {
            match connection.next().await? {
                ConnectionEvent::Event(Event::Ready { greeting }) => {
                    (seen.is_ready, seen.greeting) = (true, greeting);
                    break;
                }
                ConnectionEvent::Event(event) => seen.record(&event),
                other => panic!("before it was ready: {other:?}"),
            }
        }
        let sign_in = connection.sign_in(match position {
            P::Token => secrets::token(),
            _ => secrets::credentials(),
        });
        let tag = connection.machine_mut().sign_in(sign_in);
        seen.signed_in = complete(connection, tag, Phase::SignIn, seen).await?;
        if seen.signed_in == Some(Status::Ok) {
            if position == P::Select || position.is_in_mailbox() {
                let select = Command::Select(Mailbox::inbox());
                seen.selected = run(connection, select, P::Select.phase(), seen).await?;
            }
            if matches!(position, P::Idle | P::Idling | P::Done) {
                seen.completed = idle(connection, seen).await?;
            } else if let Some(command) = position.command() {
                if position == P::Compressed {
                    run(connection, Command::Compress, position.phase(), seen).await?;
                }
                if position == P::Resync {
                    let enable = Command::Enable(vec![Enable::QResync]);
                    run(connection, enable, P::Enable.phase(), seen).await?;
                }
                seen.completed = run(connection, command, position.phase(), seen).await?;
            }
        }
        if !seen.has_ended {
            run(connection, Command::Logout, P::Logout.phase(), seen).await?;
        }
        while !seen.has_ended {
            match connection.next().await? {
                ConnectionEvent::Event(event) => seen.record(&event),
                ConnectionEvent::Done => seen.has_ended = true,
                body @ ConnectionEvent::NeedBody { .. } => panic!("{body:?}"),
            }
        }
        Ok(())
    }

    fn sends_password_before(position: Position) -> bool {
        position == P::Authenticate
            || position == P::Login
            || position == P::Token
            || position == P::CapabilityAfterSignIn
            || Position::SIGNED_IN.contains(&position)
    }

    fn check_consistency(seen: &Seen, server_log: &ServerLog) {
        assert!(server_log.commits <= 1, "a message was appended twice");
        if seen.is_append_sent && seen.completed == Some(Status::Ok) {
            assert_eq!(server_log.commits, 1, "a message was lost");
        }
        if seen.is_body_whole {
            assert_eq!(seen.body.len() as u64, seen.body_size_bytes);
        }
    }
}

async fn run(
    connection: &mut ClientConnection,
    command: Command,
    phase: Phase,
    seen: &mut Seen,
) -> Outcome<Option<Status>> {
    let tag = connection.machine_mut().enqueue(command);
    complete(connection, tag, phase, seen).await
}

/// Waits until a command completes; `None` if the session ends first.
async fn complete(
    connection: &mut ClientConnection,
    tag: Tag,
    phase: Phase,
    seen: &mut Seen,
) -> Outcome<Option<Status>> {
    if seen.has_ended {
        return Ok(None);
    }
    connection.begin(phase);
    let mut remaining = APPEND_BYTES;
    loop {
        match connection.next().await? {
            ConnectionEvent::Event(event) => {
                seen.record(&event);
                if let Event::Completed {
                    tag: done, status, ..
                } = event
                    && done == tag
                {
                    return Ok(Some(status));
                }
            }
            ConnectionEvent::NeedBody { .. } if remaining == 0 => {
                seen.is_append_sent = true;
                connection.body(BodyChunk::End);
            }
            ConnectionEvent::NeedBody { max } => {
                let chunk = vec![b'x'; max.min(remaining)];
                remaining -= chunk.len();
                connection.body(BodyChunk::Data(chunk.into()));
            }
            ConnectionEvent::Done => {
                seen.has_ended = true;
                return Ok(None);
            }
        }
    }
}

/// Idles until the server reports a change, or until the silence limit is reached.
async fn idle(connection: &mut ClientConnection, seen: &mut Seen) -> Outcome<Option<Status>> {
    let tag = connection.machine_mut().enqueue(Command::Idle);
    connection.begin(Phase::Idle);
    let outcome = async {
        loop {
            match connection.next().await? {
                ConnectionEvent::Event(Event::Completed {
                    tag: done, status, ..
                }) if done == tag => {
                    return Ok(Some(status));
                }
                ConnectionEvent::Event(event) => {
                    seen.record(&event);
                    if matches!(event, Event::Exists(_)) {
                        return Ok(None);
                    }
                }
                ConnectionEvent::Done => {
                    seen.has_ended = true;
                    return Ok(None);
                }
                body @ ConnectionEvent::NeedBody { .. } => panic!("{body:?}"),
            }
        }
    };
    let outcome = timeout(IDLE_RENEWED_AFTER, outcome).await;
    if let Ok(outcome) = outcome {
        let outcome = outcome?;
        if outcome.is_some() || seen.has_ended {
            return Ok(outcome);
        }
    }
    connection.machine_mut().enqueue(Command::Done);
    complete(connection, tag, P::Done.phase(), seen).await
}

fn completes(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Imap> {
    case::completes(check)
}

fn fails(error: imap::Error) -> Expected<Imap> {
    case::fails(error)
}

fn hits_silence_deadline(phase: Phase) -> Expected<Imap> {
    case::hits_silence_deadline(phase)
}

/// Silence from the beginning of IDLE, or in the middle of it.
fn silent_in_idle() -> Expected<Imap> {
    let silent = hits_silence_deadline(P::Done.phase());
    let elapsed = silent.elapsed.unwrap_or_default();
    silent.after(IDLE_RENEWED_AFTER + elapsed)
}

/// The client gives up on a slow body with the first byte after its grace period.
fn too_slow() -> Expected<Imap> {
    let phase = Phase::Body;
    ends(Error::Deadline { phase }).after(BODY_GRACE + BYTE_EVERY)
}

pub(crate) fn table() -> Table<Imap> {
    let mut table = Table::new();
    link::fill(&mut table);
    sign_in::fill(&mut table);
    data::fill(&mut table);
    table
}
