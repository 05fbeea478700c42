//! Conversion of client errors to the codes that the ledger stores and the views translate.

use jiff::Timestamp;
use mail_net::dial::{DialError, Endpoint};
use mail_net::egress::Refusal;
use mail_net::{Phase, TlsError, deadlines};
use mail_proto::{imap, pop3, sasl, smtp};

use super::error::{ClientError, LinkError};
use crate::domain::{DialCause, ErrorCause, LinkCause, Protocol, Server};

impl ClientError {
    /// Returns the cause of the error as a code that can be stored.
    pub(crate) fn error_cause(&self) -> ErrorCause {
        match self {
            Self::Dial {
                protocol,
                endpoint,
                error,
            } => ErrorCause::Dial(server(*protocol, endpoint), of_dial(error)),
            Self::Link {
                error: LinkError::Overloaded,
                ..
            }
            | Self::Overloaded => ErrorCause::Overloaded,
            // A failed handshake after STARTTLS has the same causes as one of implicit TLS.
            Self::Link {
                protocol,
                endpoint,
                error: LinkError::Tls(error),
            } => ErrorCause::Dial(server(*protocol, endpoint), of_tls(error)),
            Self::Link {
                protocol,
                endpoint,
                error,
            } => ErrorCause::Link(server(*protocol, endpoint), of_link(error)),
            Self::LoginRefused {
                protocol,
                endpoint,
                reply,
            } => ErrorCause::LoginRefused(server(*protocol, endpoint), reply.clone().kept()),
            Self::Refused {
                protocol, reply, ..
            } => ErrorCause::Refused(*protocol, reply.clone().kept()),
        }
    }
}

fn server(protocol: Protocol, endpoint: &Endpoint) -> Server {
    Server {
        protocol,
        host: endpoint.host.clone(),
        port: endpoint.port,
        tls: endpoint.tls,
    }
}

fn of_dial(error: &DialError) -> DialCause {
    match error {
        // One cause for both: a user must not find out which names exist inside the network.
        DialError::NameNotFound | DialError::Fenced(Refusal::Private { .. }) => {
            DialCause::NameNotFound
        }
        DialError::Refused => DialCause::Refused,
        DialError::TimedOut => DialCause::TimedOut {
            secs: deadlines::CONNECT.as_secs(),
        },
        DialError::Fenced(Refusal::NotListed { .. }) => DialCause::HostNotListed,
        DialError::Fenced(Refusal::Port { .. }) => DialCause::PortNotAllowed,
        DialError::Fenced(Refusal::TooManyHosts { .. }) => DialCause::TooManyHosts,
        DialError::Tls(error) => of_tls(error),
        _ => DialCause::Unreachable,
    }
}

fn of_tls(error: &TlsError) -> DialCause {
    match error {
        TlsError::Expired {
            not_after_unix_secs,
        } => DialCause::CertificateExpired {
            ended_on: not_after_unix_secs.and_then(day),
        },
        TlsError::NotYetValid => DialCause::CertificateNotYetValid,
        TlsError::WrongName { presented } => DialCause::WrongName {
            presented: presented.clone(),
        },
        TlsError::Untrusted => DialCause::Untrusted,
        TlsError::Certificate(_) => DialCause::CertificateInvalid,
        TlsError::NotTls => DialCause::NotTls,
        TlsError::TooOld => DialCause::TlsTooOld,
        TlsError::Closed => DialCause::ClosedInHandshake,
        TlsError::TimedOut => DialCause::SilentInHandshake,
        _ => DialCause::TlsFailed,
    }
}

fn day(unix_secs: u64) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(unix_secs).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d").to_string())
}

