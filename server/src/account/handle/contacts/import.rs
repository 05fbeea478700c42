//! Merges the entries of a file into an address book.

use std::collections::HashMap;

use app::api::types::{ContactId, LeftOutCause};
use mail_mime::contacts::{AddressBook, Card, Group};

use crate::account::error::AccountError;
use crate::account::model::random_id;
use crate::domain::{Contact, ContactBook, ContactGroup};

/// What an import did, counted in contacts and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Imported {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) unchanged: usize,
    /// The entries that were left out, wholly or in part: a name, and why.
    pub(crate) left_out: Vec<(String, LeftOutCause)>,
}

/// The result of a merge.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// The contacts to be saved.
    pub(super) contacts: Vec<Contact>,
    /// The groups to be saved.
    pub(super) groups: Vec<ContactGroup>,
    pub(super) done: Imported,
}

/// What happened to an entry of the address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not in the file.
    Untouched,
    Unchanged,
    Changed,
    New,
}

impl State {
    fn touched(self, has_changed: bool) -> Self {
        match self {
            Self::New => Self::New,
            _ if has_changed => Self::Changed,
            Self::Changed => Self::Changed,
            Self::Untouched | Self::Unchanged => Self::Unchanged,
        }
    }

    fn count(self, done: &mut Imported) {
        match self {
            Self::Untouched => {}
            Self::Unchanged => done.unchanged += 1,
            Self::Changed => done.changed += 1,
            Self::New => done.added += 1,
        }
    }

    fn is_saved(self) -> bool {
        matches!(self, Self::Changed | Self::New)
    }
}

/// Merges a file into an address book. An entry of the file that has an address of a contact belongs
/// to that contact, which gets what it does not have: nothing of it is replaced. Groups are joined by
/// their names.
pub(super) fn merge(book: ContactBook, file: AddressBook) -> Result<Merged, AccountError> {
    let mut done = Imported::default();
    if file.is_cut {
        let left_out = (String::new(), LeftOutCause::FileTooLong);
        done.left_out.push(left_out);
    }
    // Entries that cannot be opened count as well: the store counts them.
    let room = Contact::COUNT_MAX.saturating_sub(book.unreadable);
    let mut contacts = Contacts::new(book.contacts, room);
    for card in file.cards {
        contacts.add(card, &mut done)?;
    }
    let room = ContactGroup::COUNT_MAX.saturating_sub(book.unreadable);
    let mut groups = Groups::new(book.groups, room);
    for group in file.groups {
        groups.add(group, &mut done)?;
    }
    let mut merged = Merged::default();
    for (contact, state) in contacts.all {
        state.count(&mut done);
        if state.is_saved() {
            merged.contacts.push(contact);
        }
    }
    for (group, state) in groups.all {
        state.count(&mut done);
        if state.is_saved() {
            merged.groups.push(group);
        }
    }
    merged.done = done;
    Ok(merged)
}

struct Contacts {
    all: Vec<(Contact, State)>,
    /// The index of the contact that has an address, by the address in lower case.
    by_address: HashMap<String, usize>,
    room: usize,
}

impl Contacts {
    fn new(contacts: Vec<Contact>, room: usize) -> Self {
        let mut by_address = HashMap::new();
        for (index, contact) in contacts.iter().enumerate() {
            for address in &contact.addresses {
                by_address.entry(address.to_lowercase()).or_insert(index);
            }
        }
        let untouched = contacts
            .into_iter()
            .map(|contact| (contact, State::Untouched));
        Self {
            all: untouched.collect(),
            by_address,
            room,
        }
    }

    fn add(&mut self, card: Card, done: &mut Imported) -> Result<(), AccountError> {
        let label = || match (&card.name, card.addresses.first()) {
            (name, Some(address)) if name.is_empty() => address.clone(),
            (name, _) => name.clone(),
        };
        for text in &card.invalid {
            let shown = match card.name.as_str() {
                "" => text.clone(),
                name => format!("{name} <{text}>"),
            };
            done.left_out.push((shown, LeftOutCause::InvalidAddress));
        }
        if card.addresses.is_empty() {
            if card.invalid.is_empty() {
                done.left_out.push((label(), LeftOutCause::NoAddress));
            }
            return Ok(());
        }
        let mut is_cut = card.is_cut;
        let mut keys = card.addresses.iter().map(|address| address.to_lowercase());
        let known = keys.find_map(|key| self.by_address.get(&key).copied());
        let index = match known {
            Some(index) => index,
            None if self.all.len() >= self.room => {
                done.left_out.push((label(), LeftOutCause::BookFull));
                return Ok(());
            }
            None => {
                let contact = Contact {
                    id: ContactId(random_id()?),
                    ..Contact::default()
                };
                self.all.push((contact, State::New));
                self.all.len() - 1
            }
        };
        let Some((contact, state)) = self.all.get_mut(index) else {
            return Ok(());
        };
        let mut has_changed = false;
        for (to, from) in [
            (&mut contact.name, &card.name),
            (&mut contact.note, &card.note),
        ] {
            if to.is_empty() && !from.is_empty() {
                to.clone_from(from);
                has_changed = true;
            }
        }
        for address in &card.addresses {
            let key = address.to_lowercase();
            if self.by_address.contains_key(&key) {
                continue;
            }
            if contact.addresses.len() >= Contact::ADDRESSES_MAX {
                is_cut = true;
                break;
            }
            contact.addresses.push(address.clone());
            self.by_address.insert(key, index);
            has_changed = true;
        }
        *state = state.touched(has_changed);
        if is_cut {
            let left_out = (label(), LeftOutCause::TooManyAddresses);
            done.left_out.push(left_out);
        }
        Ok(())
    }
}

