//! One mail transaction: `MAIL`, `RCPT`, `DATA`, the message, the final dot (RFC 5321 §3.3).

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use super::address::Address;
use super::body::{BodyEncoder, NulInBody};
use super::error::{Error, Misbehaviour, Stage};
use super::extensions::Extensions;
use super::outcome::{Cause, Envelope, Outcome, RecipientResult};
use super::reply::Reply;

/// The longest piece of a message that is asked for at once.
const MAX_CHUNK_BYTES: usize = 64 << 10;

/// A transaction that is going on.
#[derive(Debug)]
pub(super) struct Transaction {
    envelope: Envelope,
    /// One for each recipient of the envelope.
    results: Vec<RecipientResult>,
    is_pipelined: bool,
    with_size: bool,
    to_say: VecDeque<Command>,
    awaiting: VecDeque<Command>,
    mail_refusal: Option<Reply>,
    data_reply: Option<Reply>,
    phase: Phase,
    encoder: BodyEncoder,
    body_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
}

#[derive(Debug)]
enum Phase {
    /// Commands are said and answered.
    Envelope,
    /// The server wants a message that has no recipient: it gets an empty one, which it refuses.
    LoneDot,
    /// The message is being given.
    Body,
    /// All but the final dot was given.
    ReadyToCommit,
    /// The final dot has left.
    Committed,
    /// The message was answered.
    Answered(Reply),
}

/// What a transaction does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Say this line.
    Say(String),
    /// Wait for a reply or for a piece of the message.
    Wait,
    /// It is over.
    End {
        /// What became of it.
        outcome: Outcome,
        /// The server may still hold a part of the transaction.
        needs_rset: bool,
    },
}

impl Transaction {
    /// Begins a transaction, unless what the server offers tells already that it would fail.
    pub(super) fn new(
        envelope: Envelope,
        extensions: &Extensions,
        needs_rset: bool,
    ) -> Result<Self, Outcome> {
        if let Some(cause) = obstacle(&envelope, extensions) {
            return Err(Self::never_begun(envelope, cause));
        }
        let mut transaction = Self {
            results: vec![RecipientResult::Unanswered; envelope.recipients.len()],
            envelope,
            is_pipelined: extensions.pipelining,
            with_size: extensions.size,
            to_say: VecDeque::new(),
            awaiting: VecDeque::new(),
            mail_refusal: None,
            data_reply: None,
            phase: Phase::Envelope,
            encoder: BodyEncoder::default(),
            body_bytes: 0,
        };
        transaction.plan(needs_rset);
        Ok(transaction)
    }

