//! The FETCH responses for one message: whether they are complete, and access to their items.

use bytes::Bytes;
use mail_mime::charset;
use mail_mime::header::Headers;
use mail_mime::transfer::TransferEncoding;
use mail_mime::tree::Part;
use mail_proto::imap::{
    BodyValue, FetchData, FetchItem, FetchedItem, PartNumber, Section as ImapSection, Uid,
};

use super::super::described;
use super::super::row::{arrived_of, marks_of};
use crate::account::error::AccountError;
use crate::account::whole::read_headers;
use crate::clients::imap::Responses;
use crate::domain::Marks;

/// The complete FETCH data of one message.
pub(super) struct Fetched {
    responses: Responses,
    pub(super) data: FetchData,
}

impl Fetched {
    /// Collects the FETCH data of a message; `None` if one of the body sections among these items, or
    /// the message itself, is missing.
    pub(super) fn of(responses: Responses, uid: Uid, items: &[FetchItem]) -> Option<Self> {
        let mut matching = responses.fetched.iter().filter(|data| match data.uid() {
            Some(reported) => reported == uid,
            // Some servers omit the UID in responses for one message.
            None => data.items.iter().any(is_body),
        });
        let mut data = matching.next()?.clone();
        for more in matching {
            // The latest response takes precedence.
            data.items.splice(0..0, more.items.iter().cloned());
        }
        let is_complete = items.iter().all(|item| match item {
            FetchItem::BodyPeek { section, partial } => {
                let offset = partial.map_or(0, |(offset, _)| offset);
                let is_message = *section == ImapSection::message();
                data.items.iter().any(|item| match item {
                    FetchedItem::Body {
                        section: fetched,
                        origin,
                        value,
                    } => {
                        let is_empty_message =
                            offset == 0 && is_message && *value == BodyValue::Nil;
                        fetched == section && origin.unwrap_or(0) == offset && !is_empty_message
                    }
                    _ => false,
                })
            }
            FetchItem::BinaryPeek { part, partial } => {
                let offset = partial.map_or(0, |(offset, _)| offset);
                data.items.iter().any(|item| match item {
                    FetchedItem::Binary {
                        part: fetched,
                        origin,
                        ..
                    } => fetched == part && origin.unwrap_or(0) == offset,
                    _ => false,
                })
            }
            _ => true,
        });
        is_complete.then_some(Self { responses, data })
    }

    /// Returns the bytes of a section, if it was requested.
    pub(super) fn body(&self, section: &ImapSection) -> Option<Bytes> {
        self.data.items.iter().find_map(|item| match item {
            FetchedItem::Body {
                section: fetched,
                value,
                ..
            } if fetched == section => Some(self.responses.body(value).unwrap_or_default()),
            _ => None,
        })
    }

    /// Returns the octets of a text part, if it was requested.
    pub(super) fn text(&self, text: &Part) -> Option<Bytes> {
        let section = part_section(&text.section).ok()?;
        self.data.items.iter().find_map(|item| match item {
            FetchedItem::Body {
                section: fetched,
                value,
                ..
            } if *fetched == section => Some(self.responses.body(value).unwrap_or_default()),
            FetchedItem::Binary { part, value, .. } if *part == section.part => {
                Some(self.responses.body(value).unwrap_or_default())
            }
            _ => None,
        })
    }

    /// Returns the structure of the message, if it was requested and can be read.
    pub(super) fn structure(&self) -> Option<Part> {
        self.data.body_structure().map(described::part_of)
    }

    pub(super) fn headers(&self) -> Headers {
        let header = self.body(&ImapSection::header());
        read_headers(&header.unwrap_or_default())
    }

    pub(super) fn facts(&self) -> Facts {
        let size_bytes = self.data.items.iter().find_map(|item| match item {
            FetchedItem::Rfc822Size(size) => Some(*size),
            _ => None,
        });
        let header = self.body(&ImapSection::header());
        Facts {
            marks: marks_of(self.data.flags().unwrap_or_default()),
            size_bytes: size_bytes.unwrap_or_default(),
            header_bytes: header.map_or(0, |header| header.len() as u64),
            arrived_unix_ms: arrived_of(&self.data),
        }
    }
}

fn is_body(item: &FetchedItem) -> bool {
    matches!(item, FetchedItem::Body { .. })
}

/// The FETCH items that describe the message as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) marks: Marks,
    pub(super) size_bytes: u64,
    header_bytes: u64,
    pub(super) arrived_unix_ms: Option<i64>,
}

impl Facts {
    /// Whether the structure omits a text of the message: it lists none, and more than 1/4 of the
    /// body is in no part.
    pub(super) fn has_text_missing_from(&self, root: &Part) -> bool {
        let texts = root.readable().texts;
        if texts.iter().any(|part| part.size_bytes > 0) {
            return false;
        }
        let body_bytes = self.size_bytes.saturating_sub(self.header_bytes);
        let missing_bytes = body_bytes.saturating_sub(root.size_bytes);
        // The whole message is header: the empty line that ends the header is missing.
        body_bytes == 0 && self.size_bytes > 0 || missing_bytes > body_bytes / 4
    }
}

