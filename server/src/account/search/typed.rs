//! Reads a typed search: words, quoted phrases and operators such as `from:ann`.
//!
//! ```text
//! from:ann subject:"trip to Rome" -has:attachment after:2026-01 larger:2M in:archive rome
//! ```
//!
//! What looks like an operator and is none is a word. Nothing typed is refused because of its
//! characters; control characters separate words.

use jiff::civil::Date;

use crate::domain::SearchTerm;

/// Maximum length of a typed search, in bytes.
const TYPED_MAX_BYTES: usize = 16 << 10;
/// Maximum number of conditions.
const TERMS_MAX: usize = 32;
/// Maximum length of a quoted piece in an error, in characters.
const PIECE_MAX_CHARS: usize = 40;

/// A search as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TypedSearch {
    /// The conditions on messages.
    pub(crate) terms: Vec<SearchTerm>,
    /// `in:`: names or roles of folders, of which one must fit.
    pub(crate) folders: Vec<String>,
    /// `account:`: parts of addresses, of which one must fit.
    pub(crate) accounts: Vec<String>,
    /// `in:anywhere`: also junk and deleted messages.
    pub(crate) is_anywhere: bool,
}

/// Why a typed search is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSearch {
    /// It has no condition.
    Empty,
    /// It is too long.
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// It has too many conditions.
    TooManyTerms {
        /// The limit.
        max: usize,
    },
    /// The value of `after:` or `before:` is no date.
    Date {
        /// The value.
        text: String,
    },
    /// The value of `larger:` or `smaller:` is no size.
    Size {
        /// The value.
        text: String,
    },
    /// The value of `is:` or `has:` is unknown.
    Property {
        /// The operator and its value.
        text: String,
    },
}

impl TypedSearch {
    /// Reads a typed text. `today` is the day of the request, for `after:7d`.
    ///
    /// # Errors
    /// [`InvalidSearch`]: the first problem.
    pub(crate) fn read(typed: &str, today: Date) -> Result<Self, InvalidSearch> {
        if typed.len() > TYPED_MAX_BYTES {
            return Err(InvalidSearch::TooLong {
                max: TYPED_MAX_BYTES,
            });
        }
        let mut search = Self::default();
        for piece in pieces(typed) {
            search.add(piece, today)?;
        }
        let count = search.terms.len() + search.folders.len() + search.accounts.len();
        match count {
            0 => Err(InvalidSearch::Empty),
            1..=TERMS_MAX => Ok(search),
            _ => Err(InvalidSearch::TooManyTerms { max: TERMS_MAX }),
        }
    }