    /// Returns the outcome of a message for which nothing was said.
    pub(super) fn never_begun(envelope: Envelope, cause: Cause) -> Outcome {
        let unanswered = |address| (address, RecipientResult::Unanswered);
        let recipients = envelope.recipients.into_iter().map(unanswered).collect();
        Outcome::NotSent {
            stage: Stage::Idle,
            cause,
            recipients,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match (&self.phase, self.awaiting.front()) {
            (Phase::Envelope, Some(Command::Rset)) => Stage::Rset,
            (Phase::Envelope, Some(Command::Rcpt(_))) => Stage::Rcpt,
            (Phase::Envelope, Some(Command::Data)) | (Phase::LoneDot, _) => Stage::Data,
            (Phase::Envelope, Some(Command::Mail) | None) => Stage::Mail,
            (Phase::Body | Phase::ReadyToCommit, _) => Stage::Body,
            (Phase::Committed | Phase::Answered(_), _) => Stage::Final,
        }
    }

    pub(super) fn next(&mut self) -> Next {
        if let Phase::Answered(reply) = &self.phase {
            let reply = reply.clone();
            let recipients = self.take_recipients();
            let is_accepted = reply.is_positive();
            let outcome = if is_accepted {
                Outcome::Accepted { reply, recipients }
            } else {
                Outcome::Rejected {
                    stage: Stage::Final,
                    reply,
                    recipients,
                }
            };
            return Next::End {
                outcome,
                needs_rset: !is_accepted,
            };
        }
        if !matches!(self.phase, Phase::Envelope) {
            return Next::Wait;
        }
        if (self.is_pipelined || self.awaiting.is_empty())
            && let Some(command) = self.next_command()
        {
            self.awaiting.push_back(command);
            return Next::Say(self.line(command));
        }
        if self.awaiting.is_empty() {
            self.after_envelope()
        } else {
            Next::Wait
        }
    }

    /// Takes the reply to the oldest command that is not answered, or to the message.
    pub(super) fn on_reply(&mut self, reply: Reply) -> Result<(), Error> {
        match self.phase {
            Phase::Envelope => {
                let Some(command) = self.awaiting.pop_front() else {
                    let code = reply.code;
                    return Err(Error::PeerMisbehaved(Misbehaviour::UnsolicitedReply {
                        code,
                    }));
                };
                self.on_command_reply(command, reply)
            }
            // Whatever it says: nothing was sent to anybody.
            Phase::LoneDot => {
                self.phase = Phase::Envelope;
                Ok(())
            }
            // It does not want the rest. Whether it reads on until a dot or takes the next octets
            // for commands is not known, so the connection has to go.
            Phase::Body | Phase::ReadyToCommit if reply.is_refusal() => Err(Error::Rejected {
                stage: Stage::Body,
                reply,
            }),
            Phase::Body | Phase::ReadyToCommit => {
                Err(Error::PeerMisbehaved(Misbehaviour::EarlyReply))
            }
            Phase::Committed | Phase::Answered(_) => {
                if !reply.is_positive() && !reply.is_refusal() {
                    return Err(unexpected(Stage::Final, &reply));
                }
                self.phase = Phase::Answered(reply);
                Ok(())
            }
        }
    }

    fn on_command_reply(&mut self, command: Command, reply: Reply) -> Result<(), Error> {
        match command {
            Command::Rset if reply.is_positive() => {}
            Command::Rset => {
                return Err(Error::Rejected {
                    stage: Stage::Rset,
                    reply,
                });
            }
            Command::Mail if reply.is_positive() => {}
            Command::Mail if reply.is_refusal() => self.mail_refusal = Some(reply),
            Command::Mail => return Err(unexpected(Stage::Mail, &reply)),
            Command::Rcpt(_) if reply.code < 400 && !reply.is_positive() => {
                return Err(unexpected(Stage::Rcpt, &reply));
            }
            // Without a sender the recipients are refused for that alone, which says nothing
            // about them.
            Command::Rcpt(_) if self.mail_refusal.is_some() => {}
            Command::Rcpt(n) => {
                if let Some(result) = self.results.get_mut(n) {
                    *result = if reply.is_positive() {
                        RecipientResult::Accepted(reply)
                    } else {
                        RecipientResult::Refused(reply)
                    };
                }
            }
            Command::Data if reply.code == 354 || reply.is_refusal() => {
                self.data_reply = Some(reply);
            }
            Command::Data => return Err(unexpected(Stage::Data, &reply)),
        }
        Ok(())
    }

    /// Everything said so far is answered: goes on to the message, or ends.
    fn after_envelope(&mut self) -> Next {
        let is_wanted = self.mail_refusal.is_none() && self.has_accepted_recipient();
        let data_reply = self.data_reply.take();
        match data_reply {
            Some(reply) if reply.code == 354 => {
                if is_wanted {
                    self.phase = Phase::Body;
                    return Next::Wait;
                }
                // RFC 2920 §3.1: DATA was sent along and taken although nobody is to get it.
                self.phase = Phase::LoneDot;
                Next::Say(".".to_string())
            }
            Some(reply) if is_wanted => {
                let recipients = self.take_recipients();
                let outcome = Outcome::Rejected {
                    stage: Stage::Data,
                    reply,
                    recipients,
                };
                Next::End {
                    outcome,
                    needs_rset: true,
                }
            }
            _ => self.refused(),
        }
    }

    fn refused(&mut self) -> Next {
        if self.is_size_refused() {
            // A server that offers SIZE and does not take it: once again without.
            self.with_size = false;
            self.mail_refusal = None;
            self.results.fill(RecipientResult::Unanswered);
            self.plan(true);
            return self.next();
        }
        let refusal = self.refusal();
        let recipients = self.take_recipients();
        let outcome = match refusal {
            Some((stage, reply)) => Outcome::Rejected {
                stage,
                reply,
                recipients,
            },
            None => Outcome::NotSent {
                stage: Stage::Rcpt,
                cause: Cause::NoRecipients,
                recipients,
            },
        };
        Next::End {
            outcome,
            needs_rset: true,
        }
    }

    /// Returns the refusal of the sender or of all recipients, if there is one.
    fn refusal(&self) -> Option<(Stage, Reply)> {
        if let Some(reply) = &self.mail_refusal {
            return Some((Stage::Mail, reply.clone()));
        }
        let mut first = None;
        for result in &self.results {
            match result {
                RecipientResult::Refused(reply) => first = first.or(Some(reply)),
                RecipientResult::Accepted(_) | RecipientResult::Unanswered => return None,
            }
        }
        first.map(|reply| (Stage::Rcpt, reply.clone()))
    }

    /// `MAIL` was refused for a parameter that we can do without. SMTPUTF8 and BODY stay: without
    /// them the message would be another one.
    fn is_size_refused(&self) -> bool {
        self.with_size
            && self
                .mail_refusal
                .as_ref()
                .is_some_and(|reply| reply.code == 555)
    }

    /// Returns the outcome of a conversation that ended by this error.
    pub(super) fn lost(mut self, error: Error) -> Outcome {
        let stage = self.stage();
        let is_committed = self.is_committed();
        let refusal = if self.is_size_refused() {
            None
        } else {
            self.refusal()
        };
        let recipients = self.take_recipients();
        match (error, refusal) {
            (Error::Rejected { reply, .. }, None) if stage != Stage::Rset => Outcome::Rejected {
                stage,
                reply,
                recipients,
            },
            // Already refused when the connection ended, for instance by a server that hangs up
            // on a sender it does not like.
            (_, Some((stage, reply))) => Outcome::Rejected {
                stage,
                reply,
                recipients,
            },
            (error, None) if is_committed => Outcome::Unknown {
                cause: error.into(),
                recipients,
            },
            (error, None) => Outcome::NotSent {
                stage,
                cause: error.into(),
                recipients,
            },
        }
    }

    /// Returns how much of the message may be given now, or nothing when none is wanted.
    pub(super) const fn max_body_chunk_bytes(&self) -> Option<usize> {
        match self.phase {
            Phase::Body => Some(MAX_CHUNK_BYTES),
            _ => None,
        }
    }

    /// Makes a piece of the message fit to be sent.
    pub(super) fn encode(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
        self.encoder.encode(piece, out)?;
        self.count(out);
        Ok(())
    }

    /// Ends the message, but for its final dot.
    pub(super) fn finish_body(&mut self, out: &mut Vec<u8>) {
        self.encoder.finish(out);
        self.count(out);
        self.phase = Phase::ReadyToCommit;
    }

    pub(super) const fn is_ready_to_commit(&self) -> bool {
        matches!(self.phase, Phase::ReadyToCommit)
    }

    /// The final dot leaves.
    pub(super) fn commit(&mut self) {
        self.phase = Phase::Committed;
    }

    pub(super) const fn is_committed(&self) -> bool {
        matches!(self.phase, Phase::Committed)
    }

    /// Returns how many octets of the message were made, stuffed dots included.
    pub(super) const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    fn count(&mut self, out: &[u8]) {
        let length = u64::try_from(out.len()).unwrap_or(u64::MAX);
        self.body_bytes = self.body_bytes.saturating_add(length);
    }

    fn plan(&mut self, needs_rset: bool) {
        self.to_say.clear();
        if needs_rset {
            self.to_say.push_back(Command::Rset);
        }
        self.to_say.push_back(Command::Mail);
        self.to_say
            .extend((0..self.results.len()).map(Command::Rcpt));
        self.to_say.push_back(Command::Data);
    }

    fn next_command(&mut self) -> Option<Command> {
        // Only one by one are the earlier replies known here.
        let is_futile = self.awaiting.is_empty()
            && (self.mail_refusal.is_some()
                || (self.to_say.front() == Some(&Command::Data) && !self.has_accepted_recipient()));
        if is_futile {
            self.to_say.clear();
        }
        self.to_say.pop_front()
    }

    fn line(&self, command: Command) -> String {
        match command {
            Command::Rset => "RSET".to_string(),
            Command::Mail => self.mail_line(),
            Command::Rcpt(n) => {
                let address = self.envelope.recipients.get(n).map_or("", Address::as_str);
                format!("RCPT TO:<{address}>")
            }
            Command::Data => "DATA".to_string(),
        }
    }

    fn mail_line(&self) -> String {
        let mut line = format!("MAIL FROM:<{}>", self.envelope.reverse_path.as_str());
        if self.with_size {
            line.push_str(&format!(" SIZE={}", self.envelope.size_bytes));
        }
        if self.envelope.body_8bit {
            line.push_str(" BODY=8BITMIME");
        }
        if needs_smtputf8(&self.envelope) {
            line.push_str(" SMTPUTF8");
        }
        line
    }

    fn has_accepted_recipient(&self) -> bool {
        self.results
            .iter()
            .any(|result| matches!(result, RecipientResult::Accepted(_)))
    }

    fn take_recipients(&mut self) -> Vec<(Address, RecipientResult)> {
        let addresses = mem::take(&mut self.envelope.recipients);
        addresses
            .into_iter()
            .zip(mem::take(&mut self.results))
            .collect()
    }
}

/// Tells why the server would not take the message, from what it offers alone.
fn obstacle(envelope: &Envelope, extensions: &Extensions) -> Option<Cause> {
    if envelope.recipients.is_empty() {
        return Some(Cause::NoRecipients);
    }
    if let Some(max_bytes) = extensions
        .size_max_bytes
        .filter(|max| *max < envelope.size_bytes)
    {
        return Some(Cause::TooLarge {
            size_bytes: envelope.size_bytes,
            max_bytes,
        });
    }
    if needs_smtputf8(envelope) && !extensions.smtputf8 {
        return Some(Cause::Smtputf8NotOffered);
    }
    if envelope.body_8bit && !extensions.eight_bit_mime {
        return Some(Cause::EightBitMimeNotOffered);
    }
    None
}

fn needs_smtputf8(envelope: &Envelope) -> bool {
    envelope.smtputf8
        || envelope
            .reverse_path
            .address()
            .is_some_and(|address| !address.is_ascii())
        || envelope
            .recipients
            .iter()
            .any(|address| !address.is_ascii())
}

fn unexpected(stage: Stage, reply: &Reply) -> Error {
    Error::PeerMisbehaved(Misbehaviour::UnexpectedCode {
        stage,
        code: reply.code,
    })
}
