//! A plain text body, with links, and with quotes collapsed.

use leptos::prelude::*;

use crate::api::types::{TextBlock, TextSpan};
use crate::page::PageContext;
use crate::ui::Icon;

/// Shows the blocks of a text.
#[component]
pub fn TextBody(
    /// The text.
    blocks: Vec<TextBlock>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    // A text that consists of quotes only is shown expanded.
    let has_own_text = blocks
        .iter()
        .any(|block| block.quote_depth == 0 && !is_blank(block));
    let sections = sections(blocks)
        .into_iter()
        .map(|section| match section {
            Section::Own(block) => view! { <TextRun block=block /> }.into_any(),
            Section::Quoted(blocks) => view! {
                <details class="quote" open=!has_own_text>
                    <summary>
                        <Icon name="quote" class="i-s" />
                        {lang.quoted_text()}
                    </summary>
                    {blocks
                        .into_iter()
                        .map(|block| {
                            let depth = format!("quoted q-{}", block.quote_depth.min(4));
                            view! {
                                <blockquote class=depth>
                                    <TextRun block=block />
                                </blockquote>
                            }
                                .into_any()
                        })
                        .collect_view()}
                </details>
            }
            .into_any(),
        })
        .collect_view();
    view! { <div class="msg-body text">{sections}</div> }
}

/// A section that is shown as one element.
#[derive(Debug, PartialEq, Eq)]
enum Section {
    Own(TextBlock),
    Quoted(Vec<TextBlock>),
}

fn is_blank(block: &TextBlock) -> bool {
    block.spans.iter().all(|span| match span {
        TextSpan::Text(text) => text.trim().is_empty(),
        TextSpan::Link { .. } => false,
    })
}

/// Joins adjacent quotes of any depth.
fn sections(blocks: Vec<TextBlock>) -> Vec<Section> {
    let mut sections = Vec::new();
    for block in blocks {
        match (block.quote_depth, sections.last_mut()) {
            (0, _) => sections.push(Section::Own(block)),
            (_, Some(Section::Quoted(blocks))) => blocks.push(block),
            _ => sections.push(Section::Quoted(vec![block])),
        }
    }
    sections
}

/// What a link that leads out of the product is: it tells nobody where it came from.
pub(super) const OUTSIDE: &str = "external noopener noreferrer nofollow";

/// Whether a link's scheme is allowed: web and mail addresses only.
pub(super) fn is_safe(href: &str) -> bool {
    ["http:", "https:", "mailto:"].iter().any(|scheme| {
        href.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[component]
fn TextRun(block: TextBlock) -> impl IntoView {
    let spans = block
        .spans
        .into_iter()
        .map(|span| match span {
            TextSpan::Link { href, text } if is_safe(&href) => view! {
                <a href=href target="_blank" rel=OUTSIDE>
                    {text}
                </a>
            }
            .into_any(),
            TextSpan::Link { text, .. } | TextSpan::Text(text) => text.into_any(),
        })
        .collect_view();
    view! {
        <div class="text-run" dir="auto">
            {spans}
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn text(quote_depth: u32, text: &str) -> TextBlock {
        TextBlock {
            quote_depth,
            spans: vec![TextSpan::Text(text.to_owned())],
        }
    }

    #[test]
    fn adjacent_quotes_form_one_section() {
        let found = sections(vec![text(0, "a"), text(1, "b"), text(2, "c"), text(0, "d")]);
        assert_eq!(
            found,
            [
                Section::Own(text(0, "a")),
                Section::Quoted(vec![text(1, "b"), text(2, "c")]),
                Section::Own(text(0, "d")),
            ]
        );
    }

    #[test]
    fn only_web_and_mail_links_are_safe() {
        for href in ["http://x", "HTTPS://x", "mailto:a@b"] {
            assert!(is_safe(href), "{href}");
        }
        for href in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//x",
            "",
            "httpx://",
            " http://x",
        ] {
            assert!(!is_safe(href), "{href}");
        }
    }
}
