//! Language and time zone of a request, and dates formatted for them.

use app::api::types::{DateText, Lang};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Language and time zone of the responses to one request.
#[derive(Debug, Clone)]
pub struct Locale {
    /// The language of sentences and dates.
    pub lang: Lang,
    /// The time zone of dates.
    pub zone: TimeZone,
    /// Whether the user's time zone is unknown: dates then name the zone.
    pub is_zone_guessed: bool,
}

impl Default for Locale {
    fn default() -> Self {
        Self {
            lang: Lang::En,
            zone: TimeZone::UTC,
            is_zone_guessed: true,
        }
    }
}

impl Locale {
    /// Formats a time for the page; `now_unix_ms` decides what "today" is.
    ///
    /// An unknown time, or one out of the calendar's range, is "No date" and has no group.
    pub fn date(&self, unix_ms: impl Into<Option<i64>>, now_unix_ms: i64) -> DateText {
        let at = unix_ms.into().and_then(|at| self.find_zoned(at));
        let Some(at) = at else {
            let none = self.no_date();
            return DateText {
                short: none.to_owned(),
                long: none.to_owned(),
                ..DateText::default()
            };
        };
        let now = self.zoned(now_unix_ms);
        let days_ago = now
            .date()
            .since(at.date())
            .map_or(i32::MAX, |span| span.get_days());
        DateText {
            short: self.short(&at, &now, days_ago),
            long: self.long(&at),
            iso: at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            group: self.group(&at, &now, days_ago),
        }
    }

    /// Returns the day of a time.
    pub fn today(&self, now_unix_ms: i64) -> Date {
        self.zoned(now_unix_ms).date()
    }

    /// Formats a time for an attribution line: "Sat, 21 Nov 2026 at 09:42".
    pub fn attribution(&self, unix_ms: i64) -> String {
        let at = self.zoned(unix_ms);
        match self.lang {
            Lang::En => at.strftime("%a, %-d %b %Y at %H:%M").to_string(),
            Lang::ZhCn => format!("{}{}", at.strftime("%Y年%-m月%-d日 "), at.strftime("%H:%M")),
        }
    }

    /// Returns the zone's UTC offset at a time in minutes, for a Date field.
    pub fn offset_minutes(&self, unix_ms: i64) -> i16 {
        i16::try_from(self.zoned(unix_ms).offset().seconds() / 60).unwrap_or_default()
    }

    /// Parses a date and a time in the zone, as `2026-11-30T08:05`, to Unix milliseconds. A time that
    /// a clock change skips is the one after it.
    pub fn parse_local(&self, text: &str) -> Option<i64> {
        let at: DateTime = text.parse().ok()?;
        let at = at.to_zoned(self.zone.clone()).ok()?;
        Some(at.timestamp().as_millisecond())
    }

    fn zoned(&self, unix_ms: i64) -> Zoned {
        let at = self.find_zoned(unix_ms);
        at.unwrap_or_else(|| Timestamp::UNIX_EPOCH.to_zoned(self.zone.clone()))
    }

    fn find_zoned(&self, unix_ms: i64) -> Option<Zoned> {
        let at = Timestamp::from_millisecond(unix_ms).ok()?;
        Some(at.to_zoned(self.zone.clone()))
    }

