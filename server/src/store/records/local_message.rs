//! The record of a message of a local folder: what a list shows, and the name of its file.

use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain::{LocalSummary, NamedAddress};

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1 {
    version: u32,
    spool: String,
    message_id: String,
    from: Vec<Address>,
    to: Vec<Address>,
    subject: String,
    date_unix_ms: Option<i64>,
    has_attachment: bool,
}

#[derive(Serialize, Deserialize)]
struct Address {
    name: String,
    address: String,
}

fn written(addresses: &[NamedAddress]) -> Vec<Address> {
    let addresses = addresses.iter().map(|entry| Address {
        name: entry.name.clone(),
        address: entry.address.clone(),
    });
    addresses.collect()
}

fn opened(addresses: Vec<Address>) -> Vec<NamedAddress> {
    let addresses = addresses.into_iter().map(|entry| NamedAddress {
        name: entry.name,
        address: entry.address,
    });
    addresses.collect()
}

/// Writes a message with the name of its file.
pub(in crate::store) fn write_local_message(spool: &str, summary: &LocalSummary) -> Vec<u8> {
    let record = V1 {
        version: VERSION,
        spool: spool.to_owned(),
        message_id: summary.message_id.clone(),
        from: written(&summary.from),
        to: written(&summary.to),
        subject: summary.subject.clone(),
        date_unix_ms: summary.date_unix_ms,
        has_attachment: summary.has_attachment,
    };
    // Strings, numbers and a boolean are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a message: the name of its file, and what a list shows.
pub(in crate::store) fn read_local_message(
    json: &[u8],
) -> Result<(String, LocalSummary), Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1 = read(json)?;
            let summary = LocalSummary {
                message_id: record.message_id,
                from: opened(record.from),
                to: opened(record.to),
                subject: record.subject,
                date_unix_ms: record.date_unix_ms,
                has_attachment: record.has_attachment,
            };
            Ok((record.spool, summary))
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE_V1: &str = include_str!("golden/local-message.v1.jsonl");

    fn messages() -> [(String, LocalSummary); 2] {
        let address = |name: &str, address: &str| NamedAddress {
            name: name.to_owned(),
            address: address.to_owned(),
        };
        let spool = "BBBBBBBBBBBBBBBBBBBBBB".to_owned();
        let full = LocalSummary {
            message_id: "1.x@peer.test".to_owned(),
            from: vec![address("", "ann@peer.test")],
            to: vec![
                address("Zoë \"Z\" 陈", "zoe@peer.test"),
                address("", "b@peer.test"),
            ],
            subject: "Grüße 你好".to_owned(),
            date_unix_ms: Some(1_798_131_600_000),
            has_attachment: true,
        };
        let empty = LocalSummary {
            to: Vec::new(),
            subject: String::new(),
            date_unix_ms: None,
            has_attachment: false,
            ..full.clone()
        };
        [(spool.clone(), full), (spool, empty)]
    }

    #[test]
    fn local_messages_of_version_1_round_trip() {
        let golden: Vec<&str> = MESSAGE_V1.lines().collect();
        let written = messages().map(|(spool, summary)| {
            let json = write_local_message(&spool, &summary);
            assert_eq!(read_local_message(&json), Ok((spool, summary)));
            String::from_utf8(json).unwrap()
        });
        assert_eq!(written.as_slice(), golden);
    }

    #[test]
    fn a_local_message_of_a_later_version_is_distinguished_from_a_damaged_one() {
        let first = MESSAGE_V1.lines().next().unwrap();
        let later = first.replace("\"version\":1", "\"version\":2");
        assert_eq!(
            read_local_message(later.as_bytes()),
            Err(Unreadable::LaterProgram)
        );
        assert_eq!(read_local_message(b"{}"), Err(Unreadable::Bytes));
        for length in 0..first.len() {
            let cut = &first.as_bytes()[..length];
            assert_eq!(read_local_message(cut), Err(Unreadable::Bytes), "{length}");
        }
    }
}
