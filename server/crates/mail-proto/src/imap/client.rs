//! The client state machine: its state and the choice of its next step. [`send`] writes commands,
//! [`receive`] handles responses, [`sign_in`] does both for signing in.

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
use super::command::Command;
use super::encode::Chunk;
use super::error::{Error, Misbehaviour};
use super::event::Event;
use super::framer::Framer;
use super::schedule::Kind;
use super::tag::Tag;
use super::texts;
use crate::limits::Limits;
use crate::machine::{BodyChunk, Machine, Step};
use crate::sasl::{Authentication, DerivedKey, KeyDerivation, SignIn};
use crate::transcript::{Line, Transcribed, Transcript};

/// Maximum number of body bytes that one [`Step::NeedBody`] requests.
const BODY_CHUNK_BYTES: usize = 64 << 10;

/// Configuration of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// When TLS begins.
    pub tls: Tls,
    /// Whether passwords may be sent on [`Tls::Plain`], for servers that the operator allows to use
    /// without TLS.
    pub allow_plaintext_login: bool,
    /// Limits on the responses of the server.
    pub limits: Limits,
}

/// State machine of an IMAP connection, from the greeting to the end.
///
/// It reads the greeting, starts TLS and requests the capabilities by itself, then reports
/// [`Event::Ready`]. Commands can be queued at any time; the client sends them in order, as early
/// as the state of the connection allows:
///
/// - a literal that waits for `+`, a body, IDLE and signing in block all later commands;
/// - IDLE, COMPRESS and signing in wait until no command is in progress. So do the commands that
///   leave a mailbox: SELECT, EXAMINE, UNSELECT and CLOSE, except the first SELECT;
/// - a command with sequence numbers waits until the only commands in progress are FETCH, STORE and
///   SEARCH with sequence numbers (RFC 9051 §5.5). FETCH, which changes nothing, is also sent
///   directly after DONE: if an EXPUNGE arrives before the tagged response to IDLE, its sequence
///   numbers denote other messages than intended.
///
/// If the server answers a command of an extension with BAD, the extension is disabled for the rest
/// of the session: some servers announce extensions that they do not implement. SELECT and FETCH
/// disable nothing.
///
/// After BYE the client sends nothing more, and commands that were not sent are not completed.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    framer: Framer,
    transcript: Transcript,
    capabilities: Capabilities,
    /// The capabilities that an earlier connection received after its sign-in.
    remembered: Option<Capabilities>,
    /// Extensions that the server announced and answered with BAD; later announcements do not
    /// enable them again.
    switched_off: Vec<Capability>,
    /// Whether the server sent its capabilities since the last sign-in or STARTTLS.
    has_current_capabilities: bool,
    greeting: String,
    last_tag: u32,
    last_idle: Tag,
    /// Whether SELECT or EXAMINE was sent and the mailbox was not closed since.
    is_mailbox_open: bool,
    queue: VecDeque<Queued>,
    in_flight: Vec<InFlight>,
    /// The command whose chunks are being sent; it is in `in_flight` as well.
    sending: Option<Sending>,
    writes: VecDeque<Bytes>,
    line: BytesMut,
    events: VecDeque<Event>,
    work: Option<KeyDerivation>,
    is_bye_received: bool,
    is_input_over: bool,
    failure: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waiting for the greeting.
    Greeting,
    /// In plaintext, before STARTTLS: responses are neither trusted nor reported.
    BeforeTls,
    /// STARTTLS was accepted.
    Upgrading,
    /// COMPRESS was accepted: all bytes after its tagged response are compressed.
    Deflating,
    /// Waiting for the capabilities.
    Opening,
    Ready,
    Over,
}

#[derive(Debug)]
struct Queued {
    tag: Tag,
    command: Command,
    /// Whether DONE was queued later: if this command is IDLE, it ends as soon as it runs.
    is_done_requested: bool,
}

