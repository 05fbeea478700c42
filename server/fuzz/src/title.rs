//! Fuzz target: whatever name a page has, the document has one title, whose text is that name.

use super::markup::{escape, script_json, title, title_element};
use super::outline::Document;

pub(crate) fn run(data: &[u8]) {
    let name = String::from_utf8_lossy(data);
    let text = title(&name);
    assert!(text.ends_with("Restante") && text.chars().count() <= 211);
    assert!(!text.contains(char::is_control), "{text:?}");

    for has_script in [true, false] {
        let parse = |title: &str, body: &str| {
            let html = format!(
                "<!DOCTYPE html><html><head><meta charset=\"utf-8\">{title}</head><body><p>{body}\
                 </p><textarea>\n{body}</textarea></body></html>"
            );
            Document::parse(&html, has_script)
        };
        let expected = parse("<title>x</title>", "x");
        let document = parse(&title_element(&text), &escape(&name));
        assert_eq!(document.texts_of("title"), std::slice::from_ref(&text));
        assert_eq!(document.outline(), expected.outline(), "{name:?}");
    }

    let script = script_json(&name);
    let ends = ["<", ">", "\u{2028}", "\u{2029}"];
    assert!(!ends.iter().any(|end| script.contains(end)), "{script:?}");
    let decoded = ["<", ">", "\u{2028}", "\u{2029}"]
        .iter()
        .zip(["\\u003c", "\\u003e", "\\u2028", "\\u2029"])
        .fold(script, |text, (plain, written)| {
            text.replace(written, plain)
        });
    // A name may contain an escape sequence itself; both spellings are then the same character
    // here.
    if !name.contains("\\u") {
        assert_eq!(decoded, name);
    }
}
