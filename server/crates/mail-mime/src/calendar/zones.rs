//! Computes moments from local times and the zones that they name.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDuration, ICalendarEntry,
    ICalendarFrequency, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Span, civil};

use super::recurrence::weekday;
use super::{When, Zone};
use crate::display;

/// Maximum number of zones that a part defines, and of the observances of each.
const DEFINED_MAX: usize = 50;
/// Maximum number of dates on which an observance begins that are looked at.
const DATES_MAX: usize = 200;

/// The zones of a calendar.
pub(super) struct Zones<'a> {
    resolver: TzResolver<&'a str>,
    defined: Vec<DefinedZone<'a>>,
    database: TimeZoneDatabase,
}

/// A zone that a property names.
enum ResolvedZone<'z> {
    /// A zone of the database, or an offset.
    Known(TimeZone),
    /// A zone that the part defines.
    Defined(&'z DefinedZone<'z>),
}

/// A VTIMEZONE component (RFC 5545 §3.6.5).
struct DefinedZone<'a> {
    id: &'a str,
    observances: Vec<Observance>,
}

/// A STANDARD or DAYLIGHT component: the offset that holds from certain dates on.
struct Observance {
    starts: civil::DateTime,
    dates: Vec<civil::DateTime>,
    rule: Option<YearlyRule>,
    offset_from: Offset,
    offset_to: Offset,
}

/// A date in each year. These rules are the ones that calendars write.
struct YearlyRule {
    month: i8,
    /// The weekday and its number in the month, from the end if negative.
    weekday: Option<(i8, civil::Weekday)>,
    until: Option<civil::DateTime>,
}

impl<'a> Zones<'a> {
    /// Reads the zones that a calendar defines.
    pub(super) fn of(calendar: &'a ICalendar) -> Self {
        Self {
            resolver: calendar.build_tz_resolver(),
            defined: calendar
                .timezones()
                .take(DEFINED_MAX)
                .filter_map(|component| DefinedZone::read(component, calendar))
                .collect(),
            database: TimeZoneDatabase::bundled(),
        }
    }

    /// Returns the first date or time of a property.
    pub(super) fn when(&self, entry: &ICalendarEntry) -> Option<When> {
        let value = entry.values.first()?.as_partial_date_time()?;
        self.when_of(value, entry.tz_id())
    }

    /// Returns a date or time whose property names the zone `zone_name`.
    pub(super) fn when_of(&self, value: &PartialDateTime, zone_name: Option<&str>) -> Option<When> {
        let date = date(value)?;
        if !value.has_time() {
            return Some(When::AllDay(date));
        }
        let local = date.to_datetime(time(value)?);
        if value.has_zone() {
            let offset = offset(value)?;
            return Some(When::Instant {
                at: offset.to_timestamp(local).ok()?,
                offset_seconds: offset.seconds(),
                zone: Zone::Utc,
            });
        }
        Some(self.at(local, zone_name))
    }

    /// Returns the end of a start and a duration. Days of a duration are nominal (RFC 5545 §3.3.6):
    /// they may have 23 or 25 hours.
    pub(super) fn end_after(
        &self,
        entry: &ICalendarEntry,
        duration: &ICalendarDuration,
    ) -> Option<When> {
        if duration.neg {
            return None;
        }
        let value = entry.values.first()?.as_partial_date_time()?;
        let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
        let days = Span::new().try_days(days).ok()?;
        let seconds = i64::from(duration.hours) * 3_600
            + i64::from(duration.minutes) * 60
            + i64::from(duration.seconds);
        let seconds = SignedDuration::from_secs(seconds);
        let date = date(value)?.checked_add(days).ok()?;
        if !value.has_time() {
            return Some(When::AllDay(date));
        }
        let local = date.to_datetime(time(value)?);
        if value.has_zone() {
            let offset = offset(value)?;
            let at = offset.to_timestamp(local).ok()?;
            return Some(When::Instant {
                at: at.checked_add(seconds).ok()?,
                offset_seconds: offset.seconds(),
                zone: Zone::Utc,
            });
        }
        match self.at(local, entry.tz_id()) {
            When::Instant {
                at,
                offset_seconds,
                zone,
            } => Some(When::Instant {
                at: at.checked_add(seconds).ok()?,
                offset_seconds,
                zone,
            }),
            When::Floating { local, zone_name } => Some(When::Floating {
                local: local.checked_add(seconds).ok()?,
                zone_name,
            }),
            When::AllDay(_) => None,
        }
    }

