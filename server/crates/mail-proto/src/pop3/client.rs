//! The POP3 client machine: greeting, TLS, and the queue of commands.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::body::BodyDecoder;
use super::capability::Capabilities;
use super::command::{Command, CommandId};
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::event::Event;
use super::listing::{Batch, DropListing};
use super::login::Login;
use super::response::{Response, Status};
use crate::line::LineBuffer;
use crate::sasl::{self, Timestamp, WorkResult};
use crate::tls::Tls;
use crate::transcript::{Line, Transcribed, Transcript};
use crate::{BodyChunk, Limits, Machine, OverLimit, Step};

/// The most commands that are sent ahead of their responses.
const WINDOW: usize = 20;
/// The most octets of a message in one event.
const MAX_CHUNK_BYTES: usize = 64 << 10;
/// The most lines that `CAPA` may have.
const MAX_CAPABILITIES: usize = 200;

/// How to talk to one server.
#[derive(Debug, Clone)]
pub struct Config {
    /// When TLS begins.
    pub tls: Tls,
    /// Sign in over [`Tls::Plain`], because the operator said so.
    pub allow_plaintext_login: bool,
    /// How much of the server's words is believed.
    pub limits: Limits,
}

/// A POP3 client on one connection (RFC 1939).
///
/// Commands are answered in the order in which they were queued. Up to 20 are sent ahead where
/// the server offers PIPELINING; sign-in and `QUIT` always wait until everything before them is
/// answered. A connection that ends inside a message is an error, never the end of the message.
#[derive(Debug)]
pub struct Client {
    pub(super) config: Config,
    input: LineBuffer,
    /// Commands that leave in the next write.
    output: Vec<u8>,
    steps: VecDeque<Step<Event>>,
    state: State,
    queue: VecDeque<(CommandId, Command)>,
    pub(super) in_flight: VecDeque<(CommandId, Pending)>,
    next_id: u64,
    pub(super) capabilities: Capabilities,
    /// Of the greeting, for `APOP`.
    pub(super) timestamp: Option<Timestamp>,
    pub(super) is_tls: bool,
    is_input_over: bool,
    failure: Option<Error>,
    transcript: Transcript,
}

#[derive(Debug)]
enum State {
    Greeting,
    Capa,
    CapaList {
        lines: usize,
    },
    Stls,
    /// `Step::StartTls` was given; [`Machine::upgraded`] is awaited.
    Upgrading,
    /// Commands are served; the next line is a status line.
    Serving,
    /// Inside the listing or the message that answers the oldest command.
    Listing {
        response: Response,
        size_bytes: u64,
    },
    Body {
        decoder: BodyDecoder,
        size_bytes: u64,
    },
    Done,
}

/// A command that was sent, and what its response means.
#[derive(Debug)]
pub(super) enum Pending {
    Login(Login),
    Stat,
    List,
    Uidl,
    Body,
    Plain,
    Quit,
}

impl Client {
    /// Makes the client of a connection that was just opened, and whose TLS is up where it is
    /// [`Tls::Implicit`].
    pub fn new(config: Config) -> Self {
        let input = LineBuffer::new(config.limits.pop3_line_bytes, "response line");
        let is_tls = config.tls == Tls::Implicit;
        Self {
            config,
            input,
            output: Vec::new(),
            steps: VecDeque::new(),
            state: State::Greeting,
            queue: VecDeque::new(),
            in_flight: VecDeque::new(),
            next_id: 0,
            capabilities: Capabilities::default(),
            timestamp: None,
            is_tls,
            is_input_over: false,
            failure: None,
            transcript: Transcript::new(),
        }
    }

    /// Queues a command. Its events carry the id that is returned.
    ///
    /// A `Login` fails the conversation with [`Error::PeerIncompatible`] when there is no TLS and
    /// it was not allowed to go without, or when the server offers no way that is known.
    pub fn enqueue(&mut self, command: Command) -> CommandId {
        let id = CommandId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.queue.push_back((id, command));
        id
    }

