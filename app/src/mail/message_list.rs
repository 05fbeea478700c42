//! The list of a folder: a page of links without script, a virtual list of any length with script.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use super::empty::Empty;
use super::folder_tree::PinButton;
use super::form::{Hidden, NoDefaultButton, submitter_field};
use super::labels::{folder_label, has_one_folder};
use super::location::MailLocation;
use super::message_row::{RowAt, RowContext, row_placeholder};
use super::move_menu::{MoveMenu, folder_choices};
use crate::api::error::ErrorKind;
use crate::api::types::{
    AccountView, FolderRole, IncomingKind, ListSource, MessageRef, MessageRows, Window,
};
use crate::page::PageContext;
use crate::state::act::MessageAction;
use crate::state::list::{ListSlot, ListState, whole_px};
use crate::state::session::Counts;
use crate::state::tab::Tab;
use crate::state::title::with_count;
use crate::text::size::grouped;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{after_frame, derived, dynamic, each, effect, handler, when};
use crate::ui::error_banner::ErrorBanner;

/// The list pane of a folder. `rows` is its first window.
#[component]
pub fn MessageList(
    /// The account.
    account: AccountView,
    /// The source of its messages.
    source: ListSource,
    /// The initial window.
    rows: MessageRows,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let mail_location: MailLocation = expect_context();
    let base = StoredValue::new(page.base);
    let name = folder_label(rows.role, &rows.name, lang).into_owned();
    let is_drafts = rows.role == Some(FolderRole::Drafts);
    let (offset, shown) = (rows.offset, u32::try_from(rows.rows.len()).unwrap_or(0));
    let list = ListState::new(source.clone(), rows, tab.take_rows_in_page());
    tab.show_list(list);
    if matches!(&source, ListSource::Folder(folder) if tab.is_changed(folder)) {
        // The event arrived while the request was running, before the list existed.
        list.refresh();
    }
    // Results may be of accounts that have other limits.
    let limitations = match source.account() {
        Some(_) => account.limitations.clone(),
        None => Vec::new(),
    };
    let limitations = StoredValue::new(limitations);
    let context = RowContext {
        list,
        limitations,
        is_drafts,
    };

    set_title(tab, list, name.clone());
    update_counts(tab, list);
    let resized = window_event_listener(leptos::ev::resize, move |_| list.start());
    on_cleanup(move || resized.remove());
    effect(move || {
        // On a phone the list is hidden while a message is open, and has no rows in the document
        // then.
        mail_location.path.track();
        if list.scroller.get().is_some() {
            // Rows have their height after the layout of the page.
            after_frame(move || list.start());
        }
    });
    effect(move || list.poll_search());
    effect(move || {
        if let Some(error) = list.error.get() {
            tab.note_error(&error);
        }
    });

    let act = base.with_value(|base| url::act(base));
    let page_number = offset / Window::PAGE + 1;
    let return_to = base.with_value(|base| url::list(base, &source, page_number));
    let tree = base.with_value(|base| url::folder_tree(base, &source));
    let pinned = match &source {
        ListSource::Folder(folder) if account.incoming == IncomingKind::Imap => {
            Some(folder.clone())
        }
        _ => None,
    };
    let counts = move || match list.search.get() {
        Some(search) => format!("{} · {}", lang.found(list.total.get()), search.text).into(),
        None => lang.folder_counts(list.unread.get(), list.total.get()),
    };
    let is_folder = matches!(source, ListSource::Folder(_));
    let scroll = move |_| list.scrolled();
    view! {
        <div class="bar list-bar" class:covered=derived(move || list.is_selecting())>
            <a class="btn btn-icon only-phone" href=tree aria-label=lang.folders()>
                <Icon name="menu" />
            </a>
            <h1 class="bar-title cut" dir="auto">
                {name}
            </h1>
            <span class="muted small num grow cut">{dynamic(counts)}</span>
            <StopButton list=list />
            {pinned.map(|folder| view! { <PinButton folder=folder /> }.into_any())}
            <a class="btn btn-sm nojs" href="" rel="external">
                {lang.reload()}
            </a>
        </div>
        <SearchNotes list=list />
        {(is_folder && account.incoming == IncomingKind::Pop3)
            .then(|| {
                view! {
                    <div class="banner info">
                        <Icon name="info" />
                        <span class="grow">
                            <b>{lang.pop3_title()}</b>
                            <span class="sub">{lang.pop3_limits()}</span>
                        </span>
                    </div>
                }
                    .into_any()
            })}
        {dynamic(move || {
            list.error
                .get()
                .filter(|error| error.kind != ErrorKind::Transport || tab.is_reachable.get())
                .map(|error| {
                    view! {
                        <ErrorBanner error=error>
                            <button
                                class="btn btn-line btn-sm"
                                type="button"
                                on:click=handler(move |_| list.refresh())
                            >
                                {lang.try_again()}
                            </button>
                        </ErrorBanner>
                    }
                        .into_any()
                })
        })}
        <form
            class="list-form"
            method="post"
            action=act
            on:submit=handler(move |event| submitted(&event, tab, list))
        >
            // Without it, Enter on a check box would archive.
            <NoDefaultButton />
            <Hidden name="return" value=return_to />
            <BulkBar context=context />
            <SelectionBar context=context />
            {when(
                move || tab.is_started.get(),
                move || {
                    view! {
                        <div class="list-over">
                            {dynamic(move || {
                                list.group()
                                    .map(|group| {
                                        view! { <span class="group">{group}</span> }.into_any()
                                    })
                            })}
                            {when(
                                move || { list.arrived.get() > 0 },
                                move || {
                                    view! {
                                        <button
                                            class="btn btn-primary btn-sm new-mail"
                                            type="button"
                                            on:click=handler(move |_| list.show_newest())
                                        >
                                            <Icon name="up" class="i-s" />
                                            {dynamic(move || lang.arrived(list.arrived.get()))}
                                        </button>
                                    }
                                        .into_any()
                                },
                            )}
                        </div>
                    }
                        .into_any()
                },
            )}
            <div
                class="pane-scroll list-scroll"
                node_ref=list.scroller
                on:scroll=handler(scroll)
                on:mousedown=handler(move |event| list.mouse_down(&event))
                on:pointerdown=handler(move |event| list.touch_started(&event))
                on:pointerup=handler(move |_| list.touch_ended())
                on:pointercancel=handler(move |_| list.touch_ended())
                on:contextmenu=handler(move |event| list.context_menu(&event))
                on:click=handler(move |event| {
                    if let Some(end) = list.clicked(&event) {
                        tab.pick_to(list, &end);
                    }
                })
            >
                {when(
                    move || list.total.get() == 0,
                    move || view! { <EmptyList list=list /> }.into_any(),
                )}
                {when(
                    move || { list.total.get() > 0 },
                    move || {
                        view! {
                            <ul class="rows" aria-label=lang.messages()>
                                <Spacer px=Signal::derive(move || list.view.get().before_px) />
                                {each(
                                    move || list.slots(),
                                    ListSlot::key,
                                    move |list_slot| {
                                        view! { <RowAt list_slot=list_slot context=context /> }
                                    },
                                )}
                                <Spacer px=Signal::derive(move || list.view.get().after_px) />
                            </ul>
                        }
                            .into_any()
                    },
                )}
            </div>
            <Pages base=base list=list offset=offset shown=shown />
        </form>
        <a class="btn btn-primary fab" href=base.with_value(|base| url::compose(base, &account.id))>
            <Icon name="pencil" />
            {lang.compose()}
        </a>
    }
}

