//! `{base}/search/form`: makes a typed search of the fields of a form.

use app::api::types::{ListSource, SearchQuery, SearchScope};
use app::routes::search_form::{FOUND_FIELD, SearchFormPage, render};
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::body::{Fields, field, parse_form};
use super::visitor::Visitor;
use super::{Web, page};

/// `q` and `in` of the search so far; with `find`: `words`, `from`, `to`, `subject`, `without`,
/// `filename`, `after`, `before`, `attachment`, `unread`, `starred`, `anywhere`, and leads to the
/// results.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = parse_form(query.unwrap_or_default().as_bytes());
    let scope: SearchScope = field(&fields, "in").unwrap_or_default().to_owned().into();
    if field(&fields, FOUND_FIELD).is_some() {
        let scope = match field(&fields, "anywhere") {
            Some(_) => SearchScope::Anywhere,
            None => scope,
        };
        let text = typed(&fields);
        let results = ListSource::Search(SearchQuery { text, scope });
        return page::see_other(&url::list(web.base(), &results, 1));
    }
    let document = render(SearchFormPage {
        context: visitor.page_context(&web),
        query: SearchQuery {
            text: field(&fields, "q").unwrap_or_default().to_owned(),
            scope,
        },
    });
    page::plain(StatusCode::OK, document)
}

/// Returns the search that the fields describe, as one would type it.
fn typed(fields: &Fields) -> String {
    let value = |name| {
        let value = field(fields, name).unwrap_or_default().trim();
        (!value.is_empty()).then_some(value)
    };
    let mut pieces = Vec::new();
    pieces.extend(value("words").map(str::to_owned));
    for name in ["from", "to", "subject", "filename", "after", "before"] {
        pieces.extend(value(name).map(|value| format!("{name}:{}", quoted(value))));
    }
    let without = value("without").unwrap_or_default().split_whitespace();
    pieces.extend(without.map(|word| format!("-{}", quoted(word))));
    for (name, condition) in [
        ("attachment", "has:attachment"),
        ("unread", "is:unread"),
        ("starred", "is:starred"),
    ] {
        pieces.extend(value(name).map(|_| condition.to_owned()));
    }
    pieces.join(" ")
}

/// Quotes a value that would be read as several conditions, or as another one.
fn quoted(value: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '@' | '_');
    if value.chars().all(is_word) && !value.starts_with('-') {
        return value.to_owned();
    }
    // A quote cannot be inside of a phrase.
    format!("\"{}\"", value.replace('"', " ").trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed_of(query: &str) -> String {
        typed(&parse_form(query.as_bytes()))
    }

    #[test]
    fn fields_become_conditions() {
        assert_eq!(
            typed_of(
                "words=hotel+-spam&from=ann%40a.test&to=&subject=trip+to+Rome&without=old+re:x\
                 &after=2026-01-31&attachment=1"
            ),
            "hotel -spam from:ann@a.test subject:\"trip to Rome\" after:2026-01-31 -old -\"re:x\" \
             has:attachment"
        );
        assert_eq!(typed_of("find=1"), "");
    }

    #[test]
    fn a_value_stays_one_condition() {
        assert_eq!(typed_of("from=-x"), "from:\"-x\"");
        assert_eq!(
            typed_of("subject=a%22b+in:trash"),
            "subject:\"a b in:trash\""
        );
    }
}
