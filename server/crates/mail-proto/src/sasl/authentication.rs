//! The sign-in of one connection: which mechanism is on, and which are left.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::credentials::SignIn;
use super::exchange::{Exchange, SaslError, Turn};
use super::key_derivation::{DerivedKey, KeyDerivation};
use super::mechanism::Mechanism;
use super::{Message, from_base64, to_base64};

/// What a client does about a challenge.
#[derive(Debug)]
pub(crate) enum ChallengeResponse {
    /// Sends this, in base64; an empty one is an empty line.
    Send(Message),
    /// Has this computed, and gives the result to [`Authentication::key_derived`].
    DeriveKey(KeyDerivation),
    /// Sends `*`: the server will refuse.
    Cancel,
}

/// A sign-in under way, whatever the protocol around it.
#[derive(Debug)]
pub(crate) struct Authentication {
    sign_in: SignIn,
    offered: Vec<String>,
    left: VecDeque<Mechanism>,
    mechanism: Mechanism,
    exchange: Exchange,
    initial: Initial,
    is_cancelled: bool,
}

/// The client's first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Initial {
    /// Waits for a challenge to be sent.
    Waits,
    /// Left with the command.
    LeftWithCommand,
    /// Was asked for by an empty challenge.
    LeftAsAnswer,
}

impl Authentication {
    /// Begins with the best of the offered mechanisms, unless none can be used.
    pub(crate) fn begin<'a>(
        sign_in: SignIn,
        offered: impl IntoIterator<Item = &'a str>,
        is_tls: bool,
    ) -> Option<Self> {
        let mut offered: Vec<String> = offered.into_iter().map(String::from).collect();
        offered.dedup();
        let names = offered.iter().map(String::as_str);
        let mut left = VecDeque::from(Mechanism::ranked(names, &sign_in, is_tls));
        let mechanism = left.pop_front()?;
        let exchange = Exchange::new(mechanism, &sign_in, is_plus_offered(&offered))?;
        Some(Self {
            sign_in,
            offered,
            left,
            mechanism,
            exchange,
            initial: Initial::Waits,
            is_cancelled: false,
        })
    }

    /// Returns the mechanism that is on.
    pub(crate) const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Returns who signs in, and by what.
    pub(crate) const fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Tells why this mechanism was taken, for the transcript.
    pub(crate) fn explanation(&self) -> String {
        let (mechanism, offered) = (self.mechanism, self.offered.join(" "));
        format!("signing in by {mechanism}, the best usable of: {offered}")
    }

    /// Returns the message that can leave with the command, in base64, where the client begins. If it
    /// does leave so, [`initial_left`](Self::initial_left) is to be called.
    pub(crate) fn initial(&mut self) -> Option<Message> {
        self.exchange.initial().map(|message| to_base64(&message))
    }

    /// Notes that the first message left with the command.
    pub(crate) const fn initial_left(&mut self) {
        self.initial = Initial::LeftWithCommand;
    }

    /// Takes a challenge, in base64.
    pub(crate) fn challenge(&mut self, text: &[u8]) -> Result<ChallengeResponse, SaslError> {
        if self.is_cancelled {
            return Err(SaslError::UnexpectedChallenge);
        }
        // Servers from before the initial response ask for it again, by an empty challenge.
        let asks_again = self.initial == Initial::LeftWithCommand && text.trim_ascii().is_empty();
        if (self.initial == Initial::Waits || asks_again)
            && let Some(message) = self.initial()
        {
            self.initial = Initial::LeftAsAnswer;
            return Ok(ChallengeResponse::Send(message));
        }
        self.initial = Initial::LeftAsAnswer;
        let message = match self.mechanism {
            // What it asks with is for people ("Username:"), and not always base64.
            Mechanism::Login => Message::default(),
            _ => from_base64(text).ok_or(SaslError::MalformedChallenge)?,
        };
        Ok(match self.exchange.challenge(&message)? {
            Turn::ChallengeResponse(answer) => ChallengeResponse::Send(to_base64(&answer)),
            Turn::DeriveKey(work) => ChallengeResponse::DeriveKey(work),
            Turn::Cancel => {
                self.is_cancelled = true;
                ChallengeResponse::Cancel
            }
        })
    }

    /// Takes the result of [`ChallengeResponse::DeriveKey`]; returns what is to be sent, in base64.
    pub(crate) fn key_derived(&mut self, result: &DerivedKey) -> Result<Message, SaslError> {
        self.exchange
            .key_derived(result)
            .map(|message| to_base64(&message))
    }

    /// Judges the server's word that we are in.
    ///
    /// # Errors
    /// [`SaslError::ServerUnproven`] where the mechanism makes the server prove itself and it did not.
    pub(crate) fn accepted(&self) -> Result<(), SaslError> {
        self.exchange.accepted()
    }

    /// Goes on to the next mechanism after a refusal for good. `false` when none is left, or when
    /// something made from the password has left: then the refusal is about the password, and trying
    /// it another way would only count as a second wrong one.
    pub(crate) fn try_next(&mut self) -> bool {
        if self.exchange.has_shown_proof() {
            return false;
        }
        let Some(mechanism) = self.left.pop_front() else {
            return false;
        };
        let is_plus_offered = is_plus_offered(&self.offered);
        let Some(exchange) = Exchange::new(mechanism, &self.sign_in, is_plus_offered) else {
            return false;
        };
        self.mechanism = mechanism;
        self.exchange = exchange;
        self.initial = Initial::Waits;
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
