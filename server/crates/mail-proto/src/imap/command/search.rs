//! The arguments of SEARCH, SORT and THREAD (RFC 9051 §6.4.4, RFC 5256).

use alloc::vec::Vec;

use crate::imap::search::{PartialRange, SearchKey};

/// The arguments of SEARCH or UID SEARCH with RETURN options (RFC 4731).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Whether the response holds UIDs instead of sequence numbers.
    pub uid: bool,
    /// The RETURN options; empty requests `ALL`. If ESEARCH is not offered, none is sent and the
    /// server returns all matches; [`SearchData`](crate::imap::SearchData) then has their minimum,
    /// maximum and count.
    pub returns: Vec<SearchReturn>,
    /// The criteria, which must all match; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// A RETURN option (RFC 4731 §3.1, RFC 5182, RFC 9394 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchReturn {
    /// `MIN`: the smallest number.
    Min,
    /// `MAX`: the largest number.
    Max,
    /// `COUNT`: the number of matches.
    Count,
    /// `ALL`: all matches.
    All,
    /// `SAVE`: saves the result as [`SequenceSet::saved_result`](crate::imap::SequenceSet). Omitted
    /// if SEARCHRES is not offered.
    Save,
    /// `PARTIAL`: a page of the matches. If the server offers no pages, `ALL` is requested.
    Partial(PartialRange),
}

/// The arguments of SORT or UID SORT (RFC 5256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Whether the response holds UIDs instead of sequence numbers.
    pub uid: bool,
    /// The RETURN options, if ESORT is offered. If empty, or if ESORT is not offered, the server
    /// returns all numbers in order.
    pub returns: Vec<SearchReturn>,
    /// The sort keys, most significant first. Empty sorts by arrival.
    pub keys: Vec<SortKey>,
    /// The search criteria, which must all match; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// A key of SORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// Whether the order is descending.
    pub reverse: bool,
    /// The property that is compared.
    pub criterion: SortCriterion,
}

/// A property that SORT compares (RFC 5256 §3, RFC 5957).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortCriterion {
    /// `ARRIVAL`: INTERNALDATE.
    Arrival,
    /// `CC`: the local part of the first address.
    Cc,
    /// `DATE`: the Date field, in UTC.
    Date,
    /// `FROM`: the local part of the first address.
    From,
    /// `SIZE`
    Size,
    /// `SUBJECT`: the base subject, without prefixes such as `Re:`.
    Subject,
    /// `TO`: the local part of the first address.
    To,
    /// `DISPLAYFROM`: the display name of the first sender. `FROM` if SORT=DISPLAY is not offered.
    DisplayFrom,
    /// `DISPLAYTO`: the display name of the first recipient. `TO` if SORT=DISPLAY is not offered.
    DisplayTo,
}

/// The arguments of THREAD or UID THREAD (RFC 5256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Whether the response holds UIDs instead of sequence numbers.
    pub uid: bool,
    /// The threading algorithm.
    pub algorithm: ThreadAlgorithm,
    /// The search criteria, which must all match; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// A threading algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadAlgorithm {
    /// `REFERENCES`: by Message-ID, References and In-Reply-To.
    References,
    /// `ORDEREDSUBJECT`: by subject and date.
    OrderedSubject,
}
