//! Parser and formatter of the Date field (RFC 5322 §3.3).

use std::fmt;

use jiff::{SignedDuration, civil};
use memchr::memrchr;

/// The date and time of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: i64,
    /// The author's zone, minutes east of UTC; 0 if unknown.
    pub offset_minutes: i16,
}

/// Maximum length of a field, in bytes. A longer one is not parsed.
const FIELD_BYTES: usize = 200;

/// The day that days are counted from.
const EPOCH: civil::Date = civil::date(1970, 1, 1);

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const DAY_SECS: i64 = 86_400;

impl Date {
    /// Parses a Date field in its present or obsolete forms: no weekday, no seconds, two-digit
    /// years, zone names, comments. The forms of ISO 8601 (`2024-02-06T08:00:00Z`) and asctime
    /// (`Tue Feb  6 08:00:00 2024`) are accepted because programs write them there. `None` for
    /// anything else and for fields over 200 bytes.
    pub fn parse(field: &str) -> Option<Self> {
        if field.len() > FIELD_BYTES {
            return None;
        }
        let text = without_comments(field);
        Self::parse_iso(&text)
            .or_else(|| Self::parse_rfc5322(&text))
            .or_else(|| Self::parse_asctime(&text))
    }

    /// Parses the value of a Date field, or the date of an IMAP ENVELOPE, as the date of a message.
    /// Returns `None` also for the first day of 1970, which a program writes whose clock was not
    /// set.
    pub fn of_message(value: &[u8]) -> Option<Self> {
        Self::parse(&String::from_utf8_lossy(value)).filter(|date| date.is_known())
    }

    /// Parses the date of a Received field: the text after the last semicolon (RFC 5321 §4.4).
    pub fn of_received(value: &[u8]) -> Option<Self> {
        let semicolon = memrchr(b';', value)?;
        if let Some(date) = Self::of_message(value.get(semicolon + 1..)?) {
            return Some(date);
        }
        // The last semicolon may be in a comment after the date.
        let text = without_comments(&String::from_utf8_lossy(value));
        let (_, date) = text.rsplit_once(';')?;
        Self::of_message(date.trim().as_bytes())
    }

    fn is_known(self) -> bool {
        self.unix_ms.div_euclid(1000 * DAY_SECS) != 0
    }

    fn parse_rfc5322(text: &str) -> Option<Self> {
        let mut words = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty())
            .flat_map(|word| word.splitn(if is_dashed_date(word) { 3 } else { 1 }, '-'))
            .peekable();
        if words.peek()?.starts_with(char::is_alphabetic) {
            words.next();
        }
        let day = number(words.next()?, 2)?;
        let month = month(words.next()?)?;
        let days = days(year(words.next()?)?, month, day)?;
        let time = time_of_day(words.next()?)?;
        Some(Self::at(days, time, words.next().map_or(0, zone)))
    }

    fn parse_iso(text: &str) -> Option<Self> {
        let (date, time) = text.trim().split_once(['T', 't', ' '])?;
        let mut date = date.split('-');
        let year = date.next().filter(|year| year.len() == 4)?;
        let month = usize::try_from(number(date.next()?, 2)?).ok()?;
        let day = number(date.next()?, 2)?;
        let days = days(self::year(year)?, month, day)?;
        let time = time.trim_start();
        let end = time
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ','))
            .unwrap_or(time.len());
        let (time, rest) = time.split_at_checked(end)?;
        let zone = rest.split_whitespace().next().map_or(0, zone);
        (date.next().is_none()).then_some(Self::at(days, time_of_day(time)?, zone))
    }

    fn parse_asctime(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (month, day, time, zone_name, year) = match words.as_slice() {
            [_, month, day, time, year] => (month, day, time, None, year),
            [_, month, day, time, zone, year] if number(year, 4).is_some() => {
                (month, day, time, Some(zone), year)
            }
            [_, month, day, time, year, zone] => (month, day, time, Some(zone), year),
            _ => return None,
        };
        let year = self::year(year).filter(|_| year.len() == 4)?;
        let days = days(year, self::month(month)?, number(day, 2)?)?;
        let zone = zone_name.map_or(0, |name| zone(name));
        Some(Self::at(days, time_of_day(time)?, zone))
    }

    fn at(days: i64, seconds: i64, offset_minutes: i16) -> Self {
        let local = days * DAY_SECS + seconds;
        Self {
            unix_ms: (local - i64::from(offset_minutes) * 60) * 1000,
            offset_minutes,
        }
    }
}

