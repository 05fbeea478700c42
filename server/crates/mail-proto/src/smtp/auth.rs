//! Sign-in (RFC 4954) as a part of the client's conversation.

use super::client::{Client, State, refused_or_unexpected};
use super::error::{Error, Incompatibility, Stage};
use super::event::Event;
use super::reply::Reply;
use crate::sasl::{self, Credentials, Mechanism};

#[derive(Debug)]
pub(super) struct Authentication {
    credentials: Credentials,
    /// What a challenge will be answered with.
    next: Answer,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Plain,
    LoginUser,
    LoginPassword,
    Nothing,
}

impl Client {
    pub(super) fn begin_authentication(&mut self, credentials: Credentials) -> Result<(), Error> {
        if !self.is_tls && !self.config.allow_plaintext_login {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNeedsTls));
        }
        let offered = &self.extensions.auth;
        if offered.is_empty() {
            return Err(Error::PeerIncompatible(Incompatibility::LoginNotOffered));
        }
        let next = match Mechanism::best(offered.iter().map(AsRef::as_ref)) {
            Some(Mechanism::Plain) => {
                self.say_secret("AUTH PLAIN", &sasl::plain_answer(&credentials));
                Answer::Plain
            }
            Some(Mechanism::Login) => {
                self.say("AUTH LOGIN");
                Answer::LoginUser
            }
            None => {
                let offered = offered.clone();
                return Err(Error::PeerIncompatible(
                    Incompatibility::NoCommonMechanism { offered },
                ));
            }
        };
        self.state = State::Auth(Authentication { credentials, next });
        Ok(())
    }

    pub(super) fn on_auth_reply(
        &mut self,
        mut auth: Authentication,
        reply: Reply,
    ) -> Result<(), Error> {
        match reply.code {
            235 => self.report(Event::Authenticated),
            334 => {
                match auth.next {
                    // Asked again although it came with the command (servers from before
                    // RFC 4954 did not know the initial response).
                    Answer::Plain => {
                        self.say_secret("", &sasl::plain_answer(&auth.credentials));
                        auth.next = Answer::Nothing;
                    }
                    Answer::LoginUser => {
                        self.say_secret("", &sasl::login_user(&auth.credentials));
                        auth.next = Answer::LoginPassword;
                    }
                    Answer::LoginPassword => {
                        self.say_secret("", &sasl::login_password(&auth.credentials));
                        auth.next = Answer::Nothing;
                    }
                    Answer::Nothing => return Err(refused_or_unexpected(Stage::Auth, reply)),
                }
                self.state = State::Auth(auth);
            }
            _ if reply.is_refusal() => self.report(Event::AuthenticationRefused { reply }),
            _ => return Err(refused_or_unexpected(Stage::Auth, reply)),
        }
        Ok(())
    }
}
