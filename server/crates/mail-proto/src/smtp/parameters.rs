//! The values of the optional parameters of `MAIL` and `RCPT`. None can contain a space or a line
//! end, so none can be read as another parameter or command.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::fmt;

use jiff::civil::Date;

use super::address::Address;

/// Maximum interval, which has 9 digits (RFC 2852 §4, RFC 4865 §3).
const MAX_SECS: u32 = 999_999_999;
/// Maximum length of `ENVID` (RFC 3461 §4.4).
const MAX_ENVELOPE_ID_BYTES: usize = 100;
/// Maximum length of the value of `ORCPT` (RFC 3461 §4.2).
const MAX_ORCPT_CHARS: usize = 500;

/// The part of the message that a failure notice returns (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// The whole message.
    Full,
    /// The header.
    Headers,
}

impl Return {
    /// Returns the value of RET.
    ///
    /// ```abnf
    /// ret-value = "FULL" / "HDRS"
    /// ```
    /// RFC 3461 §4.3.
    pub(super) const fn value(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

/// The id by which the sender recognises the transaction in a notice (RFC 3461 §4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeId(String);

impl EnvelopeId {
    /// Encodes an id.
    ///
    /// ```abnf
    /// envid-parameter = "ENVID=" xtext ; the value
    /// ```
    /// RFC 3461 §4.4.
    ///
    /// # Errors
    /// It is empty, has more than 100 octets when encoded, or contains anything but printable
    /// ASCII.
    pub fn new(text: &str) -> Result<Self, InvalidParameter> {
        if text.is_empty() || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(InvalidParameter::ForbiddenCharacter);
        }
        let encoded = xtext(text);
        if encoded.len() > MAX_ENVELOPE_ID_BYTES {
            return Err(InvalidParameter::OutOfRange);
        }
        Ok(Self(encoded))
    }

    pub(super) fn value(&self) -> &str {
        &self.0
    }
}

/// The conditions for a notice about one recipient (RFC 3461 §4.1); none set means never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notify {
    /// On delivery.
    pub success: bool,
    /// On failure of the delivery.
    pub failure: bool,
    /// On an unusual delay of the delivery.
    pub delay: bool,
}

impl Notify {
    /// No notice.
    pub const NEVER: Self = Self {
        success: false,
        failure: false,
        delay: false,
    };

    /// Returns the value of NOTIFY.
    ///
    /// ```abnf
    /// notify-esmtp-value  = "NEVER" / 1#notify-list-element
    /// notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
    /// ```
    /// RFC 3461 §4.1.
    pub(super) fn value(self) -> String {
        let requested = [
            (self.success, "SUCCESS"),
            (self.failure, "FAILURE"),
            (self.delay, "DELAY"),
        ];
        let mut value = String::new();
        for (_, name) in requested.iter().filter(|(is_requested, _)| *is_requested) {
            if !value.is_empty() {
                value.push(',');
            }
            value.push_str(name);
        }
        if value.is_empty() {
            value.push_str("NEVER");
        }
        value
    }
}

/// The time until which the server holds a message (RFC 4865).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold(pub(super) HoldUntil);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HoldUntil {
    Secs(u32),
    Time(UtcTime),
}

impl Hold {
    /// Holds the message for `secs` seconds.
    ///
    /// # Errors
    /// `secs` is 0, or more than 999,999,999.
    pub fn for_secs(secs: u32) -> Result<Self, InvalidParameter> {
        if (1..=MAX_SECS).contains(&secs) {
            return Ok(Self(HoldUntil::Secs(secs)));
        }
        Err(InvalidParameter::OutOfRange)
    }

    /// Holds the message until a time.
    pub const fn until(time: UtcTime) -> Self {
        Self(HoldUntil::Time(time))
    }

    /// Returns the parameter of MAIL.
    ///
    /// ```abnf
    /// future-release-interval  = future-release-integer       ; behind HOLDFOR=
    /// future-release-integer   = %x31-39 *8DIGIT
    /// future-release-date-time = Internet-style-date-time-UTC ; behind HOLDUNTIL=
    /// ```
    /// RFC 4865 §3.
    pub(super) fn parameter(&self) -> String {
        match &self.0 {
            HoldUntil::Secs(secs) => format!("HOLDFOR={secs}"),
            HoldUntil::Time(time) => format!("HOLDUNTIL={}", time.as_str()),
        }
    }
}

