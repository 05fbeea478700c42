//! Redaction of the server's texts in events and errors.

use alloc::string::String;

use super::code::Code;
use super::error::{Error, Misbehaviour};
use super::event::Event;

pub(super) fn of_event(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
    match event {
        Event::Ready { greeting } => redact(greeting),
        Event::Completed { code, text, .. }
        | Event::Untagged { code, text, .. }
        | Event::Bye { code, text } => of_reply(code.as_mut(), text, redact),
        _ => {}
    }
}

pub(super) fn of_error(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
    match error {
        Error::Rejected { reply, .. } => of_reply(reply.code.as_mut(), &mut reply.text, redact),
        Error::PeerMisbehaved(
            Misbehaviour::NotAGreeting(text)
            | Misbehaviour::UnknownTag(text)
            | Misbehaviour::DoneTooEarly(text),
        ) => redact(text),
        _ => {}
    }
}

fn of_reply(code: Option<&mut Code>, text: &mut String, redact: &mut dyn FnMut(&mut String)) {
    match code {
        Some(Code::Unknown { name, text }) => {
            redact(name);
            redact(text);
        }
        Some(Code::Referral(url)) => redact(url),
        _ => {}
    }
    redact(text);
}