/// Sets the document title: "(3) Inbox", unless a message is open.
fn set_title(tab: Tab, list: ListState, name: String) {
    let set = move || {
        let unread = list.unread.get().unwrap_or_default();
        tab.unread.set(unread);
        tab.title.set(with_count(unread, &name));
    };
    untrack(&set);
    effect(set);
}

/// Copies the list's counts to the folder tree.
fn update_counts(tab: Tab, list: ListState) {
    effect(move || {
        let counts = Counts {
            total: list.total.get(),
            unread: list.unread.get(),
        };
        if let ListSource::Folder(folder) = list.source() {
            tab.counts.update(|all| all.insert(folder, counts));
        }
    });
}

/// Handles the submission of the list's form: a star, or a change to the selected messages.
fn submitted(event: &SubmitEvent, tab: Tab, list: ListState) {
    event.prevent_default();
    let Some((name, value)) = submitter_field(event) else {
        return;
    };
    let (ids, act) = match name.as_str() {
        "star" | "unstar" => (
            vec![MessageRef::from(value)],
            MessageAction::of_form(&name, ""),
        ),
        "action" => {
            let ids = list.selected.get_untracked();
            (ids, MessageAction::of_form(&value, ""))
        }
        "to" => {
            let ids = list.selected.get_untracked();
            (ids, MessageAction::of_form("move", &value))
        }
        _ => return,
    };
    if let Some(act) = act {
        tab.act(ids, act);
        if name != "star" && name != "unstar" {
            list.select_none();
        }
    }
}

