//! Sending of messages by the client: from the request to the outcome.

use alloc::boxed::Box;
use alloc::format;
use core::mem;

use super::{Client, Request, State};
use crate::smtp::body::NulInBody;
use crate::smtp::chunks::{Piece, TooShort};
use crate::smtp::envelope::Envelope;
use crate::smtp::error::{Error, Misbehaviour};
use crate::smtp::event::Event;
use crate::smtp::outcome::Cause;
use crate::smtp::reply::Reply;
use crate::smtp::transaction::{Next, Transaction};
use crate::smtp::transfer::Commit;
use crate::{BodyChunk, Step};

impl Client {
    /// Queues a message. [`Step::NeedBody`] requests its body when the server accepts it.
    /// [`Event::Outcome`] completes the request, after [`Event::ReadyToCommit`] if the whole body
    /// was sent.
    ///
    /// Any number of messages may be sent on one connection, until
    /// [`is_limit_reached`](Self::is_limit_reached).
    pub fn send(&mut self, envelope: Envelope) {
        self.requests.push_back(Request::Send(Box::new(envelope)));
        if self.failure.is_some() || matches!(self.state, State::Done) {
            self.fail_requests(&Cause::ConnectionClosed);
        }
    }

    /// Returns whether the limits of the session are reached (RFC 9422): further messages need
    /// another connection.
    pub fn is_limit_reached(&self) -> bool {
        self.used.is_exhausted(&self.extensions)
    }

    /// Returns whether the session is over: no more messages can be sent on this connection.
    pub const fn is_over(&self) -> bool {
        self.failure.is_some() || self.is_input_over || matches!(self.state, State::Done)
    }

    /// Sends the final dot or the last chunk, after [`Event::ReadyToCommit`]; does nothing at any
    /// other time.
    ///
    /// If the connection breaks after this call, the outcome of the message is
    /// [`Outcome::Unknown`](crate::smtp::Outcome::Unknown).
    pub fn commit(&mut self) {
        let State::Transaction(transaction) = &mut self.state else {
            return;
        };
        if !transaction.is_ready_to_commit() {
            return;
        }
        if self.is_input_over {
            // The connection is closed; the next step returns the error.
            return;
        }
        // A reply that begins before the final dot is not a reply to the message.
        if !self.input.is_empty() || self.replies.is_inside() {
            self.fail(Error::PeerMisbehaved(Misbehaviour::EarlyReply));
            return;
        }
        match transaction.commit() {
            Commit::Dot => self.out.send_line("."),
            Commit::Last(octets) => self.send_piece(" LAST", &octets),
        }
    }

    /// Aborts the current message; does nothing if there is none or its final dot was sent. The
    /// session ends with [`Error::Aborted`]: only a dropped connection ensures that the server does
    /// not accept the sent part as the whole message.
    pub fn abort(&mut self) {
        if matches!(&self.state, State::Transaction(t) if !t.is_committed()) {
            self.fail(Error::Aborted);
        }
    }

    /// Returns whether the reply to a final dot is pending: if the connection is dropped now, the
    /// outcome of the message is unknown.
    pub fn is_committed(&self) -> bool {
        matches!(&self.state, State::Transaction(t) if t.is_committed())
    }

    pub(super) fn begin_transaction(&mut self, envelope: Envelope) {
        let begun = Transaction::new(
            envelope,
            &self.extensions,
            &self.config,
            self.is_tls,
            &mut self.used,
            self.needs_rset,
        );
        match begun {
            Ok(transaction) => self.run_transaction(Box::new(transaction)),
            Err(outcome) => self.out.report(Event::Outcome(outcome)),
        }
    }

    pub(super) fn on_transaction_reply(
        &mut self,
        mut transaction: Box<Transaction>,
        reply: Reply,
    ) -> Result<(), Error> {
        let result = transaction.on_reply(reply);
        if result.is_err() || transaction.has_command_to_send() {
            // On an error the outcome is built from the transaction. Otherwise the next command is
            // sent only when all input is read: a reply received before a command is sent cannot
            // belong to it.
            self.state = State::Transaction(transaction);
        } else {
            self.run_transaction(transaction);
        }
        result
    }

