//! vCard: the cards of a file are separated here, and each is parsed on its own, so that a damaged
//! one does not change the others.

use std::collections::HashMap;

use calcard::common::IanaType;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameterName, VCardParameterValue, VCardProperty, VCardValue,
    VCardVersion,
};
use calcard::{Entry, Parser};

use super::{Builder, CARD_GROUPS_MAX, Card, Group, MEMBERS_MAX, joined_name, note, one_line};
use crate::display;

/// Maximum length of the lines of a card that are parsed, in bytes.
const CARD_BYTES: usize = 64 << 10;
/// Maximum length of a property with its continuations, in bytes.
const PROPERTY_BYTES: usize = 16 << 10;

/// Names of the properties that are parsed. Pictures, sounds and keys are most of a large file.
const NAMES: [&str; 12] = [
    "CATEGORIES",
    "EMAIL",
    "FN",
    "KIND",
    "MEMBER",
    "N",
    "NICKNAME",
    "NOTE",
    "ORG",
    "UID",
    "X-ADDRESSBOOKSERVER-KIND",
    "X-ADDRESSBOOKSERVER-MEMBER",
];

/// Whether a text begins as a vCard.
pub(super) fn is_vcard(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    is_boundary(line, "BEGIN")
}

/// Whether a line is `BEGIN:VCARD` or `END:VCARD`.
fn is_boundary(line: &str, word: &str) -> bool {
    line.split_once(':').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case(word) && value.trim().eq_ignore_ascii_case("VCARD")
    })
}

/// Reads the cards of a file.
pub(super) fn read(text: &str, builder: &mut Builder) {
    let mut first_address: HashMap<String, String> = HashMap::new();
    let mut groups: Vec<ReadGroup> = Vec::new();
    let is_read = each_card(text, |card| {
        let read = read_card(card);
        if read.is_group {
            groups.push(ReadGroup {
                name: read.card.name,
                members: read.members,
            });
            return groups.len() <= super::GROUPS_MAX;
        }
        if let (Some(uid), Some(address)) = (read.uid, read.card.addresses.first()) {
            first_address.insert(uid, address.clone());
        }
        for name in &read.categories {
            builder.add_members(name, read.card.addresses.first().map(String::as_str));
        }
        read.card.is_empty() || builder.add_card(read.card)
    });
    builder.book.is_cut |= !is_read;
    // A group may stand before its members.
    for group in groups {
        let mut resolved = Card::default();
        let mut members = Vec::new();
        for member in &group.members {
            match member.strip_prefix("mailto:") {
                Some(address) => {
                    resolved.addresses.clear();
                    resolved.add_addresses(address);
                    members.extend(resolved.addresses.first().cloned());
                }
                None => members.extend(first_address.get(member).cloned()),
            }
        }
        builder.add_members(&group.name, members.iter().map(String::as_str));
    }
}

struct ReadGroup {
    name: String,
    /// `mailto:` addresses, or the UIDs of cards.
    members: Vec<String>,
}

/// Calls `take` with the lines of each card that are parsed, until it returns `false`. Cards inside
/// of cards (AGENT of version 2.1) are skipped. Returns whether all were read.
fn each_card(text: &str, mut take: impl FnMut(&str) -> bool) -> bool {
    let mut card = CardText::default();
    let mut depth = 0_usize;
    let mut is_agent = false;
    for line in text.split('\n') {
        let line = line.trim_end_matches('\r');
        if is_boundary(line, "BEGIN") {
            // A card that another one follows without an end was cut off.
            if depth > 0 && !is_agent {
                if !take(card.finish()) {
                    return false;
                }
                depth = 0;
            }
            if depth == 0 {
                card.clear();
            }
            depth = depth.saturating_add(1);
            is_agent = false;
        } else if is_boundary(line, "END") {
            if depth == 1 && !take(card.finish()) {
                return false;
            }
            depth = depth.saturating_sub(1);
        } else if depth == 1 {
            is_agent = card.add(line).eq_ignore_ascii_case("AGENT") || is_agent && line.is_empty();
        }
    }
    depth == 0 || take(card.finish())
}

