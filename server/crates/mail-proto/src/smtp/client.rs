//! The SMTP client machine: greeting, TLS, sign-in, and the queue of requests.

mod auth;
mod command;
mod sending;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::command::Command;
use super::config::Config;
use super::envelope::Envelope;
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::event::Event;
use super::extensions::Extensions;
use super::optional_params::SessionUsage;
use super::outcome::Cause;
use super::reply::Reply;
use super::reply_reader::ReplyReader;
use super::texts;
use super::transaction::Transaction;
use crate::line::LineBuffer;
use crate::sasl::{Authentication, DerivedKey, SignIn};
use crate::send_buffer::SendBuffer;
use crate::tls::Tls;
use crate::transcript::{Line, Transcribed};
use crate::{BodyChunk, Machine, Step};

/// An SMTP client on one connection (RFC 5321).
///
/// Requests are queued and run one after the other once the server is ready; [`Event`]s are
/// reported in the same order. `MAIL`, `RCPT` and `DATA` are sent in one write if the server offers
/// PIPELINING. [`Limits`] bound the replies; an unsolicited reply, a reply with mixed codes or a
/// reply to an unfinished message is an [`Error`].
#[derive(Debug)]
pub struct Client {
    pub(super) config: Config,
    input: LineBuffer,
    replies: ReplyReader,
    out: SendBuffer<Event>,
    state: State,
    requests: VecDeque<Request>,
    extensions: Extensions,
    is_tls: bool,
    /// A transaction may still be open on the server.
    needs_rset: bool,
    used: SessionUsage,
    is_input_over: bool,
    failure: Option<Error>,
}

#[derive(Debug)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    /// `Step::StartTls` was returned; the machine waits for [`Machine::upgraded`].
    Upgrading,
    Idle,
    Auth(Box<Authentication>),
    Transaction(Box<Transaction>),
    Command(Command),
    Quit,
    Done,
}

#[derive(Debug)]
enum Request {
    Authenticate(SignIn),
    Send(Box<Envelope>),
    Command(Command),
    Quit,
}

impl Client {
    /// Creates the client of a new connection. With [`Tls::Implicit`] TLS is already established.
    pub fn new(config: Config) -> Self {
        let input = LineBuffer::new(config.limits.smtp_line_bytes, "reply line");
        let is_tls = config.tls == Tls::Implicit;
        Self {
            config,
            input,
            replies: ReplyReader::default(),
            out: SendBuffer::new(),
            state: State::Greeting,
            requests: VecDeque::new(),
            extensions: Extensions::default(),
            is_tls,
            needs_rset: false,
            used: SessionUsage::default(),
            is_input_over: false,
            failure: None,
        }
    }

    /// Signs in by the best usable mechanism that the server offers
    /// ([`Mechanism::ranked`](crate::sasl::Mechanism::ranked), RFC 4954). Completes with
    /// [`Event::Authenticated`] or [`Event::AuthenticationRefused`].
    ///
    /// Fails the session with [`Error::PeerIncompatible`] if there is no TLS and plaintext sign-in
    /// is not allowed, or if the server offers no supported mechanism.
    pub fn authenticate(&mut self, sign_in: impl Into<SignIn>) {
        self.requests
            .push_back(Request::Authenticate(sign_in.into()));
    }

    /// Queues a command outside of a transaction. Completes with [`Event::Answered`], or with no
    /// event if the session fails first.
    pub fn command(&mut self, command: Command) {
        self.requests.push_back(Request::Command(command));
    }

    /// Queues `QUIT` after all earlier requests; [`Step::Done`] follows.
    pub fn quit(&mut self) {
        self.requests.push_back(Request::Quit);
    }

