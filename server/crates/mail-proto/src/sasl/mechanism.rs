//! The SASL mechanisms and their order of preference.

use alloc::vec::Vec;
use core::fmt;

use super::credentials::SignIn;

/// A SASL mechanism that this crate supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// SCRAM-SHA-256 bound to the TLS connection (RFC 7677).
    ScramSha256Plus,
    /// SCRAM-SHA-1 bound to the TLS connection (RFC 5802).
    ScramSha1Plus,
    /// SCRAM-SHA-256 (RFC 7677): the password is not sent, and the server proves that it knows it.
    ScramSha256,
    /// SCRAM-SHA-1 (RFC 5802).
    ScramSha1,
    /// OAUTHBEARER (RFC 7628): an access token.
    OAuthBearer,
    /// XOAUTH2: the older form of OAUTHBEARER.
    XOAuth2,
    /// PLAIN (RFC 4616): user name and password in one message.
    Plain,
    /// LOGIN: user name and password in two messages. Never standardised, widely needed.
    Login,
    /// CRAM-MD5 (RFC 2195): a digest of the password.
    CramMd5,
}

/// The mechanisms with TLS, best first; those that do not send the password are preferred.
/// CRAM-MD5 is last although it does not send the password: a server can support it only if it
/// stores passwords in clear, so beside other mechanisms it is probably a leftover that fails.
const OVER_TLS: [Mechanism; 9] = [
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::OAuthBearer,
    Mechanism::XOAuth2,
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::CramMd5,
];

/// The mechanisms without TLS, best first, if the operator allows plaintext sign-in.
const WITHOUT_TLS: [Mechanism; 7] = [
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::OAuthBearer,
    Mechanism::XOAuth2,
    Mechanism::Plain,
    Mechanism::Login,
];

impl Mechanism {
    /// Returns its registered name.
    ///
    /// ```abnf
    /// sasl-mech = 1*20mech-char
    /// mech-char = UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE
    /// ```
    /// RFC 4422 §3.1.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
        }
    }

    /// Returns the usable ones of the offered mechanisms, best first. Letter case is ignored.
    pub fn ranked<'a>(
        offered: impl IntoIterator<Item = &'a str>,
        sign_in: &SignIn,
        is_tls: bool,
    ) -> Vec<Self> {
        let offered: Vec<_> = offered.into_iter().collect();
        let is_offered = |mechanism: &Self| {
            let mut names = offered.iter();
            names.any(|name| name.eq_ignore_ascii_case(mechanism.name()))
        };
        let ranks: &[Self] = if is_tls { &OVER_TLS } else { &WITHOUT_TLS };
        let usable = ranks.iter().filter(|mechanism| mechanism.can_use(sign_in));
        usable.copied().filter(is_offered).collect()
    }

    fn can_use(self, sign_in: &SignIn) -> bool {
        let has_password = sign_in.credentials.password().is_some();
        match self {
            Self::ScramSha256Plus | Self::ScramSha1Plus => {
                has_password && sign_in.nonce.is_some() && sign_in.channel_binding.is_some()
            }
            Self::ScramSha256 | Self::ScramSha1 => has_password && sign_in.nonce.is_some(),
            Self::OAuthBearer | Self::XOAuth2 => !has_password,
            Self::Plain | Self::Login | Self::CramMd5 => has_password,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::sasl::{ChannelBinding, Credentials, Nonce};

    fn password() -> SignIn {
        SignIn {
            credentials: Credentials::new("ann", Secret::new("hunter2")).unwrap(),
            nonce: Some(Nonce::from_entropy([7; 18])),
            channel_binding: Some(ChannelBinding::TlsExporter([1; 32])),
        }
    }

    fn names(offered: &str, sign_in: &SignIn, is_tls: bool) -> Vec<&'static str> {
        let ranked = Mechanism::ranked(offered.split(' '), sign_in, is_tls);
        ranked.into_iter().map(Mechanism::name).collect()
    }

    // docs/protocols.md, SMTP: AUTH
    // docs/protocols.md, Signing in, TLS and the transcript: choice of a mechanism
    #[test]
    fn the_best_that_is_offered_comes_first_in_any_order_and_case() {
        let all = "LOGIN cram-md5 plain Scram-Sha-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS GSSAPI NTLM";
        assert_eq!(
            names(all, &password(), true),
            [
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-256",
                "SCRAM-SHA-1",
                "PLAIN",
                "LOGIN",
                "CRAM-MD5"
            ]
        );
        assert_eq!(
            names("GSSAPI NTLM XOAUTH2", &password(), true),
            [""; 0],
            "a password is no token"
        );
    }

    #[test]
    fn without_tls_the_password_is_shown_last() {
        assert_eq!(
            names(
                "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS",
                &password(),
                false
            ),
            ["SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]
        );
    }

    #[test]
    fn a_token_uses_the_oauth_mechanisms_only() {
        let credentials = Credentials::with_token("ann", Secret::new("ya29")).unwrap();
        let sign_in = SignIn {
            credentials,
            ..password()
        };
        let offered = "PLAIN LOGIN XOAUTH2 OAUTHBEARER SCRAM-SHA-256";
        assert_eq!(names(offered, &sign_in, true), ["OAUTHBEARER", "XOAUTH2"]);
    }

    #[test]
    fn scram_needs_a_nonce_and_plus_a_channel_binding() {
        let offered = "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
        let unbound = SignIn {
            channel_binding: None,
            ..password()
        };
        assert_eq!(names(offered, &unbound, true), ["SCRAM-SHA-256", "PLAIN"]);
        let bare = SignIn::from(password().credentials);
        assert_eq!(names(offered, &bare, true), ["PLAIN"]);
    }
}
