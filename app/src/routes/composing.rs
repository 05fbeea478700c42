//! The page of how the messages of an account are written and sent. Plain HTML without the app:
//! forms do all of it.

use std::borrow::Cow;

use leptos::prelude::*;

use super::entry_form::refusal;
use super::plain_page::{AccountsPage, PlainPage, saved};
use crate::api::types::{ComposingChoices, ComposingSettings, Lang, QuotePosition};
use crate::mail::form::Hidden;
use crate::text::url;

/// The times for undoing that are offered, in seconds.
const UNDO_SECS: [u32; 5] = [0, 5, 10, 20, 30];

/// What the page shows.
pub type ComposingPage = AccountsPage<ComposingSettings, ()>;

/// Renders the document.
pub fn render(page: ComposingPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let lang = page.context.lang;
        let head = PlainPage::of_settings(&page.context, lang.settings_composing());
        let action = url::settings_composing(&page.context.base);
        let forms = page.accounts.into_iter();
        let forms = forms.map(|settings| form(lang, &action, settings));
        head.into_document(view! {
            {saved(page.is_saved, lang)}
            {page.refused.map(|((), error)| refusal(error))}
            {forms.collect_view()}
        })
    })
}

/// The form of one account.
fn form(lang: Lang, action: &str, settings: ComposingSettings) -> AnyView {
    let ComposingSettings {
        account,
        address,
        can_archive,
        choices,
    } = settings;
    let label = |name: &str| format!("c-{name}-{account}");
    let mut secs = UNDO_SECS.to_vec();
    if !secs.contains(&choices.undo_send_secs) {
        secs.push(choices.undo_send_secs);
        secs.sort_unstable();
    }
    let secs = secs.into_iter().map(|secs| {
        let is_chosen = secs == choices.undo_send_secs;
        option(secs.to_string(), lang.undo_send_secs(secs), is_chosen)
    });
    let undo = Choice {
        id: label("undo"),
        name: "undo_send_secs",
        label: lang.undo_send(),
        note: Some(lang.undo_send_lead()),
        options: secs.collect_view().into_any(),
    };
    let after = can_archive.then(|| {
        let options = [
            option(
                "stay".to_owned(),
                lang.after_sending_stay(),
                !choices.archives_answered,
            ),
            option(
                "archive".to_owned(),
                lang.after_sending_archive(),
                choices.archives_answered,
            ),
        ];
        Choice {
            id: label("after"),
            name: "after",
            label: lang.after_sending(),
            note: Some(lang.after_sending_lead()),
            options: options.collect_view().into_any(),
        }
        .into_row()
    });
    let formats = [
        option(
            "formatted".to_owned(),
            lang.format_formatted(),
            choices.is_formatted,
        ),
        option(
            "plain".to_owned(),
            lang.format_plain(),
            !choices.is_formatted,
        ),
    ];
    let format = Choice {
        id: label("format"),
        name: "format",
        label: lang.format(),
        note: None,
        options: formats.collect_view().into_any(),
    };
    let quotes = QuotePosition::ALL.into_iter().map(|quote| {
        let label = match quote {
            QuotePosition::Below => lang.quote_below(),
            QuotePosition::Above => lang.quote_above(),
            QuotePosition::Omitted => lang.quote_omitted(),
        };
        option(quote.word().to_owned(), label, quote == choices.quote)
    });
    let quote = Choice {
        id: label("quote"),
        name: "quote",
        label: lang.quote_position(),
        note: None,
        options: quotes.collect_view().into_any(),
    };
    let ComposingChoices {
        warns_missing_file,
        wants_notice,
        ..
    } = choices;
    view! {
        <form method="post" action=action.to_owned()>
            <Hidden name="account" value=account.to_string() />
            <h2 dir="auto">{address}</h2>
            <section class="set-group">
                <h3>{lang.composing_sending()}</h3>
                {undo.into_row()}
                {after}
                {switch("missing_file", lang.warns_missing_file(), None, warns_missing_file)}
            </section>
            <section class="set-group">
                <h3>{lang.composing_writing()}</h3>
                {format.into_row()}
                {quote.into_row()}
                {switch(
                    "notice",
                    lang.delivery_reports(),
                    Some(lang.delivery_reports_lead()),
                    wants_notice,
                )}
            </section>
            <div class="row-btns">
                <button class="btn btn-primary">{lang.save()}</button>
            </div>
        </form>
    }
    .into_any()
}

/// A row with a list to choose from.
struct Choice {
    id: String,
    name: &'static str,
    label: Cow<'static, str>,
    note: Option<Cow<'static, str>>,
    options: AnyView,
}

impl Choice {
    fn into_row(self) -> AnyView {
        view! {
            <div class="set-row">
                <div class="grow">
                    <label for=self.id.clone()>{self.label}</label>
                    {self.note.map(|note| view! { <p class="small muted">{note}</p> })}
                </div>
                <select class="select input-sm" id=self.id name=self.name>
                    {self.options}
                </select>
            </div>
        }
        .into_any()
    }
}

fn option(value: String, label: Cow<'static, str>, is_chosen: bool) -> AnyView {
    view! {
        <option value=value selected=is_chosen>
            {label}
        </option>
    }
    .into_any()
}

/// A row that is on or off.
fn switch(
    name: &'static str,
    label: Cow<'static, str>,
    note: Option<Cow<'static, str>>,
    is_on: bool,
) -> AnyView {
    view! {
        <label class="set-row">
            <span class="grow">
                {label} {note.map(|note| view! { <span class="small muted set-note">{note}</span> })}
            </span>
            <input type="checkbox" name=name checked=is_on />
        </label>
    }
    .into_any()
}
