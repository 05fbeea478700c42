//! Dates in IMAP: `date-time` of INTERNALDATE and `date` of SEARCH (RFC 9051 §9).

use core::fmt;

use jiff::{SignedDuration, civil};

/// The day that days are counted from.
const EPOCH: civil::Date = civil::date(1970, 1, 1);

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The time at which a message arrived, by the server's clock and in a zone that the server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InternalDate {
    /// The day in that zone.
    pub date: Date,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Minutes east of UTC.
    pub zone_minutes: i16,
}

impl InternalDate {
    /// Parses `17-Jul-1996 02:44:25 -0700`; a day of one digit may lack its leading space.
    ///
    /// ```abnf
    /// date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year
    ///                  SP time SP zone DQUOTE ; between the quotes
    /// date-day-fixed = (SP DIGIT) / 2DIGIT
    /// time           = 2DIGIT ":" 2DIGIT ":" 2DIGIT
    /// zone           = ("+" / "-") 4DIGIT
    /// ```
    /// RFC 9051 §9. Any white space may separate the fields.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(text).ok()?;
        let mut parts = text.split_ascii_whitespace();
        let date = Date::parse(parts.next()?)?;
        let mut clock = parts.next()?.splitn(3, ':').map(two_digits);
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let zone = parts.next()?;
        let (east, digits) = match zone.split_at_checked(1)? {
            ("+", digits) => (true, digits),
            ("-", digits) => (false, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_at_checked(2)?;
        let offset = i16::from(two_digits(hours)?) * 60 + i16::from(two_digits(minutes)?);
        if hour > 23 || minute > 59 || second > 60 || parts.next().is_some() {
            return None;
        }
        let zone_minutes = if east { offset } else { -offset };
        Some(Self {
            date,
            hour,
            minute,
            second,
            zone_minutes,
        })
    }

    /// Returns the Unix time in seconds.
    pub fn unix_secs(&self) -> i64 {
        let clock =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        self.date.days_since_1970() * 86_400 + clock - i64::from(self.zone_minutes) * 60
    }

    /// Creates a date in UTC from a Unix time in seconds; `None` outside the years 1 to 9999.
    pub fn from_unix_secs(secs: i64) -> Option<Self> {
        let date = Date::from_days_since_1970(secs.div_euclid(86_400))?;
        let clock = secs.rem_euclid(86_400);
        Some(Self {
            date,
            hour: u8::try_from(clock / 3600).ok()?,
            minute: u8::try_from(clock / 60 % 60).ok()?,
            second: u8::try_from(clock % 60).ok()?,
            zone_minutes: 0,
        })
    }
}

impl fmt::Display for InternalDate {
    /// Writes the form of APPEND, without its quotes.
    ///
    /// ```abnf
    /// date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year
    ///                  SP time SP zone DQUOTE ; between the quotes
    /// date-day-fixed = (SP DIGIT) / 2DIGIT    ; always 2DIGIT
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.zone_minutes < 0 { '-' } else { '+' };
        let zone = self.zone_minutes.unsigned_abs();
        write!(
            f,
            "{:02}-{}-{:04} ",
            self.date.day,
            self.date.month_name(),
            self.date.year
        )?;
        write!(f, "{:02}:{:02}:{:02} ", self.hour, self.minute, self.second)?;
        write!(f, "{sign}{:02}{:02}", zone / 60, zone % 60)
    }
}

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Creates a day; `None` if it does not exist. Years are 1 to 9999.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year == 0 || year > 9999 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// The year, such as 2026.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Parses a day.
    ///
    /// ```abnf
    /// date-text  = date-day "-" date-month "-" date-year
    /// date-day   = 1*2DIGIT
    /// date-month = "Jan" / "Feb" / "Mar" / "Apr" / "May" / "Jun" /
    ///              "Jul" / "Aug" / "Sep" / "Oct" / "Nov" / "Dec"
    /// date-year  = 4DIGIT
    /// ```
    /// RFC 9051 §9.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(3, '-');
        let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
        let day = if day.len() == 1 {
            one_digit(day)
        } else {
            two_digits(day)
        }?;
        let month = MONTHS
            .iter()
            .position(|name| name.eq_ignore_ascii_case(month))?;
        if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(year.parse().ok()?, u8::try_from(month + 1).ok()?, day)
    }

    fn month_name(self) -> &'static str {
        MONTHS
            .get(usize::from(self.month).wrapping_sub(1))
            .copied()
            .unwrap_or("Jan")
    }

    fn days_since_1970(self) -> i64 {
        let year = i16::try_from(self.year).unwrap_or(i16::MAX);
        let (month, day) = (self.month.cast_signed(), self.day.cast_signed());
        // `new` has checked that the day exists.
        let date = civil::Date::new(year, month, day).unwrap_or(EPOCH);
        date.duration_since(EPOCH).as_hours().div_euclid(24)
    }

    fn from_days_since_1970(days: i64) -> Option<Self> {
        let hours = SignedDuration::try_from_hours(days.checked_mul(24)?)?;
        let date = EPOCH.checked_add(hours).ok()?;
        Self::new(
            u16::try_from(date.year()).ok()?,
            date.month().cast_unsigned(),
            date.day().cast_unsigned(),
        )
    }
}

impl fmt::Display for Date {
    /// Writes the form of SEARCH: `1-Feb-1994`.
    ///
    /// ```abnf
    /// date      = date-text / DQUOTE date-text DQUOTE ; without quotes
    /// date-text = date-day "-" date-month "-" date-year
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}", self.day, self.month_name(), self.year)
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

fn two_digits(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    text.parse().ok()
}

fn one_digit(text: &str) -> Option<u8> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn the_rfc_example_is_read_and_written() {
        let date = InternalDate::parse(b"17-Jul-1996 02:44:25 -0700").unwrap();
        assert_eq!(date.unix_secs(), 837_596_665);
        assert_eq!(date.to_string(), "17-Jul-1996 02:44:25 -0700");
        let padded = InternalDate::parse(b" 7-Feb-1994 21:52:25 +0545").unwrap();
        assert_eq!(padded.to_string(), "07-Feb-1994 21:52:25 +0545");
        assert_eq!(padded.date.to_string(), "7-Feb-1994");
    }

    #[test]
    fn nonexistent_dates_are_not_parsed() {
        for bad in [
            "30-Feb-2024 00:00:00 +0000",
            "00-Jan-2024 00:00:00 +0000",
            "01-Foo-2024 00:00:00 +0000",
            "01-Jan-2024 24:00:00 +0000",
            "01-Jan-2024 00:00:00 UTC",
            "01-Jan-2024 00:00:00 +00é",
            "01-Jan-2024 00:00:00",
            "01-Jan-2024",
            "",
        ] {
            assert_eq!(InternalDate::parse(bad.as_bytes()), None, "{bad}");
        }
        assert!(Date::new(2000, 2, 29).is_some());
        assert_eq!(Date::new(1900, 2, 29), None);
    }

    proptest! {
        #[test]
        fn any_moment_survives_being_written_and_read(secs in -62_135_596_800_i64..253_402_300_800) {
            let date = InternalDate::from_unix_secs(secs).unwrap();
            prop_assert_eq!(date.unix_secs(), secs);
            prop_assert_eq!(InternalDate::parse(date.to_string().as_bytes()), Some(date));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = InternalDate::parse(&bytes);
        }
    }
}
