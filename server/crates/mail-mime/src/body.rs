//! The body of a message: its texts, decoded and joined as they are shown one below the other.

use crate::charset;
use crate::document;
use crate::limits::SHOWN_BYTES;
use crate::text::{self, Format};
use crate::transfer::Decoder;
use crate::tree::Part;

/// The body of a message, untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// Plain text; it is shown through [`text::blocks`].
    Text {
        /// The text.
        text: String,
        /// The format of its lines.
        format: Format,
        /// Whether there is more text than is shown.
        is_cut: bool,
    },
    /// HTML; it is shown through [`crate::clean::clean_all`].
    Html {
        /// The texts in order, each a document. Plain text among them is escaped.
        documents: Vec<String>,
        /// Whether there is more text than is shown.
        is_cut: bool,
    },
    /// No readable text.
    #[default]
    Empty,
    /// The message is over the parser's limits: only its source is offered.
    OverLimits,
}

impl Body {
    /// Returns this body with another one below it.
    #[must_use]
    pub fn followed_by(self, after: Self) -> Self {
        let is_cut = self.is_cut() || after.is_cut();
        let mut texts = self.into_texts();
        texts.extend(after.into_texts());
        join(texts, is_cut)
    }

    /// Whether there is more text than is shown.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Text { is_cut, .. } | Self::Html { is_cut, .. } => *is_cut,
            Self::Empty | Self::OverLimits => false,
        }
    }

    fn into_texts(self) -> Vec<Text> {
        let text = |is_html, format, content| Text {
            is_html,
            format,
            content,
        };
        match self {
            Self::Text {
                text: content,
                format,
                ..
            } => vec![text(false, format, content)],
            Self::Html { documents, .. } => documents
                .into_iter()
                .map(|document| text(true, Format::Fixed, document))
                .collect(),
            Self::Empty | Self::OverLimits => Vec::new(),
        }
    }
}

/// Collects the texts of a message, the parts that [`Part::readable`] names: transfer-decoded, at
/// most [`SHOWN_BYTES`] of all together.
#[derive(Debug, Default)]
pub struct Texts {
    completed: Vec<(Part, Vec<u8>)>,
    open: Option<(Part, Decoder, Vec<u8>)>,
    /// The size of the completed texts, in bytes.
    bytes: usize,
}

impl Texts {
    /// Begins the next text, and ends the previous one.
    pub fn begin(&mut self, part: &Part) {
        self.end();
        self.open = Some((part.clone(), Decoder::new(part.encoding), Vec::new()));
    }

    /// Decodes the next octets of the current text.
    pub fn push(&mut self, octets: &[u8]) {
        if let Some((_, decoder, decoded)) = &mut self.open {
            decoder.push(octets, decoded);
        }
    }

    /// Whether the texts exceed what is shown.
    pub fn is_full(&self) -> bool {
        let open = self
            .open
            .as_ref()
            .map_or(0, |(_, _, decoded)| decoded.len());
        self.bytes.saturating_add(open) > SHOWN_BYTES
    }

    fn end(&mut self) {
        let is_full = self.is_full();
        if let Some((part, decoder, mut decoded)) = self.open.take() {
            if !is_full {
                decoder.finish(&mut decoded);
            }
            self.bytes = self.bytes.saturating_add(decoded.len());
            self.completed.push((part, decoded));
        }
    }

    /// Returns the shown part of the texts.
    pub fn finish(mut self) -> Body {
        self.end();
        let mut remaining = SHOWN_BYTES;
        let mut is_cut = false;
        let mut texts = Vec::new();
        for (part, mut decoded) in self.completed {
            is_cut |= decoded.len() > remaining;
            decoded.truncate(remaining);
            remaining -= decoded.len();
            let text = Text {
                is_html: part.is_html(),
                format: Format::of(&part.params),
                content: charset::decode(&decoded, part.charset()),
            };
            if !text.content.trim().is_empty() {
                texts.push(text);
            }
        }
        join(texts, is_cut)
    }
}

#[derive(Debug)]
struct Text {
    is_html: bool,
    format: Format,
    content: String,
}

fn join(mut texts: Vec<Text>, is_cut: bool) -> Body {
    if texts.iter().any(|text| text.is_html) {
        let documents = texts.into_iter().map(|text| match text.is_html {
            true => text.content,
            false => document::preformatted(&text.content),
        });
        return Body::Html {
            documents: documents.collect(),
            is_cut,
        };
    }
    let Some(first) = texts.first() else {
        return Body::Empty;
    };
    let format = first.format;
    if texts.len() == 1 || texts.iter().all(|text| text.format == format) {
        let contents: Vec<String> = texts.drain(..).map(|text| text.content).collect();
        return Body::Text {
            text: contents.join("\n\n"),
            format,
            is_cut,
        };
    }
    let fixed: Vec<String> = texts
        .iter()
        .map(|text| text::unwrapped(&text.content, text.format))
        .collect();
    Body::Text {
        text: fixed.join("\n\n"),
        format: Format::Fixed,
        is_cut,
    }
}

#[cfg(test)]
mod tests;
