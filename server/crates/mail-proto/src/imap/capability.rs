//! What a server can do (RFC 9051 §7.2.2).

use alloc::string::String;
use alloc::vec::Vec;

use super::number::parse_u64;

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A capability that this client knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Capability {
            $($(#[$doc])* $name,)*
        }

        impl Capability {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $word),)*];
        }
    };
}

capabilities! {
    /// `IMAP4rev1`
    Imap4Rev1 = "IMAP4REV1",
    /// `IMAP4rev2`
    Imap4Rev2 = "IMAP4REV2",
    /// `STARTTLS`
    StartTls = "STARTTLS",
    /// `LOGINDISABLED`
    LoginDisabled = "LOGINDISABLED",
    /// `AUTH=PLAIN`
    AuthPlain = "AUTH=PLAIN",
    /// `SASL-IR`: AUTHENTICATE in one round trip.
    SaslIr = "SASL-IR",
    /// `LITERAL+`
    LiteralPlus = "LITERAL+",
    /// `LITERAL-`: as LITERAL+, up to 4096 bytes.
    LiteralMinus = "LITERAL-",
    /// `IDLE`
    Idle = "IDLE",
    /// `UIDPLUS`
    UidPlus = "UIDPLUS",
    /// `MOVE`
    Move = "MOVE",
    /// `UNSELECT`
    Unselect = "UNSELECT",
    /// `NAMESPACE`
    Namespace = "NAMESPACE",
    /// `ID`
    Id = "ID",
    /// `ENABLE`
    Enable = "ENABLE",
    /// `CHILDREN`
    Children = "CHILDREN",
    /// `SPECIAL-USE`
    SpecialUse = "SPECIAL-USE",
    /// `CREATE-SPECIAL-USE`
    CreateSpecialUse = "CREATE-SPECIAL-USE",
    /// `LIST-EXTENDED`
    ListExtended = "LIST-EXTENDED",
    /// `LIST-STATUS`
    ListStatus = "LIST-STATUS",
    /// `ESEARCH`
    ESearch = "ESEARCH",
    /// `CONDSTORE`
    CondStore = "CONDSTORE",
    /// `QRESYNC`
    QResync = "QRESYNC",
    /// `SEARCHRES`: a result is kept as `$`.
    SearchRes = "SEARCHRES",
    /// `PARTIAL` (RFC 9394): pages of SEARCH and of UID FETCH, also from the end.
    Partial = "PARTIAL",
    /// `CONTEXT=SEARCH` (RFC 5267): pages of SEARCH, from the beginning.
    ContextSearch = "CONTEXT=SEARCH",
    /// `CONTEXT=SORT` (RFC 5267): pages of SORT.
    ContextSort = "CONTEXT=SORT",
    /// `WITHIN` (RFC 5032): OLDER and YOUNGER.
    Within = "WITHIN",
    /// `SORT` (RFC 5256)
    Sort = "SORT",
    /// `SORT=DISPLAY` (RFC 5957): by the names that people read.
    SortDisplay = "SORT=DISPLAY",
    /// `ESORT` (RFC 5267): RETURN in SORT.
    ESort = "ESORT",
    /// `THREAD=REFERENCES` (RFC 5256)
    ThreadReferences = "THREAD=REFERENCES",
    /// `THREAD=ORDEREDSUBJECT` (RFC 5256)
    ThreadOrderedSubject = "THREAD=ORDEREDSUBJECT",
    /// `BINARY` (RFC 3516): parts come decoded.
    Binary = "BINARY",
    /// `QUOTA` (RFC 9208)
    Quota = "QUOTA",
    /// `QUOTA=RES-STORAGE`: octets are counted, in units of 1024; STATUS tells what is `\Deleted`.
    QuotaStorage = "QUOTA=RES-STORAGE",
    /// `QUOTA=RES-MESSAGE`: messages are counted; STATUS tells how many are `\Deleted`.
    QuotaMessage = "QUOTA=RES-MESSAGE",
    /// `QUOTA=RES-MAILBOX`: mailboxes are counted.
    QuotaMailbox = "QUOTA=RES-MAILBOX",
    /// `COMPRESS=DEFLATE` (RFC 4978)
    CompressDeflate = "COMPRESS=DEFLATE",
    /// `OBJECTID` (RFC 8474): ids that outlive a move.
    ObjectId = "OBJECTID",
    /// `PREVIEW` (RFC 8970): the first words of a message.
    Preview = "PREVIEW",
    /// `SAVEDATE` (RFC 8514): when a message came into this mailbox.
    SaveDate = "SAVEDATE",
    /// `NOTIFY` (RFC 5465): changes of other mailboxes are told.
    Notify = "NOTIFY",
    /// `APPENDLIMIT`, with or without a number (RFC 7889); see [`Capabilities::append_limit_bytes`].
    AppendLimit = "APPENDLIMIT",
    /// `STATUS=SIZE` (RFC 8438): STATUS tells how large a mailbox is.
    StatusSize = "STATUS=SIZE",
    /// `X-GM-EXT-1`: Gmail's own items and search.
    Gmail = "X-GM-EXT-1",
    /// `UTF8=ACCEPT` (RFC 9755); not enabled here: names and APPEND would change their form.
    Utf8Accept = "UTF8=ACCEPT",
    /// `UTF8=ONLY` (RFC 9755): nothing works before UTF8=ACCEPT is enabled.
    Utf8Only = "UTF8=ONLY",
    /// `MULTIAPPEND` (RFC 3502): several messages in one APPEND. One at a time is as good here.
    MultiAppend = "MULTIAPPEND",
    /// `REPLACE` (RFC 8508): a draft takes the place of an earlier one.
    Replace = "REPLACE",
    /// `LOGIN-REFERRALS` (RFC 2221): a refusal may name another server.
    LoginReferrals = "LOGIN-REFERRALS",
}

