//! Tokenizer that cuts HTML source into tags and text in one linear pass.
//!
//! It follows the tokenizer of the HTML standard (§13.2.5) with one exception: the number of
//! attributes is capped while they are read. html5ever's own tokenizer compares every attribute of
//! a tag with all attributes before it, so that one tag of 2 MB would occupy a core for a minute;
//! with the cap it never sees more than [`ATTRIBUTES_MAX`] candidates, and only those that the
//! policy allows. An error in this file affects the layout, never safety: its tokens are written
//! again in one canonical form and parsed by ammonia.

use std::borrow::Cow;

use memchr::memchr;

use super::references;

/// Maximum number of attributes that are read from one tag.
const ATTRIBUTES_MAX: usize = 1_000;

/// One piece of the source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text whose character references are not yet decoded.
    Text(&'a str),
    /// Text in which `&` is a literal ampersand.
    Literal(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag: its name in lower case.
    End(String),
    /// The content of a `style` element in CSS, and its `media`.
    Style(&'a str, Cow<'a, str>),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) name: String,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    /// Returns the decoded value of an attribute, if present; the first of two counts.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.attributes
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| references::decode(value, true))
    }
}

/// Iterator of tokens. Comments, doctypes, and the content of `script` and similar elements are
/// skipped.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    /// The element whose content is text without tags, and the use of that text.
    raw: Option<(String, RawText<'a>)>,
}

/// The use of the content of an element that holds text without tags.
enum RawText<'a> {
    Skipped,
    Visible,
    /// A style sheet, for these media.
    Style(Cow<'a, str>),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self {
            rest: html,
            raw: None,
        }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn skip_past(&mut self, end: Option<usize>, marker: &str) {
        let bytes = end.map_or(self.rest.len(), |at| at + marker.len());
        self.take(bytes);
    }

    /// Reads the markup at a `<`; `None` if it yields no token.
    fn markup(&mut self) -> Option<Token<'a>> {
        let mut after = self.rest.chars().skip(1);
        match (after.next(), after.next()) {
            (Some(c), _) if c.is_ascii_alphabetic() => {
                self.take(1);
                let tag = self.tag()?;
                if tag.name == "plaintext" {
                    return Some(Token::Literal(self.take(self.rest.len())));
                }
                match raw_text(&tag) {
                    Some(text) => {
                        self.raw = Some((tag.name, text));
                        None
                    }
                    None => Some(Token::Start(tag)),
                }
            }
            (Some('/'), Some(c)) if c.is_ascii_alphabetic() => {
                self.take(2);
                self.tag().map(|tag| Token::End(tag.name))
            }
            (Some('!'), _) => {
                self.take(2);
                match self.rest.strip_prefix("--") {
                    Some(comment) => {
                        self.rest = comment;
                        self.skip_comment();
                    }
                    None => self.skip_past(self.rest.find('>'), ">"),
                }
                None
            }
            (Some('?' | '/'), Some(_)) => {
                self.skip_past(self.rest.find('>'), ">");
                None
            }
            _ => Some(Token::Text(self.take(1))),
        }
    }

    fn skip_comment(&mut self) {
        // `<!-->` and `<!--->` are whole comments.
        for short in [">", "->"] {
            if let Some(rest) = self.rest.strip_prefix(short) {
                self.rest = rest;
                return;
            }
        }
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| rest.find("--")) {
            let end = from + at + 2;
            let after = self.rest.get(end..).unwrap_or_default();
            if after.starts_with('>') {
                self.take(end + 1);
                return;
            }
            if after.starts_with("!>") {
                self.take(end + 2);
                return;
            }
            from = end - 1;
        }
        self.rest = "";
    }

    /// Reads the name and the attributes up to the `>`; `None` if the source ends before it.
    fn tag(&mut self) -> Option<Tag<'a>> {
        let name = self.until(|b| is_space(b) || b == b'/' || b == b'>');
        let mut tag = Tag {
            name: name.to_ascii_lowercase(),
            attributes: Vec::new(),
        };
        loop {
            self.until(|b| !is_space(b) && b != b'/');
            if self.rest.starts_with('>') {
                self.take(1);
                return Some(tag);
            }
            if self.rest.is_empty() {
                return None;
            }
            let (name, value) = self.attribute();
            if tag.attributes.len() < ATTRIBUTES_MAX {
                tag.attributes.push((name, value));
            }
        }
    }

    fn attribute(&mut self) -> (&'a str, &'a str) {
        // An equals sign at the beginning belongs to the name.
        let first = usize::from(self.rest.starts_with('='));
        let is_end = |b: u8| is_space(b) || matches!(b, b'/' | b'>' | b'=');
        let length = self
            .rest
            .bytes()
            .skip(first)
            .position(is_end)
            .map_or(self.rest.len(), |at| at + first);
        let name = self.take(length);
        let rest = self.rest.trim_start_matches(is_space_char);
        let Some(rest) = rest.strip_prefix('=') else {
            return (name, "");
        };
        self.rest = rest.trim_start_matches(is_space_char);
        let value = match self.rest.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => {
                self.take(1);
                let value = self.until(|b| b == quote);
                self.take(1);
                value
            }
            _ => self.until(|b| is_space(b) || b == b'>'),
        };
        (name, value)
    }

    fn until(&mut self, is_end: impl Fn(u8) -> bool) -> &'a str {
        let length = self
            .rest
            .bytes()
            .position(is_end)
            .unwrap_or(self.rest.len());
        self.take(length)
    }

    /// Reads the content up to the end tag of a raw text element, and skips that tag.
    fn raw_content(&mut self, name: &str) -> &'a str {
        let mut from = 0;
        while let Some(at) = self
            .rest
            .as_bytes()
            .get(from..)
            .and_then(|rest| memchr(b'<', rest))
        {
            let start = from + at;
            if self
                .rest
                .get(start + 1..)
                .is_some_and(|rest| is_end_of(rest, name))
            {
                let content = self.take(start);
                self.take(2);
                self.tag();
                return content;
            }
            from = start + 1;
        }
        self.take(self.rest.len())
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some((name, text)) = self.raw.take() {
                let content = self.raw_content(&name);
                match text {
                    RawText::Visible if !content.is_empty() => {
                        return Some(Token::Literal(content));
                    }
                    RawText::Style(media) => return Some(Token::Style(content, media)),
                    _ => continue,
                }
            }
            match memchr(b'<', self.rest.as_bytes()) {
                None if self.rest.is_empty() => return None,
                None => return Some(Token::Text(self.take(self.rest.len()))),
                Some(0) => {
                    if let Some(token) = self.markup() {
                        return Some(token);
                    }
                }
                Some(at) => return Some(Token::Text(self.take(at))),
            }
        }
    }
}

