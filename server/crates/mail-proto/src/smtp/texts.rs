//! The texts of events and errors that come from a server's reply.

use alloc::string::String;
use alloc::vec::Vec;

use super::address::Address;
use super::error::{Error, Incompatibility};
use super::event::Event;
use super::outcome::{Cause, Outcome, RecipientResult};
use super::reply::Reply;

pub(super) fn of_event(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
    match event {
        Event::AuthenticationRefused { reply } | Event::Answered { reply, .. } => {
            of_reply(reply, redact);
        }
        Event::Outcome(outcome) => of_outcome(outcome, redact),
        Event::Ready { .. } | Event::Authenticated | Event::ReadyToCommit => {}
    }
}

pub(super) fn of_error(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
    match error {
        Error::Rejected { reply, .. } => of_reply(reply, redact),
        Error::PeerIncompatible(what) => of_incompatibility(what, redact),
        _ => {}
    }
}

fn of_outcome(outcome: &mut Outcome, redact: &mut dyn FnMut(&mut String)) {
    match outcome {
        Outcome::Accepted {
            reply, recipients, ..
        }
        | Outcome::Rejected {
            reply, recipients, ..
        } => {
            of_recipients(recipients, redact);
            of_reply(reply, redact);
        }
        Outcome::NotSent {
            cause, recipients, ..
        }
        | Outcome::Unknown { cause, recipients } => {
            of_recipients(recipients, redact);
            match cause {
                Cause::Rejected { reply, .. } | Cause::NotInOneGo { reply } => {
                    of_reply(reply, redact);
                }
                Cause::PeerIncompatible(what) => of_incompatibility(what, redact),
                _ => {}
            }
        }
    }
}

fn of_recipients(
    recipients: &mut Vec<(Address, RecipientResult)>,
    redact: &mut dyn FnMut(&mut String),
) {
    for (_, result) in recipients {
        match result {
            RecipientResult::Accepted(reply)
            | RecipientResult::Refused(reply)
            | RecipientResult::Deferred(Some(reply)) => of_reply(reply, redact),
            RecipientResult::Deferred(None) | RecipientResult::Unanswered => {}
        }
    }
}

fn of_incompatibility(what: &mut Incompatibility, redact: &mut dyn FnMut(&mut String)) {
    if let Incompatibility::NoCommonMechanism { offered } = what {
        offered.iter_mut().for_each(redact);
    }
}

fn of_reply(reply: &mut Reply, redact: &mut dyn FnMut(&mut String)) {
    reply.lines.iter_mut().for_each(redact);
}
