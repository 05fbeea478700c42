//! The parameters of `MAIL` and `RCPT`: size and kind of the message, and notifications (RFC 3461).

use super::replies::{MALFORMED, TOO_BIG};
use crate::MAX_MESSAGE_BYTES;

const NOT_OFFERED: &str = "555 5.5.4 this parameter is not offered";
/// RFC 3461 §4.4 and §4.2.
const MAX_ENVELOPE_ID_BYTES: usize = 100;
const MAX_ORIGINAL_BYTES: usize = 500;

type Parameters<'a> = &'a [(String, Option<String>)];

/// The parameters of `MAIL`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MailParameters {
    pub(super) is_utf8: bool,
    /// The envelope ID (`ENVID`), as the sender wrote it.
    pub(super) envelope_id: Option<String>,
}

/// The parameters of `RCPT`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecipientParameters {
    pub(super) notifies_of_success: bool,
    /// The original recipient (`ORCPT`), as the sender wrote it, with its address type.
    pub(super) original: Option<String>,
}

impl MailParameters {
    /// Parses the parameters, or returns the reply that refuses them.
    pub(super) fn parse(parameters: Parameters<'_>) -> Result<Self, &'static str> {
        let mut parsed = Self::default();
        check_unique(parameters)?;
        for (keyword, value) in parameters {
            match (keyword.as_str(), value.as_deref()) {
                ("SIZE", Some(size)) => match size.parse::<u64>() {
                    Ok(size) if size > MAX_MESSAGE_BYTES as u64 => return Err(TOO_BIG),
                    Ok(_) => {}
                    Err(_) => return Err(MALFORMED),
                },
                ("BODY", Some(body)) if is_one_of(body, &["7BIT", "8BITMIME"]) => {}
                ("RET", Some(what)) if is_one_of(what, &["FULL", "HDRS"]) => {}
                ("ENVID", Some(id)) if id.len() <= MAX_ENVELOPE_ID_BYTES => {
                    parsed.envelope_id = Some(from_xtext(id).ok_or(MALFORMED)?);
                }
                ("SMTPUTF8", None) => parsed.is_utf8 = true,
                ("AUTH", Some(_)) => {}
                ("SIZE" | "BODY" | "RET" | "ENVID" | "SMTPUTF8" | "AUTH", _) => {
                    return Err(MALFORMED);
                }
                _ => return Err(NOT_OFFERED),
            }
        }
        Ok(parsed)
    }
}

impl RecipientParameters {
    /// Parses the parameters, or returns the reply that refuses them.
    pub(super) fn parse(parameters: Parameters<'_>) -> Result<Self, &'static str> {
        let mut parsed = Self::default();
        check_unique(parameters)?;
        for (keyword, value) in parameters {
            match (keyword.as_str(), value.as_deref()) {
                ("NOTIFY", Some(when)) if when.eq_ignore_ascii_case("NEVER") => {}
                ("NOTIFY", Some(when)) => {
                    for one in when.split(',') {
                        if !is_one_of(one, &["SUCCESS", "FAILURE", "DELAY"]) {
                            return Err(MALFORMED);
                        }
                        parsed.notifies_of_success |= one.eq_ignore_ascii_case("SUCCESS");
                    }
                }
                ("ORCPT", Some(original)) if original.len() <= MAX_ORIGINAL_BYTES => {
                    let (kind, address) = original.split_once(';').ok_or(MALFORMED)?;
                    let is_atom = kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                    let address = from_xtext(address).filter(|_| is_atom && !kind.is_empty());
                    parsed.original = Some(format!("{kind};{}", address.ok_or(MALFORMED)?));
                }
                ("NOTIFY" | "ORCPT", _) => return Err(MALFORMED),
                _ => return Err(NOT_OFFERED),
            }
        }
        Ok(parsed)
    }
}

/// RFC 3461 §4.5: a repeated parameter is an error.
fn check_unique(parameters: Parameters<'_>) -> Result<(), &'static str> {
    let mut seen = std::collections::HashSet::new();
    match parameters.iter().all(|(keyword, _)| seen.insert(keyword)) {
        true => Ok(()),
        false => Err(MALFORMED),
    }
}

fn is_one_of(value: &str, known: &[&str]) -> bool {
    known.iter().any(|known| value.eq_ignore_ascii_case(known))
}

/// Decodes `xtext` (RFC 3461 §4). Returns `None` if it is invalid or contains unprintable
/// characters.
fn from_xtext(encoded: &str) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut text = String::new();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'+' => {
                let (high, low) = (upper_hex(bytes.next()?)?, upper_hex(bytes.next()?)?);
                high * 16 + low
            }
            b'=' => return None,
            byte => byte,
        };
        if !matches!(byte, b' '..=b'~') {
            return None;
        }
        text.push(char::from(byte));
    }
    Some(text)
}

fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Vec<(String, Option<String>)> {
        let words = text.split_whitespace();
        let pair = |word: &str| match word.split_once('=') {
            Some((keyword, value)) => (keyword.to_owned(), Some(value.to_owned())),
            None => (word.to_owned(), None),
        };
        words.map(pair).collect()
    }

    #[test]
    fn rfc3461_4_parameters_are_read() {
        let mail =
            MailParameters::parse(&parameters("RET=hdrs ENVID=QQ+2B314+20x SMTPUTF8")).unwrap();
        assert_eq!(mail.envelope_id.as_deref(), Some("QQ+314 x"));
        assert!(mail.is_utf8);
        let line = "NOTIFY=success,Failure ORCPT=rfc822;a+2Bb@c.example";
        let recipient = RecipientParameters::parse(&parameters(line)).unwrap();
        assert!(recipient.notifies_of_success);
        assert_eq!(recipient.original.as_deref(), Some("rfc822;a+b@c.example"));
        let never = RecipientParameters::parse(&parameters("NOTIFY=NEVER")).unwrap();
        assert_eq!(never, RecipientParameters::default());
    }

    #[test]
    fn malformed_or_unsupported_parameters_are_refused() {
        for line in [
            "RET=ALL",
            "RET",
            "ENVID=a+2",
            "ENVID=+2b",
            "ENVID=a=b",
            "ENVID=+0A",
            "SMTPUTF8=1",
            "RET=FULL RET=FULL",
            "SIZE=",
            "BODY=BINARYMIME",
        ] {
            assert_eq!(
                MailParameters::parse(&parameters(line)),
                Err(MALFORMED),
                "{line}"
            );
        }
        for line in [
            "NOTIFY=NEVER,SUCCESS",
            "NOTIFY=",
            "NOTIFY",
            "ORCPT=a@b",
            "ORCPT=;a@b",
            "ORCPT=r;a+",
            "ORCPT=rfc822;a ORCPT=rfc822;a",
        ] {
            assert_eq!(
                RecipientParameters::parse(&parameters(line)),
                Err(MALFORMED),
                "{line}"
            );
        }
        let long = format!("ENVID={}", "x".repeat(101));
        assert_eq!(MailParameters::parse(&parameters(&long)), Err(MALFORMED));
        assert_eq!(
            MailParameters::parse(&parameters("HOLDFOR=1")),
            Err(NOT_OFFERED)
        );
        assert_eq!(
            RecipientParameters::parse(&parameters("RET=FULL")),
            Err(NOT_OFFERED)
        );
    }
}
