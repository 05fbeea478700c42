//! Parser of untagged data responses: values to events.

use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::event::Event;
use super::fetch::{self, FetchData};
use super::flag;
use super::list::{ListData, NamespaceData};
use super::number::SequenceNumber;
use super::quota::{QuotaData, QuotaRootData};
use super::search::{SearchData, SortData, ThreadTree};
use super::sequence_set::SequenceSet;
use super::status::StatusData;
use super::value::{Value, Word};

/// A data response.
#[derive(Debug)]
pub(crate) enum Data {
    Event(Event),
    Capability(Capabilities),
}

/// Parses a response. An unknown or invalid response becomes [`Event::Unknown`]. `cut` names the
/// FETCH items that are incomplete.
///
/// ```abnf
/// response-data = "*" SP (resp-cond-state / resp-cond-bye /
///                 mailbox-data / message-data / capability-data /
///                 enable-data) CRLF ; the last four
/// ```
/// RFC 9051 §9.
pub(crate) fn parse(values: Vec<Value>, cut: &[Bytes]) -> Data {
    if let [word, words @ ..] = values.as_slice()
        && word.is_atom("CAPABILITY")
    {
        let words = words.iter().filter_map(Value::atom).map(|word| &word[..]);
        return Data::Capability(Capabilities::from_names(words));
    }
    Data::Event(match parse_known(&values) {
        Some(event) => event,
        None => parse_fetch(values, cut),
    })
}

/// Parses a known response other than FETCH; `None` if it is invalid.
///
/// ```abnf
/// mailbox-data  = "FLAGS" SP flag-list / "LIST" SP mailbox-list /
///                 esearch-response /
///                 "STATUS" SP mailbox SP "(" [status-att-list] ")" /
///                 number SP "EXISTS" / namespace-response /
///                 obsolete-search-response / obsolete-recent-response
/// message-data  = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)) ; EXPUNGE
/// enable-data   = "ENABLED" *(SP capability)
/// mailbox-data =/ "LSUB" SP mailbox-list                   ; RFC 3501 §9
/// mailbox-data =/ sort-data / thread-data                  ; RFC 5256 §5
/// expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids ; RFC 7162 §7
/// id_response ::= "ID" SPACE id_params_list                ; RFC 2971 §4
/// ```
/// RFC 9051 §9; QUOTA and QUOTAROOT: RFC 9208 §7.
fn parse_known(values: &[Value]) -> Option<Event> {
    let (first, rest) = values.split_first()?;
    let first = first.atom()?;
    if first.first().is_some_and(u8::is_ascii_digit) {
        let number = values.first()?.number32()?;
        return match rest {
            [word] if word.is_atom("EXISTS") => Some(Event::Exists(number)),
            [word] if word.is_atom("RECENT") => Some(Event::Recent(number)),
            [word] if word.is_atom("EXPUNGE") => Some(Event::Expunge {
                seq: SequenceNumber::new(number)?,
            }),
            _ => None,
        };
    }
    match Word::new(first).as_bytes() {
        b"LIST" => ListData::parse(rest).map(Event::List),
        b"LSUB" => ListData::parse(rest).map(Event::Lsub),
        b"STATUS" => StatusData::parse(rest).map(Event::Status),
        b"SEARCH" => Some(Event::Search(SearchData::parse(rest))),
        b"ESEARCH" => SearchData::parse_extended(rest).map(Event::Search),
        b"SORT" => Some(Event::Sort(SortData::parse(rest))),
        b"THREAD" => ThreadTree::parse_all(rest).map(Event::Thread),
        b"QUOTA" => QuotaData::parse(rest).map(Event::Quota),
        b"QUOTAROOT" => QuotaRootData::parse(rest).map(Event::QuotaRoot),
        b"ENABLED" => {
            let words = rest.iter().filter_map(Value::atom).map(|word| &word[..]);
            Some(Event::Enabled(Capabilities::named(words)))
        }
        b"FLAGS" => flag::parse_list(rest.first()?).map(Event::Flags),
        b"NAMESPACE" => Some(Event::Namespace(NamespaceData::parse(rest))),
        b"ID" => Some(Event::Id(parse_id(rest.first()?))),
        b"VANISHED" => match rest {
            [Value::List(earlier), uids] if earlier.first()?.is_atom("EARLIER") => {
                let uids = SequenceSet::parse(uids.atom()?)?;
                Some(Event::Vanished {
                    earlier: true,
                    uids,
                })
            }
            [uids] => {
                let uids = SequenceSet::parse(uids.atom()?)?;
                Some(Event::Vanished {
                    earlier: false,
                    uids,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

/// Parses the fields and values of ID.
///
/// ```abnf
/// id_params_list ::= "(" #(string SPACE nstring) ")" / nil
/// ```
/// RFC 2971 §4.
fn parse_id(value: &Value) -> Vec<(Bytes, Option<Bytes>)> {
    let fields = value.list().unwrap_or_default().as_chunks::<2>().0.iter();
    fields
        .filter_map(|[field, value]| Some((field.nstring()?.clone(), value.nstring().cloned())))
        .collect()
}

/// Parses a response whose parentheses do not match. A FETCH response keeps the items before the
/// unbalanced one; any other response becomes [`Event::Unknown`].
pub(crate) fn parse_broken(mut values: Vec<Value>, cut: &[Bytes]) -> Event {
    if values.get(2).is_some_and(|items| items.list().is_some()) {
        values.truncate(3);
    }
    parse_fetch(values, cut)
}

/// Parses a FETCH response; any other response becomes [`Event::Unknown`].
///
/// ```abnf
/// message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)) ; a FETCH alone
/// ```
/// RFC 9051 §9.
fn parse_fetch(mut values: Vec<Value>, cut: &[Bytes]) -> Event {
    let seq = match values.as_slice() {
        [seq, word, Value::List(_)] if word.is_atom("FETCH") => {
            seq.number32().and_then(SequenceNumber::new)
        }
        _ => None,
    };
    let Some(seq) = seq else {
        return Event::Unknown(values);
    };
    match values.pop() {
        Some(Value::List(items)) => Event::Fetch(FetchData {
            seq,
            items: fetch::parse_items(items, cut),
        }),
        _ => Event::Unknown(values),
    }
}
