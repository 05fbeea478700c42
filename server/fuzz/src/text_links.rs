//! Plain text with quotes and links: what is shown is text without hidden characters, and a link
//! leads to the web or to an address only.

use mail_mime::display;
use mail_mime::text::{Format, Span, blocks};

/// Splits the bytes as a text in each format.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let flowed = |del_sp| Format::Flowed { del_sp };
    for format in [Format::Fixed, flowed(false), flowed(true)] {
        let mut shown = 0;
        for block in blocks(&text, format) {
            for span in &block.spans {
                shown += check(span);
            }
        }
        assert!(shown <= text.len() * 3, "text was made up");
    }
}

/// Checks a span, and returns the length of its text.
fn check(span: &Span) -> usize {
    let text = match span {
        Span::Text(text) => text,
        Span::Link { href, text } => {
            let schemes = ["http:", "https:", "mailto:"];
            let is_known = |scheme: &&str| {
                let start = href.get(..scheme.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            };
            assert!(schemes.iter().any(is_known), "{href}");
            let is_foreign = |c: char| c.is_control() || c.is_whitespace();
            assert!(!href.contains(is_foreign), "{href:?}");
            text
        }
    };
    assert_eq!(display::lines(text), *text, "hidden characters");
    text.len()
}
