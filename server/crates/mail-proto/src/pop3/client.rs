//! The POP3 client machine: greeting, TLS, and the queue of commands.

mod answers;
mod login;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::body::BodyDecoder;
use super::capability::{Capabilities, CapabilityListing};
use super::command::{Command, CommandId};
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::event::Event;
use super::listing::Listing;
use super::response::{Response, Status};
use super::session::{Deletions, State};
use super::texts;
use crate::line::LineBuffer;
use crate::sasl::{DerivedKey, Timestamp};
use crate::send_buffer::SendBuffer;
use crate::tls::Tls;
use crate::transcript::{Line, Transcribed};
use crate::{BodyChunk, Limits, Machine, Step};
use login::Login;

/// Maximum number of commands that are sent ahead of their responses.
const WINDOW: usize = 20;

/// The configuration of a connection to one server.
#[derive(Debug, Clone)]
pub struct Config {
    /// When TLS begins.
    pub tls: Tls,
    /// Whether sign-in over [`Tls::Plain`] is allowed; the operator decides this.
    pub allow_plaintext_login: bool,
    /// Limits on the server's responses.
    pub limits: Limits,
}

/// A POP3 client on one connection (RFC 1939).
///
/// Commands complete in the order in which they were queued. Up to 20 are sent ahead if the server
/// offers PIPELINING; sign-in and `QUIT` are sent only when all earlier commands are complete. A
/// connection that ends inside a message is an error, never the end of the message.
#[derive(Debug)]
pub struct Client {
    config: Config,
    input: LineBuffer,
    out: SendBuffer<Event>,
    reading: Reading,
    session: State,
    queue: VecDeque<(CommandId, Command)>,
    in_flight: VecDeque<(CommandId, Pending)>,
    next_id: u64,
    capabilities: Capabilities,
    /// The timestamp of the greeting, for `APOP`.
    timestamp: Option<Timestamp>,
    is_tls: bool,
    is_input_over: bool,
    failure: Option<Error>,
}

/// The response that the client expects next.
#[derive(Debug)]
enum Reading {
    Greeting,
    /// The response to the `CAPA` that the machine sends itself.
    Capa,
    CapaList(CapabilityListing),
    Stls,
    /// `Step::StartTls` was returned; the machine waits for [`Machine::upgraded`].
    Upgrading,
    /// Commands run; the next line is a status line.
    Serving,
    /// The rest of the listing in response to the oldest command.
    Listing {
        listing: Listing,
        response: Response,
        size_bytes: u64,
    },
    Body {
        decoder: BodyDecoder,
        size_bytes: u64,
    },
    Done,
}

/// A command that was sent and has no complete response.
#[derive(Debug)]
enum Pending {
    Login(Login),
    Capa,
    Languages,
    Stat,
    List,
    ListOne,
    Uidl,
    UidlOne,
    Body,
    Dele,
    Rset,
    Plain,
    Quit,
}

impl Client {
    /// Creates the client of a new connection. With [`Tls::Implicit`] TLS is already established.
    pub fn new(config: Config) -> Self {
        let input = LineBuffer::new(config.limits.pop3_line_bytes, "response line");
        let is_tls = config.tls == Tls::Implicit;
        Self {
            config,
            input,
            out: SendBuffer::new(),
            reading: Reading::Greeting,
            session: State::Authorization,
            queue: VecDeque::new(),
            in_flight: VecDeque::new(),
            next_id: 0,
            capabilities: Capabilities::default(),
            timestamp: None,
            is_tls,
            is_input_over: false,
            failure: None,
        }
    }

    /// Skips the sign-in.
    #[cfg(test)]
    pub(super) fn signed_in(mut self) -> Self {
        self.session.signed_in();
        self
    }

    /// Queues a command. Its events carry the returned id.
    ///
    /// A `Login` fails the session with [`Error::PeerIncompatible`] if there is no TLS and
    /// plaintext sign-in is not allowed, or if the server offers no supported mechanism. A command
    /// that is invalid in the state of the session when it is due is not sent
    /// ([`Event::NotAllowedInState`]).
    pub fn enqueue(&mut self, command: Command) -> CommandId {
        let id = CommandId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.queue.push_back((id, command));
        id
    }

