//! Handling of responses: greeting, status, data and continuation.

use alloc::string::String;
use core::mem;

use bytes::Bytes;

use super::{Client, InFlight, Phase, Purpose, Sending, Waits};
use crate::imap::Tls;
use crate::imap::capability::{Capabilities, Capability};
use crate::imap::code::{self, Code};
use crate::imap::error::{Error, Incompatibility, Misbehaviour, Reply};
use crate::imap::event::{Event, Status};
use crate::imap::framer::{Condition, Frame};
use crate::imap::response::{self, Data};
use crate::imap::schedule::Kind;
use crate::imap::tag::Tag;
use crate::imap::value::Value;
use crate::raw_text;

impl Client {
    pub(super) fn on_frame(&mut self, frame: Frame) -> Result<(), Error> {
        if self.phase == Phase::Greeting {
            return self.on_greeting(frame);
        }
        match frame {
            Frame::Continuation(text) => self.on_continuation(text)?,
            Frame::Status {
                tag: None,
                condition,
                text,
            } => self.on_untagged(condition, &text)?,
            Frame::Status {
                tag: Some(tag),
                condition,
                text,
            } => {
                self.on_tagged(&tag, condition, &text)?;
            }
            Frame::Data {
                values,
                balanced: true,
                cut,
            } => match response::parse(values, &cut) {
                Data::Event(event) => self.report(event),
                Data::Capability(capabilities) => self.set_capabilities(capabilities),
            },
            Frame::Data {
                values,
                balanced: false,
                cut,
            } => self.report(response::parse_broken(values, &cut)),
            Frame::Fetch(data) => self.report(Event::Fetch(data)),
            Frame::Other(line) => self.report(Event::Unknown([Value::Atom(line)].into())),
            Frame::LiteralStart {
                id,
                item,
                size_bytes,
            } => {
                self.report(Event::LiteralStart {
                    id,
                    item,
                    size_bytes,
                });
            }
            Frame::LiteralChunk { id, bytes } => self.report(Event::LiteralChunk { id, bytes }),
            Frame::LiteralEnd { id } => self.report(Event::LiteralEnd { id }),
        }
        Ok(())
    }

    /// Reports an event, unless it arrived before STARTTLS: an attacker can inject plaintext.
    fn report(&mut self, event: Event) {
        if self.phase != Phase::BeforeTls {
            self.events.push_back(event);
        }
    }

    /// Handles the greeting, the first response of a connection.
    ///
    /// ```abnf
    /// greeting       = "*" SP (resp-cond-auth / resp-cond-bye) CRLF
    /// resp-cond-auth = ("OK" / "PREAUTH") SP resp-text
    /// resp-cond-bye  = "BYE" SP resp-text
    /// ```
    /// RFC 9051 §9. Every condition other than OK is an error.
    fn on_greeting(&mut self, frame: Frame) -> Result<(), Error> {
        let (condition, text) = match frame {
            Frame::Status {
                tag: None,
                condition,
                text,
            } => (condition, text),
            Frame::Other(line) | Frame::Continuation(line) => return Err(not_a_greeting(&line)),
            Frame::Status {
                tag: Some(text), ..
            } => return Err(not_a_greeting(&text)),
            Frame::Data { values, .. } => {
                let first = values.first().and_then(Value::astring).cloned();
                return Err(not_a_greeting(&first.unwrap_or_default()));
            }
            Frame::Fetch(_)
            | Frame::LiteralStart { .. }
            | Frame::LiteralChunk { .. }
            | Frame::LiteralEnd { .. } => {
                return Err(not_a_greeting(b""));
            }
        };
        let (code, text) = code::split(&text, self.config.limits.imap_nesting);
        match condition {
            Condition::Is(Status::Ok) => {}
            Condition::PreAuth => return Err(Error::PeerMisbehaved(Misbehaviour::Preauth)),
            Condition::Bye => {
                let reply = Reply {
                    status: None,
                    code,
                    text,
                };
                return Err(Error::Rejected {
                    command: "greeting",
                    reply,
                });
            }
            Condition::Is(status) => {
                let reply = Reply {
                    status: Some(status),
                    code,
                    text,
                };
                return Err(Error::Rejected {
                    command: "greeting",
                    reply,
                });
            }
        }
        if let Some(Code::Capability(capabilities)) = code {
            self.set_capabilities(capabilities);
        }
        if self.config.tls == Tls::StartTls {
            self.phase = Phase::BeforeTls;
        } else {
            self.phase = Phase::Opening;
            self.greeting = text;
        }
        if self.has_current_capabilities {
            return self.open();
        }
        self.send_own("CAPABILITY", Purpose::Opening);
        Ok(())
    }

