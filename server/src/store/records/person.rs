//! The record of a person an account wrote to.

use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1<'a> {
    version: u32,
    name: std::borrow::Cow<'a, str>,
    address: std::borrow::Cow<'a, str>,
}

/// Writes a person: name and address.
pub(in crate::store) fn write_person(name: &str, address: &str) -> Vec<u8> {
    let record = V1 {
        version: VERSION,
        name: name.into(),
        address: address.into(),
    };
    // Strings and a number are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a person: name and address.
pub(in crate::store) fn read_person(json: &[u8]) -> Result<(String, String), Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1<'_> = read(json)?;
            Ok((record.name.into_owned(), record.address.into_owned()))
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON_V1: &str = include_str!("golden/person.v1.json");

    #[test]
    fn a_person_of_version_1_round_trips() {
        let person = (
            "Zoë \"Z\" 陈".to_owned(),
            "zoe@xn--fsqu00a.example".to_owned(),
        );
        assert_eq!(read_person(PERSON_V1.as_bytes()).as_ref(), Ok(&person));
        let written = write_person(&person.0, &person.1);
        assert_eq!(written, PERSON_V1.trim_end().as_bytes());
    }

    #[test]
    fn a_person_of_a_later_version_is_distinguished_from_a_damaged_one() {
        let later = PERSON_V1.replace("\"version\":1", "\"version\":2");
        assert_eq!(read_person(later.as_bytes()), Err(Unreadable::LaterProgram));
        assert_eq!(read_person(b"{}"), Err(Unreadable::Bytes));
        let cut = PERSON_V1.trim_end();
        for length in 0..cut.len() {
            let cut = &cut.as_bytes()[..length];
            assert_eq!(read_person(cut), Err(Unreadable::Bytes), "{length}");
        }
    }
}
