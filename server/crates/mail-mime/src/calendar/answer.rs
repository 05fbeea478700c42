//! The answer to an invitation: an iCalendar object with the method REPLY (RFC 5546 §3.2.3).
//!
//! calcard writes it: it folds lines and escapes texts. What an invitation could put into it is
//! checked before: it has no line ends and control characters, names are without quotes, addresses
//! are [`Address`], and no parameter or property is copied that is not named here.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarMethod,
    ICalendarParameter, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarValue, ICalendarValueType, Uri,
};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Event, EventStatus};
use crate::address::{Address, EmailAddress};
use crate::display;

/// The program that wrote an object (RFC 5545 §3.7.3).
const PRODID: &str = "-//Restante//Restante//EN";
/// Maximum length of a UID, in bytes. A longer one is not answered.
const UID_BYTES: usize = 1_000;
/// Maximum length of a name or zone name, in bytes.
const NAME_BYTES: usize = 200;
/// Maximum number of observances of a time zone that are copied.
const OBSERVANCES_MAX: usize = 50;
/// The properties of the observance of a time zone that are copied.
const OBSERVANCE: [ICalendarProperty; 5] = [
    ICalendarProperty::Dtstart,
    ICalendarProperty::Tzoffsetfrom,
    ICalendarProperty::Tzoffsetto,
    ICalendarProperty::Rrule,
    ICalendarProperty::Rdate,
];
/// What a `mailto:` URI has as it is (RFC 6068 §2), without what iCalendar would escape.
const MAILTO: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'[')
    .remove(b']')
    .remove(b':');

/// An answer that an attendee chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Will come.
    Accepted,
    /// May come.
    Tentative,
    /// Will not come.
    Declined,
}

/// What an answer repeats of its invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answerable {
    organizer: Address,
    attendees: Vec<Address>,
    key: String,
    /// The properties that the answer has as the invitation has them.
    repeated: Vec<ICalendarEntry>,
    zones: Vec<Zone>,
}

/// A time zone that the repeated properties name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Zone {
    component: ICalendarComponent,
    observances: Vec<ICalendarComponent>,
}

impl Answerable {
    /// The address that the answer is sent to.
    pub fn organizer(&self) -> &Address {
        &self.organizer
    }

    /// The addresses of the attendees, as the organizer wrote them.
    pub fn attendees(&self) -> &[Address] {
        &self.attendees
    }

    /// Identifies what is answered: the event, its occurrence and its revision. Any text of at most
    /// 2 KiB.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Writes the answer of an attendee: an iCalendar object with CRLF line ends.
    pub fn reply(
        &self,
        attendee: &Address,
        name: &str,
        answer: Answer,
        written: Timestamp,
    ) -> String {
        let status = match answer {
            Answer::Accepted => ICalendarParticipationStatus::Accepted,
            Answer::Tentative => ICalendarParticipationStatus::Tentative,
            Answer::Declined => ICalendarParticipationStatus::Declined,
        };
        let status = ICalendarParameterValue::Partstat(status);
        let mut params = vec![param(ICalendarParameterName::Partstat, status)];
        params.extend(name_param(name));
        let mut entries = self.repeated.clone();
        let stamp = PartialDateTime::from_utc_timestamp(written.as_second());
        let stamp = ICalendarValue::PartialDateTime(Box::new(stamp));
        entries.push(entry(ICalendarProperty::Dtstamp, Vec::new(), stamp));
        entries.push(entry(
            ICalendarProperty::Attendee,
            params,
            calendar_address(attendee),
        ));
        let text = |text: &str| ICalendarValue::Text(text.to_owned());
        let mut components = vec![component(
            ICalendarComponentType::VCalendar,
            vec![
                entry(ICalendarProperty::Prodid, Vec::new(), text(PRODID)),
                entry(ICalendarProperty::Version, Vec::new(), text("2.0")),
                entry(
                    ICalendarProperty::Method,
                    Vec::new(),
                    ICalendarValue::Method(ICalendarMethod::Reply),
                ),
            ],
        )];
        let mut top = Vec::new();
        for zone in &self.zones {
            let observances = zone.observances.iter().cloned();
            let mut component = zone.component.clone();
            component.component_ids = observances
                .map(|observance| push(&mut components, observance))
                .collect();
            top.push(push(&mut components, component));
        }
        let event = component(ICalendarComponentType::VEvent, entries);
        top.push(push(&mut components, event));
        if let Some(calendar) = components.first_mut() {
            calendar.component_ids = top;
        }
        ICalendar { components }.to_string()
    }
}