    fn no_date(&self) -> &'static str {
        match self.lang {
            Lang::En => "No date",
            Lang::ZhCn => "无日期",
        }
    }

    fn short(&self, at: &Zoned, now: &Zoned, days_ago: i32) -> String {
        match (self.lang, days_ago) {
            (_, 0) => at.strftime("%H:%M").to_string(),
            (Lang::En, 1) => "Yesterday".to_owned(),
            (Lang::ZhCn, 1) => "昨天".to_owned(),
            (Lang::En, 2..=6) => at.strftime("%a").to_string(),
            (Lang::ZhCn, 2..=6) => format!("周{}", weekday_zh(at)),
            (Lang::En, _) if at.year() == now.year() => at.strftime("%-d %b").to_string(),
            (Lang::ZhCn, _) if at.year() == now.year() => at.strftime("%-m月%-d日").to_string(),
            _ => at.strftime("%Y-%m-%d").to_string(),
        }
    }

    fn long(&self, at: &Zoned) -> String {
        let mut text = match self.lang {
            Lang::En => at.strftime("%A %-d %B %Y, %H:%M").to_string(),
            Lang::ZhCn => format!(
                "{}星期{}{}",
                at.strftime("%Y年%-m月%-d日 "),
                weekday_zh(at),
                at.strftime(" %H:%M")
            ),
        };
        if self.is_zone_guessed {
            text.push_str(" UTC");
        }
        text
    }

    fn group(&self, at: &Zoned, now: &Zoned, days_ago: i32) -> String {
        match (self.lang, days_ago) {
            // A clock that runs ahead dates a message tomorrow; the message belongs on top too.
            (Lang::En, ..=0) => "Today".to_owned(),
            (Lang::ZhCn, ..=0) => "今天".to_owned(),
            (Lang::En, 1) => "Yesterday".to_owned(),
            (Lang::ZhCn, 1) => "昨天".to_owned(),
            (Lang::En, 2..=6) => "This week".to_owned(),
            (Lang::ZhCn, 2..=6) => "一周内".to_owned(),
            (Lang::En, _) if at.year() == now.year() => at.strftime("%B").to_string(),
            (Lang::ZhCn, _) if at.year() == now.year() => at.strftime("%-m月").to_string(),
            (Lang::En, _) => at.strftime("%B %Y").to_string(),
            (Lang::ZhCn, _) => at.strftime("%Y年%-m月").to_string(),
        }
    }
}

fn weekday_zh(at: &Zoned) -> char {
    use jiff::civil::Weekday;
    match at.weekday() {
        Weekday::Monday => '一',
        Weekday::Tuesday => '二',
        Weekday::Wednesday => '三',
        Weekday::Thursday => '四',
        Weekday::Friday => '五',
        Weekday::Saturday => '六',
        Weekday::Sunday => '日',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 10:00 UTC, a Saturday.
    const NOW: i64 = 1_795_255_200_000;
    const HOUR: i64 = 3_600_000;

    fn locale(lang: Lang, zone: &str) -> Locale {
        Locale {
            lang,
            zone: TimeZone::get(zone).unwrap(),
            is_zone_guessed: false,
        }
    }

    #[test]
    fn short_dates_grow_with_distance() {
        let en = locale(Lang::En, "UTC");
        let short = |hours: i64| en.date(NOW - hours * HOUR, NOW).short;
        assert_eq!(short(1), "09:00");
        assert_eq!(short(20), "Yesterday");
        assert_eq!(short(48), "Thu");
        assert_eq!(short(24 * 18), "3 Nov");
        assert_eq!(short(24 * 400), "2025-10-17");
    }

    #[test]
    fn today_is_the_readers_today() {
        // 16:30 UTC on the 20th is already the 21st in Shanghai.
        let at = NOW - 17 * HOUR - HOUR / 2;
        let zh = locale(Lang::ZhCn, "Asia/Shanghai").date(at, NOW);
        assert_eq!((zh.short.as_str(), zh.group.as_str()), ("00:30", "今天"));
        assert_eq!(zh.iso, "2026-11-21T00:30:00+08:00");
        let en = locale(Lang::En, "UTC").date(at, NOW);
        assert_eq!(
            (en.short.as_str(), en.group.as_str()),
            ("Yesterday", "Yesterday")
        );
    }

    #[test]
    fn guessed_time_zone_is_named() {
        let guess = Locale::default();
        assert_eq!(
            guess.date(NOW, NOW).long,
            "Saturday 21 November 2026, 10:00 UTC"
        );
    }

    #[test]
    fn unknown_or_out_of_range_time_is_no_date() {
        for (lang, expected) in [(Lang::En, "No date"), (Lang::ZhCn, "无日期")] {
            for at in [None, Some(i64::MAX), Some(i64::MIN)] {
                let date = locale(lang, "UTC").date(at, NOW);
                assert_eq!(
                    (date.short.as_str(), date.long.as_str()),
                    (expected, expected)
                );
                assert_eq!((date.iso.as_str(), date.group.as_str()), ("", ""));
            }
        }
    }
}
