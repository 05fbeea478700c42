//! The card of an invitation: what the sender wants, when and where it is, and who takes part.
//!
//! The author of an invitation chooses its texts. Below the title each stands behind a label or
//! between quotation marks, on one line and cut, so that it does not pass for another line.

use app::api::types::{Card, CardKind, Lang};
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;
use mail_mime::calendar::{
    Attendee, Event, EventStatus, Frequency, Invitation, Method, Participation, Recurrence,
    RecurrenceEnd, RecurrenceWeekday, When, Zone,
};

use crate::views::locale::Locale;

/// Maximum length of a description or comment, in characters.
const TEXT_CHARS: usize = 300;
/// Maximum length of a summary or location, in characters.
pub(super) const LINE_CHARS: usize = 200;
/// Maximum length of a name, in characters.
const NAME_CHARS: usize = 60;
/// Maximum number of people whose names are shown.
const NAMES_MAX: usize = 3;

/// Returns the event that a card shows: the recurring one if there is one, otherwise the first.
pub(super) fn shown_event(invitation: &Invitation) -> Option<&Event> {
    let events = &invitation.events;
    let series = events.iter().find(|event| !event.is_recurring_exception);
    series.or(events.first())
}

/// Returns the card of an invitation; `None` if it has no event. Times are in the reader's zone;
/// `month` and `day` are empty if the event has no start.
pub(super) fn card(invitation: &Invitation, locale: &Locale) -> Option<Card> {
    let event = shown_event(invitation)?;
    let starts = event.starts.as_ref().and_then(|at| local(at, locale));
    Some(Card {
        kind: CardKind::Invitation,
        title: title(invitation.method, event, locale.lang),
        lines: lines(invitation, event, locale),
        month: starts.map_or_else(String::new, |at| match locale.lang {
            Lang::En => at.strftime("%b").to_string().to_uppercase(),
            Lang::ZhCn => at.strftime("%-m月").to_string(),
        }),
        day: starts.map_or_else(String::new, |at| at.day().to_string()),
        outbox: None,
        actions: Vec::new(),
    })
}

fn title(method: Method, event: &Event, lang: Lang) -> String {
    let summary = match (excerpt(&event.summary, LINE_CHARS), lang) {
        (summary, _) if !summary.is_empty() => summary,
        (_, Lang::En) => "Invitation without a title".to_owned(),
        (_, Lang::ZhCn) => "无标题邀请".to_owned(),
    };
    // A reply has one attendee, the one who answers (RFC 5546 §3.2.3).
    let attendee = event.attendees.first();
    let name = attendee.map(name).filter(|name| !name.is_empty());
    let is_cancelled = is_cancelled(method, event);
    match (method, name, lang) {
        (Method::Reply, Some(name), _) => {
            let participation = attendee.map(|attendee| attendee.participation);
            let answer = answer(participation.unwrap_or_default(), lang);
            match lang {
                Lang::En => format!("{name} {answer}: {summary}"),
                Lang::ZhCn => format!("{name}{answer}：{summary}"),
            }
        }
        (Method::Reply, None, Lang::En) => format!("Answer: {summary}"),
        (Method::Reply, None, Lang::ZhCn) => format!("答复：{summary}"),
        (Method::Counter, Some(name), Lang::En) => format!("{name} proposes a change: {summary}"),
        (Method::Counter, Some(name), Lang::ZhCn) => format!("{name}提议修改：{summary}"),
        (Method::Counter, None, Lang::En) => format!("Proposed change: {summary}"),
        (Method::Counter, None, Lang::ZhCn) => format!("修改提议：{summary}"),
        (Method::DeclineCounter, _, Lang::En) => format!("The change is declined: {summary}"),
        (Method::DeclineCounter, _, Lang::ZhCn) => format!("修改提议被拒绝：{summary}"),
        (_, _, Lang::En) if is_cancelled => format!("Cancelled: {summary}"),
        (_, _, Lang::ZhCn) if is_cancelled => format!("已取消：{summary}"),
        _ => summary,
    }
}

fn is_cancelled(method: Method, event: &Event) -> bool {
    method == Method::Cancel || event.status == EventStatus::Cancelled
}

