//! Reads a calendar part of a message (iCalendar, RFC 5545) as the data of an invitation
//! (iTIP, RFC 5546; in mail RFC 6047).
//!
//! calcard parses the properties that an invitation needs; all others, HTML descriptions
//! (`X-ALT-DESC`, `STYLED-DESCRIPTION`) and enclosed files among them, are removed before. The
//! result has texts that are safe to show as text, and typed values: it has no sentences, and no
//! recurrence is expanded.

use jiff::Timestamp;
use jiff::civil;

use crate::EmailAddress;

mod answer;
mod event;
mod lines;
mod recurrence;
mod zones;

pub use answer::{Answer, Answerable};
pub use recurrence::{Frequency, Recurrence, RecurrenceEnd, RecurrenceWeekday};

use calcard::Entry;
use calcard::Parser;
use calcard::icalendar::{ICalendar, ICalendarMethod, ICalendarProperty, ICalendarValue};
use zones::Zones;

/// Maximum length of a part, in bytes; the rest is not read.
pub const INPUT_BYTES: usize = 1 << 20;
/// Maximum number of events; later ones are left out.
pub const EVENTS_MAX: usize = 20;
/// Maximum number of attendees of an event; later ones are left out.
pub const ATTENDEES_MAX: usize = 200;

/// A calendar part.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invitation {
    /// The scheduling method.
    pub method: Method,
    /// The events: one, or a recurring one and its exceptions.
    pub events: Vec<Event>,
    /// What an answer repeats; `None` if the part is no invitation to one event, or has no organizer
    /// whom an answer could be sent to.
    pub answerable: Option<Answerable>,
    /// Whether something was left out because of the limits.
    pub is_cut: bool,
}

/// The method of a part (RFC 5546 §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Events for information, no answer is expected; also a file without a method.
    Publish,
    /// The organizer invites, or changes an invitation.
    Request,
    /// An attendee answers.
    Reply,
    /// The organizer cancels.
    Cancel,
    /// An attendee proposes a change.
    Counter,
    /// The organizer declines a proposal.
    DeclineCounter,
    /// Another method: ADD, REFRESH, or an unknown one.
    Other,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Event {
    /// The identifier that all parts about this event have. One line, may be empty.
    pub uid: String,
    /// The revision; a higher one replaces a lower one.
    pub sequence: u32,
    /// The title. One line, may be empty.
    pub summary: String,
    /// The description, with LF as line end; may be empty.
    pub description: String,
    /// A comment, such as a note that an attendee adds to the answer; may be empty.
    pub comment: String,
    /// The place. One line, may be empty.
    pub location: String,
    /// A page about the event; begins with `http://` or `https://`.
    pub url: Option<String>,
    /// The start.
    pub starts: Option<When>,
    /// The end, which is not part of the event: for a whole day the day after it. `None` if the
    /// event has no duration, or ends before it starts.
    pub ends: Option<When>,
    /// The organizer.
    pub organizer: Option<Attendee>,
    /// The attendees; in a reply the one who answers.
    pub attendees: Vec<Attendee>,
    /// How the event recurs.
    pub recurrence: Option<Recurrence>,
    /// The status.
    pub status: EventStatus,
    /// Whether this is one occurrence of a recurring event that differs from the others.
    pub is_recurring_exception: bool,
    /// The start that the occurrence would have by the recurrence.
    pub recurrence_id: Option<When>,
}

/// A point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// A day, the same date in every zone.
    AllDay(civil::Date),
    /// A moment.
    Instant {
        /// The moment.
        at: Timestamp,
        /// Seconds east of UTC of the author's clock at that moment.
        offset_seconds: i32,
        /// The author's zone.
        zone: Zone,
    },
    /// The time on a clock whose zone is not known.
    Floating {
        /// The time on that clock.
        local: civil::DateTime,
        /// The zone that the author named, if it is unknown. One line.
        zone_name: Option<String>,
    },
}

/// The zone in which a moment was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Zone {
    /// UTC, or an offset from it.
    Utc,
    /// A zone of the IANA database, such as `Asia/Shanghai`. Names that Windows uses are translated.
    Iana(String),
    /// A zone that the part defines, with the author's name for it. One line.
    Custom(String),
}

