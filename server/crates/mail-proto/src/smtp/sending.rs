//! Messages as a part of the client's conversation: from the request to the outcome.

use alloc::boxed::Box;
use alloc::format;
use core::mem;

use super::body::NulInBody;
use super::chunks::{Piece, TooShort};
use super::client::{Client, Request, State};
use super::envelope::Envelope;
use super::error::{Error, Misbehaviour};
use super::event::Event;
use super::outcome::Cause;
use super::reply::Reply;
use super::transaction::{Next, Transaction};
use super::transfer::Commit;
use crate::{BodyChunk, Step};

impl Client {
    /// Sends a message. Its body is asked for by [`Step::NeedBody`] once the server wants it;
    /// answered by [`Event::Outcome`], with [`Event::ReadyToCommit`] before if it comes that far.
    ///
    /// On the same connection any number of messages may be sent, until
    /// [`is_used_up`](Self::is_used_up).
    pub fn send(&mut self, envelope: Envelope) {
        self.requests.push_back(Request::Send(Box::new(envelope)));
        if self.failure.is_some() || matches!(self.state, State::Done) {
            self.answer_requests(&Cause::ConnectionClosed);
        }
    }

    /// Tells whether the server said that it takes no more on this connection (RFC 9422): what is
    /// still to be sent needs another one.
    pub fn is_used_up(&self) -> bool {
        self.used.is_up(&self.extensions)
    }

    /// Tells whether the conversation is over: nothing more can be sent on this connection.
    pub const fn is_over(&self) -> bool {
        self.failure.is_some() || self.is_input_over || matches!(self.state, State::Done)
    }

    /// Sends the final dot or the last piece, after [`Event::ReadyToCommit`]; does nothing at any
    /// other time.
    ///
    /// From here on, a message whose connection breaks is [`Outcome::Unknown`](super::Outcome::Unknown).
    pub fn commit(&mut self) {
        let State::Transaction(transaction) = &mut self.state else {
            return;
        };
        if !transaction.is_ready_to_commit() {
            return;
        }
        if self.is_input_over {
            // Nothing leaves any more; the next step tells why.
            return;
        }
        // The answer cannot have begun before the dot was sent.
        if !self.input.is_empty() || self.replies.is_inside() {
            self.fail(Error::PeerMisbehaved(Misbehaviour::EarlyReply));
            return;
        }
        match transaction.commit() {
            Commit::Dot => self.out.send_line("."),
            Commit::Last(octets) => self.say_piece(" LAST", &octets),
        }
    }

    /// Gives up the message that is being sent; does nothing when there is none or its final dot
    /// has left. The conversation ends with [`Error::Aborted`]: only a dropped connection keeps
    /// the server from taking what it got for the whole.
    pub fn abort(&mut self) {
        if matches!(&self.state, State::Transaction(t) if !t.is_committed()) {
            self.fail(Error::Aborted);
        }
    }

    /// Tells whether a final dot has left whose answer is awaited: if the connection is dropped
    /// now, the fate of that message is unknown.
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
            Ok(transaction) => self.go_on_with(Box::new(transaction)),
            Err(outcome) => self.out.report(Event::Outcome(outcome)),
        }
    }

    pub(super) fn on_transaction_reply(
        &mut self,
        mut transaction: Box<Transaction>,
        reply: Reply,
    ) -> Result<(), Error> {
        let taken = transaction.on_reply(reply);
        if taken.is_err() || transaction.is_about_to_speak() {
            // The outcome is made from it; or it speaks, but only once all that the server has
            // said is read: a reply that is there before its command cannot be one to it.
            self.state = State::Transaction(transaction);
        } else {
            self.go_on_with(transaction);
        }
        taken
    }

    /// Says the next command of a transaction, if one was put off.
    pub(super) fn speaks_next(&mut self) -> bool {
        let speaks = matches!(&self.state, State::Transaction(t) if t.is_about_to_speak());
        if speaks
            && let State::Transaction(transaction) = mem::replace(&mut self.state, State::Idle)
        {
            self.go_on_with(transaction);
        }
        speaks
    }

    /// Takes the next piece of the message, if one is wanted.
    pub(super) fn give(&mut self, chunk: BodyChunk) {
        let is_wanted =
            matches!(&self.state, State::Transaction(t) if t.max_body_chunk_bytes().is_some());
        if !is_wanted {
            return;
        }
        let State::Transaction(mut transaction) = mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let given = match chunk {
            BodyChunk::Data(bytes) => transaction
                .give(&bytes, self.out.body())
                .map_err(|NulInBody| Error::NulInBody),
            BodyChunk::End => {
                let ended = transaction.end(self.out.body());
                ended.map_err(|TooShort| Error::Aborted)
            }
            BodyChunk::Abort => Err(Error::Aborted),
        };
        match given {
            Ok(()) => self.go_on_with(transaction),
            Err(error) => {
                self.state = State::Transaction(transaction);
                self.fail(error);
            }
        }
    }

    /// Reports what became of a message whose conversation ended by this error.
    pub(super) fn lose(&mut self, mut transaction: Box<Transaction>, error: &Error) {
        self.note_body(transaction.take_data_bytes());
        self.out
            .report(Event::Outcome(transaction.lost(error.clone())));
    }

    /// Gives every message whose turn never came its outcome.
    pub(super) fn answer_requests(&mut self, cause: &Cause) {
        for request in mem::take(&mut self.requests) {
            if let Request::Send(envelope) = request {
                let outcome = Transaction::never_begun(*envelope, cause.clone());
                self.out.report(Event::Outcome(outcome));
            }
        }
    }

    /// Says what a transaction has to say next; keeps it, or reports what became of it.
    ///
    /// ```abnf
    /// bdat-cmd ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF ; of an announced piece
    /// ```
    /// RFC 3030 §2.
    fn go_on_with(&mut self, mut transaction: Box<Transaction>) {
        loop {
            match transaction.next() {
                Next::Say(line) => self.out.send_line(&line),
                Next::Piece(Piece::Whole(octets)) => self.say_piece("", &octets),
                Next::Piece(Piece::Announced(length)) => {
                    self.out.send_line(&format!("BDAT {length}"));
                    self.note_body(length);
                    transaction.fill(self.out.body());
                }
                Next::AskToCommit => {
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

    /// Puts a piece of the message into the next writes; `mark` is what follows its size.
    ///
    /// ```abnf
    /// bdat-cmd   ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF
    /// chunk-size ::= 1*DIGIT
    /// end-marker ::= "LAST"
    /// ```
    /// RFC 3030 §2.
    fn say_piece(&mut self, mark: &str, octets: &bytes::Bytes) {
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
