//! Generators of response lines in the forms that a server may use.

use mail_proto::imap::InternalDate;
use proptest::prelude::*;

/// Generates a string in a form that a server may use.
fn string() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(|text| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{text}\"").into_bytes()
        }),
        proptest::collection::vec(1_u8.., 0..12)
            .prop_map(|bytes| { [format!("{{{}}}\r\n", bytes.len()).as_bytes(), &bytes].concat() }),
    ]
}

fn nstring() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(b"NIL".to_vec()), string(), string()]
}

fn list(values: Vec<Vec<u8>>) -> Vec<u8> {
    [b"(", &values.join(&b' ')[..], b")"].concat()
}

fn addresses() -> impl Strategy<Value = Vec<u8>> {
    let address = proptest::collection::vec(nstring(), 4).prop_map(list);
    let some = proptest::collection::vec(address, 1..3);
    prop_oneof![
        Just(b"NIL".to_vec()),
        some.prop_map(|addresses| [b"(", &addresses.concat()[..], b")"].concat()),
    ]
}

fn envelope() -> impl Strategy<Value = Vec<u8>> {
    (
        proptest::collection::vec(nstring(), 4),
        proptest::collection::vec(addresses(), 6),
    )
        .prop_map(|(texts, addresses)| {
            let [date, subject, in_reply_to, message_id] = &texts[..] else {
                panic!()
            };
            let mut fields = vec![date.clone(), subject.clone()];
            fields.extend(addresses);
            fields.extend([in_reply_to.clone(), message_id.clone()]);
            [b"ENVELOPE ", &list(fields)[..]].concat()
        })
}

fn flag() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(
            &[
                "\\Seen",
                "\\ANSWERED",
                "\\flagged",
                "\\Deleted",
                "\\Draft",
                "\\Recent"
            ][..]
        )
        .prop_map(Into::into),
        "[$A-Za-z][A-Za-z0-9_.-]{0,8}",
        "\\\\X[a-z]{1,5}",
    ]
}

pub(super) fn fetch() -> impl Strategy<Value = Vec<u8>> {
    let flags = proptest::collection::vec(flag(), 0..4);
    let item = prop_oneof![
        (1_u32..).prop_map(|uid| format!("UID {uid}").into_bytes()),
        any::<u32>().prop_map(|size| format!("RFC822.SIZE {size}").into_bytes()),
        (1_u64..1 << 63).prop_map(|mod_seq| format!("MODSEQ ({mod_seq})").into_bytes()),
        flags.prop_map(|flags| format!("FLAGS ({})", flags.join(" ")).into_bytes()),
        (1_i64..4_000_000_000).prop_map(|secs| {
            let date = InternalDate::from_unix_secs(secs).unwrap();
            format!("INTERNALDATE \"{date}\"").into_bytes()
        }),
        envelope(),
    ];
    (1_u32.., proptest::collection::vec(item, 1..5))
        .prop_map(|(seq, items)| [format!("{seq} FETCH ").as_bytes(), &list(items)].concat())
}

fn mailbox() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[A-Za-z0-9/.&_-]{1,12}".prop_map(String::into_bytes),
        string()
    ]
}

pub(super) fn listing() -> impl Strategy<Value = Vec<u8>> {
    let attribute = proptest::sample::select(
        &[
            "\\Noselect",
            "\\NOINFERIORS",
            "\\Marked",
            "\\Unmarked",
            "\\HasChildren",
            "\\HasNoChildren",
            "\\Sent",
            "\\Trash",
            "\\Subscribed",
        ][..],
    );
    (
        proptest::sample::select(&["LIST", "LSUB"][..]),
        proptest::sample::subsequence(
            vec!["\\Noselect", "\\HasChildren", "\\Sent", "\\NOINFERIORS"],
            0..4,
        ),
        proptest::option::of(attribute),
        proptest::sample::select(&["NIL", "\"/\"", "\".\"", "\"\\\\\""][..]),
        mailbox(),
    )
        .prop_map(|(word, attributes, one_more, delimiter, mailbox)| {
            // Each attribute once: imap-codec parses them as a list.
            let mut attributes: Vec<&str> = attributes.into_iter().chain(one_more).collect();
            attributes.sort_unstable();
            attributes.dedup();
            let head = format!("{word} ({}) {delimiter} ", attributes.join(" "));
            [head.as_bytes(), &mailbox].concat()
        })
}

pub(super) fn status_line() -> impl Strategy<Value = Vec<u8>> {
    let items = (
        proptest::option::of(any::<u32>()),
        proptest::option::of(1_u32..),
        proptest::option::of(1_u32..),
        proptest::option::of(0_u64..1 << 63),
        proptest::option::of(1_u64..1 << 63),
    );
    (mailbox(), any::<u32>(), items).prop_map(
        |(mailbox, messages, (unseen, next, validity, size, mod_seq))| {
            let mut items = vec![format!("MESSAGES {messages}")];
            items.extend(unseen.map(|number| format!("UNSEEN {number}")));
            items.extend(next.map(|number| format!("UIDNEXT {number}")));
            items.extend(validity.map(|number| format!("UIDVALIDITY {number}")));
            items.extend(size.map(|number| format!("SIZE {number}")));
            items.extend(mod_seq.map(|number| format!("HIGHESTMODSEQ {number}")));
            [
                b"STATUS ",
                &mailbox[..],
                format!(" ({})", items.join(" ")).as_bytes(),
            ]
            .concat()
        },
    )
}

fn numbers() -> impl Strategy<Value = String> {
    proptest::collection::vec(1_u32.., 1..8).prop_map(|numbers| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(" ")
    })
}

fn threads() -> impl Strategy<Value = String> {
    let chain = numbers().prop_map(|numbers| format!("({numbers})"));
    let tree = chain.prop_recursive(4, 16, 3, |branch| {
        (
            proptest::option::of(numbers()),
            proptest::collection::vec(branch, 2..4),
        )
            .prop_map(|(chain, branches)| {
                let chain = chain.map_or_else(String::new, |chain| format!("{chain} "));
                format!("({chain}{})", branches.concat())
            })
    });
    proptest::collection::vec(tree, 1..3).prop_map(|trees| trees.concat())
}

pub(super) fn found() -> impl Strategy<Value = Vec<u8>> {
    let mod_seq = proptest::option::of(1_u64..1 << 63);
    let mod_seq = mod_seq.prop_map(|mod_seq| {
        mod_seq.map_or_else(String::new, |mod_seq| format!(" (MODSEQ {mod_seq})"))
    });
    let set = proptest::collection::vec((1_u32..5000, 0_u32..9), 1..5).prop_map(|ranges| {
        let ranges = ranges
            .iter()
            .map(|(first, len)| format!("{first}:{}", first + len));
        ranges.collect::<Vec<_>>().join(",")
    });
    prop_oneof![
        (numbers(), mod_seq.clone())
            .prop_map(|(numbers, mod_seq)| format!("SEARCH {numbers}{mod_seq}")),
        (numbers(), mod_seq).prop_map(|(numbers, mod_seq)| format!("SORT {numbers}{mod_seq}")),
        threads().prop_map(|threads| format!("THREAD {threads}")),
        set.clone().prop_map(|set| format!("VANISHED {set}")),
        set.prop_map(|set| format!("VANISHED (EARLIER) {set}")),
        any::<u32>().prop_map(|number| format!("{number} EXISTS")),
        (1_u32..).prop_map(|number| format!("{number} EXPUNGE")),
    ]
    .prop_map(String::into_bytes)
}
