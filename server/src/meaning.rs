//! Explains errors to the user: the cause, and what to do about it.
//!
//! Everything here is a pure function from codes, a host, a port and the server's reply text to
//! finished sentences in one of the interface languages. A missing translation is a compile error.
//! The reply text is shown beside these sentences, never inside them.
//!
//! - [`dial`]: a connection could not be opened.
//! - [`link`](mod@link): an open connection ended, or the server lacks a required capability.
//! - [`sign_in`]: the server refused the sign-in.
//! - [`imap`], [`pop3`], [`smtp`]: the server refused a command, a recipient or a message.

pub mod dial;
pub mod imap;
pub mod link;
pub mod pop3;
mod provider;
pub mod sign_in;
pub mod smtp;

use app::api::types::Lang;
use mail_proto::Tls;

use crate::domain::Protocol;

/// The cause and the fix: finished sentences. The fix may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What happened.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
}

impl Meaning {
    fn new(cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            fix: fix.into(),
        }
    }
}

/// The server that an error is about.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'a> {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its host name.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// When TLS begins.
    pub tls: Tls,
}

impl Protocol {
    /// The port where TLS begins before the first byte (RFC 8314).
    const fn tls_port(self) -> u16 {
        match self {
            Self::Imap => 993,
            Self::Pop3 => 995,
            Self::Smtp => 465,
        }
    }

    /// The port where TLS begins by STARTTLS.
    const fn starttls_port(self) -> u16 {
        match self {
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Smtp => 587,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Smtp => "SMTP",
        }
    }
}

/// The fields of a server's reply.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplyFields<'a> {
    /// The SMTP reply code.
    pub code: Option<u16>,
    /// The SMTP enhanced code, such as "5.1.1".
    pub enhanced: Option<&'a str>,
    /// The IMAP or POP3 response code in capitals, such as "AUTHENTICATIONFAILED" or "IN-USE".
    pub response_code: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

impl ReplyFields<'_> {
    /// Returns whether the text contains one of the needles, ignoring case. For servers that give
    /// the reason only in the text, without a code.
    fn text_contains_any(&self, needles: &[&str]) -> bool {
        let text = self.text.to_lowercase();
        needles.iter().any(|needle| text.contains(needle))
    }

    /// Returns the subject and detail of the enhanced code.
    fn subject_and_detail(&self) -> Option<(u16, u16)> {
        let mut parts = self.enhanced?.split('.').skip(1);
        let subject = parts.next()?.parse().ok()?;
        let detail = parts.next()?.parse().ok()?;
        Some((subject, detail))
    }
}

/// Returns a size in whole megabytes of 1,000,000 bytes, rounded down: a limit is never shown too
/// large.
fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// Returns the fix "try again later", for errors without a better one.
fn later(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Try again in a few minutes.",
        Lang::ZhCn => "请过几分钟再试。",
    }
}

/// Returns the fix for a server that has too many connections, or that closes without a reply.
fn fewer_connections(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "It may be busy, or limit how many connections it takes. Close other mail programs, or try again in a few minutes."
        }
        Lang::ZhCn => "服务器可能正忙，或限制了连接数。请关闭其他邮件程序，或过几分钟再试。",
    }
}

/// Phrases in lower case with which servers report too many connections.
const TOO_MANY_CONNECTIONS: &[&str] = &[
    "too many simultaneous",
    "too many connections",
    "too many login",
    "too many concurrent",
    "too many session",
    "too many process",
    "too many open",
    "maximum number of connections",
    "maximum number of login",
    "maximum connections",
    "max connections",
    "connection limit",
    "connections exceeded",
    "connection count",
    "server too busy",
    "server is too busy",
    "连接数",
    "连接过多",
];

/// Returns the fix for an error of the server.
fn contact_provider(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Try again. If it stays so, tell your provider.",
        Lang::ZhCn => "请重试。如仍然如此，请告知服务商。",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const LANGS: [Lang; 2] = [Lang::En, Lang::ZhCn];

    pub(super) fn imap(tls: Tls, port: u16) -> Endpoint<'static> {
        Endpoint {
            protocol: Protocol::Imap,
            host: "imap.example.org",
            port,
            tls,
        }
    }

    /// Asserts that every text is finished: a full stop, no open brace, no exclamation mark.
    pub(super) fn assert_finished(lang: Lang, meaning: &Meaning) {
        for text in [&meaning.cause, &meaning.fix] {
            let ends = match lang {
                Lang::En => text.ends_with('.'),
                Lang::ZhCn => text.ends_with('。'),
            };
            assert!(
                ends || (text.is_empty() && *text == meaning.fix),
                "{text:?}"
            );
            assert!(!text.contains(['{', '}', '!', '\u{ff01}']), "{text:?}");
            assert!(!text.contains("  "), "{text:?}");
        }
    }

    #[test]
    fn enhanced_code_is_parsed() {
        let reply = |enhanced| ReplyFields {
            enhanced: Some(enhanced),
            ..ReplyFields::default()
        };
        assert_eq!(reply("5.1.1").subject_and_detail(), Some((1, 1)));
        assert_eq!(reply("4.7.650").subject_and_detail(), Some((7, 650)));
        assert_eq!(reply("5.1").subject_and_detail(), None);
        assert_eq!(reply("").subject_and_detail(), None);
    }

    #[test]
    fn limit_is_rounded_down() {
        assert_eq!(megabytes(26_214_400), 26);
        assert_eq!(megabytes(999_999), 0);
    }
}