/// The spacer for the rows before or after those in the document.
#[component]
fn Spacer(px: Signal<f64>) -> impl IntoView {
    let element = NodeRef::<html::Li>::new();
    effect(move || {
        if let Some(element) = element.get() {
            let style = web_sys::HtmlElement::style(&element);
            // Does not fail for a height in pixels.
            drop(style.set_property("block-size", &format!("{}px", whole_px(px.get()))));
        }
    });
    view! { <li class="spacer" aria-hidden="true" node_ref=element></li> }
}

/// The bar without script: check boxes, a menu of changes, Apply.
#[component]
fn BulkBar(context: RowContext) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let is_single_folder = context.limitations.with_value(|l| has_one_folder(l));
    let role = context.list.role.get_value();
    let option = |value: &'static str, label: std::borrow::Cow<'static, str>| {
        view! { <option value=value>{label}</option> }.into_any()
    };
    view! {
        <div class="bulk nojs">
            <select class="select input-sm" name="action" aria-label=lang.action()>
                {(!is_single_folder && role != Some(FolderRole::Archive))
                    .then(|| option("archive", lang.archive()))}
                {(role != Some(FolderRole::Trash)).then(|| option("delete", lang.delete()))}
                {(!is_single_folder && role != Some(FolderRole::Junk))
                    .then(|| option("junk", lang.junk()))}
                {option("seen", lang.mark_seen())}
                {option("unseen", lang.mark_unseen())}
                {option("star", lang.star())}
                {option("unstar", lang.unstar())}
                {(!is_single_folder).then(|| option("move", lang.move_to()))}
            </select>
            {(!is_single_folder)
                .then(|| {
                    view! {
                        <select class="select input-sm" name="to" aria-label=lang.move_to()>
                            {folder_choices(|folder, label| {
                                view! { <option value=folder.id.to_string()>{label}</option> }
                                    .into_any()
                            })}
                        </select>
                    }
                        .into_any()
                })}
            <button class="btn btn-line btn-sm">{lang.apply()}</button>
        </div>
    }
}

/// The bar with script: the actions for the selected messages.
#[component]
fn SelectionBar(context: RowContext) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let list = context.list;
    let is_single_folder = context.limitations.with_value(|l| has_one_folder(l));
    let role = list.role.get_value();
    let base = StoredValue::new(PageContext::expect().base);
    let button = move |value: &'static str,
                       icon: &'static str,
                       label: std::borrow::Cow<'static, str>,
                       is_disabled: bool| {
        let title = if is_disabled {
            lang.not_here(label.clone())
        } else {
            label.clone()
        };
        view! {
            <button
                class="btn btn-icon"
                name="action"
                value=value
                aria-label=label
                title=title
                disabled=is_disabled
            >
                <Icon name=icon />
            </button>
        }
        .into_any()
    };
    let is_archive_disabled = is_single_folder || role == Some(FolderRole::Archive);
    let is_delete_disabled = role == Some(FolderRole::Trash);
    let count = move || list.selected.with(|ids| grouped(ids.len() as u64));
    view! {
        {when(
            move || list.is_selecting(),
            move || {
                view! {
                    <div class="bar selbar" role="toolbar" aria-label=lang.selection()>
                        <button
                            class="btn btn-icon"
                            type="button"
                            aria-label=lang.select_none()
                            on:click=handler(move |_| list.select_none())
                        >
                            <Icon name="close" />
                        </button>
                        <span class="grow num cut" role="status">
                            {dynamic(move || {
                                lang.selected_of(count(), grouped(list.total.get().into()))
                            })}
                        </span>
                        {dynamic(move || {
                            let loaded = grouped(list.loaded() as u64);
                            let label = lang.select_loaded(loaded.clone());
                            view! {
                                <button
                                    class="btn btn-sm"
                                    type="button"
                                    aria-label=label.clone()
                                    title=label
                                    on:click=handler(move |_| list.select_loaded())
                                >
                                    {lang.select_loaded_short(loaded)}
                                </button>
                            }
                        })}
                        {button("archive", "archive", lang.archive(), is_archive_disabled)}
                        {button("delete", "trash", lang.delete(), is_delete_disabled)}
                        {button("seen", "mail", lang.mark_seen(), false)}
                        {button("unseen", "unread", lang.mark_unseen(), false)}
                        <a
                            class="btn btn-icon"
                            href=derived(move || {
                                list.selected
                                    .with(|ids| {
                                        base.with_value(|base| url::compose_attached(base, ids))
                                    })
                            })
                            aria-label=lang.forward_attached()
                            title=lang.forward_attached()
                        >
                            <Icon name="forward" class="i-dir" />
                        </a>
                        {(!is_single_folder)
                            .then(|| view! { <MoveMenu class="menu-end" /> }.into_any())}
                    </div>
                }
                    .into_any()
            },
        )}
    }
}

