//! Converts HTML to plain text, for quoting in a reply and for previews.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::clean;
use crate::display;
use crate::limits::SHOWN_BYTES;

/// Length at which the text stops growing, in bytes: marks and indents can be longer than their
/// text.
const OUT_BYTES: usize = 2 * SHOWN_BYTES;
/// Maximum depth of marks; deeper quotations and lists get this depth.
const MARK_DEPTH_MAX: usize = 16;
/// Maximum length of a URL that is written beside the text of a link, in bytes. Longer URLs are not
/// meant for readers.
const LINK_BYTES: usize = 200;

/// Converts HTML to plain text with LF line ends.
///
/// Paragraphs, lists, quotations (`> `), cells and links keep their form; hidden content, styles
/// and scripts are removed. Only the first [`SHOWN_BYTES`] are read; the time is linear.
pub fn from_html(html: &str) -> String {
    let regular = clean::regular(display::prefix(html, SHOWN_BYTES));
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(regular.as_str()));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    // A sink can only request that a script is run; this one does not.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

#[derive(Default)]
struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => writer.start(&tag),
            Token::TagToken(tag) => writer.end(&tag.name),
            Token::CharacterTokens(text) => writer.text(&text),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Writer {
    out: String,
    line: String,
    /// Whether `line` holds anything but white space.
    has_text: bool,
    /// Number of line ends to write before the next word.
    breaks: usize,
    quote_depth: usize,
    /// Depth of the last line written: blank lines are quoted no deeper.
    last_depth: usize,
    /// The bullet of a list item, until its first word is written.
    bullet: String,
    preformatted: usize,
    /// The next number of each open list; `None` for an unordered one.
    lists: Vec<Option<u32>>,
    /// The URL of the open link, and the start of its text in `line`.
    link: Option<(String, usize)>,
}