    /// Returns the capabilities that the server announced on this connection.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the state of the session.
    pub const fn state(&self) -> State {
        self.session
    }

    /// Returns the fate of the messages marked as deleted if the connection is closed now. It is
    /// valid after any error, also after one that only the owner of the connection observes.
    pub const fn deletions(&self) -> Deletions {
        self.session.deletions()
    }

    /// Returns the stage of the session, which determines the timeout.
    pub fn stage(&self) -> Stage {
        match self.reading {
            Reading::Greeting => Stage::Greeting,
            Reading::Capa | Reading::CapaList(_) => Stage::Capa,
            Reading::Stls | Reading::Upgrading => Stage::Stls,
            Reading::Body { .. } => Stage::Body,
            Reading::Serving | Reading::Listing { .. } | Reading::Done => {
                match self.in_flight.front() {
                    None => Stage::Idle,
                    Some((_, Pending::Login(_))) => Stage::Login,
                    Some((_, Pending::Quit)) => Stage::Quit,
                    Some(_) => Stage::Transaction,
                }
            }
        }
    }

    /// Advances until there is output or no progress; returns a waiting step, or `None` if there is
    /// more to do.
    fn advance(&mut self) -> Result<Option<Step<Event>>, Error> {
        match self.reading {
            Reading::Done => return Ok(Some(Step::Done)),
            Reading::Upgrading => return Ok(Some(Step::NeedInput)),
            _ => {}
        }
        self.send_queued()?;
        let has_read = match mem::replace(&mut self.reading, Reading::Serving) {
            Reading::Body {
                decoder,
                size_bytes,
            } => self.read_body(decoder, size_bytes),
            Reading::Listing {
                listing,
                response,
                size_bytes,
            } => self.read_listing(listing, response, size_bytes)?,
            reading => {
                self.reading = reading;
                self.read_line()?
            }
        };
        if has_read || !self.out.is_empty() {
            return Ok(None);
        }
        if self.is_input_over {
            return Err(Error::Closed {
                stage: self.stage(),
            });
        }
        Ok(Some(Step::NeedInput))
    }

    /// Handles the next line; returns whether there was one.
    ///
    /// ```abnf
    /// capa-resp   = single-line *capability "." CRLF
    /// single-line = status [SP text] CRLF ;512 octets maximum
    /// ```
    /// RFC 2449 §3.
    fn read_line(&mut self) -> Result<bool, Error> {
        let Some(line) = self.input.next_line()? else {
            return Ok(false);
        };
        match self.in_flight.front() {
            // A challenge and its response allow an offline guess of the password.
            Some((_, Pending::Login(_))) if line.starts_with(b"+ ") => {
                self.out.transcript.received_secret("+");
            }
            _ => self.out.transcript.received(&line),
        }
        if let Reading::CapaList(listing) = &mut self.reading {
            if line.as_ref() == b"." {
                self.capabilities = mem::take(&mut listing.capabilities);
                self.on_capabilities_known()?;
            } else {
                listing.add(&line)?;
            }
            return Ok(true);
        }
        let status =
            Status::parse(&line).ok_or(Error::PeerMisbehaved(Misbehaviour::MalformedResponse))?;
        self.on_status(status)?;
        Ok(true)
    }