/// The button that stops the search whose results are listed.
#[component]
fn StopButton(list: ListState) -> impl IntoView {
    let lang = PageContext::expect().lang;
    when(
        move || list.is_searching(),
        move || {
            view! {
            <button class="btn btn-sm js" type="button" on:click=handler(move |_| list.stop_search())>
                {lang.stop()}
            </button>
        }
        .into_any()
        },
    )
}

/// What the search did not cover.
#[component]
fn SearchNotes(list: ListState) -> impl IntoView {
    dynamic(move || {
        let notes = list.search.get().map(|search| search.notes);
        let notes = notes.filter(|notes| !notes.is_empty())?.join("\n");
        Some(
            view! {
                <p class="banner info lines" role="status">
                    {notes}
                </p>
            }
            .into_any(),
        )
    })
}

/// The content of an empty list.
#[component]
fn EmptyList(list: ListState) -> impl IntoView {
    let lang = PageContext::expect().lang;
    dynamic(move || {
        let (title, text) = match list.search.get() {
            // It may still find something.
            Some(search) if search.is_running => return None,
            Some(_) => (lang.empty_results(), "".into()),
            None if list.role.get_value() == Some(FolderRole::Inbox) => {
                (lang.empty_inbox(), lang.empty_inbox_text())
            }
            None => (lang.empty_folder(), "".into()),
        };
        Some(view! { <Empty title=title text=text /> }.into_any())
    })
}

/// The links to the previous and next page, without script.
#[component]
fn Pages(base: StoredValue<String>, list: ListState, offset: u32, shown: u32) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let total = list.total.get_untracked();
    let number = offset / Window::PAGE + 1;
    let end = offset.saturating_add(shown);
    let link = move |number: u32| base.with_value(|base| url::list(base, &list.source(), number));
    (total > Window::PAGE).then(|| {
        view! {
            <nav class="pages nojs" aria-label=lang.pages()>
                {(offset > 0)
                    .then(|| {
                        view! {
                            <a class="btn btn-line btn-sm" href=link(number - 1)>
                                {lang.newer()}
                            </a>
                        }
                            .into_any()
                    })}
                <span class="grow num muted small">
                    {lang
                        .page_range(
                            grouped(u64::from(offset) + 1),
                            grouped(u64::from(end)),
                            grouped(u64::from(total)),
                        )}
                </span>
                {(end < total)
                    .then(|| {
                        view! {
                            <a class="btn btn-line btn-sm" href=link(number + 1)>
                                {lang.older()}
                            </a>
                        }
                            .into_any()
                    })}
            </nav>
        }
        .into_any()
    })
}

/// The placeholder of the list pane while its rows load.
#[component]
pub fn ListSkeleton() -> impl IntoView {
    view! {
        <div class="bar">
            <span class="sk w3 tall"></span>
        </div>
        <ul class="rows" aria-hidden="true">
            {(0..8).map(|_| row_placeholder()).collect_view()}
        </ul>
    }
}
