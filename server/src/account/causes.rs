//! Account errors as the causes that [`crate::meaning`] has words for.

use app::api::types::{Lang, RecipientState};
use jiff::Timestamp;
use mail_net::dial::{DialError, Endpoint};
use mail_net::egress::Refusal;
use mail_net::{Phase, TlsError, deadlines};
use mail_proto::{imap, pop3, sasl, smtp};

use super::error::{LinkError, ServerReply, Side};
use crate::meaning::dial::DialCause;
use crate::meaning::imap::ImapCause;
use crate::meaning::link::LinkCause;
use crate::meaning::pop3::Pop3Cause;
use crate::meaning::sign_in::SignInCause;
use crate::meaning::smtp::{NotSentCause, RefusalCause, Refused};
use crate::meaning::{self, Meaning, Place, Protocol, Words};
use crate::store::outbox::RecipientRecord;

fn place(side: Side, endpoint: &Endpoint) -> Place<'_> {
    let protocol = match side {
        Side::Incoming => Protocol::Imap,
        Side::IncomingPop3 => Protocol::Pop3,
        Side::Outgoing => Protocol::Smtp,
    };
    Place {
        protocol,
        host: &endpoint.host,
        port: endpoint.port,
        tls: endpoint.tls,
    }
}

fn words(reply: &ServerReply) -> Words<'_> {
    Words {
        code: reply.code,
        enhanced: reply.enhanced.as_deref(),
        response_code: reply.response_code.as_deref(),
        text: &reply.text,
    }
}

/// Why no connection came about.
pub(super) fn of_dial(side: Side, endpoint: &Endpoint, error: &DialError, lang: Lang) -> Meaning {
    let place = place(side, endpoint);
    let cause = match error {
        // The same words for both: who asks must not find out which names exist inside.
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
        DialError::Tls(error) => return of_tls(place, error, lang),
        _ => DialCause::Unreachable,
    };
    meaning::dial::meaning(lang, place, cause)
}

fn of_tls(place: Place<'_>, error: &TlsError, lang: Lang) -> Meaning {
    let ended_on;
    let cause = match error {
        TlsError::Expired {
            not_after_unix_secs,
        } => {
            ended_on = not_after_unix_secs.and_then(day);
            DialCause::CertificateExpired {
                ended_on: ended_on.as_deref(),
            }
        }
        TlsError::NotYetValid => DialCause::CertificateNotYetValid,
        TlsError::WrongName { presented } => DialCause::WrongName { presented },
        TlsError::Untrusted => DialCause::Untrusted,
        TlsError::Certificate(_) => DialCause::CertificateInvalid,
        TlsError::NotTls => DialCause::NotTls,
        TlsError::TooOld => DialCause::TlsTooOld,
        TlsError::Closed => DialCause::ClosedInHandshake,
        TlsError::TimedOut => DialCause::SilentInHandshake,
        _ => DialCause::TlsFailed,
    };
    meaning::dial::meaning(lang, place, cause)
}

fn day(unix_secs: u64) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(unix_secs).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d").to_string())
}

/// Why a connection that was there cannot go on.
pub(super) fn of_link(side: Side, endpoint: &Endpoint, error: &LinkError, lang: Lang) -> Meaning {
    let place = place(side, endpoint);
    let cause = match error {
        LinkError::Tls(error) => return of_tls(place, error, lang),
        LinkError::Deadline(Phase::SmtpGreeting | Phase::SignIn) => LinkCause::NoGreeting,
        LinkError::Deadline(_) => LinkCause::Silent,
        LinkError::ClosedEarly => LinkCause::ClosedEarly,
        LinkError::Closed | LinkError::Overloaded => LinkCause::Closed,
        LinkError::Smtp(smtp::Error::PeerIncompatible(
            smtp::Incompatibility::NoCommonMechanism { offered },
        ))
        | LinkError::Pop3(pop3::Error::PeerIncompatible(
            pop3::Incompatibility::NoCommonMechanism { offered },
        )) => LinkCause::NoCommonMechanism { offered },
        LinkError::Imap(error) => of_imap(error),
        LinkError::Pop3(error) => of_pop3(error),
        LinkError::Smtp(error) => of_smtp(error),
    };
    meaning::link::meaning(lang, place, cause)
}

