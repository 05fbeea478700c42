//! The events of a recipient field: one listener for all, which costs less code than one each.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement};

use super::chips::{Chips, State};
use crate::mail::composer::fields::Fields;
use crate::mail::composer::files::property;

/// Listens to the events inside a recipient field.
pub(super) fn listen(root: &HtmlElement, chips: Chips, fields: Fields) {
    let listener = Closure::<dyn Fn(Event)>::new(move |event| handle(&event, chips, fields));
    // Not `FnMut`: an event that moves the focus is followed by others before it ends. The browser
    // collects the listener with the element.
    let listener = listener.into_js_value();
    for name in [
        "focusin",
        "focusout",
        "keydown",
        "input",
        "compositionend",
        "copy",
        "cut",
        "paste",
        "mousedown",
        "click",
        "dblclick",
    ] {
        drop(root.add_event_listener_with_callback(name, listener.unchecked_ref()));
    }
}

/// Sets `is_unfolded` once the part that holds `root` is open.
pub(super) fn on_unfolded(root: &HtmlElement, is_unfolded: RwSignal<bool>) {
    match root.closest("details:not([open])") {
        Ok(Some(folded)) => {
            let listener = Closure::<dyn Fn(Event)>::new(move |_| _ = is_unfolded.try_set(true));
            let listener = listener.into_js_value();
            drop(folded.add_event_listener_with_callback("toggle", listener.unchecked_ref()));
        }
        _ => is_unfolded.set(true),
    }
}

fn handle(event: &Event, chips: Chips, fields: Fields) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let input = chips.input.try_get_untracked().flatten();
    let (Some(target), Some(input)) = (target, input) else {
        return;
    };
    let is_in_input = target == **input;
    let is_done = match event.type_().as_str() {
        "focusin" if !is_in_input && target.has_type::<web_sys::HtmlInputElement>() => {
            chips.focus();
            false
        }
        "mousedown" => !is_in_input,
        "click" => {
            click(chips, &target, false);
            false
        }
        "dblclick" => {
            click(chips, &target, true);
            false
        }
        _ if !is_in_input => false,
        "focusout" => {
            chips.close_offers();
            chips.unpick();
            // The element keeps the focus while another window has it.
            if document().active_element().as_ref() != Some(&target) {
                complete(chips, true);
            }
            false
        }
        "keydown" => event
            .dyn_ref()
            .is_some_and(|event| press(chips, fields, event)),
        "input" => {
            chips.unpick();
            chips.write();
            // An input method shows text that is not chosen yet.
            let is_composing = property(event, "isComposing");
            if is_composing.is_none_or(|is| is.is_falsy()) {
                typed(chips);
            }
            false
        }
        "compositionend" => {
            typed(chips);
            false
        }
        "paste" => {
            let is_list = clipboard_text(event).is_some_and(|text| chips.paste(&text));
            if is_list {
                chips.close_offers();
                chips.compare();
            }
            is_list
        }
        kind => {
            let text = chips.picked_text();
            let is_copied = !text.is_empty() && set_clipboard(event, &text);
            if is_copied && kind == "cut" {
                chips.remove(chips.peek(State::selection));
            }
            is_copied
        }
    };
    if is_done {
        event.prevent_default();
        if !is_in_input {
            return;
        }
        event.stop_propagation();
    }
}

/// Handles a key in the text field. `false` if the browser and the form handle it.
fn press(chips: Chips, fields: Fields, event: &KeyboardEvent) -> bool {
    // The key belongs to the input method (key code 229).
    if event.is_composing() || event.key_code() == 229 {
        return false;
    }
    if chips.select_by_key(event) || chips.choose_by_key(event) {
        return true;
    }
    if event.key() != "Enter" {
        return false;
    }
    let is_blank = chips.typed().trim().is_empty();
    complete(chips, true);
    chips.close_offers();
    if event.ctrl_key() || event.meta_key() {
        // The form is sent.
        return false;
    }
    let source = chips.source.get_untracked().filter(|_| is_blank);
    source.is_none_or(|source| fields.focus_next(&source))
}

/// Handles a click on a chip, on an offered person, or on a button of one of them.
fn click(chips: Chips, target: &Element, is_double: bool) {
    let closest = |selector: &str| target.closest(selector).ok().flatten();
    let number =
        |element: Element| -> Option<u32> { element.id().rsplit('-').next()?.parse().ok() };
    let offer = closest(".offer").and_then(|offer| offer.first_element_child());
    if let Some(index) = offer.and_then(number) {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match closest(".btn") {
            Some(_) => chips.forget(index),
            None => chips.accept(index),
        }
        return;
    }
    let Some(key) = closest(".chip").and_then(number) else {
        return chips.focus();
    };
    if closest("button").is_some() {
        return chips.remove_key(key);
    }
    let found = chips.peek(|state| {
        let index = state.chips.iter().position(|chip| chip.key == key)?;
        Some((index, state.chips.get(index)?.person.is_none()))
    });
    if let Some((index, is_invalid)) = found {
        if is_invalid || is_double {
            chips.edit(index);
        } else {
            chips.pick(index);
            chips.focus();
        }
    }
}

/// Handles a change of the typed text.
fn typed(chips: Chips) {
    complete(chips, false);
    chips.look_up();
}

/// Makes chips of complete entries.
fn complete(chips: Chips, is_final: bool) {
    if chips.commit(is_final) {
        chips.compare();
    }
}

/// Puts a text on the clipboard during a copy. `false` if the browser gives no access.
fn set_clipboard(event: &Event, text: &str) -> bool {
    let set = |data: JsValue| {
        let set: js_sys::Function = property(&data, "setData")?.dyn_into().ok()?;
        set.call2(&data, &"text/plain".into(), &text.into()).ok()
    };
    property(event, "clipboardData").and_then(set).is_some()
}

/// Returns the pasted text.
fn clipboard_text(event: &Event) -> Option<String> {
    let data = property(event, "clipboardData")?;
    let get: js_sys::Function = property(&data, "getData")?.dyn_into().ok()?;
    get.call1(&data, &"text/plain".into()).ok()?.as_string()
}