    /// Sends the next command of a transaction, if one was delayed; returns whether it did.
    pub(super) fn resume_transaction(&mut self) -> bool {
        let has_next = matches!(&self.state, State::Transaction(t) if t.has_command_to_send());
        if has_next
            && let State::Transaction(transaction) = mem::replace(&mut self.state, State::Idle)
        {
            self.run_transaction(transaction);
        }
        has_next
    }

    /// Handles the next chunk of the body, if one was requested.
    pub(super) fn on_body_chunk(&mut self, chunk: BodyChunk) {
        let needs_body =
            matches!(&self.state, State::Transaction(t) if t.max_body_chunk_bytes().is_some());
        if !needs_body {
            return;
        }
        let State::Transaction(mut transaction) = mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let result = match chunk {
            BodyChunk::Data(bytes) => transaction
                .add_body(&bytes, self.out.body())
                .map_err(|NulInBody| Error::NulInBody),
            BodyChunk::End => {
                let ended = transaction.end(self.out.body());
                ended.map_err(|TooShort| Error::Aborted)
            }
            BodyChunk::Abort => Err(Error::Aborted),
        };
        match result {
            Ok(()) => self.run_transaction(transaction),
            Err(error) => {
                self.state = State::Transaction(transaction);
                self.fail(error);
            }
        }
    }

    /// Reports the outcome of a message whose session ended by this error.
    pub(super) fn fail_transaction(&mut self, mut transaction: Box<Transaction>, error: &Error) {
        self.note_body(transaction.take_data_bytes());
        self.out
            .report(Event::Outcome(transaction.lost(error.clone())));
    }

    /// Reports the outcome of every queued message.
    pub(super) fn fail_requests(&mut self, cause: &Cause) {
        for request in mem::take(&mut self.requests) {
            if let Request::Send(envelope) = request {
                let outcome = Transaction::never_begun(*envelope, cause.clone());
                self.out.report(Event::Outcome(outcome));
            }
        }
    }

    /// Sends the next output of a transaction until it waits or ends; reports its outcome.
    ///
    /// ```abnf
    /// bdat-cmd ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF ; of an announced piece
    /// ```
    /// RFC 3030 §2.
    fn run_transaction(&mut self, mut transaction: Box<Transaction>) {
        loop {
            match transaction.next() {
                Next::SendLine(line) => self.out.send_line(&line),
                Next::Piece(Piece::Whole(octets)) => self.send_piece("", &octets),
                Next::Piece(Piece::Announced(length)) => {
                    self.out.send_line(&format!("BDAT {length}"));
                    self.note_body(length);
                    transaction.fill(self.out.body());
                }
                Next::RequestCommit => {
                    self.note_body(transaction.take_data_bytes());
                    self.out.report(Event::ReadyToCommit);
                }
                Next::Wait => {
                    self.state = State::Transaction(transaction);
                    return;
                }
                Next::End {
                    outcome,
                    needs_rset,
                } => {
                    self.needs_rset = needs_rset;
                    for _ in 0..transaction.repeated_mails() {
                        self.used.count_transaction();
                    }
                    self.out.report(Event::Outcome(outcome));
                    return;
                }
            }
        }
    }

    /// Sends a `BDAT` chunk; `mark` follows its size.
    ///
    /// ```abnf
    /// bdat-cmd   ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF
    /// chunk-size ::= 1*DIGIT
    /// end-marker ::= "LAST"
    /// ```
    /// RFC 3030 §2.
    fn send_piece(&mut self, mark: &str, octets: &bytes::Bytes) {
        let length = octets.len();
        self.out.send_line(&format!("BDAT {length}{mark}"));
        if length > 0 {
            self.note_body(u64::try_from(length).unwrap_or(u64::MAX));
            self.out.push(Step::Write(octets.clone()));
        }
    }

    fn note_body(&mut self, body_bytes: u64) {
        if body_bytes > 0 {
            self.out.transcript.sent_body(body_bytes);
        }
    }
}
