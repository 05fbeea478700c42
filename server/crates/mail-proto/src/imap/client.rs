//! The client machine: its state, and what it says next. [`send`] holds what we say, [`receive`] what
//! the server says, [`sign_in`] both sides of signing in.

mod receive;
mod send;
mod sign_in;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::Tls;
use super::capability::{Capabilities, Capability};
use super::command::{Command, Tag};
use super::encode::Chunk;
use super::error::{Error, Misbehaviour};
use super::event::Event;
use super::framer::Framer;
use super::schedule::Kind;
use super::texts;
use crate::limits::Limits;
use crate::machine::{BodyChunk, Machine, Step};
use crate::sasl::{Authentication, DerivedKey, KeyDerivation, SignIn};
use crate::transcript::{Line, Transcribed, Transcript};

/// The most of a body that is asked for at once.
const BODY_CHUNK_BYTES: usize = 64 << 10;

/// How a connection is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// When TLS begins.
    pub tls: Tls,
    /// Passwords may leave on [`Tls::Plain`]: for servers that the operator allows to be spoken
    /// to in plaintext.
    pub allow_plaintext_login: bool,
    /// How much of the server's words is believed.
    pub limits: Limits,
}

/// An IMAP connection, from the greeting to its end.
///
/// It greets, starts TLS and asks for the capabilities by itself, then reports [`Event::Ready`].
/// Commands can be queued at any time; they leave in order, as early as the server's state allows:
///
/// - behind a literal that waits for `+`, a body, IDLE and signing in everything waits;
/// - IDLE, COMPRESS and signing in wait until nothing is under way, and so does what leaves a mailbox: SELECT,
///   EXAMINE, UNSELECT and CLOSE, but for the first SELECT;
/// - a command with sequence numbers waits until only such FETCH, STORE and SEARCH are under way
///   (RFC 9051 §5.5); FETCH, which changes nothing, leaves behind DONE as well: where an EXPUNGE
///   comes before the answer to IDLE, its numbers are those of other messages than meant.
///
/// An extension whose command is answered BAD is off for the rest of the session: servers announce what
/// they cannot do. SELECT and FETCH take nothing away.
///
/// After BYE nothing more is sent, and commands that have not left get no answer.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    framer: Framer,
    said: Transcript,
    capabilities: Capabilities,
    /// What an earlier connection was told behind its sign-in.
    remembered: Option<Capabilities>,
    /// What the server announced and answered with BAD: it stays off, whatever it announces later.
    switched_off: Vec<Capability>,
    /// The capabilities were told since we last signed in or started TLS.
    capabilities_told: bool,
    greeting: String,
    last_tag: u32,
    last_idle: Tag,
    /// SELECT or EXAMINE has left, and the mailbox was not closed since.
    mailbox_open: bool,
    queue: VecDeque<Queued>,
    under_way: Vec<UnderWay>,
    /// The command whose chunks are leaving; it is under way as well.
    sending: Option<Sending>,
    writes: VecDeque<Bytes>,
    line: BytesMut,
    events: VecDeque<Event>,
    work: Option<KeyDerivation>,
    bye: bool,
    input_ended: bool,
    failed: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The greeting is awaited.
    Greeting,
    /// In plaintext, before STARTTLS: nothing the server says is believed or reported.
    BeforeTls,
    /// STARTTLS was accepted.
    Upgrading,
    /// COMPRESS was accepted: every byte behind its answer is compressed.
    Deflating,
    /// The capabilities are awaited.
    Opening,
    Ready,
    Over,
}

#[derive(Debug)]
struct Queued {
    tag: Tag,
    command: Command,
    /// DONE was asked for since: if this is IDLE, it ends as soon as it runs.
    done: bool,
}

#[derive(Debug)]
struct UnderWay {
    tag: Tag,
    purpose: Purpose,
    /// The extension that BAD to this command takes away.
    relies_on: Option<Capability>,
}

