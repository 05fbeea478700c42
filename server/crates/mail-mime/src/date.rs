//! The Date field (RFC 5322 §3.3), read and written.

use std::fmt;

/// A point in time as a message tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: i64,
    /// The writer's zone, minutes east of UTC; 0 where it was not known.
    pub offset_minutes: i16,
}

/// A longer field is not a date; reading stops before any parser sees it.
const FIELD_BYTES: usize = 200;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY_SECS: i64 = 86_400;

impl Date {
    /// Reads a Date field, in its present or obsolete forms: no weekday, no seconds, two-digit
    /// years, zone names, comments. `None` for anything else and for fields over 200 bytes.
    pub fn parse(field: &str) -> Option<Self> {
        if field.len() > FIELD_BYTES {
            return None;
        }
        let text = without_comments(field);
        let mut words = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty())
            .flat_map(|word| word.splitn(if is_dashed_date(word) { 3 } else { 1 }, '-'))
            .peekable();
        if words.peek()?.chars().next()?.is_ascii_alphabetic() {
            words.next();
        }
        let day: i64 = number(words.next()?, 2)?;
        let month = month(words.next()?)?;
        let year = year(words.next()?)?;
        let time = words.next()?;
        let mut clock = time.split([':', '.']);
        let hour = number(clock.next()?, 2)?;
        let minute = number(clock.next()?, 2)?;
        let second = clock.next().map_or(Some(0), |word| number(word, 2))?;
        let is_clock = hour < 24 && minute < 60 && second <= 60;
        if !is_clock || !(1..=days_in(year, month)).contains(&day) {
            return None;
        }
        let offset_minutes = words.next().map_or(0, zone);
        let seconds = days_from_civil(year, month, day) * DAY_SECS
            + hour * 3600
            + minute * 60
            // A leap second is shown as the one before it.
            + second.min(59);
        Some(Self {
            unix_ms: (seconds - i64::from(offset_minutes) * 60) * 1000,
            offset_minutes,
        })
    }
}

/// Writes the date as a Date field has it: `Sat, 21 Nov 2026 09:07:45 +0800`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A zone beyond a day is none (RFC 5322 §3.3).
        let offset = i64::from(self.offset_minutes.clamp(-1439, 1439));
        let local = self.unix_ms.div_euclid(1000) + offset * 60;
        let (days, second) = (local.div_euclid(DAY_SECS), local.rem_euclid(DAY_SECS));
        let (year, month, day) = civil_from_days(days);
        let weekday = usize::try_from(days.rem_euclid(7)).unwrap_or(0);
        write!(
            f,
            "{}, {day} {} {year:04} {:02}:{:02}:{:02} {}{:02}{:02}",
            WEEKDAYS.get(weekday).unwrap_or(&"Thu"),
            MONTHS.get(month - 1).unwrap_or(&"Jan"),
            second / 3600,
            second / 60 % 60,
            second % 60,
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

/// `21-Nov-2026`, as IMAP and some programs write it.
fn is_dashed_date(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.matches('-').count() == 2
}

fn number(word: &str, max_digits: usize) -> Option<i64> {
    let is_number =
        (1..=max_digits).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    if is_number { word.parse().ok() } else { None }
}

/// The month, 1 to 12, by the first three letters of its name.
fn month(word: &str) -> Option<usize> {
    let head = word.get(..3)?;
    let index = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(head))?;
    Some(index + 1)
}

/// RFC 5322 §4.3: years of two and three digits.
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

/// Minutes east of UTC; names that are not known are UTC (RFC 5322 §4.3).
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
    let digits = digits.replace(':', "");
    match number(&digits, 4).and_then(|n| i16::try_from(n).ok()) {
        Some(n) if digits.len() == 4 && n % 100 < 60 && n < 2400 => sign * (n / 100 * 60 + n % 100),
        _ => 0,
    }
}

fn days_in(year: i64, month: usize) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: usize, day: i64) -> i64 {
    let month = i64::try_from(month).unwrap_or(1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), day)
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
        ] {
            assert_eq!(parsed(field), Some((secs, offset)), "{field}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
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
        ] {
            assert_eq!(parsed(field), None, "{field}");
        }
        let long = format!("Fri, 21 Nov 1997 09:55:06 -0600{}", " (x)".repeat(60));
        assert_eq!(parsed(&long), None);
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
        }
    }
}