    /// Returns the stage of the session, which determines the timeout (RFC 5321 §4.5.3.2).
    pub fn stage(&self) -> Stage {
        match &self.state {
            State::Greeting => Stage::Greeting,
            State::Ehlo | State::Helo => Stage::Ehlo,
            State::StartTls | State::Upgrading => Stage::StartTls,
            State::Idle | State::Done => Stage::Idle,
            State::Auth(_) => Stage::Auth,
            State::Transaction(transaction) => transaction.stage(),
            State::Command(_) => Stage::Command,
            State::Quit => Stage::Quit,
        }
    }

    /// Returns the extensions that the server announced on this connection.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Advances until there is output or no progress; returns a waiting step, or `None` if there is
    /// more to do.
    fn advance(&mut self) -> Result<Option<Step<Event>>, Error> {
        match self.state {
            State::Done => return Ok(Some(Step::Done)),
            State::Upgrading => return Ok(Some(Step::NeedInput)),
            _ => {}
        }
        if let Some(line) = self.input.next_line()? {
            match &self.state {
                // A challenge and its response allow an offline guess of the password.
                State::Auth(_) if line.starts_with(b"334") => {
                    self.out.transcript.received_secret("334");
                }
                _ => self.out.transcript.received(&line),
            }
            if let Some(reply) = self.replies.line(&line, &self.config.limits)? {
                self.on_reply(reply)?;
            }
            return Ok(None);
        }
        if self.resume_transaction() {
            return Ok(None);
        }
        if self.is_input_over {
            return self.on_end_of_input().map(Some);
        }
        match &self.state {
            State::Idle => match self.requests.pop_front() {
                Some(request) => self.begin(request).map(|()| None),
                None => Ok(Some(Step::NeedInput)),
            },
            State::Transaction(transaction) => Ok(Some(match transaction.max_body_chunk_bytes() {
                Some(max) => Step::NeedBody { max },
                None => Step::NeedInput,
            })),
            _ => Ok(Some(Step::NeedInput)),
        }
    }

    fn on_end_of_input(&mut self) -> Result<Step<Event>, Error> {
        let is_quitting = matches!(self.state, State::Quit)
            || matches!(
                (&self.state, self.requests.front()),
                (State::Idle, Some(Request::Quit))
            );
        if is_quitting {
            self.finish();
            // Report the outcomes of unserved requests first.
            return Ok(self.out.next().unwrap_or(Step::Done));
        }
        Err(Error::Closed {
            stage: self.stage(),
        })
    }

    /// Begins the next request.
    ///
    /// ```abnf
    /// quit = "QUIT" CRLF
    /// ```
    /// RFC 5321 §4.1.1.10. The other requests write their own commands.
    fn begin(&mut self, request: Request) -> Result<(), Error> {
        match request {
            Request::Authenticate(sign_in) => self.begin_authentication(sign_in),
            Request::Send(envelope) => {
                self.begin_transaction(*envelope);
                Ok(())
            }
            Request::Command(command) => {
                self.begin_command(command);
                Ok(())
            }
            Request::Quit => {
                self.out.send_line("QUIT");
                self.state = State::Quit;
                Ok(())
            }
        }
    }

