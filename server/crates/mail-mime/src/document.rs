//! The document in the message frame: sanitized HTML with a head of our own.

use crate::clean::Cleaned;

/// The style of every HTML message. Mail is written for white paper, so it stays white on a dark
/// page; no content may make the frame wider than it is. An image that was not loaded is shown as
/// its alternative text in a box, which [`crate::clean::clean`] writes as a `picture` without an
/// image; an image without alternative text takes its space but is invisible.
pub const STYLE: &str = "\
:root{color-scheme:light}\
html{background:#fff;color:#1a1a1a}\
body{margin:0;padding:16px;font:15px/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,\
\"Noto Sans\",\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif;\
overflow-wrap:anywhere;overflow-x:auto}\
img{max-width:100%;height:auto}\
img:not([src]){visibility:hidden}\
picture:not(:empty,:has(*)){display:inline-block;max-width:100%;box-sizing:border-box;\
padding:2px 8px;border-radius:4px;background:#f1f2f4;color:#5b6472;font-size:13px;\
outline:1px dashed #c4c9d1}\
table{max-width:100%}\
td,th{overflow-wrap:break-word}\
pre{white-space:pre-wrap}\
blockquote{margin:8px 0;padding:0 0 0 12px;border-inline-start:3px solid #d0d5dd}\
a{color:#1a56c4}\
@media(max-width:600px){table,td,th{width:auto;height:auto;min-width:0}\
table{table-layout:auto}td,th{white-space:normal}}";

/// Wraps sanitized HTML into a complete document.
///
/// The result is self-contained except for the images that [`crate::clean::clean`] kept. The server
/// sets its policy header and its content type (`text/html; charset=utf-8`).
pub fn wrap(body: &Cleaned) -> String {
    let mut out = String::with_capacity(body.html.len() + STYLE.len() + 256);
    out.push_str("<!doctype html><html><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">");
    out.push_str("<meta name=\"color-scheme\" content=\"light\"><title></title><style>");
    out.push_str(STYLE);
    out.push_str("</style></head><body dir=\"auto\">");
    out.push_str(&body.html);
    out.push_str("</body></html>");
    out
}

/// Converts a plain text that is shown beside HTML to HTML, which is sanitized with it.
pub fn preformatted(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    html.push_str("<pre>\n");
    for c in text.trim().chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
    html.push_str("</pre>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::{CleanOptions, Images, clean};

    #[test]
    fn the_style_loads_nothing_and_cannot_be_left() {
        for part in [
            "<",
            "url",
            "@import",
            "@font",
            "\\",
            "expression",
            "position",
        ] {
            assert!(!STYLE.contains(part), "{part}");
        }
    }

    #[test]
    fn a_document_holds_the_message_between_its_own_head_and_end() {
        let options = CleanOptions {
            part_url: &|_| None,
            images: Images::Blocked,
        };
        let cleaned = clean("<title>x</title></body></html><p>hello", &options);
        let document = wrap(&cleaned);
        assert!(document.starts_with("<!doctype html><html><head><meta charset=\"utf-8\">"));
        assert!(document.ends_with("<body dir=\"auto\"><p>hello</p></body></html>"));
        assert_eq!(document.matches("</body>").count(), 1);
    }
}
