//! The lines of `STAT`, `LIST` and `UIDL` (RFC 1939 §5, §7) and of `LANG` (RFC 6856 §3).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::capability::CapabilityListing;
use super::command::MessageNumber;
use super::error::{Error, Misbehaviour};
use crate::line::LineBuffer;

/// Maximum number of lines of a listing in one event.
const MAX_BATCH: usize = 500;

/// The response to `STAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropListing {
    /// The number of messages, without those marked as deleted.
    pub messages: u32,
    /// The total size of these messages in octets.
    pub size_bytes: u64,
}

/// One line of `LIST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanListing {
    /// The message number.
    pub number: MessageNumber,
    /// The size of the message in octets according to the server; it may be inexact.
    pub size_bytes: u64,
}

/// One line of `UIDL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueIdListing {
    /// The message number.
    pub number: MessageNumber,
    /// The unique id; `None` if the server's is invalid (empty, too long, forbidden octets). Two
    /// messages may have the same one.
    pub unique_id: Option<UniqueId>,
}

/// One line of `LANG` without an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageListing {
    /// The language tag, as the server spells it.
    pub tag: String,
    /// The name of the language in that language; bytes that are not UTF-8 are replaced.
    pub description: String,
}

/// The id of a message across sessions: 1 to 70 octets from 0x21 to 0x7E (RFC 1939 §7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueId(String);

impl UniqueId {
    /// Parses a unique id; `None` if it is invalid.
    pub fn new(text: &str) -> Option<Self> {
        let is_valid = (1..=70).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DropListing {
    /// Parses the text of a positive `STAT` response; text after the two numbers is ignored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let messages = number(words.next()?)?;
        let size_bytes = number(words.next()?)?;
        Some(Self {
            messages,
            size_bytes,
        })
    }
}

impl ScanListing {
    /// Parses a line of `LIST`; text after the two numbers is ignored.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(line).ok()?.split_ascii_whitespace();
        let number_of = MessageNumber::new(number(words.next()?)?)?;
        let size_bytes = number(words.next()?)?;
        Some(Self {
            number: number_of,
            size_bytes,
        })
    }
}

impl UniqueIdListing {
    /// Parses a line of `UIDL`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let end = memchr::memchr(b' ', line).unwrap_or(line.len());
        let (digits, rest) = line.split_at_checked(end)?;
        let number = MessageNumber::new(number(core::str::from_utf8(digits).ok()?)?)?;
        let unique_id = core::str::from_utf8(rest)
            .ok()
            .and_then(|text| UniqueId::new(text.trim_ascii()));
        Some(Self { number, unique_id })
    }
}

impl LanguageListing {
    /// Parses a line of `LANG`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(line);
        let (tag, description) = text.split_once(' ').unwrap_or((&text, ""));
        (!tag.is_empty()).then(|| Self {
            tag: tag.to_owned(),
            description: description.trim_ascii().to_owned(),
        })
    }
}

/// The kind of a partially read listing.
#[derive(Debug)]
pub(super) enum Listing {
    Scan,
    UniqueId,
    Language,
    Capability(CapabilityListing),
}

/// The lines of a listing for one event.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) scans: Vec<ScanListing>,
    pub(super) unique_ids: Vec<UniqueIdListing>,
    pub(super) languages: Vec<LanguageListing>,
    pub(super) lines: usize,
    /// The size of the listing up to now.
    pub(super) size_bytes: u64,
    pub(super) is_last: bool,
}