#[derive(Debug)]
struct InFlight {
    tag: Tag,
    purpose: Purpose,
    /// The extension that a BAD response to this command disables.
    relies_on: Option<Capability>,
}

#[derive(Debug)]
enum Purpose {
    /// STARTTLS that the client sends by itself.
    StartTls,
    /// CAPABILITY that the client sends by itself before it is ready.
    Opening,
    /// CAPABILITY that the client sends by itself after a sign-in. The completion of the sign-in is
    /// reported after it.
    SignedIn {
        completed: Box<Event>,
    },
    SignIn {
        /// The tag that [`Client::enqueue`] returned; a second mechanism is sent with another tag.
        caller_tag: Tag,
        /// The SASL exchange of AUTHENTICATE; `None` for LOGIN.
        authentication: Option<Box<Authentication>>,
    },
    Logout,
    Compress,
    /// UNSELECT or CLOSE.
    Deselect,
    Idle {
        is_running: bool,
        is_done_requested: bool,
        is_done_sent: bool,
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
            | Self::Deselect => Kind::Exclusive,
            Self::Idle { is_done_sent, .. } => Kind::Idle {
                done: *is_done_sent,
            },
            Self::Plain(kind) => *kind,
        }
    }
}

#[derive(Debug)]
struct Sending {
    tag: Tag,
    chunks: VecDeque<Chunk>,
    waits: Waits,
    /// The completion, if the tagged response arrived before the end of the body. The rest of the
    /// body must still be sent because the server counts its bytes.
    completed: Option<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    ForContinuation,
    ForBody {
        announced_bytes: u64,
        remaining_bytes: u64,
    },
}

impl Client {
    /// Creates a client for a new connection on which no bytes were exchanged.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            phase: Phase::Greeting,
            framer: Framer::new(config.limits),
            transcript: Transcript::new(),
            capabilities: Capabilities::default(),
            remembered: None,
            switched_off: Vec::new(),
            has_current_capabilities: false,
            greeting: String::new(),
            last_tag: 0,
            last_idle: Tag(0),
            is_mailbox_open: false,
            queue: VecDeque::new(),
            in_flight: Vec::new(),
            sending: None,
            writes: VecDeque::new(),
            line: BytesMut::new(),
            events: VecDeque::new(),
            work: None,
            is_bye_received: false,
            is_input_over: false,
            failure: None,
        }
    }

    /// Queues a command and returns its tag, which [`Event::Completed`] repeats.
    ///
    /// [`Command::Done`] returns the tag of the IDLE that it ends.
    pub fn enqueue(&mut self, command: Command) -> Tag {
        if matches!(command, Command::Done) {
            self.request_done();
            return self.last_idle;
        }
        let tag = self.next_tag();
        if matches!(command, Command::Idle) {
            self.last_idle = tag;
        }
        self.queue.push_back(Queued {
            tag,
            command,
            is_done_requested: false,
        });
        tag
    }

    /// Queues [`Command::SignIn`].
    pub fn sign_in(&mut self, sign_in: impl Into<SignIn>) -> Tag {
        self.enqueue(Command::SignIn(sign_in.into()))
    }

    /// Returns the capabilities of the server; those announced before STARTTLS are discarded.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Sets the capabilities that an earlier connection to this server received after its sign-in.
    ///
    /// If the response to the sign-in has no capabilities, these apply until the response to
    /// CAPABILITY, which is sent with the next command: this saves a round trip.
    pub fn remember(&mut self, capabilities: Capabilities) {
        self.remembered = Some(capabilities);
    }

    /// Returns whether IDLE is running and DONE was not queued.
    pub fn is_idling(&self) -> bool {
        self.in_flight.iter().any(|one| {
            matches!(
                one.purpose,
                Purpose::Idle {
                    is_running: true,
                    is_done_requested: false,
                    ..
                }
            )
        })
    }

    /// Returns the size in bytes of the response of the last event, without streamed literals. The
    /// [`Bytes`] in that event share memory of this size.
    pub const fn response_bytes(&self) -> usize {
        self.framer.finished_bytes()
    }

    fn next_tag(&mut self) -> Tag {
        // No connection sends 2^32 commands.
        self.last_tag = self.last_tag.wrapping_add(1);
        Tag(self.last_tag)
    }

    fn request_done(&mut self) {
        for queued in &mut self.queue {
            queued.is_done_requested = true;
        }
        for one in &mut self.in_flight {
            if let Purpose::Idle {
                is_done_requested, ..
            } = &mut one.purpose
            {
                *is_done_requested = true;
            }
        }
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Step::Event(event));
            }
            self.send_pending()?;
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
            if let Some(frame) = self.framer.next(&mut self.transcript)? {
                self.on_frame(frame)?;
            } else if self.is_input_over {
                if !self.is_bye_received {
                    return Err(Error::Closed);
                }
                self.phase = Phase::Over;
            } else if let Some(remaining_bytes) = self.remaining_body_bytes() {
                // Also requested when no bytes are left: the body has to report its end.
                let remaining = usize::try_from(remaining_bytes).unwrap_or(usize::MAX);
                return Ok(Step::NeedBody {
                    max: remaining.clamp(1, BODY_CHUNK_BYTES),
                });
            } else {
                return Ok(Step::NeedInput);
            }
        }
    }

    fn write_line(&mut self, line: &[u8]) {
        self.transcript.sent(line);
        self.line.extend_from_slice(line);
    }
}