/// Returns what an answer to a calendar repeats, if it invites to one event, or to a recurring one
/// and its exceptions, and its organizer can be written to. `events` are those of the calendar.
pub(super) fn answerable(calendar: &ICalendar, events: &[Event]) -> Option<Answerable> {
    let is_event = |component: &&ICalendarComponent| component.component_type.is_event();
    let components: Vec<_> = calendar.components.iter().filter(is_event).collect();
    if components.len() != events.len() {
        return None;
    }
    let uid = uid_of(components.first()?)?;
    let is_same = |component: &&ICalendarComponent| uid_of(component) == Some(uid);
    if !components.iter().all(is_same) {
        return None;
    }
    // An answer to a recurring event holds for its exceptions.
    let all = components.into_iter().zip(events);
    let (series, exceptions): (Vec<_>, Vec<_>) =
        all.partition(|(_, event)| !event.is_recurring_exception);
    let (component, event) = match (series.as_slice(), exceptions.as_slice()) {
        ([series], _) => *series,
        ([], [exception]) => *exception,
        _ => return None,
    };
    if event.status == EventStatus::Cancelled {
        return None;
    }
    let written_organizer = component.property(&ICalendarProperty::Organizer)?;
    let organizer = address(written_organizer)?;
    let name = event
        .organizer
        .as_ref()
        .map(|organizer| &organizer.address.name);
    let mut repeated = vec![entry(
        ICalendarProperty::Uid,
        Vec::new(),
        ICalendarValue::Text(uid.to_owned()),
    )];
    let mut key = format!("{uid}\0{}\0", event.sequence);
    if component.property(&ICalendarProperty::Sequence).is_some() {
        let sequence = ICalendarValue::Integer(event.sequence.into());
        repeated.push(entry(ICalendarProperty::Sequence, Vec::new(), sequence));
    }
    let mut zone_names = Vec::new();
    if let Some(id) = component.property(&ICalendarProperty::RecurrenceId) {
        let id = time(id, &mut zone_names)?;
        id.write_to(&mut key).ok()?;
        repeated.push(id);
    }
    let start = component.property(&ICalendarProperty::Dtstart);
    repeated.extend(start.and_then(|start| time(start, &mut zone_names)));
    if !event.summary.is_empty() {
        let summary = ICalendarValue::Text(event.summary.clone());
        repeated.push(entry(ICalendarProperty::Summary, Vec::new(), summary));
    }
    repeated.push(entry(
        ICalendarProperty::Organizer,
        name_param(name.map_or("", String::as_str))
            .into_iter()
            .collect(),
        calendar_address(&organizer),
    ));
    let attendees = component.properties(&ICalendarProperty::Attendee);
    Some(Answerable {
        organizer,
        attendees: attendees.filter_map(address).collect(),
        key,
        repeated,
        zones: zones(calendar, &zone_names),
    })
}

fn uid_of(component: &ICalendarComponent) -> Option<&str> {
    let entry = component.property(&ICalendarProperty::Uid)?;
    let [ICalendarValue::Text(uid)] = entry.values.as_slice() else {
        return None;
    };
    let is_written = !uid.trim().is_empty() && uid.len() <= UID_BYTES;
    (is_written && !uid.contains(char::is_control)).then_some(uid)
}

/// Returns the address of a property whose value is a `mailto:` URI (RFC 6068) of one address.
fn address(entry: &ICalendarEntry) -> Option<Address> {
    let (ICalendarValue::Uri(Uri::Location(uri)) | ICalendarValue::Text(uri)) =
        entry.values.first()?
    else {
        return None;
    };
    let (scheme, rest) = uri.trim().split_once(':')?;
    if !scheme.eq_ignore_ascii_case("mailto") {
        return None;
    }
    let written = rest.split('?').next()?;
    let written = percent_decode_str(written).decode_utf8().ok()?;
    Address::parse(&written).ok()
}

fn calendar_address(address: &Address) -> ICalendarValue {
    let address = utf8_percent_encode(address.as_str(), MAILTO);
    ICalendarValue::Uri(Uri::Location(format!("mailto:{address}")))
}

/// Returns a name as CN. A quote would end the parameter (RFC 5545 §3.2), and calcard escapes a
/// backslash.
fn name_param(name: &str) -> Option<ICalendarParameter> {
    let name = EmailAddress::new(display::prefix(name, NAME_BYTES), "").name;
    let name: String = name.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
    let name = ICalendarParameterValue::Text(name.trim().to_owned());
    (name != ICalendarParameterValue::Text(String::new()))
        .then(|| param(ICalendarParameterName::Cn, name))
}

