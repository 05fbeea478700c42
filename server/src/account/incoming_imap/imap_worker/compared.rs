//! Compares the structure that the server describes with the headers of the message's parts, which
//! are fetched with the shown texts, as are small parts that say something beside them.

use std::collections::HashMap;

use bytes::Bytes;
use mail_mime::structure::{self, Compared};
use mail_mime::tree::Part;
use mail_proto::imap::{Command, FetchItem, FetchedItem, Section as ImapSection, SectionText, Uid};

use super::ImapWorker;
use super::fetched::{Fetched, part_section, peek};
use crate::account::error::AccountError;
use crate::clients::ClientError;

/// Maximum size of a fetched header of a message, in bytes: the MIME limit.
pub(super) const HEADER_MAX_BYTES: u32 = 1 << 20;
/// Maximum size of a fetched header of a part, in bytes. A longer one is not compared.
const PART_HEADER_MAX_BYTES: u32 = 8 << 10;

/// What is fetched of the parts of a message that its text can be shown without.
#[derive(Debug, Default)]
pub(super) struct PartItems {
    /// The headers of its parts.
    pub(super) headers: Vec<FetchItem>,
    /// The beginnings of parts.
    pub(super) octets: Vec<FetchItem>,
}

impl ImapWorker {
    /// Fetches items of one message and, in the same command, items of its parts; and a further
    /// command in the same flight. A server that refuses the headers of parts is not asked for any
    /// again.
    ///
    /// # Errors
    /// As [`ImapWorker::fetch_message`].
    pub(super) async fn fetch_with_parts(
        &mut self,
        uid: Uid,
        items: Vec<FetchItem>,
        parts: PartItems,
        more: Option<Command>,
    ) -> Result<Fetched, AccountError> {
        let headers = match self.refuses_part_headers {
            true => Vec::new(),
            false => parts.headers,
        };
        let mut tries = vec![Vec::new()];
        if !headers.is_empty() {
            tries.push(headers.clone());
        }
        if !parts.octets.is_empty() {
            tries.push(parts.octets.into_iter().chain(headers.clone()).collect());
        }
        while let Some(optional) = tries.pop() {
            let fetched = self.fetch_with(uid, items.clone(), optional, more.clone());
            match fetched.await {
                Err(AccountError::Client(ClientError::Refused { .. }))
                    if !tries.is_empty() && !self.is_over() => {}
                Ok(fetched) => {
                    self.refuses_part_headers |= tries.is_empty() && !headers.is_empty();
                    return Ok(fetched);
                }
                result => return result,
            }
        }
        Err(AccountError::Withheld)
    }
}

/// Returns the FETCH item for the header of a part: `BODY[1.2.MIME]`.
pub(super) fn header_item(section: &str) -> Result<FetchItem, AccountError> {
    let section = ImapSection {
        text: Some(SectionText::Mime),
        ..part_section(section)?
    };
    Ok(peek(section, 0, PART_HEADER_MAX_BYTES))
}

/// Returns the FETCH items for the headers that a structure is compared with, in addition to that of
/// the message.
pub(super) fn header_items(root: &Part) -> Result<Vec<FetchItem>, AccountError> {
    let sections = structure::sections(root).into_iter();
    sections.map(header_item).collect()
}

/// Compares a structure with the header of the message and the fetched headers of its parts. An empty
/// header is unknown: a server that has none to return may return nothing instead of an empty line.
pub(super) fn compare(root: &Part, message: Bytes, fetched: &Fetched) -> Compared {
    let mut headers: HashMap<String, Bytes> = HashMap::new();
    if !message.is_empty() && message.len() < HEADER_MAX_BYTES as usize {
        headers.insert(String::new(), message);
    }
    for item in &fetched.data.items {
        if let FetchedItem::Body { section, .. } = item
            && section.text == Some(SectionText::Mime)
            && let Some(header) = fetched.body(section)
            && !header.is_empty()
            && header.len() < PART_HEADER_MAX_BYTES as usize
        {
            headers.insert(section.part.to_string(), header);
        }
    }
    structure::compare(root, &|section| headers.get(section).map(Bytes::as_ref))
}
