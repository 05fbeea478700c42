//! Why something did not work, as codes: the ledger keeps them, and views make sentences of them.

use app::api::types::FolderRole;
/// When TLS begins.
pub use mail_proto::Tls;

use super::bounds::cut;

/// Which protocol a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// SMTP.
    Smtp,
}

/// A server, as it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// When TLS begins.
    pub tls: Tls,
}

/// Why a message, or its copy in Sent, did not go where it was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCause {
    /// No connection to a server came about.
    Dial(Server, DialCause),
    /// A connection that was there could not go on.
    Link(Server, LinkCause),
    /// The server refused the sign-in.
    LoginRefused(Server, ServerReply),
    /// The server refused a command.
    Refused(Protocol, ServerReply),
    /// A message was not sent, and nobody refused it.
    NotSent {
        /// Why.
        cause: NotSentCause,
        /// The server's words, where it said some.
        words: Option<String>,
    },
    /// A folder or message is not there.
    NotFound,
    /// No folder has this role.
    MissingFolder(FolderRole),
    /// The mail server cannot do this.
    Unsupported(Unsupported),
    /// The mail server answered without anything that can be read.
    Withheld,
    /// Other accounts held the memory that this would take.
    Overloaded,
    /// The session ended.
    SignedOut,
    /// The message's file in the spool is not there, was cut, or is damaged.
    FileLost,
    /// A fault of ours.
    Internal,
    /// An earlier program wrote down why, in sentences that are not kept.
    Earlier {
        /// The server's words, where it said some.
        words: Option<String>,
    },
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialCause {
    /// There is no such name, or it leads to an address inside a private network.
    NameNotFound,
    /// Nothing listens on the port.
    Refused,
    /// No answer came.
    TimedOut {
        /// How long it was waited for, in seconds.
        secs: u64,
    },
    /// There is no way to the host.
    Unreachable,
    /// The operator's rules allow listed hosts only.
    HostNotListed,
    /// The operator's rules allow other ports only.
    PortNotAllowed,
    /// Too many new hosts were named from this address.
    TooManyHosts,
    /// The certificate's time is over.
    CertificateExpired {
        /// When it ended, as it is to be shown, where it is known.
        ended_on: Option<String>,
    },
    /// The certificate's time has not begun.
    CertificateNotYetValid,
    /// The certificate is for other names.
    WrongName {
        /// Those names.
        presented: Vec<String>,
    },
    /// Nobody we trust issued the certificate.
    Untrusted,
    /// The certificate is wrong in another way.
    CertificateInvalid,
    /// The server does not speak TLS on this port.
    NotTls,
    /// The server speaks only versions of TLS that are broken.
    TlsTooOld,
    /// The server closed the connection before TLS was there.
    ClosedInHandshake,
    /// The server took the connection and did not answer to TLS.
    SilentInHandshake,
    /// TLS was begun and not finished.
    TlsFailed,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkCause {
    /// The server closed it, or the link broke.
    Closed,
    /// The server closed it before the sign-in.
    ClosedEarly,
    /// Nothing came in time.
    Silent,
    /// Nothing came at all, not even a greeting.
    NoGreeting,
    /// The server said what the protocol does not allow.
    Misbehaved,
    /// Unencrypted words stood where encryption had been agreed on: somebody in between may have
    /// put them there.
    PlaintextInjected,
    /// The server could not prove that it knows the password, which is half of a SCRAM sign-in.
    ServerUnproven,
    /// The server said more than is believed.
    OverLimit,
    /// STARTTLS or STLS is not offered.
    StartTlsNotOffered,
    /// The server offers no sign-in on this connection.
    LoginNotOffered,
    /// Signing in without encryption is not allowed here.
    LoginNeedsTls,
    /// The server offers only ways to sign in that are not spoken here.
    NoCommonMechanism {
        /// Those, in the server's spelling.
        offered: Vec<String>,
    },
    /// The server lacks something else.
    Incompatible,
}

/// Why a message was not sent although nobody refused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSentCause {
    /// The connection ended, or the server broke the protocol, before the message was complete.
    ConnectionLost,
    /// An address or the message needs SMTPUTF8, which the server lacks.
    Smtputf8Missing,
    /// The message needs 8BITMIME, which the server lacks.
    EightBitMimeMissing,
    /// The message is larger than the server takes.
    TooLarge {
        /// The most that it takes, in bytes.
        max_bytes: u64,
    },
    /// There is no recipient.
    NoRecipients,
    /// The message could not be read to its end, or holds what cannot be sent.
    Unreadable,
}

/// What some servers cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// POP3 has one folder.
    Folders,
    /// The message lies in that folder already.
    SameFolder,
    /// The change can no longer be taken back.
    UndoIsOver,
    /// Removing a message here would remove others that are marked as deleted.
    UnsafeExpunge,
}

/// What a server said, reduced to what a meaning needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerReply {
    /// SMTP reply code.
    pub code: Option<u16>,
    /// SMTP enhanced code ("5.1.1").
    pub enhanced: Option<String>,
    /// IMAP or POP3 response code in capitals ("AUTHENTICATIONFAILED", "IN-USE").
    pub response_code: Option<String>,
    /// The server's own words, with codes, lossy UTF-8.
    pub text: String,
}

impl ServerReply {
    /// What is kept of a server's words, in bytes.
    pub(crate) const KEPT_MAX_BYTES: usize = 2000;

    /// The reply, with no more of its words than are kept.
    pub(crate) fn kept(self) -> Self {
        Self {
            text: cut(self.text, Self::KEPT_MAX_BYTES),
            ..self
        }
    }
}

impl std::fmt::Display for ServerReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// One of each, for tests.
#[cfg(test)]
impl DialCause {
    pub(crate) fn every() -> Vec<Self> {
        vec![
            Self::NameNotFound,
            Self::Refused,
            Self::TimedOut { secs: 10 },
            Self::Unreachable,
            Self::HostNotListed,
            Self::PortNotAllowed,
            Self::TooManyHosts,
            Self::CertificateExpired {
                ended_on: Some("2026-05-03".to_owned()),
            },
            Self::CertificateNotYetValid,
            Self::WrongName {
                presented: two_names(),
            },
            Self::Untrusted,
            Self::CertificateInvalid,
            Self::NotTls,
            Self::TlsTooOld,
            Self::ClosedInHandshake,
            Self::SilentInHandshake,
            Self::TlsFailed,
        ]
    }
}

#[cfg(test)]
impl LinkCause {
    pub(crate) fn every() -> Vec<Self> {
        vec![
            Self::Closed,
            Self::ClosedEarly,
            Self::Silent,
            Self::NoGreeting,
            Self::Misbehaved,
            Self::PlaintextInjected,
            Self::ServerUnproven,
            Self::OverLimit,
            Self::StartTlsNotOffered,
            Self::LoginNotOffered,
            Self::LoginNeedsTls,
            Self::NoCommonMechanism {
                offered: two_names(),
            },
            Self::Incompatible,
        ]
    }
}

#[cfg(test)]
fn two_names() -> Vec<String> {
    vec!["a.test".to_owned(), "b.test".to_owned()]
}