/// A time in UTC with a resolution of 1 s, such as `2026-12-24T18:00:00Z` (RFC 3339 §5.6). Ordered
/// chronologically.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcTime(String);

impl UtcTime {
    /// Parses a time in exactly that form.
    ///
    /// ```abnf
    /// date-time    = full-date "T" full-time
    /// full-date    = date-fullyear "-" date-month "-" date-mday
    /// full-time    = partial-time time-offset
    /// partial-time = time-hour ":" time-minute ":" time-second [time-secfrac]
    /// time-offset  = "Z" / time-numoffset ; "Z"
    /// ```
    /// RFC 3339 §5.6. Without `time-secfrac`.
    ///
    /// # Errors
    /// It has another form, or a part that is out of range.
    pub fn new(text: &str) -> Result<Self, InvalidParameter> {
        let shape = b"dddd-dd-ddTdd:dd:ddZ";
        let fits = |(byte, expected): (u8, &u8)| match expected {
            b'd' => byte.is_ascii_digit(),
            _ => byte == *expected,
        };
        if text.len() != shape.len() || !text.bytes().zip(shape).all(fits) {
            return Err(InvalidParameter::ForbiddenCharacter);
        }
        let part = |at: usize| text.get(at..at.saturating_add(2)).unwrap_or_default();
        let is_day = text
            .get(..10)
            .is_some_and(|day| day.parse::<Date>().is_ok());
        let is_time = is_day
            && part(11) <= "23"
            && part(14) <= "59"
            // 60 is a leap second.
            && part(17) <= "60";
        if is_time {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidParameter::OutOfRange)
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The delivery deadline of a message, and the action if it is missed (RFC 2852).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverBy {
    pub(super) secs: i32,
    pub(super) returns: bool,
    traces: bool,
}

impl DeliverBy {
    /// Requests the return of a late message (`R`). The client does not send the message to a
    /// server that does not support this.
    ///
    /// # Errors
    /// `secs` is 0, or more than 999,999,999.
    pub fn or_return(secs: u32) -> Result<Self, InvalidParameter> {
        match i32::try_from(secs) {
            Ok(secs) if secs > 0 => Self::checked(secs, true),
            _ => Err(InvalidParameter::OutOfRange),
        }
    }

    /// Requests a notice to the sender about a late message, which is still delivered (`N`). `secs`
    /// is negative for a deadline in the past.
    ///
    /// # Errors
    /// The absolute value of `secs` is more than 999,999,999.
    pub fn or_notify(secs: i32) -> Result<Self, InvalidParameter> {
        Self::checked(secs, false)
    }

    /// Requests a notice from every server that relays the message (`T`).
    #[must_use]
    pub const fn traced(mut self) -> Self {
        self.traces = true;
        self
    }

    fn checked(secs: i32, returns: bool) -> Result<Self, InvalidParameter> {
        if secs.unsigned_abs() > MAX_SECS {
            return Err(InvalidParameter::OutOfRange);
        }
        Ok(Self {
            secs,
            returns,
            traces: false,
        })
    }

    /// Returns the value of BY.
    ///
    /// ```abnf
    /// by-value = by-time";"by-mode[by-trace]
    /// by-time  = ["-" / "+"]1*9digit
    /// by-mode  = "N" / "R"
    /// by-trace = "T"
    /// ```
    /// RFC 2852 §4.
    pub(super) fn value(self) -> String {
        let mode = if self.returns { 'R' } else { 'N' };
        let trace = if self.traces { "T" } else { "" };
        format!("{};{mode}{trace}", self.secs)
    }
}

/// The priority of a message from -9 to 9; 0 is normal (RFC 6710).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(i8);

impl Priority {
    /// Creates a priority.
    ///
    /// # Errors
    /// It is less than -9 or more than 9.
    pub fn new(priority: i8) -> Result<Self, InvalidParameter> {
        if (-9..=9).contains(&priority) {
            return Ok(Self(priority));
        }
        Err(InvalidParameter::OutOfRange)
    }

    /// Returns the value of MT-PRIORITY.
    ///
    /// ```abnf
    /// priority-value = (["-"] NZDIGIT) / "0"
    /// NZDIGIT        = %x31-39
    /// ```
    /// RFC 6710.
    pub(super) const fn value(self) -> i8 {
        self.0
    }
}

/// The reason why a parameter value is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidParameter {
    /// It is empty or contains a forbidden character.
    #[error("holds a character that has no place in it")]
    ForbiddenCharacter,
    /// It is too long, too small or too large.
    #[error("out of range")]
    OutOfRange,
}

/// An optional parameter that the sender requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Parameter {
    /// `SIZE` (RFC 1870).
    Size,
    /// `RET`, `ENVID`, `NOTIFY` and `ORCPT` (RFC 3461). Without them the server's defaults for
    /// notices apply.
    Dsn,
    /// `BY` with [`DeliverBy::or_notify`] (RFC 2852).
    DeliverBy,
    /// `MT-PRIORITY` (RFC 6710).
    MtPriority,
}

