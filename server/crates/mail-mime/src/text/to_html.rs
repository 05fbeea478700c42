//! Converts plain text to HTML, for the editor.

use super::{Format, Span, blocks};

/// The start tag of a quotation, as most programs write it.
pub const QUOTE_TAG: &str = "<blockquote type=\"cite\" \
     style=\"margin:0 0 0 0.8ex;border-left:2px solid #b8c4c8;padding-left:1ex\">";
const QUOTE_END: &str = "</blockquote>";

/// Converts plain text to HTML: a `div` for each line, nested `blockquote`s for quotations, and
/// links. Runs of spaces keep their width. The result needs no cleaning.
pub fn to_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0;
    for block in blocks(text, Format::Fixed) {
        while depth < block.quote_depth {
            out.push_str(QUOTE_TAG);
            depth += 1;
        }
        while depth > block.quote_depth {
            out.push_str(QUOTE_END);
            depth -= 1;
        }
        push_lines(&mut out, &block.spans);
    }
    out.extend((0..depth).map(|_| QUOTE_END));
    out
}

fn push_lines(out: &mut String, spans: &[Span]) {
    let mut line = String::new();
    for span in spans {
        match span {
            Span::Text(text) => {
                for (index, part) in text.split('\n').enumerate() {
                    if index > 0 {
                        end_line(out, &mut line);
                    }
                    push_text(&mut line, part);
                }
            }
            Span::Link { href, text } => {
                line.push_str("<a href=\"");
                push_escaped(&mut line, href);
                line.push_str("\">");
                push_text(&mut line, text);
                line.push_str("</a>");
            }
        }
    }
    end_line(out, &mut line);
}

fn end_line(out: &mut String, line: &mut String) {
    out.push_str("<div>");
    out.push_str(if line.is_empty() { "<br>" } else { line });
    out.push_str("</div>");
    line.clear();
}

/// Appends text with a no-break space in place of each space that a browser would not show.
fn push_text(line: &mut String, text: &str) {
    let mut is_after_space = line.is_empty();
    for c in text.chars() {
        match c {
            ' ' if is_after_space => line.push_str("&nbsp;"),
            '\t' => line.push_str("&nbsp;&nbsp;&nbsp; "),
            c => push_escaped(line, c.encode_utf8(&mut [0; 4])),
        }
        is_after_space = matches!(c, ' ' | '\t');
    }
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clean::fragment;
    use crate::text::from_html;

    #[test]
    fn lines_quotations_and_links_become_markup() {
        let html = to_html("Hello  there\n\n> old\n>> older\nsee https://example.org/?a=1&b=2");
        assert_eq!(
            html,
            format!(
                "<div>Hello &nbsp;there</div><div><br></div>{QUOTE_TAG}<div>old</div>{QUOTE_TAG}\
                 <div>older</div></blockquote></blockquote><div>see \
                 <a href=\"https://example.org/?a=1&amp;b=2\">https://example.org/?a=1&amp;b=2</a></div>"
            )
        );
    }

    #[test]
    fn markup_in_a_text_is_text() {
        let html = to_html("<img src=x onerror=alert(1)> & \"quotes\"");
        assert!(!html.contains("<img"), "{html}");
        assert_eq!(
            from_html(&html),
            "<img src=x onerror=alert(1)> & \"quotes\""
        );
    }

    proptest! {
        #[test]
        fn texts_become_html_that_cleaning_leaves_alone(text in "[ -~\u{e9}\u{4e2d}\n\t>]{0,200}") {
            let html = to_html(&text);
            let cleaned = fragment(&html, &|_| None).html;
            let again = fragment(&cleaned, &|_| None).html;
            prop_assert_eq!(&cleaned, &again);
            prop_assert_eq!(from_html(&html), from_html(&cleaned));
        }

        #[test]
        fn words_survive_the_way_to_html_and_back(text in "([a-z\u{4e2d}]{1,6}[ \n]){1,20}") {
            let back = from_html(&to_html(&text));
            let words = |text: &str| -> Vec<String> {
                text.split_whitespace().map(str::to_owned).collect()
            };
            prop_assert_eq!(words(&back), words(&text));
        }
    }
}
