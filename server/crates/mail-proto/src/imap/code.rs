//! Response codes: the machine-readable part of a status response (RFC 9051 §7.1, RFC 5530).

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::flag::{self, Flag};
use super::number::{Uid, UidValidity, parse_u64};
use super::sequence_set::SequenceSet;
use super::tokens;

/// What stands in brackets in front of a server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// ALERT: a person has to be shown the text.
    Alert,
    /// ALREADYEXISTS: there is a mailbox of this name.
    AlreadyExists,
    /// APPENDUID: where the message went.
    AppendUid {
        /// The generation of the UIDs there.
        uid_validity: UidValidity,
        /// The UIDs of the messages, mostly one.
        uids: SequenceSet,
    },
    /// AUTHENTICATIONFAILED: wrong name or password.
    AuthenticationFailed,
    /// AUTHORIZATIONFAILED: right password, but not allowed.
    AuthorizationFailed,
    /// BADCHARSET
    BadCharset,
    /// CANNOT: will never work.
    Cannot,
    /// CAPABILITY
    Capability(Capabilities),
    /// CLIENTBUG
    ClientBug,
    /// CLOSED: what follows is about the mailbox that is selected next.
    Closed,
    /// CONTACTADMIN
    ContactAdmin,
    /// COPYUID: where the messages went. The n-th of `source` became the n-th of `destination`.
    CopyUid {
        /// The generation of the UIDs there.
        uid_validity: UidValidity,
        /// The UIDs here.
        source: SequenceSet,
        /// The UIDs there.
        destination: SequenceSet,
    },
    /// CORRUPTION
    Corruption,
    /// EXPIRED: the password is no longer valid.
    Expired,
    /// EXPUNGEISSUED: messages are gone that have not been reported yet.
    ExpungeIssued,
    /// HASCHILDREN: a mailbox with children is not deleted.
    HasChildren,
    /// HIGHESTMODSEQ
    HighestModSeq(u64),
    /// INUSE: somebody else holds what is needed.
    InUse,
    /// LIMIT: too many of something.
    Limit,
    /// NONEXISTENT: there is no such mailbox.
    NonExistent,
    /// NOMODSEQ: this mailbox has no modification sequences.
    NoModSeq,
    /// NOPERM
    NoPerm,
    /// OVERQUOTA
    OverQuota,
    /// PARSE: a message could not be understood.
    Parse,
    /// PERMANENTFLAGS: the flags that can be changed for good.
    PermanentFlags(Vec<Flag>),
    /// PRIVACYREQUIRED: only with TLS.
    PrivacyRequired,
    /// READ-ONLY
    ReadOnly,
    /// READ-WRITE
    ReadWrite,
    /// SERVERBUG
    ServerBug,
    /// TOOBIG (RFC 4469): the message is too large.
    TooBig,
    /// TRYCREATE: the mailbox is not there but can be made.
    TryCreate,
    /// UIDNEXT
    UidNext(Uid),
    /// UIDNOTSTICKY: UIDs do not outlive the session.
    UidNotSticky,
    /// UIDVALIDITY
    UidValidity(UidValidity),
    /// UNAVAILABLE: a part of the server is down; may work later.
    Unavailable,
    /// UNSEEN: the sequence number of the first unread message.
    Unseen(u32),
    /// A code that is not known here, or whose arguments could not be read.
    Unknown {
        /// Its name, in upper case.
        name: String,
        /// What follows the name, up to the bracket.
        text: String,
    },
}

/// Splits the text of a status response into its code and the words for people.
pub(crate) fn split(text: &Bytes, max_nesting: usize) -> (Option<Code>, String) {
    let code = text.strip_prefix(b"[").and_then(|inside| {
        let close = closing_bracket(inside)?;
        let code = Code::parse(&text.slice_ref(inside.get(..close)?), max_nesting)?;
        Some((code, inside.get(close + 1..)?))
    });
    match code {
        Some((code, words)) => (Some(code), lossy(words.strip_prefix(b" ").unwrap_or(words))),
        None => (None, lossy(text)),
    }
}

/// Finds the bracket that ends a code. Brackets within lists and strings belong to flags and
/// names; where those do not end, the first bracket it is.
fn closing_bracket(inside: &[u8]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quoted = false;
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b']' if !quoted && depth == 0 => return Some(at),
            _ => {}
        }
    }
    memchr::memchr(b']', inside)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

impl Code {
    fn parse(inside: &Bytes, max_nesting: usize) -> Option<Self> {
        let name_len = memchr::memchr(b' ', inside).unwrap_or(inside.len());
        let (name, text) = inside.split_at_checked(name_len)?;
        if name.is_empty() {
            return None;
        }
        let text = text.trim_ascii();
        let name = lossy(name).to_ascii_uppercase();
        let known = Self::parse_known(&name, &inside.slice_ref(text), max_nesting);
        Some(known.unwrap_or_else(|| Self::Unknown {
            name,
            text: lossy(text),
        }))
    }

