//! The texts of events and errors that come from a server's response.

use alloc::string::String;

use super::error::{Error, Incompatibility};
use super::event::Event;
use super::response::{Response, ResponseCode};

pub(super) fn of_event(event: &mut Event, redact: &mut dyn FnMut(&mut String)) {
    match event {
        Event::Completed { response, .. }
        | Event::Rejected { response, .. }
        | Event::Quit { response, .. } => of_response(response, redact),
        _ => {}
    }
}

pub(super) fn of_error(error: &mut Error, redact: &mut dyn FnMut(&mut String)) {
    match error {
        Error::Rejected { response, .. } => of_response(response, redact),
        Error::PeerIncompatible(Incompatibility::NoCommonMechanism { offered }) => {
            offered.iter_mut().for_each(redact);
        }
        _ => {}
    }
}

fn of_response(response: &mut Response, redact: &mut dyn FnMut(&mut String)) {
    if let Some(ResponseCode::Other(code)) = &mut response.code {
        redact(code);
    }
    redact(&mut response.text);
}