/// Returns a date or time with the parameters that it needs, and notes the zone that it names.
/// `None` if it is no date, or names a zone that cannot be a parameter.
fn time(written: &ICalendarEntry, zone_names: &mut Vec<String>) -> Option<ICalendarEntry> {
    let [ICalendarValue::PartialDateTime(value)] = written.values.as_slice() else {
        return None;
    };
    if !value.has_date() {
        return None;
    }
    let mut params = Vec::new();
    if !value.has_time() {
        let date = ICalendarParameterValue::Value(ICalendarValueType::Date);
        params.push(param(ICalendarParameterName::Value, date));
    } else if let Some(zone) = written.tz_id().filter(|_| !value.has_zone()) {
        let is_hostile = |c: char| c.is_control() || matches!(c, '"' | '\\');
        if zone.contains(is_hostile) || zone.len() > NAME_BYTES {
            return None;
        }
        zone_names.push(zone.to_owned());
        let zone = ICalendarParameterValue::Text(zone.to_owned());
        params.push(param(ICalendarParameterName::Tzid, zone));
    }
    let range = ICalendarParameterValue::Bool(true);
    if written.parameter(&ICalendarParameterName::Range) == Some(&range) {
        params.push(param(ICalendarParameterName::Range, range));
    }
    let value = ICalendarValue::PartialDateTime(value.clone());
    Some(entry(written.name.clone(), params, value))
}

/// Returns the zones with these names that a calendar defines.
fn zones(calendar: &ICalendar, names: &[String]) -> Vec<Zone> {
    let is_zone = |component: &&ICalendarComponent| {
        component.component_type == ICalendarComponentType::VTimezone
    };
    let mut zones = Vec::new();
    let mut copied: Vec<&str> = Vec::new();
    for zone in calendar.components.iter().filter(is_zone) {
        let id = zone.property(&ICalendarProperty::Tzid);
        let id = id.and_then(|id| id.values.first()?.as_text());
        let Some(id) = id.filter(|id| names.iter().any(|name| name == id)) else {
            continue;
        };
        let inner = zone.component_ids.iter();
        let observances: Vec<_> = inner
            .filter_map(|inner| observance(calendar.component_by_id(*inner)?))
            .take(OBSERVANCES_MAX)
            .collect();
        if observances.is_empty() || copied.contains(&id) {
            continue;
        }
        copied.push(id);
        let id = ICalendarValue::Text(id.to_owned());
        let id = entry(ICalendarProperty::Tzid, Vec::new(), id);
        zones.push(Zone {
            component: component(ICalendarComponentType::VTimezone, vec![id]),
            observances,
        });
    }
    zones
}

/// Returns an observance of a zone with the first of each of its properties, without parameters.
fn observance(written: &ICalendarComponent) -> Option<ICalendarComponent> {
    let is_observance = matches!(
        written.component_type,
        ICalendarComponentType::Standard | ICalendarComponentType::Daylight
    );
    let copied = OBSERVANCE.iter().filter_map(|name| {
        let property = written.property(name)?;
        let is_readable = property.values.iter().all(|value| match name {
            ICalendarProperty::Rrule => matches!(value, ICalendarValue::RecurrenceRule(_)),
            _ => matches!(value, ICalendarValue::PartialDateTime(_)),
        });
        is_readable.then(|| ICalendarEntry {
            name: name.clone(),
            params: Vec::new(),
            values: property.values.clone(),
        })
    });
    is_observance.then(|| component(written.component_type.clone(), copied.collect()))
}

fn component(
    component_type: ICalendarComponentType,
    entries: Vec<ICalendarEntry>,
) -> ICalendarComponent {
    ICalendarComponent {
        component_type,
        entries,
        component_ids: Vec::new(),
    }
}

/// Adds a component and returns its index.
fn push(components: &mut Vec<ICalendarComponent>, component: ICalendarComponent) -> u32 {
    let index = u32::try_from(components.len()).unwrap_or_default();
    components.push(component);
    index
}

fn entry(
    name: ICalendarProperty,
    params: Vec<ICalendarParameter>,
    value: ICalendarValue,
) -> ICalendarEntry {
    ICalendarEntry {
        name,
        params,
        values: vec![value],
    }
}

fn param(name: ICalendarParameterName, value: ICalendarParameterValue) -> ICalendarParameter {
    ICalendarParameter { name, value }
}
