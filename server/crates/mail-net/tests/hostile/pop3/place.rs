//! The places where a server can be hostile: each of its responses.

use mail_net::Phase;
use mail_proto::pop3::{Command, MessageNumber, Stage};

use crate::case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Greeting,
    Capa,
    /// CAPA before STLS.
    PlainCapa,
    Stls,
    /// The handshake after STLS.
    Handshake,
    /// CAPA after STLS.
    CapaInTls,
    /// The handshake of implicit TLS.
    ImplicitHandshake,
    /// AUTH PLAIN with its initial response.
    Auth,
    /// Nonce, salt and iteration count of AUTH SCRAM-SHA-256.
    ScramFirst,
    /// The server's proof.
    ScramProof,
    /// The final response of AUTH SCRAM-SHA-256.
    AuthScram,
    /// The challenge of AUTH CRAM-MD5.
    CramMd5,
    /// The final response of AUTH CRAM-MD5.
    AuthCram,
    /// AUTH OAUTHBEARER with the token as initial response.
    Token,
    User,
    Pass,
    Apop,
    /// No command is pending.
    Rest,
    /// The second CAPA.
    CapaAgain,
    Lang,
    Stat,
    List,
    ListOne,
    Uidl,
    UidlOne,
    /// UIDL that was pipelined with LIST.
    PipelinedUidl,
    Top,
    /// The status line of RETR.
    Retr,
    /// The message itself.
    RetrBody,
    Dele,
    Rset,
    Noop,
    Quit,
}

impl case::Position for Position {
    const ALL: &'static [Self] = &[
        Self::Greeting,
        Self::Capa,
        Self::PlainCapa,
        Self::Stls,
        Self::Handshake,
        Self::CapaInTls,
        Self::ImplicitHandshake,
        Self::Auth,
        Self::ScramFirst,
        Self::ScramProof,
        Self::AuthScram,
        Self::CramMd5,
        Self::AuthCram,
        Self::Token,
        Self::User,
        Self::Pass,
        Self::Apop,
        Self::Rest,
        Self::CapaAgain,
        Self::Lang,
        Self::Stat,
        Self::List,
        Self::ListOne,
        Self::Uidl,
        Self::UidlOne,
        Self::PipelinedUidl,
        Self::Top,
        Self::Retr,
        Self::RetrBody,
        Self::Dele,
        Self::Rset,
        Self::Noop,
        Self::Quit,
    ];
    const HANDSHAKES: &'static [Self] = &[Self::Handshake, Self::ImplicitHandshake];
    const BEFORE_TLS: &'static [Self] = &[Self::PlainCapa, Self::Stls];
    const AFTER_STARTTLS: &'static [Self] = &[Self::Handshake, Self::CapaInTls];
}

impl Position {
    /// The places at which a message is fetched, marked as deleted, and deleted.
    pub(super) const MOVING: &'static [Self] =
        &[Self::Retr, Self::RetrBody, Self::Dele, Self::Quit];

    /// Whether it is a response to a sign-in command.
    pub(super) fn is_sign_in(self) -> bool {
        self.stage() == Stage::Login
    }

    /// Returns the client's stage while it waits for this response.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Greeting | Self::ImplicitHandshake => Stage::Greeting,
            Self::Capa | Self::PlainCapa | Self::CapaInTls => Stage::Capa,
            Self::Stls | Self::Handshake => Stage::Stls,
            Self::Auth | Self::User | Self::Pass | Self::Apop => Stage::Login,
            Self::ScramFirst | Self::ScramProof | Self::AuthScram => Stage::Login,
            Self::CramMd5 | Self::AuthCram | Self::Token => Stage::Login,
            Self::Rest => Stage::Idle,
            Self::RetrBody => Stage::Body,
            Self::Quit => Stage::Quit,
            _ => Stage::Transaction,
        }
    }

    /// Returns the client's stage after this response.
    pub(super) const fn next_stage(self) -> Stage {
        match self {
            Self::ImplicitHandshake => Stage::Greeting,
            Self::Greeting | Self::Handshake => Stage::Capa,
            Self::PlainCapa => Stage::Stls,
            Self::Capa | Self::CapaInTls | Self::User => Stage::Login,
            Self::ScramFirst | Self::ScramProof | Self::CramMd5 => Stage::Login,
            Self::Rest => Stage::Idle,
            Self::Retr => Stage::Body,
            Self::RetrBody => Stage::Transaction,
            _ => Stage::Quit,
        }
    }

    /// Returns the phase in which the account waits for this response.
    pub(super) const fn phase(self) -> Phase {
        match self.stage() {
            Stage::Greeting | Stage::Capa | Stage::Stls | Stage::Login => Phase::SignIn,
            Stage::Idle => Phase::Idle,
            Stage::Body => Phase::Body,
            // A server may now rewrite a whole file.
            Stage::Quit => Phase::LongCommand,
            _ => match self {
                Self::Top | Self::Retr => Phase::Body,
                _ => Phase::Command,
            },
        }
    }

    /// Returns the commands that this response belongs to.
    pub(super) fn commands(self) -> Vec<Command> {
        let number = MessageNumber::new(1).unwrap();
        let one = match self {
            Self::CapaAgain => Command::Capa,
            Self::Lang => Command::Lang(None),
            Self::Stat => Command::Stat,
            Self::List => Command::List,
            Self::ListOne => Command::ListOne { number },
            Self::Uidl => Command::Uidl,
            Self::UidlOne => Command::UidlOne { number },
            Self::PipelinedUidl => return vec![Command::List, Command::Uidl],
            Self::Top => Command::Top { number, lines: 0 },
            Self::Retr | Self::RetrBody => Command::Retr { number },
            Self::Dele => Command::Dele { number },
            Self::Rset => Command::Rset,
            Self::Noop => Command::Noop,
            _ => return Vec::new(),
        };
        vec![one]
    }
}
