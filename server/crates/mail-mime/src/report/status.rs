//! Enhanced status codes (RFC 3463).

use std::fmt;

/// An enhanced status code, such as 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusCode {
    /// 2: success, 4: a transient failure, 5: a permanent failure.
    pub class: u8,
    /// What failed (RFC 3463 §3): 1 the address, 2 the mailbox, 7 a policy. At most 3 digits.
    pub subject: u16,
    /// The failure in detail, by subject. At most 3 digits.
    pub detail: u16,
}

impl StatusCode {
    /// Parses a code.
    ///
    /// ```abnf
    /// status-code = ("2" / "4" / "5") "." 1*3digit "." 1*3digit
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split('.');
        let class = match pieces.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let (subject, detail) = (number(pieces.next()?)?, number(pieces.next()?)?);
        pieces.next().is_none().then_some(Self {
            class,
            subject,
            detail,
        })
    }

    /// Returns the first code of a text, such as a reply of an SMTP server.
    pub(super) fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .find_map(|word| Self::parse(word.trim_end_matches('.')))
    }
}

/// Writes the code as in RFC 3463: `5.1.1`.
impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

fn number(digits: &str) -> Option<u16> {
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
