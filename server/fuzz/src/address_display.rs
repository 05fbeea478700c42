//! Addresses for display: what is shown leads to the same address, and nothing hidden is in it.

use mail_mime::address::{EmailAddress, parse_received};
use mail_mime::header::Headers;
use mail_mime::spoofing::{Sign, author_signs, looks_like, shown_address, shown_domain, signs};

/// Parses the bytes as the value of a From field, as a name and an address on two lines, and as two
/// domains.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, rest) = text.split_once('\n').unwrap_or(("", &text));
    check(&EmailAddress::new(first, rest));
    for mailbox in parse_received(&text) {
        check(&mailbox);
    }

    for domain in [first, rest] {
        assert!(!looks_like(domain, domain), "{domain:?} is not itself");
    }
    assert_eq!(looks_like(first, rest), looks_like(rest, first));

    let header = format!("From: {}\r\n", text.replace(['\r', '\n'], " "));
    if let Ok(headers) = Headers::parse(header.as_bytes()) {
        assert!(author_signs(&headers).is_sorted());
    }
}

/// Asserts what holds for any mailbox.
fn check(mailbox: &EmailAddress) {
    let found = signs(mailbox);
    assert!(
        found.is_sorted_by(|one, next| one < next),
        "{found:?} is not a set in order"
    );
    let shown = shown_address(mailbox);
    assert!(!shown.contains(is_hidden), "{shown:?}");
    let Ok(address) = mailbox.envelope() else {
        assert!(mailbox.address.is_empty() || found.contains(&Sign::InvalidAddress));
        return;
    };
    if !shown.is_ascii() {
        assert!(!found.contains(&Sign::LookAlikeLocalPart));
    }
    let again = EmailAddress::new("", &shown).envelope();
    let again = again.expect("what is shown is an address");
    assert_eq!(again.local(), address.local());
    assert_eq!(shown_domain(again.domain()), shown_domain(address.domain()));
    let deceives = [Sign::MixedScripts, Sign::LookAlikeDomain];
    if deceives.iter().any(|sign| found.contains(sign)) {
        let domain = shown_domain(address.domain());
        assert!(domain.contains("xn--"), "{domain} deceives");
    }
}

/// Whether a character is invisible or changes the direction of others.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
