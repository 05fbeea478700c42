//! Parser of the text of a status response: response code and human-readable text.

use alloc::string::String;

use bytes::Bytes;

use super::Code;
use crate::imap::capability::Capabilities;
use crate::imap::flag;
use crate::imap::number::{Uid, UidValidity, parse_u64};
use crate::imap::object_id::ObjectId;
use crate::imap::sequence_set::SequenceSet;
use crate::imap::tokens;
use crate::imap::value::Value;
use crate::raw_text;

/// Splits the text of a status response into the response code and the human-readable text.
///
/// ```abnf
/// resp-text = ["[" resp-text-code "]" SP] [text]
/// ```
/// RFC 9051 §9. The space after the bracket may be missing.
pub(crate) fn split(text: &Bytes, max_nesting: usize) -> (Option<Code>, String) {
    let code = text.strip_prefix(b"[").and_then(|inside| {
        let close = closing_bracket(inside)?;
        let code = Code::parse(&text.slice_ref(inside.get(..close)?), max_nesting)?;
        Some((code, inside.get(close + 1..)?))
    });
    match code {
        Some((code, rest)) => (
            Some(code),
            raw_text::carry(rest.strip_prefix(b" ").unwrap_or(rest)),
        ),
        None => (None, raw_text::carry(text)),
    }
}

/// Returns the index of the bracket that ends a code. Brackets in lists and strings belong to flags
/// and names; if a list or string is not terminated, the first bracket ends the code.
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

impl Code {
    /// Parses the text between the brackets: a name and its arguments.
    ///
    /// ```abnf
    /// resp-text-code =/ atom [SP 1*<any TEXT-CHAR except "]">] ; any code
    /// ```
    /// RFC 9051 §9.
    fn parse(inside: &Bytes, max_nesting: usize) -> Option<Self> {
        let name_len = memchr::memchr(b' ', inside).unwrap_or(inside.len());
        let (name, text) = inside.split_at_checked(name_len)?;
        if name.is_empty() {
            return None;
        }
        let text = text.trim_ascii();
        let name = raw_text::carry(name).to_ascii_uppercase();
        let known = Self::parse_known(&name, &inside.slice_ref(text), max_nesting);
        Some(known.unwrap_or_else(|| Self::Unknown {
            name,
            text: raw_text::carry(text),
        }))
    }