    /// Returns what the server can do, as far as it has said so on this connection.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns what is going on, which decides how long it may take.
    pub fn stage(&self) -> Stage {
        match self.state {
            State::Greeting => Stage::Greeting,
            State::Capa | State::CapaList { .. } => Stage::Capa,
            State::Stls | State::Upgrading => Stage::Stls,
            State::Body { .. } => Stage::Body,
            State::Serving | State::Listing { .. } | State::Done => match self.in_flight.front() {
                None => Stage::Idle,
                Some((_, Pending::Login(_))) => Stage::Login,
                Some((_, Pending::Quit)) => Stage::Quit,
                Some(_) => Stage::Transaction,
            },
        }
    }

    /// Goes as far as possible without a step to hand out; returns one that waits, or nothing
    /// when there is more to do.
    fn advance(&mut self) -> Result<Option<Step<Event>>, Error> {
        match self.state {
            State::Done => return Ok(Some(Step::Done)),
            State::Upgrading => return Ok(Some(Step::NeedInput)),
            _ => {}
        }
        self.send_queued()?;
        let has_read = match mem::replace(&mut self.state, State::Serving) {
            State::Body {
                decoder,
                size_bytes,
            } => self.read_body(decoder, size_bytes),
            State::Listing {
                response,
                size_bytes,
            } => self.read_listing(response, size_bytes)?,
            state => {
                self.state = state;
                self.read_line()?
            }
        };
        if has_read || !self.output.is_empty() || !self.steps.is_empty() {
            return Ok(None);
        }
        if self.is_input_over {
            return Err(Error::Closed {
                stage: self.stage(),
            });
        }
        Ok(Some(Step::NeedInput))
    }

    fn read_line(&mut self) -> Result<bool, Error> {
        let Some(line) = self.input.next_line()? else {
            return Ok(false);
        };
        match self.in_flight.front() {
            // With a challenge and its answer a password could be guessed at leisure.
            Some((_, Pending::Login(_))) if line.starts_with(b"+ ") => {
                self.transcript.received_secret("+");
            }
            _ => self.transcript.received(&line),
        }
        if let State::CapaList { lines } = self.state {
            self.on_capability(&line, lines)?;
            return Ok(true);
        }
        let status =
            Status::parse(&line).ok_or(Error::PeerMisbehaved(Misbehaviour::MalformedResponse))?;
        self.on_status(status)?;
        Ok(true)
    }

