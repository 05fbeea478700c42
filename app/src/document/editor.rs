//! The document of the editor of formatted text, which runs in a sandboxed frame of its own.

use std::sync::LazyLock;

use leptos::prelude::*;

use super::{Inline, plain};
use crate::api::types::Lang;
use crate::page::PageContext;

/// Squire (MIT), as its package holds it; `editor/squire.LICENSE`.
const SQUIRE: &str = include_str!("../../../editor/squire.js");
const EDITOR: &str = include_str!("../../../editor/editor.js");
const STYLE: &str = include_str!("../../../editor/editor.css");
const TOKENS: &str = include_str!("../../../style/tokens.css");

/// The only script of the document.
pub static SCRIPT: LazyLock<String> = LazyLock::new(|| format!("{SQUIRE}\n{EDITOR}"));

/// The lines of the icons, those of the product's own file: a frame without an origin cannot load
/// it.
const ICONS: [(&str, &str); 9] = [
    (
        "bold",
        "M7.5 5h5a3.3 3.3 0 0 1 0 6.7h-5zM7.5 11.7h6a3.6 3.6 0 0 1 0 7.3h-6z",
    ),
    ("italic", "M10 5h7M7 19h7M14 5l-4 14"),
    ("underline", "M7 4.5v7a5 5 0 0 0 10 0v-7M6 20h12"),
    (
        "list",
        "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.1M4.5 12h.1M4.5 17.5h.1",
    ),
    (
        "olist",
        "M10 6.5h10M10 12h10M10 17.5h10M4.5 5 6 4.5v4M4.5 14c.3-1.3 2.5-1.2 2.3.2-.1.9-2.3 2-2.3 3.3h2.5",
    ),
    ("quote", "M6 7h5v5c0 3-1.5 4.5-4 5M14 7h5v5c0 3-1.5 4.5-4 5"),
    ("code", "m8 7-5 5 5 5M16 7l5 5-5 5"),
    (
        "link",
        "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
    ),
    (
        "picture",
        "M4 5h16v14H4zM10.5 10a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0m-5.5 8 5-5 3 3 3-3.5 3.5 4",
    ),
];

/// Renders the document in a language. Its policy is the caller's.
pub fn document(lang: Lang) -> String {
    Owner::new().with(|| {
        provide_context(PageContext {
            lang,
            ..PageContext::default()
        });
        let inline = Inline {
            style: Some(format!("{TOKENS}{STYLE}")),
            script: Some(&SCRIPT),
        };
        plain(&lang.message_text(), inline, || (), body(lang))
    })
}

fn body(lang: Lang) -> impl IntoView {
    let words = [
        lang.format_bold(),
        lang.format_italic(),
        lang.format_underline(),
        lang.format_list(),
        lang.format_numbered_list(),
        lang.format_quote(),
        lang.format_code(),
        lang.format_link(),
        lang.format_picture(),
    ];
    let tools = ICONS
        .into_iter()
        .zip(words)
        .map(|((command, lines), word)| {
            let is_first = command == "bold";
            view! {
                <button
                    type="button"
                    data-command=command
                    aria-label=word.clone()
                    title=word
                    tabindex=if is_first { "0" } else { "-1" }
                >
                    <svg viewBox="0 0 24 24" aria-hidden="true">
                        <path d=lines />
                    </svg>
                </button>
            }
            .into_any()
        });
    view! {
        <div
            id="text"
            role="textbox"
            aria-multiline="true"
            aria-label=lang.message_text()
            dir="auto"
            spellcheck="true"
        ></div>
        <div id="link" class="bar" role="group" aria-label=lang.format_link() hidden>
            <label for="address">{lang.link_address()}</label>
            <input id="address" type="url" dir="ltr" autocomplete="off" placeholder="https://" />
            <button id="apply" type="button">
                {lang.link_apply()}
            </button>
            <button id="cancel" type="button">
                {lang.close()}
            </button>
            <span id="wrong" role="alert" hidden>
                {lang.link_wrong()}
            </span>
        </div>
        <div id="tools" class="bar" role="toolbar" aria-label=lang.formatting()>
            {tools.collect_view()}
            <span class="grow"></span>
            <button type="button" data-command="plain" tabindex="-1">
                {lang.plain_text()}
            </button>
        </div>
        <input id="picker" type="file" accept="image/*" multiple hidden />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_name_in_both_languages() {
        for lang in [Lang::En, Lang::ZhCn] {
            let html = document(lang);
            assert!(!html.contains("aria-label=\"\""));
            // The script names the attribute once.
            assert_eq!(html.matches("data-command=").count(), 11);
        }
    }

    #[test]
    fn the_script_is_one_element_and_the_style_loads_nothing() {
        let html = document(Lang::En);
        assert_eq!(html.matches("</script").count(), 1);
        assert_eq!(html.matches("<script").count(), 1);
        assert!(
            html.contains(SCRIPT.as_str()),
            "the hash is that of the text"
        );
        for loading in ["@import", "url("] {
            assert!(!STYLE.contains(loading) && !TOKENS.contains(loading));
        }
    }
}
