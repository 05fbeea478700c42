//! Tests of calendars as cards, in both languages.
//!
//! Long because each row of its tables is a whole card.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const BERLIN: &str = "Europe/Berlin";
const SHANGHAI: &str = "Asia/Shanghai";
const NEW_YORK: &str = "America/New_York";

fn locale(lang: Lang, zone: &str) -> Locale {
    Locale {
        lang,
        zone: TimeZone::get(zone).unwrap(),
        is_zone_guessed: false,
    }
}

/// Returns a calendar with CRLF line ends; each line of `body` is a content line.
fn calendar(method: &str, body: &str) -> String {
    let body = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let method = format!("METHOD:{method}");
    let lines: Vec<&str> = ["BEGIN:VCALENDAR", &method]
        .into_iter()
        .chain(body)
        .chain(["END:VCALENDAR"])
        .collect();
    lines.join("\r\n")
}

fn card_of(text: &str, locale: &Locale) -> Option<Card> {
    card(&mail_mime::calendar::parse(text, None).unwrap(), locale)
}

/// Returns the card of a calendar with one event.
fn event_card(method: &str, event: &str, locale: &Locale) -> Card {
    let text = calendar(method, &format!("BEGIN:VEVENT\n{event}\nEND:VEVENT"));
    card_of(&text, locale).unwrap()
}

fn first_line(event: &str, lang: Lang, zone: &str) -> String {
    let card = event_card("REQUEST", event, &locale(lang, zone));
    card.lines.into_iter().next().unwrap_or_default()
}

const MEETUP: &str = "
    SUMMARY:Rust Meetup #14
    DTSTART;TZID=Asia/Shanghai:20261128T140000
    DTEND;TZID=Asia/Shanghai:20261128T180000
    LOCATION:Room 5\\, Pudong
    ORGANIZER;CN=Li Wei:mailto:li@rust.example
    ATTENDEE;CN=Ann:mailto:ann@x.example
    ATTENDEE;CN=Bob:mailto:bob@x.example
    ATTENDEE:mailto:carl@x.example
    ATTENDEE;CN=Dora:mailto:dora@x.example
    ATTENDEE;CN=Emil:mailto:emil@x.example
    DESCRIPTION:Two talks\\,\\n  then pizza.";

#[test]
fn a_request_says_what_when_where_and_with_whom() {
    let card = event_card("REQUEST", MEETUP, &locale(Lang::En, SHANGHAI));
    assert_eq!(card.kind, CardKind::Invitation);
    assert_eq!(card.title, "Rust Meetup #14");
    assert_eq!((card.month.as_str(), card.day.as_str()), ("NOV", "28"));
    assert_eq!(
        card.lines,
        [
            "Saturday 28 November 2026, 14:00 to 18:00",
            "Place: Room 5, Pudong",
            "Organised by Li Wei <li@rust.example>",
            "5 invited: Ann, Bob, carl@x.example and 2 others",
            "Description: Two talks, then pizza.",
        ]
    );
    let card = event_card("REQUEST", MEETUP, &locale(Lang::ZhCn, BERLIN));
    assert_eq!((card.month.as_str(), card.day.as_str()), ("11月", "28"));
    assert_eq!(
        card.lines,
        [
            "2026年11月28日 星期六 07:00 至 11:00（Asia/Shanghai 时间 14:00）",
            "地点：Room 5, Pudong",
            "组织者：Li Wei <li@rust.example>",
            "已邀请 5 人：Ann、Bob、carl@x.example等",
            "说明：Two talks, then pizza.",
        ]
    );
}

