//! Credentials and the other inputs of a sign-in.

use alloc::string::String;
use core::fmt;

use super::channel_binding::ChannelBinding;
use super::nonce::Nonce;
use crate::Secret;

/// A user name and its password or access token, checked for characters that cannot be sent.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Password(Secret),
    Token(Secret),
}

impl Credentials {
    /// Takes a user name and its password.
    ///
    /// # Errors
    /// One of them is empty, or contains characters that no protocol can carry and that a server
    /// could read as another command: a control character in the name; CR, LF or NUL in the
    /// password.
    pub fn new(user: impl Into<String>, password: Secret) -> Result<Self, InvalidCredentials> {
        let user = check_user(user.into())?;
        let is_unfit = |byte: u8| matches!(byte, b'\r' | b'\n' | 0);
        if password.is_empty() || password.expose().bytes().any(is_unfit) {
            return Err(InvalidCredentials::Password);
        }
        let proof = Proof::Password(password);
        Ok(Self { user, proof })
    }

    /// Takes a user name and an OAuth 2.0 access token (RFC 6750 §2.1).
    ///
    /// # Errors
    /// One of them is empty, the name contains a control character, or the token contains anything
    /// but visible ASCII.
    pub fn with_token(user: impl Into<String>, token: Secret) -> Result<Self, InvalidCredentials> {
        let user = check_user(user.into())?;
        if token.is_empty() || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidCredentials::Token);
        }
        let proof = Proof::Token(token);
        Ok(Self { user, proof })
    }

    /// Returns the user name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password; `None` if the credentials are a token.
    pub const fn password(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Password(password) => Some(password),
            Proof::Token(_) => None,
        }
    }

    /// Returns the access token; `None` if the credentials are a password.
    pub const fn token(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Token(token) => Some(token),
            Proof::Password(_) => None,
        }
    }
}

fn check_user(user: String) -> Result<String, InvalidCredentials> {
    if user.is_empty() || user.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(InvalidCredentials::User);
    }
    Ok(user)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The part of the credentials that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// The user name is empty or holds a control character.
    #[error("the user name is empty or holds a control character")]
    User,
    /// The password is empty or holds a line end or NUL.
    #[error("the password is empty or holds a line end or NUL")]
    Password,
    /// The token is empty or contains anything but visible ASCII.
    #[error("the token is empty or holds a space, a control character or a letter beyond ASCII")]
    Token,
}

/// The inputs of one sign-in on one connection.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The user name and the password or token.
    pub credentials: Credentials,
    /// The client's nonce. Without one, the SCRAM mechanisms are not used.
    pub nonce: Option<Nonce>,
    /// The channel binding of this TLS connection, if it has one.
    pub channel_binding: Option<ChannelBinding>,
}

/// A sign-in without SCRAM: there is no nonce.
impl From<Credentials> for SignIn {
    fn from(credentials: Credentials) -> Self {
        Self {
            credentials,
            nonce: None,
            channel_binding: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn credentials_that_could_be_another_command_are_refused() {
        let refused = |user: &str, password: &str| {
            Credentials::new(user, Secret::new(password))
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(refused("a\r\nDELE 1", "x"), InvalidCredentials::User);
        assert_eq!(refused("a\0b", "x"), InvalidCredentials::User);
        assert_eq!(refused("a\u{1}auth=", "x"), InvalidCredentials::User);
        assert_eq!(refused("", "x"), InvalidCredentials::User);
        assert_eq!(refused("a", "x\ny"), InvalidCredentials::Password);
        assert_eq!(refused("a", ""), InvalidCredentials::Password);
    }

    #[test]
    fn a_token_that_could_end_its_field_is_refused() {
        for token in ["", "a b", "a\u{1}host=x", "ä", "a\r\n"] {
            let refused = Credentials::with_token("ann", Secret::new(token));
            assert_eq!(refused.unwrap_err(), InvalidCredentials::Token, "{token:?}");
        }
        assert!(Credentials::with_token("ann", Secret::new("ya29.a0-_~+/==")).is_ok());
    }

    #[test]
    fn debug_of_credentials_shows_no_password() {
        let credentials = Credentials::new("tim", Secret::new("tanstaaftanstaaf")).unwrap();
        let sign_in = SignIn::from(credentials);
        assert!(!format!("{sign_in:?}").contains("tanstaaf"));
    }
}
