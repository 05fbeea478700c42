//! Authentication-Results: whatever the sender writes, the result of the own server stays.

use mail_mime::auth_results::{AuthResults, Authentication, verdict};
use mail_mime::header::Headers;

/// The results that the own server wrote.
const OWN: &str = "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=example.net;\r\n \
    dkim=fail header.d=example.com; dmarc=fail header.from=example.com\r\n";
/// The hop from the sender to the own server.
const BORDER: &str = "Received: from x (x [192.0.2.1]) by mx.example.org with ESMTP; Sat, 21 Nov 2026 09:07:45 +0000\r\n";
/// A hop inside the own network.
const INSIDE: &str = "Received: from mx.example.org by box.example.org with LMTP; Sat\r\n";
/// A hop before the own server.
const FOREIGN: &str = "Received: from y (y [192.0.2.2]) by mx.example.net with ESMTP; Sat\r\n";

/// Parses the bytes as the value of a field, and as the header that a sender wrote.
pub(crate) fn run(data: &[u8]) {
    let results = AuthResults::parse(data);
    assert!(results.results.len() <= 50);
    for result in &results.results {
        assert!(result.properties.len() <= 20);
        for property in &result.properties {
            assert!(property.value.len() <= 3_000);
            assert!(!property.value.contains(char::is_control));
        }
    }

    let expected = outcomes(&[OWN, BORDER], b"").expect("results of the own server");
    for fields in [
        &[OWN, BORDER][..],
        &[BORDER, OWN],
        &[INSIDE, OWN, BORDER],
        &[INSIDE, BORDER, OWN],
        &[OWN, INSIDE, BORDER],
        &[OWN, BORDER, FOREIGN],
    ] {
        if let Some(outcomes) = outcomes(fields, data) {
            assert_eq!(outcomes, expected, "{fields:?}");
        }
    }
    assert_eq!(outcomes(&[BORDER, FOREIGN], data), None);
    assert_eq!(outcomes(&[FOREIGN], data), None);
}

/// Returns the verdict on the fields followed by what the sender wrote, without what depends on the
/// sender's From field; `None` also if the header is over a limit.
fn outcomes(fields: &[&str], sender: &[u8]) -> Option<Authentication> {
    // A folded line must not continue the field of the own server.
    let header = [fields.concat().as_bytes(), b"X: y\r\n", sender].concat();
    let headers = Headers::parse(&header).ok()?;
    let mut found = verdict(&headers, &|id| id == "mx.example.org")?;
    found.from_domain = None;
    found.is_aligned = false;
    Some(found)
}
