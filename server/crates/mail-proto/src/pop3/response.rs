//! Status lines (RFC 1939 §3) and their response codes (RFC 2449 §8, RFC 3206).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::raw_text;

/// The text of a server's response after `+OK` or `-ERR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The response code in brackets at the front of the text, if there is one.
    pub code: Option<ResponseCode>,
    /// The text, including the response code. Bytes that are not UTF-8 are carried as by
    /// [`raw_text::carry`].
    pub text: String,
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The machine-readable reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseCode {
    /// `[IN-USE]`: another session has locked the maildrop. The password is not the cause.
    InUse,
    /// `[LOGIN-DELAY]`: the client signed in again too soon.
    LoginDelay,
    /// `[AUTH]`: the credentials are wrong.
    Auth,
    /// `[SYS/TEMP]`: a temporary failure of the server.
    SysTemp,
    /// `[SYS/PERM]`: a permanent failure of the server, which needs an administrator.
    SysPerm,
    /// Any other code, unchanged.
    Other(String),
}

impl Response {
    /// Parses the text after the status.
    ///
    /// ```abnf
    /// text       = *schar / resp-code *CHAR
    /// resp-code  = "[" resp-level *("/" resp-level) "]"
    /// ```
    /// RFC 2449 §3. Octets beyond ASCII are accepted.
    fn new(text: &[u8]) -> Self {
        let text = raw_text::carry(text);
        let code = text
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .map(|(code, _)| ResponseCode::parse(code));
        Self { code, text }
    }
}

impl ResponseCode {
    /// Parses the code between the brackets. Levels below a known code are ignored, as RFC 2449 §8
    /// requires, except those of SYS, which has two meanings.
    ///
    /// ```abnf
    /// resp-code  = "[" resp-level *("/" resp-level) "]" ; between the brackets
    /// resp-level = 1*rchar
    /// ```
    /// RFC 2449 §3.
    fn parse(code: &str) -> Self {
        let upper = code.to_ascii_uppercase();
        let mut levels = upper.split('/');
        match (levels.next(), levels.next()) {
            (Some("IN-USE"), _) => Self::InUse,
            (Some("LOGIN-DELAY"), _) => Self::LoginDelay,
            (Some("AUTH"), _) => Self::Auth,
            (Some("SYS"), Some("TEMP")) => Self::SysTemp,
            (Some("SYS"), Some("PERM")) => Self::SysPerm,
            _ => Self::Other(code.to_owned()),
        }
    }
}

/// One status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    Ok(Response),
    Err(Response),
    /// `+`: a challenge in base64 (RFC 5034 §4).
    Challenge(Vec<u8>),
}

impl Status {
    /// Parses a line without its line end; `None` if it is not a status line.
    ///
    /// ```abnf
    /// single-line  = status [SP text] CRLF ;512 octets maximum
    /// status       = "+OK" / "-ERR"
    /// continue-req = "+" SP [base64] CRLF  ; RFC 5034 §5
    /// ```
    /// RFC 2449 §3. A single `+` is accepted, and lines may be longer.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        if let Some(text) = after_indicator(line, b"+OK") {
            return Some(Self::Ok(Response::new(text)));
        }
        // `+ERR` is a bug of hMailServer. It can only mean a refusal.
        for indicator in [b"-ERR", b"+ERR"] {
            if let Some(text) = after_indicator(line, indicator) {
                return Some(Self::Err(Response::new(text)));
            }
        }
        after_indicator(line, b"+").map(|text| Self::Challenge(text.to_vec()))
    }
}

impl Response {
    /// Returns whether the text says that the server does not know the command; such a response is
    /// not about the credentials.
    pub(super) fn is_unknown_command(&self) -> bool {
        const PHRASES: [&str; 12] = [
            "unknown command",
            "unrecognized command",
            "unrecognised command",
            "invalid command",
            "bad command",
            "no such command",
            "command not",
            "unsupported",
            "not supported",
            "not implemented",
            "unimplemented",
            "syntax error",
        ];
        let text = self.text.to_ascii_lowercase();
        matches!(self.code, None | Some(ResponseCode::Other(_)))
            && PHRASES.iter().any(|phrase| text.contains(phrase))
    }
}

