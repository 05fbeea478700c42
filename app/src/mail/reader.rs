//! The open message.

use leptos::prelude::*;

use super::attachments::Attachments;
use super::cards::{BodyCard, Trust, is_trust};
use super::empty::Empty;
use super::form::{Hidden, datetime_attr};
use super::message_frame::MessageFrame;
use super::open_message::OpenMessage;
use super::text_body::{OUTSIDE, TextBody, is_safe};
use super::toolbar::{BottomBar, InnerBar, ReaderBar, StarButton, mark_read_on_open};
use crate::api::types::{
    AccountView, BodyView, ComposeKind, DateText, FolderRole, HeaderField, IncomingKind, Lang,
    ListSource, MessageRef, MessageView, Person, Unsubscribe,
};
use crate::page::PageContext;
use crate::state::prefetch;
use crate::state::tab::Tab;
use crate::text::address::people_line;
use crate::text::url::{self, Shown};
use crate::ui::Icon;
use crate::ui::dynamic::effect;

/// Shows a message.
#[component]
pub fn Reader(
    /// The account.
    account: AccountView,
    /// The role of its folder, if known.
    role: Option<FolderRole>,
    /// The source of the list beside it.
    source: ListSource,
    /// The message.
    message: MessageView,
    /// How the URL asks for its HTML.
    shown: Shown,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let incoming = account.incoming;
    let open = OpenMessage {
        base: StoredValue::new(page.base),
        account: StoredValue::new(account),
        role,
        id: StoredValue::new(message.id.clone()),
        position: message.position,
        source: StoredValue::new(source),
    };
    mark_read_on_open(open, &message);
    // IMAP only: a POP3 server may treat a fetched message as read and archive it.
    let neighbours: Vec<MessageRef> = [&message.older, &message.newer]
        .into_iter()
        .flatten()
        .filter(|_| incoming == IncomingKind::Imap && !open.is_in_search())
        .cloned()
        .collect();
    effect(move || {
        let is_open = move || open.id.try_get_value().is_some();
        prefetch::fetch(tab, neighbours.clone(), is_open);
    });
    let MessageView {
        from,
        reply_to,
        to,
        cc,
        bcc,
        date,
        cards,
        unsubscribe,
        body,
        attachments,
        headers,
        ..
    } = message;
    let (trust, cards): (Vec<_>, Vec<_>) = cards.into_iter().partition(is_trust);
    let trust = trust
        .into_iter()
        .map(|card| view! { <Trust card=card /> }.into_any())
        .collect_view();
    let cards = cards
        .into_iter()
        .map(|card| view! { <BodyCard card=card of=open.id.get_value() /> }.into_any())
        .collect_view();
    let sender = from.first().cloned().unwrap_or_default();
    let subject = match message.subject {
        subject if subject.is_empty() => lang.no_subject().into_owned(),
        subject => subject,
    };
    tab.open_title.set(Some(subject.clone()));
    let own_title = subject.clone();
    on_cleanup(move || {
        // On the server the document title is written after the components are dropped.
        if !cfg!(feature = "ssr") {
            tab.open_title.try_update(|title| {
                if title.as_ref() == Some(&own_title) {
                    *title = None;
                }
            });
        }
    });
    let lines = [
        (lang.reply_to(), reply_to),
        (lang.to(), to.clone()),
        (lang.cc(), cc.clone()),
        (lang.bcc(), bcc),
    ];
    let lines = lines
        .into_iter()
        .filter(|(_, people)| !people.is_empty())
        .map(|(label, people)| {
            view! {
                <dt>{label}</dt>
                <dd dir="auto">{address_list(&people)}</dd>
            }
            .into_any()
        })
        .collect_view();
    let shown_date = day_and_time(&date);
    let others: Vec<Person> = to.into_iter().chain(cc).collect();
    // A message inside another one cannot be changed.
    let outer = open.outer();
    let is_whole = outer.is_none();
    let bar = match outer {
        Some(outer) => view! { <InnerBar outer=outer /> }.into_any(),
        None => view! {
            <ReaderBar open=open newer=message.newer older=message.older total=message.total />
        }
        .into_any(),
    };
    view! {
        {bar}
        <div class="pane-scroll reader-scroll">
            <article aria-labelledby="subject" data-open=is_whole.then(|| message.id.to_string())>
                <header class="msg-head">
                    <h1 id="subject" dir="auto">
                        {subject}
                    </h1>
                </header>
                <div class="msg-from">
                    <span class=format!("avatar av-l {}", sender.hue()) aria-hidden="true">
                        {sender.initials()}
                    </span>
                    <div class="who">
                        <div class="l1">
                            <b dir="auto">{sender_line(&from, lang)}</b>
                            {trust}
                        </div>
                        // The address is always visible: a display name can be any text.
                        <details class="addr">
                            <summary class="cut">
                                {sender.address.clone()} " "
                                {lang.to_people(short_line(&others, lang))}
                            </summary>
                            <dl class="people">
                                <dt>{lang.from()}</dt>
                                <dd dir="auto">{address_list(&from)}</dd>
                                {lines}
                                <dt>{lang.date()}</dt>
                                <dd>{date.long.clone()}</dd>
                            </dl>
                        </details>
                    </div>
                    <div class="who-end">
                        <time
                            class="muted small num"
                            datetime=datetime_attr(date.iso)
                            title=date.long
                        >
                            {shown_date}
                        </time>
                        {is_whole
                            .then(|| {
                                view! { <StarButton open=open is_starred=message.is_starred /> }
                                    .into_any()
                            })}
                    </div>
                </div>
                <MessageChips open=open headers=headers unsubscribe=unsubscribe />
                {cards}
                {body_view(open, body, sender.address.clone(), shown, lang)}
                <Attachments open=open attachments=attachments />
                {is_whole.then(|| view! { <ReplyButtons open=open /> }.into_any())}
            </article>
        </div>
        {is_whole.then(|| view! { <BottomBar open=open /> }.into_any())}
    }
}

