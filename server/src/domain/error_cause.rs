//! Error causes as codes: the ledger stores them, and the views turn them into sentences.

use app::api::types::FolderRole;
/// The TLS mode: when TLS begins.
pub use mail_proto::Tls;

use super::bounds::cut;

/// The protocol of a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// SMTP.
    Smtp,
}

/// A mail server: protocol, address and TLS mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The TLS mode: when TLS begins.
    pub tls: Tls,
}

/// Why a message was not sent, or its copy was not filed in Sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCause {
    /// The connection to a server could not be opened.
    Dial(Server, DialCause),
    /// An open connection failed.
    Link(Server, LinkCause),
    /// The server refused the sign-in.
    LoginRefused(Server, ServerReply),
    /// The server refused a command.
    Refused(Protocol, ServerReply),
    /// The message was not sent, although no server refused it.
    NotSent {
        /// Why.
        cause: NotSentCause,
        /// The server's reply, if it sent one.
        words: Option<String>,
    },
    /// The folder or message does not exist.
    NotFound,
    /// No folder has this role.
    MissingFolder(FolderRole),
    /// The mail server does not support the action.
    Unsupported(Unsupported),
    /// The mail server's response has no readable content.
    Withheld,
    /// Other accounts use the memory that the request needs.
    Overloaded,
    /// The session ended.
    SignedOut,
    /// The message's file in the spool is missing, truncated or damaged.
    FileLost,
    /// There is no space for a copy on this server.
    NoRoom(FullSpace),
    /// An internal error of this program.
    Internal,
    /// An earlier version recorded the cause as a sentence, which is not stored any more.
    Earlier {
        /// The server's reply, if it sent one.
        words: Option<String>,
    },
}

/// The space on this server that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullSpace {
    /// That of the account for sent messages.
    Sent,
    /// That of all accounts, or the disk.
    Server,
}

/// Why a connection could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialCause {
    /// The name does not exist, or resolves to an address inside a private network.
    NameNotFound,
    /// Nothing listens on the port.
    Refused,
    /// The server did not respond in time.
    TimedOut {
        /// The timeout, in seconds.
        secs: u64,
    },
    /// The host is unreachable.
    Unreachable,
    /// The configuration allows listed hosts only.
    HostNotListed,
    /// The configuration does not allow this port.
    PortNotAllowed,
    /// The client address has named too many new hosts.
    TooManyHosts,
    /// The certificate has expired.
    CertificateExpired {
        /// The date of expiry as shown to users, if known.
        ended_on: Option<String>,
    },
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// The certificate is for other names.
    WrongName {
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// No trusted authority issued the certificate.
    Untrusted,
    /// The certificate is invalid for another reason.
    CertificateInvalid,
    /// The server does not speak TLS on this port.
    NotTls,
    /// The server supports only versions of TLS that are insecure.
    TlsTooOld,
    /// The server closed the connection during the TLS handshake.
    ClosedInHandshake,
    /// The server accepted the connection and did not answer the TLS handshake.
    SilentInHandshake,
    /// The TLS handshake failed for another reason.
    TlsFailed,
}

/// Why an open connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkCause {
    /// The server closed the connection, or the network failed.
    Closed,
    /// The server closed the connection before the sign-in.
    ClosedEarly,
    /// The server did not respond in time.
    Silent,
    /// The server sent no greeting.
    NoGreeting,
    /// The server violated the protocol.
    Misbehaved,
    /// Plaintext arrived where encryption was agreed on: an attacker may have injected it.
    PlaintextInjected,
    /// The server did not prove that it knows the password, which SCRAM requires.
    ServerUnproven,
    /// The server's response is over a limit.
    OverLimit,
    /// The server does not offer STARTTLS or STLS.
    StartTlsNotOffered,
    /// The server does not allow a sign-in on this connection.
    LoginNotOffered,
    /// The configuration does not allow a sign-in without TLS.
    LoginNeedsTls,
    /// The server offers only SASL mechanisms that this program does not support.
    NoCommonMechanism {
        /// The offered mechanisms, in the server's spelling.
        offered: Vec<String>,
    },
    /// The server lacks another required capability.
    Incompatible,
}

/// Why a message was not sent although no server refused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSentCause {
    /// The connection ended, or the server broke the protocol, before the message was complete.
    ConnectionLost,
    /// An address or the message needs SMTPUTF8, which the server lacks.
    Smtputf8Missing,
    /// The message needs 8BITMIME, which the server lacks.
    EightBitMimeMissing,
    /// The message is larger than the server accepts.
    TooLarge {
        /// The server's limit, in bytes.
        max_bytes: u64,
    },
    /// The message has no recipients.
    NoRecipients,
    /// The message could not be read completely, or has content that cannot be sent.
    Unreadable,
}

/// An action that the server does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// Folders: POP3 has only one.
    Folders,
    /// A move to the folder that holds the message already.
    SameFolder,
    /// An undo after its time is over.
    UndoIsOver,
    /// An expunge that would also remove other messages marked as deleted.
    UnsafeExpunge,
}

/// A server's reply, reduced to the fields that decide its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerReply {
    /// SMTP reply code.
    pub code: Option<u16>,
    /// SMTP enhanced code ("5.1.1").
    pub enhanced: Option<String>,
    /// IMAP or POP3 response code in capitals ("AUTHENTICATIONFAILED", "IN-USE").
    pub response_code: Option<String>,
    /// The server's text with its codes, as lossy UTF-8.
    pub text: String,
}

impl ServerReply {
    /// Maximum length of the stored text without its ellipsis, in bytes.
    pub(crate) const KEPT_MAX_BYTES: usize = 2000;

    /// Returns the reply with its text cut to [`KEPT_MAX_BYTES`](Self::KEPT_MAX_BYTES).
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

/// One value of each variant, for tests.
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
