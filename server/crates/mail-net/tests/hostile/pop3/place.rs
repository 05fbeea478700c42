//! Where a server can be hostile: each of its responses.

use mail_net::Phase;
use mail_proto::pop3::{Command, MessageNumber, Stage};

use crate::case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Greeting,
    Capa,
    /// CAPA before STLS.
    PlainCapa,
    Stls,
    /// The handshake behind STLS.
    Handshake,
    /// CAPA behind STLS.
    CapaInTls,
    /// The handshake of implicit TLS.
    ImplicitHandshake,
    /// AUTH PLAIN, its answer in the same line.
    Auth,
    /// Nonce, salt and rounds of AUTH SCRAM-SHA-256.
    ScramFirst,
    /// The server's own proof.
    ScramProof,
    /// The end of AUTH SCRAM-SHA-256.
    AuthScram,
    /// The challenge of AUTH CRAM-MD5.
    CramMd5,
    /// The end of AUTH CRAM-MD5.
    AuthCram,
    /// AUTH OAUTHBEARER, its token in the same line.
    Token,
    User,
    Pass,
    Apop,
    /// While nothing is asked for.
    Rest,
    /// CAPA once more.
    CapaAgain,
    Lang,
    Stat,
    List,
    ListOne,
    Uidl,
    UidlOne,
    /// UIDL that was sent along with LIST.
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

impl case::Place for Place {
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
    const BEHIND_STARTTLS: &'static [Self] = &[Self::Handshake, Self::CapaInTls];
}

impl Place {
    /// A message is read, marked as deleted, and deleted.
    pub(super) const MOVING: &'static [Self] =
        &[Self::Retr, Self::RetrBody, Self::Dele, Self::Quit];

    /// Whether its response is one to a sign-in.
    pub(super) fn is_sign_in(self) -> bool {
        self.stage() == Stage::Login
    }

    /// What the client is doing while this response is awaited.
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

    /// What the client is doing once this was answered.
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

    /// The phase in which its response is awaited, as the account chooses it.
    pub(super) const fn phase(self) -> Phase {
        match self.stage() {
            Stage::Greeting | Stage::Capa | Stage::Stls | Stage::Login => Phase::SignIn,
            Stage::Idle => Phase::Idle,
            Stage::Body => Phase::Body,
            // A server may rewrite a whole file now.
            Stage::Quit => Phase::LongCommand,
            _ => match self {
                Self::Top | Self::Retr => Phase::Body,
                _ => Phase::Command,
            },
        }
    }

    /// The commands whose response this is.
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
