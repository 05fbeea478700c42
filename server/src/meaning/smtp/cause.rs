//! The cause of a refusal: from the enhanced code, else the text, else the reply code.

use super::super::ReplyFields;

/// Why a recipient or a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCause {
    /// The mailbox does not exist.
    NoSuchUser,
    /// The domain does not exist, or accepts no mail.
    NoSuchDomain,
    /// The server cannot parse the address.
    AddressSyntax,
    /// The recipient has moved to another address.
    Moved,
    /// The mailbox is disabled.
    MailboxDisabled,
    /// The mailbox is full.
    MailboxFull,
    /// The message is too large.
    TooLarge,
    /// The server does not relay to that address, or requires a sign-in first.
    NotAllowedToSend,
    /// The sender's address does not belong to the account.
    SenderNotOwned,
    /// The mail could not be verified (SPF, DKIM, DMARC, reverse name).
    NotVerified,
    /// The message was classified as junk.
    Junk,
    /// The server rejects mail from this server by a policy of its own.
    Policy,
    /// A rate limit of the server is reached.
    RateLimited,
    /// The mailbox or the server is busy; a retry may succeed.
    Busy,
    /// The server has no storage left.
    SystemFull,
    /// The server did not understand a command.
    NotUnderstood,
    /// A mailing list could not forward the message, or the sender may not use it.
    MailingList,
    /// The recipient's server does not support the format of the message.
    ContentNotSupported,
    /// A server on the route does not support internationalized addresses.
    InternationalAddress,
    /// The message is in a mail loop.
    Loop,
    /// The delivery timed out.
    Expired,
    /// The mailbox or the domain has a new owner.
    OwnerChanged,
    /// The required encryption is not available on the whole route.
    EncryptionMissing,
    /// A server on the route has an error.
    ServerBroken,
    /// Refused temporarily, for another reason.
    Later,
    /// Refused permanently, for another reason.
    Other,
}

impl RefusalCause {
    /// Reads the cause from a reply: from its enhanced code (RFC 3463, RFC 5248, RFC 7372), else
    /// its text, else its code (RFC 5321 §4.2.3).
    pub fn read(reply: ReplyFields<'_>) -> Self {
        by_enhanced(reply)
            .or_else(|| by_text(reply))
            .unwrap_or_else(|| by_code(reply))
    }

    /// Returns whether a retry may succeed: the first digit of the reply code is 4.
    pub const fn is_transient(reply: &ReplyFields<'_>) -> bool {
        matches!(reply.code, Some(400..=499))
    }
}

fn by_enhanced(reply: ReplyFields<'_>) -> Option<RefusalCause> {
    let (subject, detail) = reply.subject_and_detail()?;
    Some(match (subject, detail) {
        // "5.1.0" and "5.0.0" carry no cause; the text may.
        (1, 1 | 4) => RefusalCause::NoSuchUser,
        (1, 2 | 10) => RefusalCause::NoSuchDomain,
        (1, 3) => RefusalCause::AddressSyntax,
        (1, 6) => RefusalCause::Moved,
        (1, 7 | 8) | (7, 27) => RefusalCause::SenderNotOwned,
        (2, 1) if RefusalCause::is_transient(&reply) => RefusalCause::Busy,
        (2, 1) => RefusalCause::MailboxDisabled,
        (2, 2) => RefusalCause::MailboxFull,
        (2, 3) | (3, 4) | (7, 16) => RefusalCause::TooLarge,
        (2, 4) | (7, 2) => RefusalCause::MailingList,
        (3, 1) => RefusalCause::SystemFull,
        (3, 2) | (4, 1 | 2 | 5) | (7, 15) => RefusalCause::Busy,
        (3, 3) | (5, 0 | 1 | 2 | 4 | 5 | 6) => RefusalCause::NotUnderstood,
        (3, 5) => RefusalCause::ServerBroken,
        // "Unable to route": a permanent failure is about the domain, a temporary one about the
        // network.
        (4, 3 | 4) if RefusalCause::is_transient(&reply) => RefusalCause::Busy,
        (4, 3) => RefusalCause::ServerBroken,
        (4, 4) => RefusalCause::NoSuchDomain,
        (4, 6) => RefusalCause::Loop,
        (4, 7) => RefusalCause::Expired,
        (5, 3) | (7, 28) => RefusalCause::RateLimited,
        (6, 7..=9) => RefusalCause::InternationalAddress,
        (6, 1..=6 | 10) | (7, 3 | 4 | 6 | 7) => RefusalCause::ContentNotSupported,
        (7, 5 | 10 | 30) => RefusalCause::EncryptionMissing,
        (7, 17..=19) => RefusalCause::OwnerChanged,
        (7, 20..=26 | 29) => RefusalCause::NotVerified,
        // General policy codes: only the text distinguishes relaying, junk and greylisting.
        (7, 0 | 1) => match by_text(reply) {
            Some(cause) => cause,
            None if RefusalCause::is_transient(&reply) => RefusalCause::Later,
            None => RefusalCause::Policy,
        },
        (7, 8 | 9 | 11..=14 | 57) => RefusalCause::NotAllowedToSend,
        _ => return None,
    })
}

