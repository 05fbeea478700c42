//! The records of an address book: a contact, and a group.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain::{Contact, ContactGroup};

const VERSION: u32 = 1;

/// A contact of version 1.
#[derive(Serialize, Deserialize)]
struct ContactV1<'a> {
    version: u32,
    name: Cow<'a, str>,
    addresses: Cow<'a, [String]>,
    note: Cow<'a, str>,
}

/// A group of version 1.
#[derive(Serialize, Deserialize)]
struct GroupV1<'a> {
    version: u32,
    name: Cow<'a, str>,
    members: Cow<'a, [String]>,
}

/// Writes a contact, without its id.
pub(in crate::store) fn write_contact(contact: &Contact) -> Vec<u8> {
    let record = ContactV1 {
        version: VERSION,
        name: contact.name.as_str().into(),
        addresses: contact.addresses.as_slice().into(),
        note: contact.note.as_str().into(),
    };
    // Strings and a number are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Writes a group, without its id.
pub(in crate::store) fn write_group(group: &ContactGroup) -> Vec<u8> {
    let record = GroupV1 {
        version: VERSION,
        name: group.name.as_str().into(),
        members: group.members.as_slice().into(),
    };
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a contact. Its id is empty.
pub(in crate::store) fn read_contact(json: &[u8]) -> Result<Contact, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: ContactV1<'_> = read(json)?;
            Ok(Contact {
                name: record.name.into_owned(),
                addresses: record.addresses.into_owned(),
                note: record.note.into_owned(),
                ..Contact::default()
            })
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// Reads a group. Its id is empty.
pub(in crate::store) fn read_group(json: &[u8]) -> Result<ContactGroup, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: GroupV1<'_> = read(json)?;
            Ok(ContactGroup {
                name: record.name.into_owned(),
                members: record.members.into_owned(),
                ..ContactGroup::default()
            })
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTACT_V1: &str = include_str!("golden/contact.v1.json");
    const GROUP_V1: &str = include_str!("golden/contact-group.v1.json");

    #[test]
    fn entries_of_version_1_round_trip() {
        let contact = Contact {
            name: "Zoë \"Z\" 陈".to_owned(),
            addresses: ["zoe@xn--fsqu00a.example", "z@home.example"]
                .map(str::to_owned)
                .to_vec(),
            note: "met in 杭州\nlikes tea".to_owned(),
            ..Contact::default()
        };
        let golden = CONTACT_V1.trim_end().as_bytes();
        assert_eq!(read_contact(golden).as_ref(), Ok(&contact));
        assert_eq!(write_contact(&contact), golden);
        let group = ContactGroup {
            name: "Chess 国际象棋".to_owned(),
            members: vec!["zoe@xn--fsqu00a.example".to_owned()],
            ..ContactGroup::default()
        };
        let golden = GROUP_V1.trim_end().as_bytes();
        assert_eq!(read_group(golden).as_ref(), Ok(&group));
        assert_eq!(write_group(&group), golden);
    }

    #[test]
    fn entries_of_a_later_version_are_distinguished_from_damaged_ones() {
        for golden in [CONTACT_V1, GROUP_V1] {
            let results = |json: &[u8]| (read_contact(json).err(), read_group(json).err());
            let later = golden.replace("\"version\":1", "\"version\":2");
            let expected = Some(Unreadable::LaterProgram);
            assert_eq!(results(later.as_bytes()), (expected, expected));
            let whole = golden.trim_end().as_bytes();
            for length in 0..whole.len() {
                let expected = Some(Unreadable::Bytes);
                assert_eq!(results(&whole[..length]), (expected, expected), "{length}");
            }
        }
    }
}