    /// Continues after the capabilities are known: sends STARTTLS or becomes ready.
    fn open(&mut self) -> Result<(), Error> {
        if self.phase == Phase::BeforeTls {
            if !self.capabilities.has(Capability::StartTls) {
                return Err(Error::PeerIncompatible(Incompatibility::NoStartTls));
            }
            self.send_own("STARTTLS", Purpose::StartTls);
            return Ok(());
        }
        if !self.capabilities.has(Capability::Imap4Rev1)
            && !self.capabilities.has(Capability::Imap4Rev2)
        {
            return Err(Error::PeerIncompatible(Incompatibility::NoImap4));
        }
        self.phase = Phase::Ready;
        let greeting = mem::take(&mut self.greeting);
        self.events.push_back(Event::Ready { greeting });
        Ok(())
    }

    fn set_capabilities(&mut self, mut capabilities: Capabilities) {
        self.has_current_capabilities = true;
        for capability in &self.switched_off {
            capabilities.remove(*capability);
        }
        if self.capabilities != capabilities {
            self.capabilities = capabilities;
            if self.phase == Phase::Ready {
                self.events.push_back(Event::CapabilitiesChanged);
            }
        }
    }

    /// Disables an extension that the server announces but does not implement, or whose commands it
    /// answers without data. The extension stays disabled for the rest of the session, even if the
    /// server announces it again.
    pub fn switch_off(&mut self, capability: Capability) {
        if self.capabilities.has(capability) {
            self.switched_off.push(capability);
            self.capabilities.remove(capability);
            self.events.push_back(Event::CapabilitiesChanged);
        }
    }

    fn on_continuation(&mut self, text: Bytes) -> Result<(), Error> {
        if let Some(sending) = &mut self.sending
            && sending.waits == Waits::ForContinuation
        {
            sending.waits = Waits::No;
            return Ok(());
        }
        if self.respond_to_challenge(&text)? {
            return Ok(());
        }
        for one in &mut self.in_flight {
            if let Purpose::Idle { is_running, .. } = &mut one.purpose
                && !*is_running
            {
                *is_running = true;
                let tag = one.tag;
                self.events.push_back(Event::Idling { tag });
                return Ok(());
            }
        }
        let plus = Bytes::from_static(b"+");
        self.report(Event::Unknown(
            [Value::Atom(plus), Value::Atom(text)].into(),
        ));
        Ok(())
    }

    fn on_untagged(&mut self, condition: Condition, text: &Bytes) -> Result<(), Error> {
        let (code, text) = code::split(text, self.config.limits.imap_nesting);
        match condition {
            Condition::Is(status) => {
                if let Some(Code::Capability(capabilities)) = &code {
                    self.set_capabilities(capabilities.clone());
                }
                self.report(Event::Untagged { status, code, text });
            }
            Condition::PreAuth => return Err(Error::PeerMisbehaved(Misbehaviour::Preauth)),
            Condition::Bye if self.phase == Phase::Ready => {
                self.is_bye_received = true;
                // The body of the command in progress is no longer requested.
                let sending = self.sending.take();
                self.events
                    .extend(sending.and_then(|sending| sending.completed));
                self.events.push_back(Event::Bye { code, text });
                let idles = |one: &InFlight| matches!(one.purpose, Purpose::Idle { .. });
                if self.in_flight.iter().all(idles) {
                    self.phase = Phase::Over;
                }
            }
            Condition::Bye => {
                let starts_tls = |one: &InFlight| matches!(one.purpose, Purpose::StartTls);
                let command = if self.in_flight.iter().any(starts_tls) {
                    "STARTTLS"
                } else {
                    "CAPABILITY"
                };
                let reply = Reply {
                    status: None,
                    code,
                    text,
                };
                return Err(Error::Rejected { command, reply });
            }
        }
        Ok(())
    }

