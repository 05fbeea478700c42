//! The account's user name and password, and the SASL exchanges that carry them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{ADDRESS, PASSWORD};

/// Returns whether `user` (the address or its local part, in any case) and `password` are correct.
pub(crate) fn is_valid(user: &[u8], password: &[u8]) -> bool {
    let local_part = ADDRESS.split('@').next().unwrap_or(ADDRESS);
    let is_known_user = [ADDRESS, local_part]
        .iter()
        .any(|name| user.eq_ignore_ascii_case(name.as_bytes()));
    is_known_user && password == PASSWORD.as_bytes()
}

/// The result of a SASL message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    WrongCredentials,
    /// The message is not base64, or does not have the form of the mechanism.
    Malformed,
}

/// Checks the message of `PLAIN` (RFC 4616 §2): `authzid NUL authcid NUL password`, in base64.
///
/// An authorisation identity other than the account itself is refused.
pub(crate) fn plain(message_base64: &[u8]) -> Outcome {
    let Some(message) = from_base64(message_base64) else {
        return Outcome::Malformed;
    };
    let mut fields = message.split(|&octet| octet == 0);
    let (Some(authzid), Some(user), Some(password), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Outcome::Malformed;
    };
    let is_own_identity = authzid.is_empty() || is_valid(authzid, PASSWORD.as_bytes());
    if is_own_identity && is_valid(user, password) {
        Outcome::Accepted
    } else {
        Outcome::WrongCredentials
    }
}

/// Decodes one base64 SASL message; `=` alone is the empty message (RFC 4954 §4, RFC 4959 §3).
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    if text == b"=" {
        Some(Vec::new())
    } else {
        STANDARD.decode(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_accepts_the_address_or_its_local_part() {
        for message in [
            "\0demo@restante.test\0demo",
            "\0demo\0demo",
            "demo\0DEMO\0demo",
        ] {
            assert_eq!(
                plain(STANDARD.encode(message).as_bytes()),
                Outcome::Accepted,
                "{message:?}"
            );
        }
    }

    #[test]
    fn plain_with_a_wrong_password_or_another_identity_is_refused() {
        for message in [
            "\0demo\0Demo",
            "\0demo\0",
            "\0other\0demo",
            "root\0demo\0demo",
        ] {
            assert_eq!(
                plain(STANDARD.encode(message).as_bytes()),
                Outcome::WrongCredentials,
                "{message:?}"
            );
        }
    }

    #[test]
    fn plain_of_the_wrong_shape_is_malformed() {
        assert_eq!(plain(b"not base64"), Outcome::Malformed);
        for message in ["demo", "\0demo", "\0demo\0demo\0demo"] {
            assert_eq!(
                plain(STANDARD.encode(message).as_bytes()),
                Outcome::Malformed,
                "{message:?}"
            );
        }
    }
}
