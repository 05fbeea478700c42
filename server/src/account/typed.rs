//! Checks of what a user typed into a field.

use mail_mime::address::{self, Address, EmailAddress, InvalidAddress};

use super::error::{AccountError, InvalidField};

/// Maximum number of recipients of one message.
pub(crate) const RECIPIENTS_MAX: usize = 100;
/// Maximum length of a typed text in an error, in characters.
const SHOWN_CHARACTERS: usize = 100;

/// Returns the mailboxes of a field.
///
/// # Errors
/// [`AccountError::Invalid`] for a text that is none, or too many.
pub(crate) fn mailboxes(
    field: &'static str,
    text: &str,
) -> Result<Vec<EmailAddress>, AccountError> {
    address::parse_typed(text).map_err(|error| AccountError::Invalid {
        field,
        problem: match error.why {
            InvalidAddress::TooMany => InvalidField::TooManyRecipients {
                max: RECIPIENTS_MAX,
            },
            why => InvalidField::Address {
                text: error.text,
                why,
            },
        },
    })
}

/// Returns the one address of a field, without a name. Its local part may be UTF-8.
///
/// # Errors
/// [`AccountError::Invalid`] for any other text.
pub(crate) fn address(field: &'static str, text: &str) -> Result<Address, AccountError> {
    Address::parse_utf8(text).map_err(|why| AccountError::Invalid {
        field,
        problem: InvalidField::Address {
            text: text.chars().take(SHOWN_CHARACTERS).collect(),
            why,
        },
    })
}

/// Checks the length of a text.
///
/// # Errors
/// [`AccountError::Invalid`] if it is over the limit.
pub(crate) fn length(
    field: &'static str,
    text: &str,
    max_bytes: usize,
) -> Result<(), AccountError> {
    if text.len() <= max_bytes {
        return Ok(());
    }
    Err(AccountError::Invalid {
        field,
        problem: InvalidField::TextTooLong { max_bytes },
    })
}