/// A person, group or room that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attendee {
    /// Name and address; either may be empty.
    pub address: EmailAddress,
    /// The role.
    pub role: Role,
    /// The answer.
    pub participation: Participation,
    /// Whether an answer is asked for.
    pub is_reply_requested: bool,
}

/// The role of an attendee (RFC 5545 §3.2.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Role {
    /// Chairs the event.
    Chair,
    /// Must come; also the default.
    #[default]
    Required,
    /// May come.
    Optional,
    /// Receives a copy for information.
    NonParticipant,
}

/// The answer of an attendee (RFC 5545 §3.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Participation {
    /// No answer yet; also the default.
    #[default]
    NeedsAction,
    /// Will come.
    Accepted,
    /// Will not come.
    Declined,
    /// May come.
    Tentative,
    /// Named another person to come instead.
    Delegated,
    /// An answer of tasks, or an unknown one.
    Other,
}

/// The status of an event (RFC 5545 §3.8.1.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EventStatus {
    /// Takes place; also the default.
    #[default]
    Confirmed,
    /// May take place.
    Tentative,
    /// Does not take place.
    Cancelled,
}

/// Parses the decoded text of a part. `method_param` is the parameter `method` of its Content-Type;
/// the METHOD in the text counts before it.
///
/// Returns `None` if the text has no calendar. Damaged lines are skipped. calcard is trusted less
/// than own code: run this under `catch_unwind`, off the async threads.
pub fn parse(text: &str, method_param: Option<&str>) -> Option<Invitation> {
    let selected = lines::select(text);
    let mut is_cut = selected.is_cut;
    let mut parser = Parser::new(&selected.text);
    let mut method = None;
    let mut events = Vec::new();
    // The only calendar of the part.
    let mut only = None;
    let mut is_calendar = false;
    loop {
        let calendar = match parser.entry() {
            Entry::ICalendar(calendar) => calendar,
            Entry::Eof => break,
            _ => continue,
        };
        let is_first = !is_calendar;
        is_calendar = true;
        method = method.or_else(|| written_method(&calendar));
        let zones = Zones::of(&calendar);
        let components = calendar.components.iter();
        for component in components.filter(|component| component.component_type.is_event()) {
            if events.len() == EVENTS_MAX {
                is_cut = true;
                break;
            }
            let (event, is_event_cut) = event::read(component, &zones);
            is_cut |= is_event_cut;
            events.push(event);
        }
        drop(zones);
        only = is_first.then_some(calendar);
    }
    let method = method
        .or_else(|| method_param.map(named_method))
        .unwrap_or(Method::Publish);
    let request = only.filter(|_| method == Method::Request);
    is_calendar.then(|| Invitation {
        method,
        answerable: request.and_then(|calendar| answer::answerable(&calendar, &events)),
        events,
        is_cut,
    })
}

fn written_method(calendar: &ICalendar) -> Option<Method> {
    let root = calendar.components.first()?;
    let entry = root.property(&ICalendarProperty::Method)?;
    Some(match entry.values.first()? {
        ICalendarValue::Method(method) => match method {
            ICalendarMethod::Publish => Method::Publish,
            ICalendarMethod::Request => Method::Request,
            ICalendarMethod::Reply => Method::Reply,
            ICalendarMethod::Cancel => Method::Cancel,
            ICalendarMethod::Counter => Method::Counter,
            ICalendarMethod::Declinecounter => Method::DeclineCounter,
            ICalendarMethod::Add | ICalendarMethod::Refresh => Method::Other,
        },
        _ => Method::Other,
    })
}

fn named_method(name: &str) -> Method {
    match name.trim().to_ascii_uppercase().as_str() {
        "PUBLISH" => Method::Publish,
        "REQUEST" => Method::Request,
        "REPLY" => Method::Reply,
        "CANCEL" => Method::Cancel,
        "COUNTER" => Method::Counter,
        "DECLINECOUNTER" => Method::DeclineCounter,
        _ => Method::Other,
    }
}

#[cfg(test)]
mod tests;
