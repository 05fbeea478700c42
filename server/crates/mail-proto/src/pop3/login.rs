//! Sign-in (RFC 1939 §7, RFC 5034) as a part of the client's conversation.

use alloc::format;

use super::client::{Client, Pending};
use super::command::CommandId;
use super::error::{Error, Incompatibility, Misbehaviour};
use super::event::Event;
use super::response::Status;
use crate::sasl::{self, Credentials};

/// The longest `AUTH` command with an initial response, line end included (RFC 5034 §4).
const MAX_AUTH_LINE_BYTES: usize = 255;

#[derive(Debug)]
pub(super) struct Login {
    credentials: Credentials,
    step: LoginStep,
}

#[derive(Debug, Clone, Copy)]
enum LoginStep {
    /// `USER` was sent.
    User,
    /// `AUTH PLAIN` was sent without or with its answer.
    Plain,
    /// Everything was sent.
    Last,
}

impl Client {
    pub(super) fn begin_login(&mut self, credentials: Credentials) -> Result<Login, Error> {
        if !self.is_tls && !self.config.allow_plaintext_login {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNeedsTls));
        }
        let step = if self.capabilities.has_mechanism("PLAIN") {
            let answer = sasl::plain_answer(&credentials);
            let line_bytes = answer.len().saturating_add("AUTH PLAIN \r\n".len());
            if line_bytes <= MAX_AUTH_LINE_BYTES {
                self.say_secret("AUTH PLAIN", &answer);
                LoginStep::Last
            } else {
                self.say("AUTH PLAIN");
                LoginStep::Plain
            }
        } else if self.capabilities.user || !self.capabilities.capa {
            self.say(&format!("USER {}", credentials.user()));
            LoginStep::User
        } else if self.capabilities.sasl.is_empty() {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNotOffered));
        } else {
            let offered = self.capabilities.sasl.clone();
            return Err(Error::PeerIncompatible(
                Incompatibility::NoCommonMechanism { offered },
            ));
        };
        Ok(Login { credentials, step })
    }

    pub(super) fn on_login(
        &mut self,
        id: CommandId,
        mut login: Login,
        status: Status,
    ) -> Result<(), Error> {
        match (login.step, status) {
            (LoginStep::User, Status::Ok(_)) => {
                let password = login.credentials.password().expose();
                self.say_secret("PASS", password.as_bytes());
            }
            (LoginStep::Plain, Status::Challenge) => {
                let answer = sasl::plain_answer(&login.credentials);
                self.say_secret("", &answer);
            }
            (_, Status::Ok(response)) => {
                self.report(Event::Completed { id, response });
                return Ok(());
            }
            (_, Status::Err(response)) => {
                self.report(Event::Rejected { id, response });
                return Ok(());
            }
            (_, Status::Challenge) => {
                return Err(Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge));
            }
        }
        login.step = LoginStep::Last;
        self.in_flight.push_front((id, Pending::Login(login)));
        Ok(())
    }
}