#[derive(Debug)]
enum Purpose {
    /// The machine's own STARTTLS.
    StartTls,
    /// The machine's own CAPABILITY before it is ready.
    Opening,
    /// The machine's own CAPABILITY behind a sign-in, whose completion is held until it is over.
    SignedIn {
        completed: Box<Event>,
    },
    SignIn {
        /// The tag that the owner knows it by; a second mechanism has one of its own.
        answers: Tag,
        /// The exchange of AUTHENTICATE; LOGIN has none.
        authentication: Option<Box<Authentication>>,
    },
    Logout,
    Compress,
    /// UNSELECT or CLOSE.
    Leave,
    Idle {
        running: bool,
        done_asked: bool,
        done_sent: bool,
    },
    Plain(Kind),
}

impl Purpose {
    const fn kind(&self) -> Kind {
        match self {
            Self::StartTls
            | Self::Opening
            | Self::SignedIn { .. }
            | Self::SignIn { .. }
            | Self::Logout
            | Self::Compress
            | Self::Leave => Kind::Exclusive,
            Self::Idle { done_sent, .. } => Kind::Idle { done: *done_sent },
            Self::Plain(kind) => *kind,
        }
    }
}

#[derive(Debug)]
struct Sending {
    tag: Tag,
    chunks: VecDeque<Chunk>,
    waits: Waits,
    /// The answer came before the body was complete. The body still has to be, for the server
    /// counts its bytes.
    completed: Option<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    ForContinuation,
    ForBody {
        announced_bytes: u64,
        left_bytes: u64,
    },
}

impl Client {
    /// Makes a machine for a connection on which nothing was said yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            phase: Phase::Greeting,
            framer: Framer::new(config.limits),
            said: Transcript::new(),
            capabilities: Capabilities::default(),
            remembered: None,
            switched_off: Vec::new(),
            capabilities_told: false,
            greeting: String::new(),
            last_tag: 0,
            last_idle: Tag(0),
            mailbox_open: false,
            queue: VecDeque::new(),
            under_way: Vec::new(),
            sending: None,
            writes: VecDeque::new(),
            line: BytesMut::new(),
            events: VecDeque::new(),
            work: None,
            bye: false,
            input_ended: false,
            failed: None,
        }
    }

    /// Queues a command and returns its tag, by which [`Event::Completed`] names it.
    ///
    /// [`Command::Done`] returns the tag of the IDLE that it ends.
    pub fn enqueue(&mut self, command: Command) -> Tag {
        if matches!(command, Command::Done) {
            self.ask_done();
            return self.last_idle;
        }
        let tag = self.next_tag();
        if matches!(command, Command::Idle) {
            self.last_idle = tag;
        }
        self.queue.push_back(Queued {
            tag,
            command,
            done: false,
        });
        tag
    }

    /// Queues [`Command::SignIn`].
    pub fn sign_in(&mut self, sign_in: impl Into<SignIn>) -> Tag {
        self.enqueue(Command::SignIn(sign_in.into()))
    }

    /// Returns what the server can do, as far as it was told over this connection's TLS.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Takes what an earlier connection to this server was told behind its sign-in.
    ///
    /// If the answer to the sign-in does not tell what the server can do, these hold until the
    /// answer to CAPABILITY, which leaves with the next command: no round trip is spent on it.
    pub fn remember(&mut self, capabilities: Capabilities) {
        self.remembered = Some(capabilities);
    }

    /// Tells whether IDLE is on and nobody has asked for DONE.
    pub fn is_idling(&self) -> bool {
        self.under_way.iter().any(|one| {
            matches!(
                one.purpose,
                Purpose::Idle {
                    running: true,
                    done_asked: false,
                    ..
                }
            )
        })
    }

    /// Returns how many bytes the response had that the last event came from, without literals
    /// that were streamed: what data is counted by that shares its memory.
    pub const fn response_bytes(&self) -> usize {
        self.framer.finished_bytes()
    }

    fn next_tag(&mut self) -> Tag {
        // No connection lives for four thousand million commands.
        self.last_tag = self.last_tag.wrapping_add(1);
        Tag(self.last_tag)
    }

    fn ask_done(&mut self) {
        for queued in &mut self.queue {
            queued.done = true;
        }
        for one in &mut self.under_way {
            if let Purpose::Idle { done_asked, .. } = &mut one.purpose {
                *done_asked = true;
            }
        }
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Step::Event(event));
            }
            self.send_what_may_leave()?;
            if let Some(bytes) = self.take_write() {
                return Ok(Step::Write(bytes));
            }
            if let Some(work) = self.work.take() {
                return Ok(Step::DeriveKey(work));
            }
            match self.phase {
                Phase::Over => return Ok(Step::Done),
                Phase::Upgrading if self.framer.has_input() => {
                    return Err(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls));
                }
                Phase::Upgrading => return Ok(Step::StartTls),
                Phase::Deflating => {
                    let fed = self.framer.take_input();
                    return Ok(Step::StartDeflate { fed });
                }
                Phase::Greeting | Phase::BeforeTls | Phase::Opening | Phase::Ready => {}
            }
            if let Some(frame) = self.framer.next(&mut self.said)? {
                self.take_frame(frame)?;
            } else if self.input_ended {
                if !self.bye {
                    return Err(Error::Closed);
                }
                self.phase = Phase::Over;
            } else if let Some(left_bytes) = self.body_left() {
                // Asked for beyond its size too: the body has to say that it ends there.
                let left = usize::try_from(left_bytes).unwrap_or(usize::MAX);
                return Ok(Step::NeedBody {
                    max: left.clamp(1, BODY_CHUNK_BYTES),
                });
            } else {
                return Ok(Step::NeedInput);
            }
        }
    }
}

