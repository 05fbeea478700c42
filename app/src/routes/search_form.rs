//! `{base}/search/form`: a search by fields, for those who do not type conditions.

use std::borrow::Cow;

use leptos::prelude::*;

use super::plain_page::PlainPage;
use crate::api::types::{ListSource, SearchQuery, SearchScope};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::text::url;

/// The field that asks for the results instead of the form.
pub const FOUND_FIELD: &str = "find";

/// The content of the page.
#[derive(Debug, Clone)]
pub struct SearchFormPage {
    /// The context of the request.
    pub context: PageContext,
    /// What was typed so far, and where it is searched.
    pub query: SearchQuery,
}

/// Renders the document.
pub fn render(page: SearchFormPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let (base, lang) = (&page.context.base, page.context.lang);
        let back = match page.query.text.is_empty() {
            true => url::home(base),
            false => url::list(base, &ListSource::Search(page.query.clone()), 1),
        };
        let head = PlainPage {
            title: lang.search_mail(),
            back,
            back_label: lang.back_to_mail(),
            class: "set-page set-alone",
        };
        let scope = String::from(page.query.scope.clone());
        let is_wide = matches!(page.query.scope, SearchScope::All | SearchScope::Anywhere);
        head.into_document(view! {
            <section class="set-group">
                <form class="stack" method="get" action=url::search_form(base)>
                    <Hidden name=FOUND_FIELD value="1" />
                    {(!is_wide).then(|| view! { <Hidden name="in" value=scope.clone() /> })}
                    {text("words", lang.search_words(), &page.query.text)}
                    {text("from", lang.from(), "")} {text("to", lang.to(), "")}
                    {text("subject", lang.subject(), "")} {text("without", lang.search_without(), "")}
                    {text("filename", lang.search_filename(), "")}
                    {date("after", lang.search_after())} {date("before", lang.search_before())}
                    {tick("attachment", lang.has_attachment())} {tick("unread", lang.search_unread())}
                    {tick("starred", lang.folder_starred())}
                    {is_wide.then(|| tick("anywhere", lang.search_anywhere()))}
                    <div class="row-btns">
                        <button class="btn btn-primary">{lang.search_mail()}</button>
                    </div>
                </form>
            </section>
        })
    })
}

fn text(name: &'static str, label: Cow<'static, str>, value: &str) -> AnyView {
    input(name, label, "text", value)
}

fn date(name: &'static str, label: Cow<'static, str>) -> AnyView {
    input(name, label, "date", "")
}

fn input(name: &'static str, label: Cow<'static, str>, kind: &'static str, value: &str) -> AnyView {
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                class="input"
                id=name
                name=name
                r#type=kind
                value=value.to_owned()
                dir="auto"
                autocomplete="off"
            />
        </div>
    }
    .into_any()
}

fn tick(name: &'static str, label: Cow<'static, str>) -> AnyView {
    view! {
        <label class="check">
            <input type="checkbox" name=name value="1" />
            {label}
        </label>
    }
    .into_any()
}
