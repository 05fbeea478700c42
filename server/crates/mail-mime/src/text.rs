//! Prepares plain text for display: quotation levels, links, format=flowed; writes format=flowed;
//! and converts between HTML and text.

use linkify::{LinkFinder, LinkKind};

use crate::display;
use crate::params::Params;

mod flow;
mod from_html;
mod to_html;

pub use flow::flow;
pub use from_html::from_html;
pub use to_html::{QUOTE_TAG, to_html};

/// Adjacent lines of the same quotation depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The quotation depth; 0 is the author's own text.
    pub quote_depth: u32,
    /// The text, without quotation marks. Lines end with LF, the last one without.
    pub spans: Vec<Span>,
}

/// One run of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Text, with line ends.
    Text(String),
    /// A link.
    Link {
        /// The target: begins with `http:`, `https:` or `mailto:`.
        href: String,
        /// The text of the link.
        text: String,
    },
}

/// How the lines of a text part are joined (RFC 3676).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Every line end is a line end of the text.
    #[default]
    Fixed,
    /// A line that ends with a space continues in the next line.
    Flowed {
        /// Whether that space is removed (`DelSp`).
        del_sp: bool,
    },
}

impl Format {
    /// Returns the format by the parameters of a part's Content-Type.
    pub fn of(params: &Params) -> Self {
        let is = |name, value: &str| {
            let written = params.value(name);
            written.is_some_and(|written| written.trim().eq_ignore_ascii_case(value))
        };
        if is("format", "flowed") {
            Self::Flowed {
                del_sp: is("delsp", "yes"),
            }
        } else {
            Self::Fixed
        }
    }
}

/// Maximum number of blocks; the rest is one block with its quotation marks.
const BLOCKS_MAX: usize = 5_000;
/// Maximum number of links; later text has none.
const LINKS_MAX: usize = 5_000;
/// Maximum length of a line in which links are searched: the search is not linear in a line.
const LINKED_LINE_BYTES: usize = 4_096;
/// Maximum quotation depth; deeper quotation has this depth.
const QUOTE_DEPTH_MAX: u32 = 32;

/// Splits a text into blocks and links.
///
/// Hidden characters are removed. The result is text for text nodes: no markup is made, and none is
/// parsed.
pub fn blocks(text: &str, format: Format) -> Vec<Block> {
    let mut out = Writer::default();
    each_line(text, format, |depth, content, whole| {
        out.line(depth, content, whole);
    });
    out.blocks
}

/// Returns the text with a line end after every paragraph and none inside it, for quoting and
/// searching. Quoted text keeps its marks, written without spaces between them.
pub fn unwrapped(text: &str, format: Format) -> String {
    if format == Format::Fixed {
        return display::lines(text);
    }
    let mut out = String::with_capacity(text.len());
    each_line(text, format, |depth, content, _| {
        if !out.is_empty() {
            out.push('\n');
        }
        out.extend((0..depth).map(|_| '>'));
        // An unquoted line that begins with a mark does not become a quote.
        if (depth > 0 && !content.is_empty()) || content.starts_with('>') {
            out.push(' ');
        }
        out.push_str(content);
    });
    out
}

/// Calls `each` for every line, or every paragraph of a flowed text, with its depth and its
/// content. The third argument is its last line as written.
fn each_line(text: &str, format: Format, mut each: impl FnMut(u32, &str, &str)) {
    let text = display::lines(text);
    let mut paragraph: Option<(u32, String)> = None;
    for line in text.lines() {
        let (depth, content) = quotation(line, format);
        let Format::Flowed { del_sp } = format else {
            each(depth, content, line);
            continue;
        };
        // RFC 3676 §4.3: the signature separator is fixed although it ends with a space.
        let flows = content.ends_with(' ') && content != "-- ";
        // An empty line never belongs to the paragraph before it, whatever that ends with.
        let continues = content != "-- " && !content.is_empty();
        let joined = match paragraph.take() {
            Some((open, so_far)) if open == depth && continues => join(so_far, content),
            Some((open, so_far)) => {
                each(open, &so_far, &so_far);
                content.to_owned()
            }
            None => content.to_owned(),
        };
        if flows {
            let mut joined = joined;
            if del_sp {
                joined.pop();
            }
            paragraph = Some((depth, joined));
        } else {
            each(depth, &joined, line);
        }
    }
    if let Some((depth, rest)) = paragraph {
        each(depth, &rest, &rest);
    }
}

/// Joins two lines of a paragraph. Some programs wrap Chinese and Japanese without declaring
/// `DelSp`; the space at the line break is then not part of the text.
fn join(mut before: String, after: &str) -> String {
    let trimmed = before.trim_end_matches(' ');
    let is_inside = trimmed.len() + 1 == before.len()
        && trimmed.ends_with(has_no_spaces)
        && after.starts_with(has_no_spaces);
    if is_inside {
        before.pop();
    }
    before.push_str(after);
    before
}

