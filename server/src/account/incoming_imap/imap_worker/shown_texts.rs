//! Fetches the texts of a message that are shown: their beginnings together, and on from there.

use std::collections::HashMap;

use bytes::Bytes;
use mail_mime::body::{Body, Texts};
use mail_mime::supplement;
use mail_mime::tree::Part;
use mail_proto::imap::{Capability, FetchItem, Uid};

use super::super::selected::ImapConnection;
use super::ImapWorker;
use super::fetched::{Fetched, TextFetch, part_section, peek};
use crate::account::error::AccountError;
use crate::clients::ClientError;
use crate::clients::imap::WINDOW_BYTES;

/// Number of texts that are requested when a message is opened; further ones only once there is
/// room for them.
const FIRST_TEXTS: usize = 8;
/// Parts beside the texts that say something are requested with them if they are smaller, in bytes.
const OTHER_MAX_BYTES: u32 = 64 << 10;

/// The first windows of the shown texts.
#[derive(Debug, Default)]
pub(super) struct FirstWindows {
    /// How many bytes of each text are requested, by section.
    max_bytes: HashMap<String, u32>,
    pub(super) items: Vec<FetchItem>,
    /// The sections of the other parts that are requested.
    others: Vec<String>,
    pub(super) other_items: Vec<FetchItem>,
}

impl FirstWindows {
    /// Returns the windows to fetch of a structure.
    pub(super) fn of(connection: &ImapConnection, root: &Part) -> Result<Self, AccountError> {
        let mut windows = Self::default();
        let has_binary = connection.capabilities().has(Capability::Binary);
        for (nth, part) in root.readable().texts.iter().take(FIRST_TEXTS).enumerate() {
            // A response has room for 2 windows.
            let max_bytes = match nth {
                0 => WINDOW_BYTES,
                _ => WINDOW_BYTES / 16,
            };
            let item = TextFetch::of(has_binary, part).item(part, 0, max_bytes);
            windows.items.push(item?);
            windows.max_bytes.insert(part.section.clone(), max_bytes);
        }
        for (_, part) in supplement::wanted(root) {
            let is_small = part.size_bytes < u64::from(OTHER_MAX_BYTES);
            if is_small && !windows.max_bytes.contains_key(&part.section) {
                let section = part_section(&part.section)?;
                windows.other_items.push(peek(section, 0, OTHER_MAX_BYTES));
                windows.others.push(part.section.clone());
            }
        }
        Ok(windows)
    }

    /// Returns the other parts that were fetched whole, as encoded, by their sections.
    pub(super) fn others_of(&self, fetched: &Fetched) -> Vec<(String, Bytes)> {
        let whole = |section: &String| {
            let octets = fetched.body(&part_section(section).ok()?)?;
            let is_whole = !octets.is_empty() && octets.len() < OTHER_MAX_BYTES as usize;
            is_whole.then(|| (section.clone(), octets))
        };
        self.others.iter().filter_map(whole).collect()
    }
}

impl ImapWorker {
    /// Decodes the texts of a message; fetches on where the first window is missing or was full.
    pub(super) async fn read_texts(
        &mut self,
        uid: Uid,
        root: &Part,
        windows: &FirstWindows,
        fetched: Fetched,
    ) -> Result<Body, AccountError> {
        let mut texts = Texts::default();
        let capabilities = self.connection().await?.capabilities();
        let has_binary = capabilities.has(Capability::Binary);
        for part in root.readable().texts {
            if texts.is_full() {
                break;
            }
            texts.begin(part);
            let max_bytes = windows.max_bytes.get(&part.section).copied();
            let mut first = max_bytes.and_then(|max_bytes| Some((fetched.text(part)?, max_bytes)));
            let mut by = TextFetch::of(has_binary, part);
            let mut offset = 0_u64;
            loop {
                let (mut window, mut max_bytes) = match first.take() {
                    Some(first) => first,
                    None => (self.text_window(uid, part, by, offset).await?, WINDOW_BYTES),
                };
                let again = by.again(has_binary, part, &window);
                if again != by {
                    match self.text_window(uid, part, again, offset).await {
                        Ok(octets) => (window, max_bytes, by) = (octets, WINDOW_BYTES, again),
                        // The text is shown as BODY returns it.
                        Err(
                            AccountError::Client(ClientError::Refused { .. })
                            | AccountError::Withheld,
                        ) if !self.is_over() => {}
                        Err(error) => return Err(error),
                    }
                }
                texts.push(&window);
                offset = offset.saturating_add(window.len() as u64);
                // A window shorter than requested is the last one; the size in BODYSTRUCTURE is not
                // relied on.
                if window.len() < max_bytes as usize || texts.is_full() {
                    break;
                }
            }
        }
        Ok(texts.finish())
    }

    async fn text_window(
        &mut self,
        uid: Uid,
        text: &Part,
        by: TextFetch,
        offset: u64,
    ) -> Result<Bytes, AccountError> {
        let items = vec![FetchItem::Uid, by.item(text, offset, WINDOW_BYTES)?];
        let fetched = self.fetch_message(uid, items, None).await?;
        Ok(fetched.text(text).unwrap_or_default())
    }
}