impl Writer {
    fn start(&mut self, tag: &Tag) {
        match &*tag.name {
            "br" => self.line_end(),
            "hr" => {
                self.break_lines(1);
                self.push_str("---");
                self.break_lines(1);
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "figure" => self.break_lines(2),
            "table" => self.break_lines(1),
            "ul" | "ol" => {
                self.break_lines(if self.lists.is_empty() { 2 } else { 1 });
                self.lists.push((&*tag.name == "ol").then_some(1));
            }
            "li" => self.list_item(),
            "blockquote" => {
                self.break_lines(2);
                self.quote_depth += 1;
            }
            "pre" => {
                self.break_lines(2);
                self.preformatted += 1;
            }
            "td" | "th" if !self.has_text => {}
            "td" | "th" => self.line.push('\t'),
            "img" => {
                if let Some(alt) = attribute(tag, "alt") {
                    self.text(alt);
                }
            }
            "a" => {
                let href = attribute(tag, "href").and_then(clean::shown_link);
                self.link = href.map(|href| (href, self.line.len()));
            }
            name if is_block(name) => self.break_lines(1),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "figure" => self.break_lines(2),
            "ul" | "ol" => {
                self.lists.pop();
                self.break_lines(if self.lists.is_empty() { 2 } else { 1 });
            }
            "blockquote" => {
                self.break_lines(2);
                self.quote_depth = self.quote_depth.saturating_sub(1);
            }
            "pre" => {
                self.break_lines(2);
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "a" => self.end_link(),
            "table" | "tr" | "li" => self.break_lines(1),
            name if is_block(name) => self.break_lines(1),
            _ => {}
        }
    }

    fn list_item(&mut self) {
        self.break_lines(1);
        let depth = self.lists.len().saturating_sub(1).min(MARK_DEPTH_MAX);
        let indent = "  ".repeat(depth);
        self.bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                let bullet = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            _ => format!("{indent}- "),
        };
    }

    fn end_link(&mut self) {
        let Some((href, from)) = self.link.take() else {
            return;
        };
        let text = self.line.get(from..).unwrap_or_default().trim();
        let address = href.strip_prefix("mailto:").unwrap_or(&href);
        let is_redundant = text.contains(address.trim_end_matches('/'));
        if !text.is_empty() && !is_redundant && address.len() <= LINK_BYTES {
            let rest = format!(" <{address}>");
            self.line.push_str(&rest);
        }
    }

    fn push_str(&mut self, text: &str) {
        if self.line.is_empty() {
            self.line = std::mem::take(&mut self.bullet);
            self.has_text = !self.line.trim().is_empty();
        }
        self.has_text |= !text.trim_start().is_empty();
        self.line.push_str(text);
    }

    fn text(&mut self, text: &str) {
        let text = display::lines(text);
        if self.preformatted > 0 {
            for (index, line) in text.split('\n').enumerate() {
                if index > 0 {
                    self.line_end();
                }
                self.push_str(line);
            }
            return;
        }
        for c in text.chars() {
            // A no-break space is a space in plain text, but is not collapsed with others.
            let is_space = c.is_whitespace() && c != '\u{a0}' && c != '\u{3000}';
            match c {
                _ if is_space => {
                    if !self.line.is_empty() && !self.line.ends_with([' ', '\t']) {
                        self.line.push(' ');
                    }
                }
                '\u{a0}' => self.push_str(" "),
                other => self.push_str(other.encode_utf8(&mut [0; 4])),
            }
        }
    }

    /// Ends the line if there is one, and raises the number of pending line ends to `count`.
    fn break_lines(&mut self, count: usize) {
        if self.has_text {
            self.line_end();
        }
        self.line.clear();
        self.breaks = self.breaks.max(count);
    }

    /// Writes the line, even if it is empty.
    fn line_end(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.has_text = false;
        let line = line.trim_end();
        // The open link continues in the next line.
        if let Some((_, from)) = &mut self.link {
            *from = 0;
        }
        if line.is_empty() && self.out.is_empty() {
            return;
        }
        if line.is_empty() {
            self.breaks = (self.breaks + 1).min(3);
            return;
        }
        if self.out.len() + line.len() > OUT_BYTES {
            return;
        }
        let depth = self.quote_depth.min(MARK_DEPTH_MAX);
        if !self.out.is_empty() {
            for _ in 1..self.breaks.max(1) {
                self.out.push('\n');
                self.out.push_str(&">".repeat(depth.min(self.last_depth)));
            }
            self.out.push('\n');
        }
        if depth > 0 {
            self.out.push_str(&">".repeat(depth));
            self.out.push(' ');
        }
        self.out.push_str(line);
        self.breaks = 1;
        self.last_depth = depth;
    }

    fn finish(mut self) -> String {
        self.break_lines(1);
        self.out
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "caption"
            | "center"
            | "dd"
            | "div"
            | "dt"
            | "figcaption"
            | "footer"
            | "header"
            | "main"
            | "nav"
            | "section"
            | "tr"
    )
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    let found = tag
        .attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| &*attribute.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_of_a_message_is_preserved() {
        for (html, text) in [
            (
                "<p>Dear   all,</p><p>see &lt;below&gt;&nbsp;&amp; go.<br>Bye</p>",
                "Dear all,\n\nsee <below> & go.\nBye",
            ),
            ("<div>a</div><div>b<div>c</div></div>d", "a\nb\nc\nd"),
            ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
            (
                "x<ul><li>a<li>b<ol><li>c<li>d</ol></ul>y",
                "x\n\n- a\n- b\n  1. c\n  2. d\n\ny",
            ),
            (
                "a<blockquote><p>q1<p>q2<blockquote>r</blockquote></blockquote>b",
                "a\n\n> q1\n>\n> q2\n>\n>> r\n\nb",
            ),
            ("<table><tr><td>a<td>b<tr><td>c</table>d", "a\tb\nc\nd"),
            ("<pre>  a\n   b</pre>", "  a\n   b"),
            (
                "<a href='https://x.example/p'>here</a> <a href='https://x.example/'>https://x.example</a>",
                "here <https://x.example/p> https://x.example",
            ),
            (
                "<a href='javascript:x'>no</a><a href='mailto:a@x.example'>a@x.example</a>",
                "noa@x.example",
            ),
            (
                "<style>p{}</style><script>x</script><title>t</title>a<img alt=' logo'>",
                "a logo",
            ),
            ("<div style='display:none'>preview</div>hello", "hello"),
            ("", ""),
        ] {
            assert_eq!(from_html(html), text, "{html}");
        }
    }

    #[test]
    fn hostile_html_is_linear() {
        assert_eq!(from_html(&"<blockquote>".repeat(100_000)), "");
        let deep = from_html(&format!("{}x", "<ul><li>".repeat(100_000)));
        assert!(deep.len() < 100_000, "{}", deep.len());
    }

    proptest! {
        #[test]
        fn anything_becomes_text(html in "\\PC*|(<(/?)(p|a|ul|li|pre|td|table|blockquote|br)( href='http://x')?>|x| |\n|&amp;){0,60}") {
            let text = from_html(&html);
            prop_assert!(!text.contains('\r') && !text.ends_with('\n'));
        }
    }
}