    fn add(&mut self, piece: Piece, today: Date) -> Result<(), InvalidSearch> {
        let Piece {
            is_excluded,
            operator,
            value,
        } = piece;
        if value.is_empty() {
            return Ok(());
        }
        let property = |name: &str, value: &str| InvalidSearch::Property {
            text: shortened(&format!("{name}:{value}")),
        };
        let term = match operator {
            None => SearchTerm::Words(value),
            Some(Operator::From) => SearchTerm::From(value),
            Some(Operator::To) => SearchTerm::To(value),
            Some(Operator::Cc) => SearchTerm::Cc(value),
            Some(Operator::Subject) => SearchTerm::Subject(value),
            Some(Operator::Body) => SearchTerm::Body(value),
            Some(Operator::FileName) => SearchTerm::FileName(value),
            Some(Operator::Has) => match value.to_lowercase().as_str() {
                "attachment" | "attachments" | "file" | "附件" => SearchTerm::HasAttachment,
                _ => return Err(property("has", &value)),
            },
            Some(Operator::Is) => match value.to_lowercase().as_str() {
                "unread" | "未读" => SearchTerm::Unread,
                "read" | "seen" | "已读" => SearchTerm::Not(Box::new(SearchTerm::Unread)),
                "starred" | "flagged" | "星标" => SearchTerm::Starred,
                "answered" | "replied" | "已回复" => SearchTerm::Answered,
                _ => return Err(property("is", &value)),
            },
            Some(Operator::After) => SearchTerm::Since(date(&value, today)?),
            Some(Operator::Before) => SearchTerm::Before(date(&value, today)?),
            Some(Operator::Larger) => SearchTerm::LargerBytes(size_bytes(&value)?),
            Some(Operator::Smaller) => SearchTerm::SmallerBytes(size_bytes(&value)?),
            Some(Operator::In) => {
                match value.to_lowercase().as_str() {
                    "anywhere" | "everywhere" => self.is_anywhere = true,
                    _ => self.folders.push(value),
                }
                return Ok(());
            }
            Some(Operator::Account) => {
                self.accounts.push(value);
                return Ok(());
            }
        };
        self.terms.push(match is_excluded {
            true => SearchTerm::Not(Box::new(term)),
            false => term,
        });
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    From,
    To,
    Cc,
    Subject,
    Body,
    FileName,
    Has,
    Is,
    After,
    Before,
    Larger,
    Smaller,
    In,
    Account,
}

impl Operator {
    fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "from" => Self::From,
            "to" => Self::To,
            "cc" => Self::Cc,
            "subject" => Self::Subject,
            "body" | "text" => Self::Body,
            "filename" => Self::FileName,
            "has" => Self::Has,
            "is" => Self::Is,
            "after" | "since" => Self::After,
            "before" => Self::Before,
            "larger" => Self::Larger,
            "smaller" => Self::Smaller,
            "in" | "folder" => Self::In,
            "account" => Self::Account,
            _ => return None,
        })
    }
}

/// One condition as typed: `-from:"a b"`.
struct Piece {
    is_excluded: bool,
    operator: Option<Operator>,
    value: String,
}

/// Splits a typed text at spaces outside of quotes.
fn pieces(typed: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = typed.trim_start_matches(is_space);
    while !rest.is_empty() {
        let mut is_excluded = false;
        if let Some(excluded) = rest.strip_prefix('-')
            && !excluded.is_empty()
            && !excluded.starts_with(is_space)
        {
            is_excluded = true;
            rest = excluded;
        }
        let mut operator = None;
        let end = rest.find(is_space).unwrap_or(rest.len());
        if let (head, _) = rest.split_at(end)
            && let Some((word, value)) = head.split_once([':', '：'])
            && let Some(known) = Operator::of_word(word)
        {
            operator = Some(known);
            rest = rest.get(end - value.len()..).unwrap_or_default();
        }
        let (value, after) = value(rest);
        pieces.push(Piece {
            is_excluded,
            operator,
            value,
        });
        rest = after.trim_start_matches(is_space);
    }
    pieces
}

/// Takes a word or a quoted phrase; a quote that does not end goes to the end of the text.
fn value(text: &str) -> (String, &str) {
    let quotes = [('"', '"'), ('“', '”')];
    for (open, close) in quotes {
        if let Some(quoted) = text.strip_prefix(open) {
            let (phrase, after) = quoted.split_once(close).unwrap_or((quoted, ""));
            return (one_line(phrase), after);
        }
    }
    let end = text.find(is_space).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    (word.to_owned(), after)
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Replaces every run of spaces and control characters by one space.
fn one_line(text: &str) -> String {
    let words = text.split(is_space).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    text.chars().take(PIECE_MAX_CHARS).collect()
}

/// Reads `2026-01-31`, `2026-01`, `2026`, also with `/` or `.`, or `7d`, `2w`, `3m`, `1y`: that long
/// before today.
fn date(text: &str, today: Date) -> Result<Date, InvalidSearch> {
    absolute_date(text)
        .or_else(|| date_before(text, today))
        .ok_or_else(|| InvalidSearch::Date {
            text: shortened(text),
        })
}

fn absolute_date(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '/', '.']);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let mut small = || match parts.next() {
        Some(part) => part.parse::<i8>().ok(),
        None => Some(1),
    };
    let (month, day) = (small()?, small()?);
    if parts.next().is_some() {
        return None;
    }
    // IMAP has no dates before year 0.
    Date::new(year.parse::<u16>().ok()?.try_into().ok()?, month, day).ok()
}