fn body_view(
    open: OpenMessage,
    body: BodyView,
    sender: String,
    shown: Shown,
    lang: Lang,
) -> AnyView {
    let truncation_note = |is_cut: bool| {
        is_cut.then(|| view! { <p class="small muted frame-note">{lang.body_cut()}</p> }.into_any())
    };
    match body {
        BodyView::Text { blocks, is_cut } => view! {
            <TextBody blocks=blocks />
            {truncation_note(is_cut)}
        }
        .into_any(),
        BodyView::Html {
            blocked_images,
            shows_images,
            tracking_pixels,
            is_cut,
        } => view! {
            <MessageFrame open=open blocked_images=blocked_images shows_images=shows_images sender=sender shown=shown />
            {(tracking_pixels > 0)
                .then(|| {
                    view! {
                        <p class="small muted frame-note">
                            {lang.pixels_blocked(tracking_pixels)}
                        </p>
                    }
                        .into_any()
                })}
            {truncation_note(is_cut)}
        }
        .into_any(),
        BodyView::Empty { why } => view! { <p class="msg-body muted">{why}</p> }.into_any(),
    }
}

/// Returns the names of all authors.
fn sender_line(from: &[Person], lang: Lang) -> String {
    if from.is_empty() {
        lang.no_sender().into_owned()
    } else {
        people_line(from)
    }
}

/// Returns "Today 09:42" or "3 Nov 09:42".
fn day_and_time(date: &DateText) -> String {
    match date.iso.get(11..16) {
        Some(time) if date.short == time => format!("{} {time}", date.group),
        Some(time) => format!("{} {time}", date.short),
        None => date.short.clone(),
    }
}

/// Returns "Ada, 王磊 and 2 more". A single remaining person is named, not counted.
fn short_line(people: &[Person], lang: Lang) -> String {
    const MAX_NAMED: usize = 2;
    let more = people.len().saturating_sub(MAX_NAMED);
    match people.get(..MAX_NAMED) {
        Some(first) if more > 1 => lang
            .and_more(people_line(first), more as u64, people.len() as u64)
            .into_owned(),
        _ => people_line(people),
    }
}

