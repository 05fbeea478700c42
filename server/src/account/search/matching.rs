//! Compares a list row with the conditions of a search, for servers that cannot.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use mail_mime::address::EmailAddress;

use crate::domain::{Row, SearchTerm};

/// Whether a row meets all conditions, as far as a row can tell: words are compared with subject and
/// addresses, and a condition on the text of a message is not met.
pub(in crate::account) fn row_matches(row: &Row, terms: &[SearchTerm]) -> bool {
    terms.iter().all(|term| meets(row, term) == Some(true))
}

/// Whether a row meets a condition; `None` if it cannot tell.
fn meets(row: &Row, term: &SearchTerm) -> Option<bool> {
    Some(match term {
        SearchTerm::Words(text) => {
            contains_ignoring_case(&row.subject, text)
                || has_address(&row.from, text)
                || has_address(&row.to, text)
        }
        SearchTerm::From(text) => has_address(&row.from, text),
        SearchTerm::To(text) => has_address(&row.to, text),
        SearchTerm::Subject(text) => contains_ignoring_case(&row.subject, text),
        SearchTerm::Cc(_) | SearchTerm::Body(_) | SearchTerm::FileName(_) => return None,
        SearchTerm::HasAttachment => row.has_attachment,
        SearchTerm::Unread => !row.marks.is_seen,
        SearchTerm::Starred => row.marks.is_starred,
        SearchTerm::Answered => row.marks.is_answered,
        SearchTerm::Since(day) => arrived(row)? >= *day,
        SearchTerm::Before(day) => arrived(row)? < *day,
        SearchTerm::LargerBytes(bytes) => row.size_bytes > *bytes,
        SearchTerm::SmallerBytes(bytes) => row.size_bytes < *bytes,
        SearchTerm::Not(term) => !meets(row, term)?,
    })
}

/// Whether a text contains another, in any case of its letters.
pub(in crate::account) fn contains_ignoring_case(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

fn has_address(addresses: &[EmailAddress], wanted: &str) -> bool {
    addresses.iter().any(|entry| {
        contains_ignoring_case(&entry.name, wanted)
            || contains_ignoring_case(&entry.address, wanted)
    })
}

/// The day on which a message arrived, in UTC.
fn arrived(row: &Row) -> Option<Date> {
    let at = Timestamp::from_millisecond(row.date_unix_ms?).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Marks;

    fn row() -> Row {
        Row {
            from: vec![EmailAddress::new("Émile Zola", "emile@restante.test")],
            to: vec![EmailAddress::new("", "ann@restante.test")],
            subject: "第四季度预算".into(),
            // 2026-03-05T12:00Z
            date_unix_ms: Some(1_772_712_000_000),
            size_bytes: 1_000,
            marks: Marks {
                is_starred: true,
                ..Marks::default()
            },
            has_attachment: true,
            ..Row::default()
        }
    }

    fn matches(term: SearchTerm) -> bool {
        row_matches(&row(), &[term])
    }

    #[test]
    fn letters_are_compared_in_any_case_and_script() {
        assert!(matches(SearchTerm::From("éMILE".into())));
        assert!(matches(SearchTerm::Words("季度".into())));
        assert!(matches(SearchTerm::Words("ANN@".into())));
        assert!(!matches(SearchTerm::Subject("ann".into())));
        assert!(!matches(SearchTerm::Not(Box::new(SearchTerm::To(
            "ann".into()
        )))));
    }

    #[test]
    fn marks_dates_and_sizes_are_compared() {
        let date = jiff::civil::date;
        for (term, is_met) in [
            (SearchTerm::Unread, true),
            (SearchTerm::Answered, false),
            (SearchTerm::Starred, true),
            (SearchTerm::HasAttachment, true),
            (SearchTerm::Since(date(2026, 3, 5)), true),
            (SearchTerm::Since(date(2026, 3, 6)), false),
            (SearchTerm::Before(date(2026, 3, 5)), false),
            (SearchTerm::Before(date(2026, 3, 6)), true),
            (SearchTerm::LargerBytes(1_000), false),
            (SearchTerm::SmallerBytes(1_001), true),
        ] {
            assert_eq!(matches(term.clone()), is_met, "{term:?}");
            assert_eq!(matches(SearchTerm::Not(Box::new(term))), !is_met);
        }
    }

    #[test]
    fn what_a_row_cannot_tell_is_no_match_either_way() {
        let unknown = SearchTerm::Body("x".into());
        assert!(!matches(unknown.clone()));
        assert!(!matches(SearchTerm::Not(Box::new(unknown))));
    }
}
