//! The places where a server can be hostile: each of its replies.

use mail_net::Phase;
use mail_proto::smtp::Stage;

use crate::case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Greeting,
    Ehlo,
    /// HELO, because the server rejected EHLO.
    Helo,
    /// EHLO before STARTTLS.
    PlainEhlo,
    StartTls,
    /// The handshake after STARTTLS.
    Handshake,
    /// EHLO after STARTTLS.
    EhloInTls,
    /// The handshake of implicit TLS.
    ImplicitHandshake,
    /// AUTH PLAIN with its initial response.
    AuthPlain,
    /// AUTH LOGIN.
    AuthLogin,
    /// The user name of AUTH LOGIN.
    AuthUser,
    /// The password of AUTH LOGIN.
    AuthPassword,
    /// Nonce, salt and iteration count of AUTH SCRAM-SHA-256.
    ScramFirst,
    /// The server's proof.
    ScramProof,
    /// The final reply of AUTH SCRAM-SHA-256.
    AuthScram,
    /// The challenge of AUTH CRAM-MD5.
    CramMd5,
    /// The final reply of AUTH CRAM-MD5.
    AuthCram,
    /// AUTH OAUTHBEARER with the token as initial response.
    Token,
    /// VRFY alone.
    Vrfy,
    /// RSET after a refused message.
    Rset,
    Mail,
    /// The first of three recipients.
    RcptFirst,
    RcptMiddle,
    RcptLast,
    Data,
    PipelinedMail,
    /// The first of three recipients.
    PipelinedRcpt,
    PipelinedData,
    /// During the transfer of the message.
    Body,
    /// The reply to the final dot.
    Final,
    /// The reply to the chunk before the last one.
    Bdat,
    /// The reply to the last chunk.
    BdatLast,
    Quit,
    /// MAIL of the message before; never hostile.
    Earlier,
}

impl case::Position for Position {
    const ALL: &'static [Self] = &[
        Self::Greeting,
        Self::Ehlo,
        Self::Helo,
        Self::PlainEhlo,
        Self::StartTls,
        Self::Handshake,
        Self::EhloInTls,
        Self::ImplicitHandshake,
        Self::AuthPlain,
        Self::AuthLogin,
        Self::AuthUser,
        Self::AuthPassword,
        Self::ScramFirst,
        Self::ScramProof,
        Self::AuthScram,
        Self::CramMd5,
        Self::AuthCram,
        Self::Token,
        Self::Vrfy,
        Self::Rset,
        Self::Mail,
        Self::RcptFirst,
        Self::RcptMiddle,
        Self::RcptLast,
        Self::Data,
        Self::PipelinedMail,
        Self::PipelinedRcpt,
        Self::PipelinedData,
        Self::Body,
        Self::Final,
        Self::Bdat,
        Self::BdatLast,
        Self::Quit,
    ];
    const HANDSHAKES: &'static [Self] = &[Self::Handshake, Self::ImplicitHandshake];
    const BEFORE_TLS: &'static [Self] = &[Self::PlainEhlo, Self::StartTls];
    const AFTER_STARTTLS: &'static [Self] = &[Self::Handshake, Self::EhloInTls];
}

impl Position {
    /// Whether it is a reply to AUTH.
    pub(super) fn is_sign_in(self) -> bool {
        self.stage() == Stage::Auth
    }

    /// Returns the client's stage while it waits for this reply.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Greeting | Self::ImplicitHandshake => Stage::Greeting,
            Self::Ehlo | Self::Helo | Self::PlainEhlo | Self::EhloInTls => Stage::Ehlo,
            Self::StartTls | Self::Handshake => Stage::StartTls,
            Self::AuthPlain | Self::AuthLogin | Self::AuthUser | Self::AuthPassword => Stage::Auth,
            Self::ScramFirst | Self::ScramProof | Self::AuthScram => Stage::Auth,
            Self::CramMd5 | Self::AuthCram | Self::Token => Stage::Auth,
            Self::Vrfy => Stage::Command,
            Self::Rset => Stage::Rset,
            Self::Mail | Self::PipelinedMail | Self::Earlier => Stage::Mail,
            Self::RcptFirst | Self::RcptMiddle | Self::RcptLast | Self::PipelinedRcpt => {
                Stage::Rcpt
            }
            Self::Data | Self::PipelinedData => Stage::Data,
            Self::Body | Self::Bdat => Stage::Body,
            Self::Final | Self::BdatLast => Stage::Final,
            Self::Quit => Stage::Quit,
        }
    }

    /// Returns the client's stage after this reply.
    pub(super) const fn next_stage(self) -> Stage {
        match self {
            Self::ImplicitHandshake => Stage::Greeting,
            Self::Greeting | Self::Handshake => Stage::Ehlo,
            Self::PlainEhlo => Stage::StartTls,
            Self::Ehlo | Self::EhloInTls | Self::AuthLogin | Self::AuthUser => Stage::Auth,
            Self::ScramFirst | Self::ScramProof | Self::CramMd5 => Stage::Auth,
            Self::AuthCram | Self::Token => Stage::Mail,
            Self::Helo | Self::AuthPlain | Self::AuthPassword | Self::AuthScram => Stage::Mail,
            Self::Rset => Stage::Mail,
            Self::Mail | Self::RcptFirst | Self::RcptMiddle => Stage::Rcpt,
            Self::PipelinedMail | Self::PipelinedRcpt => Stage::Rcpt,
            Self::RcptLast => Stage::Data,
            Self::Data | Self::PipelinedData | Self::Body => Stage::Body,
            Self::Bdat => Stage::Body,
            Self::Vrfy
            | Self::StartTls
            | Self::Final
            | Self::BdatLast
            | Self::Quit
            | Self::Earlier => Stage::Quit,
        }
    }

    /// Returns the phase in which the outbox waits for this reply.
    pub(super) const fn phase(self) -> Phase {
        match self.stage() {
            Stage::Greeting | Stage::Ehlo | Stage::StartTls => Phase::SmtpGreeting,
            Stage::Auth => Phase::SmtpHello,
            Stage::Body => Phase::SmtpBlock,
            Stage::Final => Phase::SmtpFinalReply,
            Stage::Quit => Phase::Farewell,
            _ => Phase::SmtpEnvelope,
        }
    }
}
