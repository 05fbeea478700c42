//! Reads and writes address books: vCard (RFC 6350; versions 2.1 and 3.0 are read too) and CSV as
//! Outlook, Google and Thunderbird export it.
//!
//! A file is untrusted. calcard parses the properties that a contact needs, csv splits the rows of a
//! table; what they return is cut at the limits below, and addresses are checked here.

mod table;
mod vcard;

use std::collections::{HashMap, HashSet};

use crate::address;
use crate::{charset, display};

/// Maximum length of a file, in bytes; the rest is not read.
pub const INPUT_BYTES: usize = 5 << 20;
/// Maximum number of cards of a file; later ones are not read.
pub const CARDS_MAX: usize = 10_000;
/// Maximum number of groups of a file; later ones are not read.
pub const GROUPS_MAX: usize = 1_000;
/// Maximum number of members of a group; later ones are left out.
pub const MEMBERS_MAX: usize = 500;
/// Maximum number of addresses of a card; later ones are left out.
pub const ADDRESSES_MAX: usize = 10;
/// Maximum length of a name, in bytes; longer ones are cut.
pub const NAME_BYTES: usize = 400;
/// Maximum length of a note, in bytes; longer ones are cut.
pub const NOTE_BYTES: usize = 2 << 10;

/// Maximum number of groups that one card names.
const CARD_GROUPS_MAX: usize = 50;

/// A person in an address book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// The name on one line; may be empty.
    pub name: String,
    /// The addresses, each once, the preferred one first. Each is a valid envelope address.
    pub addresses: Vec<String>,
    /// A note with LF line ends; may be empty.
    pub note: String,
    /// What the file has as addresses of this person, and is none. Each is one short line.
    pub invalid: Vec<String>,
    /// Whether addresses were left out because of the limit.
    pub is_cut: bool,
}

/// A named list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// The name on one line, never empty.
    pub name: String,
    /// The addresses of its members, each once. Each is a valid envelope address.
    pub members: Vec<String>,
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressBook {
    /// The people, in the order of the file.
    pub cards: Vec<Card>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Whether something was left out because of the limits.
    pub is_cut: bool,
}

/// Why a file is no address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownFile {
    /// It has no text.
    #[error("the file is empty")]
    Empty,
    /// It is no vCard, and no table with a column of addresses.
    #[error("neither a vCard nor a table with a column of addresses")]
    Format,
}

/// Parses a file of any supported format.
///
/// The text is UTF-8, UTF-16 with a byte order mark, or in a charset that is guessed. Damaged lines
/// and rows are skipped. calcard is trusted less than own code: run this under `catch_unwind`, off
/// the async threads.
///
/// # Errors
/// The file has no known format.
pub fn parse(file: &[u8]) -> Result<AddressBook, UnknownFile> {
    let read = file.get(..INPUT_BYTES).unwrap_or(file);
    let text = decode(read);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Err(UnknownFile::Empty);
    }
    let mut builder = Builder::default();
    builder.book.is_cut = read.len() < file.len();
    match vcard::is_vcard(text) {
        true => vcard::read(text, &mut builder),
        false => table::read(text, &mut builder)?,
    }
    Ok(builder.finish())
}

fn decode(file: &[u8]) -> String {
    let label = match file {
        [0xff, 0xfe, ..] => Some("utf-16le"),
        [0xfe, 0xff, ..] => Some("utf-16be"),
        // A character beyond ASCII never begins a file that a program exports: without a mark,
        // every second octet of the header is zero.
        [0, first, 0, ..] if *first != 0 => Some("utf-16be"),
        [first, 0, _, 0, ..] if *first != 0 => Some("utf-16le"),
        _ => None,
    };
    charset::decode(file, label)
}

/// Writes an address book as vCard 4.0 (RFC 6350): one card for each person, and one of the kind
/// "group" for each group.
pub fn write_vcard(cards: &[Card], groups: &[Group]) -> String {
    vcard::write(cards, groups)
}

