//! The page of an account's address book. Plain HTML without the app: forms do all of it.

mod entries;
mod files;

use std::borrow::Cow;

use leptos::prelude::*;

use self::entries::{contact_form, group_form};
use self::files::file_forms;
use super::entry_form::refusal;
use super::plain_page::PlainPage;
use crate::api::error::ApiError;
use crate::api::types::{
    AccountId, Contact, ContactGroup, ContactQuery, ContactRows, ImportReport, Lang, LeftOutCause,
};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// The number of contacts on a page.
pub const PAGE: u32 = 50;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ContactsPage {
    /// The context of the request.
    pub context: PageContext,
    /// The accounts of the session and their addresses.
    pub accounts: Vec<(AccountId, String)>,
    /// The query that it answers.
    pub query: ContactQuery,
    /// The contacts of the page, and the groups.
    pub rows: ContactRows,
    /// A form that was refused, as it was typed, and why.
    pub refused: Option<(RefusedForm, ApiError)>,
    /// What the last form did.
    pub done: Option<Done>,
}

/// A form that was refused, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedForm {
    /// A contact.
    Contact(Contact),
    /// A group.
    Group(ContactGroup),
    /// A file that was to be imported.
    File,
}

/// What the last form did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// An entry was saved or deleted.
    Saved,
    /// A file was imported.
    Imported(ImportReport),
}

type Refused = StoredValue<Option<(RefusedForm, ApiError)>>;

/// Renders the document.
pub fn render(page: ContactsPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let lang = page.context.lang;
        let base = page.context.base.clone();
        let head = PlainPage::of_settings(&page.context, lang.settings_contacts());
        let (query, rows) = (page.query, page.rows);
        let lost = page
            .refused
            .as_ref()
            .filter(|(form, _)| !is_on_page(form, &rows));
        let lost = lost.map(|(_, error)| refusal(error.clone()));
        let refused = StoredValue::new(page.refused);
        let unreadable = (rows.unreadable > 0).then(|| {
            view! { <p class="banner warn">{lang.contacts_unreadable(rows.unreadable.into())}</p> }
        });
        let paging = paging(&base, &query, rows.total);
        let count = match (rows.total, query.text.trim()) {
            (0, "") => lang.contacts_none().into_owned(),
            (0, _) => lang.contacts_no_match().into_owned(),
            (total, _) => lang.contacts_count(total.into()).into_owned(),
        };
        let contacts = rows
            .contacts
            .into_iter()
            .map(|contact| contact_form(&query, contact, refused))
            .collect_view();
        let groups = rows
            .groups
            .into_iter()
            .chain([ContactGroup::default()])
            .map(|group| group_form(&query, group, refused))
            .collect_view();
        head.into_document(view! {
            <p class="muted">{lang.contacts_lead()}</p>
            {accounts(&base, &page.accounts, &query.account)}
            {lost}
            {page.done.map(done)}
            {unreadable}
            {search(&base, &query)}
            <section class="set-group">
                <h2>{count}</h2>
                {contact_form(&query, Contact::default(), refused)}
                {contacts}
                {paging}
            </section>
            <section class="set-group">
                <h2>{lang.contact_groups()}</h2>
                {groups}
            </section>
            {file_forms(&query, refused)}
        })
    })
}

/// Whether a refused form is shown again: its entry may have been deleted meanwhile.
fn is_on_page(form: &RefusedForm, rows: &ContactRows) -> bool {
    let (id, is_shown) = match form {
        RefusedForm::File => return true,
        RefusedForm::Contact(typed) => {
            let mut shown = rows.contacts.iter();
            (&typed.id, shown.any(|contact| contact.id == typed.id))
        }
        RefusedForm::Group(typed) => {
            let mut shown = rows.groups.iter();
            (&typed.id, shown.any(|group| group.id == typed.id))
        }
    };
    is_shown || id.as_str().is_empty()
}

