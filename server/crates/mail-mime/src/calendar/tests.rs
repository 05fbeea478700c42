//! Tests of whole calendars.

use jiff::civil::{Weekday, date};
use proptest::prelude::*;

use super::*;

mod answers;
mod times;

/// Returns a calendar with CRLF line ends.
fn calendar(method: &str, body: &str) -> String {
    let body = body.trim().lines().map(str::trim_start);
    let lines: Vec<&str> = ["BEGIN:VCALENDAR", "VERSION:2.0", method]
        .into_iter()
        .chain(body)
        .chain(["END:VCALENDAR"])
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\r\n") + "\r\n"
}

fn event_of(body: &str) -> Event {
    let text = calendar("", &format!("BEGIN:VEVENT\n{body}\nEND:VEVENT"));
    let mut invitation = parse(&text, None).unwrap();
    assert_eq!(invitation.events.len(), 1);
    invitation.events.remove(0)
}

fn instant(utc: &str, offset_hours: i32, zone: Zone) -> When {
    When::Instant {
        at: utc.parse().unwrap(),
        offset_seconds: offset_hours * 3_600,
        zone,
    }
}

fn iana(name: &str) -> Zone {
    Zone::Iana(name.to_owned())
}

fn address(attendee: &Attendee) -> (&str, &str) {
    (&attendee.address.name, &attendee.address.address)
}

#[test]
fn an_invitation_has_what_a_card_shows() {
    let text = calendar(
        "METHOD:REQUEST",
        "
        BEGIN:VEVENT
        UID:7kukuqrfedlm2f9t@example.com
        SEQUENCE:2
        SUMMARY:Planning\\, part 2
        DESCRIPTION:First line\\nSecond \\; line https://x.example/a
        LOCATION:Room 5\\, Berlin
        URL:HTTPS://meet.example/abc
        DTSTART;TZID=Europe/Berlin:20260706T100000
        DTEND;TZID=Europe/Berlin:20260706T113000
        ORGANIZER;CN=Ann Example:mailto:ann@example.com
        ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Ann:mailto:ann@example.com
        ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=\"Bob, B.\":MAILTO:bob%2Bx@example.com
        STATUS:TENTATIVE
        END:VEVENT",
    );
    let invitation = parse(&text, Some("PUBLISH")).unwrap();
    assert_eq!(invitation.method, Method::Request);
    assert!(!invitation.is_cut);
    let event = &invitation.events[0];
    assert_eq!(event.uid, "7kukuqrfedlm2f9t@example.com");
    assert_eq!(event.sequence, 2);
    assert_eq!(event.summary, "Planning, part 2");
    assert_eq!(
        event.description,
        "First line\nSecond ; line https://x.example/a"
    );
    assert_eq!(event.location, "Room 5, Berlin");
    assert_eq!(event.url.as_deref(), Some("https://meet.example/abc"));
    assert_eq!(
        event.starts,
        Some(instant("2026-07-06T08:00:00Z", 2, iana("Europe/Berlin")))
    );
    assert_eq!(
        event.ends,
        Some(instant("2026-07-06T09:30:00Z", 2, iana("Europe/Berlin")))
    );
    let organizer = event.organizer.as_ref().unwrap();
    assert_eq!(address(organizer), ("Ann Example", "ann@example.com"));
    let [ann, bob] = &event.attendees[..] else {
        panic!("{:?}", event.attendees)
    };
    assert_eq!(ann.participation, Participation::Accepted);
    assert_eq!(address(bob), ("Bob, B.", "bob+x@example.com"));
    assert_eq!(bob.role, Role::Optional);
    assert_eq!(bob.participation, Participation::NeedsAction);
    assert!(bob.is_reply_requested && !ann.is_reply_requested);
    assert_eq!(event.status, EventStatus::Tentative);
    assert!(!event.is_recurring_exception && event.recurrence.is_none());
}