// A bit each.
const _: () = assert!(Capability::ALL.len() <= u128::BITS as usize);

/// What RFC 9051 made part of `IMAP4rev2` itself.
const REV2: &[Capability] = &[
    Capability::SaslIr,
    Capability::LiteralMinus,
    Capability::Idle,
    Capability::UidPlus,
    Capability::Move,
    Capability::Unselect,
    Capability::Namespace,
    Capability::Enable,
    Capability::Children,
    Capability::SpecialUse,
    Capability::ListExtended,
    Capability::ListStatus,
    Capability::ESearch,
    Capability::SearchRes,
    Capability::StatusSize,
    // Its FETCH side, and nothing here uses the other.
    Capability::Binary,
];

/// What goes before the number of APPENDLIMIT.
const APPEND_LIMIT: &str = "APPENDLIMIT=";

/// The most words that are kept of those that are not known here; servers announce about thirty.
const MAX_OTHERS: usize = 256;

/// The set of what a server announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    known: u128,
    /// Words that are not in [`Capability`], in upper case, sorted.
    others: Vec<String>,
}

impl Capabilities {
    /// Reads the words of a CAPABILITY response or code.
    ///
    /// ```abnf
    /// capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev2"
    ///                   *(SP capability) ; behind CAPABILITY
    /// ```
    /// RFC 9051 §9. `IMAP4rev2` may be missing.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::named(words);
        // Beside IMAP4rev1 a server lists these by name, and does them differently if it does not.
        if set.has(Capability::Imap4Rev2) && !set.has(Capability::Imap4Rev1) {
            set.known |= REV2
                .iter()
                .fold(0, |bits, capability| bits | bit(*capability));
        }
        set
    }

    /// Takes these words and nothing that they imply.
    ///
    /// ```abnf
    /// enable-data = "ENABLED" *(SP capability) ; behind ENABLED
    /// capability  = ("AUTH=" auth-type) / atom
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn named<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::default();
        for word in words {
            let word = String::from_utf8_lossy(word).to_ascii_uppercase();
            if word.starts_with(APPEND_LIMIT) {
                set.known |= bit(Capability::AppendLimit);
            }
            match Capability::ALL.iter().find(|(_, known)| *known == word) {
                Some((capability, _)) => set.known |= bit(*capability),
                None if set.others.len() < MAX_OTHERS => set.others.push(word),
                None => {}
            }
        }
        set.others.sort_unstable();
        set.others.dedup();
        set
    }

    /// The same without words that are not in [`Capability`].
    #[must_use]
    pub const fn without_others(&self) -> Self {
        Self {
            known: self.known,
            others: Vec::new(),
        }
    }

    /// Tells whether the server can do this.
    pub const fn has(&self, capability: Capability) -> bool {
        self.known & bit(capability) != 0
    }

    /// Tells whether the server announced this word, known here or not, in any case.
    pub fn has_word(&self, word: &str) -> bool {
        match Capability::ALL
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(word))
        {
            Some((capability, _)) => self.has(*capability),
            None => self
                .others
                .iter()
                .any(|other| other.eq_ignore_ascii_case(word)),
        }
    }

    /// Returns the SASL mechanisms that are offered, in upper case.
    ///
    /// ```abnf
    /// capability = ("AUTH=" auth-type) / atom
    /// auth-type  = atom
    /// ```
    /// RFC 9051 §9.
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        let plain = self.has(Capability::AuthPlain).then_some("PLAIN");
        plain.into_iter().chain(
            self.others
                .iter()
                .filter_map(|word| word.strip_prefix("AUTH=")),
        )
    }

    /// Returns the size in bytes of the largest message that APPEND takes, if it is the same for all
    /// mailboxes (RFC 7889 §2). Where only [`Capability::AppendLimit`] is announced, STATUS tells it.
    ///
    /// ```abnf
    /// capability =/ "APPENDLIMIT" ["=" number]
    /// ```
    /// Numbers of 64 bits are read.
    pub fn append_limit_bytes(&self) -> Option<u64> {
        self.others
            .iter()
            .find_map(|word| word.strip_prefix(APPEND_LIMIT))
            .and_then(|number| parse_u64(number.as_bytes()))
    }

    /// Takes a capability away: the server announces it and does not know it.
    pub(crate) fn remove(&mut self, capability: Capability) {
        self.known &= !bit(capability);
    }

    /// Tells whether mailbox names are UTF-8 on the wire, not modified UTF-7: a server of
    /// `IMAP4rev2` alone.
    pub const fn utf8_names(&self) -> bool {
        self.has(Capability::Imap4Rev2) && !self.has(Capability::Imap4Rev1)
    }

    /// Returns the words that are not known here, in upper case.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// Returns all words, in upper case; those that `IMAP4rev2` implies are among them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let known = Capability::ALL
            .iter()
            .filter(|(capability, _)| self.has(*capability));
        known.map(|(_, word)| *word).chain(self.others())
    }
}

