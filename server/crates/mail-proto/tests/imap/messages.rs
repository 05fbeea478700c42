//! FETCH and STORE with the items of all extensions.

use mail_proto::imap::{
    BodyValue, Code, Command, Event, FetchData, FetchItem, FetchModifiers, FetchedItem, Flag,
    InternalDate, ObjectId, PartNumber, PartialRange, Status, Store, StoreMode, Uid,
};
use std::num::NonZeroU32;

use crate::commands::{is_written, set};
use crate::mailboxes::events_from;
use crate::talk::{every_cut, implicit_tls, ready};

fn part(path: &[u32]) -> PartNumber {
    PartNumber::new(path).unwrap()
}

fn fetch(items: Vec<FetchItem>) -> Command {
    Command::Fetch {
        set: set("1"),
        uid: true,
        items,
    }
}

#[track_caller]
fn fetched(response: &str) -> FetchData {
    match &events_from(response)[..] {
        [Event::Fetch(data)] => data.clone(),
        events => panic!("{events:?}"),
    }
}

#[test]
fn items_of_extensions_are_asked_for_where_they_are_offered() {
    let items = || {
        vec![
            FetchItem::Flags,
            FetchItem::ModSeq,
            FetchItem::EmailId,
            FetchItem::ThreadId,
            FetchItem::Preview { lazy: false },
            FetchItem::Preview { lazy: true },
            FetchItem::SaveDate,
            FetchItem::GmailMessageId,
            FetchItem::GmailThreadId,
            FetchItem::GmailLabels,
        ]
    };
    for (capabilities, line) in [
        ("", "FLAGS"),
        ("CONDSTORE OBJECTID", "FLAGS MODSEQ EMAILID THREADID"),
        ("PREVIEW SAVEDATE", "FLAGS PREVIEW PREVIEW (LAZY) SAVEDATE"),
        (
            "QRESYNC X-GM-EXT-1",
            "FLAGS MODSEQ X-GM-MSGID X-GM-THRID X-GM-LABELS",
        ),
    ] {
        is_written(
            capabilities,
            fetch(items()),
            &format!("UID FETCH 1 ({line})"),
        );
    }
    is_written("", fetch(vec![FetchItem::SaveDate]), "UID FETCH 1 (UID)");
}

// docs/protocols.md, IMAP: BINARY, PREVIEW, SAVEDATE, OBJECTID, X-GM-EXT-1
#[test]
fn parts_are_fetched_decoded_as_in_rfc_3516() {
    let items = vec![
        FetchItem::BinarySize(part(&[2])),
        FetchItem::BinaryPeek {
            part: part(&[1, 2]),
            partial: Some((0, 1_048_576)),
        },
        FetchItem::BinaryPeek {
            part: PartNumber::message(),
            partial: None,
        },
    ];
    is_written(
        "BINARY",
        fetch(items),
        "UID FETCH 1 (BINARY.SIZE[2] BINARY.PEEK[1.2]<0.1048576> BINARY.PEEK[])",
    );
}

#[test]
fn decoded_parts_are_read_and_may_hold_any_byte() {
    let data =
        fetched("* 3 FETCH (BINARY.SIZE[2] 2354 BINARY[2]<0> ~{3}\r\na\0b BINARY[3] NIL)\r\n");
    let binary = |number, origin, value| FetchedItem::Binary {
        part: part(&[number]),
        origin,
        value,
    };
    assert_eq!(
        data.items,
        [
            FetchedItem::BinarySize {
                part: part(&[2]),
                size_bytes: 2354
            },
            binary(2, Some(0), BodyValue::Inline("a\0b".into())),
            binary(3, None, BodyValue::Nil),
        ]
    );
}

#[test]
fn a_large_decoded_part_is_streamed_and_marked_as_decoded() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(
            [
                b"* 3 FETCH (UID 7 BINARY[1.2] ~{70000}\r\n",
                &[0; 70_000][..],
                b")\r\n",
            ]
            .concat(),
        );
    });
    let [
        _,
        Event::LiteralStart {
            item: Some(item), ..
        },
        ..,
        Event::Fetch(data),
    ] = &events[..]
    else {
        panic!("{}", events.len())
    };
    assert!(item.is_decoded);
    assert_eq!(
        (item.uid, &item.section.part),
        (Uid::new(7), &part(&[1, 2]))
    );
    assert!(matches!(
        data.items[1],
        FetchedItem::Binary {
            value: BodyValue::Streamed {
                size_bytes: 70_000,
                ..
            },
            ..
        }
    ));
}

