//! Reads one VEVENT component.

use calcard::icalendar::{
    ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationRole, ICalendarParticipationStatus, ICalendarProperty, ICalendarStatus,
    ICalendarValue, Uri,
};
use percent_encoding::percent_decode_str;

use super::zones::Zones;
use super::{ATTENDEES_MAX, Attendee, Event, EventStatus, Participation, Role, When, recurrence};
use crate::{EmailAddress, display};

/// Maximum length of a text of one line, in bytes.
const LINE_BYTES: usize = 1_000;
/// Maximum length of a text of several lines, in bytes.
const TEXT_BYTES: usize = 16 << 10;
/// Maximum length of a URL, in bytes.
const URL_BYTES: usize = 2_000;

/// Reads an event. Returns also whether something was left out because of the limits.
pub(super) fn read(component: &ICalendarComponent, zones: &Zones<'_>) -> (Event, bool) {
    let mut is_cut = false;
    let property = |name| component.property(&name);
    let mut text = |name, max_bytes| {
        let text = property(name).and_then(|entry| entry.values.first()?.as_text());
        let text = text.unwrap_or_default();
        let short = display::prefix(text, max_bytes);
        is_cut |= short.len() < text.len();
        short.to_owned()
    };
    let uid = display::line(text(ICalendarProperty::Uid, LINE_BYTES).trim());
    let summary = display::line(text(ICalendarProperty::Summary, LINE_BYTES).trim());
    let location = display::line(text(ICalendarProperty::Location, LINE_BYTES).trim());
    let description = display::lines(&text(ICalendarProperty::Description, TEXT_BYTES));
    let comment = display::lines(&text(ICalendarProperty::Comment, TEXT_BYTES));
    let mut attendees: Vec<Attendee> = component
        .properties(&ICalendarProperty::Attendee)
        .take(ATTENDEES_MAX + 1)
        .map(attendee)
        .collect();
    is_cut |= attendees.len() > ATTENDEES_MAX;
    attendees.truncate(ATTENDEES_MAX);

    let start = property(ICalendarProperty::Dtstart);
    let starts = start.and_then(|entry| zones.when(entry));
    let recurrence_id = property(ICalendarProperty::RecurrenceId);
    let event = Event {
        uid,
        sequence: property(ICalendarProperty::Sequence)
            .and_then(|entry| entry.values.first()?.as_integer())
            .and_then(|sequence| u32::try_from(sequence).ok())
            .unwrap_or_default(),
        summary,
        description,
        comment,
        location,
        url: property(ICalendarProperty::Url).and_then(url),
        ends: ends(component, zones).filter(|end| is_after(starts.as_ref(), end)),
        organizer: property(ICalendarProperty::Organizer).map(attendee),
        attendees,
        recurrence: recurrence::read(component, |rule| {
            zones.when_of(rule.until.as_ref()?, start.and_then(ICalendarEntry::tz_id))
        }),
        status: match component.status() {
            Some(ICalendarStatus::Tentative) => EventStatus::Tentative,
            Some(ICalendarStatus::Cancelled) => EventStatus::Cancelled,
            _ => EventStatus::Confirmed,
        },
        is_recurring_exception: recurrence_id.is_some(),
        recurrence_id: recurrence_id.and_then(|entry| zones.when(entry)),
        starts,
    };
    (event, is_cut)
}

/// Returns the end by DTEND, DURATION, or the rule that a day lasts a day (RFC 5545 §3.6.1).
fn ends(component: &ICalendarComponent, zones: &Zones<'_>) -> Option<When> {
    if let Some(entry) = component.property(&ICalendarProperty::Dtend) {
        return zones.when(entry);
    }
    let start = component.property(&ICalendarProperty::Dtstart)?;
    if let Some(entry) = component.property(&ICalendarProperty::Duration)
        && let Some(ICalendarValue::Duration(duration)) = entry.values.first()
    {
        return zones.end_after(start, duration);
    }
    match zones.when(start)? {
        When::AllDay(date) => date.tomorrow().ok().map(When::AllDay),
        _ => None,
    }
}