/// Writes an address book as a table (RFC 4180): UTF-8 with a byte order mark, the columns named as
/// Google names them. A member of a group that is no address of a card has a row of its own.
///
/// A cell that a spreadsheet would take as a formula begins with an apostrophe, which [`parse`]
/// removes.
pub fn write_csv(cards: &[Card], groups: &[Group]) -> String {
    table::write(cards, groups)
}

/// An address book that is read.
#[derive(Default)]
struct Builder {
    book: AddressBook,
    /// The index of each group, by its name in lower case.
    group_index: HashMap<String, usize>,
    /// The members of each group, in lower case.
    members: Vec<HashSet<String>>,
}

impl Builder {
    /// Adds a person. `false` if there is no room for one more.
    fn add_card(&mut self, card: Card) -> bool {
        if self.book.cards.len() >= CARDS_MAX {
            self.book.is_cut = true;
            return false;
        }
        self.book.cards.push(card);
        true
    }

    /// Adds addresses to the group of this name, which is made if there is none.
    fn add_members<'a>(&mut self, name: &str, members: impl IntoIterator<Item = &'a str>) {
        let name = one_line(name);
        if name.is_empty() {
            return;
        }
        let key = name.to_lowercase();
        let index = match self.group_index.get(&key) {
            Some(index) => *index,
            None if self.book.groups.len() >= GROUPS_MAX => {
                self.book.is_cut = true;
                return;
            }
            None => {
                let index = self.book.groups.len();
                self.group_index.insert(key, index);
                self.book.groups.push(Group {
                    name,
                    members: Vec::new(),
                });
                self.members.push(HashSet::new());
                index
            }
        };
        let known = self.members.get_mut(index);
        let (Some(group), Some(known)) = (self.book.groups.get_mut(index), known) else {
            return;
        };
        for member in members {
            if group.members.len() >= MEMBERS_MAX {
                self.book.is_cut = true;
                return;
            }
            if known.insert(member.to_lowercase()) {
                group.members.push(member.to_owned());
            }
        }
    }

    fn finish(self) -> AddressBook {
        self.book
    }
}

impl Card {
    /// Adds the addresses of a text: one, or several as they are typed into a recipient field.
    fn add_addresses(&mut self, text: &str) {
        for entry in address::entries(text).take(CARD_GROUPS_MAX) {
            let found = entry.mailbox.and_then(|mailbox| mailbox.envelope());
            let Ok(address) = found else {
                if self.invalid.len() < ADDRESSES_MAX {
                    let shown = display::line(display::prefix(entry.text, NAME_BYTES));
                    self.invalid.push(display::prefix(&shown, 100).to_owned());
                }
                continue;
            };
            let address = address.as_str();
            let is_same = |known: &String| known.to_lowercase() == address.to_lowercase();
            if self.addresses.iter().any(is_same) {
                continue;
            }
            if self.addresses.len() >= ADDRESSES_MAX {
                self.is_cut = true;
                return;
            }
            self.addresses.push(address.to_owned());
        }
    }

    /// Whether the file has nothing about this person that is known here.
    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.addresses.is_empty() && self.invalid.is_empty()
    }
}

/// Returns a name as one short line.
fn one_line(text: &str) -> String {
    let line = display::line(display::prefix(text, NAME_BYTES * 4));
    let line = display::prefix(line.trim(), NAME_BYTES);
    line.trim_end().to_owned()
}

/// Returns a note with LF line ends.
fn note(text: &str) -> String {
    let lines = display::lines(display::prefix(text, NOTE_BYTES * 4));
    let lines = display::prefix(lines.trim(), NOTE_BYTES);
    lines.trim_end().to_owned()
}

/// Joins the parts of a name. Names in Han, kana and hangul have the family name first, without a
/// space.
fn joined_name(given: &str, middle: &str, family: &str) -> String {
    let is_east_asian = |c: char| {
        matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
            | '\u{20000}'..='\u{3ffff}')
    };
    let [given, middle, family] = [given.trim(), middle.trim(), family.trim()];
    let eastern = [family, middle, given].concat();
    if eastern.chars().all(is_east_asian) {
        return eastern;
    }
    let parts = [given, middle, family];
    let filled: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    filled.join(" ")
}

#[cfg(test)]
mod tests;
