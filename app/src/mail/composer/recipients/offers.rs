//! People offered while the user types, and recipients compared with people written to before.

use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::chips::{Chips, State};
use crate::api::people::{people_compare, people_suggest, person_forget};
use crate::api::types::{COMPARED_MAX, Person, PersonSuggestion, SUGGESTIONS_MAX};
use crate::text::people::{find, fold};
use crate::text::recipients::{entry_of, recipient};

/// The pause after a key before the server is asked.
const PAUSE: Duration = Duration::from_millis(120);
/// Maximum number of people that are shown.
const SHOWN_MAX: usize = 8;

impl Chips {
    /// Offers the people who match the typed text. The answer for a text serves for all longer ones,
    /// if it holds all who match.
    pub(super) fn look_up(self) {
        let typed = folded(&self.typed());
        let mut number = 0;
        let mut is_answered = typed.trim().is_empty();
        self.update(|state| {
            state.lookup = state.lookup.wrapping_add(1);
            number = state.lookup;
            if is_answered {
                state.offers.clear();
            } else if let Some((text, people)) = &state.answer
                && typed.starts_with(text)
                && people.len() < SUGGESTIONS_MAX
            {
                is_answered = true;
                let people = people.clone();
                self.offer(state, &typed, people);
            }
        });
        if is_answered {
            return;
        }
        let is_current = move || self.peek(|state| state.lookup == number);
        set_timeout(
            move || {
                if is_current() {
                    spawn_local(async move {
                        let Some(account) = self.account.try_get_value() else {
                            return;
                        };
                        // Without an answer the user writes the address.
                        let answer = people_suggest(account, typed.clone()).await;
                        if let (Ok(people), true) = (answer, is_current()) {
                            self.update(|state| {
                                state.answer = Some((typed.clone(), people.clone()));
                                self.offer(state, &typed, people);
                            });
                        }
                    });
                }
            },
            PAUSE,
        );
    }

    /// Shows those of the people who match and are no recipients of this field yet.
    fn offer(self, state: &mut State, typed: &str, people: Vec<PersonSuggestion>) {
        let chips = &state.chips;
        let is_new = |person: &Person| {
            let mut known = chips.iter().filter_map(|chip| chip.person.as_ref());
            !known.any(|known| known.address.eq_ignore_ascii_case(&person.address))
        };
        let is_match = |person: &Person| {
            find(&folded(&person.name), &folded(&person.address), typed).is_some()
        };
        let people = people.into_iter().filter(|offer| {
            let person = &offer.person;
            is_new(person) && is_match(person)
        });
        state.offers = people.take(SHOWN_MAX).collect();
        // Enter must not replace an address that is complete.
        let is_complete = recipient(self.typed().trim()).is_some();
        state.active = (!is_complete && !state.offers.is_empty()).then_some(0);
    }

    /// Hides the offered people, and ignores answers that are on their way.
    pub(super) fn close_offers(self) {
        self.update(|state| {
            state.lookup = state.lookup.wrapping_add(1);
            state.offers.clear();
            state.active = None;
        });
    }

    /// Handles a key of the list of offered people. `false` if it is none.
    pub(super) fn choose_by_key(self, event: &KeyboardEvent) -> bool {
        let (count, active) = self.peek(|state| (state.offers.len(), state.active));
        let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
        if count == 0 || has_modifier {
            return false;
        }
        let last = count.saturating_sub(1);
        let activate = |index: usize| self.update(|state| state.active = Some(index));
        match (event.key().as_str(), active) {
            ("ArrowDown", None) => activate(0),
            ("ArrowDown", Some(index)) => activate(if index < last { index + 1 } else { 0 }),
            ("ArrowUp", None | Some(0)) => activate(last),
            ("ArrowUp", Some(index)) => activate(index.saturating_sub(1)),
            ("Enter", Some(index)) => self.accept(index),
            ("Tab", Some(index)) if !event.shift_key() => {
                self.accept(index);
                // The focus moves on.
                return false;
            }
            ("Delete", Some(index)) if event.shift_key() => self.forget(index),
            ("Escape", _) => self.close_offers(),
            _ => return false,
        }
        true
    }

    /// Makes an offered person a recipient.
    pub(super) fn accept(self, index: usize) {
        let offer = self.peek(|state| state.offers.get(index).cloned());
        if let Some(offer) = offer {
            match offer.members.as_str() {
                "" => self.add(&entry_of(&offer.person)),
                members => self.add(members),
            }
            self.close_offers();
            self.compare();
        }
    }

    /// Forgets an offered person.
    pub(super) fn forget(self, index: usize) {
        let offer = self.peek(|state| state.offers.get(index).cloned());
        // Those of the address book are deleted there.
        let offer = offer.filter(|offer| offer.written_count > 0);
        let (Some(offer), Some(account)) = (offer, self.account.try_get_value()) else {
            return;
        };
        let address = offer.person.address;
        self.update(|state| {
            let is_other = |offer: &PersonSuggestion| offer.person.address != address;
            state.offers.retain(is_other);
            if let Some((_, people)) = &mut state.answer {
                people.retain(is_other);
            }
            let last = state.offers.len().checked_sub(1);
            state.active = last.map(|last| index.min(last));
        });
        spawn_local(async move {
            // A failure shows itself: the person is offered again.
            drop(person_forget(account, address).await);
        });
    }

    /// Compares the recipients that were not compared before.
    pub(super) fn compare(self) {
        let mut addresses = Vec::new();
        self.update(|state| {
            let people = state.chips.iter().filter_map(|chip| chip.person.as_ref());
            for person in people {
                let has_room = state.compared.len() < COMPARED_MAX;
                if has_room && !state.compared.contains(&person.address) {
                    state.compared.push(person.address.clone());
                    addresses.push(person.address.clone());
                }
            }
        });
        if let (false, Some(account)) = (addresses.is_empty(), self.account.try_get_value()) {
            spawn_local(async move {
                if let Ok(warnings) = people_compare(account, addresses).await {
                    self.update(|state| state.warnings.extend(warnings));
                }
            });
        }
    }
}

fn folded(text: &str) -> String {
    fold(&decomposed(text))
}

/// Returns a text in compatibility decomposition.
fn decomposed(text: &str) -> String {
    if cfg!(feature = "hydrate") {
        let text = js_sys::JsString::from(text);
        String::from(text.normalize("NFKD"))
    } else {
        text.to_owned()
    }
}
