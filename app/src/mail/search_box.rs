//! The search form above the list. It leads to the page of the results, without script too.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::api::types::{Lang, ListSource, SearchQuery, SearchScope};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, handler};
use crate::ui::navigator::navigator;

/// The form: what is searched for, and where.
#[component]
pub fn SearchBox(
    /// The source of the list on the page.
    source: Memo<ListSource>,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let base = StoredValue::new(page.base);
    let input = NodeRef::<html::Input>::new();
    let scope = NodeRef::<html::Select>::new();
    let navigate = navigator();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let (Some(input), Some(scope)) = (input.get_untracked(), scope.get_untracked()) {
            let query = SearchQuery {
                text: input.value(),
                scope: scope.value().into(),
            };
            let results = ListSource::Search(query);
            navigate(&base.with_value(|base| url::list(base, &results, 1)));
        }
    };
    view! {
        <div class="bar search-bar">
            <form
                class="search"
                role="search"
                method="get"
                action=base.with_value(|base| url::search(base))
                on:submit=handler(submit)
            >
                <Icon name="search" />
                {dynamic(move || {
                    let source = source.get();
                    let scopes = scopes(&source, lang);
                    let query = match source {
                        ListSource::Search(query) => query,
                        _ => SearchQuery::default(),
                    };
                    let fields = base.with_value(|base| url::search_form_of(base, &query));
                    view! {
                        <input
                            type="search"
                            name="q"
                            value=query.text
                            placeholder=lang.search_mail()
                            aria-label=lang.search_mail()
                            aria-keyshortcuts="/"
                            autocomplete="off"
                            node_ref=input
                        />
                        <select class="select input-sm" name="in" aria-label=lang.search_scope() node_ref=scope>
                            {scopes}
                        </select>
                        <a
                            class="btn btn-icon"
                            href=fields
                            rel="external"
                            aria-label=lang.search_fields()
                            title=lang.search_fields()
                        >
                            <Icon name="filter" />
                        </a>
                    }
                        .into_any()
                })}
                <button class="btn btn-icon nojs" aria-label=lang.search_mail()>
                    <Icon name="right" class="i-dir" />
                </button>
            </form>
        </div>
    }
}

/// The choices where to search: everywhere, and what the list on the page belongs to.
fn scopes(source: &ListSource, lang: Lang) -> Vec<AnyView> {
    let (current, folder) = match source {
        ListSource::Search(query) => match &query.scope {
            SearchScope::Folder(of) => (query.scope.clone(), Some(of)),
            scope => (scope.clone(), None),
        },
        ListSource::Folder(of) => (SearchScope::All, Some(of)),
        ListSource::Role(_) => (SearchScope::All, None),
    };
    let account = source.account().map(SearchScope::Account);
    let folder = folder.cloned().map(SearchScope::Folder);
    let mut all = vec![
        (SearchScope::All, lang.search_all()),
        (SearchScope::Anywhere, lang.search_anywhere()),
    ];
    all.extend(account.map(|scope| (scope, lang.search_account())));
    all.extend(folder.map(|scope| (scope, lang.search_folder())));
    all.into_iter()
        .map(|(scope, label)| {
            let is_selected = scope == current;
            let value = String::from(scope);
            view! {
                <option value=value selected=is_selected>
                    {label}
                </option>
            }
            .into_any()
        })
        .collect()
}