impl Parameter {
    /// Returns the keyword of the extension.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "SIZE",
            Self::Dsn => "DSN",
            Self::DeliverBy => "DELIVERBY",
            Self::MtPriority => "MT-PRIORITY",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the value of `ORCPT`: the address of `RCPT`, which notices name (RFC 3461 §4.2).
///
/// ```abnf
/// original-recipient-address = addr-type ";" xtext
/// utf-8-type-addr     = "utf-8;" utf-8-enc-addr           ; RFC 6533 §3
/// utf-8-addr-xtext    = 1*(QCHAR / EmbeddedUnicodeChar)
/// QCHAR               = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
/// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"
/// ```
///
/// An address beyond ASCII is encoded so that it needs no SMTPUTF8 (RFC 6533 §3). `None` if the
/// value would be longer than the 500 characters that RFC 3461 §4.2 allows.
pub(super) fn original_recipient(address: &Address) -> Option<String> {
    let value = match address.is_ascii() {
        true => format!("rfc822;{}", xtext(address.as_str())),
        false => utf8_original_recipient(address),
    };
    (value.len() <= MAX_ORCPT_CHARS).then_some(value)
}

fn utf8_original_recipient(address: &Address) -> String {
    let mut value = String::from("utf-8;");
    for c in address.as_str().chars() {
        if c.is_ascii_graphic() && !matches!(c, '+' | '=' | '\\') {
            value.push(c);
        } else {
            value.push_str(&format!("\\x{{{:02X}}}", u32::from(c)));
        }
    }
    value
}

/// Encodes an ASCII text as `xtext` (RFC 3461 §4).
///
/// ```abnf
/// xtext   = *( xchar / hexchar )
/// xchar   = any ASCII CHAR between "!" (33) and "~" (126) inclusive,
///           except for "+" and "=".
/// hexchar = ASCII "+" immediately followed by two upper case
///           hexadecimal digits
/// ```
fn xtext(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'+' | b'=') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("+{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn rfc3461_4_xtext_encodes_plus_equals_and_space() {
        assert_eq!(EnvelopeId::new("QQ314159").unwrap().value(), "QQ314159");
        assert_eq!(EnvelopeId::new("a+b=c d").unwrap().value(), "a+2Bb+3Dc+20d");
    }

    #[test]
    fn an_envelope_id_holds_no_second_parameter_and_no_second_command() {
        for text in ["", "a\r\nRCPT TO:<x@y>", "a\tb", "ü", "\u{7f}"] {
            assert!(EnvelopeId::new(text).is_err(), "{text:?}");
        }
        assert_eq!(EnvelopeId::new("x SIZE=1").unwrap().value(), "x+20SIZE+3D1");
        assert!(EnvelopeId::new(&"x".repeat(100)).is_ok());
        let too_long = EnvelopeId::new(&"+".repeat(34));
        assert_eq!(too_long, Err(InvalidParameter::OutOfRange));
    }

    #[test]
    fn rfc3461_4_1_never_stands_alone() {
        assert_eq!(Notify::NEVER.value(), "NEVER");
        let all = Notify {
            success: true,
            failure: true,
            delay: true,
        };
        assert_eq!(all.value(), "SUCCESS,FAILURE,DELAY");
        let delay = Notify {
            delay: true,
            ..Notify::NEVER
        };
        assert_eq!(delay.value(), "DELAY");
    }

