//! Assembles the text of a message from the parts that are shown as its text.

use mail_mime::charset;
use mail_mime::document;
use mail_mime::limits::SHOWN_BYTES;
use mail_mime::text::{self, Format};
use mail_mime::transfer::Decoder;
use mail_mime::tree::Part;

use crate::domain::OpenedBody;

/// Collects the texts of a message: transfer-decoded, as far as they are shown.
#[derive(Debug, Default)]
pub(super) struct Texts {
    completed: Vec<(Part, Vec<u8>)>,
    open: Option<(Part, Decoder, Vec<u8>)>,
    /// The size of the completed texts, in bytes.
    bytes: usize,
}

impl Texts {
    /// Begins the next text, and ends the previous one.
    pub(super) fn begin(&mut self, part: &Part) {
        self.end();
        self.open = Some((part.clone(), Decoder::new(part.encoding), Vec::new()));
    }

    /// Decodes the next octets of the current text.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if let Some((_, decoder, decoded)) = &mut self.open {
            decoder.push(octets, decoded);
        }
    }

    /// Whether the texts exceed what is shown.
    pub(super) fn is_full(&self) -> bool {
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
    pub(super) fn finish(mut self) -> OpenedBody {
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
        join_texts(texts, is_cut)
    }
}

#[derive(Debug)]
struct Text {
    is_html: bool,
    format: Format,
    content: String,
}

fn join_texts(mut texts: Vec<Text>, is_cut: bool) -> OpenedBody {
    if texts.iter().any(|text| text.is_html) {
        let documents = texts.into_iter().map(|text| match text.is_html {
            true => text.content,
            false => document::preformatted(&text.content),
        });
        return OpenedBody::Html {
            documents: documents.collect(),
            is_cut,
        };
    }
    let Some(first) = texts.first() else {
        return OpenedBody::Empty;
    };
    let format = first.format;
    if texts.len() == 1 || texts.iter().all(|text| text.format == format) {
        let contents: Vec<String> = texts.drain(..).map(|text| text.content).collect();
        return OpenedBody::Text {
            text: contents.join("\n\n"),
            format,
            is_cut,
        };
    }
    let fixed: Vec<String> = texts
        .iter()
        .map(|text| text::unwrapped(&text.content, text.format))
        .collect();
    OpenedBody::Text {
        text: fixed.join("\n\n"),
        format: Format::Fixed,
        is_cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mail_mime::params::Params;
    use mail_mime::tree::LeafFields;

    fn body(parts: &[(&str, &str, &str)]) -> OpenedBody {
        let mut texts = Texts::default();
        for (media_type, params, octets) in parts {
            texts.begin(&Part::leaf(LeafFields {
                section: "1",
                media_type,
                params: Params::decode([(
                    Bytes::from_static(b"format"),
                    Bytes::from(params.to_string()),
                )]),
                ..LeafFields::default()
            }));
            texts.push(octets.as_bytes());
        }
        texts.finish()
    }

    #[test]
    fn empty_text_does_not_hide_the_others() {
        for empty in ["", "\r\n", " \r\n\r\n"] {
            let shown = body(&[("text/plain", "", empty), ("text/plain", "", "words")]);
            assert!(matches!(shown, OpenedBody::Text { text, .. } if text == "words"));
        }
        assert!(matches!(
            body(&[("text/html", "", "\r\n")]),
            OpenedBody::Empty
        ));
        assert!(matches!(body(&[]), OpenedBody::Empty));
    }

    #[test]
    fn plain_text_footer_of_html_is_escaped() {
        let shown = body(&[
            ("text/html", "", "<p>author"),
            ("text/plain", "", "<b>&\r\n"),
        ]);
        let OpenedBody::Html { documents, is_cut } = shown else {
            panic!("no HTML")
        };
        assert!(!is_cut);
        assert_eq!(documents, ["<p>author", "<pre>\n&lt;b&gt;&amp;</pre>"]);
    }

    #[test]
    fn texts_of_different_formats_are_joined_unwrapped() {
        let shown = body(&[
            ("text/plain", "flowed", "a \r\nb\r\n> c"),
            ("text/plain", "", "d \r\ne"),
        ]);
        let OpenedBody::Text { text, format, .. } = shown else {
            panic!("no text")
        };
        assert_eq!(format, Format::Fixed);
        assert_eq!(text, "a b\n> c\n\nd \ne");
    }

    #[test]
    fn text_over_the_limit_is_cut_and_marked_as_cut() {
        let long = "x".repeat(SHOWN_BYTES - 1);
        let shown = body(&[("text/plain", "", &long), ("text/plain", "", "abc")]);
        let OpenedBody::Text { text, is_cut, .. } = shown else {
            panic!("no text")
        };
        assert!(is_cut);
        assert_eq!(text.len(), SHOWN_BYTES + 2);
    }
}