/// The selected lines of one card.
#[derive(Default)]
struct CardText {
    text: String,
    /// The property that is read.
    property: String,
    is_selected: bool,
    /// Whether its value is quoted-printable, which continues after `=` at the end of a line.
    is_quoted_printable: bool,
    continues: bool,
}

impl CardText {
    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a line. Returns the name of the property that it begins; empty if it begins none.
    fn add<'l>(&mut self, line: &'l str) -> &'l str {
        let is_folded = line.starts_with([' ', '\t']);
        if self.continues || is_folded {
            self.continues = self.is_quoted_printable && line.ends_with('=');
            if self.is_selected && self.property.len() + line.len() < PROPERTY_BYTES {
                self.property.push('\n');
                self.property.push_str(line);
            }
            return "";
        }
        self.end_property();
        let Some(end) = line.find(':') else {
            return "";
        };
        let head = line.get(..end).unwrap_or_default();
        let name = head.split(';').next().unwrap_or_default();
        // The group of a property: `item1.EMAIL`.
        let name = name.rsplit('.').next().unwrap_or_default().trim();
        self.is_selected = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.is_quoted_printable = head.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
        self.continues = self.is_quoted_printable && line.ends_with('=');
        if self.is_selected {
            self.property
                .push_str(display::prefix(line, PROPERTY_BYTES));
        }
        name
    }

    fn end_property(&mut self) {
        let mut property = self.property.as_str();
        if self.is_quoted_printable {
            // A value that was cut must not continue on the next property.
            property = property.trim_end_matches('=');
        }
        if !property.is_empty() && self.text.len() + property.len() < CARD_BYTES {
            self.text.push_str(property);
            self.text.push('\n');
        }
        self.property.clear();
        self.is_selected = false;
    }

    /// Returns the card as a text of its own.
    fn finish(&mut self) -> &str {
        self.end_property();
        self.text.insert_str(0, "BEGIN:VCARD\n");
        self.text.push_str("END:VCARD\n");
        &self.text
    }
}

#[derive(Default)]
struct ReadCard {
    card: Card,
    is_group: bool,
    uid: Option<String>,
    categories: Vec<String>,
    members: Vec<String>,
}

fn read_card(text: &str) -> ReadCard {
    let Entry::VCard(parsed) = Parser::new(text).entry() else {
        return ReadCard::default();
    };
    let mut read = ReadCard::default();
    let mut names: [String; 4] = Default::default();
    let mut emails: Vec<(u32, String)> = Vec::new();
    for entry in &parsed.entries {
        let mut texts = entry.values.iter().filter_map(VCardValue::as_text);
        let first = entry.values.first().and_then(VCardValue::as_text);
        let first = first.unwrap_or_default();
        let mut name = |rank: usize, value: String| {
            if let Some(name) = names.get_mut(rank).filter(|name| name.is_empty()) {
                *name = one_line(&value);
            }
        };
        match &entry.name {
            VCardProperty::Fn => name(0, first.to_owned()),
            VCardProperty::N => {
                let part = |index: usize| entry.values.get(index).map(component);
                let [family, given, middle] = [0, 1, 2].map(|i| part(i).unwrap_or_default());
                name(1, joined_name(&given, &middle, &family));
            }
            VCardProperty::Nickname => name(2, first.to_owned()),
            VCardProperty::Org => name(3, first.to_owned()),
            VCardProperty::Email => emails.push((preference(entry), first.to_owned())),
            VCardProperty::Note if read.card.note.is_empty() => read.card.note = note(first),
            VCardProperty::Uid => read.uid = Some(member(first)),
            VCardProperty::Categories => {
                let room = CARD_GROUPS_MAX.saturating_sub(read.categories.len());
                let texts = texts.by_ref().take(room);
                read.categories.extend(texts.map(str::to_owned));
            }
            VCardProperty::Kind => read.is_group = first.trim().eq_ignore_ascii_case("group"),
            VCardProperty::Member if read.members.len() < MEMBERS_MAX => {
                read.members.push(member(first));
            }
            VCardProperty::Other(other) => match other.to_ascii_uppercase().as_str() {
                "X-ADDRESSBOOKSERVER-KIND" => {
                    read.is_group = first.trim().eq_ignore_ascii_case("group");
                }
                "X-ADDRESSBOOKSERVER-MEMBER" if read.members.len() < MEMBERS_MAX => {
                    read.members.push(member(first));
                }
                _ => {}
            },
            _ => {}
        }
    }
    let found = names.into_iter().find(|name| !name.is_empty());
    read.card.name = found.unwrap_or_default();
    emails.sort_by_key(|(preference, _)| *preference);
    for (_, text) in &emails {
        let text = text.trim();
        let address = text.strip_prefix("mailto:").unwrap_or(text);
        read.card.add_addresses(address);
    }
    read
}