const fn bit(capability: Capability) -> u128 {
    1 << capability as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Capabilities {
        Capabilities::from_words(text.split(' ').map(str::as_bytes))
    }

    // docs/protocols.md, IMAP: CAPABILITY, NOOP, LOGOUT, CHECK, CLOSE, UNSELECT
    #[test]
    fn known_and_unknown_words_are_kept_in_any_case() {
        let set = of("imap4rev1 Idle AUTH=PLAIN AUTH=SCRAM-SHA-1 X-NEW XLIST");
        assert!(set.has(Capability::Idle));
        assert!(!set.has(Capability::Move));
        assert!(set.has_word("x-new") && set.has_word("IDLE") && !set.has_word("MOVE"));
        assert_eq!(
            set.mechanisms().collect::<Vec<_>>(),
            ["PLAIN", "SCRAM-SHA-1"]
        );
        assert_eq!(
            set.others().collect::<Vec<_>>(),
            ["AUTH=SCRAM-SHA-1", "X-NEW", "XLIST"]
        );
    }

    // docs/protocols.md, IMAP: IMAP4rev2, UTF8=ACCEPT
    #[test]
    fn imap4rev2_alone_implies_what_it_took_in() {
        assert!(of("IMAP4rev2").has(Capability::Move));
        assert!(of("IMAP4rev2").utf8_names());
        assert!(!of("IMAP4rev2 IMAP4rev1").has(Capability::Move));
        assert!(!of("IMAP4rev2 IMAP4rev1").utf8_names());
    }

    // docs/protocols.md, IMAP: IMAP4rev2, UTF8=ACCEPT
    #[test]
    fn the_words_of_dovecot_and_of_gmail_are_known() {
        let dovecot = of(
            "IMAP4rev1 SASL-IR ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES \
             THREAD=ORDEREDSUBJECT UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC \
             ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE PREVIEW STATUS=SIZE \
             SAVEDATE LITERAL+ NOTIFY SPECIAL-USE QUOTA COMPRESS=DEFLATE MULTIAPPEND LOGIN-REFERRALS",
        );
        assert_eq!(dovecot.others().count(), 0);
        let others = of(
            "IMAP4rev1 IMAP4rev2 X-GM-EXT-1 UTF8=ACCEPT UTF8=ONLY PARTIAL CONTEXT=SORT \
             OBJECTID REPLACE APPENDLIMIT QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX",
        );
        assert_eq!(others.others().count(), 0);
    }

    // docs/protocols.md, IMAP: APPEND (APPENDLIMIT, MULTIAPPEND known)
    #[test]
    fn the_limits_of_rfc_7889_section_2_are_read() {
        let one_for_all = of("IMAP4rev1 ID APPENDLIMIT=257890");
        assert!(one_for_all.has(Capability::AppendLimit));
        assert_eq!(one_for_all.append_limit_bytes(), Some(257_890));
        let per_mailbox = of("IMAP4rev1 ID APPENDLIMIT");
        assert!(per_mailbox.has(Capability::AppendLimit));
        assert_eq!(per_mailbox.append_limit_bytes(), None);
        assert_eq!(of("APPENDLIMIT=x").append_limit_bytes(), None);
    }

    #[test]
    fn a_capability_that_was_taken_away_is_no_longer_offered() {
        let mut set = of("IDLE MOVE");
        set.remove(Capability::Idle);
        assert!(!set.has(Capability::Idle) && set.has(Capability::Move));
    }

    #[test]
    fn every_known_word_has_a_bit_of_its_own() {
        let bits = Capability::ALL
            .iter()
            .fold(0_u128, |bits, (capability, _)| bits | bit(*capability));
        assert_eq!(bits.count_ones() as usize, Capability::ALL.len());
    }
}
