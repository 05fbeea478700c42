//! The rule of a recurring event, as values from which a sentence can be made.

use calcard::icalendar::{
    ICalendarComponent, ICalendarFrequency, ICalendarProperty, ICalendarRecurrenceRule,
    ICalendarValue, ICalendarWeekday,
};
use jiff::civil::Weekday;

use super::When;

/// Maximum number of values of each part of a rule.
const VALUES_MAX: usize = 31;

/// How an event recurs (RFC 5545 §3.3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recurrence {
    /// The unit of the interval.
    pub frequency: Frequency,
    /// The event recurs in every such unit; at least 1.
    pub interval: u32,
    /// The weekdays.
    pub weekdays: Vec<RecurrenceWeekday>,
    /// The days of the month, 1 to 31, or -31 to -1 from its end.
    pub month_days: Vec<i8>,
    /// The months, 1 to 12.
    pub months: Vec<u8>,
    /// Which of the days that the other parts give, in each interval: 1 is the first, -1 the last.
    pub positions: Vec<i32>,
    /// The end; `None` if the event recurs for ever.
    pub end: Option<RecurrenceEnd>,
    /// Number of occurrences that are left out (EXDATE).
    pub exceptions: usize,
    /// Number of occurrences that are added (RDATE).
    pub additions: usize,
    /// Whether the rule has parts that these values do not give: a sentence about it is not exact.
    pub is_incomplete: bool,
}

/// A unit of recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Every year.
    Yearly,
    /// Every month.
    Monthly,
    /// Every week.
    Weekly,
    /// Every day.
    Daily,
    /// Every hour.
    Hourly,
    /// Every minute.
    Minutely,
    /// Every second.
    Secondly,
}

/// A weekday of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecurrenceWeekday {
    /// Which one in the month or year: 1 is the first, -1 the last; `None` is every one.
    pub ordinal: Option<i16>,
    /// The weekday.
    pub weekday: Weekday,
}

/// The end of a recurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecurrenceEnd {
    /// After this number of occurrences, the first one counted.
    Count(u32),
    /// The last occurrence is not after this.
    Until(When),
}

/// Reads the recurrence of an event; `None` if it does not recur. `until` makes the end of a rule
/// from its date.
pub(super) fn read(
    component: &ICalendarComponent,
    until: impl Fn(&ICalendarRecurrenceRule) -> Option<When>,
) -> Option<Recurrence> {
    let count = |name| -> usize {
        let entries = component.properties(name);
        entries.map(|entry| entry.values.len()).sum()
    };
    let mut rules = component
        .properties(&ICalendarProperty::Rrule)
        .filter_map(|entry| match entry.values.first() {
            Some(ICalendarValue::RecurrenceRule(rule)) => Some(rule.as_ref()),
            _ => None,
        });
    let rule = rules.next()?;
    let count_end = rule.count.map(RecurrenceEnd::Count);
    let is_month_day = |day: &i8| (-31..=31).contains(day) && *day != 0;
    let months = rule.bymonth.iter().map(|month| month.month());
    let is_incomplete = rules.next().is_some()
        || rule.rscale.is_some()
        || !rule.byyearday.is_empty()
        || !rule.byweekno.is_empty()
        || !rule.byhour.is_empty()
        || !rule.byminute.is_empty()
        || !rule.bysecond.is_empty()
        || [
            rule.byday.len(),
            rule.bymonthday.len(),
            rule.bymonth.len(),
            rule.bysetpos.len(),
        ]
        .into_iter()
        .any(|values| values > VALUES_MAX);
    Some(Recurrence {
        frequency: frequency(rule.freq),
        interval: u32::from(rule.interval.unwrap_or(1).max(1)),
        weekdays: rule
            .byday
            .iter()
            .map(|day| RecurrenceWeekday {
                ordinal: day.ordwk.filter(|ordinal| *ordinal != 0),
                weekday: weekday(day.weekday),
            })
            .take(VALUES_MAX)
            .collect(),
        month_days: rule
            .bymonthday
            .iter()
            .copied()
            .filter(is_month_day)
            .take(VALUES_MAX)
            .collect(),
        months: months
            .filter(|month| (1..=12).contains(month))
            .take(VALUES_MAX)
            .collect(),
        positions: rule
            .bysetpos
            .iter()
            .copied()
            .filter(|position| *position != 0)
            .take(VALUES_MAX)
            .collect(),
        end: count_end.or_else(|| until(rule).map(RecurrenceEnd::Until)),
        exceptions: count(&ICalendarProperty::Exdate),
        additions: count(&ICalendarProperty::Rdate),
        is_incomplete,
    })
}

fn frequency(frequency: ICalendarFrequency) -> Frequency {
    match frequency {
        ICalendarFrequency::Yearly => Frequency::Yearly,
        ICalendarFrequency::Monthly => Frequency::Monthly,
        ICalendarFrequency::Weekly => Frequency::Weekly,
        ICalendarFrequency::Daily => Frequency::Daily,
        ICalendarFrequency::Hourly => Frequency::Hourly,
        ICalendarFrequency::Minutely => Frequency::Minutely,
        ICalendarFrequency::Secondly => Frequency::Secondly,
    }
}

pub(super) fn weekday(weekday: ICalendarWeekday) -> Weekday {
    match weekday {
        ICalendarWeekday::Sunday => Weekday::Sunday,
        ICalendarWeekday::Monday => Weekday::Monday,
        ICalendarWeekday::Tuesday => Weekday::Tuesday,
        ICalendarWeekday::Wednesday => Weekday::Wednesday,
        ICalendarWeekday::Thursday => Weekday::Thursday,
        ICalendarWeekday::Friday => Weekday::Friday,
        ICalendarWeekday::Saturday => Weekday::Saturday,
    }
}
