//! The document of the editor of formatted text, which runs in a sandboxed frame of its own.

use std::sync::LazyLock;

use crate::api::types::Lang;
use crate::text::markup::escape;

/// Squire (MIT), as its package holds it; `editor/squire.LICENSE`.
const SQUIRE: &str = include_str!("../../../editor/squire.js");
const EDITOR: &str = include_str!("../../../editor/editor.js");
const STYLE: &str = include_str!("../../../editor/editor.css");
const TOKENS: &str = include_str!("../../../style/tokens.css");
/// The symbols of the product: a frame without an origin cannot load them.
const ICONS: &str = include_str!("../../../style/public/icons.svg");

/// The only script of the document.
pub static SCRIPT: LazyLock<String> = LazyLock::new(|| format!("{SQUIRE}\n{EDITOR}"));

/// Renders the document in a language. Its policy is the caller's.
pub fn document(lang: Lang) -> String {
    let tool = |command: &str, icon: &str, label: &str| {
        let label = escape(label);
        format!(
            "<button type=\"button\" data-command=\"{command}\" aria-label=\"{label}\" \
             title=\"{label}\" tabindex=\"-1\">{}</button>",
            svg(icon)
        )
    };
    let separator = "<span class=\"sep\"></span>";
    let tools: String = [
        tool("bold", "bold", &lang.format_bold()).replace("tabindex=\"-1\"", "tabindex=\"0\""),
        tool("italic", "italic", &lang.format_italic()),
        tool("underline", "underline", &lang.format_underline()),
        separator.to_owned(),
        tool("list", "list", &lang.format_list()),
        tool("olist", "olist", &lang.format_numbered_list()),
        tool("quote", "quote", &lang.format_quote()),
        tool("code", "code", &lang.format_code()),
        tool("link", "link", &lang.format_link()),
        tool("picture", "image", &lang.format_picture()),
        "<span class=\"grow\"></span>".to_owned(),
        format!(
            "<button type=\"button\" data-command=\"plain\" tabindex=\"-1\">{}</button>",
            escape(&lang.plain_text())
        ),
    ]
    .concat();
    let text = escape(&lang.message_text());
    format!(
        "<!DOCTYPE html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{text}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{TOKENS}{STYLE}</style></head>\
         <body><div id=\"text\" role=\"textbox\" aria-multiline=\"true\" aria-label=\"{text}\" \
         dir=\"auto\" spellcheck=\"true\"></div>\
         <div id=\"link\" class=\"bar\" role=\"group\" aria-label=\"{link}\" hidden>\
         <label for=\"address\">{address}</label>\
         <input id=\"address\" type=\"url\" dir=\"ltr\" autocomplete=\"off\" placeholder=\"https://\">\
         <button id=\"apply\" type=\"button\">{apply}</button>\
         <button id=\"cancel\" type=\"button\">{cancel}</button>\
         <span id=\"wrong\" role=\"alert\" hidden>{wrong}</span></div>\
         <div id=\"tools\" class=\"bar\" role=\"toolbar\" aria-label=\"{formatting}\">{tools}</div>\
         <input id=\"picker\" type=\"file\" accept=\"image/*\" multiple hidden>\
         <script>{script}</script></body></html>",
        tag = lang.tag(),
        link = escape(&lang.format_link()),
        address = escape(&lang.link_address()),
        apply = escape(&lang.link_apply()),
        cancel = escape(&lang.close()),
        wrong = escape(&lang.link_wrong()),
        formatting = escape(&lang.formatting()),
        script = &*SCRIPT,
    )
}

/// Returns an icon as an element with its own lines.
fn svg(name: &str) -> String {
    let start = format!("<symbol id=\"i-{name}\"");
    let symbol = ICONS.split_once(&start).map_or("", |(_, rest)| rest);
    let inner = symbol.split_once('>').map_or("", |(_, rest)| rest);
    let inner = inner.split_once("</symbol>").map_or("", |(inner, _)| inner);
    format!("<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">{inner}</svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_an_icon_and_a_name_in_both_languages() {
        for lang in [Lang::En, Lang::ZhCn] {
            let html = document(lang);
            assert!(
                !html.contains("aria-hidden=\"true\"></svg>"),
                "an icon is missing"
            );
            assert!(!html.contains("aria-label=\"\""));
            assert_eq!(
                html.matches("<button type=\"button\" data-command=")
                    .count(),
                10
            );
        }
    }

    #[test]
    fn the_script_is_one_element_and_loads_nothing() {
        let html = document(Lang::En);
        assert_eq!(html.matches("</script").count(), 1);
        assert_eq!(html.matches("<script").count(), 1);
        for loading in ["src=\"http", "@import", "url("] {
            assert!(!STYLE.contains(loading) && !TOKENS.contains(loading));
        }
    }
}
