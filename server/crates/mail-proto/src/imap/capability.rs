//! Server capabilities (RFC 9051 §7.2.2).

use alloc::string::String;
use alloc::vec::Vec;

use super::number::parse_u64;

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A capability known to this client.
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
    /// `SASL-IR`: initial response in the AUTHENTICATE command, which saves a round trip.
    SaslIr = "SASL-IR",
    /// `LITERAL+`
    LiteralPlus = "LITERAL+",
    /// `LITERAL-`: like LITERAL+, for literals of up to 4096 bytes.
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
    /// `SEARCHRES`: the server saves a search result as `$`.
    SearchRes = "SEARCHRES",
    /// `PARTIAL` (RFC 9394): paged SEARCH and UID FETCH, also counted from the end.
    Partial = "PARTIAL",
    /// `CONTEXT=SEARCH` (RFC 5267): paged SEARCH, counted from the beginning.
    ContextSearch = "CONTEXT=SEARCH",
    /// `CONTEXT=SORT` (RFC 5267): paged SORT.
    ContextSort = "CONTEXT=SORT",
    /// `WITHIN` (RFC 5032): the search keys OLDER and YOUNGER.
    Within = "WITHIN",
    /// `SORT` (RFC 5256)
    Sort = "SORT",
    /// `SORT=DISPLAY` (RFC 5957): SORT by display names.
    SortDisplay = "SORT=DISPLAY",
    /// `ESORT` (RFC 5267): RETURN options in SORT.
    ESort = "ESORT",
    /// `THREAD=REFERENCES` (RFC 5256)
    ThreadReferences = "THREAD=REFERENCES",
    /// `THREAD=ORDEREDSUBJECT` (RFC 5256)
    ThreadOrderedSubject = "THREAD=ORDEREDSUBJECT",
    /// `BINARY` (RFC 3516): the server decodes the transfer encoding of parts.
    Binary = "BINARY",
    /// `QUOTA` (RFC 9208)
    Quota = "QUOTA",
    /// `QUOTA=RES-STORAGE`: quota on storage, in units of 1024 octets; STATUS has DELETED-STORAGE.
    QuotaStorage = "QUOTA=RES-STORAGE",
    /// `QUOTA=RES-MESSAGE`: quota on the number of messages; STATUS has DELETED.
    QuotaMessage = "QUOTA=RES-MESSAGE",
    /// `QUOTA=RES-MAILBOX`: quota on the number of mailboxes.
    QuotaMailbox = "QUOTA=RES-MAILBOX",
    /// `COMPRESS=DEFLATE` (RFC 4978)
    CompressDeflate = "COMPRESS=DEFLATE",
    /// `OBJECTID` (RFC 8474): ids that stay the same after a move.
    ObjectId = "OBJECTID",
    /// `PREVIEW` (RFC 8970): the first words of a message as text.
    Preview = "PREVIEW",
    /// `SAVEDATE` (RFC 8514): the time at which a message was added to its mailbox.
    SaveDate = "SAVEDATE",
    /// `NOTIFY` (RFC 5465): the server reports changes of mailboxes that are not selected.
    Notify = "NOTIFY",
    /// `APPENDLIMIT`, with or without a number (RFC 7889); see [`Capabilities::append_limit_bytes`].
    AppendLimit = "APPENDLIMIT",
    /// `STATUS=SIZE` (RFC 8438): STATUS has SIZE, the total size of a mailbox.
    StatusSize = "STATUS=SIZE",
    /// `X-GM-EXT-1`: Gmail's FETCH items and search keys.
    Gmail = "X-GM-EXT-1",
    /// `UTF8=ACCEPT` (RFC 9755). This client does not enable it: it changes the form of mailbox
    /// names and of APPEND.
    Utf8Accept = "UTF8=ACCEPT",
    /// `UTF8=ONLY` (RFC 9755): the server requires UTF8=ACCEPT to be enabled.
    Utf8Only = "UTF8=ONLY",
    /// `MULTIAPPEND` (RFC 3502): several messages in one APPEND. This client sends one per APPEND.
    MultiAppend = "MULTIAPPEND",
    /// `REPLACE` (RFC 8508): replaces a message, such as a draft, by a new one.
    Replace = "REPLACE",
    /// `LOGIN-REFERRALS` (RFC 2221): a refused sign-in may refer to another server.
    LoginReferrals = "LOGIN-REFERRALS",
}

// One bit per capability.
const _: () = assert!(Capability::ALL.len() <= u128::BITS as usize);

