//! Sessions with correct and misbehaving servers.

mod any_server;
mod bdat;
mod commands;
mod in_one_go;
mod limits;
mod lost;
mod optional_params;
mod places;
mod session;
mod sign_in;
mod transaction;

use alloc::vec::Vec;

use super::*;
use crate::Secret;
use crate::smtp::script::{Move, Played, play};

type Moves = [Move<Client>];

fn client(tls: Tls) -> Client {
    let name = EhloName::domain("client.example").unwrap();
    Client::new(Config::new(tls, name))
}

/// Plays a session over implicit TLS.
fn talk(moves: &Moves) -> Played<Event, Error> {
    play(|| client(Tls::Implicit), moves, |events| events)
}

/// Plays a session that begins in plaintext and upgrades to TLS.
fn talk_starttls(moves: &Moves) -> Played<Event, Error> {
    play(|| client(Tls::StartTls), moves, |events| events)
}

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn envelope(recipients: &[&str]) -> Envelope {
    let recipients = recipients.iter().map(|text| address(text));
    let mut envelope = Envelope::new(address("smith@bar.example"), recipients);
    envelope.size_bytes = Some(1000);
    envelope
}

fn credentials() -> Credentials {
    Credentials::new("tim", Secret::new("tanstaaftanstaaf")).unwrap()
}

fn reply(code: u16, text: &str) -> Reply {
    Reply {
        code,
        enhanced: EnhancedCode::parse(code, text),
        lines: Vec::from([text.into()]),
    }
}

fn accepted(code: u16, text: &str) -> RecipientResult {
    RecipientResult::Accepted(reply(code, text))
}

fn refused(code: u16, text: &str) -> RecipientResult {
    RecipientResult::Refused(reply(code, text))
}

/// Returns the outcomes of a session.
fn outcomes(played: &Played<Event, Error>) -> Vec<&Outcome> {
    let outcomes = played.events.iter().filter_map(|event| match event {
        Event::Outcome(outcome) => Some(outcome),
        _ => None,
    });
    outcomes.collect()
}

/// Returns the only outcome of a session.
fn outcome(played: &Played<Event, Error>) -> &Outcome {
    match outcomes(played)[..] {
        [only] => only,
        ref others => panic!("not one outcome: {others:?}"),
    }
}
