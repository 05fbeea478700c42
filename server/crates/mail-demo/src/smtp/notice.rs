//! Delivery status notifications for senders that request them (RFC 3461 §6.2.6, RFC 3464).

use super::transaction::{Recipient, Transaction};
use crate::{DOMAIN, clock};

/// Builds the notification for the recipients that request one. Returns `None` if there are none,
/// or if the sender is empty or not at [`DOMAIN`].
pub(super) fn of_delivery(
    transaction: &Transaction,
    text: &[u8],
    now_unix_ms: i64,
) -> Option<String> {
    let recipients = transaction.recipients.iter();
    let notified: Vec<&Recipient> = recipients
        .filter(|to| to.parameters.notifies_of_success)
        .collect();
    // The demo relays no mail, and `<>` never receives a notification (RFC 5321 §4.5.5).
    let (_, domain) = transaction.sender.rsplit_once('@')?;
    if notified.is_empty() || !domain.eq_ignore_ascii_case(DOMAIN) {
        return None;
    }
    let mut status = String::new();
    if let Some(id) = &transaction.parameters.envelope_id {
        status.push_str(&format!("Original-Envelope-Id: {id}\r\n"));
    }
    status.push_str(&format!("Reporting-MTA: dns; {DOMAIN}\r\n"));
    for to in &notified {
        status.push_str("\r\n");
        if let Some((kind, address)) = to
            .parameters
            .original
            .as_deref()
            .and_then(|o| o.split_once(';'))
        {
            status.push_str(&format!("Original-Recipient: {kind}; {address}\r\n"));
        }
        let address = &to.address;
        let kind = if address.is_ascii() {
            "rfc822"
        } else {
            "utf-8"
        };
        status.push_str(&format!(
            "Final-Recipient: {kind}; {address}\r\nAction: delivered\r\nStatus: 2.1.5\r\n"
        ));
    }
    let names: Vec<&str> = notified.iter().map(|to| to.address.as_str()).collect();
    let names = names.join(", ");
    let id = format!("{now_unix_ms:x}");
    let boundary = format!("=_notice_{id}");
    let header = String::from_utf8_lossy(header_of(text));
    // RFC 6533 §4.
    let kind = if status.is_ascii() {
        "message/delivery-status"
    } else {
        "message/global-delivery-status"
    };
    Some(format!(
        "From: Mail Delivery System <MAILER-DAEMON@{DOMAIN}>\r\nTo: <{}>\r\n\
         Subject: Delivered: your message\r\nDate: {}\r\nMessage-ID: <notice.{id}@{DOMAIN}>\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nYour message was delivered to {names}.\r\n\
         --{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{status}\
         --{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--{boundary}--\r\n",
        transaction.sender,
        clock::rfc5322(now_unix_ms),
    ))
}

fn header_of(text: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(text, b"\r\n\r\n").map(|at| at + 2);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
