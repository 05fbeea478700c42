//! Plain text in formatted messages.

use super::markup::escape;

/// Returns a text with LF line ends as HTML.
pub fn as_html(text: &str) -> String {
    escape(text).replace('\n', "<br>")
}
