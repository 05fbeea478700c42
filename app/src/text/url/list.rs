//! The URLs of lists: of folders and of searches.

use super::{VIEW_FOLDERS, encode, folder, home, mail_path, message, message_at};
use crate::api::types::{ListSource, MessageRef, SearchQuery, SearchScope};

/// A page of a list, counted from 1. A merged list of roles has no URL of its own: it leads to the
/// start page.
pub fn list(base: &str, source: &ListSource, page: u32) -> String {
    match source {
        ListSource::Folder(of) => folder(base, of, page),
        ListSource::Role(_) => home(base),
        ListSource::Search(query) => {
            let url = format!("{}{}", search(base), search_query(query));
            match page {
                0 | 1 => url,
                page => format!("{url}&page={page}"),
            }
        }
    }
}

/// The page of a search, without its query; the search form leads to it: `q`, `in`.
pub fn search(base: &str) -> String {
    format!("{base}/search")
}

/// The form that searches by fields: `q`, `in`. Not a route of the app.
pub fn search_form(base: &str) -> String {
    format!("{}/form", search(base))
}

/// The form that searches by fields, beginning with a search.
pub fn search_form_of(base: &str, query: &SearchQuery) -> String {
    format!("{}{}", search_form(base), search_query(query))
}

/// The query of the URLs of a search: of its list, and of the messages that were opened in it.
fn search_query(query: &SearchQuery) -> String {
    let text = format!("?q={}", encode(&query.text));
    match &query.scope {
        SearchScope::All => text,
        scope => format!("{text}&in={}", encode(&String::from(scope.clone()))),
    }
}

/// Reads the search in the query of a URL, through a lookup of its values.
pub fn search_of(value: impl Fn(&str) -> Option<String>) -> Option<SearchQuery> {
    Some(SearchQuery {
        text: value("q")?,
        scope: value("in").unwrap_or_default().into(),
    })
}

/// The folder tree on a phone, beside a list.
pub fn folder_tree(base: &str, source: &ListSource) -> String {
    let list = list(base, source, 1);
    let separator = if list.contains('?') { '&' } else { '?' };
    format!("{list}{separator}view={VIEW_FOLDERS}")
}

/// A message in a list; `position` is the number of rows before it.
pub fn message_in(base: &str, source: &ListSource, of: &MessageRef, position: u32) -> String {
    match source {
        ListSource::Search(query) => format!("{}{}", message(base, of), search_query(query)),
        _ => message_at(base, of, position),
    }
}

/// Returns the source of the list on the page of a URL; `None` if the page has no list. `value` looks
/// up the query.
pub fn list_source(
    base: &str,
    path: &str,
    value: impl Fn(&str) -> Option<String>,
) -> Option<ListSource> {
    let mail = mail_path(base, path);
    if mail.is_none() && path.trim_end_matches('/') != search(base) {
        return None;
    }
    let folder = || Some(ListSource::Folder(mail?.folder));
    match search_of(value) {
        Some(query) => Some(ListSource::Search(query)),
        None => folder().or_else(|| Some(ListSource::Search(SearchQuery::default()))),
    }
}
