//! Addresses, typed and received: no address is invented, and formatted text parses again.

use mail_mime::address::{Address, entries, format_typed, parse_received, parse_typed};
use mail_mime::header::Headers;
use mail_mime::quote::reply_recipients;

/// Parses the bytes as typed text, as one address, and as a header field.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(address) = Address::parse(&text) {
        check(&address);
        assert_eq!(Address::parse(address.as_str()), Ok(address));
    }

    let typed_len = entries(&text).map(|entry| entry.text.len()).sum::<usize>();
    assert!(typed_len <= text.len(), "entries hold more than was typed");
    if let Ok(mailboxes) = parse_typed(&text) {
        for mailbox in &mailboxes {
            assert!(text.contains(&mailbox.address), "an address was made up");
            let address = mailbox.envelope().expect("a typed address is valid");
            check(&address);
            if mailbox.address.is_ascii() {
                assert_eq!(address.as_str(), mailbox.address, "an address was changed");
            }
        }
        assert_eq!(
            parse_typed(&format_typed(&mailboxes)),
            Ok(mailboxes),
            "not read as written"
        );
    }

    for mailbox in parse_received(&text) {
        if let Ok(address) = mailbox.envelope() {
            check(&address);
            let mut rest = text.chars();
            let is_in_text = mailbox
                .address
                .chars()
                .all(|c| rest.any(|other| other == c));
            assert!(is_in_text, "an address was made up");
        }
    }

    let line = text.replace(['\r', '\n'], " ");
    let header = format!("From: f@x.example\r\nReply-To: {line}\r\n");
    let Ok(headers) = Headers::parse(header.as_bytes()) else {
        return;
    };
    let mut shown = headers.reply_to();
    shown.extend(headers.from());
    let reply = reply_recipients(&headers, &[], true);
    let reply = parse_typed(&format_typed(&reply.to)).expect("an answer can be sent");
    for mailbox in reply {
        let is_shown = shown.iter().any(|other| other.address == mailbox.address);
        assert!(is_shown, "an answer to an address that is not shown");
    }
}

/// Asserts that an SMTP command can hold the address.
fn check(address: &Address) {
    let text = address.as_str();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!text.contains(['<', '>']));
    assert!(text.len() <= 254 && address.local().len() <= 64);
    assert!(!address.local().is_empty() && !address.domain().is_empty());
}