fn of_link(error: &LinkError) -> LinkCause {
    match error {
        LinkError::Deadline(Phase::SmtpGreeting | Phase::SignIn) => LinkCause::NoGreeting,
        LinkError::Deadline(_) => LinkCause::Silent,
        LinkError::ClosedEarly => LinkCause::ClosedEarly,
        LinkError::Closed | LinkError::Overloaded | LinkError::Tls(_) => LinkCause::Closed,
        LinkError::Smtp(smtp::Error::PeerIncompatible(
            smtp::Incompatibility::NoCommonMechanism { offered },
        ))
        | LinkError::Pop3(pop3::Error::PeerIncompatible(
            pop3::Incompatibility::NoCommonMechanism { offered },
        )) => LinkCause::NoCommonMechanism {
            offered: offered.clone(),
        },
        LinkError::Imap(error) => of_imap(error),
        LinkError::Pop3(error) => of_pop3(error),
        LinkError::Smtp(error) => of_smtp(error),
    }
}

fn of_imap(error: &imap::Error) -> LinkCause {
    match error {
        imap::Error::PeerMisbehaved(imap::Misbehaviour::PlaintextBehindStartTls) => {
            LinkCause::PlaintextInjected
        }
        imap::Error::PeerIncompatible(imap::Incompatibility::NoStartTls) => {
            LinkCause::StartTlsNotOffered
        }
        imap::Error::PeerIncompatible(
            imap::Incompatibility::LoginDisabled | imap::Incompatibility::NoMechanism,
        ) => LinkCause::LoginNotOffered,
        imap::Error::PeerIncompatible(_) => LinkCause::Incompatible,
        imap::Error::PlaintextLogin => LinkCause::LoginNeedsTls,
        imap::Error::PeerMisbehaved(imap::Misbehaviour::Sasl(failure)) => of_sasl(failure),
        imap::Error::Limit(_) => LinkCause::OverLimit,
        imap::Error::Closed => LinkCause::Closed,
        _ => LinkCause::Misbehaved,
    }
}

fn of_sasl(failure: &sasl::SaslError) -> LinkCause {
    match failure {
        sasl::SaslError::ServerUnproven | sasl::SaslError::WrongNonce => LinkCause::ServerUnproven,
        _ => LinkCause::Misbehaved,
    }
}

fn of_pop3(error: &pop3::Error) -> LinkCause {
    match error {
        pop3::Error::PeerMisbehaved(pop3::Misbehaviour::Sasl(failure)) => of_sasl(failure),
        pop3::Error::PeerMisbehaved(pop3::Misbehaviour::PlaintextAfterStls) => {
            LinkCause::PlaintextInjected
        }
        pop3::Error::PeerIncompatible(pop3::Incompatibility::StlsNotOffered) => {
            LinkCause::StartTlsNotOffered
        }
        pop3::Error::PeerIncompatible(pop3::Incompatibility::LoginNeedsTls) => {
            LinkCause::LoginNeedsTls
        }
        pop3::Error::PeerIncompatible(_) => LinkCause::LoginNotOffered,
        pop3::Error::Limit(_) => LinkCause::OverLimit,
        pop3::Error::Closed { .. } => LinkCause::Closed,
        _ => LinkCause::Misbehaved,
    }
}

fn of_smtp(error: &smtp::Error) -> LinkCause {
    match error {
        smtp::Error::PeerMisbehaved(smtp::Misbehaviour::PlaintextAfterStartTls) => {
            LinkCause::PlaintextInjected
        }
        smtp::Error::PeerIncompatible(smtp::Incompatibility::StartTlsNotOffered) => {
            LinkCause::StartTlsNotOffered
        }
        smtp::Error::PeerIncompatible(smtp::Incompatibility::LoginNeedsTls) => {
            LinkCause::LoginNeedsTls
        }
        smtp::Error::PeerMisbehaved(smtp::Misbehaviour::Sasl(failure)) => of_sasl(failure),
        smtp::Error::PeerIncompatible(_) => LinkCause::LoginNotOffered,
        smtp::Error::Limit(_) => LinkCause::OverLimit,
        smtp::Error::Closed { .. } => LinkCause::Closed,
        _ => LinkCause::Misbehaved,
    }
}
