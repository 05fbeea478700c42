//! A page without the app: one column with a link back and a heading.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::api::error::ApiError;
use crate::api::types::Lang;
use crate::document::{self, Inline};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// The head of a page without the app.
pub(super) struct PlainPage {
    /// The title, which is the heading too.
    pub(super) title: Cow<'static, str>,
    /// The URL that the link above the heading leads to.
    pub(super) back: String,
    /// The label of that link.
    pub(super) back_label: Cow<'static, str>,
    /// The classes of the column.
    pub(super) class: &'static str,
}

impl PlainPage {
    /// Returns the head of a page of the settings.
    pub(super) fn of_settings(context: &PageContext, title: Cow<'static, str>) -> Self {
        Self {
            title,
            back: url::settings_appearance(&context.base),
            back_label: context.lang.settings_appearance(),
            class: "set-page set-alone",
        }
    }

    /// Renders the document.
    pub(super) fn into_document(self, content: impl IntoView + 'static) -> String {
        let title = self.title;
        let body = view! {
            <main class="pane pane-main set-document">
                <div class="set-main">
                    <div class=self.class>
                        <a class="btn btn-line btn-sm" href=self.back>
                            <Icon name="back" class="i-s i-dir" />
                            {self.back_label}
                        </a>
                        <h1>{title.clone()}</h1>
                        {content.into_any()}
                    </div>
                </div>
            </main>
        };
        document::plain(&title, Inline::default(), || (), body)
    }
}

/// What a page of the settings shows that has forms for every account.
#[derive(Debug, Clone)]
pub struct AccountsPage<T, E> {
    /// The context of the request.
    pub context: PageContext,
    /// What each account has.
    pub accounts: Vec<T>,
    /// A form that was refused, as it was typed, and why.
    pub refused: Option<(E, ApiError)>,
    /// Whether the last form was saved.
    pub is_saved: bool,
}

/// The line that says that the last form was saved, if it was.
pub(super) fn saved(is_saved: bool, lang: Lang) -> Option<AnyView> {
    is_saved.then(|| {
        view! {
            <p class="banner ok" role="status">
                <Icon name="check" class="i-s" />
                {lang.saved()}
            </p>
        }
        .into_any()
    })
}
