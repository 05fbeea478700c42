//! Encoder of the search commands: SEARCH, SORT, THREAD.

use alloc::vec::Vec;

use super::Encoder;
use crate::imap::capability::Capability;
use crate::imap::command::{
    Search, SearchReturn, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm,
};
use crate::imap::flag::{Flag, Keyword};
use crate::imap::search::SearchKey;

/// The extensions that the server offers for the RETURN options of a command.
struct Offered {
    options: Capability,
    pages: bool,
    pages_from_end: bool,
}

impl Encoder<'_> {
    pub(super) fn search(&mut self, uid: bool, criteria: &[SearchKey]) {
        self.search_returning(uid, &[SearchReturn::All], criteria);
    }

    pub(super) fn search_with(&mut self, search: &Search) {
        self.search_returning(search.uid, &search.returns, &search.criteria);
    }

    /// Writes SEARCH or UID SEARCH, with RETURN if ESEARCH is offered.
    ///
    /// ```abnf
    /// search         = "SEARCH" [search-return-opts] SP search-program
    /// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
    /// ```
    /// RFC 9051 §9.
    fn search_returning(&mut self, uid: bool, returns: &[SearchReturn], criteria: &[SearchKey]) {
        self.raw(if uid { "UID SEARCH" } else { "SEARCH" });
        if self.has(Capability::ESearch) {
            let pages_from_end = self.has(Capability::Partial);
            let offered = Offered {
                options: Capability::ESearch,
                pages: pages_from_end || self.has(Capability::ContextSearch),
                pages_from_end,
            };
            self.returns(returns, &offered);
        }
        if criteria.iter().any(SearchKey::needs_utf8) {
            self.raw(" CHARSET UTF-8");
        }
        self.criteria(criteria);
    }

    /// Writes RETURN with the options that the server offers.
    ///
    /// ```abnf
    /// search-return-opts = SP "RETURN" SP "(" [search-return-opt
    ///                      *(SP search-return-opt)] ")"
    /// search-return-opt  = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE" /
    ///                      search-ret-opt-ext
    /// search-return-opt =/ modifier-partial                     ; RFC 9394 §4
    /// modifier-partial   = "PARTIAL" SP partial-range
    /// ```
    /// RFC 9051 §9, RFC 4731 §3.1, RFC 5182 §2, RFC 5267 §4.4, RFC 9394 §3.1.
    fn returns(&mut self, returns: &[SearchReturn], offered: &Offered) {
        self.relies_on(offered.options);
        let can_save = self.has(Capability::SearchRes);
        let mut written: Vec<SearchReturn> = Vec::new();
        for option in returns {
            let option = match option {
                SearchReturn::Partial(page)
                    if !(offered.pages && (offered.pages_from_end || !page.is_from_end())) =>
                {
                    SearchReturn::All
                }
                SearchReturn::Save if !can_save => continue,
                option => *option,
            };
            if !written.contains(&option) {
                written.push(option);
            }
        }
        if written.is_empty() {
            written.push(SearchReturn::All);
        }
        self.raw(" RETURN ");
        self.group(&written, |encoder, option| match option {
            SearchReturn::Min => encoder.raw("MIN"),
            SearchReturn::Max => encoder.raw("MAX"),
            SearchReturn::Count => encoder.raw("COUNT"),
            SearchReturn::All => encoder.raw("ALL"),
            SearchReturn::Save => {
                encoder.relies_on(Capability::SearchRes);
                encoder.raw("SAVE");
            }
            SearchReturn::Partial(page) => {
                encoder.relies_on(if offered.pages_from_end {
                    Capability::Partial
                } else {
                    Capability::ContextSearch
                });
                encoder.raw("PARTIAL ");
                encoder.display(page);
            }
        });
    }

    /// Writes SORT or UID SORT.
    ///
    /// ```abnf
    /// sort            = ["UID" SP] "SORT" SP sort-criteria SP search-criteria
    /// sort-criteria   = "(" sort-criterion *(SP sort-criterion) ")"
    /// search-criteria = charset 1*(SP search-key)
    /// sort           =/ extended-sort                           ; RFC 5267
    /// extended-sort   = ["UID" SP] "SORT" search-return-opts
    ///                   SP sort-criteria SP search-criteria
    /// ```
    /// RFC 5256 §3 and §5, RFC 5267 §3.1.
    pub(super) fn sort(&mut self, sort: &Sort) {
        self.relies_on(Capability::Sort);
        self.raw(if sort.uid { "UID SORT" } else { "SORT" });
        if !sort.returns.is_empty() && self.has(Capability::ESort) {
            let pages_from_end = self.has(Capability::Partial);
            let offered = Offered {
                options: Capability::ESort,
                pages: pages_from_end || self.has(Capability::ContextSort),
                pages_from_end,
            };
            self.returns(&sort.returns, &offered);
        }
        let by_arrival = SortKey {
            reverse: false,
            criterion: SortCriterion::Arrival,
        };
        let keys = match sort.keys.as_slice() {
            [] => &[by_arrival],
            keys => keys,
        };
        self.raw(" ");
        self.group(keys, |encoder, key| encoder.sort_key(*key));
        self.raw(" UTF-8");
        self.criteria(&sort.criteria);
    }

    /// Writes one key of SORT.
    ///
    /// ```abnf
    /// sort-criterion = ["REVERSE" SP] sort-key
    /// sort-key       = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" /
    ///                  "SUBJECT" / "TO"
    /// sort-key      =/ "DISPLAYFROM" / "DISPLAYTO"              ; RFC 5957
    /// ```
    /// RFC 5256 §5.
    fn sort_key(&mut self, key: SortKey) {
        if key.reverse {
            self.raw("REVERSE ");
        }
        let display = self.has(Capability::SortDisplay);
        self.raw(match key.criterion {
            SortCriterion::Arrival => "ARRIVAL",
            SortCriterion::Cc => "CC",
            SortCriterion::Date => "DATE",
            SortCriterion::DisplayFrom if display => "DISPLAYFROM",
            SortCriterion::DisplayTo if display => "DISPLAYTO",
            SortCriterion::From | SortCriterion::DisplayFrom => "FROM",
            SortCriterion::Size => "SIZE",
            SortCriterion::Subject => "SUBJECT",
            SortCriterion::To | SortCriterion::DisplayTo => "TO",
        });
    }

    /// Writes THREAD or UID THREAD.
    ///
    /// ```abnf
    /// thread          = ["UID" SP] "THREAD" SP thread-alg SP search-criteria
    /// thread-alg      = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext
    /// search-criteria = charset 1*(SP search-key)
    /// ```
    /// RFC 5256 §5.
    pub(super) fn thread(&mut self, thread: &Thread) {
        self.raw(if thread.uid { "UID THREAD " } else { "THREAD " });
        let (word, capability) = match thread.algorithm {
            ThreadAlgorithm::References => ("REFERENCES", Capability::ThreadReferences),
            ThreadAlgorithm::OrderedSubject => ("ORDEREDSUBJECT", Capability::ThreadOrderedSubject),
        };
        self.relies_on(capability);
        self.raw(word);
        self.raw(" UTF-8");
        self.criteria(&thread.criteria);
    }

    /// Writes the search keys, each after a space; ALL if there are none.
    ///
    /// ```abnf
    /// search-criteria = charset 1*(SP search-key) ; behind charset
    /// ```
    /// RFC 5256 §5.
    fn criteria(&mut self, criteria: &[SearchKey]) {
        if criteria.is_empty() {
            self.raw(" ALL");
        }
        for key in criteria {
            self.raw(" ");
            self.search_key(key);
        }
    }

    /// Writes one search key.
    ///
    /// ```abnf
    /// search-key  = "ALL" / "ANSWERED" / "BCC" SP astring /
    ///               "BEFORE" SP date / "BODY" SP astring /
    ///               "CC" SP astring / "DELETED" / "FLAGGED" /
    ///               "FROM" SP astring / "KEYWORD" SP flag-keyword /
    ///               "ON" SP date / "SEEN" / "SINCE" SP date /
    ///               "SUBJECT" SP astring / "TEXT" SP astring /
    ///               "TO" SP astring / "UNANSWERED" / "UNDELETED" /
    ///               "UNFLAGGED" / "UNKEYWORD" SP flag-keyword / "UNSEEN" /
    ///               "DRAFT" / "HEADER" SP header-fld-name SP astring /
    ///               "LARGER" SP number64 / "NOT" SP search-key /
    ///               "OR" SP search-key SP search-key /
    ///               "SENTBEFORE" SP date / "SENTON" SP date /
    ///               "SENTSINCE" SP date / "SMALLER" SP number64 /
    ///               "UID" SP sequence-set / "UNDRAFT" / sequence-set /
    ///               "(" search-key *(SP search-key) ")"
    /// search-key =/ ( "OLDER" / "YOUNGER" ) SP interval         ; RFC 5032
    /// search-key =/ search-modsequence                          ; RFC 7162 §7
    /// search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
    /// search-key =/ "EMAILID" SP objectid / "THREADID" SP objectid ; RFC 8474 §7
    /// search-key =/ "SAVEDBEFORE" SP date / "SAVEDON" SP date /
    ///               "SAVEDSINCE" SP date / "SAVEDATESUPPORTED"  ; RFC 8514
    /// ```
    /// RFC 9051 §9. The keys that begin with X-GM- belong to X-GM-EXT-1.
    fn search_key(&mut self, key: &SearchKey) {
        match key {
            SearchKey::All => self.raw("ALL"),
            SearchKey::Answered => self.raw("ANSWERED"),
            SearchKey::Unanswered => self.raw("UNANSWERED"),
            SearchKey::Seen => self.raw("SEEN"),
            SearchKey::Unseen => self.raw("UNSEEN"),
            SearchKey::Flagged => self.raw("FLAGGED"),
            SearchKey::Unflagged => self.raw("UNFLAGGED"),
            SearchKey::Deleted => self.raw("DELETED"),
            SearchKey::Undeleted => self.raw("UNDELETED"),
            SearchKey::Draft => self.raw("DRAFT"),
            SearchKey::Undraft => self.raw("UNDRAFT"),
            // A keyword that is not an atom cannot be set on any message: match none or all.
            SearchKey::Keyword(keyword) => self.keyword("KEYWORD ", keyword, "NOT ALL"),
            SearchKey::Unkeyword(keyword) => self.keyword("UNKEYWORD ", keyword, "ALL"),
            SearchKey::Sequence(set) => self.display(set),
            SearchKey::Uid(set) => self.key("UID ", set),
            SearchKey::Header { field, text } => {
                self.named("HEADER ", field.as_bytes());
                self.named(" ", text.as_bytes());
            }
            SearchKey::From(text) => self.named("FROM ", text.as_bytes()),
            SearchKey::To(text) => self.named("TO ", text.as_bytes()),
            SearchKey::Cc(text) => self.named("CC ", text.as_bytes()),
            SearchKey::Bcc(text) => self.named("BCC ", text.as_bytes()),
            SearchKey::Subject(text) => self.named("SUBJECT ", text.as_bytes()),
            SearchKey::Body(text) => self.named("BODY ", text.as_bytes()),
            SearchKey::Text(text) => self.named("TEXT ", text.as_bytes()),
            SearchKey::Since(date) => self.key("SINCE ", date),
            SearchKey::Before(date) => self.key("BEFORE ", date),
            SearchKey::On(date) => self.key("ON ", date),
            SearchKey::SentSince(date) => self.key("SENTSINCE ", date),
            SearchKey::SentBefore(date) => self.key("SENTBEFORE ", date),
            SearchKey::SentOn(date) => self.key("SENTON ", date),
            SearchKey::SavedSince(date) => self.key("SAVEDSINCE ", date),
            SearchKey::SavedBefore(date) => self.key("SAVEDBEFORE ", date),
            SearchKey::SavedOn(date) => self.key("SAVEDON ", date),
            SearchKey::SaveDateSupported => self.raw("SAVEDATESUPPORTED"),
            SearchKey::OlderSecs(secs) => self.key("OLDER ", secs),
            SearchKey::YoungerSecs(secs) => self.key("YOUNGER ", secs),
            SearchKey::LargerBytes(size) => self.key("LARGER ", size),
            SearchKey::SmallerBytes(size) => self.key("SMALLER ", size),
            SearchKey::ModSeq(mod_seq) => self.key("MODSEQ ", mod_seq),
            SearchKey::EmailId(id) => self.key("EMAILID ", id),
            SearchKey::ThreadId(id) => self.key("THREADID ", id),
            SearchKey::GmailRaw(text) => self.named("X-GM-RAW ", text.as_bytes()),
            SearchKey::GmailMessageId(id) => self.key("X-GM-MSGID ", id),
            SearchKey::GmailThreadId(id) => self.key("X-GM-THRID ", id),
            SearchKey::GmailLabel(label) => self.named("X-GM-LABELS ", label.as_bytes()),
            SearchKey::Not(key) => {
                self.raw("NOT ");
                self.search_key(key);
            }
            SearchKey::Or(either, or) => {
                self.raw("OR ");
                self.search_key(either);
                self.raw(" ");
                self.search_key(or);
            }
            SearchKey::And(keys) if keys.is_empty() => self.raw("ALL"),
            SearchKey::And(keys) => self.group(keys, Self::search_key),
        }
    }

    fn key(&mut self, word: &str, value: impl core::fmt::Display) {
        self.raw(word);
        self.display(value);
    }

    /// Writes a search key for a keyword; `fallback` if the keyword is not a valid `flag-keyword`.
    ///
    /// ```abnf
    /// search-key = "KEYWORD" SP flag-keyword / "UNKEYWORD" SP flag-keyword
    /// ```
    /// RFC 9051 §9.
    fn keyword(&mut self, word: &str, keyword: &Keyword, fallback: &str) {
        if Flag::Keyword(keyword.clone()).can_be_set() {
            self.key(word, keyword.as_str());
        } else {
            self.raw(fallback);
        }
    }
}