    /// Handles a tagged response, which completes a command.
    ///
    /// ```abnf
    /// response-tagged = tag SP resp-cond-state CRLF
    /// ```
    /// RFC 9051 §9.
    fn on_tagged(&mut self, tag: &[u8], condition: Condition, text: &Bytes) -> Result<(), Error> {
        let index =
            Tag::parse(tag).and_then(|tag| self.in_flight.iter().position(|one| one.tag == tag));
        let (Some(index), Condition::Is(status)) = (index, condition) else {
            let tag = String::from_utf8_lossy(tag).chars().take(40).collect();
            return Err(Error::PeerMisbehaved(Misbehaviour::UnknownTag(tag)));
        };
        let InFlight {
            tag,
            purpose,
            relies_on,
        } = self.in_flight.remove(index);
        let is_unsent =
            |sending: &Sending| sending.tag == tag && sending.waits == Waits::ForContinuation;
        if status == Status::Ok && self.sending.as_ref().is_some_and(is_unsent) {
            let tag = alloc::format!("{tag}");
            return Err(Error::PeerMisbehaved(Misbehaviour::DoneTooEarly(tag)));
        }
        let (code, text) = code::split(text, self.config.limits.imap_nesting);
        if let Some(Code::Capability(capabilities)) = &code {
            self.set_capabilities(capabilities.clone());
        }
        if matches!(purpose, Purpose::StartTls | Purpose::Opening) {
            let reply = Reply {
                status: Some(status),
                code,
                text,
            };
            return self.on_own_reply(matches!(purpose, Purpose::StartTls), reply);
        }
        if let Purpose::SignIn {
            caller_tag,
            authentication,
        } = purpose
        {
            if self
                .sending
                .as_ref()
                .is_some_and(|sending| sending.tag == tag)
            {
                // The server refused the command before its literal: the rest is not sent.
                self.sending = None;
            }
            if !self.on_sign_in_reply(caller_tag, authentication, status, code.as_ref())? {
                return Ok(());
            }
            let completed = Event::Completed {
                tag: caller_tag,
                status,
                code,
                text,
            };
            if status == Status::Ok
                && !self.has_current_capabilities
                && let Some(mut remembered) = self.remembered.take()
            {
                for capability in &self.switched_off {
                    remembered.remove(*capability);
                }
                self.capabilities = remembered;
                self.send_own("CAPABILITY", Purpose::Plain(Kind::Ordinary));
            } else if status == Status::Ok && !self.has_current_capabilities {
                let completed = completed.into();
                self.send_own("CAPABILITY", Purpose::SignedIn { completed });
                return Ok(());
            }
            self.complete(completed);
            return Ok(());
        }
        let mut completed = Event::Completed {
            tag,
            status,
            code,
            text,
        };
        match purpose {
            Purpose::SignedIn { completed: held } => completed = *held,
            Purpose::Logout => self.phase = Phase::Over,
            Purpose::Compress if status == Status::Ok && !self.is_bye_received => {
                self.phase = Phase::Deflating;
            }
            Purpose::Deselect if status == Status::Ok => self.is_mailbox_open = false,
            _ => {}
        }
        if let Some(sending) = self.sending.as_mut().filter(|sending| sending.tag == tag) {
            if matches!(sending.waits, Waits::ForBody { .. }) && !self.is_bye_received {
                sending.completed = Some(completed);
                return Ok(());
            }
            // The server refused the command before its literal: the rest is not sent.
            self.sending = None;
        }
        self.complete(completed);
        if status == Status::Bad
            && let Some(capability) = relies_on
        {
            self.switch_off(capability);
        }
        Ok(())
    }

    fn complete(&mut self, completed: Event) {
        if self.is_bye_received && self.in_flight.is_empty() {
            self.phase = Phase::Over;
        }
        self.events.push_back(completed);
    }
}

impl Client {
    /// Continues after STARTTLS or CAPABILITY that the client sent by itself, if the server
    /// accepted it.
    fn on_own_reply(&mut self, starts_tls: bool, reply: Reply) -> Result<(), Error> {
        if reply.status != Some(Status::Ok) {
            let command = if starts_tls { "STARTTLS" } else { "CAPABILITY" };
            return Err(Error::Rejected { command, reply });
        }
        if starts_tls {
            self.phase = Phase::Upgrading;
            return Ok(());
        }
        self.open()
    }
}

fn not_a_greeting(line: &[u8]) -> Error {
    let line = raw_text::carry(line);
    let shown = line.chars().filter(|c| !c.is_control()).take(120).collect();
    Error::PeerMisbehaved(Misbehaviour::NotAGreeting(shown))
}