/// Returns the text after an indicator; `None` if the line has another one.
///
/// ```abnf
/// single-line = status [SP text] CRLF ; behind status
/// ```
/// RFC 2449 §3.
fn after_indicator<'a>(line: &'a [u8], indicator: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(indicator)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(b" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(line: &str) -> Response {
        match Status::parse(line.as_bytes()) {
            Some(Status::Err(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    // docs/protocols.md, POP3: RESP-CODES, AUTH-RESP-CODE
    #[test]
    fn rfc2449_8_1_response_codes() {
        let response = refusal("-ERR [IN-USE] Do you have another POP session running?");
        assert_eq!(response.code, Some(ResponseCode::InUse));
        assert_eq!(
            response.text,
            "[IN-USE] Do you have another POP session running?"
        );
        assert_eq!(
            refusal("-ERR [LOGIN-DELAY] wait").code,
            Some(ResponseCode::LoginDelay)
        );
    }

    // docs/protocols.md, POP3: RESP-CODES, AUTH-RESP-CODE
    #[test]
    fn rfc3206_codes_in_any_case_and_with_deeper_levels() {
        assert_eq!(refusal("-ERR [AUTH] no").code, Some(ResponseCode::Auth));
        assert_eq!(
            refusal("-ERR [sys/temp] no").code,
            Some(ResponseCode::SysTemp)
        );
        assert_eq!(
            refusal("-ERR [SYS/PERM/DISK] no").code,
            Some(ResponseCode::SysPerm)
        );
        assert_eq!(
            refusal("-ERR [SYS] no").code,
            Some(ResponseCode::Other("SYS".to_owned()))
        );
    }

    #[test]
    fn a_plus_before_err_is_a_refusal_all_the_same() {
        assert_eq!(
            refusal("+ERR Server error: the Inbox cannot be read.").text,
            "Server error: the Inbox cannot be read."
        );
        assert_eq!(refusal("+ERR [IN-USE] no").code, Some(ResponseCode::InUse));
    }

    #[test]
    fn an_unknown_command_is_distinguished_from_refused_credentials() {
        for line in [
            "-ERR unknown command",
            "-ERR Unknown command: APOP",
            "-ERR APOP not supported",
            "-ERR [X-SYNTAX] Bad command",
        ] {
            assert!(refusal(line).is_unknown_command(), "{line}");
        }
        for line in [
            "-ERR",
            "-ERR unknown user",
            "-ERR authentication failed",
            "-ERR [AUTH] unknown command",
            "-ERR [IN-USE] command not now",
        ] {
            assert!(!refusal(line).is_unknown_command(), "{line}");
        }
    }

    #[test]
    fn brackets_that_are_no_code_are_text() {
        assert_eq!(refusal("-ERR no [AUTH] here").code, None);
        assert_eq!(refusal("-ERR [AUTH").code, None);
        assert_eq!(refusal("-ERR").code, None);
    }

    #[test]
    fn a_malformed_status_line_is_not_parsed() {
        for line in [
            "", "OK", "+OKAY", "-ERROR", "+ERROR", "+ok", "250 ok", " +OK", "*",
        ] {
            assert_eq!(Status::parse(line.as_bytes()), None, "{line:?}");
        }
        assert_eq!(Status::parse(b"+ "), Some(Status::Challenge(Vec::new())));
        assert_eq!(Status::parse(b"+"), Some(Status::Challenge(Vec::new())));
        assert_eq!(
            Status::parse(b"+ cj1h"),
            Some(Status::Challenge(b"cj1h".to_vec()))
        );
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let is_status = line.starts_with(b"+") || line.starts_with(b"-ERR");
            prop_assert!(is_status || Status::parse(&line).is_none());
        }
    }
}
