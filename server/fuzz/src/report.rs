//! Delivery reports, read receipts and text bounces: bounded, of clean texts, alike in LF and CRLF.

use mail_mime::report::{
    DeliveryReport, RECIPIENTS_MAX, parse_delivery_status, parse_disposition, parse_text_bounce,
    returned_message_id,
};

/// Parses the bytes as each kind of part.
pub(crate) fn run(data: &[u8]) {
    check(&parse_delivery_status(data));
    let receipt = parse_disposition(data);
    if let Some(disposition) = receipt.disposition {
        assert!(disposition.modifiers.len() <= 10);
        assert!(disposition.modifiers.iter().all(|text| is_line(text)));
    }
    if let Some(id) = returned_message_id(data) {
        assert!(id.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    let text = String::from_utf8_lossy(data);
    if let Some(bounce) = parse_text_bounce(&text) {
        assert!(bounce.report.is_guessed && !bounce.report.recipients.is_empty());
        check(&bounce.report);
        for recipient in &bounce.report.recipients {
            let address = recipient.address().expect("an address in the text");
            // A hidden character in it was replaced.
            let is_in_text = text.contains(&address.address);
            assert!(is_in_text || address.had_hidden_characters, "made up");
        }
    }

    let lf = text.replace('\r', "");
    let crlf = lf.replace('\n', "\r\n");
    // A longer part is cut, and at other lines.
    if crlf.len() <= 100_000 {
        let both = [&lf, &crlf].map(|part| {
            (
                parse_delivery_status(part.as_bytes()),
                parse_disposition(part.as_bytes()),
                parse_text_bounce(part),
            )
        });
        assert_eq!(both[0], both[1]);
    }
}

fn check(report: &DeliveryReport) {
    assert!(report.recipients.len() <= RECIPIENTS_MAX);
    for recipient in &report.recipients {
        let diagnostic = recipient.diagnostic.iter().map(|one| &one.text);
        for text in diagnostic.chain(&recipient.remote_mta) {
            assert!(text.len() <= 2_000 && is_line(text), "{text:?}");
        }
        for address in [&recipient.final_recipient, &recipient.original_recipient] {
            let is_clean = |text: &str| !text.contains(char::is_control);
            assert!(address.as_ref().is_none_or(|one| is_clean(&one.address)));
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}
