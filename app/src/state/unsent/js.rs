//! Objects of the browser by their names: what is missing at this address is `None`, and so is what
//! throws.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// An object of the window, such as `localStorage`.
pub(super) fn global(name: &str) -> Option<JsValue> {
    get(&leptos::prelude::window(), name)
}

/// A field that is there.
pub(super) fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(of, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// Calls a method. What it returns may be `null` or `undefined`.
pub(super) fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let method: Function = get(of, name)?.dyn_into().ok()?;
    let list = Array::new();
    for argument in arguments {
        list.push(argument);
    }
    method.apply(of, &list).ok()
}

/// Calls a method that returns a promise, and waits for it.
pub(super) async fn call_async(of: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let promise: Promise = call(of, name, arguments)?.dyn_into().ok()?;
    promise.await.ok()
}