#[test]
fn methods_come_from_the_text_then_from_the_parameter() {
    let body = "BEGIN:VEVENT\nUID:1\nEND:VEVENT";
    for (written, parameter, expected) in [
        ("METHOD:REQUEST", None, Method::Request),
        ("METHOD:reply", Some("request"), Method::Reply),
        ("METHOD:CANCEL", None, Method::Cancel),
        ("METHOD:COUNTER", None, Method::Counter),
        ("METHOD:DECLINECOUNTER", None, Method::DeclineCounter),
        ("METHOD:ADD", None, Method::Other),
        ("METHOD:X-ODD", None, Method::Other),
        ("", Some(" Request "), Method::Request),
        ("", Some("odd"), Method::Other),
        ("", None, Method::Publish),
    ] {
        let invitation = parse(&calendar(written, body), parameter).unwrap();
        assert_eq!(invitation.method, expected, "{written} {parameter:?}");
    }
}

#[test]
fn a_reply_names_the_answer_of_one_attendee() {
    for (written, expected) in [
        ("PARTSTAT=ACCEPTED", Participation::Accepted),
        ("PARTSTAT=declined", Participation::Declined),
        ("PARTSTAT=TENTATIVE", Participation::Tentative),
        (
            "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:c@x.example\"",
            Participation::Delegated,
        ),
        ("PARTSTAT=COMPLETED", Participation::Other),
        ("PARTSTAT=X-PERHAPS", Participation::Other),
        ("CN=B", Participation::NeedsAction),
    ] {
        let event = event_of(&format!(
            "UID:1\nATTENDEE;{written}:mailto:b@x.example\nCOMMENT:I am away."
        ));
        assert_eq!(event.attendees[0].participation, expected, "{written}");
        assert_eq!(event.comment, "I am away.");
        assert_eq!(event.starts, None);
    }
}

#[test]
fn recurrences_are_given_in_parts() {
    let recurrence = |lines: &str| event_of(lines).recurrence.unwrap();
    let every_other_week = recurrence(
        "DTSTART;TZID=Europe/Berlin:20260706T100000\n\
         RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10;WKST=MO\n\
         EXDATE;TZID=Europe/Berlin:20260720T100000,20260722T100000",
    );
    assert_eq!(every_other_week.frequency, Frequency::Weekly);
    assert_eq!(every_other_week.interval, 2);
    assert_eq!(
        every_other_week.weekdays,
        [Weekday::Monday, Weekday::Wednesday].map(|weekday| RecurrenceWeekday {
            ordinal: None,
            weekday
        })
    );
    assert_eq!(every_other_week.end, Some(RecurrenceEnd::Count(10)));
    assert_eq!(every_other_week.exceptions, 2);
    assert!(!every_other_week.is_incomplete);

    let last_friday = recurrence(
        "DTSTART:20260731T100000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231T100000Z",
    );
    assert_eq!(last_friday.interval, 1);
    assert_eq!(last_friday.weekdays[0].ordinal, Some(-1));
    assert_eq!(
        last_friday.end,
        Some(RecurrenceEnd::Until(instant(
            "2026-12-31T10:00:00Z",
            0,
            Zone::Utc
        )))
    );

    let birthday = recurrence(
        "DTSTART;VALUE=DATE:20260229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29,-1;UNTIL=20400101\n\
         RDATE;VALUE=DATE:20270301",
    );
    assert_eq!(birthday.months, [2]);
    assert_eq!(birthday.month_days, [29, -1]);
    assert_eq!(birthday.additions, 1);
    assert_eq!(
        birthday.end,
        Some(RecurrenceEnd::Until(When::AllDay(date(2040, 1, 1))))
    );

    let last_workday = recurrence("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1");
    assert_eq!(last_workday.positions, [-1]);
    assert_eq!(last_workday.end, None);
    assert!(recurrence("RRULE:FREQ=YEARLY;BYWEEKNO=20").is_incomplete);
    assert!(recurrence("RRULE:FREQ=DAILY\nRRULE:FREQ=YEARLY").is_incomplete);
    assert_eq!(event_of("RRULE:FREQ=SOMETIMES").recurrence, None);
}