    /// Handles a status line: the greeting, or the response to a command.
    ///
    /// ```abnf
    /// greeting = "+OK" [resp-code] *gchar [timestamp] *gchar CRLF ;512 octets maximum
    /// ```
    /// RFC 2449 §3. A space has to stand between `+OK` and text.
    fn on_status(&mut self, status: Status) -> Result<(), Error> {
        let challenge = Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge);
        let stage = self.stage();
        match mem::replace(&mut self.reading, Reading::Serving) {
            Reading::Greeting => match status {
                Status::Ok(response) => {
                    self.timestamp = Timestamp::find(&response.text);
                    self.send_capa();
                }
                Status::Err(response) => return Err(Error::Rejected { stage, response }),
                Status::Challenge(_) => return Err(challenge),
            },
            Reading::Capa => match status {
                Status::Ok(_) => self.reading = Reading::CapaList(CapabilityListing::new()),
                // The server is older than RFC 2449.
                Status::Err(_) => self.on_capabilities_known()?,
                Status::Challenge(_) => return Err(challenge),
            },
            Reading::Stls => match status {
                Status::Ok(_) if !self.input.is_empty() => {
                    return Err(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls));
                }
                Status::Ok(_) => {
                    self.out.push(Step::StartTls);
                    self.reading = Reading::Upgrading;
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

    fn on_capabilities_known(&mut self) -> Result<(), Error> {
        if self.config.tls != Tls::StartTls || self.is_tls {
            self.reading = Reading::Serving;
            let capabilities = self.capabilities.clone();
            self.out.report(Event::Ready { capabilities });
            return Ok(());
        }
        // A server without CAPA may still support STLS.
        if self.capabilities.capa && !self.capabilities.stls {
            return Err(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
        }
        self.out.send_line("STLS");
        self.reading = Reading::Stls;
        Ok(())
    }

    /// Sends the queued commands that may be sent now.
    fn send_queued(&mut self) -> Result<(), Error> {
        if !matches!(
            self.reading,
            Reading::Serving | Reading::Listing { .. } | Reading::Body { .. }
        ) {
            return Ok(());
        }
        if self.in_flight.is_empty() && !self.input.is_empty() {
            // Input received before a command is sent is not its response: it is unsolicited.
            return Ok(());
        }
        let window = if self.capabilities.pipelining {
            WINDOW
        } else {
            1
        };
        while let Some((_, next)) = self.queue.front() {
            // These commands may change the state of the session.
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
        if !command.belongs_to(self.session) {
            let state = self.session;
            self.out.report(Event::NotAllowedInState { id, state });
            return Ok(());
        }
        if let Some(line) = command.line() {
            self.out.send_line(&line);
        }
        let pending = match command {
            Command::Login(sign_in) => Pending::Login(self.begin_login(sign_in)?),
            Command::Capa => Pending::Capa,
            Command::Lang(None) => Pending::Languages,
            Command::Stat => Pending::Stat,
            Command::List => Pending::List,
            Command::ListOne { .. } => Pending::ListOne,
            Command::Uidl => Pending::Uidl,
            Command::UidlOne { .. } => Pending::UidlOne,
            Command::Top { .. } | Command::Retr { .. } => Pending::Body,
            Command::Dele { .. } => Pending::Dele,
            Command::Rset => Pending::Rset,
            Command::Noop | Command::Utf8 | Command::Lang(Some(_)) => Pending::Plain,
            Command::Quit => {
                self.session.quit_sent();
                Pending::Quit
            }
        };
        self.in_flight.push_back((id, pending));
        Ok(())
    }

    fn send_capa(&mut self) {
        self.out.send_line("CAPA");
        self.reading = Reading::Capa;
    }

    fn fail(&mut self, error: Error) {
        self.out.discard_pending();
        self.input.clear();
        self.queue.clear();
        self.in_flight.clear();
        self.reading = Reading::Done;
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
        if !matches!(self.reading, Reading::Upgrading) {
            return;
        }
        if !self.input.is_empty() {
            self.fail(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls));
            return;
        }
        self.is_tls = true;
        // Discard everything that was received in plaintext (RFC 2595 §4).
        self.capabilities = Capabilities::default();
        self.timestamp = None;
        self.send_capa();
    }

    fn key_derived(&mut self, result: DerivedKey) {
        self.on_key_derived(&result);
    }

    fn step(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if let Some(step) = self.out.next() {
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
        self.out.transcript.take()
    }

    fn keep_transcript(&mut self, is_on: bool) {
        self.out.transcript.keep(is_on);
    }

    fn reply_texts(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
        texts::of_event(event, redact);
    }

    fn error_texts(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
        texts::of_error(error, redact);
    }
}
