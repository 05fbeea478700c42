//! The sign-in of one connection: the current mechanism and the untried ones.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::credentials::SignIn;
use super::error::SaslError;
use super::exchange::{Exchange, ExchangeStep};
use super::key_derivation::{DerivedKey, KeyDerivation};
use super::mechanism::Mechanism;
use super::{Message, from_base64, to_base64};

/// The response of a client to a challenge.
#[derive(Debug)]
pub(crate) enum ChallengeResponse {
    /// Send this message, in base64; an empty message is an empty line.
    Send(Message),
    /// Compute this key, and pass the result to [`Authentication::key_derived`].
    DeriveKey(KeyDerivation),
    /// Send `*`; the server then refuses the sign-in.
    Cancel,
}

/// A sign-in in progress, independent of the mail protocol.
#[derive(Debug)]
pub(crate) struct Authentication {
    sign_in: SignIn,
    offered: Vec<String>,
    remaining: VecDeque<Mechanism>,
    mechanism: Mechanism,
    exchange: Exchange,
    initial: Initial,
    is_cancelled: bool,
}

/// The state of the client's initial response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Initial {
    /// Not sent; it is sent after a challenge.
    NotSent,
    /// Sent with the command.
    SentWithCommand,
    /// Sent in response to a challenge, or a challenge was already processed.
    SentAsResponse,
}

impl Authentication {
    /// Begins with the best of the offered mechanisms; `None` if none is usable.
    pub(crate) fn begin<'a>(
        sign_in: SignIn,
        offered: impl IntoIterator<Item = &'a str>,
        is_tls: bool,
    ) -> Option<Self> {
        let mut offered: Vec<String> = offered.into_iter().map(String::from).collect();
        offered.dedup();
        let names = offered.iter().map(String::as_str);
        let mut remaining = VecDeque::from(Mechanism::ranked(names, &sign_in, is_tls));
        let mechanism = remaining.pop_front()?;
        let exchange = Exchange::new(mechanism, &sign_in, is_plus_offered(&offered))?;
        Some(Self {
            sign_in,
            offered,
            remaining,
            mechanism,
            exchange,
            initial: Initial::NotSent,
            is_cancelled: false,
        })
    }

    /// Returns the current mechanism.
    pub(crate) const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Returns the credentials and parameters of the sign-in.
    pub(crate) const fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Returns the reason for the choice of the mechanism, for the transcript.
    pub(crate) fn explanation(&self) -> String {
        let (mechanism, offered) = (self.mechanism, self.offered.join(" "));
        format!("signing in by {mechanism}, the best usable of: {offered}")
    }

    /// Returns the initial response in base64, if the mechanism has one. A caller that sends it
    /// with the command calls [`initial_sent`](Self::initial_sent).
    pub(crate) fn initial(&mut self) -> Option<Message> {
        self.exchange.initial().map(|message| to_base64(&message))
    }

    /// Records that the initial response was sent with the command.
    pub(crate) const fn initial_sent(&mut self) {
        self.initial = Initial::SentWithCommand;
    }

    /// Handles a challenge in base64.
    pub(crate) fn challenge(&mut self, text: &[u8]) -> Result<ChallengeResponse, SaslError> {
        if self.is_cancelled {
            return Err(SaslError::UnexpectedChallenge);
        }
        // Servers without support for initial responses request it again by an empty challenge.
        let is_requested_again =
            self.initial == Initial::SentWithCommand && text.trim_ascii().is_empty();
        if (self.initial == Initial::NotSent || is_requested_again)
            && let Some(message) = self.initial()
        {
            self.initial = Initial::SentAsResponse;
            return Ok(ChallengeResponse::Send(message));
        }
        self.initial = Initial::SentAsResponse;
        let message = match self.mechanism {
            // The prompt of LOGIN is for people ("Username:"), and not always base64.
            Mechanism::Login => Message::default(),
            _ => from_base64(text).ok_or(SaslError::MalformedChallenge)?,
        };
        Ok(match self.exchange.challenge(&message)? {
            ExchangeStep::ChallengeResponse(response) => {
                ChallengeResponse::Send(to_base64(&response))
            }
            ExchangeStep::DeriveKey(work) => ChallengeResponse::DeriveKey(work),
            ExchangeStep::Cancel => {
                self.is_cancelled = true;
                ChallengeResponse::Cancel
            }
        })
    }

    /// Takes the result of [`ChallengeResponse::DeriveKey`]; returns the next message in base64.
    pub(crate) fn key_derived(&mut self, result: &DerivedKey) -> Result<Message, SaslError> {
        self.exchange
            .key_derived(result)
            .map(|message| to_base64(&message))
    }

    /// Checks the server's acceptance of the sign-in.
    ///
    /// # Errors
    /// [`SaslError::ServerUnproven`] if the mechanism requires a proof of the server and it sent
    /// none.
    pub(crate) fn accepted(&self) -> Result<(), SaslError> {
        self.exchange.accepted()
    }

    /// Selects the next mechanism after a permanent refusal. Returns `false` if none is left, or if
    /// something derived from the password was sent: then the refusal is about the password, and
    /// another attempt would count as a second wrong password.
    pub(crate) fn try_next(&mut self) -> bool {
        if self.exchange.has_sent_proof() {
            return false;
        }
        let Some(mechanism) = self.remaining.pop_front() else {
            return false;
        };
        let is_plus_offered = is_plus_offered(&self.offered);
        let Some(exchange) = Exchange::new(mechanism, &self.sign_in, is_plus_offered) else {
            return false;
        };
        self.mechanism = mechanism;
        self.exchange = exchange;
        self.initial = Initial::NotSent;
        self.is_cancelled = false;
        true
    }
}

fn is_plus_offered(offered: &[String]) -> bool {
    let plus = [Mechanism::ScramSha256Plus, Mechanism::ScramSha1Plus];
    let mut names = offered.iter();
    names.any(|name| plus.iter().any(|one| one.name().eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests;
