//! A recipient field. Without script it is a plain text field; with script, each entry is a chip and
//! people are offered while the user types.

mod chips;
mod events;
mod offers;

use leptos::html;
use leptos::prelude::*;

use self::chips::{Chip, Chips, State};
use self::events::{listen, on_unfolded};
use super::fields::Fields;
use crate::api::error::ApiError;
use crate::api::types::{AccountId, PersonSuggestion};
use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::text::size::grouped;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, each, effect, when};

/// Maximum number of chips that are rendered; the rest is a number.
const SHOWN_MAX: usize = 200;
/// The number of recipients from which it is shown.
const COUNTED_MIN: usize = 8;

/// The recipient field `name` of the compose form.
#[component]
pub fn Recipients(
    /// `to`, `cc` or `bcc`.
    name: &'static str,
    /// Its label.
    label: String,
    /// Its initial content.
    value: String,
    /// Whether it has the initial focus.
    autofocus: bool,
    /// The element of this field.
    element: NodeRef<html::Input>,
    /// The fields of the form.
    fields: Fields,
    /// The sending account.
    account: StoredValue<AccountId>,
    /// The error of the form.
    error: RwSignal<Option<ApiError>>,
    /// Reports the form's content after a change without an event.
    report: Callback<()>,
) -> impl IntoView {
    let tab = Tab::expect();
    let chips = Chips::new(name, element, account, report);
    let root = NodeRef::<html::Div>::new();
    let has_error = move || {
        error.with(|error| {
            let field = error.as_ref().and_then(|error| error.field.as_deref());
            field == Some(name)
        })
    };
    // In a folded part nothing is built before it is opened.
    let is_unfolded = RwSignal::new(name == "to");
    let is_started = move || tab.is_started.get() && is_unfolded.get();
    effect(move || {
        if let Some(root) = root.get() {
            listen(&root, chips, fields);
            if !is_unfolded.get_untracked() {
                on_unfolded(&root, is_unfolded);
            }
        }
    });
    effect(move || {
        fields.fills.track();
        if chips.input.get().is_none() {
            return;
        }
        let focused = document().active_element();
        let source = element.get_untracked();
        let is_writing = source.is_some_and(|source| focused.as_ref() == Some(&source));
        chips.load(is_writing);
        chips.compare();
        if is_writing {
            chips.focus();
        }
    });
    effect(move || {
        let has_error = has_error();
        chips.read(|state| show_state(chips, state, has_error));
    });
    let entry_line = {
        let label = label.clone();
        move || entry_line(chips, label.clone())
    };
    view! {
        <div class="c-line" class:bad-line=has_error>
            // Named as soon as the text field exists, which then takes the name over.
            <label for=derived(move || chips.id(if is_started() { "-add" } else { "" }))>
                {label}
            </label>
            <div class="c-people" class:has-chips=is_started node_ref=root>
                <input
                    id=chips.id("")
                    name=name
                    value=value
                    dir="auto"
                    autocomplete="off"
                    enterkeyhint="next"
                    autofocus=autofocus
                    aria-invalid=derived(move || has_error().then_some("true"))
                    node_ref=element
                />
                {when(is_started, entry_line)}
            </div>
            {when(is_started, move || notes(chips))}
        </div>
    }
    .into_any()
}

/// Writes the state into the attributes of the text field.
fn show_state(chips: Chips, state: &State, has_error: bool) {
    let (Some(input), Some(source)) = (chips.input.get(), chips.source.get_untracked()) else {
        return;
    };
    let set = |input: &web_sys::HtmlInputElement, name: &str, value: Option<&str>| {
        drop(match value {
            Some(value) => input.set_attribute(name, value),
            None => input.remove_attribute(name),
        });
    };
    let is_open = !state.offers.is_empty();
    let active = state.active.map(|index| chips.part_id("offer", index));
    let is_invalid = has_error || state.chips.iter().any(|chip| chip.person.is_none());
    for (name, value) in [
        ("role", Some("combobox")),
        ("aria-autocomplete", Some("list")),
        (
            "aria-expanded",
            Some(if is_open { "true" } else { "false" }),
        ),
        (
            "aria-controls",
            is_open.then(|| chips.id("-list")).as_deref(),
        ),
        ("aria-activedescendant", active.as_deref()),
        ("aria-invalid", is_invalid.then_some("true")),
        ("aria-describedby", Some(&chips.id("-notes"))),
        ("autocapitalize", Some("off")),
        ("spellcheck", Some("false")),
        ("inputmode", Some("email")),
    ] {
        set(&input, name, value);
    }
    // The form's own field is out of sight: it passes the focus on.
    set(&source, "tabindex", Some("-1"));
    set(&source, "aria-hidden", Some("true"));
}

