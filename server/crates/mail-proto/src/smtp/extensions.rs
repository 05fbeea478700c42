//! The extensions of a server: the reply to `EHLO` (RFC 5321 §4.1.1.1).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::parameters::UtcTime;
use super::reply::Reply;

/// The service extensions that a server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {
    /// Commands may be sent ahead of the replies (RFC 2920).
    pub pipelining: bool,
    /// `STARTTLS` is offered (RFC 3207).
    pub starttls: bool,
    /// A body may contain octets above 127 (RFC 6152).
    pub eight_bit_mime: bool,
    /// International addresses and header fields may be sent (RFC 6531).
    pub smtputf8: bool,
    /// Replies carry enhanced codes (RFC 2034).
    pub enhanced_status_codes: bool,
    /// `MAIL` may declare the size of the message (RFC 1870).
    pub size: bool,
    /// Maximum size of a message; `None` if the server announces no limit.
    pub size_max_bytes: Option<u64>,
    /// The message may be sent by `BDAT` (RFC 3030).
    pub chunking: bool,
    /// A message may contain arbitrary octets (RFC 3030). The client does not use it.
    pub binary_mime: bool,
    /// Delivery notices may be requested (RFC 3461).
    pub dsn: bool,
    /// A message may require TLS on every hop (RFC 8689).
    pub require_tls: bool,
    /// The server can hold a message (RFC 4865).
    pub future_release: Option<FutureRelease>,
    /// A message may have a delivery deadline (RFC 2852).
    pub deliver_by: Option<DeliverByOffer>,
    /// A message may have a priority (RFC 6710).
    pub mt_priority: Option<MtPriorityOffer>,
    /// The limits of a session (RFC 9422).
    pub limits: SessionLimits,
    /// `HELP` is offered (RFC 5321 §4.1.1.8).
    pub help: bool,
    /// `VRFY` is offered (RFC 5321 §4.1.1.6).
    pub vrfy: bool,
    /// `EXPN` is offered (RFC 5321 §4.1.1.7).
    pub expn: bool,
    /// `ETRN` is offered (RFC 1985).
    pub etrn: bool,
    /// The SASL mechanisms, in the server's spelling (RFC 4954).
    pub auth: Vec<String>,
    /// The lines with an unknown keyword, unchanged and in order.
    pub others: Vec<String>,
}

/// The limits of a server for holding a message (RFC 4865 §3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FutureRelease {
    /// Maximum interval; `None` if the announced value is not a number.
    pub max_secs: Option<u32>,
    /// The latest time; `None` if the announced value is not a time in UTC.
    pub max_until: Option<UtcTime>,
}

/// The limits of a server for delivery deadlines (RFC 2852 §3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliverByOffer {
    /// Minimum time that the server accepts with
    /// [`DeliverBy::or_return`](super::DeliverBy::or_return).
    pub min_secs: Option<u32>,
}

/// The priorities that a server supports (RFC 6710 §2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MtPriorityOffer {
    /// The name of the priority policy.
    pub policy: Option<String>,
}

/// Limits of a session that a server announces (RFC 9422 §4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// Maximum number of transactions in a session.
    pub mail_max: Option<u32>,
    /// Maximum number of recipients in a transaction.
    pub rcpt_max: Option<u32>,
    /// Maximum number of different recipient domains in a session.
    pub rcpt_domain_max: Option<u32>,
}

impl Extensions {
    /// Parses a positive reply to `EHLO`. Its first line is a greeting; unknown lines are stored in
    /// `others`.
    ///
    /// ```abnf
    /// ehlo-ok-rsp = ( "250" SP Domain [ SP ehlo-greet ] CRLF )
    ///               / ( "250-" Domain [ SP ehlo-greet ] CRLF
    ///               *( "250-" ehlo-line CRLF )
    ///               "250" SP ehlo-line CRLF )
    /// ```
    /// RFC 5321 §4.1.1.1.
    pub fn parse(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            extensions.add(line);
        }
        extensions
    }

    /// Adds one line of the reply, without its code.
    ///
    /// ```abnf
    /// ehlo-line       = ehlo-keyword *( SP ehlo-param )
    /// ehlo-keyword    = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    /// ehlo-param      = 1*(%d33-126)
    /// size-param    ::= [1*DIGIT]                             ; RFC 1870
    /// deliverby-param = min-by-time *( ',' extension-token )  ; RFC 2852 §3
    /// min-by-time     = [1*9DIGIT]
    /// future-release-integer = %x31-39 *8DIGIT                ; RFC 4865 §3
    /// ```
    /// RFC 5321 §4.1.1.1.
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
                // 0 means that there is no fixed limit (RFC 1870 §4).
                let max = words.next().and_then(|digits| digits.parse::<u64>().ok());
                self.size_max_bytes = max.filter(|max| *max > 0);
            }
            "CHUNKING" => self.chunking = true,
            "BINARYMIME" => self.binary_mime = true,
            "DSN" => self.dsn = true,
            "REQUIRETLS" => self.require_tls = true,
            "FUTURERELEASE" => {
                self.future_release = Some(FutureRelease {
                    max_secs: words.next().and_then(|secs| positive(secs, 9)),
                    max_until: words.next().and_then(|time| UtcTime::new(time).ok()),
                });
            }
            "DELIVERBY" => {
                // RFC 2852 §4.1: a client type may follow the time, after a comma.
                let secs = words.next().and_then(|word| word.split(',').next());
                let min_secs = secs.and_then(|secs| positive(secs, 9));
                self.deliver_by = Some(DeliverByOffer { min_secs });
            }
            "MT-PRIORITY" => {
                let policy = words.next().map(String::from);
                self.mt_priority = Some(MtPriorityOffer { policy });
            }
            "LIMITS" => words.for_each(|limit| self.limits.add(limit)),
            "HELP" => self.help = true,
            "VRFY" => self.vrfy = true,
            "EXPN" => self.expn = true,
            "ETRN" => self.etrn = true,
            "AUTH" => self.add_mechanisms(words),
            // Servers older than RFC 2554 send "AUTH=LOGIN PLAIN".
            old if old.starts_with("AUTH=") => {
                self.add_mechanisms(keyword.get(5..).into_iter().chain(words));
            }
            _ => self.others.push(line.to_owned()),
        }
    }

    /// Adds the mechanisms of AUTH, without duplicates.
    ///
    /// ```abnf
    /// sasl-mech = 1*20mech-char
    /// ```
    /// RFC 4422 §3.1.
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