/// Returns the use of the text of a raw text element; `None` if the element has no raw text.
fn raw_text<'a>(tag: &Tag<'a>) -> Option<RawText<'a>> {
    match tag.name.as_str() {
        "style" => {
            let language = tag.value("type").unwrap_or_default();
            let is_css = language.is_empty() || language.eq_ignore_ascii_case("text/css");
            let media = tag.value("media").unwrap_or_default();
            Some(if is_css {
                RawText::Style(media)
            } else {
                RawText::Skipped
            })
        }
        "script" | "title" | "iframe" | "noembed" | "noframes" => Some(RawText::Skipped),
        "textarea" | "xmp" => Some(RawText::Visible),
        _ => None,
    }
}

fn is_end_of(rest: &str, name: &str) -> bool {
    let Some(rest) = rest.strip_prefix('/') else {
        return false;
    };
    let is_named = rest
        .get(..name.len())
        .is_some_and(|other| other.eq_ignore_ascii_case(name));
    let after = rest.as_bytes().get(name.len()).copied();
    is_named && after.is_none_or(|b| is_space(b) || b == b'/' || b == b'>')
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn is_space_char(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Formats tokens in a short form for assertions: `<a x=1>`, `</a>`, text.
    fn shown(html: &str) -> String {
        Scanner::new(html)
            .map(|token| match token {
                Token::Text(text) | Token::Literal(text) => format!("[{text}]"),
                Token::End(name) => format!("</{name}>"),
                Token::Style(text, media) => format!("{{{media}: {text}}}"),
                Token::Start(tag) => {
                    let attributes = tag.attributes.iter().map(|(n, v)| format!(" {n}={v}"));
                    format!("<{}{}>", tag.name, attributes.collect::<String>())
                }
            })
            .collect()
    }

    #[test]
    fn tags_as_the_standard_reads_them() {
        for (html, tokens) in [
            ("<P>a</P >b", "<p>[a]</p>[b]"),
            ("<a b='c>d' e=f\"g h>x", "<a b=c>d e=f\"g h=>[x]"),
            ("<img/src=x/onerror=y>", "<img src=x/onerror=y>"),
            ("<a =b c = 'd'/>", "<a =b= c=d>"),
            ("a < b <3 <> </> x", "[a ][<][ b ][<][3 ][<][> ][ x]"),
            ("<a b=\"unclosed>x", ""),
            (
                "1<!-- <b> -- > -->2<!-->3<!--->4<!--x--!>5<!-- rest",
                "[1][2][3][4][5]",
            ),
            ("<!doctype html><?xml a>b</ c>d<![CDATA[e]]>f", "[b][d][f]"),
            (
                "<style>a<b></STYLE x>c<script><!--</script>d",
                "{: a<b>}[c][d]",
            ),
            ("<STYLE media='&#97;' type=TEXT/css>a</style>", "{a: a}"),
            ("<style type=text/x-mso>a</style>b", "[b]"),
            ("<textarea><b></textarea><xmp>&amp;</xmp>", "[<b>][&amp;]"),
            ("<title></titles></title>a<plaintext></b>", "[a][</b>]"),
            ("<style>never ends <b>", "{: never ends <b>}"),
        ] {
            assert_eq!(shown(html), tokens, "{html}");
        }
    }

    #[test]
    fn a_tag_of_many_attributes_is_read_in_linear_time() {
        let many: String = (0..300_000).map(|n| format!(" a{n}=1")).collect();
        let html = format!("<p{many}>x");
        let tokens: Vec<_> = Scanner::new(&html).collect();
        match tokens.as_slice() {
            [Token::Start(tag), Token::Text("x")] => {
                assert_eq!(tag.attributes.len(), ATTRIBUTES_MAX);
                assert_eq!(tag.value("A7").as_deref(), Some("1"));
            }
            other => panic!("{} tokens", other.len()),
        }
    }

    proptest! {
        #[test]
        fn anything_scans(html in "\\PC*|(<|>|/|!|--|a|b=|\"|'| |<style|</style|<!--|é){0,60}") {
            let length: usize = Scanner::new(&html).map(|token| match token {
                Token::Text(text) | Token::Literal(text) | Token::Style(text, _) => text.len(),
                _ => 0,
            }).sum();
            prop_assert!(length <= html.len());
        }
    }
}
