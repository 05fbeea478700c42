//! Starts, ends and zones.

use jiff::civil::date;
use proptest::prelude::*;

use super::{calendar, event_of, iana, instant};
use crate::calendar::{When, Zone, parse};

#[test]
fn names_of_windows_zones_are_translated() {
    for (name, utc, offset_hours, zone) in [
        (
            "China Standard Time",
            "2026-07-06T02:00:00Z",
            8,
            "Asia/Shanghai",
        ),
        (
            "W. Europe Standard Time",
            "2026-07-06T08:00:00Z",
            2,
            "Europe/Berlin",
        ),
        (
            "Pacific Standard Time",
            "2026-07-06T17:00:00Z",
            -7,
            "America/Los_Angeles",
        ),
        (
            "\"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna\"",
            "2026-07-06T08:00:00Z",
            2,
            "Europe/Berlin",
        ),
        (
            "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
            "2026-07-06T08:00:00Z",
            2,
            "Europe/Berlin",
        ),
    ] {
        let event = event_of(&format!("DTSTART;TZID={name}:20260706T100000"));
        assert_eq!(
            event.starts,
            Some(instant(utc, offset_hours, iana(zone))),
            "{name}"
        );
    }
}

/// A zone that no database knows, with the rules of central Europe.
const CUSTOM_ZONE: &str = "
    BEGIN:VTIMEZONE
    TZID:Customized Time Zone
    BEGIN:STANDARD
    DTSTART:16010101T030000
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
    END:STANDARD
    BEGIN:DAYLIGHT
    DTSTART:16010101T020000
    TZOFFSETFROM:+0100
    TZOFFSETTO:+0200
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
    END:DAYLIGHT
    END:VTIMEZONE";

#[test]
fn a_zone_that_the_part_defines_gives_its_offsets() {
    let zone = || Zone::Custom("Customized Time Zone".to_owned());
    for (local, utc, offset_hours) in [
        ("20260115T100000", "2026-01-15T09:00:00Z", 1),
        ("20260706T100000", "2026-07-06T08:00:00Z", 2),
        ("20260329T015959", "2026-03-29T00:59:59Z", 1),
        ("20260329T030000", "2026-03-29T01:00:00Z", 2),
        ("20261025T030000", "2026-10-25T02:00:00Z", 1),
        ("20261231T235959", "2026-12-31T22:59:59Z", 1),
    ] {
        let text = calendar(
            "",
            &format!(
                "{CUSTOM_ZONE}\nBEGIN:VEVENT\nDTSTART;TZID=Customized Time Zone:{local}\nEND:VEVENT"
            ),
        );
        let invitation = parse(&text, None).unwrap();
        assert_eq!(
            invitation.events[0].starts,
            Some(instant(utc, offset_hours, zone())),
            "{local}"
        );
    }
}

#[test]
fn a_defined_zone_without_rules_has_the_offset_of_its_last_date() {
    let zone = "
        BEGIN:VTIMEZONE
        TZID:Odd
        BEGIN:STANDARD
        DTSTART:20200101T000000
        TZOFFSETFROM:+0300
        TZOFFSETTO:+0430
        RDATE:20210101T000000,20220101T000000
        END:STANDARD
        BEGIN:DAYLIGHT
        DTSTART:20200601T000000
        TZOFFSETFROM:+0430
        TZOFFSETTO:+0530
        RRULE:FREQ=YEARLY;BYMONTH=6;UNTIL=20210601T000000Z
        END:DAYLIGHT
        END:VTIMEZONE";
    for (local, offset) in [
        ("20190101T000000", 3 * 3_600),
        ("20200301T000000", 4 * 3_600 + 1_800),
        ("20200701T000000", 5 * 3_600 + 1_800),
        ("20210301T000000", 4 * 3_600 + 1_800),
        ("20270701T000000", 4 * 3_600 + 1_800),
    ] {
        let text = calendar(
            "",
            &format!("{zone}\nBEGIN:VEVENT\nDTSTART;TZID=Odd:{local}\nEND:VEVENT"),
        );
        let starts = parse(&text, None).unwrap().events.remove(0).starts;
        let Some(When::Instant { offset_seconds, .. }) = starts else {
            panic!("{starts:?}")
        };
        assert_eq!(offset_seconds, offset, "{local}");
    }
}

#[test]
fn an_outlook_zone_is_known_by_its_cdo_number() {
    let text = calendar(
        "",
        "
        BEGIN:VTIMEZONE
        TZID:GMT +0800 (Standard) / GMT +0800 (Daylight)
        X-MICROSOFT-CDO-TZID:45
        END:VTIMEZONE
        BEGIN:VEVENT
        DTSTART;TZID=\"GMT +0800 (Standard) / GMT +0800 (Daylight)\":20260706T100000
        END:VEVENT",
    );
    let invitation = parse(&text, None).unwrap();
    assert_eq!(
        invitation.events[0].starts,
        Some(instant("2026-07-06T02:00:00Z", 8, iana("Asia/Shanghai")))
    );
}

