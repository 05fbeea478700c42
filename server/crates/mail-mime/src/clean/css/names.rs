//! Class names and ids of a message: each has a prefix, so that none is a name of the frame.

use super::write;

/// The prefix. The class of a wrapper has another character after the `m`.
const PREFIX: &str = "m-";
/// Maximum number of classes of an element.
const NAMES_MAX: usize = 50;
/// Maximum length of a name without its prefix, in bytes.
const NAME_BYTES: usize = 64;

/// Appends a name with its prefix; returns false if it has characters that need escapes.
pub(in super::super) fn push_name(out: &mut String, name: &str) -> bool {
    let own = name.strip_prefix(PREFIX).unwrap_or(name);
    let is_name = (1..=NAME_BYTES).contains(&own.len()) && own.chars().all(write::is_name_char);
    if is_name {
        out.push_str(PREFIX);
        out.push_str(own);
    }
    is_name
}

/// Appends the names of a `class` attribute, separated by spaces.
pub(in super::super) fn push_names(out: &mut String, value: &str) {
    let start = out.len();
    for name in value.split_ascii_whitespace().take(NAMES_MAX) {
        let end = out.len();
        if end > start {
            out.push(' ');
        }
        if !push_name(out, name) {
            out.truncate(end);
        }
    }
}

/// Whether a value holds names as this module writes them, separated by spaces.
pub(in super::super) fn is_names(value: &str) -> bool {
    value.split(' ').all(|name| {
        let own = name.strip_prefix(PREFIX);
        own.is_some_and(|own| !own.is_empty() && own.chars().all(write::is_name_char))
    })
}

/// Whether a name of `class` or `id`, as written in the source, is one that `has` accepts with its
/// prefix.
pub(in super::super) fn shares_name(value: &str, has: impl Fn(&str) -> bool) -> bool {
    let mut written = String::new();
    value.split_ascii_whitespace().take(NAMES_MAX).any(|name| {
        written.clear();
        push_name(&mut written, name) && has(&written)
    })
}
