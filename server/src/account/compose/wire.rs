//! The octets that may stand in a message, by its addresses and by what its outgoing server takes.

use mail_mime::address::InvalidAddress;
use mail_mime::compose::{OutgoingMessage, Wire};

use super::field_of;
use crate::account::error::{AccountError, InvalidField};
use crate::clients::smtp::SubmissionServer;

/// Returns how a message to be sent is written: in ASCII, unless an address has a local part that
/// is not ASCII. Such a message needs SMTPUTF8 (RFC 6531); a local part is never changed.
///
/// If it is not known yet what the server takes, the message is queued, and is not sent to a server
/// without SMTPUTF8.
///
/// # Errors
/// [`AccountError::Invalid`] at the field of an address that the server is known not to take, or
/// of a `Reply-To` that alone would need SMTPUTF8: the envelope would not show the need.
pub(super) fn wire_for(
    outgoing: &OutgoingMessage,
    server: Option<SubmissionServer>,
) -> Result<Wire, AccountError> {
    let Some((field, mailbox)) = outgoing.first_utf8_mailbox() else {
        return Ok(Wire::SevenBit);
    };
    if field != "Reply-To" && server.is_none_or(|server| server.has_utf8) {
        return Ok(Wire::Utf8);
    }
    Err(AccountError::Invalid {
        field: field_of(field),
        problem: InvalidField::Address {
            text: mailbox.address.clone(),
            why: InvalidAddress::LocalPartNotAscii,
        },
    })
}

/// Returns how a draft is written: in ASCII if its author can be, since a mailbox may not take
/// UTF-8 fields (RFC 6855). Other recipients than those of its fields are in its own data.
pub(super) fn wire_for_draft(outgoing: &OutgoingMessage) -> Wire {
    match outgoing.first_utf8_mailbox() {
        Some(("From", _)) => Wire::Utf8,
        _ => Wire::SevenBit,
    }
}

#[cfg(test)]
mod tests {
    use mail_mime::address::EmailAddress;
    use mail_mime::date::Date;

    use super::*;

    fn message(from: &str, to: &str) -> OutgoingMessage {
        let date = Date {
            unix_ms: 0,
            offset_minutes: 0,
        };
        let from = EmailAddress::new("", from);
        OutgoingMessage {
            to: vec![EmailAddress::new("", to)],
            ..OutgoingMessage::new(from, "1@a.example".to_owned(), date)
        }
    }

    fn server(has_utf8: bool) -> SubmissionServer {
        SubmissionServer {
            size_max_bytes: None,
            has_notices: true,
            has_required_tls: true,
            has_utf8,
        }
    }

    fn refused_field(outgoing: &OutgoingMessage, server: Option<SubmissionServer>) -> &'static str {
        match wire_for(outgoing, server) {
            Err(AccountError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn message_is_ascii_unless_a_local_part_is_not() {
        let plain = message("ann@a.example", "ben@例子.测试");
        assert_eq!(
            wire_for(&plain, Some(server(true))).unwrap(),
            Wire::SevenBit
        );
        assert_eq!(
            wire_for(&plain, Some(server(false))).unwrap(),
            Wire::SevenBit
        );
        let utf8 = message("ann@a.example", "张三@a.example");
        assert_eq!(wire_for(&utf8, Some(server(true))).unwrap(), Wire::Utf8);
        assert_eq!(wire_for(&utf8, None).unwrap(), Wire::Utf8);
    }

    #[test]
    fn address_that_the_server_does_not_take_is_refused_at_its_field() {
        let without = Some(server(false));
        let to = message("ann@a.example", "张三@a.example");
        assert_eq!(refused_field(&to, without), "to");
        let from = message("änn@a.example", "张三@a.example");
        assert_eq!(refused_field(&from, without), "from");
        let bcc = OutgoingMessage {
            bcc: vec![EmailAddress::new("", "josé@a.example")],
            ..message("ann@a.example", "ben@a.example")
        };
        assert_eq!(refused_field(&bcc, without), "bcc");
    }

    #[test]
    fn answers_alone_do_not_make_a_message_utf8() {
        let reply_to = OutgoingMessage {
            reply_to: vec![EmailAddress::new("", "josé@a.example")],
            ..message("ann@a.example", "ben@a.example")
        };
        assert_eq!(refused_field(&reply_to, Some(server(true))), "from");
    }

    #[test]
    fn draft_is_utf8_only_if_its_author_is() {
        assert_eq!(
            wire_for_draft(&message("ann@a.example", "张三@a.example")),
            Wire::SevenBit
        );
        assert_eq!(
            wire_for_draft(&message("änn@a.example", "ben@a.example")),
            Wire::Utf8
        );
    }
}
