//! The capabilities of a server: the response to `CAPA` (RFC 2449).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::OverLimit;

/// Maximum number of lines in the response to `CAPA`.
const MAX_LINES: usize = 200;

/// The capabilities that a server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The server supports `CAPA`. If not, the other fields are unknown, and `UIDL` and `TOP` may
    /// still work.
    pub capa: bool,
    /// `USER` and `PASS`.
    pub user: bool,
    /// `UIDL`.
    pub uidl: bool,
    /// `TOP`.
    pub top: bool,
    /// `STLS` (RFC 2595).
    pub stls: bool,
    /// Commands may be sent ahead of the responses.
    pub pipelining: bool,
    /// The server uses response codes, so a text that begins with a bracket is a code.
    pub resp_codes: bool,
    /// The server uses `[AUTH]` and `[SYS/…]` (RFC 3206).
    pub auth_resp_code: bool,
    /// The minimum delay between two sessions.
    pub login_delay: Option<LoginDelay>,
    /// The SASL mechanisms, in the server's spelling (RFC 5034).
    pub sasl: Vec<String>,
    /// The server software (`IMPLEMENTATION`).
    pub implementation: Option<String>,
    /// The retention period of messages.
    pub expire: Option<Expire>,
    /// Messages and names may be UTF-8 after the command `UTF8` (RFC 6856 §2).
    pub utf8: bool,
    /// `USER` and `PASS` may be UTF-8 without that command (RFC 6856 §2.1).
    pub utf8_user: bool,
    /// The language of the server's response texts can be chosen (RFC 6856 §3).
    pub lang: bool,
    /// Every other line, unchanged.
    pub others: Vec<String>,
}

/// The retention period of messages that were not deleted (RFC 2449 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expire {
    /// Messages do not expire.
    Never,
    /// Messages expire after this number of days; 0: the server may delete them as soon as the
    /// session ends.
    Days {
        /// The number of days.
        days: u32,
        /// The period may differ between users; this is the shortest.
        is_per_user: bool,
    },
}

/// The minimum delay between two sessions (RFC 2449 §6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginDelay {
    /// The minimum time between two sign-ins, in seconds.
    pub secs: u32,
    /// The delay may differ between users; this is the longest.
    pub is_per_user: bool,
}

/// A partially read list of capabilities.
#[derive(Debug)]
pub(super) struct CapabilityListing {
    pub(super) capabilities: Capabilities,
    lines: usize,
}

impl CapabilityListing {
    /// Creates the empty list of a server that supports `CAPA`.
    pub(super) fn new() -> Self {
        let capabilities = Capabilities {
            capa: true,
            ..Capabilities::default()
        };
        Self {
            capabilities,
            lines: 0,
        }
    }

    /// Adds one received line.
    ///
    /// ```abnf
    /// capa-resp = single-line *capability "." CRLF ; one capability
    /// ```
    /// RFC 2449 §3.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), OverLimit> {
        if self.lines >= MAX_LINES {
            return Err(OverLimit {
                what: "list of capabilities",
                max: u64::try_from(MAX_LINES).unwrap_or(u64::MAX),
            });
        }
        self.lines = self.lines.saturating_add(1);
        self.capabilities.add(&String::from_utf8_lossy(line));
        Ok(())
    }
}

impl Capabilities {
    /// Adds one line of the list. Unknown lines are stored in `others`.
    ///
    /// ```abnf
    /// capability = capa-tag *(SP param) CRLF ;512 octets maximum
    /// capa-tag   = 1*cchar
    /// param      = 1*VCHAR
    /// ```
    /// RFC 2449 §3. The tag is case-insensitive.
    fn add(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(tag) = words.next() else { return };
        match tag.to_ascii_uppercase().as_str() {
            "USER" => self.user = true,
            "UIDL" => self.uidl = true,
            "TOP" => self.top = true,
            "STLS" => self.stls = true,
            "PIPELINING" => self.pipelining = true,
            "RESP-CODES" => self.resp_codes = true,
            "AUTH-RESP-CODE" => self.auth_resp_code = true,
            "LOGIN-DELAY" => {
                let secs = words.next().and_then(|digits| digits.parse().ok());
                let is_per_user = words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("USER"));
                self.login_delay = secs.map(|secs| LoginDelay { secs, is_per_user });
            }
            "EXPIRE" => {
                let (when, user) = (words.next(), words.next());
                let is_per_user = user.is_some_and(|word| word.eq_ignore_ascii_case("USER"));
                self.expire = match when {
                    Some(word) if word.eq_ignore_ascii_case("NEVER") => Some(Expire::Never),
                    Some(days) => days
                        .parse()
                        .ok()
                        .map(|days| Expire::Days { days, is_per_user }),
                    None => None,
                };
            }
            "UTF8" => {
                self.utf8 = true;
                self.utf8_user = words.any(|word| word.eq_ignore_ascii_case("USER"));
            }
            "LANG" => self.lang = true,
            "SASL" => self.sasl.extend(words.map(String::from)),
            "IMPLEMENTATION" => {
                let rest = line.trim_ascii_start().get(tag.len()..).unwrap_or_default();
                self.implementation = Some(rest.trim_ascii().to_owned());
            }
            _ => self.others.push(line.to_owned()),
        }
    }

    /// Returns whether the server offers a SASL mechanism.
    pub fn has_mechanism(&self, name: &str) -> bool {
        self.sasl
            .iter()
            .any(|offered| offered.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // docs/protocols.md, POP3: CAPA
    #[test]
    fn rfc2449_5_example() {
        let mut capabilities = Capabilities::default();
        for line in [
            "TOP",
            "USER",
            "SASL CRAM-MD5 KERBEROS_V4",
            "LOGIN-DELAY 900",
            "PIPELINING",
            "EXPIRE 60",
            "UIDL",
            "IMPLEMENTATION Shlemazle-Plotz-v302",
        ] {
            capabilities.add(line);
        }
        assert!(capabilities.top && capabilities.user && capabilities.uidl);
        assert!(capabilities.pipelining && !capabilities.stls);
        assert_eq!(
            capabilities.login_delay,
            Some(LoginDelay {
                secs: 900,
                is_per_user: false
            })
        );
        assert!(capabilities.has_mechanism("cram-md5") && !capabilities.has_mechanism("PLAIN"));
        assert_eq!(
            capabilities.implementation.as_deref(),
            Some("Shlemazle-Plotz-v302")
        );
        assert_eq!(capabilities.others, [""; 0]);
    }

    #[test]
    fn an_irregular_capability_list_is_read_as_far_as_possible() {
        let mut capabilities = Capabilities::default();
        for line in [
            "",
            "login-delay soon",
            "IMPLEMENTATION",
            "sasl",
            "X-VENDOR  a b",
        ] {
            capabilities.add(line);
        }
        assert_eq!(capabilities.login_delay, None);
        assert_eq!(capabilities.implementation.as_deref(), Some(""));
        assert_eq!(capabilities.others, ["X-VENDOR  a b"]);
        capabilities.add("LOGIN-DELAY 300 USER");
        assert_eq!(
            capabilities.login_delay,
            Some(LoginDelay {
                secs: 300,
                is_per_user: true
            })
        );
    }
}