struct Groups {
    all: Vec<(ContactGroup, State)>,
    /// The index of each group, by its name in lower case.
    by_name: HashMap<String, usize>,
    room: usize,
}

impl Groups {
    fn new(groups: Vec<ContactGroup>, room: usize) -> Self {
        let mut by_name = HashMap::new();
        for (index, group) in groups.iter().enumerate() {
            by_name.entry(group.name.to_lowercase()).or_insert(index);
        }
        let untouched = groups.into_iter().map(|group| (group, State::Untouched));
        Self {
            all: untouched.collect(),
            by_name,
            room,
        }
    }

    fn add(&mut self, group: Group, done: &mut Imported) -> Result<(), AccountError> {
        let key = group.name.to_lowercase();
        let index = match self.by_name.get(&key) {
            Some(index) => *index,
            None if self.all.len() >= self.room => {
                done.left_out.push((group.name, LeftOutCause::BookFull));
                return Ok(());
            }
            None => {
                let new = ContactGroup {
                    id: ContactId(random_id()?),
                    name: group.name.clone(),
                    members: Vec::new(),
                };
                self.all.push((new, State::New));
                self.by_name.insert(key, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        let Some((known, state)) = self.all.get_mut(index) else {
            return Ok(());
        };
        let mut members: std::collections::HashSet<String> = known
            .members
            .iter()
            .map(|member| member.to_lowercase())
            .collect();
        let mut has_changed = false;
        for member in group.members {
            if !members.insert(member.to_lowercase()) {
                continue;
            }
            if known.members.len() >= ContactGroup::MEMBERS_MAX {
                let left_out = (group.name.clone(), LeftOutCause::TooManyMembers);
                done.left_out.push(left_out);
                break;
            }
            known.members.push(member);
            has_changed = true;
        }
        *state = state.touched(has_changed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: &str, addresses: &[&str]) -> Contact {
        Contact {
            id: name.into(),
            name: name.to_owned(),
            addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
            note: String::new(),
        }
    }

    fn card(name: &str, addresses: &[&str]) -> Card {
        Card {
            name: name.to_owned(),
            addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
            ..Card::default()
        }
    }

    fn merged(contacts: Vec<Contact>, cards: Vec<Card>) -> Merged {
        let book = ContactBook {
            contacts,
            ..ContactBook::default()
        };
        let file = AddressBook {
            cards,
            ..AddressBook::default()
        };
        merge(book, file).unwrap()
    }

    #[test]
    fn known_contacts_get_what_they_do_not_have() {
        let contacts = vec![
            contact("Ann", &["ann@a.example"]),
            contact("Ben", &["ben@a.example"]),
        ];
        let cards = vec![
            card("Another name", &["ANN@a.example", "ann@b.example"]),
            card("Ben", &["ben@a.example"]),
            card("", &["new@a.example"]),
            card("New", &["new@a.example", "ben@a.example"]),
        ];
        let merged = merged(contacts, cards);
        let expected = Imported {
            added: 1,
            changed: 1,
            unchanged: 1,
            left_out: Vec::new(),
        };
        assert_eq!(merged.done, expected);
        let [ann, new] = &merged.contacts[..] else {
            panic!("{merged:?}");
        };
        assert_eq!(ann, &contact("Ann", &["ann@a.example", "ann@b.example"]));
        // An address stays with the contact that had it.
        let of_new = (new.name.as_str(), new.addresses.as_slice());
        assert_eq!(of_new, ("New", &["new@a.example".to_owned()][..]));
        assert!(!new.id.as_str().is_empty());
    }

    #[test]
    fn what_is_left_out_is_told() {
        let many: Vec<String> = (0..Contact::ADDRESSES_MAX)
            .map(|number| format!("{number}@a.example"))
            .collect();
        let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
        let contacts = vec![contact("Many", &many)];
        many.push("more@a.example");
        let half = Card {
            invalid: vec!["no address".to_owned()],
            ..card("Half", &["half@a.example"])
        };
        let nothing = Card {
            invalid: vec!["/o=ORG/cn=x".to_owned()],
            ..card("", &[])
        };
        let cards = vec![card("Many", &many), half, nothing, card("Phone", &[])];
        let merged = merged(contacts, cards);
        let expected = [
            ("Many", LeftOutCause::TooManyAddresses),
            ("Half <no address>", LeftOutCause::InvalidAddress),
            ("/o=ORG/cn=x", LeftOutCause::InvalidAddress),
            ("Phone", LeftOutCause::NoAddress),
        ];
        let expected = expected.map(|(name, why)| (name.to_owned(), why));
        assert_eq!(merged.done.left_out, expected);
        assert_eq!((merged.done.added, merged.done.unchanged), (1, 1));
    }

    #[test]
    fn an_address_book_is_filled_up_to_its_limits() {
        let cards = (0..=Contact::COUNT_MAX).map(|number| {
            let address = format!("{number}@a.example");
            card("", &[&address])
        });
        let groups = (0..=ContactGroup::COUNT_MAX).map(|number| Group {
            name: number.to_string(),
            members: vec!["0@a.example".to_owned()],
        });
        let file = AddressBook {
            cards: cards.collect(),
            groups: groups.collect(),
            is_cut: true,
        };
        let merged = merge(ContactBook::default(), file).unwrap();
        assert_eq!(merged.contacts.len(), Contact::COUNT_MAX);
        assert_eq!(merged.groups.len(), ContactGroup::COUNT_MAX);
        let causes: Vec<LeftOutCause> = merged.done.left_out.iter().map(|(_, why)| *why).collect();
        let expected = [
            LeftOutCause::FileTooLong,
            LeftOutCause::BookFull,
            LeftOutCause::BookFull,
        ];
        assert_eq!(causes, expected);
    }
}