    /// Parses a known code, `name` in upper case; `None` if its arguments are invalid.
    ///
    /// ```abnf
    /// resp-text-code  = "BADCHARSET" [SP "(" charset *(SP charset) ")" ] /
    ///                   capability-data /
    ///                   "PERMANENTFLAGS" SP "(" [flag-perm *(SP flag-perm)] ")" /
    ///                   "UIDNEXT" SP nz-number / "UIDVALIDITY" SP nz-number /
    ///                   resp-code-apnd / resp-code-copy
    ///                   ; and the codes of PLAIN, which have no arguments
    /// resp-code-apnd  = "APPENDUID" SP nz-number SP append-uid
    /// resp-code-copy  = "COPYUID" SP nz-number SP uid-set SP uid-set
    /// append-uid      = uniqueid
    /// append-uid     =/ uid-set                                ; RFC 4315 §4
    /// resp-text-code =/ "UNSEEN" SP nz-number                  ; RFC 3501 §9
    /// resp-text-code =/ "HIGHESTMODSEQ" SP mod-sequence-value /
    ///                   "MODIFIED" SP sequence-set             ; RFC 7162 §7
    /// resp-text-code =/ "MAILBOXID" SP "(" objectid ")"        ; RFC 8474 §7
    /// ```
    /// RFC 9051 §9. BADEVENT (RFC 5465 §8) has a list, REFERRAL (RFC 2221) a URL.
    fn parse_known(name: &str, text: &Bytes, max_nesting: usize) -> Option<Self> {
        let arguments = || {
            text.split(|byte| *byte == b' ')
                .filter(|word| !word.is_empty())
        };
        let list = || {
            let values = tokens::values_of(text, max_nesting)?;
            let list = values.first().and_then(Value::list).unwrap_or_default();
            Some(list.iter().filter_map(Value::astring).cloned().collect())
        };
        if let Some((_, code)) = Self::PLAIN.iter().find(|(known, _)| *known == name) {
            return Some(code.clone());
        }
        Some(match name {
            "APPENDUID" => {
                let (uid_validity, uids) = (arguments().next()?, arguments().nth(1)?);
                Self::AppendUid {
                    uid_validity: UidValidity::parse(uid_validity)?,
                    uids: SequenceSet::parse(uids)?,
                }
            }
            "BADCHARSET" => Self::BadCharset(list()?),
            "BADEVENT" => Self::BadEvent(list()?),
            "CAPABILITY" => Self::Capability(Capabilities::from_names(arguments())),
            "COPYUID" => Self::CopyUid {
                uid_validity: UidValidity::parse(arguments().next()?)?,
                source: SequenceSet::parse(arguments().nth(1)?)?,
                destination: SequenceSet::parse(arguments().nth(2)?)?,
            },
            "HIGHESTMODSEQ" => Self::HighestModSeq(parse_u64(text)?),
            "MAILBOXID" => {
                let values = tokens::values_of(text, max_nesting)?;
                Self::MailboxId(ObjectId::parse_listed(values.first()?)?)
            }
            "MODIFIED" => Self::Modified(SequenceSet::parse(text)?),
            "PERMANENTFLAGS" => {
                let values = tokens::values_of(text, max_nesting)?;
                Self::PermanentFlags(flag::parse_list(values.first()?)?)
            }
            "REFERRAL" => Self::Referral(raw_text::carry(text)),
            "UIDNEXT" => Self::UidNext(Uid::parse(text)?),
            "UIDVALIDITY" => Self::UidValidity(UidValidity::parse(text)?),
            "UNSEEN" => Self::Unseen(u32::try_from(parse_u64(text)?).ok()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn of(text: &'static str) -> (Option<Code>, String) {
        split(&Bytes::from_static(text.as_bytes()), 100)
    }

    fn code(text: &'static str) -> Code {
        of(text).0.unwrap()
    }

    // docs/protocols.md, IMAP: response codes
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

    // docs/protocols.md, IMAP: response codes
    #[test]
    fn the_codes_of_the_extensions_are_read() {
        let set = |text: &str| SequenceSet::parse(text.as_bytes()).unwrap();
        // RFC 7162 §3.1.3 and §3.1.2, RFC 5182 §2.1, RFC 5465, RFC 8474 §4.1, RFC 4978 §3, RFC 6154 §3.
        assert_eq!(
            code("[MODIFIED 7,9] Conditional STORE failed"),
            Code::Modified(set("7,9"))
        );
        assert_eq!(
            code("[HIGHESTMODSEQ 715194045007] x"),
            Code::HighestModSeq(715_194_045_007)
        );
        assert_eq!(code("[NOMODSEQ] Sorry"), Code::NoModSeq);
        assert_eq!(code("[notsaved] expired"), Code::NotSaved);
        assert_eq!(
            code("[NOTIFICATIONOVERFLOW] ..."),
            Code::NotificationOverflow
        );
        assert_eq!(
            code("[BADEVENT (FlagChange MessageNew)] x"),
            Code::BadEvent(["FlagChange", "MessageNew"].map(Bytes::from).into())
        );
        assert_eq!(
            code("[MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] Ok"),
            Code::MailboxId(ObjectId::new("F2212ea87-6097-4256-9d51-71338625").unwrap())
        );
        assert_eq!(
            code("[COMPRESSIONACTIVE] DEFLATE active via TLS"),
            Code::CompressionActive
        );
        assert_eq!(code("[USEATTR] \\All not supported"), Code::UseAttr);
        assert_eq!(code("[UNKNOWN-CTE] uuencode"), Code::UnknownCte);
        assert_eq!(code("[TOOBIG] too big"), Code::TooBig);
        assert_eq!(code("[OVERQUOTA] full"), Code::OverQuota);
        assert_eq!(code("[BADCHARSET] no"), Code::BadCharset([].into()));
        assert_eq!(
            code("[BADCHARSET (US-ASCII \"UTF-8\")] no"),
            Code::BadCharset(["US-ASCII", "UTF-8"].map(Bytes::from).into())
        );
        let referral = of("[REFERRAL IMAP://user;AUTH=*@SERVER2/INBOX] Remote").0;
        let url = "IMAP://user;AUTH=*@SERVER2/INBOX".into();
        assert_eq!(referral, Some(Code::Referral(url)));
    }

    #[test]
    fn every_code_knows_its_name() {
        let with_arguments = [
            "APPENDUID 1 2",
            "BADCHARSET",
            "BADEVENT (a)",
            "CAPABILITY IMAP4rev1",
            "COPYUID 1 2 3",
            "HIGHESTMODSEQ 1",
            "MAILBOXID (a)",
            "MODIFIED 1",
            "PERMANENTFLAGS ()",
            "REFERRAL imap://x",
            "UIDNEXT 1",
            "UIDVALIDITY 1",
            "UNSEEN 1",
            "METADATA LONGENTRIES 2199",
            "WEBALERT https://mail.example/",
            "THROTTLED",
        ];
        let plain = Code::PLAIN.iter().map(|(name, _)| *name);
        for inside in with_arguments.into_iter().chain(plain) {
            let name = inside.split(' ').next().unwrap();
            let text = Bytes::from(alloc::format!("[{inside}] words"));
            let (code, rest) = split(&text, 100);
            assert_eq!(code.unwrap().name(), name);
            assert_eq!(rest, "words");
        }
    }

    // docs/protocols.md, IMAP: text behind a status
    #[test]
    fn brackets_in_flags_and_in_text_do_not_end_the_code() {
        let (code, rest) = of(r"[PERMANENTFLAGS (\Answered a]b [x] \*)] Flags [sic] permitted (");
        let Some(Code::PermanentFlags(flags)) = code else {
            panic!("no PERMANENTFLAGS")
        };
        assert_eq!(
            flags.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["\\Answered", "a]b", "[x]", "\\*"]
        );
        assert_eq!(rest, "Flags [sic] permitted (");
    }

    // docs/protocols.md, IMAP: unknown data
    #[test]
    fn unknown_and_broken_codes_are_reported_as_text() {
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
        assert_eq!(code("[MODIFIED 0] x"), unknown("MODIFIED", "0"));
        assert_eq!(code("[MAILBOXID (a b)] x"), unknown("MAILBOXID", "(a b)"));
    }

    #[test]
    fn text_that_resembles_a_response_code_stays_text() {
        assert_eq!(of("[ not closed"), (None, "[ not closed".into()));
        assert_eq!(of("[] empty"), (None, "[] empty".into()));
        assert_eq!(of("Gr\u{fc}\u{df}e"), (None, "Gr\u{fc}\u{df}e".into()));
        assert_eq!(
            split(&Bytes::from_static(b"a\xffb"), 9),
            (None, "a\u{f7ff}b".into())
        );
    }
}