#[test]
fn modifiers_are_written_as_in_rfc_7162_and_rfc_9394() {
    let fetch = |uid, modifiers| Command::FetchWith {
        set: set("300:500"),
        uid,
        items: vec![FetchItem::Flags],
        modifiers,
    };
    let changed = FetchModifiers {
        changed_since: Some(12345),
        vanished: true,
        partial: None,
    };
    let newest = PartialRange::from_end(NonZeroU32::MIN, NonZeroU32::new(30).unwrap());
    for (capabilities, uid, modifiers, line) in [
        (
            "QRESYNC",
            true,
            changed,
            "UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
        ),
        (
            "QRESYNC",
            false,
            changed,
            "FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345)",
        ),
        (
            "CONDSTORE",
            true,
            changed,
            "UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345)",
        ),
        (
            "CONDSTORE",
            true,
            FetchModifiers {
                changed_since: Some(0),
                ..changed
            },
            "UID FETCH 300:500 (FLAGS)",
        ),
        ("", true, changed, "UID FETCH 300:500 (FLAGS)"),
        (
            "",
            true,
            FetchModifiers::default(),
            "UID FETCH 300:500 (FLAGS)",
        ),
        (
            "PARTIAL CONDSTORE",
            true,
            FetchModifiers {
                partial: Some(newest),
                vanished: false,
                ..changed
            },
            "UID FETCH 300:500 (FLAGS) (PARTIAL -1:-30 CHANGEDSINCE 12345)",
        ),
    ] {
        is_written(capabilities, fetch(uid, modifiers), line);
    }
}

// docs/protocols.md, IMAP: BINARY, PREVIEW, SAVEDATE, OBJECTID, X-GM-EXT-1
#[test]
fn ids_previews_and_dates_are_read() {
    // RFC 8474 §5, RFC 8970 §5, RFC 8514 §4.3.
    let data = fetched(
        "* 1 FETCH (EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) PREVIEW {4}\r\nHi\r\n \
         SAVEDATE \"17-Jul-1996 02:44:25 -0700\" MODSEQ (12121231000))\r\n",
    );
    assert_eq!(data.mod_seq(), Some(12_121_231_000));
    let id = |id| ObjectId::new(id).unwrap();
    let saved = InternalDate::parse(b"17-Jul-1996 02:44:25 -0700");
    assert_eq!(
        data.items[..4],
        [
            FetchedItem::EmailId(id("M6d99ac3275bb4e")),
            FetchedItem::ThreadId(Some(id("T64b478a75b7ea9"))),
            FetchedItem::Preview(Some("Hi\r\n".into())),
            FetchedItem::SaveDate(saved),
        ]
    );
    let data = fetched("* 1 FETCH (THREADID NIL PREVIEW NIL SAVEDATE NIL)\r\n");
    assert_eq!(
        data.items,
        [
            FetchedItem::ThreadId(None),
            FetchedItem::Preview(None),
            FetchedItem::SaveDate(None),
        ]
    );
}

// docs/protocols.md, IMAP: BINARY, PREVIEW, SAVEDATE, OBJECTID, X-GM-EXT-1
#[test]
fn gmails_own_items_are_read() {
    let data = fetched(
        "* 4 FETCH (X-GM-THRID 1266894439832287888 X-GM-MSGID 18446744073709551615 X-GM-LABELS \
         (\\Inbox \"a b\" {1}\r\nc &Jjo- NIL))\r\n",
    );
    assert_eq!(
        data.items,
        [
            FetchedItem::GmailThreadId(1_266_894_439_832_287_888),
            FetchedItem::GmailMessageId(u64::MAX),
            FetchedItem::GmailLabels(
                ["\\Inbox", "a b", "c", "&Jjo-", "NIL"]
                    .map(Into::into)
                    .into()
            ),
        ]
    );
}

// docs/protocols.md, IMAP: unknown data
#[test]
fn unreadable_items_are_reported_beside_readable_ones() {
    let data = fetched(
        "* 4 FETCH (EMAILID (a b) EMAILID x THREADID (\"a\\r\") PREVIEW (x) SAVEDATE \"soon\" \
         X-GM-MSGID -1 X-GM-LABELS x X-GM-LABELS ((y)) BINARY.SIZE[2] NIL MODSEQ 5 BINARY[HEADER] x \
         UID 9)\r\n",
    );
    assert_eq!(data.uid(), Uid::new(9));
    let unknown = data
        .items
        .iter()
        .filter(|item| matches!(item, FetchedItem::Unknown { .. }));
    assert_eq!((unknown.count(), data.items.len()), (10, 12));
}

// docs/protocols.md, IMAP: EXPUNGE, UID EXPUNGE, STORE (UNCHANGEDSINCE), COPY, MOVE
#[test]
fn a_conditional_store_names_what_it_left_alone() {
    // RFC 7162 §3.1.3, example 5.
    let store = Store {
        set: set("7,5,9"),
        uid: false,
        mode: StoreMode::Add,
        flags: vec![Flag::Deleted],
        silent: true,
    };
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "CONDSTORE");
        talk.enqueue(Command::StoreUnchangedSince {
            store: store.clone(),
            mod_seq: 320_162_338,
        });
        talk.client("r1 STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)\r\n");
        talk.server(
            "* 5 FETCH (MODSEQ (320162350))\r\nr1 OK [MODIFIED 7,9] Conditional STORE failed\r\n",
        );
    });
    let Event::Completed {
        status: Status::Ok,
        code: Some(Code::Modified(unchanged)),
        ..
    } = &events[2]
    else {
        panic!("{events:?}")
    };
    assert_eq!(unchanged, &set("7,9"));
}