fn address_list(people: &[Person]) -> String {
    people
        .iter()
        .map(Person::mailbox)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The links to leave the mailing list and to the source, and all header fields.
#[component]
fn MessageChips(
    open: OpenMessage,
    headers: Vec<HeaderField>,
    unsubscribe: Option<Unsubscribe>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let source = open.url(url::source);
    let rows = headers
        .into_iter()
        .map(|field| {
            view! {
                <tr>
                    <th scope="row">{field.name}</th>
                    <td dir="auto">{field.value}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="msg-chips">
            {unsubscribe.map(|way| unsubscribe_chip(open, way, lang))}
            <details class="headers">
                <summary class="chip">
                    <Icon name="info" />
                    {lang.headers()}
                </summary>
                <div class="headers-scroll">
                    <table>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
            <a class="chip" href=source.clone() rel="external" target="_blank">
                <Icon name="code" />
                {lang.source()}
            </a>
            <a class="chip" href=source rel="external" download="message.eml">
                <Icon name="download" />
                {lang.save()}
            </a>
        </div>
    }
}

fn unsubscribe_chip(open: OpenMessage, way: Unsubscribe, lang: Lang) -> AnyView {
    let label = view! {
        <Icon name="close" />
        {lang.unsubscribe()}
    };
    match way {
        Unsubscribe::OneClick { host } => view! {
            <form method="post" action=open.base.with_value(|base| url::unsubscribe(base))>
                <Hidden name="message" value=open.id.with_value(MessageRef::to_string) />
                <Hidden name="return" value=open.url(url::message) />
                <button class="chip" title=host>
                    {label}
                </button>
            </form>
        }
        .into_any(),
        Unsubscribe::Page { url } if is_safe(&url) => view! {
            <a class="chip" href=url target="_blank" rel=OUTSIDE>
                {label}
            </a>
        }
        .into_any(),
        Unsubscribe::Page { .. } => ().into_any(),
        Unsubscribe::Mail => {
            let kind = ComposeKind::Unsubscribe;
            let href = open.url(|base, of| url::compose_source(base, kind, of));
            view! {
                <a class="chip" href=href>
                    {label}
                </a>
            }
            .into_any()
        }
    }
}

/// The buttons Reply, Reply all and Forward.
#[component]
fn ReplyButtons(open: OpenMessage) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let link = |kind, icon, label: std::borrow::Cow<'static, str>, key| {
        let href = open.url(|base, of| url::compose_source(base, kind, of));
        view! {
            <a class="btn btn-line" href=href aria-keyshortcuts=key data-answer=kind.word()>
                <Icon name=icon class="i-dir" />
                {label}
            </a>
        }
        .into_any()
    };
    let more =
        |of: fn(&str, &MessageRef) -> String, icon, label: std::borrow::Cow<'static, str>| {
            view! {
                <a class="menu-item" href=open.url(of)>
                    <Icon name=icon />
                    {label}
                </a>
            }
            .into_any()
        };
    view! {
        <div class="reply-row">
            {link(ComposeKind::Reply, "reply", lang.reply(), "r")}
            {link(ComposeKind::ReplyAll, "replyall", lang.reply_all(), "a")}
            {link(ComposeKind::Forward, "forward", lang.forward(), "f")}
            <details class="rel move-menu">
                <summary
                    class="btn btn-line btn-icon"
                    aria-label=lang.more_answers()
                    title=lang.more_answers()
                >
                    <Icon name="more" />
                </summary>
                <div class="menu drop-up">
                    {more(url::forward_attached, "clip", lang.forward_attached())}
                    {more(url::redirect, "send", lang.redirect())}
                    {more(url::compose_copy, "pencil", lang.edit_as_new())}
                </div>
            </details>
        </div>
    }
}

/// The content of the pane while no message is open.
#[component]
pub fn NoMessage() -> impl IntoView {
    let lang = PageContext::expect().lang;
    view! {
        <div class="bar"></div>
        <div class="pane-scroll">
            <Empty title=lang.no_message_open() text="" />
        </div>
    }
}

/// The placeholder of the pane while a message loads.
#[component]
pub fn ReaderSkeleton() -> impl IntoView {
    view! {
        <div class="bar"></div>
        <div class="msg-head" aria-busy="true">
            <span class="sk w7 tall"></span>
        </div>
        <div class="msg-from">
            <span class="sk round"></span>
            <span class="sk w4"></span>
        </div>
        <div class="msg-body">
            <p>
                <span class="sk w9"></span>
            </p>
            <p>
                <span class="sk w7"></span>
            </p>
            <p>
                <span class="sk w9"></span>
            </p>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_day_and_time() {
        let date = |short: &str, iso: &str| DateText {
            short: short.to_owned(),
            long: String::new(),
            iso: iso.to_owned(),
            group: "Today".to_owned(),
        };
        let iso = "2026-11-21T09:42:00+01:00";
        assert_eq!(day_and_time(&date("09:42", iso)), "Today 09:42");
        assert_eq!(day_and_time(&date("3 Nov", iso)), "3 Nov 09:42");
        assert_eq!(day_and_time(&date("No date", "")), "No date");
    }

    #[test]
    fn one_more_recipient_is_named_and_several_are_counted() {
        let people: Vec<Person> = ["Ann", "Bob", "陈思远", "Dan", "Eve"]
            .map(|name| Person {
                name: name.to_owned(),
                address: String::new(),
            })
            .into();
        for (count, en, zh) in [
            (0, "", ""),
            (1, "Ann", "Ann"),
            (3, "Ann, Bob, 陈思远", "Ann, Bob, 陈思远"),
            (4, "Ann, Bob and 2 more", "Ann, Bob 等 4 人"),
            (5, "Ann, Bob and 3 more", "Ann, Bob 等 5 人"),
        ] {
            let people = &people[..count];
            let lines = [Lang::En, Lang::ZhCn].map(|lang| short_line(people, lang));
            assert_eq!(lines, [en, zh]);
        }
    }
}
