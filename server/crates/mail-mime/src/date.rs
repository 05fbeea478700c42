//! Parser and formatter of the Date field (RFC 5322 §3.3).

use std::fmt;

use jiff::{SignedDuration, civil};
use memchr::memrchr;

use crate::rfc5322;

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
        let time = rfc5322::date_time(&in_order(&without_comments(field))?)?;
        let local = time.local.duration_since(EPOCH.at(0, 0, 0, 0));
        let local_secs = local.as_secs();
        Some(Self {
            unix_ms: (local_secs - i64::from(time.offset_minutes) * 60) * 1000,
            offset_minutes: time.offset_minutes,
        })
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

/// Writes the words of a date in the order of RFC 5322: day, month, year, time, zone.
fn in_order(text: &str) -> Option<String> {
    let text = text.trim_start();
    let (date, time) = text.split_at_checked(10).unwrap_or((text, ""));
    // `2024-02-06T08:00:00Z`
    let time = time.strip_prefix(['T', 't']).filter(|_| is_dashed(date));
    let spaced = time.map_or_else(|| text.to_owned(), |time| format!("{date} {time}"));
    let words: Vec<&str> = spaced
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .flat_map(|word| word.splitn(if is_dashed(word) { 3 } else { 1 }, '-'))
        .collect();
    let words = match words.as_slice() {
        [weekday, rest @ ..] if !weekday.starts_with(is_digit) => rest,
        all => all,
    };
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let (day, month, year, time, zone) = match words {
        [year, month, day, time, rest @ ..] if is_year(year) => {
            let end = time.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ','));
            let (time, zone) = time.split_at_checked(end.unwrap_or(time.len()))?;
            let zone = Some(zone).filter(|zone| !zone.is_empty());
            (day, month, year, time, zone.or(rest.first().copied()))
        }
        [month, day, time, year] if is_year(year) => (day, month, year, *time, None),
        [month, day, time, zone, year] if is_year(year) && !is_year(time) => {
            (day, month, year, *time, Some(*zone))
        }
        [month, day, time, year, zone] if is_year(year) => (day, month, year, *time, Some(*zone)),
        [day, month, year, time, rest @ ..] => (day, month, year, *time, rest.first().copied()),
        _ => return None,
    };
    let is_year = matches!(year.len(), 2..=4) && (year.len() < 4 || *year >= "1900");
    is_year.then_some(())?;
    let mut time = time.replace(['.', ','], ":");
    if time.matches(':').count() == 1 {
        time.push_str(":00");
    }
    let zone = zone.unwrap_or("+0000");
    Some(format!(
        "{day} {} {year} {time} {zone}",
        month_number(month)?
    ))
}

/// Returns the number of a month by its number or the first three letters of its name.
fn month_number(word: &str) -> Option<usize> {
    if word.starts_with(is_digit) {
        return word.parse().ok();
    }
    let head = word.get(..3)?;
    let index = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(head))?;
    Some(index + 1)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Whether a word is a date such as `21-Nov-2026` or `2026-11-21`.
fn is_dashed(word: &str) -> bool {
    word.starts_with(is_digit) && word.matches('-').count() == 2
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
