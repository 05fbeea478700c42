//! Where texts are kept until they are sent: the browser's storage for this address.

use wasm_bindgen::{JsCast, JsValue};

use super::js;
use crate::state::upload::whole;

/// A text that nobody came back for goes after 7 days.
const KEEP_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How many texts there are at most, of all accounts.
const MAX_COUNT: usize = 20;

/// A text as it is stored.
pub(super) struct Stored {
    /// Tells it from the others.
    pub(super) id: String,
    /// When it was stored, in Unix milliseconds.
    pub(super) at_ms: u64,
    /// The sealed text.
    pub(super) sealed: String,
}

/// The time, in Unix milliseconds.
pub(super) fn now_ms() -> u64 {
    whole(js_sys::Date::now())
}

fn item(storage: &JsValue, name: &str) -> Option<String> {
    js::call(storage, "getItem", &[name.into()])?.as_string()
}

/// All stored texts, whoever's they are. Removes those that are too old.
pub(super) fn all(prefix: &str) -> Vec<Stored> {
    let Some(storage) = js::global("localStorage") else {
        return Vec::new();
    };
    let names = js_sys::Object::keys(storage.unchecked_ref::<js_sys::Object>());
    let names: Vec<String> = names
        .iter()
        .filter_map(|name| name.as_string())
        .filter(|name| name.starts_with(prefix))
        .collect();
    let oldest_ms = now_ms().saturating_sub(KEEP_MS);
    let read = |name: String| {
        let value = item(&storage, &name)?;
        let (at_ms, sealed) = value.split_once('.')?;
        let at_ms: u64 = at_ms.parse().unwrap_or(0);
        let id = name.strip_prefix(prefix)?;
        if at_ms < oldest_ms {
            remove(prefix, id);
            return None;
        }
        Some(Stored {
            id: id.to_owned(),
            at_ms,
            sealed: sealed.to_owned(),
        })
    };
    names.into_iter().filter_map(read).collect()
}

/// Stores a text over what was stored of it before. `false` where there is no room, or no storage.
pub(super) fn put(prefix: &str, text: &Stored) -> bool {
    let name = format!("{prefix}{}", text.id);
    let Some(storage) = js::global("localStorage") else {
        return false;
    };
    if item(&storage, &name).is_none() && all(prefix).len() >= MAX_COUNT {
        return false;
    }
    let value = format!("{}.{}", text.at_ms, text.sealed);
    js::call(&storage, "setItem", &[name.into(), value.into()]).is_some()
}

/// Removes a text.
pub(super) fn remove(prefix: &str, id: &str) {
    if let Some(storage) = js::global("localStorage") {
        // Removing what is not there is no error.
        js::call(&storage, "removeItem", &[format!("{prefix}{id}").into()]);
    }
}

/// The name of this tab: the same as long as it is open, whatever it loads.
pub(super) fn tab_name() -> Option<String> {
    const NAME: &str = "restante:tab";
    let storage = js::global("sessionStorage")?;
    if let Some(name) = item(&storage, NAME) {
        return Some(name);
    }
    let name = random_name()?;
    js::call(&storage, "setItem", &[NAME.into(), name.clone().into()])?;
    Some(name)
}

/// A name that no other one is like.
pub(super) fn random_name() -> Option<String> {
    js::call(&js::global("crypto")?, "randomUUID", &[])?.as_string()
}