#[test]
fn an_exception_of_a_recurring_event_names_its_occurrence() {
    let text = calendar(
        "METHOD:REQUEST",
        "
        BEGIN:VEVENT
        UID:1
        DTSTART:20260706T100000Z
        RRULE:FREQ=DAILY
        END:VEVENT
        BEGIN:VEVENT
        UID:1
        RECURRENCE-ID:20260707T100000Z
        DTSTART:20260707T120000Z
        STATUS:CANCELLED
        END:VEVENT",
    );
    let invitation = parse(&text, None).unwrap();
    let [series, exception] = &invitation.events[..] else {
        panic!("{:?}", invitation.events)
    };
    assert!(series.recurrence.is_some() && !series.is_recurring_exception);
    assert!(exception.is_recurring_exception);
    assert_eq!(
        exception.recurrence_id,
        Some(instant("2026-07-07T10:00:00Z", 0, Zone::Utc))
    );
    assert_eq!(exception.status, EventStatus::Cancelled);
}

#[test]
fn markup_is_text_and_html_descriptions_are_ignored() {
    let event = event_of(
        "SUMMARY:<img src=x onerror=alert(1)>\u{202e}\u{7}\\nBcc: x\n\
         DESCRIPTION:<svg><animate onrepeat=alert(1)>\n\
         X-ALT-DESC;FMTTYPE=text/html:<details ontoggle=alert(1) open>\n\
         STYLED-DESCRIPTION;VALUE=TEXT:<b>styled\n\
         LOCATION:a\u{200b}b\n\
         ORGANIZER;CN=\"boss@bank.example\":mailto:x@evil.example",
    );
    assert_eq!(event.summary, "<img src=x onerror=alert(1)> Bcc: x");
    assert_eq!(event.description, "<svg><animate onrepeat=alert(1)>");
    assert_eq!(event.location, "ab");
    assert!(!format!("{event:?}").contains("ontoggle"));
    assert!(!format!("{event:?}").contains("styled"));
    assert!(event.organizer.unwrap().address.has_suspicious_name);
}

#[test]
fn only_pages_are_urls() {
    let url = |written: &str| event_of(&format!("URL:{written}")).url;
    assert_eq!(
        url("http://x.example/a?b=c"),
        Some("http://x.example/a?b=c".to_owned())
    );
    for written in [
        "javascript:alert(1)",
        "data:text/html;base64,PHA+",
        "//x.example/",
        "ftp://x.example/",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://x.example/a b",
        "https://x\u{202e}.example/",
        "",
    ] {
        assert_eq!(url(written), None, "{written}");
    }
    assert_eq!(
        url(&format!("https://x.example/{}", "a".repeat(2_000))),
        None
    );
}

#[test]
fn attendees_may_have_no_address() {
    let attendee = |line: &str| event_of(line).attendees.remove(0);
    for (line, name, address_of) in [
        ("ATTENDEE;CN=Room:invalid:nomail", "Room", ""),
        ("ATTENDEE;CN=Bob:urn:uuid:1-2", "Bob", ""),
        (
            "ATTENDEE;EMAIL=b@x.example;CN=Bob:/principals/1/",
            "Bob",
            "b@x.example",
        ),
        ("ATTENDEE:b@x.example", "", "b@x.example"),
        ("ATTENDEE:mailto:b@x.example?subject=x", "", "b@x.example"),
        (
            "ATTENDEE;CN=\"张三\":mailto:z@x.example",
            "张三",
            "z@x.example",
        ),
        ("ATTENDEE;CN=Bob:mailto:", "Bob", ""),
    ] {
        assert_eq!(address(&attendee(line)), (name, address_of), "{line}");
    }
}