    /// Returns the moment of a local time. A time that a clock skips or shows twice is resolved as
    /// RFC 5545 §3.3.5 says.
    fn at(&self, local: civil::DateTime, zone_name: Option<&str>) -> When {
        let floating = |zone_name: Option<&str>| When::Floating {
            local,
            zone_name: zone_name.map(shown_name).filter(|name| !name.is_empty()),
        };
        let Some(name) = zone_name else {
            return floating(None);
        };
        let instant = match self.resolve(name) {
            Some(ResolvedZone::Known(zone)) => known_instant(&zone, local),
            Some(ResolvedZone::Defined(zone)) => zone.offset(local).and_then(|offset| {
                Some(When::Instant {
                    at: offset.to_timestamp(local).ok()?,
                    offset_seconds: offset.seconds(),
                    zone: Zone::Custom(shown_name(name)),
                })
            }),
            None => None,
        };
        instant.unwrap_or_else(|| floating(zone_name))
    }

    fn resolve(&self, name: &str) -> Option<ResolvedZone<'_>> {
        let known = self.resolver.resolve(name).and_then(|zone| match zone {
            Tz::Floating => None,
            Tz::Fixed(offset) => Offset::from_seconds(offset.local_minus_utc())
                .ok()
                .map(TimeZone::fixed),
            Tz::Tz(_) => self.database.get(&zone.name()?).ok(),
        });
        if let Some(zone) = known {
            return Some(ResolvedZone::Known(zone));
        }
        let zone = self.defined.iter().find(|zone| zone.id == name)?;
        Some(ResolvedZone::Defined(zone))
    }
}

impl<'a> DefinedZone<'a> {
    fn read(component: &'a ICalendarComponent, calendar: &'a ICalendar) -> Option<Self> {
        let id = component.property(&ICalendarProperty::Tzid)?;
        Some(Self {
            id: id.values.first()?.as_text()?,
            observances: component
                .component_ids
                .iter()
                .take(DEFINED_MAX)
                .filter_map(|id| Observance::read(calendar.component_by_id(*id)?))
                .collect(),
        })
    }

    /// The offset that holds at a local time.
    fn offset(&self, local: civil::DateTime) -> Option<Offset> {
        let latest = self
            .observances
            .iter()
            .filter_map(|observance| Some((observance.last_onset(local)?, observance.offset_to)))
            .max_by_key(|(onset, _)| *onset);
        if let Some((_, offset)) = latest {
            return Some(offset);
        }
        let first = self.observances.iter().min_by_key(|each| each.starts)?;
        Some(first.offset_from)
    }
}

impl Observance {
    fn read(component: &ICalendarComponent) -> Option<Self> {
        let is_observance = matches!(
            component.component_type,
            ICalendarComponentType::Standard | ICalendarComponentType::Daylight
        );
        if !is_observance {
            return None;
        }
        let value = |name| component.property(&name)?.values.first();
        let partial = |name| value(name)?.as_partial_date_time();
        let offset_to = offset(partial(ICalendarProperty::Tzoffsetto)?)?;
        let dates = component.properties(&ICalendarProperty::Rdate);
        let dates = dates.flat_map(|entry| &entry.values).take(DATES_MAX);
        Some(Self {
            starts: datetime(partial(ICalendarProperty::Dtstart)?)?,
            dates: dates
                .filter_map(|value| datetime(value.as_partial_date_time()?))
                .collect(),
            rule: match value(ICalendarProperty::Rrule) {
                Some(ICalendarValue::RecurrenceRule(rule)) => YearlyRule::read(rule),
                _ => None,
            },
            offset_from: partial(ICalendarProperty::Tzoffsetfrom)
                .and_then(offset)
                .unwrap_or(offset_to),
            offset_to,
        })
    }

