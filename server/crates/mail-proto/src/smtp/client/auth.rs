//! Sign-in of the client (RFC 4954).

use alloc::boxed::Box;

use super::{Client, State, refused_or_unexpected};
use crate::sasl::{Authentication, DerivedKey, SaslError, SignIn};
use crate::smtp::error::{Error, Incompatibility, Misbehaviour, Stage};
use crate::smtp::event::Event;
use crate::smtp::reply::Reply;

/// Maximum length of an `AUTH` command with an initial response, line end included. A longer
/// initial response is sent after the challenge, where its length is not limited (RFC 4954 §4).
const MAX_AUTH_LINE_BYTES: usize = 512;

impl Client {
    pub(super) fn begin_authentication(&mut self, sign_in: SignIn) -> Result<(), Error> {
        if !self.is_tls && !self.config.allow_plaintext_login {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNeedsTls));
        }
        let offered = &self.extensions.auth;
        if offered.is_empty() {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNotOffered));
        }
        let names = offered.iter().map(AsRef::as_ref);
        let Some(authentication) = Authentication::begin(sign_in, names, self.is_tls) else {
            let offered = offered.clone();
            return Err(Error::PeerIncompatible(
                Incompatibility::NoCommonMechanism { offered },
            ));
        };
        self.send_auth(Box::new(authentication));
        Ok(())
    }

    fn send_auth(&mut self, mut authentication: Box<Authentication>) {
        self.out.send_auth(&mut authentication, MAX_AUTH_LINE_BYTES);
        self.state = State::Auth(authentication);
    }

    /// Handles a reply to AUTH or to a response of the exchange.
    ///
    /// ```abnf
    /// continue-req = "334" SP [base64] CRLF
    /// ```
    /// RFC 4954 §8. A single `334` is accepted.
    pub(super) fn on_auth_reply(
        &mut self,
        mut authentication: Box<Authentication>,
        reply: Reply,
    ) -> Result<(), Error> {
        match reply.code {
            235 => {
                authentication.accepted().map_err(sasl_error)?;
                self.out.report(Event::Authenticated);
            }
            334 => {
                let text = reply.lines.first().map_or("", AsRef::as_ref);
                let response = authentication
                    .challenge(text.as_bytes())
                    .map_err(sasl_error)?;
                self.state = State::Auth(authentication);
                self.out.send_challenge_response(response);
            }
            // A permanent refusal before the client sent a proof is about the mechanism.
            _ if reply.is_permanent() && authentication.try_next() => {
                self.send_auth(authentication)
            }
            _ if reply.is_refusal() => self.out.report(Event::AuthenticationRefused { reply }),
            _ => return Err(refused_or_unexpected(Stage::Auth, reply)),
        }
        Ok(())
    }

    pub(super) fn on_key_derived(&mut self, result: &DerivedKey) {
        let State::Auth(authentication) = &mut self.state else {
            return;
        };
        match authentication.key_derived(result) {
            Ok(message) => self.out.send_secret_line("", &message),
            Err(failure) => self.fail(sasl_error(failure)),
        }
    }
}

const fn sasl_error(failure: SaslError) -> Error {
    Error::PeerMisbehaved(Misbehaviour::Sasl(failure))
}
