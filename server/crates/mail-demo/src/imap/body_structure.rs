//! `BODY` and `BODYSTRUCTURE` (RFC 3501 §7.4.2).

use bytes::{BufMut, BytesMut};

use super::{envelope, response};
use crate::message::{Children, Parameters, Part, find_field};

/// Whether extension data is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Basic,
    Extended,
}

/// Writes the structure of a part and its descendants.
pub(crate) fn write(message: &[u8], part: &Part, form: Form, out: &mut BytesMut) {
    out.put_u8(b'(');
    if let Children::Multipart(parts) = &part.children {
        for child in parts {
            write(message, child, form, out);
        }
        out.put_u8(b' ');
        upper(&part.media_type.1, out);
        if form == Form::Extended {
            out.put_u8(b' ');
            parameters(&part.content_type, out);
            disposition_language_location(part.header_of(message), out);
        }
    } else {
        single(message, part, form, out);
    }
    out.put_u8(b')');
}

fn single(message: &[u8], part: &Part, form: Form, out: &mut BytesMut) {
    let header = part.header_of(message);
    let body = part.body_of(message);
    let optional = |name: &str, out: &mut BytesMut| {
        response::nstring(find_field(header, name).as_deref(), out);
        out.put_u8(b' ');
    };
    let (kind, subtype) = (&part.media_type.0, &part.media_type.1);
    upper(kind, out);
    out.put_u8(b' ');
    upper(subtype, out);
    out.put_u8(b' ');
    if kind == "text" && part.content_type.find("charset").is_none() {
        // The default charset is reported as if it were written (RFC 2045 §5.2).
        let mut with_charset = part.content_type.clone();
        with_charset
            .parameters
            .push((b"charset".to_vec(), b"us-ascii".to_vec()));
        parameters(&with_charset, out);
    } else {
        parameters(&part.content_type, out);
    }
    out.put_u8(b' ');
    optional("Content-ID", out);
    optional("Content-Description", out);
    let encoding = find_field(header, "Content-Transfer-Encoding").filter(|text| !text.is_empty());
    response::string(
        &encoding.map_or_else(|| b"7BIT".to_vec(), |text| text.to_ascii_uppercase()),
        out,
    );
    out.put_slice(format!(" {}", body.len()).as_bytes());

    let lines = memchr::memchr_iter(b'\n', body).count();
    if let Children::Message(inner) = &part.children {
        out.put_u8(b' ');
        envelope::write(inner.header_of(message), out);
        out.put_u8(b' ');
        write(message, inner, form, out);
        out.put_slice(format!(" {lines}").as_bytes());
    } else if kind == "text" {
        out.put_slice(format!(" {lines}").as_bytes());
    }
    if form == Form::Extended {
        out.put_u8(b' ');
        response::nstring(find_field(header, "Content-MD5").as_deref(), out);
        disposition_language_location(header, out);
    }
}

fn disposition_language_location(header: &[u8], out: &mut BytesMut) {
    out.put_u8(b' ');
    match find_field(header, "Content-Disposition").map(|value| Parameters::parse(&value)) {
        Some(disposition) if !disposition.value.is_empty() => {
            out.put_u8(b'(');
            response::string(&disposition.value.to_ascii_uppercase(), out);
            out.put_u8(b' ');
            parameters(&disposition, out);
            out.put_u8(b')');
        }
        _ => out.put_slice(b"NIL"),
    }
    for name in ["Content-Language", "Content-Location"] {
        out.put_u8(b' ');
        response::nstring(find_field(header, name).as_deref(), out);
    }
}

fn parameters(value: &Parameters, out: &mut BytesMut) {
    if value.parameters.is_empty() {
        out.put_slice(b"NIL");
        return;
    }
    for (at, (name, text)) in value.parameters.iter().enumerate() {
        out.put_u8(if at == 0 { b'(' } else { b' ' });
        response::string(&name.to_ascii_uppercase(), out);
        out.put_u8(b' ');
        response::string(text, out);
    }
    out.put_u8(b')');
}

fn upper(text: &str, out: &mut BytesMut) {
    response::string(text.to_ascii_uppercase().as_bytes(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &str, form: Form) -> String {
        let mut out = BytesMut::new();
        write(
            message.as_bytes(),
            &Part::parse(message.as_bytes()),
            form,
            &mut out,
        );
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_plain_message_has_the_defaults_of_mime() {
        assert_eq!(
            written("Subject: s\r\n\r\none\r\ntwo\r\n", Form::Basic),
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 10 2)"
        );
    }

    #[test]
    fn multipart_parameters_and_disposition_are_in_the_extended_form_only() {
        let message = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nhi\r\n--a\r\n\
            Content-Type: image/png; name=x.png\r\nContent-ID: <c@d>\r\nContent-Transfer-Encoding: base64\r\n\
            Content-Disposition: attachment; filename=\"x y.png\"\r\n\r\nAAAA\r\n--a--\r\n";
        assert_eq!(
            written(message, Form::Basic),
            "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 2 0)\
             (\"IMAGE\" \"PNG\" (\"NAME\" \"x.png\") \"<c@d>\" NIL \"BASE64\" 4) \"MIXED\")"
        );
        assert_eq!(
            written(message, Form::Extended),
            "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 2 0 NIL NIL NIL NIL)\
             (\"IMAGE\" \"PNG\" (\"NAME\" \"x.png\") \"<c@d>\" NIL \"BASE64\" 4 NIL (\"ATTACHMENT\" (\"FILENAME\" \"x y.png\")) NIL NIL) \
             \"MIXED\" (\"BOUNDARY\" \"a\") NIL NIL NIL)"
        );
    }

    #[test]
    fn nested_message_includes_envelope_body_and_lines() {
        let message = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n";
        assert_eq!(
            written(message, Form::Basic),
            "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 18 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 3 1) 3)"
        );
    }
}
