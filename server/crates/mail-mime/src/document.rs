//! The document in the message frame: sanitized HTML with a head of our own.

use crate::clean::{Cleaned, Scheme};

/// The style of every HTML message.
///
/// Each document of a message is a `div` with an `article`; its own rules begin with the class of
/// that `div`, so they cannot change `html`, `body` or the `div`, which keep a document in its
/// place: what is wider than the frame scrolls inside the `div`. The other rules are defaults,
/// which the message may change.
///
/// A document without media rules (`fluid`) is not made for phones; there, its tables and images
/// take the width of the screen, whatever its styles say. The page gives `body` that class if a
/// document does not fit. An image that was not loaded is shown as
/// its alternative text in a box, which [`crate::clean::clean`] writes as a `picture` without an
/// image; an image without alternative text takes its space but is invisible. The quote at the end
/// is folded: its `summary` is empty, and [`wrap`] writes its words.
pub const STYLE: &str = "\
html{background:#fff;color:#1a1a1a}\
body{margin:0;font:15px/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,\
\"Noto Sans\",\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif;\
overflow-wrap:anywhere}\
body>div{overflow-x:auto}\
body>div>article{padding:16px}\
img{max-width:100%;height:auto}\
img:not([src]){visibility:hidden}\
picture:not(:empty,:has(*)){display:inline-block;max-width:100%;box-sizing:border-box;\
padding:2px 8px;border-radius:4px;background:#f1f2f4;color:#5b6472;font-size:13px;\
outline:1px dashed #c4c9d1}\
table{max-width:100%}\
td,th{overflow-wrap:break-word}\
pre{white-space:pre-wrap}\
summary:empty{display:inline-flex;list-style:none;margin:8px 0;padding:2px 12px;\
border-radius:99px;background:#f1f2f4;color:#5b6472;font-size:13px;cursor:pointer}\
summary:empty::-webkit-details-marker{display:none}\
blockquote{margin:8px 0;padding:0 0 0 12px;border-inline-start:3px solid #d0d5dd}\
a{color:#1a56c4}\
@media(max-width:600px){body{font-size:16px}\
.fluid :is(table,td,th){width:auto!important;height:auto!important;min-width:0!important}\
.fluid table{table-layout:auto!important}.fluid :is(td,th){white-space:normal!important}\
.fluid :is(img,picture){max-width:100%!important;height:auto!important}}";

/// The rules of [`STYLE`] that differ in the dark scheme. The colours of paper and ink are those to
/// which [`crate::clean`] adapts white and black, so that a message has no visible edge.
pub const DARK_STYLE: &str = "\
html{background:#1a1a1a;color:#ececec}\
picture:not(:empty,:has(*)){background:#2b2d31;color:#b6bcc6;outline-color:#565c66}\
summary:empty{background:#2b2d31;color:#b6bcc6}\
blockquote{border-color:#464b54}\
a{color:#8ab4f8}";

/// Wraps sanitized HTML into a complete document.
///
/// The result is self-contained except for the images that [`crate::clean::clean`] kept. The server
/// sets its policy header and its content type (`text/html; charset=utf-8`). `quote_label` is what
/// the fold of a quote is called, in the reader's language.
pub fn wrap(body: &Cleaned, quote_label: &str) -> String {
    let (scheme, dark) = match body.scheme {
        Scheme::Light => ("light", ["", "", ""]),
        Scheme::Dark => ("dark", [DARK_STYLE, "", ""]),
        // Browsers without `light-dark()` show the colours of the sender, on white.
        Scheme::System => (
            "light",
            [
                "@supports(color:light-dark(#000,#fff)){:root{color-scheme:light dark}\
                 @media(prefers-color-scheme:dark){",
                DARK_STYLE,
                "}}",
            ],
        ),
    };
    let mut out = String::with_capacity(body.html.len() + STYLE.len() + DARK_STYLE.len() + 320);
    out.push_str("<!doctype html><html><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">");
    out.extend(["<meta name=\"color-scheme\" content=\"", scheme, "\">"]);
    out.push_str("<title></title><style>");
    out.extend([":root{color-scheme:", scheme, "}", STYLE]);
    out.extend(dark);
    if body.html.contains("<summary></summary>") {
        // Nothing but letters and spaces: it cannot leave its string.
        let label = quote_label
            .chars()
            .filter(|c| c.is_alphabetic() || *c == ' ');
        out.push_str("summary:empty::before{content:\"");
        out.extend(label);
        out.push_str("\"}");
    }
    out.push_str("</style></head><body dir=\"auto\">");
    out.push_str(&body.html);
    out.push_str("</body></html>");
    out
}

/// Wraps a fragment ([`crate::clean::fragment`]) into the document of an outgoing message.
pub fn written(fragment: &str) -> String {
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body>\n{fragment}\n</body></html>\n"
    )
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
    use crate::clean::{CleanOptions, Images, Scheme, clean};

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
            assert!(
                !STYLE.contains(part) && !DARK_STYLE.contains(part),
                "{part}"
            );
        }
    }

    fn document(html: &str, scheme: Scheme) -> String {
        let options = CleanOptions {
            part_url: &|_| None,
            images: Images::Blocked,
            scheme,
        };
        wrap(&clean(html, &options), "Quoted text")
    }

    #[test]
    fn a_document_holds_the_message_between_its_own_head_and_end() {
        let document = document("<title>x</title></body></html><p>hello", Scheme::Light);
        assert!(document.starts_with("<!doctype html><html><head><meta charset=\"utf-8\">"));
        assert!(document.ends_with(
            "<body dir=\"auto\"><div class=\"m0 fluid\"><article><p>hello</p></article></div>\
             </body></html>"
        ));
        assert_eq!(document.matches("</body>").count(), 1);
    }

    #[test]
    fn a_document_without_colours_follows_the_scheme() {
        let query = "@media(prefers-color-scheme:dark){html{background:#1a1a1a";
        let light = document("hello", Scheme::Light);
        assert!(light.contains(":root{color-scheme:light}") && !light.contains("#1a1a1a;color:#e"));
        let dark = document("hello", Scheme::Dark);
        assert!(dark.contains(":root{color-scheme:dark}"));
        assert!(dark.contains("}}html{background:#1a1a1a") && !dark.contains(query));
        let both = document("hello", Scheme::System);
        assert!(both.contains("{:root{color-scheme:light dark}") && both.contains(query));
    }

    #[test]
    fn the_words_of_a_fold_cannot_leave_their_string() {
        let answer = "a<blockquote type=cite>q</blockquote>";
        let options = CleanOptions {
            part_url: &|_| None,
            images: Images::Blocked,
            scheme: Scheme::Light,
        };
        let document = wrap(
            &clean(answer, &options),
            "引用的\"}*{color:red}</style>内容",
        );
        let rule = "summary:empty::before{content:\"引用的colorredstyle内容\"}";
        assert!(document.contains(rule), "{document}");
        let document = wrap(&clean("a", &options), "Quoted text");
        assert!(!document.contains("content:"));
    }
}