pub(super) fn peek(section: ImapSection, offset: u64, max_bytes: u32) -> FetchItem {
    FetchItem::BodyPeek {
        section,
        partial: Some((offset, max_bytes)),
    }
}

/// How the octets of a text are fetched.
///
/// If a text has NUL octets, as in UTF-16, and no transfer encoding, BODY cannot return it: a
/// literal has no NUL (RFC 9051 §9), and servers replace them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextFetch {
    /// As they are encoded, by BODY.
    Encoded,
    /// By BINARY (RFC 3516). The text has no transfer encoding that the server would decode.
    Binary,
}

impl TextFetch {
    /// Returns how a text is fetched first: its charset may need NUL octets. `has_binary` is whether
    /// the server offers BINARY.
    pub(super) fn of(has_binary: bool, text: &Part) -> Self {
        let charset = text.charset().unwrap_or_default().to_ascii_lowercase();
        let has_nul = ["utf-16", "utf-32", "ucs-2", "ucs-4", "iso-10646"]
            .iter()
            .any(|wide| charset.trim().starts_with(wide));
        match has_binary && has_nul && is_unencoded(text) {
            true => Self::Binary,
            false => Self::Encoded,
        }
    }

    /// Returns how a text is fetched again, if NUL octets may be replaced in the window that was
    /// fetched: Dovecot sends 0x80 for them, which is no character of ASCII or UTF-8.
    pub(super) fn again(self, has_binary: bool, text: &Part, window: &[u8]) -> Self {
        let is_utf_8 = text
            .charset()
            .is_none_or(|label| !charset::is_known(label) || label.eq_ignore_ascii_case("utf-8"));
        let is_replaced = || window.utf8_chunks().any(|chunk| chunk.invalid() == [0x80]);
        match has_binary && is_utf_8 && is_unencoded(text) && is_replaced() {
            true => Self::Binary,
            false => self,
        }
    }

    /// Builds the fetch item for a window of a text.
    pub(super) fn item(
        self,
        text: &Part,
        offset: u64,
        max_bytes: u32,
    ) -> Result<FetchItem, AccountError> {
        let section = part_section(&text.section)?;
        Ok(match self {
            Self::Encoded => peek(section, offset, max_bytes),
            Self::Binary => FetchItem::BinaryPeek {
                part: section.part,
                partial: Some((offset, max_bytes)),
            },
        })
    }
}

/// Whether BINARY returns the octets of a text as they are: it would decode any other encoding.
fn is_unencoded(text: &Part) -> bool {
    matches!(
        text.encoding,
        TransferEncoding::SevenBit | TransferEncoding::EightBit | TransferEncoding::Binary
    )
}

pub(super) fn part_section(section: &str) -> Result<ImapSection, AccountError> {
    let part = PartNumber::parse(section.as_bytes()).ok_or(AccountError::NotFound)?;
    Ok(ImapSection::part(part))
}

#[cfg(test)]
mod tests {
    use mail_mime::params::Params;
    use mail_mime::tree::LeafFields;

    use super::*;

    fn text(charset: &str, encoding: &str) -> Part {
        Part::leaf(LeafFields {
            section: "1",
            media_type: "text/plain",
            params: Params::decode([("charset", charset)]),
            encoding: Some(encoding),
            ..LeafFields::default()
        })
    }

    #[test]
    fn text_that_needs_null_octets_is_fetched_by_binary_if_the_server_offers_it() {
        for (charset, encoding, has_binary, by) in [
            ("utf-16le", "8bit", true, TextFetch::Binary),
            ("utf-16le", "8bit", false, TextFetch::Encoded),
            ("utf-16le", "base64", true, TextFetch::Encoded),
            ("utf-8", "8bit", true, TextFetch::Encoded),
        ] {
            let text = text(charset, encoding);
            assert_eq!(TextFetch::of(has_binary, &text), by, "{charset} {encoding}");
        }
    }

    #[test]
    fn text_is_fetched_again_if_its_null_octets_may_be_replaced() {
        let again = |charset, encoding, has_binary, window: &[u8]| {
            TextFetch::Encoded.again(has_binary, &text(charset, encoding), window)
        };
        let replaced = b"Seen\x80 words.";
        assert_eq!(again("", "7bit", true, replaced), TextFetch::Binary);
        assert_eq!(again("UTF-8", "8bit", true, replaced), TextFetch::Binary);
        for (charset, encoding, has_binary, window) in [
            ("utf-8", "8bit", false, &replaced[..]),
            ("utf-8", "base64", true, replaced),
            ("windows-1252", "8bit", true, b"10 \x80"),
            ("gb18030", "8bit", true, b"\x81\x80"),
            ("utf-8", "8bit", true, "a – b".as_bytes()),
            ("utf-8", "8bit", true, b"cut \xe2\x80"),
            ("utf-8", "8bit", true, b"caf\xe9"),
        ] {
            let by = again(charset, encoding, has_binary, window);
            assert_eq!(by, TextFetch::Encoded, "{charset} {encoding} {window:?}");
        }
    }
}
