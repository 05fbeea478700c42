//! The search keys for the conditions of a search (RFC 9051 §6.4.4).

use mail_proto::imap::{Date, SearchKey, Text};

use crate::domain::SearchTerm;

/// The beginnings of the media types of messages that may have attachments. What matches is compared
/// with its structure.
const ATTACHMENT_TYPES: [&str; 6] = [
    "multipart/",
    "application/",
    "image/",
    "audio/",
    "video/",
    "message/",
];

/// Returns the keys that all must match. The result may contain more messages than match: those whose
/// structure decides.
pub(super) fn keys_of(terms: &[SearchTerm]) -> Vec<SearchKey> {
    terms.iter().filter_map(key_of).collect()
}

/// Returns the key of a condition; `None` if the server has none for it.
fn key_of(term: &SearchTerm) -> Option<SearchKey> {
    let text = |text: &str| Text::new(text).ok();
    Some(match term {
        SearchTerm::Words(words) => {
            let words = text(words)?;
            any_of([
                SearchKey::Subject(words.clone()),
                SearchKey::From(words.clone()),
                SearchKey::To(words.clone()),
                SearchKey::Cc(words.clone()),
                SearchKey::Body(words),
            ])?
        }
        SearchTerm::From(from) => SearchKey::From(text(from)?),
        SearchTerm::To(to) => SearchKey::To(text(to)?),
        SearchTerm::Cc(cc) => SearchKey::Cc(text(cc)?),
        SearchTerm::Subject(subject) => SearchKey::Subject(text(subject)?),
        SearchTerm::Body(body) => SearchKey::Body(text(body)?),
        SearchTerm::HasAttachment | SearchTerm::FileName(_) => {
            let field = text("Content-Type")?;
            any_of(ATTACHMENT_TYPES.into_iter().filter_map(|media_type| {
                Some(SearchKey::Header {
                    field: field.clone(),
                    text: text(media_type)?,
                })
            }))?
        }
        SearchTerm::Unread => SearchKey::Unseen,
        SearchTerm::Starred => SearchKey::Flagged,
        SearchTerm::Answered => SearchKey::Answered,
        SearchTerm::Since(day) => SearchKey::Since(date(*day)?),
        SearchTerm::Before(day) => SearchKey::Before(date(*day)?),
        SearchTerm::LargerBytes(bytes) => SearchKey::LargerBytes(*bytes),
        SearchTerm::SmallerBytes(bytes) => SearchKey::SmallerBytes(*bytes),
        // A message may match the key of an attachment and have none.
        SearchTerm::Not(term) if term.needs_structure() => return None,
        SearchTerm::Not(term) => SearchKey::Not(Box::new(key_of(term)?)),
    })
}

/// Returns the key that matches if one of these does.
fn any_of(keys: impl IntoIterator<Item = SearchKey>) -> Option<SearchKey> {
    let or = |either, key| SearchKey::Or(Box::new(either), Box::new(key));
    keys.into_iter().reduce(or)
}

fn date(day: jiff::civil::Date) -> Option<Date> {
    let small = |number: i8| u8::try_from(number).ok();
    Date::new(
        u16::try_from(day.year()).ok()?,
        small(day.month())?,
        small(day.day())?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::new(text).unwrap()
    }

    #[test]
    fn words_are_searched_in_subject_addresses_and_text() {
        let SearchKey::Or(rest, body) = key_of(&SearchTerm::Words("x".into())).unwrap() else {
            panic!("one of several keys");
        };
        assert_eq!(*body, SearchKey::Body(text("x")));
        assert!(matches!(*rest, SearchKey::Or(_, cc) if *cc == SearchKey::Cc(text("x"))));
    }

    #[test]
    fn an_attachment_is_decided_by_the_structure_so_its_absence_has_no_key() {
        let attachment = SearchTerm::HasAttachment;
        assert!(key_of(&attachment).is_some());
        assert_eq!(keys_of(&[SearchTerm::Not(Box::new(attachment))]), []);
        let unread = SearchTerm::Not(Box::new(SearchTerm::Unread));
        let seen = SearchKey::Not(Box::new(SearchKey::Unseen));
        assert_eq!(keys_of(&[unread]), [seen]);
    }

    #[test]
    fn days_are_dates_of_arrival() {
        let day = jiff::civil::date(2026, 2, 28);
        let date = Date::new(2026, 2, 28).unwrap();
        assert_eq!(
            keys_of(&[SearchTerm::Since(day), SearchTerm::Before(day)]),
            [SearchKey::Since(date), SearchKey::Before(date)]
        );
    }
}
