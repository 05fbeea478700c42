//! Plain text made showable: quotation levels, links, format=flowed; and HTML as plain text.

use linkify::{LinkFinder, LinkKind};

use crate::display;
use crate::params::Params;

mod from_html;
pub use from_html::from_html;

/// Lines that are quoted equally deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// How often quoted: 0 are the writer's own words.
    pub quote_depth: u32,
    /// The words, without quotation marks. Lines end with LF, the last one without.
    pub spans: Vec<Span>,
}

/// One run of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Words, with line ends.
    Text(String),
    /// A link.
    Link {
        /// Where it leads: begins with `http:`, `https:` or `mailto:`.
        href: String,
        /// The words that are the link.
        text: String,
    },
}

/// How the lines of a text part are to be read (RFC 3676).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Every line end is one.
    #[default]
    Fixed,
    /// A line that ends with a space goes on in the next.
    Flowed {
        /// Whether that space goes, too.
        del_sp: bool,
    },
}

impl Format {
    /// The format of a part's Content-Type parameters.
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

/// After so many blocks the rest is one block with its quotation marks.
const BLOCKS_MAX: usize = 5_000;
/// After so many links the rest has none.
const LINKS_MAX: usize = 5_000;
/// Links are looked for in lines up to this length: the search is not linear in a line.
const LINKED_LINE_BYTES: usize = 4_096;
/// Deeper quotation counts as this.
const QUOTE_DEPTH_MAX: u32 = 32;

/// Takes a text apart into blocks and links.
///
/// Nothing hidden is left in it. What it returns are words for nodes: no markup is made, and none
/// is read.
pub fn blocks(text: &str, format: Format) -> Vec<Block> {
    let mut out = Writer::default();
    each_line(text, format, |depth, content, whole| {
        out.line(depth, content, whole);
    });
    out.blocks
}

/// The text with a line end behind every paragraph and none inside it, for quoting and searching.
/// What is quoted keeps its marks, written without spaces between them.
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
        // A word of one's own that begins with a mark does not become a quote.
        if (depth > 0 && !content.is_empty()) || content.starts_with('>') {
            out.push(' ');
        }
        out.push_str(content);
    });
    out
}

/// Hands over every line with its depth and its words: of a flowed text, every paragraph. The
/// third argument is the last line of it as it was.
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
        // Nor does an empty line belong to the paragraph before it, whatever that ends with.
        let goes_on = content != "-- " && !content.is_empty();
        let joined = match paragraph.take() {
            Some((open, so_far)) if open == depth && goes_on => join(so_far, content),
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

/// Joins two lines of a paragraph. Some programs wrap Chinese and Japanese without saying `DelSp`;
/// the space of the break is none of the writer's there.
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

/// Han, Kana and the signs that stand between them.
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

/// The first words of a text, on one line: what a list shows under the subject.
pub fn preview(text: &str, max_bytes: usize) -> String {
    let text = display::line(display::prefix(text, max_bytes.saturating_mul(8)));
    let words: Vec<_> = text.split_whitespace().collect();
    display::prefix(&words.join(" "), max_bytes).to_owned()
}

/// A line's depth of quotation and what is quoted.
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
    // Space-stuffing (RFC 3676 §4.4), and the space that everybody writes after the mark.
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
    /// Adds a line: its content to the block of its depth, or once there are too many blocks, the
    /// line as it was to the last one.
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
        // An address in Chinese text ends where the Chinese goes on, without a space.
        finder.url_can_be_iri(false).url_must_have_scheme(false);
        let mut rest = content;
        while !rest.is_empty() {
            let (piece, behind) = linked_piece(rest);
            rest = behind;
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

/// The beginning of a line in which links are looked for, up to a space: no link holds one. Longer
/// than [`LINKED_LINE_BYTES`] only where there is no space.
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

/// Where a found link leads; `None` where it is no link for a reader (`a.txt`, `file://`).
fn href(text: &str, kind: Option<&LinkKind>) -> Option<String> {
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