/// The extensions that are part of `IMAP4rev2` (RFC 9051).
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
    // `IMAP4rev2` has only the FETCH side of BINARY; this client does not use the other side.
    Capability::Binary,
];

/// The prefix of the number in `APPENDLIMIT=n`.
const APPEND_LIMIT: &str = "APPENDLIMIT=";

/// Maximum number of unknown capability words in a [`Capabilities`]; servers announce about 30
/// words.
const MAX_OTHERS: usize = 256;

/// The set of capabilities that a server announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    known: u128,
    /// Words that are not in [`Capability`], in upper case, sorted.
    others: Vec<String>,
}

impl Capabilities {
    /// Parses the words of a CAPABILITY response or response code, and adds those that `IMAP4rev2`
    /// implies.
    ///
    /// ```abnf
    /// capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev2"
    ///                   *(SP capability) ; behind CAPABILITY
    /// ```
    /// RFC 9051 §9. `IMAP4rev2` may be absent.
    pub fn from_names<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::named(words);
        // A server that also announces IMAP4rev1 lists these by name; unlisted ones may behave
        // differently there.
        if set.has(Capability::Imap4Rev2) && !set.has(Capability::Imap4Rev1) {
            set.known |= REV2
                .iter()
                .fold(0, |bits, capability| bits | bit(*capability));
        }
        set
    }

    /// Parses these words, without the capabilities that they imply.
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

    /// Returns a copy without the words that are not in [`Capability`].
    #[must_use]
    pub const fn without_others(&self) -> Self {
        Self {
            known: self.known,
            others: Vec::new(),
        }
    }

    /// Returns whether the server has this capability.
    pub const fn has(&self, capability: Capability) -> bool {
        self.known & bit(capability) != 0
    }

    /// Returns whether the server announced this word, ignoring case; the word need not be in
    /// [`Capability`].
    pub fn has_name(&self, word: &str) -> bool {
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

    /// Returns the SASL mechanisms that the server offers, in upper case.
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

    /// Returns the maximum size in bytes of a message in APPEND, if it is the same for all
    /// mailboxes (RFC 7889 §2). If the server announces `APPENDLIMIT` without a number, the STATUS
    /// item APPENDLIMIT has the limit.
    ///
    /// ```abnf
    /// capability =/ "APPENDLIMIT" ["=" number]
    /// ```
    /// Numbers of up to 64 bits are accepted.
    pub fn append_limit_bytes(&self) -> Option<u64> {
        self.others
            .iter()
            .find_map(|word| word.strip_prefix(APPEND_LIMIT))
            .and_then(|number| parse_u64(number.as_bytes()))
    }

    /// Removes a capability that the server announces but does not implement.
    pub(crate) fn remove(&mut self, capability: Capability) {
        self.known &= !bit(capability);
    }

    /// Returns whether mailbox names are UTF-8 on the wire instead of modified UTF-7: the server
    /// announces `IMAP4rev2` without `IMAP4rev1`.
    pub const fn utf8_names(&self) -> bool {
        self.has(Capability::Imap4Rev2) && !self.has(Capability::Imap4Rev1)
    }

    /// Returns the words that are not in [`Capability`], in upper case.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// Returns all words in upper case, including those that `IMAP4rev2` implies.
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
        Capabilities::from_names(text.split(' ').map(str::as_bytes))
    }

    // docs/protocols.md, IMAP: CAPABILITY, NOOP, LOGOUT, CHECK, CLOSE, UNSELECT
    #[test]
    fn known_and_unknown_capabilities_are_read_in_any_case() {
        let set = of("imap4rev1 Idle AUTH=PLAIN AUTH=SCRAM-SHA-1 X-NEW XLIST");
        assert!(set.has(Capability::Idle));
        assert!(!set.has(Capability::Move));
        assert!(set.has_name("x-new") && set.has_name("IDLE") && !set.has_name("MOVE"));
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
    fn the_capabilities_of_dovecot_and_gmail_are_known() {
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
    fn a_removed_capability_is_no_longer_offered() {
        let mut set = of("IDLE MOVE");
        set.remove(Capability::Idle);
        assert!(!set.has(Capability::Idle) && set.has(Capability::Move));
    }

    #[test]
    fn every_known_capability_has_its_own_bit() {
        let bits = Capability::ALL
            .iter()
            .fold(0_u128, |bits, (capability, _)| bits | bit(*capability));
        assert_eq!(bits.count_ones() as usize, Capability::ALL.len());
    }
}