#[test]
fn times_are_utc_local_or_of_an_unknown_zone() {
    let start = |line: &str| event_of(line).starts;
    assert_eq!(
        start("DTSTART:20260706T100000Z"),
        Some(instant("2026-07-06T10:00:00Z", 0, Zone::Utc))
    );
    assert_eq!(
        start("DTSTART;TZID=UTC:20260706T100000"),
        Some(instant("2026-07-06T10:00:00Z", 0, Zone::Utc))
    );
    let local = date(2026, 7, 6).at(10, 0, 0, 0);
    assert_eq!(
        start("DTSTART:20260706T100000"),
        Some(When::Floating {
            local,
            zone_name: None
        })
    );
    assert_eq!(
        start("DTSTART;TZID=Nowhere\u{202e}/City:20260706T100000"),
        Some(When::Floating {
            local,
            zone_name: Some("Nowhere/City".to_owned())
        })
    );
    assert_eq!(start("DTSTART:20260231T100000Z"), None);
    assert_eq!(start("DTSTART:tomorrow"), None);
}

#[test]
fn a_time_that_a_clock_skips_or_shows_twice_is_a_moment() {
    let start = |local: &str| event_of(&format!("DTSTART;TZID=Europe/Berlin:{local}")).starts;
    // Clocks go from 02:00 to 03:00.
    assert_eq!(
        start("20260329T023000"),
        Some(instant("2026-03-29T01:30:00Z", 2, iana("Europe/Berlin")))
    );
    // 02:30 is there twice; the first counts.
    assert_eq!(
        start("20261025T023000"),
        Some(instant("2026-10-25T00:30:00Z", 2, iana("Europe/Berlin")))
    );
}

#[test]
fn whole_days_end_on_the_day_after() {
    let day = |day| Some(When::AllDay(date(2026, 7, day)));
    let event = event_of("DTSTART;VALUE=DATE:20260706\nDTEND;VALUE=DATE:20260708");
    assert_eq!((event.starts, event.ends), (day(6), day(8)));
    let event = event_of("DTSTART;VALUE=DATE:20260706");
    assert_eq!((event.starts, event.ends), (day(6), day(7)));
    let event = event_of("DTSTART;VALUE=DATE:20260706\nDURATION:P2D");
    assert_eq!((event.starts, event.ends), (day(6), day(8)));
}

#[test]
fn a_duration_gives_the_end() {
    let ends = |lines: &str| event_of(lines).ends;
    assert_eq!(
        ends("DTSTART:20260706T100000Z\nDURATION:PT1H30M"),
        Some(instant("2026-07-06T11:30:00Z", 0, Zone::Utc))
    );
    // A day across the change of clocks has 23 hours.
    assert_eq!(
        ends("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1DT1H"),
        Some(instant("2026-03-29T11:00:00Z", 2, iana("Europe/Berlin")))
    );
    assert_eq!(
        ends("DTSTART:20260706T230000\nDURATION:PT2H"),
        Some(When::Floating {
            local: date(2026, 7, 7).at(1, 0, 0, 0),
            zone_name: None
        })
    );
    for lines in [
        "DTSTART:20260706T100000Z",
        "DTSTART:20260706T100000Z\nDTEND:20260706T090000Z",
        "DTSTART:20260706T100000Z\nDURATION:-PT1H",
        "DTSTART:20260706T100000Z\nDURATION:P4294967295W",
        "DTSTART:99991231T235900Z\nDURATION:PT1H",
        "DTSTART;VALUE=DATE:99991231",
        "DURATION:PT1H",
    ] {
        assert_eq!(ends(lines), None, "{lines}");
    }
}

proptest! {
    #[test]
    fn a_moment_in_a_zone_is_the_same_in_utc(
        secs in 1_500_000_000_i64..2_000_000_000,
        zone in prop::sample::select(&["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Sydney"][..]),
    ) {
        let at = jiff::Timestamp::from_second(secs).unwrap();
        let zoned = at.to_zoned(jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap());
        let local = zoned.datetime();
        let written = format!(
            "DTSTART;TZID={zone}:{:04}{:02}{:02}T{:02}{:02}{:02}",
            local.year(), local.month(), local.day(), local.hour(), local.minute(), local.second(),
        );
        let Some(When::Instant { at: read, .. }) = event_of(&written).starts else {
            panic!("no moment");
        };
        // In the hour that a clock shows twice the first is read.
        prop_assert!(read == at || (at.as_second() - read.as_second()) == 3_600);
    }
}