    fn parse_known(name: &str, text: &Bytes, max_nesting: usize) -> Option<Self> {
        let words = || {
            text.split(|byte| *byte == b' ')
                .filter(|word| !word.is_empty())
        };
        Some(match name {
            "ALERT" => Self::Alert,
            "ALREADYEXISTS" => Self::AlreadyExists,
            "APPENDUID" => {
                let (uid_validity, uids) = (words().next()?, words().nth(1)?);
                Self::AppendUid {
                    uid_validity: UidValidity::parse(uid_validity)?,
                    uids: SequenceSet::parse(uids)?,
                }
            }
            "AUTHENTICATIONFAILED" => Self::AuthenticationFailed,
            "AUTHORIZATIONFAILED" => Self::AuthorizationFailed,
            "BADCHARSET" => Self::BadCharset,
            "CANNOT" => Self::Cannot,
            "CAPABILITY" => Self::Capability(Capabilities::from_words(words())),
            "CLIENTBUG" => Self::ClientBug,
            "CLOSED" => Self::Closed,
            "CONTACTADMIN" => Self::ContactAdmin,
            "COPYUID" => Self::CopyUid {
                uid_validity: UidValidity::parse(words().next()?)?,
                source: SequenceSet::parse(words().nth(1)?)?,
                destination: SequenceSet::parse(words().nth(2)?)?,
            },
            "CORRUPTION" => Self::Corruption,
            "EXPIRED" => Self::Expired,
            "EXPUNGEISSUED" => Self::ExpungeIssued,
            "HASCHILDREN" => Self::HasChildren,
            "HIGHESTMODSEQ" => Self::HighestModSeq(parse_u64(text)?),
            "INUSE" => Self::InUse,
            "LIMIT" => Self::Limit,
            "NONEXISTENT" => Self::NonExistent,
            "NOMODSEQ" => Self::NoModSeq,
            "NOPERM" => Self::NoPerm,
            "OVERQUOTA" => Self::OverQuota,
            "PARSE" => Self::Parse,
            "PERMANENTFLAGS" => {
                let values = tokens::values_of(text, max_nesting)?;
                Self::PermanentFlags(flag::parse_list(values.first()?)?)
            }
            "PRIVACYREQUIRED" => Self::PrivacyRequired,
            "READ-ONLY" => Self::ReadOnly,
            "READ-WRITE" => Self::ReadWrite,
            "SERVERBUG" => Self::ServerBug,
            "TOOBIG" => Self::TooBig,
            "TRYCREATE" => Self::TryCreate,
            "UIDNEXT" => Self::UidNext(Uid::parse(text)?),
            "UIDNOTSTICKY" => Self::UidNotSticky,
            "UIDVALIDITY" => Self::UidValidity(UidValidity::parse(text)?),
            "UNAVAILABLE" => Self::Unavailable,
            "UNSEEN" => Self::Unseen(u32::try_from(parse_u64(text)?).ok()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn of(text: &'static str) -> (Option<Code>, String) {
        split(&Bytes::from_static(text.as_bytes()), 100)
    }

    fn code(text: &'static str) -> Code {
        of(text).0.unwrap()
    }

    #[test]
    fn the_codes_of_rfc_9051_7_1_are_read() {
        assert_eq!(code("[ALERT] System shutdown in 10 minutes"), Code::Alert);
        assert_eq!(
            code("[AUTHENTICATIONFAILED] Authentication failed"),
            Code::AuthenticationFailed
        );
        assert_eq!(
            code("[UIDNEXT 4392] Predicted"),
            Code::UidNext(Uid::new(4392).unwrap())
        );
        assert_eq!(
            code("[uidvalidity 3857529045]"),
            Code::UidValidity(UidValidity::new(3_857_529_045).unwrap())
        );
        assert_eq!(code("[UNSEEN 12] first"), Code::Unseen(12));
        let Code::AppendUid { uid_validity, uids } =
            code("[APPENDUID 38505 3955] APPEND completed")
        else {
            panic!("no APPENDUID")
        };
        assert_eq!(
            (uid_validity.get(), uids.to_string()),
            (38505, "3955".into())
        );
        let Code::CopyUid {
            source,
            destination,
            ..
        } = code("[COPYUID 432432 42:69 1202:1229] x")
        else {
            panic!("no COPYUID")
        };
        assert_eq!(
            source.uids().zip(destination.uids()).last(),
            Uid::new(69).zip(Uid::new(1229))
        );
    }

    #[test]
    fn brackets_in_flags_and_in_words_do_not_end_the_code() {
        let (code, words) = of(r"[PERMANENTFLAGS (\Answered a]b [x] \*)] Flags [sic] permitted (");
        let Some(Code::PermanentFlags(flags)) = code else {
            panic!("no PERMANENTFLAGS")
        };
        assert_eq!(
            flags.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["\\Answered", "a]b", "[x]", "\\*"]
        );
        assert_eq!(words, "Flags [sic] permitted (");
    }

    #[test]
    fn codes_that_are_not_known_or_broken_are_kept_as_text() {
        let unknown = |name: &str, text: &str| Code::Unknown {
            name: name.into(),
            text: text.into(),
        };
        assert_eq!(
            code("[x-throttled 5 s] Slow"),
            unknown("X-THROTTLED", "5 s")
        );
        assert_eq!(code("[UIDNEXT 0] zero"), unknown("UIDNEXT", "0"));
        assert_eq!(code("[COPYUID 1 2] two"), unknown("COPYUID", "1 2"));
        assert_eq!(code("[PERMANENTFLAGS (] x"), unknown("PERMANENTFLAGS", "("));
    }

    #[test]
    fn words_that_only_look_like_a_code_stay_words() {
        assert_eq!(of("[ not closed"), (None, "[ not closed".into()));
        assert_eq!(of("[] empty"), (None, "[] empty".into()));
        assert_eq!(of("Gr\u{fc}\u{df}e"), (None, "Gr\u{fc}\u{df}e".into()));
        assert_eq!(
            split(&Bytes::from_static(b"a\xffb"), 9),
            (None, "a\u{fffd}b".into())
        );
    }
}