#[test]
fn folded_lines_are_joined_between_any_octets() {
    let text = "BEGIN:VEVENT\r\nSUMMARY:Planu\r\n ng der\r\n\t Woche\r\nUI\r\n D:x\r\nUID:a\n b";
    let invitation = parse(text, None).unwrap();
    let event = &invitation.events[0];
    assert_eq!(event.summary, "Planung der Woche");
    assert_eq!(event.uid, "ab");
}

#[test]
fn other_texts_are_no_calendar() {
    for text in [
        "",
        "hello",
        "BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n",
        "\u{feff}",
    ] {
        assert_eq!(parse(text, Some("REQUEST")), None, "{text:?}");
    }
    let tasks = calendar("METHOD:REQUEST", "BEGIN:VTODO\nUID:1\nEND:VTODO");
    assert_eq!(parse(&tasks, None).unwrap().events, []);
}

#[test]
fn a_calendar_without_its_end_or_behind_other_lines_is_read() {
    let text = "\u{feff}BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x";
    assert_eq!(parse(text, None).unwrap().events[0].summary, "x");
    let text = format!(
        "Some text\r\n\r\n{}",
        calendar("", "BEGIN:VEVENT\nSUMMARY:y")
    );
    assert_eq!(parse(&text, None).unwrap().events[0].summary, "y");
}