/// The chips, the text field after them, and the list of offered people.
fn entry_line(chips: Chips, label: String) -> AnyView {
    let lang = PageContext::expect().lang;
    let status = move || {
        chips.read(|state| {
            let selection = state.selection();
            match (selection.len(), state.offers.len()) {
                (0, 0) => String::new(),
                (0, offers) => lang.people_offered(offers as u64).into_owned(),
                (1, _) => {
                    let chip = state.chips.get(selection.start);
                    let text = chip.map(|chip| chip.text.clone());
                    lang.recipient_selected(text.unwrap_or_default())
                        .into_owned()
                }
                (many, _) => lang.recipients_selected(many as u64).into_owned(),
            }
        })
    };
    let count = move || chips.read(|state| state.chips.len());
    let more = move || match count().saturating_sub(SHOWN_MAX) {
        0 => String::new(),
        more => format!("+{}", grouped(more as u64)),
    };
    let counted = move || match count() {
        ..COUNTED_MIN => String::new(),
        count => grouped(count as u64),
    };
    view! {
        <div class="chips">
            {each(
                move || chips.read(|state| state.chips.iter().take(SHOWN_MAX).cloned().collect()),
                |chip: &Chip| chip.key.to_string(),
                move |chip| chip_view(chips, chip),
            )}
            <span class="more">{dynamic(more)}</span>
            <input
                id=chips.id("-add")
                aria-label=label
                dir="auto"
                autocomplete="off"
                enterkeyhint="next"
                node_ref=chips.input
            />
        </div>
        <span class="c-count num" aria-hidden="true">
            {dynamic(counted)}
        </span>
        {when(
            move || chips.read(|state| !state.offers.is_empty()),
            move || {
                view! {
                    <div
                        class="menu offers"
                        role="listbox"
                        id=chips.id("-list")
                        aria-label=lang.people_list()
                    >
                        {each(
                            move || {
                                chips
                                    .read(|state| {
                                        state.offers.iter().cloned().enumerate().collect()
                                    })
                            },
                            |(index, offer): &(usize, PersonSuggestion)| {
                                format!("{index} {}", offer.person.address)
                            },
                            move |(index, offer)| offer_view(chips, index, offer),
                        )}
                    </div>
                }
                    .into_any()
            },
        )}
        <span class="vh" role="status">
            {dynamic(status)}
        </span>
    }
    .into_any()
}

/// One chip: an avatar, the name or the address, and a button that removes it.
fn chip_view(chips: Chips, chip: Chip) -> AnyView {
    let lang = PageContext::expect().lang;
    let Chip { key, text, person } = chip;
    let is_invalid = person.is_none();
    let class = move || {
        let is_picked = chips.read(|state| {
            let picked = state.chips.get(state.selection()).unwrap_or_default();
            picked.iter().any(|chip| chip.key == key)
        });
        match (is_picked, is_invalid) {
            (true, _) => "chip picked",
            (_, true) => "chip invalid",
            _ => "chip",
        }
    };
    let (mark, label, address) = match person {
        Some(person) => {
            let label = person.label().to_owned();
            let is_named = label != person.address;
            let address = if is_named {
                person.address.clone()
            } else {
                String::new()
            };
            (avatar(&person), label, address)
        }
        None => (
            view! { <Icon name="alert" /> }.into_any(),
            text.clone(),
            String::new(),
        ),
    };
    view! {
        <span class=derived(class) id=chips.part_id("chip", key) title=text.clone()>
            {mark}
            <span class="cut" dir="auto">
                {label}
            </span>
            <span class="vh">{address}</span>
            <button class="x" type="button" tabindex="-1" aria-label=lang.remove_file(text.clone())>
                <Icon name="close" />
            </button>
        </span>
    }
    .into_any()
}

fn avatar(person: &crate::api::types::Person) -> AnyView {
    view! {
        <span class=format!("avatar av-s {}", person.hue()) aria-hidden="true">
            {person.initials()}
        </span>
    }
    .into_any()
}

/// One offered person, and a button that forgets the address.
fn offer_view(chips: Chips, index: usize, offer: PersonSuggestion) -> AnyView {
    let lang = PageContext::expect().lang;
    let person = offer.person;
    let is_active = move || match chips.read(|state| state.active == Some(index)) {
        true => "true",
        false => "false",
    };
    let address = person.address.clone();
    let second_line = if person.label() == address {
        String::new()
    } else {
        [address.as_str(), &offer.members].concat()
    };
    view! {
        <div class="offer">
            <div
                class="menu-item"
                role="option"
                id=chips.part_id("offer", index)
                aria-selected=derived(is_active)
            >
                {avatar(&person)}
                <span class="grow">
                    <span class="cut" dir="auto">
                        {person.label().to_owned()}
                    </span>
                    <small class="cut">{second_line}</small>
                </span>
            </div>
            // A list box may hold options only. The keyboard has Shift+Delete.
            {(offer.written_count > 0)
                .then(|| {
                    view! {
                        <span
                            class="btn btn-icon btn-sm"
                            aria-hidden="true"
                            title=lang.forget_person(address)
                        >
                            <Icon name="close" class="i-s" />
                        </span>
                    }
                        .into_any()
                })}
        </div>
    }
    .into_any()
}

/// What the page has to say about the entries: which are no addresses, and which may be mistaken for
/// others.
fn notes(chips: Chips) -> AnyView {
    let lang = PageContext::expect().lang;
    let invalid = move || {
        chips.read(|state| {
            let mut invalid = state.chips.iter().filter(|chip| chip.person.is_none());
            let first = invalid.next().map(|chip| chip.text.clone())?;
            Some(lang.recipient_invalid(first, invalid.count() as u64))
        })
    };
    let warnings = move || {
        chips.read(|state| {
            let is_of_chip = |address: &str| {
                let mut people = state.chips.iter().filter_map(|chip| chip.person.as_ref());
                people.any(|person| person.address == address)
            };
            let warnings = state.warnings.iter().filter(|w| is_of_chip(&w.address));
            let texts: Vec<&str> = warnings.map(|warning| warning.text.as_str()).collect();
            texts.join(" ")
        })
    };
    view! {
        <div class="c-notes" id=chips.id("-notes")>
            {when(
                move || invalid().is_some(),
                move || {
                    view! {
                        <span class="err" role="alert">
                            <Icon name="alert" class="i-s" />
                            <span>{dynamic(move || invalid().unwrap_or_default())}</span>
                        </span>
                    }
                        .into_any()
                },
            )} <span class="hint">{dynamic(warnings)}</span>
        </div>
    }
    .into_any()
}
