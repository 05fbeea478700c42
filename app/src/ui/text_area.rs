//! A multi-line text field that is safe to render on the server.

use leptos::html;
use leptos::prelude::*;

use crate::text::markup::escape;

/// A `<textarea>` with the initial content `text`, with and without script.
///
/// The text may come from a message and is untrusted. The framework writes the children of a
/// `<textarea>` without escaping, and `prop:value` does not exist without script; so the text is
/// escaped here. Hydration leaves the element unchanged, so text typed before it stays.
#[component]
pub fn TextArea(
    /// The form field's name.
    name: &'static str,
    /// Its accessible name.
    #[prop(into)]
    label: String,
    /// Its initial content.
    text: String,
    /// Its classes.
    class: &'static str,
    /// Whether it has the initial focus, with the cursor at its beginning.
    #[prop(optional)]
    autofocus: bool,
    /// The element, for reading its value.
    node_ref: NodeRef<html::Textarea>,
) -> impl IntoView {
    view! {
        <textarea
            class=class
            name=name
            aria-label=label
            dir="auto"
            autofocus=autofocus
            node_ref=node_ref
        >
            {content(text)}
        </textarea>
    }
}

/// Returns the children of the element: text in the browser, markup on the server.
fn content(text: String) -> String {
    if cfg!(feature = "ssr") {
        markup(&text)
    } else {
        text
    }
}

/// Escapes a text for the content of a `<textarea>`.
///
/// The result begins with a line end: parsers drop the first one, so that the text's own leading
/// line end stays.
fn markup(text: &str) -> String {
    format!("\n{}", escape(text))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        Owner::new().with(|| {
            view! {
                <TextArea
                    name="body"
                    label="Message"
                    text=text.to_owned()
                    class="c-body"
                    node_ref=NodeRef::new()
                />
            }
            .to_html()
        })
    }

    #[test]
    fn quoted_text_cannot_leave_the_text_area() {
        let html = rendered("> </textarea><script>alert(1)</script>&lt;b&amp;");
        assert_eq!(html.matches('<').count(), 2, "{html}");
        assert!(
            html.contains(
                ">\n&gt; &lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;b&amp;amp;</textarea>"
            ),
            "{html}"
        );
    }

    #[test]
    fn leading_line_end_survives_the_parser() {
        assert!(rendered("\n\nOn Monday").contains(">\n\n\nOn Monday</textarea>"));
        assert!(rendered("").contains(">\n</textarea>"));
    }
}
