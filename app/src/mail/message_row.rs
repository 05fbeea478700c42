//! One row of the list: sender, subject, date, check box, star, and actions.

use leptos::prelude::*;

use super::form::datetime_attr;
use super::labels::has_one_folder;
use super::location::MailLocation;
use crate::api::types::Limitation;
use crate::api::types::{FolderRole, Mark, MessageRow};
use crate::page::PageContext;
use crate::state::act::MessageAction;
use crate::state::list::{ListSlot, ListState};
use crate::state::tab::Tab;
use crate::text::address::people_line;
use crate::text::url::{self, MailPath};
use crate::ui::dynamic::{derived, dynamic, handler, when};
use crate::ui::{Icon, IconSymbol};

/// The values that all rows of a list share.
#[derive(Clone, Copy)]
pub struct RowContext {
    /// The list.
    pub list: ListState,
    /// The account's limitations.
    pub limitations: StoredValue<Vec<Limitation>>,
    /// Whether its messages are drafts, which open in the compose form.
    pub is_drafts: bool,
}

/// The row at one position of the list; a placeholder while the row loads.
#[component]
pub fn RowAt(
    /// The position and its row.
    list_slot: ListSlot,
    /// The list.
    context: RowContext,
) -> impl IntoView {
    match list_slot.row {
        Some(slot) => view! { <Row row=slot.row context=context /> }.into_any(),
        None => row_placeholder(),
    }
}

/// A placeholder for a row that is loading.
pub fn row_placeholder() -> AnyView {
    view! {
        <li class="row-item" aria-busy="true">
            <div class="row">
                <span class="row-pick">
                    <span class="sk round"></span>
                </span>
                <span class="row-from">
                    <span class="sk w4"></span>
                </span>
                <span class="row-subj">
                    <span class="sk w9"></span>
                </span>
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn Row(row: ArcRwSignal<MessageRow>, context: RowContext) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let mail_location: MailLocation = expect_context();
    let tab = Tab::expect();
    let list = context.list;
    // Owned by this component, so that it is freed with the row's element.
    let row = RwSignal::from(row);
    let MessageRow {
        id,
        position,
        people,
        subject,
        date,
        place,
        ..
    } = row.get_untracked();
    let href = match context.is_drafts {
        true => url::compose_draft(&page.base, &id),
        false => url::message_in(&page.base, &list.source(), &id, position),
    };
    let sender = if people.is_empty() {
        lang.no_sender().into_owned()
    } else {
        people_line(&people)
    };
    let first = people.into_iter().next().unwrap_or_default();
    let subject = if subject.is_empty() {
        lang.no_subject().into_owned()
    } else {
        subject
    };
    let open_id = id.clone();
    let is_open = Memo::new(move |_| {
        mail_location
            .path
            .with(|path| path.as_ref().and_then(MailPath::open).as_ref() == Some(&open_id))
    });
    let is_hovered = RwSignal::new(false);
    let picked_id = id.clone();
    let is_picked = Memo::new(move |_| list.selected.with(|ids| ids.contains(&picked_id)));
    let pick_id = id.clone();
    let pick = move |event: web_sys::Event| {
        let is_range_end = list.is_range_end();
        let is_ticked = is_range_end || event_target_checked(&event);
        if is_range_end {
            tab.pick_to(list, &pick_id);
        } else {
            list.pick(&pick_id, is_ticked);
        }
        // If the check box was the end of a range, its own state changed and the row's did not.
        event_target::<web_sys::HtmlInputElement>(&event).set_checked(is_ticked);
    };
    view! {
        <li class="row-item">
            <div
                class="row"
                class:open=derived(move || is_open.get())
                class:picked=derived(move || is_picked.get())
                data-id=id.to_string()
                data-unread=derived(move || row.with(|row| !row.is_seen))
                on:mouseenter=handler(move |_| is_hovered.set(true))
                on:mouseleave=handler(move |_| is_hovered.set(false))
            >
                <span class="row-pick">
                    <input
                        type="checkbox"
                        name="message"
                        value=id.to_string()
                        aria-label=lang.select_row(sender.clone())
                        prop:checked=derived(move || is_picked.get())
                        on:change=handler(pick)
                    />
                    <span class=format!("avatar {}", first.hue()) aria-hidden="true">
                        {first.initials()}
                    </span>
                    <span class="tick" aria-hidden="true">
                        <Icon name="check" />
                    </span>
                </span>
                <span class="row-from">
                    <span class="cut" dir="auto">
                        {sender}
                    </span>
                </span>
                <span class="row-subj">
                    <a class="row-link" href=href dir="auto">
                        <span class="vh">
                            {dynamic(move || {
                                row.with(|row| lang.row_marks(!row.is_seen, row.is_starred))
                            })}
                        </span>
                        {subject}
                    </a>
                </span>
                <span class="row-meta">
                    {(!place.is_empty()).then(|| view! { <span class="tag cut">{place}</span> }.into_any())}
                    {dynamic(move || {
                        row.with(|row| {
                            let mark = |name, label| view! { <IconSymbol name=name label=label /> };
                            (
                                row.is_answered.then(|| mark("reply", lang.answered())),
                                row.is_forwarded.then(|| mark("forward", lang.forwarded())),
                                row.has_attachment.then(|| mark("clip", lang.has_attachment())),
                            )
                        })
                    })} <time datetime=datetime_attr(date.iso)>{date.short}</time>
                </span>
                <button
                    class="row-star"
                    name=derived(move || {
                        row.with(|row| if row.is_starred { "unstar" } else { "star" })
                    })
                    value=id.to_string()
                    aria-pressed=derived(move || row.with(|row| row.is_starred).to_string())
                    aria-label=lang.star()
                >
                    <Icon name="star" />
                </button>
                // The actions are 1/3 of a row's cost, so they are created under the mouse pointer
                // only, with script.
                {when(
                    move || is_hovered.get(),
                    move || view! { <QuickActs row=row context=context /> }.into_any(),
                )}
            </div>
        </li>
    }
}

/// The buttons Archive, Delete and Read, shown under the mouse pointer.
#[component]
fn QuickActs(row: RwSignal<MessageRow>, context: RowContext) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let role = context.list.role.get_value();
    let act = move |act: MessageAction| {
        let id = row.with_untracked(|row| row.id.clone());
        tab.act(vec![id], act);
    };
    let can_archive = role != Some(FolderRole::Archive)
        && !context
            .limitations
            .with_value(|limitations| has_one_folder(limitations));
    let can_delete = role != Some(FolderRole::Trash);
    let button =
        move |icon: &'static str, label: std::borrow::Cow<'static, str>, action: MessageAction| {
            view! {
                <button
                    class="btn btn-icon"
                    type="button"
                    aria-label=label.clone()
                    title=label
                    on:click=handler(move |_| act(action.clone()))
                >
                    <Icon name=icon />
                </button>
            }
            .into_any()
        };
    view! {
        <span class="row-acts">
            {can_archive
                .then(|| {
                    button("archive", lang.archive(), MessageAction::move_to(FolderRole::Archive))
                })}
            {can_delete
                .then(|| {
                    button("trash", lang.delete(), MessageAction::move_to(FolderRole::Trash))
                })}
            {dynamic(move || {
                if row.with(|row| row.is_seen) {
                    button("unread", lang.mark_unseen(), MessageAction::Mark(Mark::Unseen))
                } else {
                    button("mail", lang.mark_seen(), MessageAction::Mark(Mark::Seen))
                }
            })}
        </span>
    }
}
