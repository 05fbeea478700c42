//! The demo's clock: the given start time plus the time since.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use tokio::time::Instant;

/// A clock that starts at a given time, so that a mailbox can be built for any date.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start_unix_ms: i64,
    started: Instant,
}

impl Clock {
    pub(crate) fn starting_at(start_unix_ms: i64) -> Self {
        Self {
            start_unix_ms,
            started: Instant::now(),
        }
    }

    pub(crate) fn now_unix_ms(&self) -> i64 {
        let passed_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.start_unix_ms.saturating_add(passed_ms)
    }
}

/// The zone of the account's owner, UTC+8. Dates in the demo are written in it.
pub(crate) fn local(unix_ms: i64) -> Zoned {
    let moment = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned(TimeZone::fixed(Offset::constant(8)))
}

/// Formats a date for a header field (RFC 5322 §3.3).
pub(crate) fn rfc5322(unix_ms: i64) -> String {
    local(unix_ms)
        .strftime("%a, %-d %b %Y %H:%M:%S %z")
        .to_string()
}

/// Formats an `INTERNALDATE`; the day is padded with a space (RFC 3501 §9, date-day-fixed).
pub(crate) fn imap_date_time(unix_ms: i64) -> String {
    local(unix_ms).strftime("%e-%b-%Y %H:%M:%S %z").to_string()
}

/// Returns the local day of a moment, as `SEARCH SINCE` compares it.
pub(crate) fn local_day(unix_ms: i64) -> Date {
    local(unix_ms).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_UTC_1_FEB_2026: i64 = 1_769_947_200_000;

    #[test]
    fn dates_are_written_in_the_owners_zone() {
        assert_eq!(
            rfc5322(NOON_UTC_1_FEB_2026),
            "Sun, 1 Feb 2026 20:00:00 +0800"
        );
        assert_eq!(
            imap_date_time(NOON_UTC_1_FEB_2026),
            " 1-Feb-2026 20:00:00 +0800"
        );
    }
}