/// Whether a character is Han, Kana or punctuation used between them.
fn has_no_spaces(c: char) -> bool {
    matches!(
        c,
        '\u{2e80}'..='\u{312f}'
            | '\u{3190}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Returns the beginning of a text, on one line, as a message list shows it under the subject.
pub fn preview(text: &str, max_bytes: usize) -> String {
    let text = display::line(display::prefix(text, max_bytes.saturating_mul(8)));
    let words: Vec<_> = text.split_whitespace().collect();
    display::prefix(&words.join(" "), max_bytes).to_owned()
}

/// Returns a line's quotation depth and its quoted content.
fn quotation(line: &str, format: Format) -> (u32, &str) {
    let mut depth = 0_u32;
    let mut rest = line;
    while let Some(after) = rest.strip_prefix('>') {
        depth = (depth + 1).min(QUOTE_DEPTH_MAX);
        rest = after;
        if format == Format::Fixed
            && let Some(next) = rest.strip_prefix(' ')
            && next.starts_with('>')
        {
            rest = next;
        }
    }
    // Space-stuffing (RFC 3676 §4.4), and the space that most programs write after the mark.
    let is_stuffed = depth > 0 || format != Format::Fixed;
    match rest.strip_prefix(' ') {
        Some(unstuffed) if is_stuffed => (depth, unstuffed),
        _ => (depth, rest),
    }
}

#[derive(Default)]
struct Writer {
    blocks: Vec<Block>,
    links: usize,
}

impl Writer {
    /// Adds a line: its content to the block of its depth, or, at the maximum number of blocks, the
    /// line as written to the last block.
    fn line(&mut self, depth: u32, content: &str, whole: &str) {
        let is_full = self.blocks.len() >= BLOCKS_MAX;
        match self.blocks.last_mut() {
            Some(block) if is_full => {
                push_text(&mut block.spans, "\n");
                push_text(&mut block.spans, whole);
                return;
            }
            Some(block) if block.quote_depth == depth => push_text(&mut block.spans, "\n"),
            _ => self.blocks.push(Block {
                quote_depth: depth,
                spans: Vec::new(),
            }),
        }
        let Some(block) = self.blocks.last_mut() else {
            return;
        };
        let mut finder = LinkFinder::new();
        // A link in Chinese text ends where Chinese text follows without a space.
        finder.url_can_be_iri(false).url_must_have_scheme(false);
        let mut rest = content;
        while !rest.is_empty() {
            let (piece, after) = linked_piece(rest);
            rest = after;
            if piece.len() > LINKED_LINE_BYTES || self.links >= LINKS_MAX {
                push_text(&mut block.spans, piece);
                continue;
            }
            for span in finder.spans(piece) {
                match href(span.as_str(), span.kind()) {
                    Some(href) => {
                        self.links += 1;
                        block.spans.push(Span::Link {
                            href,
                            text: span.as_str().to_owned(),
                        });
                    }
                    None => push_text(&mut block.spans, span.as_str()),
                }
            }
        }
    }
}

/// Returns the beginning of a line in which links are searched, up to a space: no link holds one.
/// It is longer than [`LINKED_LINE_BYTES`] only if there is no space.
fn linked_piece(line: &str) -> (&str, &str) {
    if line.len() <= LINKED_LINE_BYTES {
        return (line, "");
    }
    let head = display::prefix(line, LINKED_LINE_BYTES);
    let end = head
        .rfind(' ')
        .or_else(|| line.find(' '))
        .map_or(line.len(), |space| space + 1);
    line.split_at_checked(end).unwrap_or((line, ""))
}

fn push_text(spans: &mut Vec<Span>, text: &str) {
    if let Some(Span::Text(last)) = spans.last_mut() {
        last.push_str(text);
    } else if !text.is_empty() {
        spans.push(Span::Text(text.to_owned()));
    }
}

/// Returns the target of a found link; `None` if it is not useful to the reader (`a.txt`,
/// `file://`).
fn href(text: &str, kind: Option<&LinkKind>) -> Option<String> {
    // linkify takes narrow and other unusual spaces for a part of an address.
    if text.contains(char::is_whitespace) {
        return None;
    }
    let begins = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    match kind? {
        LinkKind::Email => Some(format!(
            "mailto:{}",
            text.strip_prefix("mailto:").unwrap_or(text)
        )),
        LinkKind::Url if begins("http://") || begins("https://") => {
            let (scheme, rest) = text.split_once(':')?;
            Some(format!("{}:{rest}", scheme.to_ascii_lowercase()))
        }
        LinkKind::Url if begins("www.") => Some(format!("https://{text}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
