//! The output of mail-builder, cut where the octets of the attachments belong.

use std::borrow::Cow;

use mail_builder::{MessageBuilder, Writer};
use memchr::memmem;

use super::body::{CUT, Content, DELIMITER_PREFIX};
use super::fields::Fields;

/// A message without the octets of its attachments.
#[derive(Debug)]
pub(super) struct Written {
    /// The header and the text.
    pub(super) head: Vec<u8>,
    /// For each attachment in the order of the message: its index, and the octets before its own.
    pub(super) parts: Vec<(usize, Vec<u8>)>,
    /// The octets after the last attachment.
    pub(super) tail: Vec<u8>,
}

/// Writes a message.
pub(super) fn write(fields: Fields, content: Content<'_>) -> Written {
    let headers = fields.into_iter();
    let headers = headers.map(|(name, value)| (Cow::Borrowed(name), value));
    let mut pieces = Pieces::default();
    MessageBuilder {
        headers: headers.collect(),
        html_body: None,
        text_body: None,
        attachments: None,
        body: Some(content.root),
    }
    .serialize(&mut pieces);
    let Pieces { finished, open } = pieces;
    let mut parts: Vec<_> = content.order.into_iter().zip(finished).collect();
    let Some((_, first)) = parts.first_mut() else {
        return Written {
            head: open,
            parts,
            tail: Vec::new(),
        };
    };
    // No text holds a delimiter, so the last one is that of the first attachment.
    let delimiter = format!("\r\n{DELIMITER_PREFIX}");
    let start = memmem::rfind(first, delimiter.as_bytes()).unwrap_or(first.len());
    let fields = first.split_off(start);
    Written {
        head: std::mem::replace(first, fields),
        parts,
        tail: open,
    }
}

/// Takes the octets that mail-builder writes, and begins a new piece at each [`CUT`].
#[derive(Default)]
struct Pieces {
    finished: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl Writer for Pieces {
    fn write(&mut self, bytes: &[u8]) {
        if bytes == CUT {
            self.finished.push(std::mem::take(&mut self.open));
        } else {
            self.open.extend_from_slice(bytes);
        }
    }

    fn reserve(&mut self, additional: usize) {
        self.open.reserve(additional);
    }

    fn append_with<T>(&mut self, _len: usize, append: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        append(&mut self.open)
    }
}
