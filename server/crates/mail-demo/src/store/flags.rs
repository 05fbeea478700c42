//! Message flags as a bit set, and the table that maps the upper bits to keywords.

use std::ops::{BitAnd, BitOr, Not};

/// A set of system flags and keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u32);

const SYSTEM: [(&str, Flags); 5] = [
    ("\\Answered", Flags::ANSWERED),
    ("\\Flagged", Flags::FLAGGED),
    ("\\Deleted", Flags::DELETED),
    ("\\Seen", Flags::SEEN),
    ("\\Draft", Flags::DRAFT),
];

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ANSWERED: Self = Self(1);
    pub(crate) const FLAGGED: Self = Self(1 << 1);
    pub(crate) const DELETED: Self = Self(1 << 2);
    pub(crate) const SEEN: Self = Self(1 << 3);
    pub(crate) const DRAFT: Self = Self(1 << 4);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// The names of all flags. A keyword is added when it is first stored and keeps its case.
#[derive(Debug, Default)]
pub(crate) struct FlagNames {
    keywords: Vec<String>,
}

impl FlagNames {
    /// Maximum number of keywords: the bits of a `u32` that the system flags do not use.
    pub(crate) const MAX_KEYWORDS: usize = 27;
    const MAX_KEYWORD_BYTES: usize = 100;

    /// Finds a flag by name, case-insensitively.
    pub(crate) fn find(&self, name: &str) -> Option<Flags> {
        let system = SYSTEM
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        system.map(|(_, flag)| *flag).or_else(|| {
            let at = self
                .keywords
                .iter()
                .position(|known| known.eq_ignore_ascii_case(name))?;
            Some(Self::keyword(at))
        })
    }

    /// Finds a flag by name or adds it as a keyword. Returns `None` if the table is full, the
    /// keyword too long, or the name an unknown system flag.
    pub(crate) fn find_or_add(&mut self, name: &str) -> Option<Flags> {
        self.find(name).or_else(|| {
            let has_room = self.keywords.len() < Self::MAX_KEYWORDS;
            if name.starts_with('\\') || name.len() > Self::MAX_KEYWORD_BYTES || !has_room {
                return None;
            }
            self.keywords.push(name.to_owned());
            Some(Self::keyword(self.keywords.len() - 1))
        })
    }

    pub(crate) fn has_room(&self) -> bool {
        self.keywords.len() < Self::MAX_KEYWORDS
    }

    /// Returns the number of keywords. Keywords are never removed.
    pub(crate) fn keyword_count(&self) -> usize {
        self.keywords.len()
    }

    /// Returns the names of all flags, as the `FLAGS` response lists them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        let system = SYSTEM.iter().map(|(name, _)| *name);
        system.chain(self.keywords.iter().map(String::as_str))
    }

    /// Returns the names of a set of flags.
    pub(crate) fn of(&self, flags: Flags) -> impl Iterator<Item = &str> {
        let system = SYSTEM
            .iter()
            .filter(move |(_, flag)| flags.has(*flag))
            .map(|(name, _)| *name);
        let keywords = self.keywords.iter().enumerate();
        system.chain(
            keywords
                .filter(move |(at, _)| flags.has(Self::keyword(*at)))
                .map(|(_, name)| name.as_str()),
        )
    }

    fn keyword(at: usize) -> Flags {
        Flags(1 << (at + SYSTEM.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_match_in_any_case_and_keep_their_first_spelling() {
        let mut names = FlagNames::default();
        let forwarded = names.find_or_add("$Forwarded").unwrap();
        assert_eq!(names.find_or_add("$FORWARDED"), Some(forwarded));
        let listed: Vec<_> = names.of(forwarded | Flags::SEEN).collect();
        assert_eq!(listed, ["\\Seen", "$Forwarded"]);
    }

    #[test]
    fn a_full_table_refuses_more_keywords() {
        let mut names = FlagNames::default();
        for n in 0..FlagNames::MAX_KEYWORDS {
            assert!(names.has_room());
            names.find_or_add(&format!("k{n}")).unwrap();
        }
        assert!(!names.has_room());
        assert_eq!(names.find_or_add("one-more"), None);
        assert!(names.find("k26").is_some());
    }

    #[test]
    fn an_unknown_system_flag_is_no_keyword() {
        assert_eq!(FlagNames::default().find_or_add("\\Important"), None);
    }
}