impl SessionLimits {
    /// Adds a limit; an unknown or invalid one is ignored (RFC 9422 §3).
    ///
    /// ```abnf
    /// limits-param     = limit-name-value 0*[SP limit-name-value] ; one of them
    /// limit-name-value = limit-name ["=" limit-value]
    /// limit-value      = 1*(%x21-3A / %x3C-7E) ; Any VCHAR except ";"
    /// ```
    /// RFC 9422 §3 and §4. The accepted values are `%x31-39 0*5DIGIT`.
    fn add(&mut self, limit: &str) {
        let Some((name, value)) = limit.split_once('=') else {
            return;
        };
        let Some(value) = positive(value, 6) else {
            return;
        };
        match name.to_ascii_uppercase().as_str() {
            "MAILMAX" => self.mail_max = Some(value),
            "RCPTMAX" => self.rcpt_max = Some(value),
            "RCPTDOMAINMAX" => self.rcpt_domain_max = Some(value),
            _ => {}
        }
    }
}

fn positive(digits: &str, max_digits: usize) -> Option<u32> {
    let is_number = digits.len() <= max_digits && digits.bytes().all(|b| b.is_ascii_digit());
    let number = if is_number { digits.parse().ok() } else { None };
    number.filter(|number| *number > 0)
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

    // docs/protocols.md, SMTP: AUTH
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
        assert!(extensions.vrfy && extensions.etrn && extensions.dsn && extensions.chunking);
        assert_eq!(extensions.others, [""; 0]);
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

    // docs/protocols.md, SMTP: unknown extensions
    #[test]
    fn a_vendor_line_and_an_empty_one_break_nothing() {
        let extensions = parse(&[
            "x",
            "XVENDOR a=b  c",
            "",
            "BURL imap",
            "CHUNKING",
            "XCLIENT",
        ]);
        assert_eq!(
            extensions.others,
            ["XVENDOR a=b  c", "BURL imap", "XCLIENT"]
        );
        assert!(extensions.chunking);
    }

    // docs/protocols.md, SMTP: CHUNKING, BINARYMIME
    #[test]
    fn the_keywords_of_the_small_extensions_are_read() {
        let extensions = parse(&[
            "x",
            "binarymime",
            "CHUNKING",
            "DSN",
            "REQUIRETLS",
            "HELP",
            "VRFY",
            "EXPN",
            "ETRN",
        ]);
        assert!(extensions.binary_mime && extensions.chunking && extensions.dsn);
        assert!(extensions.require_tls && extensions.help && extensions.vrfy);
        assert!(extensions.expn && extensions.etrn);
    }

    #[test]
    fn rfc4865_3_future_release_names_the_longest_hold() {
        let offer = |line| parse(&["x", line]).future_release.unwrap();
        let both = offer("FUTURERELEASE 604800 2026-12-24T18:00:00Z");
        assert_eq!(both.max_secs, Some(604_800));
        assert_eq!(
            both.max_until,
            Some(UtcTime::new("2026-12-24T18:00:00Z").unwrap())
        );
        for nonsense in [
            "FUTURERELEASE",
            "FUTURERELEASE 0 tomorrow",
            "FUTURERELEASE -1 2026",
        ] {
            assert_eq!(offer(nonsense), FutureRelease::default(), "{nonsense}");
        }
        assert_eq!(parse(&["x", "DSN"]).future_release, None);
    }

    #[test]
    fn rfc2852_3_and_rfc6710_2_name_the_shortest_time_and_the_policy() {
        let extensions = parse(&["x", "DELIVERBY 240", "MT-PRIORITY MIXER"]);
        assert_eq!(extensions.deliver_by.unwrap().min_secs, Some(240));
        assert_eq!(
            extensions.mt_priority.unwrap().policy.as_deref(),
            Some("MIXER")
        );
        let extensions = parse(&["x", "DELIVERBY 240,fast"]);
        assert_eq!(extensions.deliver_by.unwrap().min_secs, Some(240));
        let extensions = parse(&["x", "DELIVERBY", "MT-PRIORITY"]);
        assert_eq!(extensions.deliver_by.unwrap().min_secs, None);
        assert_eq!(extensions.mt_priority.unwrap().policy, None);
    }

    #[test]
    fn rfc9422_limits_are_read_and_what_makes_no_sense_is_passed_over() {
        let limits = parse(&["x", "LIMITS rcptmax=20 MAILMAX=5 RCPTDOMAINMAX=1 NEWMAX=7"]).limits;
        let known = SessionLimits {
            mail_max: Some(5),
            rcpt_max: Some(20),
            rcpt_domain_max: Some(1),
        };
        assert_eq!(limits, known);
        let nonsense = "LIMITS RCPTMAX=0 MAILMAX=-1 RCPTDOMAINMAX=1000000 RCPTMAX MAILMAX= =3";
        assert_eq!(parse(&["x", nonsense]).limits, SessionLimits::default());
    }
}
