//! Malformed message data: the readable items are reported.

use mail_proto::imap::{Event, FetchData, FetchedItem, Uid};

use crate::talk::{every_cut, implicit_tls, ready};

/// Returns the message data that the client reports for these lines.
fn fetch_data(lines: &str) -> Vec<FetchData> {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(lines);
    });
    let fetched = events.into_iter().filter_map(|event| match event {
        Event::Fetch(data) => Some(data),
        _ => None,
    });
    fetched.collect()
}

fn is_unreadable(data: &FetchData, expected: &str) -> bool {
    let is_match =
        |item: &FetchedItem| matches!(item, FetchedItem::Unknown { name, .. } if name == expected);
    data.items.iter().any(is_match)
}

const SENDER: &str = "((\"Ann\" NIL \"ann\" \"sender.example\"))";

/// Formats an envelope with this list of senders.
fn envelope(from: &str) -> String {
    format!(
        "(\"Mon, 01 Jan 2024 10:00:00 +0000\" \"case\" {from} {from} {from} \
         ((NIL NIL \"user\" \"example.test\")) NIL NIL NIL \"<2@sender.example>\")"
    )
}

#[test]
fn a_line_end_in_a_quoted_string_costs_only_the_item_that_it_is_in() {
    let data = fetch_data(&format!(
        "* 2 FETCH (UID 102 FLAGS () RFC822.SIZE 481 ENVELOPE {} BODYSTRUCTURE ((\"text\" \"plain\" \
         NIL NIL NIL \"7bit\" 40 1)(\"APPLICATION\" \"PDF\n    NAME=\"offer.pdf\"\" NIL NIL NIL \
         \"base64\" 20) \"mixed\"))\r\n* 3 FETCH (UID 103)\r\n",
        envelope(SENDER)
    ));
    let [two, three] = data.as_slice() else {
        panic!("{data:?}")
    };
    assert_eq!(two.uid(), Uid::new(102));
    assert_eq!(two.envelope().unwrap().subject(), Some(&b"case"[..]));
    assert!(is_unreadable(two, "BODYSTRUCTURE"), "{two:?}");
    assert_eq!(three.uid(), Uid::new(103));
}

#[test]
fn a_backslash_before_the_last_quote_of_an_address_costs_only_the_envelope() {
    let data = fetch_data(&format!(
        "* 2 FETCH (UID 102 FLAGS () RFC822.SIZE 250 ENVELOPE {} BODYSTRUCTURE (\"text\" \"plain\"))\r\n",
        envelope("((\"Ann\" NIL \"ann\" \"sender.example\\\"))")
    ));
    assert_eq!(data[0].uid(), Uid::new(102));
    assert!(data[0].items.contains(&FetchedItem::Rfc822Size(250)));
    assert_eq!(data[0].envelope(), None);
    assert!(is_unreadable(&data[0], "ENVELOPE"), "{data:?}");
}

#[test]
fn an_envelope_whose_strings_and_atoms_are_swapped_is_unreadable() {
    // One quotation mark too many, twice: the parentheses match.
    let data = fetch_data(
        "* 1 FETCH (UID 1 ENVELOPE (NIL \"a\" ((\"x\\\" NIL \"ann\" \"b\")) NIL NIL ((\" NIL \"c\" \
         \"d\")) NIL NIL NIL NIL))\r\n",
    );
    assert_eq!(data[0].uid(), Uid::new(1));
    assert_eq!(data[0].envelope(), None);
}

#[test]
fn an_item_in_parentheses_of_its_own_is_read() {
    let inner = envelope(SENDER);
    for items in [
        format!("(ENVELOPE {inner}) BODYSTRUCTURE (\"text\" \"plain\")"),
        format!("ENVELOPE ({inner}) BODYSTRUCTURE (\"text\" \"plain\")"),
    ] {
        let data = fetch_data(&format!("* 2 FETCH (UID 102 RFC822.SIZE 250 {items})\r\n"));
        assert_eq!(data[0].envelope().unwrap().subject(), Some(&b"case"[..]));
        assert!(data[0].body_structure().is_some(), "{data:?}");
    }
}

#[test]
fn a_missing_value_costs_no_other_item() {
    for items in [
        "UID 7 FLAGS RFC822.SIZE 44 INTERNALDATE",
        "UID 7 FLAGS INTERNALDATE RFC822.SIZE 44",
        "FLAGS UID 7 ENVELOPE RFC822.SIZE 44",
        "ENVELOPE BODY[] NIL UID 7 BODYSTRUCTURE RFC822.SIZE 44",
    ] {
        let data = fetch_data(&format!("* 2 FETCH ({items})\r\n"));
        assert_eq!(data[0].uid(), Uid::new(7), "{items}");
        assert!(
            data[0].items.contains(&FetchedItem::Rfc822Size(44)),
            "{items}"
        );
    }
}

#[test]
fn a_literal_announced_too_short_loses_the_items_after_it() {
    let data = fetch_data(
        "* 2 FETCH (UID 102 RFC822.SIZE 250 BODY[HEADER]<0> {18}\r\nSubject: case 2\r\n\r\nBODY[1]<0> \
         {10}\r\nshort text\r\n)\r\n* 3 FETCH (UID 103)\r\n",
    );
    assert_eq!(data[0].uid(), Uid::new(102));
    assert_eq!(data[0].items.len(), 3);
    assert_eq!(data[1].uid(), Uid::new(103));
}

#[test]
fn a_date_of_no_calendar_costs_only_itself() {
    let data = fetch_data(
        "* 2 FETCH (UID 102 INTERNALDATE \"00-Jan-0000 00:00:00 +0000\" RFC822.SIZE 250)\r\n",
    );
    assert!(is_unreadable(&data[0], "INTERNALDATE"), "{data:?}");
    assert!(data[0].items.contains(&FetchedItem::Rfc822Size(250)));
}
