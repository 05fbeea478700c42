//! Tests of answers to invitations.

use super::*;
use crate::address::Address;

/// The properties that an answer may have, by component (RFC 5546 §3.2.3).
const ALLOWED: [(&str, &[&str]); 5] = [
    ("VCALENDAR", &["PRODID", "VERSION", "METHOD"]),
    (
        "VEVENT",
        &[
            "UID",
            "SEQUENCE",
            "RECURRENCE-ID",
            "DTSTART",
            "SUMMARY",
            "ORGANIZER",
            "DTSTAMP",
            "ATTENDEE",
        ],
    ),
    ("VTIMEZONE", &["TZID"]),
    (
        "STANDARD",
        &["DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"],
    ),
    (
        "DAYLIGHT",
        &["DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"],
    ),
];

fn me() -> Address {
    Address::parse("me@x.example").unwrap()
}

fn request(event: &str) -> Option<Answerable> {
    let text = calendar(
        "METHOD:REQUEST",
        &format!("BEGIN:VEVENT\n{event}\nEND:VEVENT"),
    );
    parse(&text, None).unwrap().answerable
}

fn written(answerable: &Answerable, answer: Answer) -> String {
    answerable.reply(&me(), "Me", answer, "2026-11-30T12:00:00Z".parse().unwrap())
}

/// Returns the content lines of an answer, unfolded, after a check of what holds for every answer.
fn checked_lines(text: &str) -> Vec<String> {
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 75, "{line}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let unfolded = text.replace("\r\n ", "");
    let lines: Vec<String> = unfolded.lines().map(str::to_owned).collect();
    let mut open: Vec<&str> = Vec::new();
    for line in &lines {
        let (name, value) = line.split_once([':', ';']).unwrap();
        match name {
            "BEGIN" => open.push(value),
            "END" => assert_eq!(open.pop(), Some(value), "{text}"),
            _ => {
                let inside = open.last().unwrap();
                let allowed = ALLOWED.iter().find(|(of, _)| of == inside).unwrap().1;
                assert!(allowed.contains(&name), "{name} in {inside}: {text}");
            }
        }
    }
    assert!(open.is_empty());
    lines
}

/// Asserts what holds for every answer, and that it reads back as an answer to `asked`.
fn check_reply(asked: &Event, answerable: &Answerable) {
    let text = written(answerable, Answer::Tentative);
    checked_lines(&text);
    let reply = parse(&text, None).unwrap();
    assert_eq!(reply.method, Method::Reply);
    assert_eq!(reply.answerable, None, "an answer is not answered");
    let [event] = &reply.events[..] else {
        panic!("{text}")
    };
    assert_eq!(event.uid, asked.uid);
    assert_eq!(event.sequence, asked.sequence);
    assert_eq!(event.recurrence_id, asked.recurrence_id, "{text}");
    assert_eq!(event.is_recurring_exception, asked.is_recurring_exception);
    let organizer = &event.organizer.as_ref().unwrap().address.address;
    let organizer = Address::parse(organizer).unwrap();
    assert_eq!(&organizer, answerable.organizer());
    let [attendee] = &event.attendees[..] else {
        panic!("{text}")
    };
    assert_eq!(address(attendee), ("Me", "me@x.example"));
    assert_eq!(attendee.participation, Participation::Tentative);
}

const MEETING: &str = "
    UID:7kukuqrfedlm2f9t@example.com
    SEQUENCE:2
    SUMMARY:Planning\\, part 2
    DESCRIPTION:Not repeated
    DTSTART:20260706T100000Z
    DTEND:20260706T110000Z
    ORGANIZER;CN=\"Example, Ann\";SENT-BY=\"mailto:office@example.com\":MAILTO:Ann%2Bx@Example.com
    ATTENDEE;RSVP=FALSE;CN=Me:mailto:me@x.example
    ATTENDEE;RSVP=TRUE:mailto:bob@x.example
    X-SECRET:1";