#[test]
fn titles_name_what_the_sender_wants() {
    let title =
        |method: &str, event: &str, lang| event_card(method, event, &locale(lang, "UTC")).title;
    for (method, event, en, zh) in [
        ("REQUEST", "SUMMARY:例会", "例会", "例会"),
        ("PUBLISH", "SUMMARY:例会", "例会", "例会"),
        ("ADD", "SUMMARY:例会", "例会", "例会"),
        (
            "REQUEST",
            "SUMMARY: ",
            "Invitation without a title",
            "无标题邀请",
        ),
        ("CANCEL", "SUMMARY:例会", "Cancelled: 例会", "已取消：例会"),
        (
            "REQUEST",
            "SUMMARY:例会\nSTATUS:CANCELLED",
            "Cancelled: 例会",
            "已取消：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;PARTSTAT=ACCEPTED;CN=张三:mailto:z@x.example",
            "张三 accepts: 例会",
            "张三已接受：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;PARTSTAT=DECLINED;CN=张三:mailto:z@x.example",
            "张三 declines: 例会",
            "张三已拒绝：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;PARTSTAT=TENTATIVE;CN=张三:mailto:z@x.example",
            "张三 accepts tentatively: 例会",
            "张三已暂定接受：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;PARTSTAT=DELEGATED;CN=张三:mailto:z@x.example",
            "张三 sends somebody else: 例会",
            "张三已委托他人参加：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;CN=张三:mailto:z@x.example",
            "张三 has not decided: 例会",
            "张三尚未决定：例会",
        ),
        (
            "REPLY",
            "SUMMARY:例会\nATTENDEE;PARTSTAT=X-ODD:mailto:z@x.example",
            "z@x.example answers: 例会",
            "z@x.example已答复：例会",
        ),
        ("REPLY", "SUMMARY:例会", "Answer: 例会", "答复：例会"),
        (
            "COUNTER",
            "SUMMARY:例会\nATTENDEE;CN=张三:mailto:z@x.example",
            "张三 proposes a change: 例会",
            "张三提议修改：例会",
        ),
        (
            "COUNTER",
            "SUMMARY:例会",
            "Proposed change: 例会",
            "修改提议：例会",
        ),
        (
            "DECLINECOUNTER",
            "SUMMARY:例会",
            "The change is declined: 例会",
            "修改提议被拒绝：例会",
        ),
    ] {
        assert_eq!(title(method, event, Lang::En), en, "{method} {event}");
        assert_eq!(title(method, event, Lang::ZhCn), zh, "{method} {event}");
    }
}

