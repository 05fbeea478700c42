//! What a server can do (RFC 9051 §7.2.2).

use alloc::string::String;
use alloc::vec::Vec;

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
}

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
];

/// The most words that are kept of those that are not known here; servers announce about thirty.
const MAX_OTHERS: usize = 256;

/// The set of what a server announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    known: u64,
    /// Words that are not in [`Capability`], in upper case, sorted.
    others: Vec<String>,
}

impl Capabilities {
    /// Reads the words of a CAPABILITY response or code.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::default();
        for word in words {
            let word = String::from_utf8_lossy(word).to_ascii_uppercase();
            match Capability::ALL.iter().find(|(_, known)| *known == word) {
                Some((capability, _)) => set.known |= bit(*capability),
                None if set.others.len() < MAX_OTHERS => set.others.push(word),
                None => {}
            }
        }
        set.others.sort_unstable();
        set.others.dedup();
        // Beside IMAP4rev1 a server lists these by name, and does them differently if it does not.
        if set.has(Capability::Imap4Rev2) && !set.has(Capability::Imap4Rev1) {
            set.known |= REV2
                .iter()
                .fold(0, |bits, capability| bits | bit(*capability));
        }
        set
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
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        let plain = self.has(Capability::AuthPlain).then_some("PLAIN");
        plain.into_iter().chain(
            self.others
                .iter()
                .filter_map(|word| word.strip_prefix("AUTH=")),
        )
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

const fn bit(capability: Capability) -> u64 {
    1 << capability as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Capabilities {
        Capabilities::from_words(text.split(' ').map(str::as_bytes))
    }

    #[test]
    fn known_and_unknown_words_are_kept_in_any_case() {
        let set = of("imap4rev1 Idle AUTH=PLAIN AUTH=SCRAM-SHA-1 X-GM-EXT-1 XLIST");
        assert!(set.has(Capability::Idle));
        assert!(!set.has(Capability::Move));
        assert!(set.has_word("x-gm-ext-1") && set.has_word("IDLE") && !set.has_word("MOVE"));
        assert_eq!(
            set.mechanisms().collect::<Vec<_>>(),
            ["PLAIN", "SCRAM-SHA-1"]
        );
        assert_eq!(
            set.others().collect::<Vec<_>>(),
            ["AUTH=SCRAM-SHA-1", "X-GM-EXT-1", "XLIST"]
        );
    }

    #[test]
    fn imap4rev2_alone_implies_what_it_took_in() {
        assert!(of("IMAP4rev2").has(Capability::Move));
        assert!(of("IMAP4rev2").utf8_names());
        assert!(!of("IMAP4rev2 IMAP4rev1").has(Capability::Move));
        assert!(!of("IMAP4rev2 IMAP4rev1").utf8_names());
    }

    #[test]
    fn every_known_word_has_a_bit_of_its_own() {
        let bits = Capability::ALL
            .iter()
            .fold(0_u64, |bits, (capability, _)| bits | bit(*capability));
        assert_eq!(bits.count_ones() as usize, Capability::ALL.len());
    }
}
