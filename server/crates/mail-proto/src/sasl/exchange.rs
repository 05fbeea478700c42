//! One exchange by one mechanism: raw messages without base64 and without a mail protocol.

use super::credentials::SignIn;
use super::error::SaslError;
use super::key_derivation::{DerivedKey, KeyDerivation};
use super::mechanism::Mechanism;
use super::scram::{Scram, ScramStep};
use super::{Message, join, md5, oauth};

/// The state of an exchange, which determines the response to the next message of the server.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A mechanism of one message: PLAIN, OAUTHBEARER and XOAUTH2.
    OneMessage {
        message: Message,
        /// The response to a refusal that is sent as a challenge; `None` if the mechanism has none.
        refusal_response: Option<&'static [u8]>,
        is_sent: bool,
    },
    Login {
        sign_in: SignIn,
        sent: u8,
    },
    CramMd5 {
        sign_in: SignIn,
        is_sent: bool,
    },
    Scram(Scram),
}

/// The response to a message of the server.
#[derive(Debug)]
pub(super) enum ExchangeStep {
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
        let one_message = |message, refusal_response| Self::OneMessage {
            message,
            refusal_response,
            is_sent: false,
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
                is_sent: false,
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
                message, is_sent, ..
            } => {
                *is_sent = true;
                Some(message.clone())
            }
            Self::Scram(scram) => Some(scram.initial()),
            Self::Login { .. } | Self::CramMd5 { .. } => None,
        }
    }

    /// Handles a message of the server.
    pub(super) fn challenge(&mut self, message: &[u8]) -> Result<ExchangeStep, SaslError> {
        match self {
            Self::OneMessage {
                refusal_response, ..
            } => Ok(match refusal_response.take() {
                Some(response) => ExchangeStep::ChallengeResponse(join(&[response])),
                None => ExchangeStep::Cancel,
            }),
            Self::Login { sign_in, sent } => {
                *sent = sent.saturating_add(1);
                let credentials = &sign_in.credentials;
                Ok(match (*sent, credentials.password()) {
                    (1, _) => {
                        ExchangeStep::ChallengeResponse(join(&[credentials.user().as_bytes()]))
                    }
                    (2, Some(password)) => {
                        ExchangeStep::ChallengeResponse(join(&[password.expose().as_bytes()]))
                    }
                    _ => ExchangeStep::Cancel,
                })
            }
            Self::CramMd5 { is_sent: true, .. } => Ok(ExchangeStep::Cancel),
            Self::CramMd5 { sign_in, is_sent } => {
                *is_sent = true;
                let response = md5::cram_md5(&sign_in.credentials, message);
                Ok(response.map_or(ExchangeStep::Cancel, ExchangeStep::ChallengeResponse))
            }
            Self::Scram(scram) => Ok(match scram.challenge(message)? {
                ScramStep::ChallengeResponse(response) => ExchangeStep::ChallengeResponse(response),
                ScramStep::DeriveKey(work) => ExchangeStep::DeriveKey(work),
            }),
        }
    }

    /// Takes the result of [`ExchangeStep::DeriveKey`].
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
    pub(super) const fn has_sent_proof(&self) -> bool {
        match self {
            Self::OneMessage { is_sent, .. } | Self::CramMd5 { is_sent, .. } => *is_sent,
            Self::Login { sent, .. } => *sent > 1,
            Self::Scram(scram) => scram.has_sent_proof(),
        }
    }
}
