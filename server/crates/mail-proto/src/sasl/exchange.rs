//! One exchange by one mechanism: raw messages without base64 and without a mail protocol.

use super::credentials::SignIn;
use super::error::SaslError;
use super::key_derivation::{DerivedKey, KeyDerivation};
use super::mechanism::Mechanism;
use super::scram::{Reaction, Scram};
use super::{Message, join, md5, oauth};

/// The state of an exchange, which determines the response to the next message of the server.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A mechanism of one message: PLAIN, OAUTHBEARER and XOAUTH2.
    OneMessage {
        message: Message,
        /// The response to a refusal that is sent as a challenge; `None` if the mechanism has none.
        to_refusal: Option<&'static [u8]>,
        has_left: bool,
    },
    Login {
        sign_in: SignIn,
        sent: u8,
    },
    CramMd5 {
        sign_in: SignIn,
        has_left: bool,
    },
    Scram(Scram),
}

/// The response to a message of the server.
#[derive(Debug)]
pub(super) enum Turn {
    ChallengeResponse(Message),
    DeriveKey(KeyDerivation),
    /// No message is left: the client cancels the exchange, and the server refuses the sign-in.
    Cancel,
}

impl Exchange {
    /// Begins an exchange by a mechanism that [`Mechanism::ranked`] named for this sign-in.
    ///
    /// ```abnf
    /// message = [authzid] UTF8NUL authcid UTF8NUL passwd ; PLAIN, without authzid
    /// ```
    /// RFC 4616 §2.
    pub(super) fn new(
        mechanism: Mechanism,
        sign_in: &SignIn,
        is_plus_offered: bool,
    ) -> Option<Self> {
        let credentials = &sign_in.credentials;
        let one_message = |message, to_refusal| Self::OneMessage {
            message,
            to_refusal,
            has_left: false,
        };
        Some(match mechanism {
            Mechanism::Plain => {
                let password = credentials.password()?.expose().as_bytes();
                // No authorisation identity (RFC 4616 §2).
                let user = credentials.user().as_bytes();
                one_message(join(&[b"\0", user, b"\0", password]), None)
            }
            // RFC 7628 §3.2.3
            Mechanism::OAuthBearer => one_message(oauth::oauthbearer(credentials), Some(b"\x01")),
            Mechanism::XOAuth2 => one_message(oauth::xoauth2(credentials), Some(b"")),
            Mechanism::Login => Self::Login {
                sign_in: sign_in.clone(),
                sent: 0,
            },
            Mechanism::CramMd5 => Self::CramMd5 {
                sign_in: sign_in.clone(),
                has_left: false,
            },
            Mechanism::ScramSha256Plus
            | Mechanism::ScramSha1Plus
            | Mechanism::ScramSha256
            | Mechanism::ScramSha1 => Self::Scram(Scram::new(mechanism, sign_in, is_plus_offered)?),
        })
    }

    /// Returns the initial response, if the mechanism has one.
    pub(super) fn initial(&mut self) -> Option<Message> {
        match self {
            Self::OneMessage {
                message, has_left, ..
            } => {
                *has_left = true;
                Some(message.clone())
            }
            Self::Scram(scram) => Some(scram.initial()),
            Self::Login { .. } | Self::CramMd5 { .. } => None,
        }
    }

    /// Handles a message of the server.
    pub(super) fn challenge(&mut self, message: &[u8]) -> Result<Turn, SaslError> {
        match self {
            Self::OneMessage { to_refusal, .. } => Ok(match to_refusal.take() {
                Some(answer) => Turn::ChallengeResponse(join(&[answer])),
                None => Turn::Cancel,
            }),
            Self::Login { sign_in, sent } => {
                *sent = sent.saturating_add(1);
                let credentials = &sign_in.credentials;
                Ok(match (*sent, credentials.password()) {
                    (1, _) => Turn::ChallengeResponse(join(&[credentials.user().as_bytes()])),
                    (2, Some(password)) => {
                        Turn::ChallengeResponse(join(&[password.expose().as_bytes()]))
                    }
                    _ => Turn::Cancel,
                })
            }
            Self::CramMd5 { has_left: true, .. } => Ok(Turn::Cancel),
            Self::CramMd5 { sign_in, has_left } => {
                *has_left = true;
                let answer = md5::cram_md5(&sign_in.credentials, message);
                Ok(answer.map_or(Turn::Cancel, Turn::ChallengeResponse))
            }
            Self::Scram(scram) => Ok(match scram.challenge(message)? {
                Reaction::ChallengeResponse(answer) => Turn::ChallengeResponse(answer),
                Reaction::DeriveKey(work) => Turn::DeriveKey(work),
            }),
        }
    }

    /// Takes the result of [`Turn::DeriveKey`].
    pub(super) fn key_derived(&mut self, result: &DerivedKey) -> Result<Message, SaslError> {
        match self {
            Self::Scram(scram) => scram.key_derived(result),
            _ => Err(SaslError::UnexpectedChallenge),
        }
    }

    /// Checks the server's acceptance of the sign-in.
    pub(super) fn accepted(&self) -> Result<(), SaslError> {
        match self {
            Self::Scram(scram) if !scram.is_proven() => Err(SaslError::ServerUnproven),
            _ => Ok(()),
        }
    }

    /// Returns whether something derived from the password or token was sent.
    pub(super) const fn has_shown_proof(&self) -> bool {
        match self {
            Self::OneMessage { has_left, .. } | Self::CramMd5 { has_left, .. } => *has_left,
            Self::Login { sent, .. } => *sent > 1,
            Self::Scram(scram) => scram.has_shown_proof(),
        }
    }
}