#[test]
fn two_calendars_in_one_part_are_one_invitation() {
    let one = |uid| {
        calendar(
            "METHOD:CANCEL",
            &format!("BEGIN:VEVENT\nUID:{uid}\nEND:VEVENT"),
        )
    };
    let invitation = parse(&(one("1") + &one("2")), None).unwrap();
    let uids = invitation.events.iter().map(|event| event.uid.as_str());
    assert_eq!(uids.collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(invitation.method, Method::Cancel);
}

#[test]
fn events_attendees_and_texts_have_limits() {
    let events = "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n".repeat(30);
    let invitation = parse(&calendar("", &events), None).unwrap();
    assert_eq!(invitation.events.len(), EVENTS_MAX);
    assert!(invitation.is_cut);

    let attendees = "ATTENDEE:mailto:a@x.example\n".repeat(ATTENDEES_MAX + 1);
    let text = calendar("", &format!("BEGIN:VEVENT\n{attendees}END:VEVENT"));
    let invitation = parse(&text, None).unwrap();
    assert_eq!(invitation.events[0].attendees.len(), ATTENDEES_MAX);
    assert!(invitation.is_cut);

    let long = "é".repeat(20_000);
    let text = calendar(
        "",
        &format!("BEGIN:VEVENT\nDESCRIPTION:{long}\nUID:1\nEND:VEVENT"),
    );
    let invitation = parse(&text, None).unwrap();
    let event = &invitation.events[0];
    assert!(event.description.len() <= 16 << 10 && event.description.starts_with('é'));
    assert_eq!(event.uid, "1");
    assert!(invitation.is_cut);
}

#[test]
fn large_files_and_descriptions_do_not_hide_an_event() {
    let attached = format!(
        "ATTACH;ENCODING=BASE64;VALUE=BINARY:{}",
        "QUJD\r\n ".repeat(60_000)
    );
    let html = format!("X-ALT-DESC;FMTTYPE=text/html:{}", "<p>".repeat(100_000));
    let text = calendar(
        "",
        &format!("BEGIN:VEVENT\n{attached}\n{html}\nSUMMARY:kept\nEND:VEVENT"),
    );
    let invitation = parse(&text, None).unwrap();
    assert_eq!(invitation.events[0].summary, "kept");
    assert!(!invitation.is_cut);
}

#[test]
fn hostile_rules_cost_nothing() {
    for rule in [
        "FREQ=SECONDLY;INTERVAL=0;COUNT=4294967295",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=YEARLY;BYMONTH=0,13,128,255,-128L,128L,99999",
        "FREQ=MONTHLY;BYMONTHDAY=0,127,-128,300",
        "FREQ=MONTHLY;BYDAY=0MO,99999MO,-32768TU,XX",
        "FREQ=YEARLY;BYSETPOS=0,-2147483648,99999999999",
        "FREQ=DAILY;UNTIL=99999999T999999Z",
    ] {
        let event = event_of(&format!("DTSTART:20260706T100000Z\nRRULE:{rule}"));
        if let Some(recurrence) = event.recurrence {
            check_recurrence(&recurrence);
        }
    }
    let many = "1,".repeat(10_000);
    let event = event_of(&format!("RRULE:FREQ=MONTHLY;BYMONTHDAY={many}"));
    let recurrence = event.recurrence.unwrap();
    assert!(recurrence.month_days.len() <= 31 && recurrence.is_incomplete);
}

fn check_recurrence(recurrence: &Recurrence) {
    assert!(recurrence.interval >= 1);
    assert!(recurrence.weekdays.iter().all(|day| day.ordinal != Some(0)));
    let mut month_days = recurrence.month_days.iter();
    assert!(month_days.all(|day| *day != 0 && (-31..=31).contains(day)));
    assert!(
        recurrence
            .months
            .iter()
            .all(|month| (1..=12).contains(month))
    );
}

/// Asserts what holds for any text.
fn check(text: &str) {
    let Some(invitation) = parse(text, None) else {
        return;
    };
    assert!(invitation.events.len() <= EVENTS_MAX);
    for event in &invitation.events {
        for line in [&event.uid, &event.summary, &event.location] {
            assert_eq!(&crate::display::line(line), line);
        }
        assert_eq!(crate::display::lines(&event.description), event.description);
        assert!(event.attendees.len() <= ATTENDEES_MAX);
        assert!(
            event
                .url
                .as_ref()
                .is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"))
        );
        if let Some(recurrence) = &event.recurrence {
            check_recurrence(recurrence);
        }
    }
}

/// Pieces of calendars.
const PIECES: [&str; 40] = [
    "BEGIN:VCALENDAR\n",
    "END:VCALENDAR\n",
    "BEGIN:VEVENT\n",
    "END:VEVENT\n",
    "BEGIN:VTIMEZONE\n",
    "BEGIN:STANDARD\n",
    "END:STANDARD\n",
    "TZID:A\n",
    "TZOFFSETTO:+9999\n",
    "TZOFFSETTO:-0830\n",
    "TZOFFSETFROM:+0200\n",
    "DTSTART;TZID=A:20260706T100000\n",
    "DTSTART:99991231T235960Z\n",
    "DTSTART:00010101T000000\n",
    "DTEND;VALUE=DATE:20260230\n",
    "DURATION:P4294967295W\n",
    "DURATION:PT99999999999999S\n",
    "RRULE:",
    "FREQ=YEARLY;",
    "BYMONTH=",
    "BYMONTHDAY=",
    "BYDAY=",
    "INTERVAL=",
    "UNTIL=",
    "COUNT=",
    "EXDATE:",
    "RDATE;VALUE=PERIOD:",
    "ATTENDEE;CN=",
    "SUMMARY:",
    "URL:https://",
    ":mailto:a@b.example",
    "-1SU,",
    "128",
    "20260101T000000Z/P1D",
    "\\",
    "\"",
    "\n ",
    "\n",
    ";",
    "=",
];

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,200}|[A-Z:;=,\"\\\\\r\n \t0-9]{0,200}") {
        check(&text);
        check(&calendar("", &format!("BEGIN:VEVENT\n{text}\nEND:VEVENT")));
    }

    #[test]
    fn any_order_of_pieces_is_read_without_harm(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60),
    ) {
        check(&pieces.concat());
        check(&format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}", pieces.concat()));
    }

    #[test]
    fn texts_are_read_as_they_were_written(text in "[a-zA-Z一-龥 ,;.]{1,80}") {
        let escaped = text.replace(',', "\\,").replace(';', "\\;");
        prop_assert_eq!(event_of(&format!("SUMMARY:{escaped}")).summary, text.trim());
    }
}
