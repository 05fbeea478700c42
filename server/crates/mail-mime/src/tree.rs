//! The tree of a message's parts, and the selection of its body.
//!
//! A [`Part`] comes from a whole message ([`crate::parse`]) or from an IMAP BODYSTRUCTURE: both use
//! [`Part::leaf`] and [`Part::multipart`], so the same rules hold for both.

use std::collections::{BTreeSet, HashMap};

use crate::charset;
use crate::display;
use crate::params::Params;
use crate::transfer::{self, TransferEncoding};

mod sealed;
pub use sealed::{Sealed, SignatureKind};

/// The disposition of a part: how the sender wants it presented (RFC 2183).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disposition {
    /// The part has no disposition.
    #[default]
    None,
    /// Shown with the message.
    Inline,
    /// Saved as a file. Unknown dispositions count as this (RFC 2183 §2.8).
    Attachment,
}

impl Disposition {
    /// Returns the disposition by the first token of a field, in any case.
    pub fn from_label(label: &str) -> Self {
        match label.trim().to_ascii_lowercase().as_str() {
            "" => Self::None,
            "inline" => Self::Inline,
            _ => Self::Attachment,
        }
    }
}

/// One part of a message. The sender controls every value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its IMAP section: "1.2"; "1" for the only part of a message, "" for a multipart root.
    pub section: String,
    /// Its media type, lower case: "text/plain".
    pub media_type: String,
    /// The parameters of its media type, decoded.
    pub params: Params,
    /// Its file name, decoded and cleaned: no path, no control or direction characters.
    pub name: Option<String>,
    /// How its octets are encoded.
    pub encoding: TransferEncoding,
    /// Its encoded size, in bytes. An IMAP server may report a wrong one.
    pub size_bytes: u64,
    /// The disposition.
    pub disposition: Disposition,
    /// Its Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// The parts of a multipart. An embedded message is one part; its own parts are not listed.
    pub children: Vec<Self>,
}

/// The fields of a part that is not a multipart, as they are in its header or BODYSTRUCTURE.
#[derive(Debug, Clone, Default)]
pub struct LeafFields<'a> {
    /// Its IMAP section.
    pub section: &'a str,
    /// Its media type in any case; empty or malformed is `text/plain` (RFC 2045 §5.2).
    pub media_type: &'a str,
    /// The parameters of its media type.
    pub params: Params,
    /// Its disposition, if present.
    pub disposition: Option<&'a str>,
    /// The parameters of its disposition.
    pub disposition_params: Params,
    /// Its transfer encoding, if present.
    pub encoding: Option<&'a str>,
    /// Its encoded size, in bytes.
    pub size_bytes: u64,
    /// Its Content-ID as written.
    pub content_id: Option<&'a str>,
}

impl Part {
    /// Creates a part that is not a multipart.
    pub fn leaf(fields: LeafFields<'_>) -> Self {
        let name = fields
            .disposition_params
            .value("filename")
            .or_else(|| fields.params.value("name"))
            .and_then(display::file_name);
        Self {
            section: fields.section.to_owned(),
            media_type: media_type(fields.media_type),
            params: fields.params,
            name,
            encoding: TransferEncoding::from_label(fields.encoding.unwrap_or_default()),
            size_bytes: fields.size_bytes,
            disposition: Disposition::from_label(fields.disposition.unwrap_or_default()),
            content_id: fields.content_id.and_then(content_id),
            children: Vec::new(),
        }
    }

    /// Creates a multipart of a subtype ("alternative"), in any case.
    pub fn multipart(section: &str, subtype: &str, params: Params, children: Vec<Self>) -> Self {
        Self {
            section: section.to_owned(),
            media_type: media_type(&format!("multipart/{subtype}")),
            params,
            name: None,
            encoding: TransferEncoding::Binary,
            size_bytes: children
                .iter()
                .fold(0, |sum: u64, child| sum.saturating_add(child.size_bytes)),
            disposition: Disposition::None,
            content_id: None,
            children,
        }
    }

    /// Its charset as declared, for [`crate::charset::decode`].
    pub fn charset(&self) -> Option<&str> {
        self.params.value("charset")
    }

    /// Returns the charset that the message declares for its text: that of the first text, this part
    /// or one below, with a charset that [`charset::is_known`]. The fields of the header are most
    /// likely in the same one: see [`crate::Headers::assume_charset`].
    pub fn text_charset(&self) -> Option<&str> {
        let mut open = vec![self];
        while let Some(part) = open.pop() {
            let charset = part.charset().filter(|_| part.is_text());
            if charset.is_some_and(charset::is_known) {
                return charset;
            }
            open.extend(part.children.iter().rev());
        }
        None
    }

