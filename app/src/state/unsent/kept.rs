//! Bindings to `kept.js`, which encrypts, stores and locks unsent texts in the browser.

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/state/unsent/kept.js")]
extern "C" {
    /// Whether any text is stored, of any account. Removes expired ones.
    #[wasm_bindgen(js_name = unsentAny)]
    pub(super) fn has_any(prefix: &str) -> bool;
    #[wasm_bindgen(js_name = unsentAll)]
    fn all_rows(base: &str, prefix: &str, account: &str) -> Promise;
    #[wasm_bindgen(js_name = unsentPut)]
    fn put_row(base: &str, prefix: &str, account: &str, id: &str, at: &str, text: &str) -> Promise;
    /// Removes a text and its lock; a pending write of the text is dropped.
    #[wasm_bindgen(js_name = unsentRemove)]
    pub(super) fn remove(name: &str);
    #[wasm_bindgen(js_name = unsentHold)]
    fn request_lock(name: &str) -> Promise;
    /// Releases a lock, if this tab holds it.
    #[wasm_bindgen(js_name = unsentRelease)]
    pub(super) fn release(name: &str);
    #[wasm_bindgen(js_name = unsentLocks)]
    fn lock_names() -> Promise;
    /// Returns the name of this tab, which is stable while the tab is open.
    #[wasm_bindgen(js_name = unsentTab)]
    pub(super) fn tab_name() -> String;
    /// Whether this tab had its form beside the page when it was loaded last.
    #[wasm_bindgen(js_name = unsentWasDocked)]
    pub(super) fn was_docked() -> bool;
    /// Remembers whether this tab has its form beside the page.
    #[wasm_bindgen(js_name = unsentSetDocked)]
    pub(super) fn set_docked(is_docked: bool);
    /// Returns a unique name.
    #[wasm_bindgen(js_name = unsentName)]
    pub(super) fn new_name() -> String;
    /// Formats a time in the browser's zone, with its day if that is not today.
    #[wasm_bindgen(js_name = unsentMoment)]
    pub fn format_time(at: &str, lang: &str) -> String;
}

/// Returns the stored texts of an account: id, time and text in a row, for each.
pub(super) async fn all(base: &str, prefix: &str, account: &str) -> Vec<String> {
    strings(all_rows(base, prefix, account)).await
}

/// Stores a text, replacing its former version. `false` if storing failed.
pub(super) async fn put(
    base: &str,
    prefix: &str,
    account: &str,
    id: &str,
    at: &str,
    text: &str,
) -> bool {
    is_truthy_result(put_row(base, prefix, account, id, at, text)).await
}

/// Takes a lock. `false` if another tab holds it, or the browser has no locks.
pub(super) async fn lock(name: &str) -> bool {
    is_truthy_result(request_lock(name)).await
}

/// Returns the names of all locks that any tab holds.
pub(super) async fn locked_names() -> Vec<String> {
    strings(lock_names()).await
}

async fn is_truthy_result(promise: Promise) -> bool {
    promise.await.is_ok_and(|value: JsValue| value.is_truthy())
}

async fn strings(list: Promise) -> Vec<String> {
    let list = list.await.map(|list: JsValue| Array::from(&list));
    let list = list.iter().flat_map(Array::iter);
    list.filter_map(|item| item.as_string()).collect()
}