#[test]
fn times_are_on_the_readers_clock_with_the_authors_behind_it() {
    for (event, zone, en, zh) in [
        (
            "DTSTART;TZID=Europe/Berlin:20261128T220000\nDTEND;TZID=Europe/Berlin:20261129T020000",
            BERLIN,
            "Saturday 28 November 2026, 22:00 to Sunday 29 November 2026, 02:00",
            "2026年11月28日 星期六 22:00 至 2026年11月29日 星期日 02:00",
        ),
        // Another day in the reader's zone.
        (
            "DTSTART;TZID=Asia/Shanghai:20261129T020000\nDURATION:PT1H",
            NEW_YORK,
            "Saturday 28 November 2026, 13:00 to 14:00 (Sunday 29 November 2026, 02:00 in Asia/Shanghai)",
            "2026年11月28日 星期六 13:00 至 14:00（Asia/Shanghai 时间 2026年11月29日 星期日 02:00）",
        ),
        // Another zone whose clock shows the same.
        (
            "DTSTART;TZID=Europe/Paris:20261128T140000",
            BERLIN,
            "Saturday 28 November 2026, 14:00",
            "2026年11月28日 星期六 14:00",
        ),
        // The clocks of Europe and America change on different days.
        (
            "DTSTART;TZID=America/New_York:20261027T090000",
            BERLIN,
            "Tuesday 27 October 2026, 14:00 (09:00 in America/New_York)",
            "2026年10月27日 星期二 14:00（America/New_York 时间 09:00）",
        ),
        // Programs write UTC for authors of any zone.
        (
            "DTSTART:20261128T130000Z\nDTEND:20261128T140000Z",
            BERLIN,
            "Saturday 28 November 2026, 14:00 to 15:00",
            "2026年11月28日 星期六 14:00 至 15:00",
        ),
        // End before start.
        (
            "DTSTART:20261128T130000Z\nDTEND:20261128T120000Z",
            BERLIN,
            "Saturday 28 November 2026, 14:00",
            "2026年11月28日 星期六 14:00",
        ),
        // An end that cannot be compared with the start.
        (
            "DTSTART:20261128T130000Z\nDTEND;VALUE=DATE:20261129",
            BERLIN,
            "Saturday 28 November 2026, 14:00",
            "2026年11月28日 星期六 14:00",
        ),
        // Floating.
        (
            "DTSTART:20261128T140000\nDTEND:20261128T180000",
            NEW_YORK,
            "Saturday 28 November 2026, 14:00 to 18:00 by the clock of the place",
            "2026年11月28日 星期六 14:00 至 18:00（当地时间）",
        ),
        (
            "DTSTART;TZID=Mars/Base:20261128T140000",
            NEW_YORK,
            "Saturday 28 November 2026, 14:00 by the clock of the place (unknown time zone “Mars/Base”)",
            "2026年11月28日 星期六 14:00（当地时间，未知时区“Mars/Base”）",
        ),
        // Whole days are the same in every zone, and the end is not part of them.
        (
            "DTSTART;VALUE=DATE:20261128",
            NEW_YORK,
            "Saturday 28 November 2026, all day",
            "2026年11月28日 星期六 全天",
        ),
        (
            "DTSTART;VALUE=DATE:20261128\nDTEND;VALUE=DATE:20261129",
            SHANGHAI,
            "Saturday 28 November 2026, all day",
            "2026年11月28日 星期六 全天",
        ),
        (
            "DTSTART;VALUE=DATE:20261128\nDTEND;VALUE=DATE:20261201",
            SHANGHAI,
            "Saturday 28 November to Monday 30 November 2026",
            "2026年11月28日 星期六 至 2026年11月30日 星期一",
        ),
        (
            "DTSTART;VALUE=DATE:20261231\nDTEND;VALUE=DATE:20270102",
            SHANGHAI,
            "Thursday 31 December 2026 to Friday 1 January 2027",
            "2026年12月31日 星期四 至 2027年1月1日 星期五",
        ),
        (
            "DTSTART;VALUE=DATE:20261128\nDTEND;VALUE=DATE:20261101",
            SHANGHAI,
            "Saturday 28 November 2026, all day",
            "2026年11月28日 星期六 全天",
        ),
    ] {
        assert_eq!(first_line(event, Lang::En, zone), en, "{event}");
        assert_eq!(first_line(event, Lang::ZhCn, zone), zh, "{event}");
    }
}

#[test]
fn a_guessed_zone_is_named() {
    let line = |event| {
        event_card("REQUEST", event, &Locale::default())
            .lines
            .concat()
    };
    assert_eq!(
        line("DTSTART;TZID=Asia/Shanghai:20261128T140000\nDURATION:PT1H"),
        "Saturday 28 November 2026, 06:00 to 07:00 UTC (14:00 in Asia/Shanghai)"
    );
    assert_eq!(
        line("DTSTART;VALUE=DATE:20261128"),
        "Saturday 28 November 2026, all day"
    );
}

#[test]
fn a_zone_that_the_invitation_defines_has_the_authors_name_for_it() {
    let text = calendar(
        "REQUEST",
        "
        BEGIN:VTIMEZONE
        TZID:Our Island
        BEGIN:STANDARD
        DTSTART:19700101T000000
        TZOFFSETFROM:+0530
        TZOFFSETTO:+0530
        END:STANDARD
        END:VTIMEZONE
        BEGIN:VEVENT
        DTSTART;TZID=Our Island:20261128T140000
        END:VEVENT",
    );
    let card = card_of(&text, &locale(Lang::En, "UTC")).unwrap();
    assert_eq!(
        card.lines,
        ["Saturday 28 November 2026, 08:30 (14:00 in “Our Island”)"]
    );
}

