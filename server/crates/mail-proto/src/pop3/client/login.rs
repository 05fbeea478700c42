//! Sign-in of the client (RFC 1939 §7, RFC 5034).

use alloc::boxed::Box;
use alloc::format;

use super::{Client, Pending};
use crate::pop3::command::CommandId;
use crate::pop3::error::{Error, Incompatibility, Misbehaviour};
use crate::pop3::event::Event;
use crate::pop3::response::{Response, ResponseCode, Status};
use crate::sasl::{self, Authentication, DerivedKey, Mechanism, SaslError, SignIn};

/// Maximum length of an `AUTH` command with an initial response, line end included (RFC 5034 §4).
const MAX_AUTH_LINE_BYTES: usize = 255;

/// The state of a sign-in in progress.
#[derive(Debug)]
pub(super) enum Login {
    /// `USER` was sent.
    User(SignIn),
    /// `PASS` was sent.
    Pass,
    /// `APOP` was sent.
    Apop(SignIn),
    /// `AUTH` was sent.
    Sasl(Box<Authentication>),
}

impl Client {
    pub(super) fn begin_login(&mut self, sign_in: SignIn) -> Result<Login, Error> {
        if !self.is_tls && !self.config.allow_plaintext_login {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNeedsTls));
        }
        let has_apop = self.timestamp.is_some() && sign_in.credentials.password().is_some();
        // Without TLS, APOP precedes the methods that send the password. USER comes last: some
        // servers announce it and refuse plaintext.
        let is_better = |mechanism: Mechanism| match mechanism {
            Mechanism::Plain | Mechanism::Login => self.is_tls || !has_apop,
            _ => true,
        };
        let names = self.capabilities.sasl.iter().map(AsRef::as_ref);
        let sasl = Authentication::begin(sign_in.clone(), names, self.is_tls);
        if let Some(authentication) = sasl.filter(|sasl| is_better(sasl.mechanism())) {
            return Ok(self.send_auth(Box::new(authentication)));
        }
        self.send_apop_or_user(sign_in)
    }

    /// Signs in without SASL.
    ///
    /// ```abnf
    /// command = keyword *(SP param) CRLF ;255 octets maximum
    /// keyword = 3*4VCHAR
    /// param   = 1*VCHAR
    /// ```
    /// RFC 2449 §3, RFC 1939 §7.
    fn send_apop_or_user(&mut self, sign_in: SignIn) -> Result<Login, Error> {
        if (!self.is_tls || !self.has_user()) && self.send_apop(&sign_in).is_some() {
            return Ok(Login::Apop(sign_in));
        }
        self.send_user(sign_in)
    }

    fn has_user(&self) -> bool {
        self.capabilities.user || !self.capabilities.capa
    }

    /// Sends USER, if it is usable.
    ///
    /// ```abnf
    /// command = keyword *(SP param) CRLF ;255 octets maximum
    /// keyword = 3*4VCHAR
    /// param   = 1*VCHAR
    /// ```
    /// RFC 2449 §3, RFC 1939 §7. The name may contain spaces.
    fn send_user(&mut self, sign_in: SignIn) -> Result<Login, Error> {
        if self.has_user() && sign_in.credentials.password().is_some() {
            self.out
                .transcript
                .note("signing in by USER and PASS, the best usable that is offered");
            self.out
                .send_line(&format!("USER {}", sign_in.credentials.user()));
            return Ok(Login::User(sign_in));
        }
        Err(Error::PeerIncompatible(
            if self.capabilities.sasl.is_empty() {
                Incompatibility::LoginNotOffered
            } else {
                let offered = self.capabilities.sasl.clone();
                Incompatibility::NoCommonMechanism { offered }
            },
        ))
    }

    /// Sends APOP, if the greeting has a timestamp and the credentials are a password.
    fn send_apop(&mut self, sign_in: &SignIn) -> Option<()> {
        let digest = sasl::apop_digest(&sign_in.credentials, self.timestamp.as_ref()?)?;
        self.out
            .transcript
            .note("signing in by APOP, the best usable that is offered");
        let command = format!("APOP {}", sign_in.credentials.user());
        self.out.send_secret_line(&command, digest.as_bytes());
        Some(())
    }

    fn send_auth(&mut self, mut authentication: Box<Authentication>) -> Login {
        self.out.send_auth(&mut authentication, MAX_AUTH_LINE_BYTES);
        Login::Sasl(authentication)
    }

    /// Handles the response to a command of the sign-in, and sends the next one.
    ///
    /// ```abnf
    /// command      = keyword *(SP param) CRLF ; PASS
    /// continue-req = "+" SP [base64] CRLF     ; RFC 5034 §5
    /// ```
    /// RFC 2449 §3, RFC 1939 §7.
    pub(super) fn on_login(
        &mut self,
        id: CommandId,
        login: Login,
        status: Status,
    ) -> Result<(), Error> {
        let must_send_next = matches!(
            (&login, &status),
            (Login::User(_), Status::Ok(_)) | (Login::Sasl(_), Status::Challenge(_))
        );
        if must_send_next && !self.input.is_empty() {
            // Input received before the next line is sent cannot be the response to it.
            return Err(Error::PeerMisbehaved(Misbehaviour::UnsolicitedResponse));
        }
        let login = match (login, status) {
            (Login::User(sign_in), Status::Ok(_)) => {
                let password = sign_in.credentials.password();
                let password = password.map_or("", |password| password.expose());
                self.out.send_secret_line("PASS", password.as_bytes());
                Login::Pass
            }
            (Login::Sasl(mut authentication), Status::Challenge(text)) => {
                let response = authentication.challenge(&text).map_err(sasl_error)?;
                self.out.send_challenge_response(response);
                Login::Sasl(authentication)
            }
            (Login::Sasl(mut authentication), Status::Err(response)) => {
                if is_about_mechanism(&response) && authentication.try_next() {
                    self.send_auth(authentication)
                } else if response.is_unknown_command() {
                    // Some servers list SASL and do not support AUTH.
                    self.send_apop_or_user(authentication.sign_in().clone())?
                } else {
                    self.out.report(Event::Rejected { id, response });
                    return Ok(());
                }
            }
            // A server with a timestamp in the greeting may not support APOP.
            (Login::Apop(sign_in), Status::Err(response)) if response.is_unknown_command() => {
                self.send_user(sign_in)?
            }
            (login, Status::Ok(response)) => {
                if let Login::Sasl(authentication) = &login {
                    authentication.accepted().map_err(sasl_error)?;
                }
                self.session.signed_in();
                self.out.report(Event::Completed { id, response });
                return Ok(());
            }
            (_, Status::Err(response)) => {
                self.out.report(Event::Rejected { id, response });
                return Ok(());
            }
            (_, Status::Challenge(_)) => {
                return Err(Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge));
            }
        };
        self.in_flight.push_front((id, Pending::Login(login)));
        Ok(())
    }

    pub(super) fn on_key_derived(&mut self, result: &DerivedKey) {
        let Some((_, Pending::Login(Login::Sasl(authentication)))) = self.in_flight.front_mut()
        else {
            return;
        };
        match authentication.key_derived(result) {
            Ok(message) => self.out.send_secret_line("", &message),
            Err(failure) => self.fail(sasl_error(failure)),
        }
    }
}

/// Returns whether a refusal may be about the mechanism; a failure of the server itself is not.
const fn is_about_mechanism(response: &Response) -> bool {
    !matches!(
        response.code,
        Some(
            ResponseCode::InUse
                | ResponseCode::LoginDelay
                | ResponseCode::SysTemp
                | ResponseCode::SysPerm
        )
    )
}

const fn sasl_error(failure: SaslError) -> Error {
    Error::PeerMisbehaved(Misbehaviour::Sasl(failure))
}
