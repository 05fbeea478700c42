//! One mail transaction: `MAIL`, `RCPT`, then the message by `DATA` or `BDAT` (RFC 5321 §3.3,
//! RFC 3030).

mod verdict;

use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::body::NulInBody;
use super::chunks::{Piece, TooShort};
use super::config::Config;
use super::envelope::Envelope;
use super::error::{Error, Misbehaviour, Stage};
use super::extensions::Extensions;
use super::optional_params::{OptionalParams, SessionUsage, unsupported};
use super::outcome::{Cause, Outcome, RecipientResult};
use super::reply::Reply;
use super::transfer::{Commit, Transfer};

/// Maximum size of a stored reply to `RCPT`: 1000 replies of 6 MiB each may be received.
const MAX_STORED_REPLY_BYTES: usize = 4 << 10;

/// A transaction in progress.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) envelope: Envelope,
    pub(super) optional_params: OptionalParams,
    /// The result of each recipient of the envelope, in order.
    pub(super) results: Vec<RecipientResult>,
    is_pipelined: bool,
    to_send: VecDeque<Verb>,
    awaiting: VecDeque<Verb>,
    pub(super) mail_refusal: Option<Reply>,
    data_reply: Option<Reply>,
    phase: Phase,
    ahead: Ahead,
    pub(super) transfer: Transfer,
    mails_sent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
}

#[derive(Debug)]
enum Phase {
    /// The commands of the envelope are sent and their replies are pending.
    Envelope,
    /// The server accepted `DATA` without a recipient; the client sends an empty message, which the
    /// server refuses.
    LoneDot,
    /// The owner supplies the message.
    Body,
    /// The message is complete; chunks may still be unsent or without a reply.
    BodyComplete,
    /// Everything but the final dot or the last chunk was sent.
    ReadyToCommit,
    /// The final dot or the last chunk was sent.
    Committed,
    /// The server replied to the message.
    Replied(Reply),
}

/// Whether a chunk of the message was sent before the replies to the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// No, or all replies were received and a recipient was accepted.
    No,
    /// Yes, and replies are pending.
    Yes,
    /// Yes, and the envelope was refused: the client completes the announced chunk and reads its
    /// reply.
    Refused,
}

/// The next output of a transaction.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this line.
    SendLine(String),
    /// Send a chunk of the message by `BDAT`.
    Piece(Piece),
    /// Ask the owner to commit the message.
    RequestCommit,
    /// Wait for a reply or for a chunk of the body.
    Wait,
    /// The transaction is over.
    End {
        /// The outcome of the message.
        outcome: Outcome,
        /// The transaction may still be open on the server.
        needs_rset: bool,
    },
}

impl Transaction {
    /// Begins a transaction; fails if the offered extensions already rule it out.
    pub(super) fn new(
        envelope: Envelope,
        extensions: &Extensions,
        config: &Config,
        is_tls: bool,
        used: &mut SessionUsage,
        needs_rset: bool,
    ) -> Result<Self, Outcome> {
        if let Some(cause) = unsupported(&envelope, extensions, is_tls) {
            return Err(Self::never_begun(envelope, cause));
        }
        let addresses = envelope
            .recipients
            .iter()
            .map(|recipient| &recipient.address);
        let fits = used.reserve(addresses, extensions);
        if !fits.contains(&true) {
            return Err(Self::never_begun(envelope, Cause::SessionLimitReached));
        }
        let first = |fits| match fits {
            true => RecipientResult::Unanswered,
            false => RecipientResult::Deferred(None),
        };
        let mut transaction = Self {
            results: fits.into_iter().map(first).collect(),
            optional_params: OptionalParams::new(&envelope, extensions),
            is_pipelined: extensions.pipelining && !envelope.is_plain,
            transfer: Transfer::new(&envelope, extensions, config),
            envelope,
            to_send: VecDeque::new(),
            awaiting: VecDeque::new(),
            mail_refusal: None,
            data_reply: None,
            phase: Phase::Envelope,
            ahead: Ahead::No,
            mails_sent: 0,
        };
        transaction.plan(needs_rset);
        Ok(transaction)
    }

