//! Signing in: AUTHENTICATE with the best mechanism, or LOGIN (RFC 9051 §6.2.2, §6.2.3).

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;

use super::{Client, InFlight, Purpose, Sending, Waits};
use crate::imap::Tls;
use crate::imap::capability::Capability;
use crate::imap::code::Code;
use crate::imap::encode;
use crate::imap::error::{Error, Incompatibility, Misbehaviour};
use crate::imap::event::Status;
use crate::imap::tag::Tag;
use crate::sasl::{
    self, Authentication, ChallengeResponse, DerivedKey, Mechanism, SaslError, SignIn,
};

impl Client {
    pub(super) fn begin_sign_in(&mut self, tag: Tag, sign_in: SignIn) -> Result<(), Error> {
        let is_tls = self.config.tls != Tls::Plain;
        if !is_tls && !self.config.allow_plaintext_login {
            return Err(Error::PlaintextLogin);
        }
        let offered = self.capabilities.mechanisms();
        // The LOGIN command has the rank of the LOGIN mechanism, which does the same with more
        // round trips.
        let login = self.has_login().then_some(Mechanism::Login.name());
        let begun = Authentication::begin(sign_in, offered.chain(login), is_tls);
        let Some(authentication) = begun else {
            return Err(Error::PeerIncompatible(if self.has_login() {
                Incompatibility::NoMechanism
            } else {
                Incompatibility::LoginDisabled
            }));
        };
        self.send_authentication(tag, tag, Box::new(authentication));
        Ok(())
    }

    fn has_login(&self) -> bool {
        !self.capabilities.has(Capability::LoginDisabled)
    }

    /// Sends AUTHENTICATE, with an initial response if SASL-IR is offered, or LOGIN.
    ///
    /// ```abnf
    /// authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)
    /// initial-resp = (base64 / "=")
    /// ```
    /// RFC 9051 §9.
    fn send_authentication(
        &mut self,
        tag: Tag,
        caller_tag: Tag,
        mut authentication: Box<Authentication>,
    ) {
        self.has_current_capabilities = false;
        self.transcript.note(&authentication.explanation());
        let mechanism = authentication.mechanism();
        if mechanism == Mechanism::Login && self.has_login() {
            let credentials = &authentication.sign_in().credentials;
            let chunks = encode::encode_login(tag, credentials, &self.capabilities);
            return self.start_sign_in(tag, caller_tag, None, chunks);
        }
        let command = format!("{tag} AUTHENTICATE {mechanism}");
        let initial = authentication
            .initial()
            .filter(|_| self.capabilities.has(Capability::SaslIr));
        match initial {
            Some(initial) => {
                authentication.initial_sent();
                self.transcript.sent_secret(&command);
                self.write_bytes(sasl::secret_line(&format!("{command} "), &initial));
            }
            None => self.write_line(format!("{command}\r\n").as_bytes()),
        }
        self.framer.hide_challenges(true);
        self.start_sign_in(tag, caller_tag, Some(authentication), VecDeque::new());
    }

    fn start_sign_in(
        &mut self,
        tag: Tag,
        caller_tag: Tag,
        authentication: Option<Box<Authentication>>,
        chunks: VecDeque<encode::Chunk>,
    ) {
        let purpose = Purpose::SignIn {
            caller_tag,
            authentication,
        };
        self.in_flight.push(InFlight {
            tag,
            purpose,
            relies_on: None,
        });
        self.sending = Some(Sending {
            tag,
            chunks,
            waits: Waits::No,
            completed: None,
        });
    }

    /// Answers a challenge if AUTHENTICATE is in progress; returns whether it is.
    ///
    /// ```abnf
    /// continue-req = "+" SP (resp-text / base64) CRLF
    /// authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)
    /// ```
    /// RFC 9051 §9.
    pub(super) fn respond_to_challenge(&mut self, text: &[u8]) -> Result<bool, Error> {
        let Some(authentication) = self.authentication() else {
            return Ok(false);
        };
        match authentication.challenge(text).map_err(sasl_error)? {
            ChallengeResponse::Send(message) => self.send_sasl_message(&message),
            ChallengeResponse::DeriveKey(work) => self.work = Some(work),
            // A challenge that the mechanism cannot answer cancels the exchange (RFC 9051 §6.2.2).
            ChallengeResponse::Cancel => self.write_line(b"*\r\n"),
        }
        Ok(true)
    }

    pub(super) fn on_key_derived(&mut self, result: &DerivedKey) {
        let Some(authentication) = self.authentication() else {
            return;
        };
        match authentication.key_derived(result) {
            Ok(message) => self.send_sasl_message(&message),
            Err(failure) => self.failure = Some(sasl_error(failure)),
        }
    }

    fn authentication(&mut self) -> Option<&mut Authentication> {
        self.in_flight
            .iter_mut()
            .find_map(|one| match &mut one.purpose {
                Purpose::SignIn {
                    authentication: Some(authentication),
                    ..
                } => Some(&mut **authentication),
                _ => None,
            })
    }

    fn send_sasl_message(&mut self, message: &[u8]) {
        self.transcript.sent_secret("");
        self.write_bytes(sasl::secret_line("", message));
    }

    /// Handles the tagged response to a sign-in. Returns `false` if another mechanism is tried.
    pub(super) fn on_sign_in_reply(
        &mut self,
        caller_tag: Tag,
        authentication: Option<Box<Authentication>>,
        status: Status,
        code: Option<&Code>,
    ) -> Result<bool, Error> {
        self.framer.hide_challenges(false);
        let Some(mut authentication) = authentication else {
            return Ok(true);
        };
        if status == Status::Ok {
            authentication.accepted().map_err(sasl_error)?;
            return Ok(true);
        }
        // These codes report a fault of the server, not of the mechanism.
        let is_server_error = matches!(
            code,
            Some(Code::Unavailable | Code::ServerBug | Code::InUse | Code::Limit)
        );
        if is_server_error || self.is_bye_received || !authentication.try_next() {
            return Ok(true);
        }
        let tag = self.next_tag();
        self.send_authentication(tag, caller_tag, authentication);
        Ok(false)
    }
}

const fn sasl_error(failure: SaslError) -> Error {
    Error::PeerMisbehaved(Misbehaviour::Sasl(failure))
}
