//! Writers of markup in canonical form.

/// Appends an attribute.
pub(super) fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.extend([" ", name, "=\""]);
    for c in value.chars() {
        push_escaped(out, c);
    }
    out.push('"');
}

/// Writes a character so that a parser reads the same character, in an attribute or outside.
pub(super) fn push_escaped(out: &mut String, c: char) {
    match c {
        '<' => out.push_str("&#60;"),
        '&' => out.push_str("&#38;"),
        '"' => out.push_str("&#34;"),
        '\0' => {}
        other => out.push(other),
    }
}