    /// Returns the outcome of a message for which no command was sent.
    pub(super) fn never_begun(envelope: Envelope, cause: Cause) -> Outcome {
        let recipients = envelope.recipients.into_iter();
        Outcome::NotSent {
            stage: Stage::Idle,
            cause,
            recipients: recipients
                .map(|recipient| (recipient.address, RecipientResult::Unanswered))
                .collect(),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match (&self.phase, self.awaiting.front()) {
            (Phase::LoneDot, _) => Stage::Data,
            (_, Some(Verb::Rset)) => Stage::Rset,
            (_, Some(Verb::Mail)) | (Phase::Envelope, None) => Stage::Mail,
            (_, Some(Verb::Rcpt(_))) => Stage::Rcpt,
            (_, Some(Verb::Data)) => Stage::Data,
            (Phase::Body | Phase::BodyComplete | Phase::ReadyToCommit, _) => Stage::Body,
            (Phase::Committed | Phase::Replied(_), _) => Stage::Final,
        }
    }

    pub(super) fn next(&mut self) -> Next {
        match &self.phase {
            Phase::Envelope => self.next_of_envelope(),
            Phase::Body | Phase::BodyComplete => self.next_of_body(),
            Phase::Replied(reply) => {
                let reply = reply.clone();
                self.answered(reply)
            }
            Phase::LoneDot | Phase::ReadyToCommit | Phase::Committed => Next::Wait,
        }
    }

    fn next_of_envelope(&mut self) -> Next {
        if (self.is_pipelined || self.awaiting.is_empty())
            && let Some(verb) = self.next_verb()
        {
            self.awaiting.push_back(verb);
            return Next::SendLine(self.line(verb));
        }
        if self.awaiting.is_empty() {
            return self.after_envelope();
        }
        if self.is_pipelined
            && let Transfer::Bdat(chunks) = &self.transfer
            && chunks.can_announce()
        {
            self.phase = Phase::Body;
            self.ahead = Ahead::Yes;
            return self.next_ahead();
        }
        Next::Wait
    }

    /// Returns the next output while a chunk is sent ahead of the replies to the envelope
    /// (RFC 3030 §2). The last chunk, which makes the server accept the message, is sent only after
    /// all replies.
    fn next_ahead(&mut self) -> Next {
        let Transfer::Bdat(chunks) = &mut self.transfer else {
            return Next::Wait;
        };
        if !self.awaiting.is_empty() {
            if !chunks.awaits_reply()
                && let Some(piece) = chunks.next_piece()
            {
                return Next::Piece(piece);
            }
            return Next::Wait;
        }
        if self.ahead == Ahead::Yes && self.is_envelope_accepted() {
            self.ahead = Ahead::No;
            self.defer_recipients();
            return self.next_of_body();
        }
        let Transfer::Bdat(chunks) = &mut self.transfer else {
            return Next::Wait;
        };
        if self.ahead == Ahead::Yes {
            self.ahead = Ahead::Refused;
            chunks.stop();
        }
        if chunks.is_inside() || chunks.awaits_reply() {
            return Next::Wait;
        }
        self.refused()
    }

    fn is_envelope_accepted(&self) -> bool {
        self.mail_refusal.is_none() && self.has_accepted_recipient()
    }

    fn next_of_body(&mut self) -> Next {
        if self.ahead != Ahead::No {
            return self.next_ahead();
        }
        let is_body_complete = matches!(self.phase, Phase::BodyComplete);
        if let Transfer::Bdat(chunks) = &mut self.transfer {
            let is_over = !chunks.awaits_reply() && !chunks.is_inside();
            if let Some(refusal) = chunks.refusal().filter(|_| is_over) {
                let reply = refusal.clone();
                return self.refused_at(Stage::Body, reply);
            }
            if let Some(piece) = chunks.next_piece() {
                return Next::Piece(piece);
            }
            if !chunks.is_accepted() {
                return Next::Wait;
            }
        }
        if !is_body_complete {
            return Next::Wait;
        }
        self.phase = Phase::ReadyToCommit;
        Next::RequestCommit
    }

    /// Returns whether the next command is to be sent as soon as all input is read.
    pub(super) fn has_command_to_send(&self) -> bool {
        matches!(self.phase, Phase::Envelope)
            && self.awaiting.is_empty()
            && !self.to_send.is_empty()
    }

    /// Handles the reply to the oldest pending command, or to the message.
    pub(super) fn on_reply(&mut self, reply: Reply) -> Result<(), Error> {
        match self.phase {
            Phase::Body | Phase::BodyComplete if !self.awaiting.is_empty() => {
                self.on_envelope_reply(reply)
            }
            Phase::Envelope => self.on_envelope_reply(reply),
            // The reply is irrelevant: the empty message had no recipient.
            Phase::LoneDot => {
                self.phase = Phase::Envelope;
                Ok(())
            }
            Phase::Body | Phase::BodyComplete | Phase::ReadyToCommit => self.on_body_reply(reply),
            Phase::Committed | Phase::Replied(_) => {
                if !reply.is_positive() && !reply.is_refusal() {
                    return Err(unexpected(Stage::Final, &reply));
                }
                self.phase = Phase::Replied(reply);
                Ok(())
            }
        }
    }

    fn on_envelope_reply(&mut self, reply: Reply) -> Result<(), Error> {
        let Some(&verb) = self.awaiting.front() else {
            let code = reply.code;
            return Err(Error::PeerMisbehaved(Misbehaviour::UnsolicitedReply {
                code,
            }));
        };
        // Remove the command only after success, so that an error names its stage.
        self.on_verb_reply(verb, reply)?;
        self.awaiting.pop_front();
        Ok(())
    }

    fn on_verb_reply(&mut self, verb: Verb, reply: Reply) -> Result<(), Error> {
        match verb {
            Verb::Rset if reply.is_positive() => {}
            Verb::Rset if reply.is_refusal() => {
                return Err(Error::Rejected {
                    stage: Stage::Rset,
                    reply,
                });
            }
            Verb::Rset => return Err(unexpected(Stage::Rset, &reply)),
            Verb::Mail if reply.is_positive() => {}
            Verb::Mail if reply.is_refusal() => self.mail_refusal = Some(reply),
            Verb::Mail => return Err(unexpected(Stage::Mail, &reply)),
            Verb::Rcpt(_) if reply.code < 400 && !reply.is_positive() => {
                return Err(unexpected(Stage::Rcpt, &reply));
            }
            // After a refused MAIL the server refuses every recipient, so the reply is not about
            // the recipient.
            Verb::Rcpt(_) if self.mail_refusal.is_some() => {}
            Verb::Rcpt(n) => {
                if let Some(result) = self.results.get_mut(n) {
                    let reply = reply.shortened(MAX_STORED_REPLY_BYTES);
                    *result = if reply.is_positive() {
                        RecipientResult::Accepted(reply)
                    } else {
                        RecipientResult::Refused(reply)
                    };
                }
            }
            Verb::Data if reply.code == 354 || reply.is_refusal() => {
                self.data_reply = Some(reply);
            }
            Verb::Data => return Err(unexpected(Stage::Data, &reply)),
        }
        Ok(())
    }

    fn on_body_reply(&mut self, reply: Reply) -> Result<(), Error> {
        match &mut self.transfer {
            Transfer::Bdat(chunks) if chunks.awaits_reply_to_whole_piece() => {
                if !reply.is_positive() && !reply.is_refusal() {
                    return Err(unexpected(Stage::Body, &reply));
                }
                chunks.on_reply(reply);
                Ok(())
            }
            // The server refuses the rest. It is unknown whether it reads on until a dot or parses
            // the next octets as commands, so the connection has to be dropped.
            _ if reply.is_refusal() => Err(Error::Rejected {
                stage: Stage::Body,
                reply,
            }),
            _ => Err(Error::PeerMisbehaved(Misbehaviour::EarlyReply)),
        }
    }

    /// Continues after all replies to the envelope: with the message, or with the end.
    fn after_envelope(&mut self) -> Next {
        let is_envelope_accepted = self.is_envelope_accepted();
        let is_bdat = matches!(self.transfer, Transfer::Bdat(_));
        match self.data_reply.take() {
            None if is_bdat && is_envelope_accepted => {
                self.defer_recipients();
                self.phase = Phase::Body;
                // A message of known size is announced before the owner supplies it.
                self.next_of_body()
            }
            Some(reply) if reply.code == 354 => {
                if is_envelope_accepted {
                    self.defer_recipients();
                    self.phase = Phase::Body;
                    return Next::Wait;
                }
                // RFC 2920 §3.1: the server accepted the pipelined DATA without a valid recipient.
                self.phase = Phase::LoneDot;
                Next::SendLine(".".to_string())
            }
            Some(reply) if is_envelope_accepted => self.refused_at(Stage::Data, reply),
            _ => self.refused(),
        }
    }

    fn refused(&mut self) -> Next {
        let can_retry = self.ahead == Ahead::No && self.can_retry_without_optional();
        if can_retry && self.optional_params.drop_optional() {
            self.mail_refusal = None;
            for result in &mut self.results {
                if !matches!(result, RecipientResult::Deferred(_)) {
                    *result = RecipientResult::Unanswered;
                }
            }
            self.plan(true);
            return self.next();
        }
        match self.refusal() {
            // A part of the message was sent: its owner has to supply it again.
            Some((stage, reply))
                if self.ahead != Ahead::No && self.can_retry_without_optional() =>
            {
                self.not_in_one_go(stage, reply)
            }
            Some((stage, reply)) => self.refused_at(stage, reply),
            None => Next::End {
                outcome: Outcome::NotSent {
                    stage: Stage::Rcpt,
                    cause: Cause::NoRecipients,
                    recipients: self.take_recipients(),
                },
                needs_rset: true,
            },
        }
    }

    /// Returns the maximum size of the next body chunk; `None` if no chunk is expected.
    pub(super) fn max_body_chunk_bytes(&self) -> Option<usize> {
        match self.phase {
            Phase::Body => self.transfer.max_chunk_bytes(self.ahead != Ahead::No),
            _ => None,
        }
    }

    /// Adds octets of the message, and appends those that are sent immediately to `out`.
    pub(super) fn add_body(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
        self.transfer.add_body(octets, out)
    }

    /// Ends the message, without its final dot or last chunk.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), TooShort> {
        self.transfer.end(out)?;
        self.phase = Phase::BodyComplete;
        Ok(())
    }

