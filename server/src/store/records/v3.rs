//! Version 3 of the record of a message: version 2, and why its copy was not filed here.
//!
//! JSON; enums as codes in snake case.

use serde::{Deserialize, Serialize};

use super::v1::codes;
use super::v2;
use crate::domain;

/// The version in every record.
const VERSION: u32 = 3;

codes! {
    Full = domain::FullSpace { Sent, Server }
}

/// The message of a row.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Message {
    version: u32,
    message: v2::Message,
    /// The space that its copy did not fit into.
    copy_full: Option<Full>,
    /// Absent in a message that was written here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirected: Option<Redirected>,
}

#[derive(Serialize, Deserialize)]
struct Redirected {
    has_8bit: bool,
}

impl From<domain::OutboxMessage> for Message {
    fn from(message: domain::OutboxMessage) -> Self {
        let copy_full = match &message.copy {
            domain::SentCopy::Failed(domain::ErrorCause::NoRoom(full)) => Some((*full).into()),
            _ => None,
        };
        Self {
            version: VERSION,
            redirected: message.redirected.map(|of| Redirected {
                has_8bit: of.has_8bit,
            }),
            message: message.into(),
            copy_full,
        }
    }
}

impl From<Message> for domain::OutboxMessage {
    fn from(record: Message) -> Self {
        let message = Self {
            redirected: record.redirected.map(|of| domain::Redirected {
                has_8bit: of.has_8bit,
            }),
            ..Self::from(record.message)
        };
        match record.copy_full {
            Some(full) => Self {
                copy: domain::SentCopy::Failed(domain::ErrorCause::NoRoom(full.into())),
                ..message
            },
            None => message,
        }
    }
}
