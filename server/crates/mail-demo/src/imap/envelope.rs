//! `ENVELOPE` (RFC 3501 §7.4.2).

use bytes::{BufMut, BytesMut};

use super::response;
use crate::message::{Address, addresses, find_field};

/// Writes the envelope of a message from its header.
pub(crate) fn write(header: &[u8], out: &mut BytesMut) {
    let text = |name: &str, out: &mut BytesMut| {
        response::nstring(find_field(header, name).as_deref(), out);
        out.put_u8(b' ');
    };
    let list = |name: &str| addresses(&find_field(header, name).unwrap_or_default());
    out.put_u8(b'(');
    text("Date", out);
    text("Subject", out);
    let from = list("From");
    // An absent or empty Sender or Reply-To defaults to From (§7.4.2).
    let or_from = |found: Vec<Address>| {
        if found.is_empty() {
            from.clone()
        } else {
            found
        }
    };
    let lists = [
        from.clone(),
        or_from(list("Sender")),
        or_from(list("Reply-To")),
        list("To"),
        list("Cc"),
        list("Bcc"),
    ];
    for found in lists {
        address_list(&found, out);
        out.put_u8(b' ');
    }
    text("In-Reply-To", out);
    response::nstring(find_field(header, "Message-ID").as_deref(), out);
    out.put_u8(b')');
}

fn address_list(list: &[Address], out: &mut BytesMut) {
    if list.is_empty() {
        out.put_slice(b"NIL");
        return;
    }
    out.put_u8(b'(');
    for address in list {
        let (name, mailbox, host) = match address {
            Address::Mailbox {
                name,
                local_part,
                domain,
            } => (
                name.as_deref(),
                Some(local_part.as_slice()),
                Some(domain.as_slice()),
            ),
            Address::GroupStart(name) => (None, Some(name.as_slice()), None),
            Address::GroupEnd => (None, None, None),
        };
        out.put_u8(b'(');
        response::nstring(name, out);
        out.put_slice(b" NIL ");
        response::nstring(mailbox, out);
        out.put_u8(b' ');
        response::nstring(host, out);
        out.put_u8(b')');
    }
    out.put_u8(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(header: &str) -> String {
        let mut out = BytesMut::new();
        write(header.as_bytes(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn rfc3501_8_example() {
        let header = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n";
        let gray = "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))";
        let expected = format!(
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" {gray} {gray} {gray} \
             ((NIL NIL \"imap\" \"cac.washington.edu\")) \
             ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
             NIL NIL \"<B27397-0100000@cac.washington.edu>\")"
        );
        assert_eq!(written(header), expected);
    }

    #[test]
    fn a_header_with_nothing_in_it_is_all_nil() {
        assert_eq!(written(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    }

    #[test]
    fn group_addresses_have_nil_hosts() {
        let envelope = written("To: Team: a@b.c;\r\n\r\n");
        assert!(
            envelope.contains("((NIL NIL \"Team\" NIL)(NIL NIL \"a\" \"b.c\")(NIL NIL NIL NIL))"),
            "{envelope}"
        );
    }
}
