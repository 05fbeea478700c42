//! What a reply comes to: by its enhanced code, else by its words, else by its code.

use super::super::ReplyFields;

/// Why a recipient or a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCause {
    /// There is no such mailbox.
    NoSuchUser,
    /// There is no such domain, or it takes no mail.
    NoSuchDomain,
    /// The server cannot read the address.
    AddressSyntax,
    /// The person has moved to another address.
    Moved,
    /// The mailbox is switched off.
    MailboxDisabled,
    /// The mailbox has no room left.
    MailboxFull,
    /// The message is too large.
    TooLarge,
    /// The server may not be used to send there, or not without sign-in.
    NotAllowedToSend,
    /// The sender's address does not belong to the account.
    SenderNotOwned,
    /// The mail could not be verified (SPF, DKIM, DMARC, reverse name).
    NotVerified,
    /// The message looks like junk.
    Junk,
    /// The server takes no mail from ours, for a reason of its own.
    Policy,
    /// More was sent than is allowed for now.
    TooMuch,
    /// The mailbox or the server is busy: later.
    Busy,
    /// The server has no room left.
    SystemFull,
    /// The server did not understand a command.
    NotUnderstood,
    /// A mailing list could not pass it on, or may not be used by the sender.
    MailingList,
    /// Their server cannot take the form in which the message is written.
    ContentNotSupported,
    /// A server on the way does not take international addresses.
    InternationalAddress,
    /// The mail went round in circles.
    Loop,
    /// It took too long to be delivered.
    Expired,
    /// The mailbox or the domain belongs to somebody else than before.
    OwnerChanged,
    /// It cannot go encrypted all the way, as was asked.
    EncryptionMissing,
    /// Something is wrong with a server on the way.
    ServerBroken,
    /// Refused for now, for another reason.
    Later,
    /// Refused for good, for another reason.
    Other,
}

impl RefusalCause {
    /// Reads the cause from a reply: by its enhanced code (RFC 3463, RFC 5248, RFC 7372), else by
    /// its words, else by its code (RFC 5321 §4.2.3).
    pub fn read(words: ReplyFields<'_>) -> Self {
        by_enhanced(words)
            .or_else(|| by_words(words))
            .unwrap_or_else(|| by_code(words))
    }

    /// Tells whether the same message may be taken later, by the first digit of the reply.
    pub const fn is_transient(words: &ReplyFields<'_>) -> bool {
        matches!(words.code, Some(400..=499))
    }
}

fn by_enhanced(words: ReplyFields<'_>) -> Option<RefusalCause> {
    let (subject, detail) = words.subject_and_detail()?;
    Some(match (subject, detail) {
        // "5.1.0" and "5.0.0" say nothing: the words may.
        (1, 1 | 4) => RefusalCause::NoSuchUser,
        (1, 2 | 10) => RefusalCause::NoSuchDomain,
        (1, 3) => RefusalCause::AddressSyntax,
        (1, 6) => RefusalCause::Moved,
        (1, 7 | 8) | (7, 27) => RefusalCause::SenderNotOwned,
        (2, 1) if RefusalCause::is_transient(&words) => RefusalCause::Busy,
        (2, 1) => RefusalCause::MailboxDisabled,
        (2, 2) => RefusalCause::MailboxFull,
        (2, 3) | (3, 4) | (7, 16) => RefusalCause::TooLarge,
        (2, 4) | (7, 2) => RefusalCause::MailingList,
        (3, 1) => RefusalCause::SystemFull,
        (3, 2) | (4, 1 | 2 | 5) | (7, 15) => RefusalCause::Busy,
        (3, 3) | (5, 0 | 1 | 2 | 4 | 5 | 6) => RefusalCause::NotUnderstood,
        (3, 5) => RefusalCause::ServerBroken,
        // "Unable to route" is about the domain if it is for good, about the network if it is not.
        (4, 3 | 4) if RefusalCause::is_transient(&words) => RefusalCause::Busy,
        (4, 3) => RefusalCause::ServerBroken,
        (4, 4) => RefusalCause::NoSuchDomain,
        (4, 6) => RefusalCause::Loop,
        (4, 7) => RefusalCause::Expired,
        (5, 3) | (7, 28) => RefusalCause::TooMuch,
        (6, 7..=9) => RefusalCause::InternationalAddress,
        (6, 1..=6 | 10) | (7, 3 | 4 | 6 | 7) => RefusalCause::ContentNotSupported,
        (7, 5 | 10 | 30) => RefusalCause::EncryptionMissing,
        (7, 17..=19) => RefusalCause::OwnerChanged,
        (7, 20..=26 | 29) => RefusalCause::NotVerified,
        // Policy in general: relaying, junk and greylisting are told apart by words only.
        (7, 0 | 1) => match by_words(words) {
            Some(cause) => cause,
            None if RefusalCause::is_transient(&words) => RefusalCause::Later,
            None => RefusalCause::Policy,
        },
        (7, 8 | 9 | 11..=14 | 57) => RefusalCause::NotAllowedToSend,
        _ => return None,
    })
}

fn by_words(words: ReplyFields<'_>) -> Option<RefusalCause> {
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
            RefusalCause::TooMuch,
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
        .find(|(needles, _)| words.say_one_of(needles))
        .map(|(_, cause)| *cause)
}

fn by_code(words: ReplyFields<'_>) -> RefusalCause {
    match words.code {
        Some(421 | 450 | 451) => RefusalCause::Busy,
        Some(452) => RefusalCause::SystemFull,
        Some(400..=499) => RefusalCause::Later,
        Some(500..=504 | 555) => RefusalCause::NotUnderstood,
        Some(523 | 524 | 530 | 534 | 535 | 538) => RefusalCause::NotAllowedToSend,
        Some(551) => RefusalCause::Moved,
        Some(552) => RefusalCause::MailboxFull,
        Some(553) => RefusalCause::AddressSyntax,
        // RFC 7504: a host or a domain that takes no mail at all.
        Some(521 | 556) => RefusalCause::NoSuchDomain,
        _ => RefusalCause::Other,
    }
}
