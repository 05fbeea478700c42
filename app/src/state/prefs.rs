//! Browser settings that the server needs: the time zone.

use wasm_bindgen::{JsCast, JsValue};

use crate::page::PageContext;
use crate::text::url;

/// Sets the cookie with the zone that the server formats dates in, from the next request on.
/// Returns whether the zone changed.
pub fn set_zone_cookie(page: &PageContext) -> bool {
    let Some(zone) = zone() else { return false };
    let Ok(document) = leptos::prelude::document().dyn_into::<web_sys::HtmlDocument>() else {
        return false;
    };
    let value = format!("restante_zone={}", url::encode(&zone));
    let cookies = document.cookie().unwrap_or_default();
    if cookies.split("; ").any(|cookie| cookie == value) {
        return false;
    }
    let path = if page.base.is_empty() {
        "/"
    } else {
        &page.base
    };
    // Signing in requires cookies, so setting one works.
    document
        .set_cookie(&format!(
            "{value}; Path={path}; Max-Age=31536000; SameSite=Lax"
        ))
        .is_ok()
}

/// Returns the zone's name ("Europe/Berlin"), from `Intl`.
fn zone() -> Option<String> {
    let intl = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let format = js_sys::Reflect::get(&intl, &"DateTimeFormat".into()).ok()?;
    let format = format
        .dyn_into::<js_sys::Function>()
        .ok()?
        .call0(&JsValue::UNDEFINED)
        .ok()?;
    let resolved = call(&format, "resolvedOptions")?;
    js_sys::Reflect::get(&resolved, &"timeZone".into())
        .ok()?
        .as_string()
}

/// Calls a method without arguments.
pub fn call(object: &JsValue, method: &str) -> Option<JsValue> {
    let function = js_sys::Reflect::get(object, &method.into()).ok()?;
    function
        .dyn_into::<js_sys::Function>()
        .ok()?
        .call0(object)
        .ok()
}
