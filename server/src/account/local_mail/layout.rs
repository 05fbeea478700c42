//! The layout of a message in its file: its parts, and where each of them is.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use app::api::types::MessageId;
use bytes::Bytes;
use mail_mime::tree::Part;

use super::skeleton::{Omissions, Skeleton};
use crate::account::error::AccountError;
use crate::account::whole::Split;
use crate::clients::budget::{Budget, Share};
use crate::store::spool::SpoolReader;

/// Maximum size of the part of a message that is read into memory, in bytes.
const SKELETON_MAX_BYTES: usize = 32 << 20;
/// Number of cached layouts.
const LAYOUTS_MAX: usize = 4;

/// The parts of a message, with their positions in its file.
#[derive(Debug)]
pub(super) struct Layout {
    root: Part,
    ranges: Vec<(String, Range<u64>)>,
}

/// A message that was read from its beginning to its end.
pub(super) struct Scanned {
    /// Its headers, and its text. The content of other parts may be incomplete.
    pub(super) split: Arc<Split>,
    pub(super) layout: Arc<Layout>,
    _memory: Share,
}

impl Scanned {
    /// Reads a message. It is in memory without the base64 content beyond its text.
    pub(super) async fn read(
        mut reader: SpoolReader,
        budget: &Budget,
    ) -> Result<Self, AccountError> {
        let mut memory = budget.share();
        let mut skeleton = Skeleton::default();
        while let Some(octets) = reader.next().await.map_err(AccountError::local_file)? {
            skeleton.push(&octets);
            let size_bytes = skeleton.size_bytes();
            if size_bytes > SKELETON_MAX_BYTES {
                let why = format!("too large ({size_bytes} bytes)");
                return Err(AccountError::Unreadable(why));
            }
            memory.grow_to(size_bytes as u64)?;
        }
        let (octets, omissions) = skeleton.finish();
        let octets = Bytes::from(octets);
        let split = Split::of(octets.clone()).await?;
        let layout = Layout::of(&split, &octets, &omissions);
        Ok(Self {
            split: Arc::new(split),
            layout: Arc::new(layout),
            _memory: memory,
        })
    }
}

impl Layout {
    fn of(split: &Split, skeleton: &Bytes, omissions: &Omissions) -> Self {
        let ranges = split.ranges(skeleton).map(|(section, range)| {
            let range = omissions.position(range.start)..omissions.position(range.end);
            (section.to_owned(), range)
        });
        let ranges: Vec<_> = ranges.collect();
        let mut root = split.root.clone();
        set_sizes(&mut root, &ranges);
        if ranges.is_empty() {
            // Over the limits: its only part stands for the whole message.
            root.size_bytes = omissions.position(skeleton.len());
        }
        Self { root, ranges }
    }

    /// The tree of its parts.
    pub(super) fn root(&self) -> &Part {
        &self.root
    }

    /// Returns where a part is, as encoded.
    pub(super) fn range(&self, section: &str) -> Option<Range<u64>> {
        let mut ranges = self.ranges.iter();
        let found = ranges.find(|(known, _)| known == section);
        found.map(|(_, range)| range.clone())
    }
}

/// Sets the sizes of parts to those in the file. The depth of a tree is limited where it is parsed.
fn set_sizes(part: &mut Part, ranges: &[(String, Range<u64>)]) {
    for child in &mut part.children {
        set_sizes(child, ranges);
    }
    if part.is_multipart() {
        let sizes = part.children.iter().map(|child| child.size_bytes);
        part.size_bytes = sizes.fold(0, u64::saturating_add);
    } else if let Some((_, range)) = ranges.iter().find(|(known, _)| *known == part.section) {
        part.size_bytes = range.end.saturating_sub(range.start);
    }
}

/// The layouts of the messages that were read last.
#[derive(Debug, Default)]
pub(super) struct Layouts(VecDeque<(MessageId, Arc<Layout>)>);

impl Layouts {
    /// Returns the layout of a message, if cached. A message never changes.
    pub(super) fn find(&self, message: &MessageId) -> Option<Arc<Layout>> {
        let mut layouts = self.0.iter();
        let found = layouts.find(|(known, _)| known == message);
        found.map(|(_, layout)| Arc::clone(layout))
    }

    /// Caches a layout.
    pub(super) fn put(&mut self, message: MessageId, layout: &Arc<Layout>) {
        self.0.retain(|(known, _)| *known != message);
        if self.0.len() >= LAYOUTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((message, Arc::clone(layout)));
    }
}

#[cfg(test)]
mod tests;
