//! Media queries: parsed to tokens and written with known features only.

use cssparser::{Delimiter, ParseError, Parser, Token};

use super::super::Scheme;
use super::{SIZE_MAX, write};

/// The error of a query that is not allowed: it alone is dropped from its list.
type Refused = ParseError<()>;

/// Maximum number of queries of a list.
const QUERIES_MAX: usize = 20;

/// Kinds of features. There is none of the height: the frame is as high as its content, so that
/// each would change the other.
const FEATURES: [(&str, Kind); 14] = [
    ("-webkit-max-device-pixel-ratio", Kind::Number),
    ("-webkit-min-device-pixel-ratio", Kind::Number),
    ("device-width", Kind::Length),
    ("max-device-width", Kind::Length),
    ("max-resolution", Kind::Resolution),
    ("max-width", Kind::Length),
    ("min-device-width", Kind::Length),
    ("min-resolution", Kind::Resolution),
    ("min-width", Kind::Length),
    ("orientation", Kind::Word),
    ("prefers-color-scheme", Kind::Word),
    ("prefers-contrast", Kind::Word),
    ("prefers-reduced-motion", Kind::Word),
    ("width", Kind::Length),
];

#[derive(Clone, Copy)]
enum Kind {
    Length,
    Number,
    Resolution,
    Word,
}

/// A list of media queries.
pub(super) struct Media {
    /// The queries as they are written.
    pub(super) text: String,
    /// Whether a query asks for the dark scheme.
    pub(super) is_dark: bool,
}

/// Parses a list of media queries; `None` if it holds none that may match.
///
/// Where the scheme is fixed, the preference of the browser is not asked: queries for the other
/// scheme are dropped, and those for this one match.
pub(super) fn parse_list(input: &mut Parser<'_>, scheme: Scheme) -> Option<Media> {
    let mut media = Media {
        text: String::new(),
        is_dark: false,
    };
    if input.is_exhausted() {
        media.text.push_str("all");
        return Some(media);
    }
    for _ in 0..QUERIES_MAX {
        let query = input.parse_until_before(Delimiter::Comma, Query::parse);
        if let Ok(query) = query {
            query.push(scheme, &mut media);
        }
        if input.next().is_err() {
            break;
        }
    }
    while input.next().is_ok() {}
    (!media.text.is_empty()).then_some(media)
}

#[derive(Default)]
struct Query {
    /// `not` or `only`, and a space.
    modifier: &'static str,
    /// The type of media.
    kind: Option<&'static str>,
    /// Features but that of the scheme, as they are written.
    features: Vec<String>,
    /// The value of `prefers-color-scheme`.
    scheme: Option<Scheme>,
}

impl Query {
    fn parse(input: &mut Parser<'_>) -> Result<Self, Refused> {
        let mut query = Self::default();
        let mut expects_and = false;
        while let Ok(token) = input.next() {
            match token {
                Token::Ident(word) if expects_and => {
                    check(word.eq_ignore_ascii_case("and"))?;
                    expects_and = false;
                    continue;
                }
                Token::Ident(word) if query.kind.is_none() && query.is_empty() => {
                    if query.modifier.is_empty() && word.eq_ignore_ascii_case("only") {
                        query.modifier = "only ";
                        continue;
                    }
                    if query.modifier.is_empty() && word.eq_ignore_ascii_case("not") {
                        query.modifier = "not ";
                        continue;
                    }
                    let mut kinds = ["all", "print", "screen"].into_iter();
                    query.kind = kinds.find(|kind| word.eq_ignore_ascii_case(kind));
                    check(query.kind.is_some())?;
                }
                Token::ParenthesisBlock if !expects_and => {
                    check(query.kind.is_some() || query.modifier.is_empty())?;
                    input.parse_nested_block(|input| query.feature(input))?;
                }
                _ => return Err(refused()),
            }
            expects_and = true;
        }
        check(expects_and)?;
        Ok(query)
    }