    /// The last time not after `local` at which this observance began.
    fn last_onset(&self, local: civil::DateTime) -> Option<civil::DateTime> {
        let by_rule = self.rule.as_ref().and_then(|rule| {
            let is_valid = |onset: &civil::DateTime| {
                *onset <= local
                    && *onset >= self.starts
                    && rule.until.is_none_or(|until| *onset <= until)
            };
            // After the end of the rule its last year counts.
            let last = rule.until.map_or(local, |until| until.min(local));
            [last.year(), last.year().saturating_sub(1)]
                .into_iter()
                .filter_map(|year| rule.onset(year, self.starts))
                .find(is_valid)
        });
        let dates = self.dates.iter().copied().chain([self.starts]);
        dates.filter(|date| *date <= local).chain(by_rule).max()
    }
}

impl YearlyRule {
    fn read(rule: &ICalendarRecurrenceRule) -> Option<Self> {
        if rule.freq != ICalendarFrequency::Yearly {
            return None;
        }
        let weekday = rule.byday.first().and_then(|day| {
            let number = day.ordwk.unwrap_or(1);
            Some((i8::try_from(number).ok()?, weekday(day.weekday)))
        });
        Some(Self {
            month: i8::try_from(rule.bymonth.first()?.month()).ok()?,
            weekday,
            until: rule.until.as_ref().and_then(datetime),
        })
    }

    /// The onset in a year, at the time of day and, without a weekday, on the day of `first`.
    fn onset(&self, year: i16, first: civil::DateTime) -> Option<civil::DateTime> {
        let month = civil::Date::new(year, self.month, 1).ok()?;
        let date = match self.weekday {
            Some((number, weekday)) => month.nth_weekday_of_month(number, weekday).ok()?,
            None => civil::Date::new(year, self.month, first.day()).ok()?,
        };
        Some(date.to_datetime(first.time()))
    }
}

fn known_instant(zone: &TimeZone, local: civil::DateTime) -> Option<When> {
    let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(When::Instant {
        at,
        offset_seconds: zone.to_offset(at).seconds(),
        zone: match zone.iana_name() {
            Some("UTC" | "Etc/UTC") | None => Zone::Utc,
            Some(name) => Zone::Iana(name.to_owned()),
        },
    })
}

fn shown_name(name: &str) -> String {
    display::line(display::prefix(name, 100)).trim().to_owned()
}

fn date(value: &PartialDateTime) -> Option<civil::Date> {
    let (month, day) = (value.month?, value.day?);
    civil::Date::new(
        i16::try_from(value.year?).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// Returns the time of day. A leap second becomes the second before it.
fn time(value: &PartialDateTime) -> Option<civil::Time> {
    let second = value.second.unwrap_or_default();
    let second = if second == 60 { 59 } else { second };
    civil::Time::new(
        i8::try_from(value.hour?).ok()?,
        i8::try_from(value.minute?).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()
}

fn datetime(value: &PartialDateTime) -> Option<civil::DateTime> {
    let time = if value.has_time() {
        time(value)?
    } else {
        civil::Time::midnight()
    };
    Some(date(value)?.to_datetime(time))
}

fn offset(value: &PartialDateTime) -> Option<Offset> {
    let seconds =
        i32::from(value.tz_hour?) * 3_600 + i32::from(value.tz_minute.unwrap_or_default()) * 60;
    Offset::from_seconds(if value.tz_minus { -seconds } else { seconds }).ok()
}
