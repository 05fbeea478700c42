//! Replies (RFC 5321 §4.2) and their enhanced status codes (RFC 2034, RFC 3463).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, 200 to 599.
    pub code: u16,
    /// The enhanced code, if the first line begins with one of the same class.
    pub enhanced: Option<EnhancedCode>,
    /// The text of each line after the code, including the enhanced code. Bytes that are not UTF-8
    /// are carried as by [`raw_text::carry`](crate::raw_text::carry). Never empty.
    pub lines: Vec<String>,
}

impl Reply {
    /// Returns whether the reply is positive (2yz).
    pub const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// Returns whether the reply is a transient refusal: a retry may succeed (4yz).
    pub const fn is_transient(&self) -> bool {
        matches!(self.code, 400..=499)
    }

    /// Returns whether the reply is a permanent refusal (5yz).
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code, 500..=599)
    }

    /// Returns whether the reply is a transient or permanent refusal.
    pub const fn is_refusal(&self) -> bool {
        self.is_transient() || self.is_permanent()
    }

    /// Truncates the text to `max_bytes`, which must not be 0.
    pub(super) fn shortened(mut self, max_bytes: usize) -> Self {
        let mut room = max_bytes;
        self.lines.retain_mut(|line| {
            let has_room = room > 0;
            if line.len() > room {
                line.truncate(line.floor_char_boundary(room));
                line.shrink_to_fit();
                room = 0;
            }
            room = room.saturating_sub(line.len().max(1));
            has_room
        });
        self.lines.shrink_to_fit();
        self
    }
}

/// Writes the reply as the server sent it, with lines separated by a line feed.
impl fmt::Display for Reply {
    /// Writes the lines of the reply.
    ///
    /// ```abnf
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF )
    ///              Reply-code [ SP textstring ] CRLF
    /// ```
    /// RFC 5321 §4.2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.lines.len().saturating_sub(1);
        for (n, line) in self.lines.iter().enumerate() {
            let mark = if n == last { ' ' } else { '-' };
            let end = if n == last { "" } else { "\n" };
            write!(f, "{}{mark}{line}{end}", self.code)?;
        }
        Ok(())
    }
}

/// An enhanced status code such as 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u8,
    /// The subject: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 security or
    /// policy.
    pub subject: u16,
    /// The detail within the subject.
    pub detail: u16,
}

impl EnhancedCode {
    /// Parses `class "." subject "." detail` at the start of a text, followed by a space or the
    /// end. `class` has to be the first digit of `code` (RFC 2034 §4).
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail
    /// class       = "2"/"4"/"5"
    /// subject     = 1*3digit
    /// detail      = 1*3digit
    /// ```
    /// RFC 3463 §2.
    pub fn parse(code: u16, text: &str) -> Option<Self> {
        let word = text.split(' ').next()?;
        let mut parts = word.split('.');
        let class = number(parts.next()?, 1)?;
        let subject = number(parts.next()?, 3)?;
        let detail = number(parts.next()?, 3)?;
        if parts.next().is_some() || code.checked_div(100) != Some(class) {
            return None;
        }
        let class = u8::try_from(class)
            .ok()
            .filter(|class| matches!(class, 2 | 4 | 5))?;
        Some(Self {
            class,
            subject,
            detail,
        })
    }
}

impl fmt::Display for EnhancedCode {
    /// Writes the code as in a reply.
    ///
    /// ```abnf
    /// status-code = class "." subject "." detail
    /// ```
    /// RFC 3463 §2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

pub(super) fn number(digits: &str, max_digits: usize) -> Option<u16> {
    let is_number =
        (1..=max_digits).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