/// Links to the address books of the session's accounts, if there are several.
fn accounts(base: &str, accounts: &[(AccountId, String)], current: &AccountId) -> Option<AnyView> {
    if accounts.len() < 2 {
        return None;
    }
    let links = accounts.iter().map(|(account, address)| {
        let query = ContactQuery {
            account: account.clone(),
            ..ContactQuery::default()
        };
        let is_current = (account == current).then_some("page");
        view! {
            <a class="btn btn-line btn-sm" href=url::contacts(base, &query) aria-current=is_current>
                <span dir="auto">{address.clone()}</span>
            </a>
        }
        .into_any()
    });
    Some(view! { <nav class="row-btns">{links.collect_view()}</nav> }.into_any())
}

fn search(base: &str, query: &ContactQuery) -> AnyView {
    let lang = PageContext::expect().lang;
    view! {
        <form class="row-btns" method="get" action=url::settings_contacts(base) role="search">
            <Hidden name="account" value=query.account.to_string() />
            <input
                class="input grow"
                type="search"
                name="q"
                value=query.text.clone()
                dir="auto"
                aria-label=lang.contacts_search()
                placeholder=lang.contacts_search()
            />
            <button class="btn btn-line">
                <Icon name="search" class="i-s" />
                {lang.contacts_search()}
            </button>
        </form>
    }
    .into_any()
}

/// Links to the preceding and the following page.
fn paging(base: &str, query: &ContactQuery, total: u32) -> Option<AnyView> {
    let lang = PageContext::expect().lang;
    let at = |offset: u32| {
        url::contacts(
            base,
            &ContactQuery {
                offset,
                ..query.clone()
            },
        )
    };
    let before = query.offset.checked_sub(1);
    let before = before.map(|_| at(query.offset.saturating_sub(PAGE)));
    let next = query.offset.saturating_add(PAGE);
    let after = (next < total).then(|| at(next));
    if before.is_none() && after.is_none() {
        return None;
    }
    let before = before.map(|href| {
        view! { <a class="btn btn-line btn-sm" rel="prev" href=href>{lang.contacts_before()}</a> }
    });
    let after = after.map(|href| {
        view! { <a class="btn btn-line btn-sm" rel="next" href=href>{lang.contacts_after()}</a> }
    });
    Some(view! { <nav class="row-btns">{before} {after}</nav> }.into_any())
}

/// Why an entry was left out.
fn why(lang: Lang, cause: LeftOutCause) -> Cow<'static, str> {
    match cause {
        LeftOutCause::NoAddress => lang.left_out_no_address(),
        LeftOutCause::InvalidAddress => lang.left_out_invalid_address(),
        LeftOutCause::TooManyAddresses => lang.left_out_many_addresses(),
        LeftOutCause::TooManyMembers => lang.left_out_many_members(),
        LeftOutCause::BookFull => lang.left_out_full(),
        LeftOutCause::FileTooLong => lang.left_out_long(),
    }
}

/// What the last form did.
fn done(done: Done) -> AnyView {
    let lang = PageContext::expect().lang;
    let (text, report) = match done {
        Done::Saved => (lang.saved().into_owned(), None),
        Done::Imported(report) => {
            let text = lang.import_done(
                report.added.into(),
                report.changed.into(),
                report.unchanged.into(),
            );
            (text.into_owned(), Some(report))
        }
    };
    let left_out = report.filter(|report| report.left_out > 0).map(|report| {
        let more = report.left_out.saturating_sub(report.examples.len() as u32);
        let more = (more > 0).then(|| view! { <li>{lang.import_more(more.into())}</li> });
        let examples = report
            .examples
            .into_iter()
            .map(|left_out| {
                let name = Some(left_out.name).filter(|name| !name.is_empty());
                let name = name.map(|name| view! { <bdi>{name}</bdi> ": " });
                view! { <li>{name} {why(lang, left_out.why)}</li> }.into_any()
            })
            .collect_view();
        view! {
            <details class="set-row stack" open>
                <summary>{lang.import_left_out(report.left_out.into())}</summary>
                <ul>{examples} {more}</ul>
            </details>
        }
        .into_any()
    });
    view! {
        <p class="banner ok" role="status">
            <Icon name="check" class="i-s" />
            {text}
        </p>
        {left_out}
    }
    .into_any()
}
