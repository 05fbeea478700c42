//! Invitations: texts are safe to show, values are within their limits, and nothing is taken from an
//! HTML description.

use mail_mime::calendar::{ATTENDEES_MAX, EVENTS_MAX, Event, When, parse};
use mail_mime::display;

/// Parses the bytes as a calendar, and as the properties of an event.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    check(&format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ));
    let quoted = text.replace(['\r', '\n'], " ");
    let hidden = format!("BEGIN:VEVENT\nX-ALT-DESC;FMTTYPE=text/html:{quoted}\nUID:1");
    let invitation = parse(&hidden, None).expect("an event");
    let [event] = &invitation.events[..] else {
        panic!("one event");
    };
    assert_eq!(event.uid, "1");
    assert!(event.summary.is_empty() && event.description.is_empty());
}

fn check(text: &str) {
    let Some(invitation) = parse(text, Some("REQUEST")) else {
        return;
    };
    assert_eq!(parse(text, Some("REQUEST")).as_ref(), Some(&invitation));
    assert!(invitation.events.len() <= EVENTS_MAX);
    invitation.events.iter().for_each(check_event);
}

fn check_event(event: &Event) {
    for line in [&event.uid, &event.summary, &event.location] {
        assert_eq!(&display::line(line), line);
    }
    for lines in [&event.description, &event.comment] {
        assert_eq!(&display::lines(lines), lines);
    }
    if let Some(url) = &event.url {
        assert!(url.starts_with("https://") || url.starts_with("http://"));
        assert!(!url.contains(char::is_whitespace));
    }
    assert!(event.attendees.len() <= ATTENDEES_MAX);
    for attendee in event.attendees.iter().chain(&event.organizer) {
        assert_eq!(display::line(&attendee.address.name), attendee.address.name);
    }
    match (&event.starts, &event.ends) {
        (Some(When::Instant { at: start, .. }), Some(When::Instant { at: end, .. })) => {
            assert!(start < end, "an event ends before it starts");
        }
        (Some(When::AllDay(start)), Some(When::AllDay(end))) => assert!(start < end),
        _ => {}
    }
    if let Some(recurrence) = &event.recurrence {
        assert!(recurrence.interval >= 1);
        assert!(
            recurrence
                .months
                .iter()
                .all(|month| (1..=12).contains(month))
        );
        let mut days = recurrence.month_days.iter();
        assert!(days.all(|day| *day != 0 && day.unsigned_abs() <= 31));
    }
}