/// Returns the text of one component of a structured value.
fn component(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts.join(" "),
        value => value.as_text().unwrap_or_default().to_owned(),
    }
}

/// Returns the id that joins a member of a group with its card.
fn member(uri: &str) -> String {
    let uri = display::prefix(uri.trim(), 1_000);
    let is_address = uri
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    match uri.get(7..).filter(|_| is_address) {
        Some(address) => format!("mailto:{address}"),
        None => {
            let id = uri.strip_prefix("urn:uuid:").unwrap_or(uri);
            id.to_ascii_lowercase()
        }
    }
}

/// Returns the order of an address: PREF of version 4 (RFC 6350 §5.3), the type "pref" of version 3, or
/// the bare word of version 2.1.
fn preference(entry: &VCardEntry) -> u32 {
    let mut preferences = entry.parameters(&VCardParameterName::Pref);
    let mut types = entry.parameters(&VCardParameterName::Type);
    let is_preferred = |value: &VCardParameterValue| match value.as_type() {
        Some(IanaType::Other(kind)) => kind.eq_ignore_ascii_case("pref"),
        _ => false,
    };
    match preferences.next().map(VCardParameterValue::as_integer) {
        Some(Some(IanaType::Iana(preference))) => preference,
        Some(_) => 1,
        None if types.any(is_preferred) => 1,
        None => u32::MAX,
    }
}

/// Writes cards and groups as vCard 4.0.
pub(super) fn write(cards: &[Card], groups: &[Group]) -> String {
    let mut out = String::new();
    for card in cards {
        let fallback = card.addresses.first().map_or("", String::as_str);
        let name = match card.name.as_str() {
            "" => fallback,
            name => name,
        };
        let mut entries = vec![text(VCardProperty::Fn, name)];
        entries.extend(card.addresses.iter().map(|a| text(VCardProperty::Email, a)));
        if !card.note.is_empty() {
            entries.push(text(VCardProperty::Note, &card.note));
        }
        write_card(&mut out, entries);
    }
    for group in groups {
        let kind = text(VCardProperty::Kind, "group");
        let mut entries = vec![kind, text(VCardProperty::Fn, &group.name)];
        let members = group.members.iter();
        entries.extend(members.map(|a| text(VCardProperty::Member, &format!("mailto:{a}"))));
        write_card(&mut out, entries);
    }
    out
}

fn write_card(out: &mut String, entries: Vec<VCardEntry>) {
    // Writing into a string does not fail.
    let written = VCard { entries }.write_to(out, VCardVersion::V4_0);
    debug_assert!(written.is_ok());
}

fn text(name: VCardProperty, value: &str) -> VCardEntry {
    VCardEntry {
        group: None,
        name,
        params: Vec::new(),
        values: vec![VCardValue::Text(value.to_owned())],
    }
}