fn is_after(starts: Option<&When>, end: &When) -> bool {
    match (starts, end) {
        (Some(When::AllDay(start)), When::AllDay(end)) => start < end,
        (Some(When::Instant { at: start, .. }), When::Instant { at: end, .. }) => start < end,
        (Some(When::Floating { local: start, .. }), When::Floating { local: end, .. }) => {
            start < end
        }
        _ => true,
    }
}

/// Returns a URL that a browser opens as a page.
fn url(entry: &ICalendarEntry) -> Option<String> {
    let written = entry.values.first()?.as_text()?.trim();
    let (scheme, rest) = written.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_allowed = matches!(scheme.as_str(), "http" | "https")
        && !rest.starts_with(['/', '?', '#'])
        && !rest.is_empty()
        && written.len() <= URL_BYTES
        && !rest.contains(|c: char| c.is_whitespace() || display::is_hidden(c));
    is_allowed.then(|| format!("{scheme}://{rest}"))
}

fn attendee(entry: &ICalendarEntry) -> Attendee {
    let parameter = |name| entry.parameter(&name);
    let name = parameter(ICalendarParameterName::Cn).and_then(ICalendarParameterValue::as_text);
    let name = display::prefix(name.unwrap_or_default(), LINE_BYTES);
    let uri = match entry.values.first() {
        Some(ICalendarValue::Uri(Uri::Location(uri)) | ICalendarValue::Text(uri)) => uri,
        _ => "",
    };
    // RFC 7986 §6.2: the address of an attendee whose URI is not one.
    let email = parameter(ICalendarParameterName::Email).and_then(ICalendarParameterValue::as_text);
    let address = mailto_address(uri).or_else(|| email.map(str::to_owned));
    let address = address.unwrap_or_default();
    Attendee {
        address: EmailAddress::new(name, display::prefix(&address, LINE_BYTES)),
        role: match parameter(ICalendarParameterName::Role) {
            Some(ICalendarParameterValue::Role(role)) => match role {
                ICalendarParticipationRole::Chair | ICalendarParticipationRole::Owner => {
                    Role::Chair
                }
                ICalendarParticipationRole::ReqParticipant => Role::Required,
                ICalendarParticipationRole::OptParticipant => Role::Optional,
                ICalendarParticipationRole::NonParticipant => Role::NonParticipant,
            },
            // RFC 5545 §3.2.16: an unknown role is the default.
            _ => Role::Required,
        },
        participation: match parameter(ICalendarParameterName::Partstat) {
            Some(ICalendarParameterValue::Partstat(status)) => match status {
                ICalendarParticipationStatus::NeedsAction => Participation::NeedsAction,
                ICalendarParticipationStatus::Accepted => Participation::Accepted,
                ICalendarParticipationStatus::Declined => Participation::Declined,
                ICalendarParticipationStatus::Tentative => Participation::Tentative,
                ICalendarParticipationStatus::Delegated => Participation::Delegated,
                ICalendarParticipationStatus::Completed
                | ICalendarParticipationStatus::InProcess
                | ICalendarParticipationStatus::Failed => Participation::Other,
            },
            None => Participation::NeedsAction,
            Some(_) => Participation::Other,
        },
        is_reply_requested: parameter(ICalendarParameterName::Rsvp)
            .and_then(ICalendarParameterValue::as_bool)
            .unwrap_or_default(),
    }
}

/// Returns the address of a `mailto:` URI (RFC 6068), or of an address written without a scheme.
fn mailto_address(uri: &str) -> Option<String> {
    let uri = uri.trim();
    let address = match uri.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => {
            let address = rest.split('?').next().unwrap_or_default();
            percent_decode_str(address).decode_utf8_lossy().into_owned()
        }
        None if uri.contains('@') => uri.to_owned(),
        _ => return None,
    };
    let address = address.trim();
    (!address.is_empty()).then(|| address.to_owned())
}
