//! imap-codec as an oracle: if it parses a line, both parsers must return the same, and every
//! command that this client encodes must be a command for imap-codec.

mod arguments;
mod commands;
mod ours;
mod responses;
mod theirs;

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder as _;
use mail_proto::imap::{Client, Config, Event, Tls};
use mail_proto::{Limits, Machine as _, Step};
use proptest::prelude::*;

use arguments::{strings_of, texts_of};
use commands::command;
use responses::{fetch, found, listing, status_line};

/// The content of a response, in a form common to both parsers.
type Facts = Vec<String>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    // docs/protocols.md, IMAP: servers nobody here wrote
    #[test]
    fn imap_codec_reads_the_same_from_every_response(
        line in prop_oneof![3 => fetch(), 1 => listing(), 1 => status_line(), 2 => found()],
    ) {
        let line = [b"* ", &line[..], b"\r\n"].concat();
        let Some(theirs) = theirs::facts(&line) else {
            panic!("the oracle does not know {}", line.escape_ascii())
        };
        prop_assert_eq!(ours::facts(&line), theirs, "{}", line.escape_ascii());
    }

    // docs/protocols.md, IMAP: servers nobody here wrote
    #[test]
    fn imap_codec_knows_every_command(command in command(), literals in "LITERAL[+-]") {
        let mut client = ready(&format!("{literals} SORT MOVE UIDPLUS IDLE"));
        client.enqueue(command.clone());
        let mut line = Vec::new();
        while let Ok(Step::Write(bytes)) = client.step() {
            line.extend_from_slice(&bytes);
        }
        let decoded = CommandCodec::default().decode(&line);
        let (rest, decoded) = decoded.unwrap_or_else(|error| panic!("{error:?} {}", line.escape_ascii()));
        prop_assert!(rest.is_empty());
        prop_assert_eq!(decoded.tag.as_ref(), "r1");
        // The arguments arrive unchanged.
        let meant: Vec<String> = texts_of(&command).iter().map(|text| shown(text)).collect();
        prop_assert_eq!(strings_of(&decoded.body), meant);
    }
}

fn ready(capabilities: &str) -> Client {
    let mut client = Client::new(Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    client.feed(format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] ready\r\n").as_bytes());
    let greeting = client.step();
    assert!(matches!(greeting, Ok(Step::Event(Event::Ready { .. }))));
    client
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Returns the numbers of a set; imap-codec normalizes sets to its own form.
fn members(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
