//! Sessions with correct and misbehaving servers.

mod commands;
mod session;
mod sign_in;
mod states;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::smtp::script::{Move, Played, play};
use crate::{Limits, Machine as _, OverLimit, Secret, Step};
use Move::{Client as Sends, Do, Eof, Server, ServerBytes, Upgrade};

const GREETING: Move<Client> = Server("+OK POP3 server ready\r\n");
const NO_CAPA: Move<Client> = Server("-ERR what\r\n");
const CAPA: Move<Client> = Server("+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n");
const PIPELINING: Move<Client> = Server("+OK\r\nUSER\r\nPIPELINING\r\nUIDL\r\n.\r\n");
const LOGIN: Move<Client> = Do(|c| login(c, "tanstaaftanstaaf"));

fn config(tls: Tls) -> Config {
    Config {
        tls,
        allow_plaintext_login: false,
        limits: Limits::default(),
    }
}

fn login(client: &mut Client, password: &str) {
    let credentials = Credentials::new("tim", Secret::new(password)).unwrap();
    client.enqueue(Command::Login(credentials.into()));
}

fn enqueue(client: &mut Client, command: Command) {
    client.enqueue(command);
}

fn number(number: u32) -> MessageNumber {
    MessageNumber::new(number).unwrap()
}

fn id(id: u64) -> CommandId {
    CommandId(id)
}

fn ok(text: &str) -> Response {
    match response::Status::parse(format!("+OK {text}").as_bytes()) {
        Some(response::Status::Ok(response)) => response,
        other => panic!("{other:?}"),
    }
}

fn completed(n: u64, text: &str) -> Event {
    Event::Completed {
        id: id(n),
        response: ok(text),
    }
}

/// Joins events that may be split.
fn merge(events: Vec<Event>) -> Vec<Event> {
    let mut merged: Vec<Event> = Vec::new();
    for event in events {
        match (merged.last_mut(), event) {
            (
                Some(Event::BodyChunk { id, bytes }),
                Event::BodyChunk {
                    id: next,
                    bytes: more,
                },
            ) if *id == next => {
                assert!(!more.is_empty());
                *bytes = Bytes::from([bytes.as_ref(), &more].concat());
            }
            (
                Some(Event::Listing { id, rows }),
                Event::Listing {
                    id: next,
                    rows: more,
                },
            ) if *id == next => {
                rows.extend(more);
            }
            (
                Some(Event::UniqueIds { id, rows }),
                Event::UniqueIds {
                    id: next,
                    rows: more,
                },
            ) if *id == next => {
                rows.extend(more);
            }
            (
                Some(Event::Languages { id, rows }),
                Event::Languages {
                    id: next,
                    rows: more,
                },
            ) if *id == next => {
                rows.extend(more);
            }
            (_, event) => merged.push(event),
        }
    }
    merged
}

fn talk(moves: &[Move<Client>]) -> Played<Event, Error> {
    play(|| Client::new(config(Tls::Implicit)), moves, merge)
}

/// Plays a session that is already signed in.
fn serve(moves: &[Move<Client>]) -> Played<Event, Error> {
    play(
        || Client::new(config(Tls::Implicit)).signed_in(),
        moves,
        merge,
    )
}

fn talk_stls(moves: &[Move<Client>]) -> Played<Event, Error> {
    play(|| Client::new(config(Tls::StartTls)), moves, merge)
}

/// Returns the events after `Ready`.
fn responses(played: &Played<Event, Error>) -> &[Event] {
    assert!(
        matches!(played.events.first(), Some(Event::Ready { .. })),
        "{played:?}"
    );
    &played.events[1..]
}

proptest! {
    #[test]
    fn no_input_makes_it_panic_or_loop(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 1..40),
                "(\\+OK|-ERR|\\+)( [0-9]{1,3} [0-9]{1,3})?\r\n".prop_map(Into::into),
                Just(b"+OK\r\nUSER\r\nPIPELINING\r\nSTLS\r\n.\r\n".to_vec()),
                Just(b"+OK\r\n1 2\r\n..\r\n.\r\n".to_vec()),
            ],
            0..14,
        ),
        stls in any::<bool>(),
    ) {
        let tls = if stls { Tls::StartTls } else { Tls::Implicit };
        let mut client = Client::new(config(tls));
        login(&mut client, "x");
        let commands = [Command::Stat, Command::List, Command::Uidl, Command::Retr { number: number(1) }];
        for command in commands {
            client.enqueue(command);
        }
        client.enqueue(Command::Quit);
        let mut pieces = pieces.into_iter();
        let mut is_over = false;
        for count in 0.. {
            prop_assert!(count < 10_000);
            match client.step() {
                Ok(Step::NeedInput) => match pieces.next() {
                    Some(piece) => client.feed(&piece),
                    None => {
                        prop_assert!(!is_over, "waits for a peer that has left");
                        is_over = true;
                        client.end_of_input();
                    }
                },
                Ok(Step::StartTls) => client.upgraded(),
                Ok(Step::Done) | Err(_) => break,
                Ok(_) => {}
            }
        }
    }
}