impl Machine for Client {
    type Event = Event;
    type Error = Error;

    fn feed(&mut self, input: &[u8]) {
        self.framer.feed(input);
    }

    fn end_of_input(&mut self) {
        self.input_ended = true;
    }

    fn held_bytes(&self) -> usize {
        self.framer.held_bytes()
    }

    /// Takes a piece of the body of APPEND. A piece that was not asked for is ignored.
    fn body(&mut self, chunk: BodyChunk) {
        let Some(sending) = &mut self.sending else {
            return;
        };
        let Waits::ForBody {
            announced_bytes,
            left_bytes,
        } = sending.waits
        else {
            return;
        };
        match chunk {
            BodyChunk::Data(bytes) => match left_bytes.checked_sub(bytes.len() as u64) {
                Some(left_bytes) => {
                    sending.waits = Waits::ForBody {
                        announced_bytes,
                        left_bytes,
                    };
                    self.write_bytes(bytes);
                }
                None => self.failed = Some(Error::BodySize { announced_bytes }),
            },
            BodyChunk::End if left_bytes == 0 => {
                sending.waits = Waits::No;
                self.said.sent_body(announced_bytes);
            }
            BodyChunk::End => self.failed = Some(Error::BodySize { announced_bytes }),
            BodyChunk::Abort => self.failed = Some(Error::BodyAborted),
        }
    }

    fn upgraded(&mut self) {
        if self.phase == Phase::Deflating {
            self.phase = Phase::Ready;
            return;
        }
        if self.phase != Phase::Upgrading {
            return;
        }
        if self.framer.has_input() {
            self.failed = Some(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls));
            return;
        }
        // Whatever was learnt in plaintext is forgotten (RFC 9051 §6.2.1).
        self.framer = Framer::new(self.config.limits);
        self.capabilities = Capabilities::default();
        self.capabilities_told = false;
        self.phase = Phase::Opening;
        self.send_own("CAPABILITY", Purpose::Opening);
    }

    fn key_derived(&mut self, result: DerivedKey) {
        self.take_computed(&result);
    }

    fn step(&mut self) -> Result<Step<Event>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.advance()
            .inspect_err(|error| self.failed = Some(error.clone()))
    }
}

impl Transcribed for Client {
    fn take_transcript(&mut self) -> Vec<Line> {
        self.said.take()
    }

    fn keep_transcript(&mut self, keeps: bool) {
        self.said.keep(keeps);
    }

    fn reply_texts(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
        texts::of_event(event, redact);
    }

    fn error_texts(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
        texts::of_error(error, redact);
    }
}
