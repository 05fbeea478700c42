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
    let text = display::lines(text);
    let mut out = Writer::default();
    let mut paragraph: Option<(u32, String)> = None;
    for line in text.lines() {
        let (depth, content) = quotation(line, format);
        let Format::Flowed { del_sp } = format else {
            out.line(depth, content, line);
            continue;
        };
        // RFC 3676 §4.3: the signature separator is fixed although it ends with a space.
        let flows = content.ends_with(' ') && content != "-- ";
        let joined = match paragraph.take() {
            Some((open, so_far)) if open == depth && content != "-- " => so_far + content,
            Some((open, so_far)) => {
                out.line(open, &so_far, &so_far);
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
            out.line(depth, &joined, line);
        }
    }
    if let Some((depth, rest)) = paragraph {
        out.line(depth, &rest, &rest);
    }
    out.blocks
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
        if content.len() > LINKED_LINE_BYTES || self.links >= LINKS_MAX {
            push_text(&mut block.spans, content);
            return;
        }
        let mut finder = LinkFinder::new();
        // An address in Chinese text ends where the Chinese goes on, without a space.
        finder.url_can_be_iri(false).url_must_have_scheme(false);
        for span in finder.spans(content) {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, format: Format) -> Vec<(u32, String)> {
        blocks(text, format)
            .into_iter()
            .map(|block| {
                let words = block.spans.into_iter().map(|span| match span {
                    Span::Text(text) => text,
                    Span::Link { href, text } => format!("[{text}]({href})"),
                });
                (block.quote_depth, words.collect())
            })
            .collect()
    }

    fn fixed(text: &str) -> Vec<(u32, String)> {
        shown(text, Format::Fixed)
    }

    fn own(blocks: &[(u32, &str)]) -> Vec<(u32, String)> {
        blocks
            .iter()
            .map(|(depth, text)| (*depth, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn quotation_levels() {
        assert_eq!(
            fixed("hi\r\n\r\n> one\r\n> two\r\n>> three\r\n> > four\r\n>\r\nbye"),
            own(&[
                (0, "hi\n"),
                (1, "one\ntwo"),
                (2, "three\nfour"),
                (1, ""),
                (0, "bye")
            ])
        );
        assert_eq!(fixed(""), []);
        assert_eq!(fixed("  indented"), own(&[(0, "  indented")]));
    }

    #[test]
    fn links_by_scheme_and_what_is_none() {
        assert_eq!(
            fixed("see HTTPS://x.example/a_(b)?c=d. and www.x.example, mail a@x.example"),
            own(&[(
                0,
                "see [HTTPS://x.example/a_(b)?c=d](https://x.example/a_(b)?c=d). and \
                       [www.x.example](https://www.x.example), mail [a@x.example](mailto:a@x.example)"
            )])
        );
        for text in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "readme.md",
            "data:text/html,x",
        ] {
            assert_eq!(fixed(text), own(&[(0, text)]));
        }
        assert_eq!(
            fixed("请访问https://x.example/a谢谢，或 <https://x.example/b>。"),
            own(&[(
                0,
                "请访问[https://x.example/a](https://x.example/a)谢谢，或 \
                       <[https://x.example/b](https://x.example/b)>。"
            )])
        );
    }

    #[test]
    fn flowed_lines_are_joined() {
        let text = "one \ntwo\n> a \n> b\n>> c \n> d\n From here\n-- \nname";
        assert_eq!(
            shown(text, Format::Flowed { del_sp: false }),
            own(&[
                (0, "one two"),
                (1, "a b"),
                (2, "c "),
                (1, "d"),
                (0, "From here\n-- \nname")
            ])
        );
        assert_eq!(
            shown("你 \n好", Format::Flowed { del_sp: true }),
            own(&[(0, "你好")])
        );
        let params = Params::parse(b"; format=Flowed; delsp=YES");
        assert_eq!(Format::of(&params), Format::Flowed { del_sp: true });
    }

    #[test]
    fn markup_and_hidden_characters_are_words_or_gone() {
        assert_eq!(
            fixed("<script>\u{202e}x\u{0}</script>"),
            own(&[(0, "<script>x</script>")])
        );
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let alternating = ">\n\n".repeat(100_000);
        let all = blocks(&alternating, Format::Fixed);
        assert_eq!(all.len(), BLOCKS_MAX);
        let links = "http://x.example\n".repeat(20_000);
        let spans: usize = blocks(&links, Format::Fixed)
            .iter()
            .map(|b| b.spans.len())
            .sum();
        assert!(spans <= 2 * LINKS_MAX + 1);
        let deep = fixed(&">".repeat(1_000_000));
        assert_eq!(deep, own(&[(QUOTE_DEPTH_MAX, "")]));
        let flowed = blocks(&"a \n".repeat(300_000), Format::Flowed { del_sp: false });
        assert_eq!(flowed.len(), 1);
    }

    #[test]
    fn previews_are_one_short_line() {
        assert_eq!(
            preview("Dear  all,\r\n\r\nsee\tbelow \u{202e}x", 100),
            "Dear all, see below x"
        );
        assert_eq!(preview("会议纪要", 7), "会议");
    }

    proptest! {
        #[test]
        fn links_lead_where_they_may(text in "\\PC{0,120}|(http://|https://|www\\.|@|a|\\.|>| |\n|javascript:|/){0,60}") {
            for format in [Format::Fixed, Format::Flowed { del_sp: true }] {
                for block in blocks(&text, format) {
                    for span in block.spans {
                        if let Span::Link { href, .. } = span {
                            let is_safe = ["http://", "https://", "mailto:"].iter().any(|s| href.starts_with(s));
                            prop_assert!(is_safe, "{}", href);
                        }
                    }
                }
            }
        }

        #[test]
        fn fixed_text_keeps_its_words(text in "[a-z \n]{0,200}") {
            let words: String = fixed(&text).into_iter().map(|(_, text)| text + "\n").collect();
            prop_assert_eq!(words.trim_end(), text.trim_end());
        }
    }
}