/// Formats the date as in a Date field: `Sat, 21 Nov 2026 09:07:45 +0800`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A zone of a day or more is invalid (RFC 5322 §3.3).
        let offset = i64::from(self.offset_minutes.clamp(-1439, 1439));
        let local = self.unix_ms.div_euclid(1000) + offset * 60;
        let local = SignedDuration::from_secs(local);
        let time = EPOCH.at(0, 0, 0, 0).saturating_add(local);
        let month = usize::from(time.month().unsigned_abs()).wrapping_sub(1);
        let weekday = usize::from(time.weekday().to_sunday_zero_offset().unsigned_abs());
        write!(
            f,
            "{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}",
            WEEKDAYS.get(weekday).unwrap_or(&"Sun"),
            time.day(),
            MONTHS.get(month).unwrap_or(&"Jan"),
            time.year(),
            time.hour(),
            time.minute(),
            time.second(),
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 60,
            offset.abs() % 60,
        )
    }
}

fn without_comments(field: &str) -> String {
    let mut depth = 0_u32;
    field
        .chars()
        .map(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return ' ';
                }
                _ => {}
            }
            if depth == 0 { c } else { ' ' }
        })
        .collect()
}

/// Whether a word is a date such as `21-Nov-2026`, as IMAP and some programs write it.
fn is_dashed_date(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.matches('-').count() == 2
}

fn number(word: &str, max_digits: usize) -> Option<i64> {
    let is_number =
        (1..=max_digits).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    if is_number { word.parse().ok() } else { None }
}

/// Returns the month, 1 to 12, by the first three letters of its name.
fn month(word: &str) -> Option<usize> {
    let head = word.get(..3)?;
    let index = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(head))?;
    Some(index + 1)
}

/// Returns the seconds since midnight. A leap second becomes the second before it.
fn time_of_day(word: &str) -> Option<i64> {
    let mut numbers = word.split([':', '.', ',']);
    let hour = number(numbers.next()?, 2)?;
    let minute = number(numbers.next()?, 2)?;
    let second = numbers.next().map_or(Some(0), |word| number(word, 2))?;
    let is_clock = hour < 24 && minute < 60 && second <= 60;
    is_clock.then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// Returns the days since 1970 of a date that exists in the calendar.
fn days(year: i64, month: usize, day: i64) -> Option<i64> {
    let (year, month) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?);
    let date = civil::Date::new(year, month, i8::try_from(day).ok()?).ok()?;
    Some(date.duration_since(EPOCH).as_hours().div_euclid(24))
}

/// Returns the full year; RFC 5322 §4.3 defines years of two and three digits.
fn year(word: &str) -> Option<i64> {
    let year = number(word, 4)?;
    match word.len() {
        4 => (year >= 1900).then_some(year),
        3 => Some(year + 1900),
        2 if year < 50 => Some(year + 2000),
        2 => Some(year + 1900),
        _ => None,
    }
}