#[test]
fn month_and_day_are_the_readers() {
    let start = "DTSTART;TZID=Asia/Shanghai:20261201T020000";
    for (zone, lang, month, day) in [
        (SHANGHAI, Lang::En, "DEC", "1"),
        (NEW_YORK, Lang::En, "NOV", "30"),
        (NEW_YORK, Lang::ZhCn, "11月", "30"),
    ] {
        let card = event_card("REQUEST", start, &locale(lang, zone));
        assert_eq!((card.month.as_str(), card.day.as_str()), (month, day));
    }
}

#[test]
fn an_event_without_a_start_has_no_date() {
    for start in ["", "DTSTART:soon", "DTSTART:20261345T990000"] {
        let card = event_card(
            "REQUEST",
            &format!("SUMMARY:Party\n{start}\nLOCATION:Home"),
            &locale(Lang::En, BERLIN),
        );
        assert_eq!(card.title, "Party");
        assert_eq!(card.lines, ["Place: Home"], "{start}");
        assert_eq!((card.month.as_str(), card.day.as_str()), ("", ""));
    }
}

#[test]
fn a_calendar_without_events_has_no_card() {
    assert_eq!(card_of(&calendar("REQUEST", ""), &Locale::default()), None);
}

#[test]
fn a_reply_quotes_the_comment_and_names_the_address_of_its_author() {
    let event = "
        SUMMARY:Rust Meetup #14
        ORGANIZER;CN=Li Wei:mailto:li@rust.example
        ATTENDEE;PARTSTAT=DECLINED;CN=Bob:mailto:bob@x.example
        COMMENT:I am away.\\nSorry.
        DESCRIPTION:Two talks.";
    let card = event_card("REPLY", event, &locale(Lang::En, BERLIN));
    assert_eq!(card.title, "Bob declines: Rust Meetup #14");
    assert_eq!(
        card.lines,
        [
            "Organised by Li Wei <li@rust.example>",
            "Answered by Bob <bob@x.example>",
            "“I am away. Sorry.”",
        ]
    );
    let card = event_card("REPLY", event, &locale(Lang::ZhCn, BERLIN));
    assert_eq!(
        card.lines,
        [
            "组织者：Li Wei <li@rust.example>",
            "答复者：Bob <bob@x.example>",
            "“I am away. Sorry.”",
        ]
    );
}

#[test]
fn recurrences_are_words() {
    let start = "DTSTART;TZID=Europe/Berlin:20261130T100000";
    for (rule, en, zh) in [
        ("FREQ=DAILY", "It recurs every day.", "每天重复。"),
        (
            "FREQ=DAILY;INTERVAL=3;COUNT=10",
            "It recurs every 3 days, 10 times in all.",
            "每 3 天重复，共 10 次。",
        ),
        (
            "FREQ=DAILY;BYDAY=SA,SU",
            "It recurs every week on Saturday and Sunday.",
            "每周星期六和星期日重复。",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR\nEXDATE;TZID=Europe/Berlin:20261204T100000,20261214T100000",
            "It recurs every 2 weeks on Monday and Friday, with 2 exceptions.",
            "每 2 周的星期一和星期五重复，其中 2 次除外。",
        ),
        (
            "FREQ=WEEKLY;UNTIL=20261231T230000Z\nRDATE;TZID=Europe/Berlin:20270105T100000",
            "It recurs every week until 1 January 2027, and 1 more time.",
            "每周重复，至 2027年1月1日，另加 1 次。",
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            "It recurs every month on the 2nd Tuesday.",
            "每月第2个星期二重复。",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1",
            "It recurs every month on the last Friday.",
            "每月最后一个星期五重复。",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,22,-1",
            "It recurs every month on the 1st, the 22nd and the last day.",
            "每月1日、22日和最后一天重复。",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-3",
            "It recurs every 2 months on the 3rd last day.",
            "每 2 个月的倒数第3天重复。",
        ),
        ("FREQ=YEARLY", "It recurs every year.", "每年重复。"),
        (
            "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
            "It recurs every year on the 24th of December.",
            "每年12月24日重复。",
        ),
        (
            "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU",
            "It recurs every year on the 2nd Sunday of May.",
            "每年5月第2个星期日重复。",
        ),
    ] {
        for (lang, words) in [(Lang::En, en), (Lang::ZhCn, zh)] {
            let event = format!("{start}\nRRULE:{rule}");
            let card = event_card("REQUEST", &event, &locale(lang, BERLIN));
            assert_eq!(card.lines[1..], [words], "{rule}");
        }
    }
}