#[test]
fn an_answer_repeats_what_identifies_the_event() {
    let answerable = request(MEETING).unwrap();
    let attendees: Vec<&str> = answerable.attendees().iter().map(Address::as_str).collect();
    assert_eq!(attendees, ["me@x.example", "bob@x.example"]);
    for (answer, status) in [
        (Answer::Accepted, "ACCEPTED"),
        (Answer::Tentative, "TENTATIVE"),
        (Answer::Declined, "DECLINED"),
    ] {
        assert_eq!(
            checked_lines(&written(&answerable, answer)),
            [
                "BEGIN:VCALENDAR",
                "PRODID:-//Restante//Restante//EN",
                "VERSION:2.0",
                "METHOD:REPLY",
                "BEGIN:VEVENT",
                "UID:7kukuqrfedlm2f9t@example.com",
                "SEQUENCE:2",
                "DTSTART:20260706T100000Z",
                "SUMMARY:Planning\\, part 2",
                "ORGANIZER;CN=\"Example, Ann\":mailto:Ann+x@Example.com",
                "DTSTAMP:20261130T120000Z",
                &format!("ATTENDEE;PARTSTAT={status};CN=Me:mailto:me@x.example"),
                "END:VEVENT",
                "END:VCALENDAR",
            ]
        );
    }
}

#[test]
fn one_occurrence_is_answered_with_its_time_and_zone() {
    let text = calendar(
        "METHOD:REQUEST",
        "
        BEGIN:VTIMEZONE
        TZID:Office
        X-LIC-LOCATION:Office
        COMMENT:Not repeated
        BEGIN:STANDARD
        DTSTART:16010101T030000
        TZOFFSETFROM:+0200
        TZOFFSETTO:+0100
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
        END:STANDARD
        BEGIN:DAYLIGHT
        DTSTART:16010101T020000
        TZOFFSETFROM:+0100
        TZOFFSETTO:+0200
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
        END:DAYLIGHT
        END:VTIMEZONE
        BEGIN:VTIMEZONE
        TZID:Unused
        END:VTIMEZONE
        BEGIN:VEVENT
        UID:1
        RECURRENCE-ID;X-ODD=1;TZID=Office:20260706T100000
        ORGANIZER:mailto:ann@example.com
        DTSTART;TZID=Office:20260706T110000
        END:VEVENT",
    );
    let invitation = parse(&text, None).unwrap();
    let answerable = invitation.answerable.unwrap();
    check_reply(&invitation.events[0], &answerable);
    let lines = checked_lines(&written(&answerable, Answer::Accepted));
    for line in [
        "TZID:Office",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "RECURRENCE-ID;TZID=Office:20260706T100000",
        "DTSTART;TZID=Office:20260706T110000",
    ] {
        assert!(lines.iter().any(|known| known == line), "{line} {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains("Unused")));
}

#[test]
fn a_recurring_event_is_answered_as_a_whole() {
    let text = calendar(
        "METHOD:REQUEST",
        "
        BEGIN:VEVENT
        UID:1
        RECURRENCE-ID;VALUE=DATE:20260706
        ORGANIZER:mailto:ann@example.com
        END:VEVENT
        BEGIN:VEVENT
        UID:1
        DTSTART;VALUE=DATE:20260701
        RRULE:FREQ=DAILY
        ORGANIZER:mailto:ann@example.com
        END:VEVENT",
    );
    let invitation = parse(&text, None).unwrap();
    let answerable = invitation.answerable.unwrap();
    check_reply(&invitation.events[1], &answerable);
    let lines = checked_lines(&written(&answerable, Answer::Accepted));
    assert!(lines.contains(&"DTSTART;VALUE=DATE:20260701".to_owned()));
}

#[test]
fn another_revision_or_occurrence_is_answered_on_its_own() {
    let key = |extra: &str| {
        let event = format!("UID:1\nORGANIZER:mailto:ann@x.example\n{extra}");
        request(&event).unwrap().key().to_owned()
    };
    let keys = [
        key(""),
        key("SEQUENCE:1"),
        key("RECURRENCE-ID:20260706T100000Z"),
        key("RECURRENCE-ID:20260707T100000Z"),
    ];
    for (index, one) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(one), "{one:?}");
    }
    assert_eq!(key("SUMMARY:other"), keys[0]);
}