/// Returns minutes east of UTC; unknown names are UTC (RFC 5322 §4.3).
fn zone(word: &str) -> i16 {
    let (sign, digits) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => {
            return match word.to_ascii_uppercase().as_str() {
                "EDT" => -240,
                "EST" | "CDT" => -300,
                "CST" | "MDT" => -360,
                "MST" | "PDT" => -420,
                "PST" => -480,
                _ => 0,
            };
        }
    };
    let mut digits = digits.replace(':', "");
    if digits.len() == 2 {
        // ISO 8601 also allows whole hours.
        digits.push_str("00");
    }
    match number(&digits, 4).and_then(|n| i16::try_from(n).ok()) {
        Some(n) if digits.len() == 4 && n % 100 < 60 && n < 2400 => sign * (n / 100 * 60 + n % 100),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(field: &str) -> Option<(i64, i16)> {
        Date::parse(field).map(|date| (date.unix_ms / 1000, date.offset_minutes))
    }

    #[test]
    fn forms_seen_in_mail() {
        for (field, secs, offset) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", 880_127_706, -360),
            ("21 Nov 97 09:55 -0600", 880_127_700, -360),
            (
                "Fri,21 Nov 1997 (comment (nested)) 09:55:06 -0600",
                880_127_706,
                -360,
            ),
            ("Fri, 21 Nov 1997 09:55:06 EST (Eastern)", 880_124_106, -300),
            ("Thu, 1 Jan 1970 00:00:00 GMT", 0, 0),
            ("Sat, 21 Nov 2026 09:07:45 +08:00", 1_795_223_265, 480),
            ("21-Nov-2026 09:07:45 +0800", 1_795_223_265, 480),
            ("Sat, 29 Feb 2020 23:59:60 +0000", 1_583_020_799, 0),
            ("Tue, 01 July 2003 10:52:37 Nowhere/Zone", 1_057_056_757, 0),
            ("周二, 6 Feb 2024 08:00:00 +0000", 1_707_206_400, 0),
            ("2024-02-06T08:00:00+00:00", 1_707_206_400, 0),
            ("2024-02-06T09:00:00.123+01", 1_707_206_400, 60),
            ("2024-02-06T08:00Z", 1_707_206_400, 0),
            ("2024-02-06 03:00:00 EST", 1_707_206_400, -300),
            ("Tue Feb  6 08:00:00 2024", 1_707_206_400, 0),
            ("Tue Feb 6 09:00:00 +0100 2024", 1_707_206_400, 60),
            ("Tue Feb 6 09:00:00 2024 +0100", 1_707_206_400, 60),
        ] {
            assert_eq!(parsed(field), Some((secs, offset)), "{field}");
        }
    }

    #[test]
    fn invalid_dates_are_none() {
        for field in [
            "",
            "yesterday",
            "Fri, 31 Feb 2020 10:00:00 +0000",
            "Fri, 1 Foo 2020 10:00 +0000",
            "1 Jan 2020 25:00 +0000",
            "1 Jan 12345 10:00 +0000",
            "1 Jan 0001 10:00",
            "1 Jan",
            "日 Jan 1",
            "lör, 29 maj 1999 00:24:04 +0200",
            "2024-02-30T08:00:00Z",
            "2024-02-06-07T08:00:00Z",
            "2024-13-06 08:00:00",
            "2024-02-06",
            "Tue Feb 6 08:00:00 24",
        ] {
            assert_eq!(parsed(field), None, "{field}");
        }
        let long = format!("Fri, 21 Nov 1997 09:55:06 -0600{}", " (x)".repeat(60));
        assert_eq!(parsed(&long), None);
    }

    #[test]
    fn a_received_field_has_its_date_after_the_last_semicolon() {
        let secs = |field: &str| Date::of_received(field.as_bytes()).map(|d| d.unix_ms / 1000);
        for field in [
            "from a.example by b.example; Tue, 06 Feb 2024 08:00:00 +0000",
            "from a (x; y) by b with SMTP id 1;\t6 Feb 2024 08:00:00 +0000 (UTC)",
            "by b; Tue, 06 Feb 2024 08:00:00 +0000 (queued; then sent)",
        ] {
            assert_eq!(secs(field), Some(1_707_206_400), "{field}");
        }
        for field in [
            "",
            "by b Tue, 06 Feb 2024 08:00:00 +0000",
            "by b;",
            "by b; Thu, 1 Jan 1970 00:00:00 +0000",
        ] {
            assert_eq!(secs(field), None, "{field}");
        }
    }

    proptest! {
        #[test]
        fn a_written_date_is_read_again(
            secs in -2_208_900_000_i64..200_000_000_000, offset in -1439_i16..=1439,
        ) {
            let date = Date { unix_ms: secs * 1000, offset_minutes: offset };
            prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn mail_parser_agrees(secs in 0_i64..4_000_000_000, offset in -720_i16..=720) {
            let date = Date { unix_ms: secs * 1000, offset_minutes: offset };
            let other = mail_parser::DateTime::parse_rfc822(&date.to_string()).unwrap();
            prop_assert_eq!(other.to_timestamp(), secs);
        }

        #[test]
        fn anything_is_read_without_harm(field in "\\PC{0,220}|[0-9A-Za-z:+ ,()-]{0,60}") {
            Date::parse(&field);
            Date::of_received(field.as_bytes());
        }

        #[test]
        fn iso_and_rfc_forms_of_a_time_agree(secs in 1_i64 << 27..4_000_000_000, offset in -720_i16..=720) {
            let date = Date { unix_ms: secs * 1000, offset_minutes: offset };
            let written = date.to_string();
            let words: Vec<&str> = written.split_whitespace().collect();
            let month = MONTHS.iter().position(|name| name == &words[2]).unwrap() + 1;
            let day: u32 = words[1].parse().unwrap();
            let iso = format!("{}-{month:02}-{day:02}T{}{}", words[3], words[4], words[5]);
            prop_assert_eq!(Date::parse(&iso), Some(date));
            let asctime = format!("Xxx {} {day} {} {} {}", words[2], words[4], words[5], words[3]);
            prop_assert_eq!(Date::parse(&asctime), Some(date));
        }
    }
}
