//! Properties for any server data: no panic, no endless loop, and the same events for any cuts.

use mail_proto::imap::{Client, Command, Config, Event, Tls};
use mail_proto::{BodyChunk, Limits, Machine as _, Step};
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "* ",
    "r1 ",
    "r2 ",
    "r3 ",
    "+ ",
    "OK ",
    "NO ",
    "BYE ",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "(",
    ")",
    "((",
    "\"",
    "\\",
    "{3}\r\n",
    "{0}\r\n",
    "{70000}\r\n",
    "~{2}\r\n",
    "{99999999999999999999}\r\n",
    "[",
    "]",
    "[CAPABILITY ",
    "[COPYUID 1 2 3] ",
    "FETCH ",
    "1 ",
    "0 ",
    "4294967295 ",
    "BODY[",
    "BODY[1.2]<0> ",
    "BODYSTRUCTURE ",
    "ENVELOPE ",
    "FLAGS ",
    "UID ",
    "NIL ",
    "LIST ",
    "STATUS ",
    "SEARCH ",
    "ESEARCH ",
    "EXISTS",
    "EXPUNGE",
    "VANISHED ",
    "(EARLIER) ",
    "LSUB ",
    "SORT ",
    "THREAD ",
    "QUOTA ",
    "QUOTAROOT ",
    "ENABLED ",
    "UID ALL ",
    "PARTIAL (1:2 NIL) ",
    "(MODSEQ 7)",
    "MODSEQ ",
    "BINARY[1] ",
    "PREVIEW ",
    "(\"CHILDINFO\" (\"SUBSCRIBED\"))",
    "1:*",
    "\\Seen ",
    "ID ",
    "NAMESPACE ",
    "text",
    "&Jjo-",
    "\u{e9}",
    "\0",
    "IMAP4rev1 ",
    "IDLE ",
];

fn client() -> Client {
    let mut limits = Limits::default();
    limits.imap_line_bytes = 400;
    limits.imap_inline_literal_bytes = 8;
    limits.imap_nesting = 6;
    Client::new(Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits,
    })
}

/// Steps until the client is idle; returns `false` once the session is over.
fn run(client: &mut Client, events: &mut Vec<Event>) -> bool {
    // Each step consumes input or queued work, both of which are small.
    for _ in 0..100_000 {
        match client.step() {
            Ok(Step::NeedInput) => return true,
            Ok(Step::Write(_)) => {}
            Ok(Step::Event(event)) => match (events.last_mut(), event) {
                // Chunk boundaries depend on where the input is cut.
                (
                    Some(Event::LiteralChunk { bytes: before, .. }),
                    Event::LiteralChunk { bytes, .. },
                ) => {
                    *before = [&before[..], &bytes[..]].concat().into();
                }
                (_, event) => events.push(event),
            },
            Ok(Step::NeedBody { .. }) => client.body(BodyChunk::End),
            Ok(Step::StartTls) => client.upgraded(),
            // Test compression is the identity.
            Ok(Step::StartDeflate { fed }) => {
                client.upgraded();
                if !fed.is_empty() {
                    client.feed(&fed);
                }
            }
            Ok(Step::DeriveKey(work)) => client.key_derived(work.run()),
            Ok(Step::Done) | Err(_) => return false,
        }
    }
    panic!("the machine does not come to rest");
}

fn events_of(pieces: &[&[u8]]) -> (Vec<Event>, bool) {
    let mut client = client();
    let mut events = Vec::new();
    client.feed(b"* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n");
    run(&mut client, &mut events);
    client.enqueue(Command::Compress);
    client.enqueue(Command::Noop);
    client.enqueue(Command::Idle);
    let mut is_open = run(&mut client, &mut events);
    for piece in pieces {
        if is_open && !piece.is_empty() {
            client.feed(piece);
            is_open = run(&mut client, &mut events);
        }
    }
    if is_open {
        client.end_of_input();
        is_open = run(&mut client, &mut events);
    }
    (events, is_open)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_taken_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (_, is_open) = events_of(&[&bytes]);
        prop_assert!(!is_open, "after its end the conversation is over");
        let mut client = client();
        client.feed(if bytes.is_empty() { b"\n" } else { &bytes });
        run(&mut client, &mut Vec::new());
    }

    #[test]
    fn anything_like_imap_gives_the_same_events_however_it_is_cut(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..60),
        cut in any::<proptest::sample::Index>(),
    ) {
        let text = words.concat().into_bytes();
        let whole = events_of(&[&text]);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        prop_assert_eq!(&events_of(&bytes), &whole);
        let (head, tail) = text.split_at(cut.index(text.len() + 1));
        prop_assert_eq!(&events_of(&[head, tail]), &whole);
    }

    #[test]
    fn a_streamed_literal_gives_back_its_bytes(
        body in proptest::collection::vec(any::<u8>(), 9..3000),
        cuts in proptest::collection::vec(1_usize..500, 1..20),
    ) {
        let message = [
            format!("* 1 FETCH (BODY[] {{{}}}\r\n", body.len()).as_bytes(),
            &body,
            b")\r\n",
        ].concat();
        let mut rest = &message[..];
        let mut pieces = Vec::new();
        for len in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at((*len).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        let (events, _) = events_of(&pieces);
        let streamed = events.iter().find_map(|event| match event {
            Event::LiteralChunk { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        });
        prop_assert_eq!(streamed, Some(body));
        prop_assert!(matches!(events.last(), Some(Event::Fetch(_))));
    }
}