fn exception(is_cancelled: bool, lang: Lang) -> &'static str {
    match (is_cancelled, lang) {
        (false, Lang::En) => "This changes one occurrence of a recurring event.",
        (false, Lang::ZhCn) => "这只更改周期性活动中的一次。",
        (true, Lang::En) => "This cancels one occurrence of a recurring event.",
        (true, Lang::ZhCn) => "这只取消周期性活动中的一次。",
    }
}

fn answer(participation: Participation, lang: Lang) -> &'static str {
    match (participation, lang) {
        (Participation::Accepted, Lang::En) => "accepts",
        (Participation::Accepted, Lang::ZhCn) => "已接受",
        (Participation::Declined, Lang::En) => "declines",
        (Participation::Declined, Lang::ZhCn) => "已拒绝",
        (Participation::Tentative, Lang::En) => "accepts tentatively",
        (Participation::Tentative, Lang::ZhCn) => "已暂定接受",
        (Participation::Delegated, Lang::En) => "sends somebody else",
        (Participation::Delegated, Lang::ZhCn) => "已委托他人参加",
        (Participation::NeedsAction, Lang::En) => "has not decided",
        (Participation::NeedsAction, Lang::ZhCn) => "尚未决定",
        (_, Lang::En) => "answers",
        (_, Lang::ZhCn) => "已答复",
    }
}

