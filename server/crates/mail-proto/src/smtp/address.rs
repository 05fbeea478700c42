//! Addresses and names in the commands of an envelope. None can contain a line end, a space or an
//! angle bracket, so none can be read as another command.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

/// Maximum length of an address: a path of 256 octets without its angle brackets
/// (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS_BYTES: usize = 254;
/// Maximum length of a domain (RFC 5321 §4.5.3.1.2).
const MAX_DOMAIN_BYTES: usize = 255;

/// An email address as in `RCPT TO:<…>`: `local-part@domain`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Parses an ASCII address.
    ///
    /// ```abnf
    /// Mailbox    = Local-part "@" ( Domain / address-literal )
    /// Local-part = Dot-string / Quoted-string
    /// ```
    /// RFC 5321 §4.1.2. On both sides only the characters are checked.
    ///
    /// # Errors
    /// The text is not `local-part@domain`, is too long, or contains a character that could end the
    /// command: a control character, a space, `<` or `>`. This also refuses a quoted local part
    /// with a space, which is too rare to justify the risk.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        if !text.is_ascii() {
            return Err(InvalidAddress::NotAscii);
        }
        Self::new_utf8(text)
    }

    /// Parses an address that may be international (RFC 6531). Sending to it requires SMTPUTF8.
    ///
    /// ```abnf
    /// Mailbox     = Local-part "@" ( Domain / address-literal )
    /// sub-domain =/ U-label          ; RFC 6531 §3.3
    /// atext      =/ UTF8-non-ascii
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new), except that characters beyond ASCII are accepted.
    pub fn new_utf8(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > MAX_ADDRESS_BYTES {
            return Err(InvalidAddress::TooLong);
        }
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
        {
            return Err(InvalidAddress::ForbiddenCharacter);
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidAddress::NoDomain),
        }
    }

    /// Returns the address without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the address can be sent without SMTPUTF8.
    pub const fn is_ascii(&self) -> bool {
        self.0.as_bytes().is_ascii()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address to which failures are reported: `MAIL FROM:<…>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversePath(Option<Address>);

impl ReversePath {
    /// No address (`<>`): for messages that must not cause a failure notice (RFC 5321 §4.5.5).
    pub const NULL: Self = Self(None);

    /// Returns the address; `None` for `<>`.
    pub const fn address(&self) -> Option<&Address> {
        self.0.as_ref()
    }

    /// Returns the text between the angle brackets.
    ///
    /// ```abnf
    /// Reverse-path = Path / "<>"
    /// Path         = "<" [ A-d-l ":" ] Mailbox ">" ; without A-d-l
    /// ```
    /// RFC 5321 §4.1.2.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", Address::as_str)
    }
}

impl From<Address> for ReversePath {
    fn from(address: Address) -> Self {
        Self(Some(address))
    }
}

/// The reason why a text is not a valid address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// It contains characters beyond ASCII.
    #[error("not ASCII")]
    NotAscii,
    /// It is longer than 254 octets.
    #[error("longer than 254 octets")]
    TooLong,
    /// It contains a control character, a space or an angle bracket.
    #[error("holds a control character, a space or an angle bracket")]
    ForbiddenCharacter,
    /// It has no `@`, or no text on one side of it.
    #[error("no local part and domain")]
    NoDomain,
}

/// The name of the client in `EHLO` (RFC 5321 §4.1.1.1). It comes from the operator's
/// configuration, never from a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EhloName(Cow<'static, str>);

impl EhloName {
    /// `[127.0.0.1]`: reveals nothing about the host to a submission server.
    pub const LOCALHOST: Self = Self(Cow::Borrowed("[127.0.0.1]"));

    /// Parses a domain name.
    ///
    /// ```abnf
    /// Domain     = sub-domain *("." sub-domain)
    /// sub-domain = Let-dig [Ldh-str]
    /// Let-dig    = ALPHA / DIGIT
    /// Ldh-str    = *( ALPHA / DIGIT / "-" ) Let-dig
    /// ```
    /// RFC 5321 §4.1.2. Only the characters are checked, and `_` is accepted too.
    ///
    /// # Errors
    /// It is empty, too long, or contains anything but letters, digits, `-`, `.` and `_`.
    pub fn domain(name: &str) -> Result<Self, InvalidEhloName> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.is_empty() || name.len() > MAX_DOMAIN_BYTES || !name.bytes().all(is_fit) {
            return Err(InvalidEhloName);
        }
        Ok(Self(Cow::Owned(name.to_owned())))
    }

    /// Creates an address literal, for a host without a name (RFC 5321 §4.1.3).
    ///
    /// ```abnf
    /// address-literal      = "[" ( IPv4-address-literal /
    ///                        IPv6-address-literal /
    ///                        General-address-literal ) "]"
    /// IPv4-address-literal = Snum 3("."  Snum)
    /// IPv6-address-literal = "IPv6:" IPv6-addr
    /// ```
    pub fn address_literal(address: IpAddr) -> Self {
        Self(Cow::Owned(match address {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        }))
    }

    /// Returns the argument of `EHLO`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that cannot be an argument of `EHLO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no domain name")]
pub struct InvalidEhloName;

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::prelude::*;

    #[test]
    fn ordinary_and_tagged_addresses_are_taken() {
        for text in [
            "smith@bar.example",
            "a+tag@x.org",
            "\"a@b\"@example.org",
            "x@[192.0.2.1]",
        ] {
            assert_eq!(Address::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_address_that_could_end_the_command_is_refused() {
        for text in [
            "a@b>\r\nDATA",
            "a@b> SIZE=1",
            "a b@c",
            "a@b\n",
            "a@b\0",
            "<a@b>",
            "a@b\u{85}",
        ] {
            assert_eq!(
                Address::new_utf8(text),
                Err(InvalidAddress::ForbiddenCharacter),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_address_needs_both_sides() {
        for text in ["", "a", "@", "a@", "@b"] {
            assert_eq!(
                Address::new(text),
                Err(InvalidAddress::NoDomain),
                "{text:?}"
            );
        }
        let long = format!("{}@example.org", "x".repeat(250));
        assert_eq!(Address::new(&long), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn letters_beyond_ascii_need_the_international_constructor() {
        assert_eq!(
            Address::new("用户@例子.中国"),
            Err(InvalidAddress::NotAscii)
        );
        assert!(!Address::new_utf8("用户@例子.中国").unwrap().is_ascii());
    }

    #[test]
    fn rfc5321_4_1_3_address_literals() {
        let v4 = EhloName::address_literal(Ipv4Addr::new(192, 0, 2, 1).into());
        assert_eq!(v4.as_str(), "[192.0.2.1]");
        let v6 = EhloName::address_literal(Ipv6Addr::LOCALHOST.into());
        assert_eq!(v6.as_str(), "[IPv6:::1]");
    }

    // docs/protocols.md, SMTP: EHLO, HELO
    #[test]
    fn an_ehlo_name_holds_no_second_command() {
        assert_eq!(EhloName::domain("a.example\r\nMAIL"), Err(InvalidEhloName));
        assert_eq!(EhloName::domain(""), Err(InvalidEhloName));
        assert_eq!(
            EhloName::domain("mail.example.org").unwrap().as_str(),
            "mail.example.org"
        );
    }

    proptest! {
        #[test]
        fn no_address_holds_what_ends_a_command(text in "(?s).{0,40}") {
            if let Ok(address) = Address::new_utf8(&text) {
                let forbidden = |byte: u8| byte <= b' ' || byte == 0x7f || byte == b'<' || byte == b'>';
                prop_assert!(!address.as_str().bytes().any(forbidden));
            }
        }
    }
}
