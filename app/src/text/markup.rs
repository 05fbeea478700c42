//! Escapes text in markup that views do not write.
//!
//! The framework escapes the text and the attributes of a view. Three places are outside views: the
//! document's title, which is written after the page that names it; a `<textarea>`, whose children
//! the framework writes unescaped; and the data in a `<script>`. This module writes their text, and
//! `cargo xtask check-layers` finds any other such place.
//!
//! This module uses no other module because `server/fuzz` compiles this file alone.

/// The name of the product, which ends every title.
const PRODUCT: &str = "Restante";

/// Maximum number of characters of a page's name in a title: a subject may have megabytes.
const MAX_TITLE_CHARS: usize = 200;

/// Returns the title of a page: its name and the product, or the product alone.
///
/// Control characters become spaces, since parsers change or drop some of them. Characters that set
/// the text direction are dropped because a subject could reverse the product's name with them.
pub fn title(name: &str) -> String {
    let mut title: String = name
        .chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_TITLE_CHARS)
        .collect();
    if !title.is_empty() {
        title.push_str(" · ");
    }
    title.push_str(PRODUCT);
    title
}

/// Returns the `<title>` element with a text made by [`title`].
pub fn title_element(title: &str) -> String {
    format!("<title>{}</title>", escape(title))
}

/// Escapes a text for the content of an element.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    out
}

/// Escapes JSON for a `<script>`: the result neither ends the script nor begins a comment, and
/// contains no character that older JavaScript treats as a line end. These characters occur in
/// strings only, so the value stays the same.
pub fn script_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_ends_with_the_product() {
        assert_eq!(title("(3) Inbox"), "(3) Inbox · Restante");
        assert_eq!(title(""), "Restante");
    }

    #[test]
    fn title_has_no_control_characters_and_a_maximum_length() {
        assert_eq!(title("a\r\n\0b\u{1b}[31m"), "a   b [31m · Restante");
        assert_eq!(title("\u{202e}gpj\u{2066}"), "gpj · Restante");
        assert_eq!(title(&"x".repeat(1 << 20)).len(), 200 + " · Restante".len());
    }

    #[test]
    fn title_is_escaped() {
        assert_eq!(
            title_element(&title("</title><meta http-equiv=refresh>&lt;")),
            "<title>&lt;/title&gt;&lt;meta http-equiv=refresh&gt;&amp;lt; · Restante</title>"
        );
    }

    #[test]
    fn json_in_a_script_cannot_end_the_script() {
        assert_eq!(
            script_json("[\"</script><!-- --> ]]> \u{2028}\u{2029} \\\\< &\"]"),
            "[\"\\u003c/script\\u003e\\u003c!-- --\\u003e ]]\\u003e \\u2028\\u2029 \\\\\\u003c &\"]"
        );
    }
}
