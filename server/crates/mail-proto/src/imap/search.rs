//! SEARCH, SORT and THREAD: search keys and results (RFC 9051 §6.4.4 and §7.3.4, RFC 4731, RFC
//! 5256).

mod key;
mod partial;
mod thread;

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::sequence_set::SequenceSet;
use super::tag::Tag;
use super::value::{Value, Word};

pub use key::SearchKey;
pub use partial::{PartialRange, PartialResult};
pub use thread::ThreadTree;

/// The result of a search: a SEARCH or ESEARCH response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchData {
    /// The tag of the command, if the server sent it (ESEARCH).
    pub tag: Option<Tag>,
    /// Whether the numbers are UIDs; `false` for a SEARCH response, which does not have this
    /// information.
    pub uid: bool,
    /// The matches, as UIDs or sequence numbers like the command; `None` if there are none or ALL
    /// was not requested. In sort order for ESORT.
    pub found: Option<SequenceSet>,
    /// The smallest number, if it was requested.
    pub min: Option<NonZeroU32>,
    /// The largest number, if it was requested.
    pub max: Option<NonZeroU32>,
    /// The number of matches, if it was requested. For a SEARCH response `min`, `max` and `count`
    /// are computed from its numbers.
    pub count: Option<u64>,
    /// A page of the matches.
    pub partial: Option<PartialResult>,
    /// The largest modification sequence of the matches (RFC 7162 §3.1.5).
    pub mod_seq: Option<u64>,
    /// Return data unknown to this client, as alternating names and values.
    pub others: Vec<Value>,
}

/// The result of SORT: UIDs or sequence numbers in sort order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SortData {
    /// UIDs or sequence numbers, like the command.
    pub numbers: Vec<NonZeroU32>,
    /// The largest modification sequence of the matches.
    pub mod_seq: Option<u64>,
}

impl SearchData {
    /// Parses the data of a SEARCH response: numbers, and with CONDSTORE a list at the end.
    ///
    /// ```abnf
    /// mailbox-data  = "SEARCH" *(SP nz-number)                ; RFC 3501 §9
    /// mailbox-data =/ "SEARCH" [1*(SP nz-number) SP
    ///                 search-sort-mod-seq]                    ; RFC 7162 §7
    /// ```
    pub(crate) fn parse(values: &[Value]) -> Self {
        let found = SequenceSet::from_numbers(numbers(values));
        Self {
            min: numbers(values).min(),
            max: numbers(values).max(),
            count: Some(found.as_ref().map_or(0, SequenceSet::len)),
            mod_seq: mod_seq(values),
            found,
            ..Self::default()
        }
    }

    /// Parses the data of an ESEARCH response (RFC 4731 §3.1); `None` if a number in it is invalid.
    ///
    /// ```abnf
    /// esearch-response    = "ESEARCH" [search-correlator] [SP "UID"]
    ///                       *(SP search-return-data)
    /// search-correlator   = SP "(" "TAG" SP tag-string ")"
    /// search-return-data  = "MIN" SP nz-number /
    ///                       "MAX" SP nz-number /
    ///                       "ALL" SP sequence-set /
    ///                       "COUNT" SP number /
    ///                       search-ret-data-ext
    /// search-return-data =/ "MODSEQ" SP mod-sequence-value    ; RFC 4731 §4
    /// search-return-data =/ ret-data-partial                  ; RFC 9394 §4
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn parse_extended(values: &[Value]) -> Option<Self> {
        let mut data = Self::default();
        let mut rest = values;
        if let [Value::List(correlator), behind @ ..] = rest {
            let tag = correlator.get(1).and_then(Value::astring);
            data.tag = tag.and_then(|tag| Tag::parse(tag));
            rest = behind;
        }
        if let [uid, behind @ ..] = rest
            && uid.is_atom("UID")
        {
            data.uid = true;
            rest = behind;
        }
        for [name, value] in rest.as_chunks::<2>().0 {
            match Word::new(name.astring()?).as_bytes() {
                b"ALL" => data.found = Some(SequenceSet::parse(value.astring()?)?),
                b"MIN" => data.min = Some(NonZeroU32::new(value.number32()?)?),
                b"MAX" => data.max = Some(NonZeroU32::new(value.number32()?)?),
                b"COUNT" => data.count = Some(value.number()?),
                b"MODSEQ" => data.mod_seq = Some(value.number()?),
                b"PARTIAL" => data.partial = Some(PartialResult::parse(value)?),
                _ => data.others.extend([name.clone(), value.clone()]),
            }
        }
        Some(data)
    }
}

impl SortData {
    /// Parses the data of a SORT response.
    ///
    /// ```abnf
    /// sort-data  = "SORT" *(SP nz-number)                     ; RFC 5256 §5
    /// sort-data =/ "SORT" [1*(SP nz-number) SP
    ///              search-sort-mod-seq]                       ; RFC 7162 §7
    /// ```
    pub(crate) fn parse(values: &[Value]) -> Self {
        Self {
            numbers: numbers(values).collect(),
            mod_seq: mod_seq(values),
        }
    }
}

fn numbers(values: &[Value]) -> impl Iterator<Item = NonZeroU32> + '_ {
    let numbers = values.iter().filter_map(Value::number32);
    numbers.filter_map(NonZeroU32::new)
}

/// Parses `(MODSEQ n)` at the end of the values.
///
/// ```abnf
/// search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")"
/// ```
/// RFC 7162 §7.
fn mod_seq(values: &[Value]) -> Option<u64> {
    match values.last()?.list()? {
        [word, number] if word.is_atom("MODSEQ") => number.number(),
        _ => None,
    }
}
