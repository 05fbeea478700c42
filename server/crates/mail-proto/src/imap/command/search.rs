//! What SEARCH, SORT and THREAD ask for (RFC 9051 §6.4.4, RFC 5256).

use alloc::vec::Vec;

use crate::imap::search::{PartialRange, SearchKey};

/// SEARCH or UID SEARCH with RETURN (RFC 4731).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The answer holds UIDs.
    pub uid: bool,
    /// What is to be told; empty asks for `ALL`. Where ESEARCH is not offered none of it is sent,
    /// and all that was found is told: [`SearchData`](crate::imap::SearchData) counts it.
    pub returns: Vec<SearchReturn>,
    /// All of these have to hold; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// What is told of a result (RFC 4731 §3.1, RFC 5182, RFC 9394 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchReturn {
    /// `MIN`: the smallest number.
    Min,
    /// `MAX`: the largest.
    Max,
    /// `COUNT`: how many there are.
    Count,
    /// `ALL`: which ones.
    All,
    /// `SAVE`: keeps the result as [`SequenceSet::saved_result`](crate::imap::SequenceSet). Left
    /// out where SEARCHRES is not offered.
    Save,
    /// `PARTIAL`: a page of them. Where pages are not offered, `ALL` is asked for.
    Partial(PartialRange),
}

/// SORT or UID SORT (RFC 5256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The answer holds UIDs.
    pub uid: bool,
    /// What is to be told, where ESORT is offered; empty, and elsewhere: the numbers in their order.
    pub returns: Vec<SearchReturn>,
    /// By what, the most important first. Empty sorts by arrival.
    pub keys: Vec<SortKey>,
    /// Which messages: all of these have to hold; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// A key of SORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// Larger ones first.
    pub reverse: bool,
    /// What is compared.
    pub criterion: SortCriterion,
}

/// What SORT compares (RFC 5256 §3, RFC 5957).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortCriterion {
    /// `ARRIVAL`: INTERNALDATE.
    Arrival,
    /// `CC`: the first address's local part.
    Cc,
    /// `DATE`: the Date field, in UTC.
    Date,
    /// `FROM`: the first address's local part.
    From,
    /// `SIZE`
    Size,
    /// `SUBJECT`: without `Re:` and the like.
    Subject,
    /// `TO`: the first address's local part.
    To,
    /// `DISPLAYFROM`: the first sender as people read it. `FROM` where it is not offered.
    DisplayFrom,
    /// `DISPLAYTO`: the first recipient as people read it. `TO` where it is not offered.
    DisplayTo,
}

/// THREAD or UID THREAD (RFC 5256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The answer holds UIDs.
    pub uid: bool,
    /// How threads are found.
    pub algorithm: ThreadAlgorithm,
    /// Which messages: all of these have to hold; empty means ALL.
    pub criteria: Vec<SearchKey>,
}

/// How THREAD finds threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadAlgorithm {
    /// `REFERENCES`: by Message-ID, References and In-Reply-To.
    References,
    /// `ORDEREDSUBJECT`: by subject and date.
    OrderedSubject,
}
