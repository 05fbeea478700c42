//! Unsent texts in the browser: sealed, stored and locked by a script of our own (`kept.js`).

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/state/unsent/kept.js")]
extern "C" {
    /// Whether any text is stored, whoever's it is. Removes those that are too old.
    #[wasm_bindgen(js_name = unsentAny)]
    pub(super) fn is_any(prefix: &str) -> bool;
    #[wasm_bindgen(js_name = unsentAll)]
    fn all_rows(base: &str, prefix: &str, account: &str) -> Promise;
    #[wasm_bindgen(js_name = unsentPut)]
    fn put_row(base: &str, prefix: &str, account: &str, id: &str, at: &str, text: &str) -> Promise;
    /// Removes a text and its lock; what is still on its way to the storage stays out.
    #[wasm_bindgen(js_name = unsentRemove)]
    pub(super) fn remove(name: &str);
    #[wasm_bindgen(js_name = unsentHold)]
    fn hold_name(name: &str) -> Promise;
    /// Lets go of a lock, if it is this tab's.
    #[wasm_bindgen(js_name = unsentRelease)]
    pub(super) fn release(name: &str);
    #[wasm_bindgen(js_name = unsentLocks)]
    fn lock_names() -> Promise;
    /// The name of this tab: the same as long as it is open, whatever it loads.
    #[wasm_bindgen(js_name = unsentTab)]
    pub(super) fn tab_name() -> String;
    /// A name that no other one is like.
    #[wasm_bindgen(js_name = unsentName)]
    pub(super) fn new_name() -> String;
    /// A time as the reader's own clock shows it, with its day where that is not today.
    #[wasm_bindgen(js_name = unsentMoment)]
    pub fn moment(at: &str, lang: &str) -> String;
}

/// The stored texts of an account: id, time and text in a row, for each.
pub(super) async fn all(base: &str, prefix: &str, account: &str) -> Vec<String> {
    strings(all_rows(base, prefix, account)).await
}

/// Stores a text over what was stored of it before. `false` where it cannot be kept.
pub(super) async fn put(
    base: &str,
    prefix: &str,
    account: &str,
    id: &str,
    at: &str,
    text: &str,
) -> bool {
    is_true(put_row(base, prefix, account, id, at, text)).await
}

/// Takes a lock. `false` where another tab has it, or the browser has no locks.
pub(super) async fn hold(name: &str) -> bool {
    is_true(hold_name(name)).await
}

/// The names of all locks that any tab holds.
pub(super) async fn held() -> Vec<String> {
    strings(lock_names()).await
}

async fn is_true(answer: Promise) -> bool {
    answer.await.is_ok_and(|answer: JsValue| answer.is_truthy())
}

async fn strings(list: Promise) -> Vec<String> {
    let list = list.await.map(|list: JsValue| Array::from(&list));
    let list = list.iter().flat_map(Array::iter);
    list.filter_map(|item| item.as_string()).collect()
}