impl Batch {
    /// Reads the available lines, at most [`MAX_BATCH`].
    ///
    /// ```abnf
    /// multi-line  = single-line *dot-stuffed "." CRLF ; behind single-line
    /// dot-stuffed = *CHAR CRLF ;must be dot-stuffed
    /// ```
    /// RFC 2449 §3. No line of a listing begins with a dot, so no dot is removed.
    pub(super) fn read(
        &mut self,
        input: &mut LineBuffer,
        listing: &mut Listing,
    ) -> Result<(), Error> {
        while self.lines < MAX_BATCH
            && let Some(line) = input.next_line()?
        {
            self.lines = self.lines.saturating_add(1);
            let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
            self.size_bytes = self.size_bytes.saturating_add(length).saturating_add(2);
            if line.as_ref() == b"." {
                self.is_last = true;
                break;
            }
            let is_read = match listing {
                Listing::Scan => ScanListing::parse(&line).map(|row| self.scans.push(row)),
                Listing::UniqueId => {
                    UniqueIdListing::parse(&line).map(|row| self.unique_ids.push(row))
                }
                Listing::Language => {
                    LanguageListing::parse(&line).map(|row| self.languages.push(row))
                }
                Listing::Capability(capabilities) => Some(capabilities.add(&line)?),
            };
            is_read.ok_or(Error::PeerMisbehaved(Misbehaviour::MalformedListing))?;
        }
        Ok(())
    }
}

/// Parses a decimal number without a sign.
fn number<T: core::str::FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;
    use proptest::prelude::*;

    // docs/protocols.md, POP3: STAT, LIST, UIDL
    #[test]
    fn rfc1939_5_and_7_examples() {
        let stat = DropListing::parse("2 320").unwrap();
        assert_eq!((stat.messages, stat.size_bytes), (2, 320));
        let scan = ScanListing::parse(b"2 200").unwrap();
        assert_eq!((scan.number.number(), scan.size_bytes), (2, 200));
        let unique = UniqueIdListing::parse(b"2 QhdPYR:00WBw1Ph7x7").unwrap();
        assert_eq!(unique.number.number(), 2);
        assert_eq!(unique.unique_id.unwrap().as_str(), "QhdPYR:00WBw1Ph7x7");
    }

    #[test]
    fn text_after_the_numbers_is_ignored() {
        assert_eq!(
            DropListing::parse("2 320 octets in it").unwrap().messages,
            2
        );
        assert_eq!(
            ScanListing::parse(b"1 120 sender@example")
                .unwrap()
                .size_bytes,
            120
        );
    }

    #[test]
    fn lines_without_a_message_number_are_refused() {
        for line in ["", "x", "0 5", "-1 5", "+1 5", "4294967296 5", "1", "1 x"] {
            assert_eq!(ScanListing::parse(line.as_bytes()), None, "{line:?}");
        }
        for line in ["", " 1 a", "0 a", "x a"] {
            assert_eq!(UniqueIdListing::parse(line.as_bytes()), None, "{line:?}");
        }
    }

    // docs/protocols.md, POP3: STAT, LIST, UIDL
    #[test]
    fn a_message_whose_unique_id_is_none_is_listed_without() {
        let long = format!("1 {}", "x".repeat(71));
        for line in ["1", "1 ", "1 a b", "1 \u{e9}", long.as_str()] {
            let listing = UniqueIdListing::parse(line.as_bytes()).unwrap();
            assert_eq!(listing.unique_id, None, "{line:?}");
        }
        let longest = format!("1 {}", "x".repeat(70));
        assert!(
            UniqueIdListing::parse(longest.as_bytes())
                .unwrap()
                .unique_id
                .is_some()
        );
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = ScanListing::parse(&line);
            if let Some(listing) = UniqueIdListing::parse(&line)
                && let Some(unique_id) = listing.unique_id
            {
                prop_assert!((1..=70).contains(&unique_id.as_str().len()));
            }
        }

        #[test]
        fn a_listing_round_trips(n in 1u32.., size in any::<u64>(), id in "[!-~]{1,70}") {
            let scan = ScanListing::parse(format!("{n} {size}").as_bytes()).unwrap();
            prop_assert_eq!((scan.number.number(), scan.size_bytes), (n, size));
            let unique = UniqueIdListing::parse(format!("{n} {id}").as_bytes()).unwrap();
            prop_assert_eq!(unique.unique_id.unwrap().to_string(), id);
        }
    }
}