    fn on_status(&mut self, status: Status) -> Result<(), Error> {
        let challenge = Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge);
        let stage = self.stage();
        match mem::replace(&mut self.state, State::Serving) {
            State::Greeting => match status {
                Status::Ok(response) => {
                    self.timestamp = Timestamp::find(&response.text);
                    self.say_capa();
                }
                Status::Err(response) => return Err(Error::Rejected { stage, response }),
                Status::Challenge(_) => return Err(challenge),
            },
            State::Capa => match status {
                Status::Ok(_) => {
                    self.capabilities.capa = true;
                    self.state = State::CapaList { lines: 0 };
                }
                // A server from before RFC 2449.
                Status::Err(_) => self.on_capabilities_known()?,
                Status::Challenge(_) => return Err(challenge),
            },
            State::Stls => match status {
                Status::Ok(_) if !self.input.is_empty() => {
                    return Err(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls));
                }
                Status::Ok(_) => {
                    self.push_step(Step::StartTls);
                    self.state = State::Upgrading;
                }
                Status::Err(_) if !self.capabilities.stls => {
                    return Err(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
                }
                Status::Err(response) => return Err(Error::Rejected { stage, response }),
                Status::Challenge(_) => return Err(challenge),
            },
            _ => return self.on_response(status),
        }
        Ok(())
    }

    /// Takes the response to the oldest command that is not answered.
    fn on_response(&mut self, status: Status) -> Result<(), Error> {
        let Some((id, pending)) = self.in_flight.pop_front() else {
            return Err(match status {
                // How servers say that they close for inactivity.
                Status::Err(response) => Error::Rejected {
                    stage: Stage::Idle,
                    response,
                },
                _ => Error::PeerMisbehaved(Misbehaviour::UnsolicitedResponse),
            });
        };
        match (pending, status) {
            (Pending::Login(login), status) => return self.on_login(id, login, status),
            (_, Status::Challenge(_)) => {
                return Err(Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge));
            }
            (pending, Status::Err(response)) => {
                self.report(Event::Rejected { id, response });
                if matches!(pending, Pending::Quit) {
                    self.state = State::Done;
                }
            }
            (Pending::Plain, Status::Ok(response)) => {
                self.report(Event::Completed { id, response })
            }
            (Pending::Quit, Status::Ok(response)) => {
                self.report(Event::Quit { id, response });
                self.state = State::Done;
            }
            (Pending::Stat, Status::Ok(response)) => {
                let listing = DropListing::parse(&response.text)
                    .ok_or(Error::PeerMisbehaved(Misbehaviour::MalformedListing))?;
                self.report(Event::Stat { id, listing });
            }
            (Pending::Body, Status::Ok(_)) => {
                self.in_flight.push_front((id, Pending::Body));
                self.state = State::Body {
                    decoder: BodyDecoder::default(),
                    size_bytes: 0,
                };
            }
            (pending @ (Pending::List | Pending::Uidl), Status::Ok(response)) => {
                self.in_flight.push_front((id, pending));
                self.state = State::Listing {
                    response,
                    size_bytes: 0,
                };
            }
        }
        Ok(())
    }

    fn on_capability(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            return self.on_capabilities_known();
        }
        if lines >= MAX_CAPABILITIES {
            let max = u64::try_from(MAX_CAPABILITIES).unwrap_or(u64::MAX);
            return Err(Error::Limit(OverLimit {
                what: "list of capabilities",
                max,
            }));
        }
        self.capabilities.add(&String::from_utf8_lossy(line));
        self.state = State::CapaList {
            lines: lines.saturating_add(1),
        };
        Ok(())
    }

    fn on_capabilities_known(&mut self) -> Result<(), Error> {
        if self.config.tls != Tls::StartTls || self.is_tls {
            self.state = State::Serving;
            let capabilities = self.capabilities.clone();
            self.report(Event::Ready { capabilities });
            return Ok(());
        }
        // A server that does not know CAPA may know STLS none the less.
        if self.capabilities.capa && !self.capabilities.stls {
            return Err(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
        }
        self.say("STLS");
        self.state = State::Stls;
        Ok(())
    }

    /// Reads what is there of a message; tells whether anything was.
    fn read_body(&mut self, mut decoder: BodyDecoder, size_bytes: u64) -> bool {
        let input = self.input.peek();
        let input = input.get(..MAX_CHUNK_BYTES).unwrap_or(input);
        let mut bytes = Vec::new();
        let (used, is_over) = decoder.decode(input, &mut bytes);
        self.input.consume(used);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let size_bytes = size_bytes.saturating_add(length);
        let id = self.in_flight.front().map(|(id, _)| *id);
        if let Some(id) = id {
            if !bytes.is_empty() {
                self.report(Event::BodyChunk {
                    id,
                    bytes: Bytes::from(bytes),
                });
            }
            if is_over {
                self.transcript.received_body(size_bytes);
                self.report(Event::BodyEnd { id, size_bytes });
            }
        }
        if is_over {
            self.in_flight.pop_front();
            self.state = State::Serving;
        } else {
            self.state = State::Body {
                decoder,
                size_bytes,
            };
        }
        used > 0
    }

    /// Reads the lines of a listing that are there; tells whether any were.
    fn read_listing(&mut self, response: Response, size_bytes: u64) -> Result<bool, Error> {
        let Some((id, pending)) = self.in_flight.pop_front() else {
            return Ok(false);
        };
        let mut batch = Batch {
            size_bytes,
            ..Batch::default()
        };
        let result = batch.read(&mut self.input, matches!(pending, Pending::List));
        // What was read before an error was read none the less.
        if !batch.scans.is_empty() {
            let rows = batch.scans;
            self.report(Event::Listing { id, rows });
        }
        if !batch.unique_ids.is_empty() {
            let rows = batch.unique_ids;
            self.report(Event::UniqueIds { id, rows });
        }
        result?;
        let size_bytes = batch.size_bytes;
        if batch.is_last {
            self.transcript.received_body(size_bytes);
            self.report(Event::Completed { id, response });
        } else {
            self.in_flight.push_front((id, pending));
            self.state = State::Listing {
                response,
                size_bytes,
            };
        }
        Ok(batch.lines > 0)
    }

    /// Sends what may be sent now.
    fn send_queued(&mut self) -> Result<(), Error> {
        if !matches!(
            self.state,
            State::Serving | State::Listing { .. } | State::Body { .. }
        ) {
            return Ok(());
        }
        let window = if self.capabilities.pipelining {
            WINDOW
        } else {
            1
        };
        while let Some((_, next)) = self.queue.front() {
            let waits_for_all = matches!(next, Command::Login(_) | Command::Quit);
            let is_held_back = matches!(
                self.in_flight.back(),
                Some((_, Pending::Login(_) | Pending::Quit))
            );
            let room = if waits_for_all { 1 } else { window };
            if is_held_back || self.in_flight.len() >= room {
                break;
            }
            if let Some((id, command)) = self.queue.pop_front() {
                self.send(id, command)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, id: CommandId, command: Command) -> Result<(), Error> {
        if let Some(line) = command.line() {
            self.say(&line);
        }
        let pending = match command {
            Command::Login(sign_in) => Pending::Login(self.begin_login(sign_in)?),
            Command::Stat => Pending::Stat,
            Command::List => Pending::List,
            Command::Uidl => Pending::Uidl,
            Command::Top { .. } | Command::Retr { .. } => Pending::Body,
            Command::Dele { .. } | Command::Rset | Command::Noop => Pending::Plain,
            Command::Quit => Pending::Quit,
        };
        self.in_flight.push_back((id, pending));
        Ok(())
    }

    fn say_capa(&mut self) {
        self.say("CAPA");
        self.state = State::Capa;
    }

    /// Puts a command into the next write.
    pub(super) fn say(&mut self, line: &str) {
        self.transcript.sent(line.as_bytes());
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    pub(super) fn say_secret(&mut self, verb: &str, secret: &[u8]) {
        self.transcript.sent_secret(verb);
        let space = if verb.is_empty() { "" } else { " " };
        let line = sasl::secret_line(&format!("{verb}{space}"), secret);
        self.push_step(Step::Write(line));
    }

    /// Notes why something is done, for whoever reads the transcript.
    pub(super) fn note(&mut self, reason: &str) {
        self.transcript.note(reason);
    }

    pub(super) fn report(&mut self, event: Event) {
        self.push_step(Step::Event(event));
    }

    pub(super) fn push_step(&mut self, step: Step<Event>) {
        self.flush();
        self.steps.push_back(step);
    }

    fn flush(&mut self) {
        if !self.output.is_empty() {
            let output = mem::take(&mut self.output);
            self.steps.push_back(Step::Write(Bytes::from(output)));
        }
    }

    pub(super) fn fail(&mut self, error: Error) {
        // What was not said yet would only go to a peer that is not listened to any more.
        self.output.clear();
        self.input.clear();
        self.queue.clear();
        self.in_flight.clear();
        self.state = State::Done;
        self.failure.get_or_insert(error);
    }
}

impl Machine for Client {
    type Event = Event;
    type Error = Error;

    fn feed(&mut self, input: &[u8]) {
        if self.failure.is_none() {
            self.input.feed(input);
        }
    }

    fn end_of_input(&mut self) {
        self.is_input_over = true;
    }

    /// Does nothing: POP3 sends no bodies.
    fn body(&mut self, _chunk: BodyChunk) {}

    fn upgraded(&mut self) {
        if !matches!(self.state, State::Upgrading) {
            return;
        }
        if !self.input.is_empty() {
            self.fail(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls));
            return;
        }
        self.is_tls = true;
        // Whatever was learnt in plaintext is forgotten (RFC 2595 §4).
        self.capabilities = Capabilities::default();
        self.timestamp = None;
        self.say_capa();
    }

    fn computed(&mut self, result: WorkResult) {
        self.on_computed(&result);
    }

    fn step(&mut self) -> Result<Step<Event>, Error> {
        loop {
            self.flush();
            if let Some(step) = self.steps.pop_front() {
                return Ok(step);
            }
            if let Some(error) = &self.failure {
                return Err(error.clone());
            }
            match self.advance() {
                Ok(Some(step)) => return Ok(step),
                Ok(None) => {}
                Err(error) => self.fail(error),
            }
        }
    }
}

impl Transcribed for Client {
    fn take_transcript(&mut self) -> Vec<Line> {
        self.transcript.take()
    }

    fn keep_transcript(&mut self, keeps: bool) {
        self.transcript.keep(keeps);
    }
}