fn of_imap(error: &imap::Error) -> LinkCause<'static> {
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

fn of_sasl(failure: &sasl::Failure) -> LinkCause<'static> {
    match failure {
        sasl::Failure::ServerUnproven | sasl::Failure::WrongNonce => LinkCause::ServerUnproven,
        _ => LinkCause::Misbehaved,
    }
}

fn of_pop3(error: &pop3::Error) -> LinkCause<'static> {
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

fn of_smtp(error: &smtp::Error) -> LinkCause<'static> {
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

/// What a refused sign-in is about.
pub(super) fn sign_in(side: Side, endpoint: &Endpoint, reply: &ServerReply) -> SignInCause {
    SignInCause::read(place(side, endpoint), words(reply))
}

/// Why the sign-in was refused.
pub(super) fn of_login(
    side: Side,
    endpoint: &Endpoint,
    reply: &ServerReply,
    lang: Lang,
) -> Meaning {
    let cause = sign_in(side, endpoint, reply);
    meaning::sign_in::meaning(lang, place(side, endpoint), cause)
}

/// When a refused command may work, in seconds.
pub(super) fn retry_after_secs(side: Side, reply: &ServerReply) -> Option<u32> {
    match side {
        Side::Incoming => ImapCause::read(words(reply)).retry_after_secs(),
        Side::IncomingPop3 => Pop3Cause::read(words(reply)).retry_after_secs(),
        Side::Outgoing => RefusalCause::is_transient(&words(reply)).then_some(60),
    }
}

/// Why a command was refused.
pub(super) fn of_refusal(side: Side, reply: &ServerReply, lang: Lang) -> Meaning {
    match side {
        Side::Incoming => meaning::imap::meaning(lang, ImapCause::read(words(reply))),
        Side::IncomingPop3 => meaning::pop3::meaning(lang, Pop3Cause::read(words(reply))),
        Side::Outgoing => {
            let cause = RefusalCause::read(words(reply));
            meaning::smtp::refusal(lang, cause, Refused::Message, None)
        }
    }
}

/// Why a message was not sent although nobody refused it.
pub(super) fn of_unsent(cause: &smtp::Cause, lang: Lang) -> Meaning {
    let cause = match cause {
        smtp::Cause::TooLarge { max_bytes, .. } => {
            return meaning::smtp::too_large(lang, Some(*max_bytes));
        }
        smtp::Cause::Smtputf8NotOffered => NotSentCause::Smtputf8Missing,
        smtp::Cause::EightBitMimeNotOffered => NotSentCause::EightBitMimeMissing,
        smtp::Cause::NoRecipients => NotSentCause::NoRecipients,
        smtp::Cause::NulInBody | smtp::Cause::Aborted => NotSentCause::Unreadable,
        _ => NotSentCause::ConnectionLost,
    };
    meaning::smtp::not_sent(lang, cause)
}

/// What the result for one recipient means; empty where there is nothing to be said.
pub(super) fn of_recipient(recipient: &RecipientRecord, lang: Lang) -> String {
    let meaning = match (recipient.state, &recipient.reply) {
        (RecipientState::Refused | RecipientState::Delayed, Some(reply)) => {
            let words = Words {
                code: Some(reply.code),
                enhanced: reply.enhanced.as_deref(),
                response_code: None,
                text: &reply.text,
            };
            // Whoever is delayed is tried again by the outbox: nobody has to do anything.
            let refused = match recipient.state {
                RecipientState::Delayed => Refused::RecipientForNow,
                _ => Refused::Recipient,
            };
            meaning::smtp::refusal(lang, RefusalCause::read(words), refused, None)
        }
        (RecipientState::Unknown, _) => meaning::smtp::unknown(lang),
        _ => return String::new(),
    };
    match meaning.fix.as_str() {
        "" => meaning.cause,
        fix if lang == Lang::ZhCn => format!("{}{fix}", meaning.cause),
        fix => format!("{} {fix}", meaning.cause),
    }
}
