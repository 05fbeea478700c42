//! The block of fields that a redirected message begins with (RFC 5322 §3.6.6).

use super::fields::{self, Fields};
use super::folding::raw;
use super::mailbox::Mailbox;
use super::{ComposeError, Wire};
use crate::address::EmailAddress;
use crate::date::Date;

/// Returns the `Resent-` fields that precede the unchanged header of an existing message.
///
/// `message_id` is the id of this transmission, without brackets. The fields are ASCII.
///
/// # Errors
/// A mailbox or the id is invalid, or there is no recipient. The field in the error is "From", "To"
/// or "Cc".
pub fn resent_fields(
    from: &EmailAddress,
    to: &[EmailAddress],
    cc: &[EmailAddress],
    message_id: &str,
    date: Date,
) -> Result<Vec<u8>, ComposeError> {
    let checked = |field, list: &[EmailAddress]| -> Result<Vec<Mailbox>, ComposeError> {
        list.iter()
            .map(|mailbox| Mailbox::of(field, mailbox, Wire::SevenBit))
            .collect()
    };
    let from = checked("From", std::slice::from_ref(from))?;
    let (to, cc) = (checked("To", to)?, checked("Cc", cc)?);
    if to.is_empty() && cc.is_empty() {
        return Err(ComposeError::NoRecipient);
    }
    let mut out: Fields = vec![("Resent-Date", raw(date.to_string()))];
    fields::mailboxes(&mut out, "Resent-From", &from, Wire::SevenBit);
    fields::mailboxes(&mut out, "Resent-To", &to, Wire::SevenBit);
    fields::mailboxes(&mut out, "Resent-Cc", &cc, Wire::SevenBit);
    out.push(("Resent-Message-ID", fields::own_id(message_id)?));
    Ok(fields::block(out))
}
