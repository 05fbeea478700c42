//! Sign-in by SASL (RFC 4422): the PLAIN mechanism (RFC 4616) and the older LOGIN.
//!
//! What is made here holds a password. It is zeroed when dropped, also after it was handed out as
//! [`Bytes`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::Secret;

/// A user name and its password, fit to be sent.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    /// Takes a user name and its password.
    ///
    /// # Errors
    /// One of them is empty, or holds CR, LF or NUL: no protocol could carry it, and it could be
    /// read as another command.
    pub fn new(user: impl Into<String>, password: Secret) -> Result<Self, InvalidCredentials> {
        let user = user.into();
        if !is_fit(&user) {
            return Err(InvalidCredentials::User);
        }
        if !is_fit(password.expose()) {
            return Err(InvalidCredentials::Password);
        }
        Ok(Self { user, password })
    }

    /// Returns the user name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password.
    pub const fn password(&self) -> &Secret {
        &self.password
    }
}

fn is_fit(text: &str) -> bool {
    !text.is_empty() && !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Which part of the credentials cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// The user name is empty or holds a line end or NUL.
    #[error("the user name is empty or holds a line end or NUL")]
    User,
    /// The password is empty or holds a line end or NUL.
    #[error("the password is empty or holds a line end or NUL")]
    Password,
}

/// A way to sign in that this crate speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN (RFC 4616): user name and password in one answer.
    Plain,
    /// LOGIN: user name and password as two answers. Never standardised, widely needed.
    Login,
}

impl Mechanism {
    /// Picks the best of the offered mechanisms: PLAIN, else LOGIN. Letter case is ignored.
    pub fn best<'a>(offered: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut best = None;
        for name in offered {
            if name.eq_ignore_ascii_case("PLAIN") {
                return Some(Self::Plain);
            }
            if name.eq_ignore_ascii_case("LOGIN") {
                best = Some(Self::Login);
            }
        }
        best
    }
}

/// Makes the one answer of PLAIN, in base64, without a line end: no authorisation identity, user
/// name, password (RFC 4616 §2).
pub fn plain_answer(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    let user = credentials.user.as_bytes();
    let password = credentials.password.expose().as_bytes();
    // The whole length at once: a vector that grows leaves copies behind.
    let length = user.len().saturating_add(password.len()).saturating_add(2);
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    message.push(0);
    message.extend_from_slice(user);
    message.push(0);
    message.extend_from_slice(password);
    encode(&message)
}

/// Makes the first answer of LOGIN, in base64, without a line end: the user name.
pub fn login_user(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    encode(credentials.user.as_bytes())
}

/// Makes the second answer of LOGIN, in base64, without a line end: the password.
pub fn login_password(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    encode(credentials.password.expose().as_bytes())
}

/// Joins `before`, a secret and CRLF into bytes that are zeroed when the last handle is dropped.
pub fn secret_line(before: &str, secret: &[u8]) -> Bytes {
    let length = before.len().saturating_add(secret.len()).saturating_add(2);
    let mut line = Zeroizing::new(Vec::with_capacity(length));
    line.extend_from_slice(before.as_bytes());
    line.extend_from_slice(secret);
    line.extend_from_slice(b"\r\n");
    Bytes::from_owner(line)
}

fn encode(message: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(STANDARD.encode(message).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn tim() -> Credentials {
        Credentials::new("tim", Secret::new("tanstaaftanstaaf")).unwrap()
    }

    #[test]
    fn rfc4616_4_example_without_authorisation_identity() {
        let message = STANDARD.decode(&*plain_answer(&tim())).unwrap();
        assert_eq!(message, b"\0tim\0tanstaaftanstaaf");
    }

    #[test]
    fn login_answers_are_the_two_names_in_base64() {
        assert_eq!(*login_user(&tim()), b"dGlt");
        assert_eq!(*login_password(&tim()), b"dGFuc3RhYWZ0YW5zdGFhZg==");
    }

    #[test]
    fn plain_is_preferred_to_login_in_any_order_and_case() {
        assert_eq!(Mechanism::best(["LOGIN", "plain"]), Some(Mechanism::Plain));
        assert_eq!(
            Mechanism::best(["CRAM-MD5", "Login"]),
            Some(Mechanism::Login)
        );
        assert_eq!(Mechanism::best(["GSSAPI", "XOAUTH2"]), None);
    }

    #[test]
    fn credentials_that_could_be_another_command_are_refused() {
        let refused = |user: &str, password: &str| {
            Credentials::new(user, Secret::new(password))
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(refused("a\r\nDELE 1", "x"), InvalidCredentials::User);
        assert_eq!(refused("a\0b", "x"), InvalidCredentials::User);
        assert_eq!(refused("", "x"), InvalidCredentials::User);
        assert_eq!(refused("a", "x\ny"), InvalidCredentials::Password);
        assert_eq!(refused("a", ""), InvalidCredentials::Password);
    }

    #[test]
    fn debug_of_credentials_shows_no_password() {
        assert!(!format!("{:?}", tim()).contains("tanstaaf"));
    }
}