    /// Appends the octets of a chunk that were supplied before its announcement to `out`.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) {
        if let Transfer::Bdat(chunks) = &mut self.transfer {
            chunks.fill(out);
        }
    }

    pub(super) const fn is_pipelined(&self) -> bool {
        self.is_pipelined
    }

    pub(super) const fn is_ready_to_commit(&self) -> bool {
        matches!(self.phase, Phase::ReadyToCommit)
    }

    /// Returns the output that makes the server accept the message.
    pub(super) fn commit(&mut self) -> Commit {
        self.phase = Phase::Committed;
        self.transfer.commit()
    }

    pub(super) const fn is_committed(&self) -> bool {
        matches!(self.phase, Phase::Committed)
    }

    /// Returns and resets the number of octets sent by `DATA`, including dot-stuffing.
    pub(super) const fn take_data_bytes(&mut self) -> u64 {
        self.transfer.take_data_bytes()
    }

    /// Returns the number of `MAIL` commands after the first.
    pub(super) const fn repeated_mails(&self) -> u32 {
        self.mails_sent.saturating_sub(1)
    }

    fn plan(&mut self, needs_rset: bool) {
        self.to_send.clear();
        if needs_rset {
            self.to_send.push_back(Verb::Rset);
        }
        self.to_send.push_back(Verb::Mail);
        for (n, result) in self.results.iter().enumerate() {
            if !matches!(result, RecipientResult::Deferred(_)) {
                self.to_send.push_back(Verb::Rcpt(n));
            }
        }
        if matches!(self.transfer, Transfer::Data { .. }) {
            self.to_send.push_back(Verb::Data);
        }
    }

    fn next_verb(&mut self) -> Option<Verb> {
        // Without PIPELINING the earlier replies are known here.
        let is_futile = self.awaiting.is_empty()
            && (self.mail_refusal.is_some()
                || (self.to_send.front() == Some(&Verb::Data) && !self.has_accepted_recipient()));
        if is_futile {
            self.to_send.clear();
        }
        self.to_send.pop_front()
    }

    /// Returns the line of a command, without CRLF.
    ///
    /// ```abnf
    /// rset = "RSET" CRLF
    /// data = "DATA" CRLF
    /// ```
    /// RFC 5321 §4.1.1.
    fn line(&mut self, verb: Verb) -> String {
        match verb {
            Verb::Rset => "RSET".to_string(),
            Verb::Mail => {
                self.mails_sent = self.mails_sent.saturating_add(1);
                self.optional_params.mail_line(&self.envelope)
            }
            Verb::Rcpt(n) => match self.envelope.recipients.get(n) {
                Some(recipient) => self.optional_params.rcpt_line(recipient),
                None => String::new(),
            },
            Verb::Data => "DATA".to_string(),
        }
    }
}

pub(super) fn unexpected(stage: Stage, reply: &Reply) -> Error {
    Error::PeerMisbehaved(Misbehaviour::UnexpectedCode {
        stage,
        code: reply.code,
    })
}