    /// Whether it holds other parts.
    pub fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }

    /// Its approximate decoded size, in bytes.
    pub fn decoded_size_bytes(&self) -> u64 {
        transfer::decoded_size_bytes(self.size_bytes, self.encoding)
    }

    /// Returns the part of a section, this one or one below.
    pub fn find(&self, section: &str) -> Option<&Self> {
        let mut open = vec![self];
        while let Some(part) = open.pop() {
            if part.section == section {
                return Some(part);
            }
            open.extend(&part.children);
        }
        None
    }

    /// Whether a message list shows the attachment mark for the message.
    pub fn has_attachment(&self) -> bool {
        !self.readable().attachments.is_empty()
    }

    /// Returns which parts are shown, which are attachments, and which are embedded in the shown
    /// text.
    pub fn readable(&self) -> Readable<'_> {
        let mut found = Readable::default();
        found.add(self, 0);
        if found.texts.is_empty() {
            found.show_marked_text(!self.is_multipart());
        }
        if !found.texts.iter().any(|part| part.is_html()) {
            // No HTML can refer to them.
            found.attachments.append(&mut found.inline);
            found
                .attachments
                .sort_by_cached_key(|part| order(&part.section));
        }
        found
    }

    fn is_text(&self) -> bool {
        (self.is_plain_text() || self.is_html()) && self.encoding != TransferEncoding::Unknown
    }

    fn is_plain_text(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "text/plain" | "text/markdown" | "text/enriched" | "text/richtext"
        )
    }

    /// Whether it is HTML, which has to be sanitized before it is shown.
    pub fn is_html(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "text/html" | "application/xhtml+xml"
        )
    }
}

/// Maximum depth to which multiparts are searched; a deeper one is listed as an attachment. Trees
/// of [`crate::parse`] and of the IMAP parser are cut before; this bounds the recursion for any
/// other tree.
pub(crate) const DEPTH_MAX: usize = 100;
/// Maximum number of parts that are shown; further ones are attachments.
const TEXTS_MAX: usize = 50;

/// The parts of a message by how they are presented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readable<'a> {
    /// The texts that are shown one below the other, in the message's order, as HTML or plain text:
    /// a message and a mailing list's footer, or text between images. Of several forms of the same
    /// text (multipart/alternative) it holds one. At most 50.
    pub texts: Vec<&'a Part>,
    /// The attachments, in the message's order.
    pub attachments: Vec<&'a Part>,
    /// The parts that the HTML may refer to by `cid:`. A part that it does not refer to is an
    /// attachment: see [`Readable::attachments_except`].
    pub inline: Vec<&'a Part>,
}