    fn is_empty(&self) -> bool {
        self.features.is_empty() && self.scheme.is_none()
    }

    fn feature(&mut self, input: &mut Parser<'_>) -> Result<(), Refused> {
        let name = input.expect_ident()?;
        let feature = FEATURES
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name));
        let (name, kind) = *feature.ok_or_else(refused)?;
        input.expect_colon()?;
        let mut out = String::new();
        out.extend(["(", name, ":"]);
        let token = input.next()?;
        match (kind, token) {
            (Kind::Word, Token::Ident(word)) if name == "prefers-color-scheme" => {
                let is_dark = word.eq_ignore_ascii_case("dark");
                check(self.scheme.is_none() && (is_dark || word.eq_ignore_ascii_case("light")))?;
                let scheme = if is_dark { Scheme::Dark } else { Scheme::Light };
                self.scheme = Some(scheme);
                return Ok(());
            }
            (Kind::Word, Token::Ident(word)) => check(write::word(&mut out, word))?,
            (Kind::Number, &Token::Number { value, .. }) => push_number(&mut out, value)?,
            (Kind::Length, &Token::Number { value: 0.0, .. }) => out.push('0'),
            (kind, Token::Dimension { value, unit, .. }) => {
                let units: &[&str] = match kind {
                    Kind::Length => &["px", "em", "rem", "pt", "in", "cm"],
                    Kind::Resolution => &["dppx", "dpi", "x"],
                    Kind::Number | Kind::Word => &[],
                };
                let unit = units.iter().find(|other| other.eq_ignore_ascii_case(unit));
                push_number(&mut out, *value)?;
                out.push_str(unit.ok_or_else(refused)?);
            }
            _ => return Err(refused()),
        }
        out.push(')');
        self.features.push(out);
        Ok(())
    }

    /// Appends the query as it applies to a document of the scheme.
    fn push(&self, scheme: Scheme, media: &mut Media) {
        media.is_dark |= self.scheme == Some(Scheme::Dark) && scheme != Scheme::Light;
        match (self.scheme, scheme) {
            (None, _) => self.push_with(None, media),
            (asked, Scheme::System) => self.push_with(asked, media),
            // The opposite of a condition that is not asked.
            _ if self.modifier == "not " => {}
            (Some(Scheme::Light), Scheme::Light) => self.push_with(None, media),
            (Some(Scheme::Dark), Scheme::Dark) => {
                self.push_with(None, media);
                // Marks the rule as one for the dark scheme, for the next pass.
                self.push_with(self.scheme, media);
            }
            _ => {}
        }
    }

    fn push_with(&self, scheme: Option<Scheme>, media: &mut Media) {
        let before = media.text.len();
        if before > 0 {
            media.text.push(',');
        }
        let start = media.text.len();
        media.text.push_str(self.modifier);
        let scheme = scheme.map(|scheme| match scheme {
            Scheme::Dark => "(prefers-color-scheme:dark)",
            _ => "(prefers-color-scheme:light)",
        });
        let features = self.features.iter().map(String::as_str).chain(scheme);
        let mut separator = "";
        for part in self.kind.into_iter().chain(features) {
            media.text.extend([separator, part]);
            separator = " and ";
        }
        if separator.is_empty() {
            media.text.push_str("all");
        }
        // A query that the list already holds changes nothing.
        let (others, query) = media.text.split_at_checked(start).unwrap_or_default();
        if others.split(',').any(|other| other == query) {
            media.text.truncate(before);
        }
    }
}

fn push_number(out: &mut String, value: f32) -> Result<(), Refused> {
    check((0.0..=SIZE_MAX).contains(&value))?;
    write::number(out, value);
    Ok(())
}

fn refused() -> Refused {
    ParseError::unexpected_token()
}

fn check(is_allowed: bool) -> Result<(), Refused> {
    is_allowed.then_some(()).ok_or_else(refused)
}