    /// Handles a reply, and sends HELO after a refusal of EHLO.
    ///
    /// ```abnf
    /// Greeting = ( "220 " (Domain / address-literal)
    ///            [ SP textstring ] CRLF ) /
    ///            ( "220-" (Domain / address-literal)
    ///            [ SP textstring ] CRLF
    ///            *( "220-" [ textstring ] CRLF )
    ///            "220" [ SP textstring ] CRLF )
    /// helo     = "HELO" SP Domain CRLF
    /// ```
    /// RFC 5321 §4.2 and §4.1.1.1. HELO, too, may be sent with an address literal.
    fn on_reply(&mut self, reply: Reply) -> Result<(), Error> {
        let stage = self.stage();
        // The server is shutting down (RFC 5321 §3.8): the session ends here.
        if reply.code == 421 && !matches!(self.state, State::Quit) {
            return Err(Error::Rejected { stage, reply });
        }
        match mem::replace(&mut self.state, State::Idle) {
            State::Greeting => match reply.code {
                220 => self.send_ehlo(),
                _ => return Err(refused_or_unexpected(stage, reply)),
            },
            State::Ehlo => match reply.code {
                250 => self.on_extensions(Extensions::parse(&reply))?,
                // RFC 5321 §3.2; servers that support only HELO send 501 and 503.
                500..=504 => {
                    let name = self.config.ehlo_name.as_str();
                    let line = format!("HELO {name}");
                    self.out.send_line(&line);
                    self.state = State::Helo;
                }
                _ => return Err(refused_or_unexpected(stage, reply)),
            },
            State::Helo => match reply.code {
                250 => self.on_extensions(Extensions::default())?,
                _ => return Err(refused_or_unexpected(stage, reply)),
            },
            State::StartTls => match reply.code {
                220 if !self.input.is_empty() => {
                    return Err(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStartTls));
                }
                220 => {
                    self.out.push(Step::StartTls);
                    self.state = State::Upgrading;
                }
                _ => return Err(refused_or_unexpected(stage, reply)),
            },
            State::Auth(authentication) => self.on_auth_reply(authentication, reply)?,
            State::Transaction(transaction) => self.on_transaction_reply(transaction, reply)?,
            State::Command(command) => self.on_command_reply(command, reply)?,
            State::Quit | State::Done => self.finish(),
            State::Idle | State::Upgrading => {
                let code = reply.code;
                return Err(Error::PeerMisbehaved(Misbehaviour::UnsolicitedReply {
                    code,
                }));
            }
        }
        Ok(())
    }

    fn on_extensions(&mut self, extensions: Extensions) -> Result<(), Error> {
        self.extensions = extensions;
        if self.config.tls != Tls::StartTls || self.is_tls {
            let extensions = self.extensions.clone();
            self.out.report(Event::Ready { extensions });
            return Ok(());
        }
        if !self.extensions.starttls {
            return Err(Error::PeerIncompatible(Incompatibility::StartTlsNotOffered));
        }
        self.out.send_line("STARTTLS");
        self.state = State::StartTls;
        Ok(())
    }

    /// Sends EHLO.
    ///
    /// ```abnf
    /// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
    /// ```
    /// RFC 5321 §4.1.1.1.
    fn send_ehlo(&mut self) {
        let line = format!("EHLO {}", self.config.ehlo_name.as_str());
        self.out.send_line(&line);
        self.state = State::Ehlo;
    }

    /// Ends the session by an error; reports the outcome of every queued message first.
    fn fail(&mut self, error: Error) {
        if self.failure.is_some() {
            return;
        }
        self.out.discard_pending();
        if let State::Transaction(transaction) = mem::replace(&mut self.state, State::Done) {
            self.fail_transaction(transaction, &error);
        }
        self.fail_requests(&error.clone().into());
        self.input.clear();
        self.replies.clear();
        self.failure = Some(error);
    }

    /// Ends the session regularly.
    fn finish(&mut self) {
        self.state = State::Done;
        self.fail_requests(&Cause::ConnectionClosed);
    }
}

/// Returns the error for a reply that ends the session: a refusal, or an unexpected code.
fn refused_or_unexpected(stage: Stage, reply: Reply) -> Error {
    if reply.is_refusal() {
        return Error::Rejected { stage, reply };
    }
    Error::PeerMisbehaved(Misbehaviour::UnexpectedCode {
        stage,
        code: reply.code,
    })
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

    fn held_bytes(&self) -> usize {
        self.input.len().saturating_add(self.replies.held_bytes())
    }

    fn body(&mut self, chunk: BodyChunk) {
        self.on_body_chunk(chunk);
    }

    fn upgraded(&mut self) {
        if !matches!(self.state, State::Upgrading) {
            return;
        }
        if !self.input.is_empty() {
            self.fail(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStartTls));
            return;
        }
        self.is_tls = true;
        self.extensions = Extensions::default();
        self.send_ehlo();
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
