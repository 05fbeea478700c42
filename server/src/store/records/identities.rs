//! The record of the names and addresses that an account sends as.

use std::borrow::Cow;

use app::api::types::IdentityId;
use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain;

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1<'a> {
    version: u32,
    identities: Vec<Identity<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Identity<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    address: Cow<'a, str>,
    reply_to: Cow<'a, str>,
    signature: Cow<'a, str>,
    is_copied: bool,
    is_default: bool,
}

/// Writes the identities of an account.
pub(in crate::store) fn write_identities(identities: &[domain::Identity]) -> Vec<u8> {
    let identities = identities.iter().map(|identity| Identity {
        id: identity.id.as_str().into(),
        name: identity.name.as_str().into(),
        address: identity.address.as_str().into(),
        reply_to: identity.reply_to.as_str().into(),
        signature: identity.signature.as_str().into(),
        is_copied: identity.is_copied,
        is_default: identity.is_default,
    });
    let record = V1 {
        version: VERSION,
        identities: identities.collect(),
    };
    // Strings, numbers and truth values are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads the identities of an account.
pub(in crate::store) fn read_identities(json: &[u8]) -> Result<Vec<domain::Identity>, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1<'_> = read(json)?;
            let identities = record.identities.into_iter();
            Ok(identities
                .map(|identity| domain::Identity {
                    id: IdentityId(identity.id.into_owned()),
                    name: identity.name.into_owned(),
                    address: identity.address.into_owned(),
                    reply_to: identity.reply_to.into_owned(),
                    signature: identity.signature.into_owned(),
                    is_copied: identity.is_copied,
                    is_default: identity.is_default,
                })
                .collect())
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITIES_V1: &str = include_str!("golden/identities.v1.json");

    #[test]
    fn identities_of_version_1_round_trip() {
        let identities = vec![
            domain::Identity {
                id: "own".into(),
                name: "文杰 \"W\"".to_owned(),
                address: "wenjie@lanxi.example".to_owned(),
                is_default: true,
                ..domain::Identity::default()
            },
            domain::Identity {
                id: "AAAA".into(),
                address: "sales@lanxi.example".to_owned(),
                reply_to: "Team <team@lanxi.example>".to_owned(),
                signature: "Lanxi\n杭州".to_owned(),
                is_copied: true,
                ..domain::Identity::default()
            },
        ];
        let golden = IDENTITIES_V1.trim_end().as_bytes();
        assert_eq!(read_identities(golden).as_ref(), Ok(&identities));
        assert_eq!(write_identities(&identities), golden);
    }

    #[test]
    fn identities_of_a_later_version_are_distinguished_from_damaged_ones() {
        let later = IDENTITIES_V1.replace("\"version\":1", "\"version\":2");
        let read = read_identities(later.as_bytes());
        assert_eq!(read, Err(Unreadable::LaterProgram));
        let whole = IDENTITIES_V1.trim_end().as_bytes();
        for length in 0..whole.len() {
            let read = read_identities(&whole[..length]);
            assert_eq!(read, Err(Unreadable::Bytes), "{length}");
        }
    }
}