impl<'a> Readable<'a> {
    /// Returns the attachments, given the content ids that the HTML uses
    /// ([`crate::clean::Cleaned::content_ids`]), in the message's order.
    pub fn attachments_except(&self, used: &BTreeSet<String>) -> Vec<&'a Part> {
        let unused = self.inline.iter().copied().filter(|part| {
            part.content_id
                .as_ref()
                .is_none_or(|content_id| !used.contains(content_id))
        });
        let mut all: Vec<_> = self.attachments.iter().copied().chain(unused).collect();
        all.sort_by_cached_key(|part| order(&part.section));
        all
    }

    /// Returns the parts that HTML may refer to, by content id. Of two parts with the same id the
    /// first counts, and an embedded part before an attachment.
    pub fn by_content_id(&self) -> HashMap<&'a str, &'a Part> {
        let mut found = HashMap::new();
        for part in self.inline.iter().chain(&self.attachments).copied() {
            if let Some(content_id) = part.content_id.as_deref() {
                found.entry(content_id).or_insert(part);
            }
        }
        found
    }

    /// Shows text that its sender marked as an attachment if there is no other text: text without a
    /// file name, and the only part of a message. A part with a file name stays an attachment as
    /// well.
    fn show_marked_text(&mut self, is_only_part: bool) {
        let is_shown = |part: &Part| part.is_text() && (is_only_part || part.name.is_none());
        let attachments = std::mem::take(&mut self.attachments);
        for part in attachments {
            let is_shown = is_shown(part) && self.has_room();
            if is_shown {
                self.texts.push(part);
            }
            if !is_shown || part.name.is_some() {
                self.attachments.push(part);
            }
        }
    }

    /// Whether a further text may be shown.
    fn has_room(&self) -> bool {
        self.texts.len() < TEXTS_MAX
    }

    fn add(&mut self, part: &'a Part, depth: usize) {
        if !part.is_multipart() {
            self.add_leaf(part);
        } else if depth >= DEPTH_MAX {
            self.attachments.push(part);
        } else if part.media_type == "multipart/alternative" {
            self.add_alternatives(part, depth);
        } else if part.media_type == "multipart/related" {
            self.add_related(part, depth);
        } else {
            for child in &part.children {
                self.add(child, depth + 1);
            }
        }
    }

    /// Selects one form. RFC 2046 §5.1.4: the last form that can be shown is the best, so HTML
    /// comes before plain text. An empty form is used only if no other form has content.
    fn add_alternatives(&mut self, part: &'a Part, depth: usize) {
        let mut forms: Vec<Vec<&'a Part>> = Vec::new();
        for child in &part.children {
            if matches!(
                child.media_type.as_str(),
                "text/x-amp-html" | "text/watch-html"
            ) {
                // Forms for two other kinds of program; they are not listed as attachments.
                continue;
            }
            // Each form is evaluated on its own, so that none hides another.
            let mut form = Readable::default();
            form.add(child, depth + 1);
            forms.push(form.texts);
            self.attachments.append(&mut form.attachments);
            self.inline.append(&mut form.inline);
        }
        let has_html = |form: &&Vec<&Part>| form.iter().any(|part| part.is_html());
        let has_octets = |form: &&Vec<&Part>| form.iter().any(|part| part.size_bytes > 0);
        let best = forms
            .iter()
            .rfind(|form| has_html(form) && has_octets(form))
            .or_else(|| forms.iter().find(has_octets))
            .or_else(|| forms.iter().rfind(has_html))
            .or_else(|| forms.iter().find(|form| !form.is_empty()));
        for part in best.into_iter().flatten() {
            if self.has_room() {
                self.texts.push(part);
            } else {
                self.attachments.push(part);
            }
        }
    }

    /// RFC 2387: the root is the `start` part or the first; the others belong to it.
    fn add_related(&mut self, part: &'a Part, depth: usize) {
        let start = part.params.value("start").and_then(content_id);
        let root = part
            .children
            .iter()
            .position(|child| start.is_some() && child.content_id == start)
            .unwrap_or(0);
        for (index, child) in part.children.iter().enumerate() {
            let belongs = child.content_id.is_some() && !child.is_multipart();
            if index != root && belongs && !child.is_html() {
                self.inline.push(child);
            } else {
                self.add(child, depth + 1);
            }
        }
    }

    fn add_leaf(&mut self, part: &'a Part) {
        let is_first = self.texts.is_empty();
        let is_shown = part.is_text()
            && self.has_room()
            && match (part.disposition, &part.name) {
                (Disposition::Attachment, _) => false,
                (_, None) => true,
                // A text file beside the text is shown if its sender marked it as inline.
                (Disposition::Inline, Some(_)) => is_first || part.is_plain_text(),
                (Disposition::None, Some(_)) => is_first,
            };
        if is_shown {
            self.texts.push(part);
            if !is_first && part.name.is_some() {
                self.attachments.push(part);
            }
        } else if part.disposition != Disposition::Attachment
            && part.content_id.is_some()
            && part.media_type.starts_with("image/")
        {
            // Many programs put images beside the HTML without multipart/related.
            self.inline.push(part);
        } else {
            self.attachments.push(part);
        }
    }
}

/// Returns the numbers of a section, for sorting: "1.10" comes after "1.9". A leading letter is
/// skipped.
fn order(section: &str) -> Vec<u32> {
    section
        .split('.')
        .map(|number| {
            number
                .trim_start_matches(char::is_alphabetic)
                .parse()
                .unwrap_or(0)
        })
        .collect()
}

/// Returns a media type as `type/subtype` in lower case; `text/plain` if it is invalid.
fn media_type(written: &str) -> String {
    let lower = written.trim().to_ascii_lowercase();
    let is_token = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    match lower.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => lower,
        // The obsolete form `Content-Type: text`.
        _ => "text/plain".to_owned(),
    }
}

/// Returns a content id without its brackets.
fn content_id(written: &str) -> Option<String> {
    let inner = written
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>')
        .trim();
    let clean = display::line(inner);
    (!clean.is_empty()).then_some(clean)
}
