//! What a server says it can do: the reply to `EHLO` (RFC 5321 §4.1.1.1).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::reply::Reply;

/// The service extensions that a server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {
    /// Commands may be sent ahead of the replies (RFC 2920).
    pub pipelining: bool,
    /// `STARTTLS` is offered (RFC 3207).
    pub starttls: bool,
    /// Octets above 127 may be in a body (RFC 6152).
    pub eight_bit_mime: bool,
    /// International addresses and header fields may be sent (RFC 6531).
    pub smtputf8: bool,
    /// Replies carry enhanced codes (RFC 2034).
    pub enhanced_status_codes: bool,
    /// `MAIL` takes the size of the message (RFC 1870).
    pub size: bool,
    /// The largest message that the server takes. Nothing where it names no limit.
    pub size_max_bytes: Option<u64>,
    /// The SASL mechanisms, in the server's spelling (RFC 4954).
    pub auth: Vec<String>,
    /// Every other line, as it is.
    pub others: Vec<String>,
}

impl Extensions {
    /// Reads a positive reply to `EHLO`. Its first line greets; lines that are not known are kept.
    pub fn parse(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            extensions.add(line);
        }
        extensions
    }

    fn add(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "STARTTLS" => self.starttls = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "SIZE" => {
                self.size = true;
                // Zero says that there is no fixed limit (RFC 1870 §4).
                let max = words.next().and_then(|digits| digits.parse::<u64>().ok());
                self.size_max_bytes = max.filter(|max| *max > 0);
            }
            "AUTH" => self.add_mechanisms(words),
            // Servers from before RFC 2554 wrote "AUTH=LOGIN PLAIN".
            old if old.starts_with("AUTH=") => {
                self.add_mechanisms(keyword.get(5..).into_iter().chain(words));
            }
            _ => self.others.push(line.to_owned()),
        }
    }

    fn add_mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names.filter(|name| !name.is_empty()) {
            if !self
                .auth
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
            {
                self.auth.push(name.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Extensions {
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        Extensions::parse(&Reply {
            code: 250,
            enhanced: None,
            lines,
        })
    }

    #[test]
    fn a_postfix_ehlo_is_read() {
        let extensions = parse(&[
            "mail.example.org",
            "PIPELINING",
            "SIZE 10240000",
            "VRFY",
            "ETRN",
            "AUTH PLAIN LOGIN",
            "AUTH=PLAIN LOGIN",
            "ENHANCEDSTATUSCODES",
            "8BITMIME",
            "DSN",
            "SMTPUTF8",
            "CHUNKING",
        ]);
        assert!(extensions.pipelining && extensions.eight_bit_mime && extensions.smtputf8);
        assert!(extensions.enhanced_status_codes && extensions.size && !extensions.starttls);
        assert_eq!(extensions.size_max_bytes, Some(10_240_000));
        assert_eq!(extensions.auth, ["PLAIN", "LOGIN"]);
        assert_eq!(extensions.others, ["VRFY", "ETRN", "DSN", "CHUNKING"]);
    }

    #[test]
    fn keywords_are_read_in_any_case_but_not_in_the_greeting_line() {
        let extensions = parse(&["STARTTLS is my name", "pipelining", "starttls"]);
        assert!(extensions.pipelining && extensions.starttls);
        assert!(!parse(&["STARTTLS"]).starttls);
    }

    #[test]
    fn size_zero_none_or_nonsense_is_no_limit() {
        for line in [
            "SIZE 0",
            "SIZE",
            "SIZE lots",
            "SIZE 99999999999999999999999",
        ] {
            let extensions = parse(&["x", line]);
            assert!(extensions.size, "{line}");
            assert_eq!(extensions.size_max_bytes, None, "{line}");
        }
    }

    #[test]
    fn a_vendor_line_and_an_empty_one_break_nothing() {
        let extensions = parse(&["x", "XVENDOR a=b  c", "", "LIMITS RCPTMAX=10"]);
        assert_eq!(extensions.others, ["XVENDOR a=b  c", "LIMITS RCPTMAX=10"]);
    }
}