#[test]
fn what_cannot_be_answered_safely_is_not_answerable() {
    let organizer = "ORGANIZER:mailto:ann@x.example";
    for event in [
        // No organizer, or one who has no address.
        "UID:1".to_owned(),
        "UID:1\nORGANIZER:https://x.example/ann".to_owned(),
        "UID:1\nORGANIZER:ann@x.example".to_owned(),
        "UID:1\nORGANIZER;EMAIL=ann@x.example:urn:uuid:1".to_owned(),
        "UID:1\nORGANIZER:mailto:".to_owned(),
        "UID:1\nORGANIZER:mailto:a@x.example,b@y.example".to_owned(),
        "UID:1\nORGANIZER:mailto:a@x.example%0D%0ABcc:b@y.example".to_owned(),
        "UID:1\nORGANIZER:mailto:%3Ca@x.example%3E".to_owned(),
        // No event that could be named.
        organizer.to_owned(),
        format!("UID: \n{organizer}"),
        format!("UID:a\\nATTENDEE:mailto:b@y.example\n{organizer}"),
        format!("UID:{}\n{organizer}", "x".repeat(1_001)),
        // Cancelled, or an occurrence that cannot be named.
        format!("UID:1\nSTATUS:CANCELLED\n{organizer}"),
        format!("UID:1\nRECURRENCE-ID:tomorrow\n{organizer}"),
    ] {
        assert_eq!(request(&event), None, "{event}");
    }
    let event = |uid: &str, extra: &str| {
        format!("BEGIN:VEVENT\nUID:{uid}\n{organizer}\n{extra}\nEND:VEVENT\n")
    };
    let one = event("1", "");
    for body in [
        one.clone() + &event("2", ""),
        one.clone() + &one,
        event("1", "RECURRENCE-ID:20260706T100000Z")
            + &event("1", "RECURRENCE-ID:20260707T100000Z"),
        one.repeat(EVENTS_MAX + 1),
        one.clone() + "END:VCALENDAR\nBEGIN:VCALENDAR\n" + &one,
    ] {
        let text = calendar("METHOD:REQUEST", &body);
        assert_eq!(parse(&text, None).unwrap().answerable, None, "{body}");
    }
    for method in ["CANCEL", "REPLY", "PUBLISH", "COUNTER", "ADD", "X"] {
        let text = calendar(&format!("METHOD:{method}"), &one);
        let invitation = parse(&text, Some("REQUEST")).unwrap();
        assert_eq!(invitation.answerable, None, "{method}");
    }
}

#[test]
fn hostile_names_and_parameters_add_nothing() {
    let answerable = request(
        "UID:1
        SUMMARY:a\\nATTENDEE:mailto:b@y.example
        ORGANIZER;CN=\"Ann\\\";X=1\\nBEGIN:VALARM\";X-EVIL=1;SENT-BY=2:mailto:ann@x.example?bcc=b@y.example
        DTSTART;TZID=\"a\\nX:1\";X-EVIL=1:20260706T100000",
    )
    .unwrap();
    let lines = checked_lines(&written(&answerable, Answer::Accepted));
    assert!(!lines.iter().any(|line| line.contains("EVIL")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("bcc")), "{lines:?}");
    assert_eq!(answerable.organizer().as_str(), "ann@x.example");
}

proptest! {
    #[test]
    fn any_request_is_answered_with_the_allowed_properties_only(
        uid in "[ -~一-龥]{1,80}",
        name in "\\PC{0,60}",
        summary in "\\PC{0,90}",
        params in "(;[A-Z]{2,6}=(\"[ -~&&[^\"]]{0,20}\"|[a-z\\\\]{0,9})){0,3}",
        time in prop::sample::select(&["20260706T100000", "20260706T100000Z", "20260706", "x"][..]),
        is_exception in any::<bool>(),
        sequence in prop::option::of(0_u32..9),
        inserted in "[A-Z:;=,\"\\\\\r\n \t0-9]{0,60}",
    ) {
        let id = if is_exception { format!("RECURRENCE-ID{params}:{time}\n") } else { String::new() };
        let sequence = sequence.map_or_else(String::new, |n| format!("SEQUENCE:{n}\n"));
        let event = format!(
            "UID{params}:{uid}\n{id}{sequence}SUMMARY:{summary}\nDTSTART{params}:{time}\n{inserted}\n\
             ORGANIZER;CN=\"{name}\"{params}:mailto:ann@x.example\n\
             ATTENDEE;CN={name}:mailto:me@x.example"
        );
        let text = calendar("METHOD:REQUEST", &format!("BEGIN:VEVENT\n{event}\nEND:VEVENT"));
        if let Some(invitation) = parse(&text, None) && let Some(answerable) = invitation.answerable {
            let asked = invitation.events.iter().find(|event| !event.is_recurring_exception);
            check_reply(asked.unwrap_or(&invitation.events[0]), &answerable);
        }
    }

    #[test]
    fn any_order_of_pieces_is_answered_without_harm(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60),
    ) {
        let text = format!(
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\n\
             ORGANIZER:mailto:a@x.example\n{}\nEND:VEVENT\n{}",
            pieces.concat(),
            pieces.concat(),
        );
        if let Some(answerable) = parse(&text, None).and_then(|invitation| invitation.answerable) {
            checked_lines(&written(&answerable, Answer::Declined));
        }
    }
}