fn by_text(reply: ReplyFields<'_>) -> Option<RefusalCause> {
    const RULES: &[(&[&str], RefusalCause)] = &[
        (
            &[
                "relay access denied",
                "relaying denied",
                "relay denied",
                "unable to relay",
                "relay not permitted",
                "not permitted to relay",
                "no relaying",
                "relaying is not",
                "authentication required",
            ],
            RefusalCause::NotAllowedToSend,
        ),
        (
            &[
                "sender address rejected: not owned",
                "not owned by user",
                "must be same as authorization user",
                "same as authenticated",
                "not allowed to send as",
                "send as",
            ],
            RefusalCause::SenderNotOwned,
        ),
        (
            &[
                "greylist",
                "graylist",
                "grey list",
                "try again later",
                "try later",
            ],
            RefusalCause::Busy,
        ),
        (
            &[
                "over quota",
                "quota exceeded",
                "mailbox full",
                "mailbox is full",
                "exceeded storage",
                "insufficient storage",
            ],
            RefusalCause::MailboxFull,
        ),
        (
            &[
                "too large",
                "too big",
                "size limit",
                "exceeds size",
                "exceeds the maximum",
                "message size",
            ],
            RefusalCause::TooLarge,
        ),
        (
            &[
                "spf",
                "dkim",
                "dmarc",
                "reverse dns",
                "ptr record",
                "not authenticated",
            ],
            RefusalCause::NotVerified,
        ),
        (
            &[
                "spam",
                "junk",
                "virus",
                "unsolicited",
                "blacklist",
                "blocklist",
                "block list",
                "spamhaus",
                "reputation",
                "垃圾",
            ],
            RefusalCause::Junk,
        ),
        (
            &[
                "rate limit",
                "too many",
                "frequency limited",
                "quota of messages",
                "sending limit",
            ],
            RefusalCause::RateLimited,
        ),
        (
            &[
                "user unknown",
                "unknown user",
                "no such user",
                "no such recipient",
                "unknown recipient",
                "does not exist",
                "doesn't exist",
                "no mailbox",
                "mailbox not found",
                "user not found",
                "recipient not found",
                "invalid recipient",
                "no such mailbox",
                "unknown local",
            ],
            RefusalCause::NoSuchUser,
        ),
        (
            &[
                "domain not found",
                "unrouteable",
                "unroutable",
                "no such domain",
                "host not found",
            ],
            RefusalCause::NoSuchDomain,
        ),
    ];
    RULES
        .iter()
        .find(|(needles, _)| reply.text_contains_any(needles))
        .map(|(_, cause)| *cause)
}

fn by_code(reply: ReplyFields<'_>) -> RefusalCause {
    match reply.code {
        Some(421 | 450 | 451) => RefusalCause::Busy,
        Some(452) => RefusalCause::SystemFull,
        Some(400..=499) => RefusalCause::Later,
        Some(500..=504 | 555) => RefusalCause::NotUnderstood,
        Some(523 | 524 | 530 | 534 | 535 | 538) => RefusalCause::NotAllowedToSend,
        Some(551) => RefusalCause::Moved,
        Some(552) => RefusalCause::MailboxFull,
        Some(553) => RefusalCause::AddressSyntax,
        // RFC 7504: a host or a domain that accepts no mail.
        Some(521 | 556) => RefusalCause::NoSuchDomain,
        _ => RefusalCause::Other,
    }
}