#[test]
fn recurrences_that_no_words_say_exactly_are_not_shown() {
    for rule in [
        "FREQ=HOURLY",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=FR",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=YEARLY;BYYEARDAY=100",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYMONTH=1,7",
        "FREQ=YEARLY;BYMONTHDAY=5",
    ] {
        for (lang, words) in [
            (Lang::En, "It recurs by a rule that is not shown."),
            (Lang::ZhCn, "此活动按未显示的规则重复。"),
        ] {
            let card = event_card("REQUEST", &format!("RRULE:{rule}"), &locale(lang, "UTC"));
            assert_eq!(card.lines, [words], "{rule}");
        }
    }
}

#[test]
fn weekdays_of_the_author_are_marked_if_the_reader_has_others() {
    let event = "DTSTART;TZID=Asia/Shanghai:20261130T020000\nRRULE:FREQ=WEEKLY;BYDAY=MO";
    for (lang, zone, words) in [
        (Lang::En, SHANGHAI, "It recurs every week on Monday."),
        (
            Lang::En,
            BERLIN,
            "It recurs every week on Monday by the author's calendar.",
        ),
        (Lang::ZhCn, BERLIN, "每周星期一重复（按发件人时区的日期）。"),
    ] {
        let card = event_card("REQUEST", event, &locale(lang, zone));
        assert_eq!(card.lines[1], words);
    }
}

#[test]
fn an_exception_says_that_it_is_one_occurrence() {
    let event = "
        SUMMARY:Team
        RECURRENCE-ID:20261128T090000Z
        DTSTART:20261128T130000Z";
    for (method, lang, words) in [
        (
            "REQUEST",
            Lang::En,
            "This changes one occurrence of a recurring event.",
        ),
        ("REQUEST", Lang::ZhCn, "这只更改周期性活动中的一次。"),
        (
            "CANCEL",
            Lang::En,
            "This cancels one occurrence of a recurring event.",
        ),
        ("CANCEL", Lang::ZhCn, "这只取消周期性活动中的一次。"),
    ] {
        let card = event_card(method, event, &locale(lang, "UTC"));
        assert_eq!(card.lines[1..], [words]);
    }
}

#[test]
fn the_recurring_event_is_shown_before_its_exceptions_and_others() {
    let text = calendar(
        "REQUEST",
        "
        BEGIN:VEVENT
        UID:1
        SUMMARY:Moved
        RECURRENCE-ID:20261205T090000Z
        END:VEVENT
        BEGIN:VEVENT
        UID:1
        SUMMARY:Team
        RRULE:FREQ=WEEKLY
        END:VEVENT
        BEGIN:VEVENT
        UID:2
        SUMMARY:Other
        END:VEVENT
        BEGIN:VEVENT
        UID:3
        SUMMARY:Third
        END:VEVENT",
    );
    let card = card_of(&text, &locale(Lang::En, "UTC")).unwrap();
    assert_eq!(card.title, "Team");
    assert_eq!(
        card.lines,
        [
            "It recurs every week.",
            "With 1 changed occurrence.",
            "And 2 more events.",
        ]
    );
    let card = card_of(&text, &locale(Lang::ZhCn, "UTC")).unwrap();
    assert_eq!(
        card.lines,
        ["每周重复。", "其中 1 次有更改。", "另有 2 个活动。"]
    );
}