fn lines(invitation: &Invitation, event: &Event, locale: &Locale) -> Vec<String> {
    let lang = locale.lang;
    let is_answer = matches!(invitation.method, Method::Reply | Method::Counter);
    let labelled = |en: &str, zh: &str, text: String| {
        (!text.is_empty()).then(|| match lang {
            Lang::En => format!("{en}: {text}"),
            Lang::ZhCn => format!("{zh}：{text}"),
        })
    };
    let organizer = event.organizer.as_ref();
    let answered_by = event.attendees.first().filter(|_| is_answer);
    let changes = invitation.events.iter().filter(|other| {
        other.is_recurring_exception && !event.is_recurring_exception && other.uid == event.uid
    });
    let changes = changes.count();
    let others = invitation.events.len().saturating_sub(1 + changes);
    let comment = excerpt(&event.comment, TEXT_CHARS);
    // A reply repeats the organizer's description.
    let description = match is_answer {
        true => String::new(),
        false => excerpt(&event.description, TEXT_CHARS),
    };
    [
        time(event, locale),
        labelled("Place", "地点", excerpt(&event.location, LINE_CHARS)),
        organizer.and_then(|organizer| by("Organised by", "组织者：", organizer, lang)),
        answered_by.and_then(|attendee| by("Answered by", "答复者：", attendee, lang)),
        invited(&event.attendees, lang).filter(|_| invitation.method == Method::Request),
        event
            .recurrence
            .as_ref()
            .map(|rule| recurs(rule, event, locale)),
        event
            .is_recurring_exception
            .then(|| exception(is_cancelled(invitation.method, event), lang).to_owned()),
        match (changes, lang) {
            (0, _) => None,
            (_, Lang::En) => Some(format!("With {}.", counted(changes, "changed occurrence"))),
            (_, Lang::ZhCn) => Some(format!("其中 {changes} 次有更改。")),
        },
        match (others, lang) {
            (0, _) => None,
            (_, Lang::En) => Some(format!("And {}.", counted(others, "more event"))),
            (_, Lang::ZhCn) => Some(format!("另有 {others} 个活动。")),
        },
        invitation.is_cut.then(|| match lang {
            Lang::En => "The invitation is too long to be shown whole.".to_owned(),
            Lang::ZhCn => "邀请内容过长，未全部显示。".to_owned(),
        }),
        (!comment.is_empty()).then(|| format!("“{comment}”")),
        labelled("Description", "说明", description),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a text on one line, cut after `max_chars` characters.
pub(super) fn excerpt(text: &str, max_chars: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// Returns "1 exception", "2 exceptions".
fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Returns "a, b and c".
fn joined(items: &[String], lang: Lang) -> String {
    let (comma, and) = match lang {
        Lang::En => (", ", " and "),
        Lang::ZhCn => ("、", "和"),
    };
    match items {
        [first @ .., last] if !first.is_empty() => format!("{}{and}{last}", first.join(comma)),
        _ => items.concat(),
    }
}

/// Returns the name of a person, or the address if there is no name or it imitates another address.
fn name(person: &Attendee) -> String {
    let name = excerpt(&person.address.name, NAME_CHARS);
    match name.is_empty() || person.address.has_suspicious_name {
        true if !person.address.address.is_empty() => excerpt(&person.address.address, LINE_CHARS),
        _ => name,
    }
}

/// Returns a person with the address, which is always shown whole.
fn by(en: &str, zh: &str, person: &Attendee, lang: Lang) -> Option<String> {
    let name = name(person);
    let address = person.address.address.as_str();
    let person = match (address, lang) {
        ("", _) if name.is_empty() => return None,
        ("", Lang::En) => format!("{name}, whose address is missing"),
        ("", Lang::ZhCn) => format!("{name}（未提供地址）"),
        _ if person.address.name.is_empty() || person.address.has_suspicious_name => {
            address.to_owned()
        }
        _ => format!("{name} <{address}>"),
    };
    Some(match lang {
        Lang::En => format!("{en} {person}"),
        Lang::ZhCn => format!("{zh}{person}"),
    })
}

fn invited(attendees: &[Attendee], lang: Lang) -> Option<String> {
    let names = attendees.iter().map(name).filter(|name| !name.is_empty());
    let mut names: Vec<String> = names.take(NAMES_MAX).collect();
    let count = attendees.len();
    let others = count.saturating_sub(names.len());
    if names.is_empty() {
        return None;
    }
    Some(match lang {
        Lang::En => {
            if others > 0 {
                names.push(counted(others, "other"));
            }
            format!("{count} invited: {}", joined(&names, lang))
        }
        Lang::ZhCn if others > 0 => format!("已邀请 {count} 人：{}等", names.join("、")),
        Lang::ZhCn => format!("已邀请 {count} 人：{}", names.join("、")),
    })
}

/// Returns a time on the reader's clock; a day at midnight, a time without a zone as it is.
fn local(when: &When, locale: &Locale) -> Option<DateTime> {
    match when {
        When::AllDay(date) => Some(date.to_datetime(jiff::civil::Time::midnight())),
        When::Instant { at, .. } => Some(at.to_zoned(locale.zone.clone()).datetime()),
        When::Floating { local, .. } => Some(*local),
        _ => None,
    }
}

/// Returns a time on the author's clock.
fn author_local(when: &When) -> Option<DateTime> {
    match when {
        When::Instant {
            at, offset_seconds, ..
        } => {
            let offset = Offset::from_seconds(*offset_seconds).ok()?;
            Some(offset.to_datetime(*at))
        }
        _ => None,
    }
}

/// Returns the line that says when an event takes place; `None` if it has no start.
fn time(event: &Event, locale: &Locale) -> Option<String> {
    let lang = locale.lang;
    let starts = event.starts.as_ref()?;
    let from = local(starts, locale)?;
    // An end of another kind than the start cannot be compared with it.
    let ends = event.ends.as_ref();
    let to = ends.filter(|ends| match (starts, ends) {
        (
            When::Floating {
                zone_name: from, ..
            },
            When::Floating { zone_name: to, .. },
        ) => from == to,
        (from, to) => std::mem::discriminant(from) == std::mem::discriminant(to),
    });
    let to = to.and_then(|ends| local(ends, locale));
    Some(match starts {
        When::AllDay(first) => {
            // The end of whole days is the day after them (RFC 5545 §3.6.1).
            let last = to.and_then(|to| to.date().yesterday().ok());
            days(*first, last.unwrap_or(*first), lang)
        }
        When::Floating { zone_name, .. } => {
            let span = span(from, to, lang);
            match (zone_name, lang) {
                (None, Lang::En) => format!("{span} by the clock of the place"),
                (None, Lang::ZhCn) => format!("{span}（当地时间）"),
                (Some(zone), Lang::En) => {
                    format!("{span} by the clock of the place (unknown time zone “{zone}”)")
                }
                (Some(zone), Lang::ZhCn) => format!("{span}（当地时间，未知时区“{zone}”）"),
            }
        }
        _ => {
            let span = span(from, to, lang);
            let utc = if locale.is_zone_guessed { " UTC" } else { "" };
            let author = author_time(starts, from, lang).unwrap_or_default();
            format!("{span}{utc}{author}")
        }
    })
}

fn days(first: Date, last: Date, lang: Lang) -> String {
    match lang {
        Lang::En if first >= last => format!("{}, all day", day(first, lang)),
        Lang::En if first.year() == last.year() => {
            format!("{} to {}", first.strftime("%A %-d %B"), day(last, lang))
        }
        Lang::En => format!("{} to {}", day(first, lang), day(last, lang)),
        Lang::ZhCn if first >= last => format!("{} 全天", day(first, lang)),
        Lang::ZhCn => format!("{} 至 {}", day(first, lang), day(last, lang)),
    }
}

fn span(from: DateTime, to: Option<DateTime>, lang: Lang) -> String {
    let start = day_and_time(from, lang);
    let Some(to) = to else {
        return start;
    };
    let end = match from.date() == to.date() {
        true => to.strftime("%H:%M").to_string(),
        false => day_and_time(to, lang),
    };
    match lang {
        Lang::En => format!("{start} to {end}"),
        Lang::ZhCn => format!("{start} 至 {end}"),
    }
}

fn day_and_time(at: DateTime, lang: Lang) -> String {
    let (day, time) = (day(at.date(), lang), at.strftime("%H:%M"));
    match lang {
        Lang::En => format!("{day}, {time}"),
        Lang::ZhCn => format!("{day} {time}"),
    }
}

fn day(date: Date, lang: Lang) -> String {
    match lang {
        Lang::En => date.strftime("%A %-d %B %Y").to_string(),
        Lang::ZhCn => format!(
            "{}{}",
            date.strftime("%Y年%-m月%-d日 "),
            weekday(date.weekday(), lang)
        ),
    }
}

fn weekday(weekday: Weekday, lang: Lang) -> &'static str {
    match (weekday, lang) {
        (Weekday::Monday, Lang::En) => "Monday",
        (Weekday::Monday, Lang::ZhCn) => "星期一",
        (Weekday::Tuesday, Lang::En) => "Tuesday",
        (Weekday::Tuesday, Lang::ZhCn) => "星期二",
        (Weekday::Wednesday, Lang::En) => "Wednesday",
        (Weekday::Wednesday, Lang::ZhCn) => "星期三",
        (Weekday::Thursday, Lang::En) => "Thursday",
        (Weekday::Thursday, Lang::ZhCn) => "星期四",
        (Weekday::Friday, Lang::En) => "Friday",
        (Weekday::Friday, Lang::ZhCn) => "星期五",
        (Weekday::Saturday, Lang::En) => "Saturday",
        (Weekday::Saturday, Lang::ZhCn) => "星期六",
        (Weekday::Sunday, Lang::En) => "Sunday",
        (Weekday::Sunday, Lang::ZhCn) => "星期日",
    }
}

/// Returns the start on the author's clock with its zone, in parentheses, if it differs from the
/// reader's. UTC has no such clock: programs write it for authors of any zone.
fn author_time(starts: &When, reader: DateTime, lang: Lang) -> Option<String> {
    let When::Instant {
        offset_seconds,
        zone,
        ..
    } = starts
    else {
        return None;
    };
    let zone = match zone {
        Zone::Iana(name) => name.clone(),
        Zone::Custom(name) => format!("“{name}”"),
        _ if *offset_seconds == 0 => return None,
        _ => format!("UTC{}", Offset::from_seconds(*offset_seconds).ok()?),
    };
    let at = author_local(starts).filter(|at| *at != reader)?;
    let time = match at.date() == reader.date() {
        true => at.strftime("%H:%M").to_string(),
        false => day_and_time(at, lang),
    };
    Some(match lang {
        Lang::En => format!(" ({time} in {zone})"),
        Lang::ZhCn => format!("（{zone} 时间 {time}）"),
    })
}

/// Returns the sentence that says how an event recurs.
fn recurs(rule: &Recurrence, event: &Event, locale: &Locale) -> String {
    let lang = locale.lang;
    let Some(every) = every(rule, lang).filter(|_| !rule.is_incomplete) else {
        return match lang {
            Lang::En => "It recurs by a rule that is not shown.".to_owned(),
            Lang::ZhCn => "此活动按未显示的规则重复。".to_owned(),
        };
    };
    let mut text = match lang {
        Lang::En => format!("It recurs {every}"),
        Lang::ZhCn => format!("{every}重复"),
    };
    // The days of a rule are days of the author's calendar.
    let starts = event.starts.as_ref();
    let on_author_clock = starts.and_then(author_local).map(DateTime::date);
    let on_reader_clock = starts.and_then(|starts| local(starts, locale));
    let is_other_day = on_author_clock
        .is_some_and(|day| on_reader_clock.is_some_and(|reader| day != reader.date()));
    let names_days = !rule.weekdays.is_empty() || !rule.month_days.is_empty();
    if is_other_day && names_days {
        text.push_str(match lang {
            Lang::En => " by the author's calendar",
            Lang::ZhCn => "（按发件人时区的日期）",
        });
    }
    match (&rule.end, lang) {
        (None, _) => {}
        (Some(RecurrenceEnd::Count(count)), Lang::En) => {
            let times = counted(usize::try_from(*count).unwrap_or(usize::MAX), "time");
            text.push_str(&format!(", {times} in all"));
        }
        (Some(RecurrenceEnd::Count(count)), Lang::ZhCn) => {
            text.push_str(&format!("，共 {count} 次"));
        }
        (Some(RecurrenceEnd::Until(until)), lang) => {
            if let Some(until) = local(until, locale) {
                text.push_str(&match lang {
                    Lang::En => until.strftime(" until %-d %B %Y").to_string(),
                    Lang::ZhCn => until.strftime("，至 %Y年%-m月%-d日").to_string(),
                });
            }
        }
    }
    match (rule.exceptions, lang) {
        (0, _) => {}
        (count, Lang::En) => text.push_str(&format!(", with {}", counted(count, "exception"))),
        (count, Lang::ZhCn) => text.push_str(&format!("，其中 {count} 次除外")),
    }
    match (rule.additions, lang) {
        (0, _) => {}
        (count, Lang::En) => text.push_str(&format!(", and {}", counted(count, "more time"))),
        (count, Lang::ZhCn) => text.push_str(&format!("，另加 {count} 次")),
    }
    text.push_str(match lang {
        Lang::En => ".",
        Lang::ZhCn => "。",
    });
    text
}

/// Returns "every 2 weeks on Monday"; `None` if the rule has no such words.
fn every(rule: &Recurrence, lang: Lang) -> Option<String> {
    let is_plain =
        rule.positions.is_empty() && rule.month_days.is_empty() && rule.months.is_empty();
    let (frequency, days) = match rule.frequency {
        Frequency::Daily if is_plain && rule.weekdays.is_empty() => (Frequency::Daily, vec![]),
        // Every day that is one of these weekdays is every week on them.
        Frequency::Daily if is_plain && rule.interval == 1 => {
            (Frequency::Weekly, every_weekday(rule, lang)?)
        }
        Frequency::Weekly if is_plain => (Frequency::Weekly, every_weekday(rule, lang)?),
        Frequency::Monthly if rule.months.is_empty() => {
            (Frequency::Monthly, days_of_month(rule, lang)?)
        }
        Frequency::Yearly => (Frequency::Yearly, days_of_month(rule, lang)?),
        _ => return None,
    };
    let days = joined(&days, lang);
    let month = match (rule.months.as_slice(), frequency) {
        ([], Frequency::Yearly) if !days.is_empty() => return None,
        ([], _) => None,
        ([month], _) => Some(month_name(*month, lang)?),
        _ => return None,
    };
    let unit = unit(frequency, rule.interval, lang);
    let month = month.as_deref();
    Some(match (days.as_str(), month, lang) {
        ("", None, _) => unit,
        ("", Some(month), Lang::En) => format!("{unit} in {month}"),
        (days, None, Lang::En) => format!("{unit} on {days}"),
        (days, Some(month), Lang::En) => format!("{unit} on {days} of {month}"),
        (days, month, Lang::ZhCn) => {
            let of = if rule.interval > 1 { "的" } else { "" };
            format!("{unit}{of}{}{days}", month.unwrap_or_default())
        }
    })
}

fn unit(frequency: Frequency, interval: u32, lang: Lang) -> String {
    let (en, zh_one, zh_many) = match frequency {
        Frequency::Yearly => ("year", "年", "年"),
        Frequency::Monthly => ("month", "月", "个月"),
        Frequency::Weekly => ("week", "周", "周"),
        _ => ("day", "天", "天"),
    };
    match (lang, interval) {
        (Lang::En, 1) => format!("every {en}"),
        (Lang::En, _) => format!("every {interval} {en}s"),
        (Lang::ZhCn, 1) => format!("每{zh_one}"),
        (Lang::ZhCn, _) => format!("每 {interval} {zh_many}"),
    }
}

fn every_weekday(rule: &Recurrence, lang: Lang) -> Option<Vec<String>> {
    let words = |day: &RecurrenceWeekday| match day.ordinal {
        None => Some(weekday(day.weekday, lang).to_owned()),
        Some(_) => None,
    };
    rule.weekdays.iter().map(words).collect()
}

/// Returns the days of a month, such as "the 2nd Tuesday"; none is the day of the start.
fn days_of_month(rule: &Recurrence, lang: Lang) -> Option<Vec<String>> {
    match (
        &rule.weekdays[..],
        &rule.month_days[..],
        &rule.positions[..],
    ) {
        ([], days, []) => {
            let words = days.iter().map(|day| day_of_month(i32::from(*day), lang));
            Some(words.collect())
        }
        ([day], [], [position]) if day.ordinal.is_none() => {
            Some(vec![numbered_weekday(*position, day.weekday, lang)])
        }
        (days, [], []) => {
            let words = |day: &RecurrenceWeekday| {
                let ordinal = i32::from(day.ordinal?);
                Some(numbered_weekday(ordinal, day.weekday, lang))
            };
            days.iter().map(words).collect()
        }
        _ => None,
    }
}

fn day_of_month(day: i32, lang: Lang) -> String {
    match (day, lang) {
        (1.., Lang::En) => format!("the {}", ordinal(day, lang)),
        (1.., Lang::ZhCn) => format!("{day}日"),
        (_, Lang::En) => format!("the {} day", ordinal(day, lang)),
        (_, Lang::ZhCn) => format!("{}天", ordinal(day, lang)),
    }
}

fn numbered_weekday(number: i32, day: Weekday, lang: Lang) -> String {
    let (ordinal, weekday) = (ordinal(number, lang), weekday(day, lang));
    match lang {
        Lang::En => format!("the {ordinal} {weekday}"),
        Lang::ZhCn => format!("{ordinal}个{weekday}"),
    }
}

/// Returns "2nd", "last", "2nd last".
fn ordinal(number: i32, lang: Lang) -> String {
    let count = number.unsigned_abs();
    let suffix = match (count % 10, count % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    match (number, lang) {
        (-1, Lang::En) => "last".to_owned(),
        (-1, Lang::ZhCn) => "最后一".to_owned(),
        (1.., Lang::En) => format!("{count}{suffix}"),
        (1.., Lang::ZhCn) => format!("第{count}"),
        (_, Lang::En) => format!("{count}{suffix} last"),
        (_, Lang::ZhCn) => format!("倒数第{count}"),
    }
}

fn month_name(month: u8, lang: Lang) -> Option<String> {
    let first = Date::new(2000, i8::try_from(month).ok()?, 1).ok()?;
    Some(match lang {
        Lang::En => first.strftime("%B").to_string(),
        Lang::ZhCn => first.strftime("%-m月").to_string(),
    })
}

#[cfg(test)]
mod tests;
