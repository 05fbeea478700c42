//! Strings in responses (RFC 3501 §4.3).

use bytes::{BufMut, BytesMut};

/// Writes a string: quoted if possible, otherwise as a literal.
pub(crate) fn string(octets: &[u8], out: &mut BytesMut) {
    const QUOTED_BYTES: usize = 1_000;
    let may_be_quoted = octets.len() <= QUOTED_BYTES
        && octets
            .iter()
            .all(|octet| octet.is_ascii() && !matches!(octet, 0 | b'\r' | b'\n'));
    if !may_be_quoted {
        literal(octets, out);
        return;
    }
    out.put_u8(b'"');
    for &octet in octets {
        if matches!(octet, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(octet);
    }
    out.put_u8(b'"');
}

/// Writes a string or NIL.
pub(crate) fn nstring(octets: Option<&[u8]>, out: &mut BytesMut) {
    match octets {
        Some(octets) => string(octets, out),
        None => out.put_slice(b"NIL"),
    }
}

/// Writes a literal or NIL; message text is always sent as a literal.
pub(crate) fn nliteral(octets: Option<&[u8]>, out: &mut BytesMut) {
    match octets {
        Some(octets) => literal(octets, out),
        None => out.put_slice(b"NIL"),
    }
}

fn literal(octets: &[u8], out: &mut BytesMut) {
    out.put_slice(format!("{{{}}}\r\n", octets.len()).as_bytes());
    out.put_slice(octets);
}

/// Returns a short ASCII name as an atom or a quoted string.
pub(crate) fn astring_text(octets: &[u8]) -> String {
    let is_atom = !octets.is_empty()
        && octets
            .iter()
            .all(|octet| super::syntax::is_atom_char(*octet));
    let text = String::from_utf8_lossy(octets);
    if is_atom {
        text.into_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(octets: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        string(octets, &mut out);
        out.to_vec()
    }

    #[test]
    fn only_ascii_without_line_ends_is_quoted() {
        assert_eq!(written(b"a \"b\" \\"), b"\"a \\\"b\\\" \\\\\"");
        assert_eq!(written("ü".as_bytes()), b"{2}\r\n\xc3\xbc");
        assert_eq!(written(b"a\r\nb"), b"{4}\r\na\r\nb");
    }
}
