//! The form of one entry of a list in the settings: a sender, a contact, a group.

use std::borrow::Cow;

use leptos::prelude::*;

use super::plain_page::{AccountsPage, PlainPage, saved};
use crate::api::error::ApiError;
use crate::api::types::{AccountId, Lang};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::ui::error_banner::ErrorText;

/// The form of an entry, folded unless it was refused.
pub(super) struct EntryForm {
    /// The address that it is posted to, with `action` = `save` or `delete`.
    pub(super) action: String,
    /// What is shown of the folded form.
    pub(super) summary: AnyView,
    /// Its hidden fields: names and values.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// Why it was refused.
    pub(super) error: Option<ApiError>,
    /// Its fields.
    pub(super) fields: AnyView,
    /// Whether there is a button to delete the entry.
    pub(super) can_delete: bool,
}

impl EntryForm {
    pub(super) fn into_view(self) -> AnyView {
        let lang = PageContext::expect().lang;
        let is_open = self.error.is_some();
        let hidden = self.hidden.into_iter();
        let hidden = hidden.map(|(name, value)| view! { <Hidden name=name value=value /> });
        let delete = self.can_delete.then(|| {
            view! {
                // An entry whose fields are not valid is deleted too.
                <button class="btn btn-line btn-sm" name="action" value="delete" formnovalidate>
                    {lang.delete()}
                </button>
            }
        });
        view! {
            <details class="set-fold" open=is_open>
                <summary>{self.summary}</summary>
                <form method="post" action=self.action>
                    {self.error.map(refusal)}
                    {hidden.collect_view()}
                    {self.fields}
                    <div class="row-btns">
                        <button class="btn btn-primary btn-sm" name="action" value="save">
                            {lang.save()}
                        </button>
                        {delete}
                    </div>
                </form>
            </details>
        }
        .into_any()
    }
}

/// A page with the entries of every account, and the form of a new one for each.
pub(super) struct EntriesPage<T, E> {
    pub(super) title: fn(Lang) -> Cow<'static, str>,
    pub(super) lead: fn(Lang) -> Cow<'static, str>,
    /// Takes apart what an account has: the account, its address and its entries.
    pub(super) entries: fn(T) -> (AccountId, String, Vec<E>),
    /// Whether two entries are the same one.
    pub(super) is_same: fn(&E, &E) -> bool,
    /// The form of an entry of an account: as it is known, as it is shown, and why it was refused.
    pub(super) form: fn(Lang, &AccountId, E, E, Option<ApiError>) -> AnyView,
}

impl<T, E: Clone + Default> EntriesPage<T, E> {
    /// Renders the document.
    pub(super) fn render(&self, page: AccountsPage<T, (AccountId, E)>) -> String {
        Owner::new().with(|| {
            provide_context(page.context.clone());
            let lang = page.context.lang;
            let head = PlainPage::of_settings(&page.context, (self.title)(lang));
            let refused = page.refused;
            let shown = |account: &AccountId, known: &E| match &refused {
                Some(((of, typed), error)) if of == account && (self.is_same)(typed, known) => {
                    (typed.clone(), Some(error.clone()))
                }
                _ => (known.clone(), None),
            };
            let sections = page.accounts.into_iter().map(|account| {
                let (account, address, entries) = (self.entries)(account);
                let forms = entries.into_iter().chain([E::default()]).map(|known| {
                    let (shown, error) = shown(&account, &known);
                    (self.form)(lang, &account, known, shown, error)
                });
                view! {
                    <section class="set-group">
                        <h2 dir="auto">{address}</h2>
                        {forms.collect_view()}
                    </section>
                }
                .into_any()
            });
            head.into_document(view! {
                <p class="muted">{(self.lead)(lang)}</p>
                {saved(page.is_saved, lang)}
                {sections.collect_view()}
            })
        })
    }
}

/// Shows why a form was refused.
pub(super) fn refusal(error: ApiError) -> AnyView {
    view! { <div class="banner bad" role="alert"><ErrorText error=error /></div> }.into_any()
}

/// Returns `aria-invalid` of a field.
pub(super) fn invalid(error: Option<&ApiError>, field: &str) -> Option<&'static str> {
    let fault = error.and_then(|error| error.field.as_deref());
    (fault == Some(field)).then_some("true")
}
