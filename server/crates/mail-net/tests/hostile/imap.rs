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

use crate::case::{self, Expected, Hears, Mode, Protocol, Table, Turn, ends};
use crate::link::Socket;
use crate::peer::{BYTE_EVERY, Heard};
use crate::secrets;

use self::honest::{SELECTED, of_place, opening, signing_in};
pub(crate) use self::place::Place;
use self::place::Place as P;

pub(crate) struct Imap;

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

/// Length of the appended message, in bytes: more than the driver and the connection buffer
/// together.
const APPEND_BYTES: usize = 400 << 10;
/// Size in bytes of the body in [`Place::FetchBody`]: over the limit for inline literals.
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
    is_append_given: bool,
    is_over: bool,
}

impl Seen {
    fn take(&mut self, event: &Event) {
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

type Link = Connection<Client, Socket>;
type Outcome<T> = Result<T, Error<imap::Error>>;

impl Protocol for Imap {
    type Place = Place;
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

    fn turns(place: Place, mode: Mode) -> Vec<Turn<Place>> {
        let mut turns = opening(place, mode);
        turns.extend(signing_in(place));
        if place == P::Select || place.is_in_mailbox() {
            turns.push(Turn::new(P::Select, Hears::Line("SELECT"), SELECTED));
        }
        turns.extend(of_place(place));
        let bye = "* BYE see you\r\n% OK gone\r\n";
        turns.push(Turn::new(P::Logout, Hears::Line("LOGOUT"), bye));
        turns
    }

    async fn converse(link: &mut Link, place: Place, seen: &mut Seen) -> Outcome<()> {
        seen.mailbox = Selected::new(UidValidity::new(UID_VALIDITY));
        loop {
            match link.next().await? {
                ConnectionEvent::Event(Event::Ready { greeting }) => {
                    (seen.is_ready, seen.greeting) = (true, greeting);
                    break;
                }
                ConnectionEvent::Event(event) => seen.take(&event),
                other => panic!("before it was ready: {other:?}"),
            }
        }
        let sign_in = link.sign_in(match place {
            P::Token => secrets::token(),
            _ => secrets::credentials(),
        });
        let tag = link.machine_mut().sign_in(sign_in);
        seen.signed_in = complete(link, tag, Phase::SignIn, seen).await?;
        if seen.signed_in == Some(Status::Ok) {
            if place == P::Select || place.is_in_mailbox() {
                let select = Command::Select(Mailbox::inbox());
                seen.selected = run(link, select, P::Select.phase(), seen).await?;
            }
            if matches!(place, P::Idle | P::Idling | P::Done) {
                seen.completed = idle(link, seen).await?;
            } else if let Some(command) = place.command() {
                if place == P::Compressed {
                    run(link, Command::Compress, place.phase(), seen).await?;
                }
                if place == P::Resync {
                    let enable = Command::Enable(vec![Enable::QResync]);
                    run(link, enable, P::Enable.phase(), seen).await?;
                }
                seen.completed = run(link, command, place.phase(), seen).await?;
            }
        }
        if !seen.is_over {
            run(link, Command::Logout, P::Logout.phase(), seen).await?;
        }
        while !seen.is_over {
            match link.next().await? {
                ConnectionEvent::Event(event) => seen.take(&event),
                ConnectionEvent::Done => seen.is_over = true,
                body @ ConnectionEvent::NeedBody { .. } => panic!("{body:?}"),
            }
        }
        Ok(())
    }

    fn password_leaves_before(place: Place) -> bool {
        place == P::Authenticate
            || place == P::Login
            || place == P::Token
            || place == P::CapabilityAfterSignIn
            || Place::SIGNED_IN.contains(&place)
    }

    fn reconcile(seen: &Seen, heard: &Heard) {
        assert!(heard.commits <= 1, "a message was appended twice");
        if seen.is_append_given && seen.completed == Some(Status::Ok) {
            assert_eq!(heard.commits, 1, "a message was lost");
        }
        if seen.is_body_whole {
            assert_eq!(seen.body.len() as u64, seen.body_size_bytes);
        }
    }
}

async fn run(
    link: &mut Link,
    command: Command,
    phase: Phase,
    seen: &mut Seen,
) -> Outcome<Option<Status>> {
    let tag = link.machine_mut().enqueue(command);
    complete(link, tag, phase, seen).await
}

/// Waits until a command completes; `None` if the session ends first.
async fn complete(
    link: &mut Link,
    tag: Tag,
    phase: Phase,
    seen: &mut Seen,
) -> Outcome<Option<Status>> {
    if seen.is_over {
        return Ok(None);
    }
    link.begin(phase);
    let mut left = APPEND_BYTES;
    loop {
        match link.next().await? {
            ConnectionEvent::Event(event) => {
                seen.take(&event);
                if let Event::Completed {
                    tag: done, status, ..
                } = event
                    && done == tag
                {
                    return Ok(Some(status));
                }
            }
            ConnectionEvent::NeedBody { .. } if left == 0 => {
                seen.is_append_given = true;
                link.body(BodyChunk::End);
            }
            ConnectionEvent::NeedBody { max } => {
                let chunk = vec![b'x'; max.min(left)];
                left -= chunk.len();
                link.body(BodyChunk::Data(chunk.into()));
            }
            ConnectionEvent::Done => {
                seen.is_over = true;
                return Ok(None);
            }
        }
    }
}

/// Idles until the server reports a change, or until the silence limit is reached.
async fn idle(link: &mut Link, seen: &mut Seen) -> Outcome<Option<Status>> {
    let tag = link.machine_mut().enqueue(Command::Idle);
    link.begin(Phase::Idle);
    let told = async {
        loop {
            match link.next().await? {
                ConnectionEvent::Event(Event::Completed {
                    tag: done, status, ..
                }) if done == tag => {
                    return Ok(Some(status));
                }
                ConnectionEvent::Event(event) => {
                    seen.take(&event);
                    if matches!(event, Event::Exists(_)) {
                        return Ok(None);
                    }
                }
                ConnectionEvent::Done => {
                    seen.is_over = true;
                    return Ok(None);
                }
                body @ ConnectionEvent::NeedBody { .. } => panic!("{body:?}"),
            }
        }
    };
    let told = timeout(IDLE_RENEWED_AFTER, told).await;
    if let Ok(told) = told {
        let told = told?;
        if told.is_some() || seen.is_over {
            return Ok(told);
        }
    }
    link.machine_mut().enqueue(Command::Done);
    complete(link, tag, P::Done.phase(), seen).await
}

fn goes_on(check: impl Fn(&Seen) + Send + Sync + 'static) -> Expected<Imap> {
    case::goes_on(check)
}

fn fails(error: imap::Error) -> Expected<Imap> {
    case::fails(error)
}

fn falls_silent(phase: Phase) -> Expected<Imap> {
    case::falls_silent(phase)
}

/// Silence from the beginning of IDLE, or in the middle of it.
fn silent_in_idle() -> Expected<Imap> {
    let silent = falls_silent(P::Done.phase());
    let elapsed = silent.elapsed.unwrap_or_default();
    silent.after(IDLE_RENEWED_AFTER + elapsed)
}

/// The client gives up on a slow body with the first byte after its grace period.
fn paced() -> Expected<Imap> {
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