impl Machine for Client {
    type Event = Event;
    type Error = Error;

    fn feed(&mut self, input: &[u8]) {
        self.framer.feed(input);
    }

    fn end_of_input(&mut self) {
        self.is_input_over = true;
    }

    fn held_bytes(&self) -> usize {
        self.framer.held_bytes()
    }

    /// Handles a chunk of the body of APPEND. A chunk that was not requested is ignored.
    fn body(&mut self, chunk: BodyChunk) {
        let Some(sending) = &mut self.sending else {
            return;
        };
        let Waits::ForBody {
            announced_bytes,
            remaining_bytes,
        } = sending.waits
        else {
            return;
        };
        match chunk {
            BodyChunk::Data(bytes) => match remaining_bytes.checked_sub(bytes.len() as u64) {
                Some(remaining_bytes) => {
                    sending.waits = Waits::ForBody {
                        announced_bytes,
                        remaining_bytes,
                    };
                    self.write_bytes(bytes);
                }
                None => self.failure = Some(Error::BodySize { announced_bytes }),
            },
            BodyChunk::End if remaining_bytes == 0 => {
                sending.waits = Waits::No;
                self.transcript.sent_body(announced_bytes);
            }
            BodyChunk::End => self.failure = Some(Error::BodySize { announced_bytes }),
            BodyChunk::Abort => self.failure = Some(Error::BodyAborted),
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
            self.failure = Some(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls));
            return;
        }
        // State from before TLS is discarded (RFC 9051 §6.2.1).
        self.framer = Framer::new(self.config.limits);
        self.capabilities = Capabilities::default();
        self.has_current_capabilities = false;
        self.phase = Phase::Opening;
        self.send_own("CAPABILITY", Purpose::Opening);
    }

    fn key_derived(&mut self, result: DerivedKey) {
        self.on_key_derived(&result);
    }

    fn step(&mut self) -> Result<Step<Event>, Error> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        self.advance()
            .inspect_err(|error| self.failure = Some(error.clone()))
    }
}

impl Transcribed for Client {
    fn take_transcript(&mut self) -> Vec<Line> {
        self.transcript.take()
    }

    fn keep_transcript(&mut self, is_on: bool) {
        self.transcript.keep(is_on);
    }

    fn reply_texts(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
        texts::of_event(event, redact);
    }

    fn error_texts(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
        texts::of_error(error, redact);
    }
}