    #[test]
    fn rfc6533_3_an_international_recipient_is_named_in_ascii() {
        let orcpt = |text| original_recipient(&Address::new_utf8(text).unwrap()).unwrap();
        assert_eq!(orcpt("a+tag@x.example"), "rfc822;a+2Btag@x.example");
        assert_eq!(
            orcpt("用户@例子.cn"),
            "utf-8;\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.cn"
        );
        assert_eq!(orcpt("ü+\\@x.cn"), "utf-8;\\x{FC}\\x{2B}\\x{5C}@x.cn");
        assert_eq!(orcpt("😀@x.cn"), "utf-8;\\x{1F600}@x.cn");
    }

    #[test]
    fn rfc3461_4_2_an_original_recipient_over_500_characters_is_left_out() {
        let of = |local: &str| {
            let address = Address::new_utf8(&format!("{local}@x.example"));
            original_recipient(&address.unwrap()).map(|value| value.len())
        };
        // Each `用` is written as eight characters.
        assert_eq!(of(&"用".repeat(60)), Some(496));
        assert_eq!(of(&"用".repeat(61)), None);
    }

    #[test]
    fn rfc4865_3_hold_for_and_until() {
        assert_eq!(Hold::for_secs(3600).unwrap().parameter(), "HOLDFOR=3600");
        let time = UtcTime::new("2026-12-24T18:00:00Z").unwrap();
        assert_eq!(
            Hold::until(time).parameter(),
            "HOLDUNTIL=2026-12-24T18:00:00Z"
        );
        for secs in [0, 1_000_000_000] {
            assert_eq!(Hold::for_secs(secs), Err(InvalidParameter::OutOfRange));
        }
    }

    #[test]
    fn only_utc_to_the_second_is_a_time() {
        for text in [
            "2026-12-24",
            "2026-12-24t18:00:00z",
            "2026-12-24T18:00:00+01:00",
            "2026-12-24T18:00:00.5Z",
            "2026-13-24T18:00:00Z",
            "2026-12-00T18:00:00Z",
            "2026-02-29T18:00:00Z",
            "2026-12-24T24:00:00Z",
            "2026-12-24T18:60:00Z",
            "2026-12-24T18:00:61Z",
            "２026-12-24T18:00:00Z",
        ] {
            assert!(UtcTime::new(text).is_err(), "{text}");
        }
        let earlier = UtcTime::new("2026-09-30T23:59:60Z").unwrap();
        assert!(earlier < UtcTime::new("2026-10-01T00:00:00Z").unwrap());
    }

    #[test]
    fn rfc2852_4_by_values() {
        assert_eq!(DeliverBy::or_return(120).unwrap().value(), "120;R");
        assert_eq!(
            DeliverBy::or_return(120).unwrap().traced().value(),
            "120;RT"
        );
        assert_eq!(DeliverBy::or_notify(-5).unwrap().value(), "-5;N");
        for secs in [0, 1_000_000_000, u32::MAX] {
            assert_eq!(
                DeliverBy::or_return(secs),
                Err(InvalidParameter::OutOfRange)
            );
        }
        assert!(DeliverBy::or_notify(i32::MIN).is_err());
    }

    #[test]
    fn rfc6710_4_priorities() {
        assert_eq!(Priority::new(-9).unwrap().value(), -9);
        assert_eq!(Priority::new(0).unwrap().value(), 0);
        assert!(Priority::new(10).is_err() && Priority::new(-10).is_err());
    }

    proptest! {
        #[test]
        fn xtext_reads_back(text in "[ -~]{0,40}") {
            let encoded = xtext(&text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'='));
            let mut bytes = encoded.bytes();
            let mut decoded = Vec::new();
            while let Some(byte) = bytes.next() {
                decoded.push(if byte == b'+' {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(core::str::from_utf8(&digits).unwrap(), 16).unwrap()
                } else {
                    byte
                });
            }
            prop_assert_eq!(decoded, text.as_bytes());
        }
    }
}
