//! The result of a transaction: refused recipients, possible retries, and the outcome.

use alloc::vec::Vec;
use core::mem;

use super::{Next, Transaction};
use crate::smtp::address::Address;
use crate::smtp::error::{Error, Stage};
use crate::smtp::outcome::{Cause, Outcome, RecipientResult};
use crate::smtp::reply::Reply;
use crate::smtp::transfer::Transfer;

impl Transaction {
    /// Defers the recipients that were refused because the transaction is full, or for an optional
    /// parameter: since others are accepted, these can succeed in another transaction.
    pub(super) fn defer_recipients(&mut self) {
        let accepted = self.results.iter();
        let accepted = accepted.filter(|result| matches!(result, RecipientResult::Accepted(_)));
        let accepted = accepted.count();
        for (result, recipient) in self.results.iter_mut().zip(&self.envelope.recipients) {
            if let RecipientResult::Refused(reply) = result
                && (has_too_many_recipients(reply, accepted)
                    || self
                        .optional_params
                        .may_have_caused_rcpt_refusal(recipient, reply))
            {
                *result = RecipientResult::Deferred(Some(reply.clone()));
            }
        }
    }

    pub(super) fn rejected(&mut self, stage: Stage, reply: Reply) -> Next {
        Next::End {
            outcome: Outcome::Rejected {
                stage,
                reply,
                recipients: self.take_recipients(),
            },
            needs_rset: true,
        }
    }

    /// Ends the transaction after a refusal before the end of the message: as rejected, or as not
    /// sent in one go if the command was unknown or out of sequence, because the server may accept
    /// it without PIPELINING and `BDAT`.
    pub(super) fn refused_at(&mut self, stage: Stage, reply: Reply) -> Next {
        if self.can_send_plain(&reply) {
            return self.not_in_one_go(stage, reply);
        }
        self.rejected(stage, reply)
    }

    pub(super) fn not_in_one_go(&mut self, stage: Stage, reply: Reply) -> Next {
        Next::End {
            outcome: Outcome::NotSent {
                stage,
                cause: Cause::NotInOneGo { reply },
                recipients: self.take_recipients(),
            },
            needs_rset: true,
        }
    }

    fn can_send_plain(&self, reply: &Reply) -> bool {
        let is_plain = !self.is_pipelined() && !matches!(self.transfer, Transfer::Bdat(_));
        !is_plain && matches!(reply.code, 500 | 502 | 503)
    }

    pub(super) fn answered(&mut self, reply: Reply) -> Next {
        if !reply.is_positive() {
            return self.rejected(Stage::Final, reply);
        }
        Next::End {
            outcome: Outcome::Accepted {
                reply,
                recipients: self.take_recipients(),
                left_out: mem::take(&mut self.optional_params).into_left_out(),
            },
            needs_rset: false,
        }
    }

    /// Returns the refusal of the sender, of all recipients or of a chunk, if there is one.
    pub(super) fn refusal(&self) -> Option<(Stage, Reply)> {
        if let Some(reply) = &self.mail_refusal {
            return Some((Stage::Mail, reply.clone()));
        }
        // A chunk sent ahead of these replies is refused only because of them.
        self.refusal_of_all()
            .map(|reply| (Stage::Rcpt, reply))
            .or_else(|| match &self.transfer {
                Transfer::Bdat(chunks) => Some((Stage::Body, chunks.refusal()?.clone())),
                Transfer::Data { .. } => None,
            })
    }

    /// Returns the first refusal of a recipient, if none was accepted.
    fn refusal_of_all(&self) -> Option<Reply> {
        let mut first = None;
        for result in &self.results {
            match result {
                RecipientResult::Refused(reply) => first = first.or(Some(reply)),
                RecipientResult::Deferred(_) => {}
                RecipientResult::Accepted(_) | RecipientResult::Unanswered => return None,
            }
        }
        first.cloned()
    }

    /// Returns whether the envelope was refused, possibly for an optional parameter. SMTPUTF8,
    /// BODY, REQUIRETLS and HOLDFOR are not optional: they change the meaning of the message.
    pub(super) fn can_retry_without_optional(&self) -> bool {
        if let Some(reply) = &self.mail_refusal {
            return self.optional_params.may_have_caused_mail_refusal(reply);
        }
        let mut each = self.results.iter().zip(&self.envelope.recipients);
        !self.has_accepted_recipient()
            && each.any(|(result, recipient)| {
                matches!(result, RecipientResult::Refused(reply)
                    if self.optional_params.may_have_caused_rcpt_refusal(recipient, reply))
            })
    }

    /// Returns the outcome of a transaction whose session ended by this error.
    pub(in crate::smtp) fn lost(mut self, error: Error) -> Outcome {
        let stage = self.stage();
        let is_committed = self.is_committed();
        let refusal = if self.can_retry_without_optional() {
            None
        } else {
            self.refusal()
        };
        let is_in_body = matches!(stage, Stage::Body) && !is_committed;
        let can_send_plain = |reply: &Reply| is_in_body && self.can_send_plain(reply);
        let plain_retry = match (&error, &refusal) {
            (_, Some((_, reply))) | (Error::Rejected { reply, .. }, None)
                if can_send_plain(reply) =>
            {
                Some(reply.clone())
            }
            _ => None,
        };
        let recipients = self.take_recipients();
        if let Some(reply) = plain_retry {
            return Outcome::NotSent {
                stage,
                cause: Cause::NotInOneGo { reply },
                recipients,
            };
        }
        match (error, refusal) {
            (Error::Rejected { reply, .. }, None) if stage != Stage::Rset => Outcome::Rejected {
                stage,
                reply,
                recipients,
            },
            // The server refused the envelope before the connection ended, for instance a sender
            // that it blocks.
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

    pub(super) fn has_accepted_recipient(&self) -> bool {
        self.results
            .iter()
            .any(|result| matches!(result, RecipientResult::Accepted(_)))
    }

    pub(super) fn take_recipients(&mut self) -> Vec<(Address, RecipientResult)> {
        let recipients = mem::take(&mut self.envelope.recipients);
        recipients
            .into_iter()
            .map(|recipient| recipient.address)
            .zip(mem::take(&mut self.results))
            .collect()
    }
}

/// Returns whether a recipient was refused because the transaction has too many of them. Without
/// the enhanced code 5.3 (RFC 3463 §3.6) the reply may be about the mailbox, unless the 100
/// recipients that every server accepts were accepted (RFC 5321 §4.5.3.1.8, §4.5.3.1.10).
const fn has_too_many_recipients(refusal: &Reply, accepted: usize) -> bool {
    match &refusal.enhanced {
        Some(enhanced) => enhanced.subject == 5 && enhanced.detail == 3,
        None => accepted >= 100 && matches!(refusal.code, 452 | 552),
    }
}