#[test]
fn long_texts_are_cut_and_an_incomplete_invitation_says_so() {
    let long = "很长 ".repeat(2_000);
    let event = format!("SUMMARY:{long}\nDESCRIPTION:{}", "字".repeat(9_000));
    for (lang, label, note) in [
        (
            Lang::En,
            "Description: ",
            "The invitation is too long to be shown whole.",
        ),
        (Lang::ZhCn, "说明：", "邀请内容过长，未全部显示。"),
    ] {
        let card = event_card("REQUEST", &event, &locale(lang, "UTC"));
        assert!(card.title.chars().count() <= 201 && card.title.ends_with("很长…"));
        let description = format!("{label}{}…", "字".repeat(300));
        assert_eq!(card.lines, [note.to_owned(), description]);
    }
}

#[test]
fn hostile_texts_do_not_pass_for_lines_of_the_card() {
    let card = event_card(
        "REQUEST",
        "
        SUMMARY:<b>Pay</b>\\nOrganised by Bank <bank@bank.example>\u{202e}
        LOCATION:Organised by Bank <bank@bank.example>
        ORGANIZER;CN=boss@bank.example:mailto:thief@x.example
        DESCRIPTION:a\\n\\nOrganised by Bank <bank@bank.example>",
        &locale(Lang::En, "UTC"),
    );
    assert_eq!(
        card.title,
        "<b>Pay</b> Organised by Bank <bank@bank.example>"
    );
    assert_eq!(
        card.lines,
        [
            "Place: Organised by Bank <bank@bank.example>",
            "Organised by thief@x.example",
            "Description: a Organised by Bank <bank@bank.example>",
        ]
    );
}

#[test]
fn an_organizer_is_shown_with_what_is_known() {
    let name = "N".repeat(500);
    for (organizer, en, zh) in [
        (
            "ORGANIZER:mailto:li@x.example".to_owned(),
            "Organised by li@x.example".to_owned(),
            "组织者：li@x.example".to_owned(),
        ),
        (
            "ORGANIZER;CN=Li:urn:uuid:1".to_owned(),
            "Organised by Li, whose address is missing".to_owned(),
            "组织者：Li（未提供地址）".to_owned(),
        ),
        (
            format!("ORGANIZER;CN={name}:mailto:li@x.example"),
            format!("Organised by {}… <li@x.example>", "N".repeat(60)),
            format!("组织者：{}… <li@x.example>", "N".repeat(60)),
        ),
        (
            "ORGANIZER:urn:uuid:1".to_owned(),
            String::new(),
            String::new(),
        ),
    ] {
        assert_eq!(first_line(&organizer, Lang::En, "UTC"), en);
        assert_eq!(first_line(&organizer, Lang::ZhCn, "UTC"), zh);
    }
}

proptest! {
    #[test]
    fn any_event_has_a_card_of_single_lines(
        text in "\\PC{0,80}",
        year in 0_u16..=9_999,
        zone in prop::sample::select(vec!["Asia/Shanghai", "America/New_York", "Nowhere"]),
        rule in "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;BY(DAY|MONTHDAY|SETPOS|MONTH)=-?[0-9]{1,3}(MO|SU)?){0,3}",
        method in prop::sample::select(vec!["REQUEST", "REPLY", "COUNTER", "CANCEL", "X-ODD"]),
        is_english: bool,
    ) {
        let event = format!(
            "SUMMARY:{text}\nDTSTART;TZID={zone}:{year:04}1231T235900\nDURATION:PT2M\nRRULE:{rule}\n\
             LOCATION:{text}\nDESCRIPTION:{text}\\n{text}\nATTENDEE;CN=\"{text}\":mailto:a@x.example"
        );
        let lang = if is_english { Lang::En } else { Lang::ZhCn };
        let card = event_card(method, &event, &locale(lang, NEW_YORK));
        prop_assert!(!card.title.is_empty());
        for line in card.lines.iter().chain([&card.title]) {
            let is_line = !line.is_empty() && !line.contains(char::is_control);
            prop_assert!(is_line && line.chars().count() < 700, "{:?}", line);
        }
    }
}
