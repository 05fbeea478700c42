//! The form of one entry of a list in the settings: a sender, a contact, a group.

use leptos::prelude::*;

use crate::api::error::ApiError;
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

/// Shows why a form was refused.
pub(super) fn refusal(error: ApiError) -> AnyView {
    view! { <div class="banner bad" role="alert"><ErrorText error=error /></div> }.into_any()
}

/// Returns `aria-invalid` of a field.
pub(super) fn invalid(error: Option<&ApiError>, field: &str) -> Option<&'static str> {
    let fault = error.and_then(|error| error.field.as_deref());
    (fault == Some(field)).then_some("true")
}