fn date_before(text: &str, today: Date) -> Option<Date> {
    let unit = text.chars().next_back()?;
    let count: i32 = text
        .strip_suffix(unit)?
        .parse()
        .ok()
        .filter(|n| (0..=10_000).contains(n))?;
    let span = jiff::Span::new();
    let span = match unit.to_ascii_lowercase() {
        'd' => span.try_days(count),
        'w' => span.try_weeks(count),
        'm' => span.try_months(count),
        'y' => span.try_years(count),
        _ => return None,
    };
    let date = today.checked_sub(span.ok()?).ok()?;
    (date.year() >= 1).then_some(date)
}

/// Reads `500`, `20k`, `1.5M`, `1G`, also with `B` behind it.
fn size_bytes(text: &str) -> Result<u64, InvalidSearch> {
    let invalid = || InvalidSearch::Size {
        text: shortened(text),
    };
    let lower = text.to_ascii_lowercase();
    let number = lower.strip_suffix('b').unwrap_or(&lower);
    let (number, unit_bytes) = match number.chars().next_back() {
        Some('k') => (number.trim_end_matches('k'), 1_u64 << 10),
        Some('m') => (number.trim_end_matches('m'), 1 << 20),
        Some('g') => (number.trim_end_matches('g'), 1 << 30),
        _ => (number, 1),
    };
    let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| {
        !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_number(whole) || tenths.len() != 1 || !is_number(tenths) {
        return Err(invalid());
    }
    let parse = |digits: &str| digits.parse::<u64>().map_err(|_| invalid());
    let tenth_bytes = parse(tenths)?.saturating_mul(unit_bytes) / 10;
    let bytes = parse(whole)?.saturating_mul(unit_bytes);
    // Larger numbers than a message can have are refused by servers with 32 bits.
    Ok(bytes.saturating_add(tenth_bytes).min(u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 30);

    fn read(typed: &str) -> TypedSearch {
        TypedSearch::read(typed, TODAY).unwrap()
    }

    fn words(text: &str) -> SearchTerm {
        SearchTerm::Words(text.to_owned())
    }

    fn day(year: i16, month: i8, day: i8) -> Date {
        jiff::civil::date(year, month, day)
    }

    #[test]
    fn operators_phrases_and_words_are_conditions() {
        let search =
            read("from:ann subject:\"trip to Rome\" -has:attachment after:2026-01 larger:2M hotel");
        assert_eq!(
            search.terms,
            [
                SearchTerm::From("ann".into()),
                SearchTerm::Subject("trip to Rome".into()),
                SearchTerm::Not(Box::new(SearchTerm::HasAttachment)),
                SearchTerm::Since(day(2026, 1, 1)),
                SearchTerm::LargerBytes(2 << 20),
                words("hotel"),
            ]
        );
    }

    #[test]
    fn places_are_no_conditions_on_messages() {
        let search = read("in:archive in:anywhere account:bob@ is:read x");
        assert_eq!(search.folders, ["archive"]);
        assert_eq!(search.accounts, ["bob@"]);
        assert!(search.is_anywhere);
        let read = SearchTerm::Not(Box::new(SearchTerm::Unread));
        assert_eq!(search.terms, [read, words("x")]);
    }

    #[test]
    fn what_is_no_operator_is_a_word() {
        for typed in [
            "http://a.test/x",
            "10:30",
            "re:plan",
            "a-b",
            "-",
            ":x",
            "a\"b",
        ] {
            assert_eq!(read(typed).terms, [words(typed)], "{typed}");
        }
    }

    #[test]
    fn chinese_marks_work_like_the_others() {
        let search = read("from：陈思远 “第四 季度” is:未读");
        assert_eq!(
            search.terms,
            [
                SearchTerm::From("陈思远".into()),
                words("第四 季度"),
                SearchTerm::Unread
            ]
        );
    }

    #[test]
    fn an_open_quote_ends_with_the_text_and_controls_separate_words() {
        assert_eq!(read("\"a  b").terms, [words("a b")]);
        assert_eq!(
            read("a\r\nb\0c \"d\r\n\0e\"").terms,
            [words("a"), words("b"), words("c"), words("d e")]
        );
    }

    #[test]
    fn days_months_years_and_spans_are_dates() {
        for (typed, expected) in [
            ("2026-01-31", day(2026, 1, 31)),
            ("2026/2", day(2026, 2, 1)),
            ("2025", day(2025, 1, 1)),
            ("7d", day(2026, 11, 23)),
            ("2w", day(2026, 11, 16)),
            ("1m", day(2026, 10, 30)),
            ("1y", day(2025, 11, 30)),
        ] {
            let terms = read(&format!("before:{typed}")).terms;
            assert_eq!(terms, [SearchTerm::Before(expected)], "{typed}");
        }
        for typed in [
            "2026-13",
            "2026-02-30",
            "yesterday",
            "99999d",
            "-5d",
            "26-1-1",
            "2026-1-1-1",
        ] {
            let text = typed.to_owned();
            assert_eq!(
                TypedSearch::read(&format!("after:{typed}"), TODAY),
                Err(InvalidSearch::Date { text })
            );
        }
    }

    #[test]
    fn sizes_have_units() {
        for (typed, bytes) in [
            ("500", 500),
            ("20k", 20 << 10),
            ("1.5MB", 3 << 19),
            ("1G", 1 << 30),
            ("999999999999G", u64::from(u32::MAX)),
        ] {
            assert_eq!(
                read(&format!("smaller:{typed}")).terms,
                [SearchTerm::SmallerBytes(bytes)],
                "{typed}"
            );
        }
        for typed in ["big", "-1", "1.55M", "M", "1e3"] {
            let text = typed.to_owned();
            assert_eq!(
                TypedSearch::read(&format!("larger:{typed}"), TODAY),
                Err(InvalidSearch::Size { text })
            );
        }
    }

    #[test]
    fn unknown_properties_empty_and_endless_searches_are_refused() {
        let refused = |typed: &str| TypedSearch::read(typed, TODAY).unwrap_err();
        assert_eq!(
            refused("is:lost"),
            InvalidSearch::Property {
                text: "is:lost".into()
            }
        );
        for typed in ["", "  ", "from:", "\"\"", "in:anywhere"] {
            assert_eq!(refused(typed), InvalidSearch::Empty, "{typed}");
        }
        assert_eq!(
            refused(&"a ".repeat(33)),
            InvalidSearch::TooManyTerms { max: TERMS_MAX }
        );
        assert!(read(&"a".repeat(10 << 10)).terms.len() == 1);
        assert_eq!(
            refused(&"a".repeat(TYPED_MAX_BYTES + 1)),
            InvalidSearch::TooLong {
                max: TYPED_MAX_BYTES
            }
        );
    }

    proptest! {
        #[test]
        fn no_condition_has_a_control_character(typed in "\\PC*|[\\x00-\\x7f]*|(from|to|-|:|\"|“| |\r\n|\0|a)*") {
            if let Ok(search) = TypedSearch::read(&typed, TODAY) {
                for term in &search.terms {
                    if let SearchTerm::Words(text)
                    | SearchTerm::From(text)
                    | SearchTerm::To(text)
                    | SearchTerm::Subject(text) = term.positive()
                    {
                        prop_assert!(!text.is_empty() && !text.contains(|c: char| c.is_control()));
                    }
                }
            }
        }
    }
}
