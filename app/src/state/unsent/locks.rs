//! Which texts are being written: the tab that writes one holds a lock, which the browser takes
//! back when the tab is gone (Web Locks).

use std::cell::RefCell;

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::js;

thread_local! {
    /// The locks of this tab, each with what lets go of it.
    static HELD: RefCell<Vec<(String, Function)>> = const { RefCell::new(Vec::new()) };
}

fn locks() -> Option<JsValue> {
    js::get(&window().navigator(), "locks")
}

/// Takes a lock. `false` where another tab has it, or the browser has no locks.
pub(super) async fn hold(name: &str) -> bool {
    if HELD.with_borrow(|held| held.iter().any(|(own, _)| own == name)) {
        return true;
    }
    let Some(locks) = locks() else {
        return false;
    };
    let own = name.to_owned();
    let answer = Promise::new(&mut |answer: Function, _| {
        let own = own.clone();
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let is_ours = !lock.is_null();
            // A function of the browser's own: it does not throw.
            drop(answer.call1(&JsValue::NULL, &is_ours.into()));
            if !is_ours {
                return JsValue::UNDEFINED;
            }
            // Held until this promise is kept.
            Promise::new(&mut |release, _| {
                HELD.with_borrow_mut(|held| held.push((own.clone(), release)));
            })
            .into()
        });
        let options = Object::new();
        // A plain object takes every field.
        drop(Reflect::set(&options, &"ifAvailable".into(), &true.into()));
        js::call(&locks, "request", &[name.into(), options.into(), granted]);
    });
    answer.await.is_ok_and(|is_ours| is_ours.is_truthy())
}

/// Lets go of a lock, if it is this tab's.
pub(super) fn release(name: &str) {
    let own = HELD.with_borrow_mut(|held| {
        let at = held.iter().position(|(own, _)| own == name)?;
        Some(held.swap_remove(at).1)
    });
    if let Some(release) = own {
        // A function of the browser's own: it does not throw.
        drop(release.call0(&JsValue::NULL));
    }
}

/// The names of all locks that any tab holds.
pub(super) async fn held() -> Vec<String> {
    let names = async {
        let state = js::call_async(&locks()?, "query", &[]).await?;
        let name = |lock: JsValue| js::get(&lock, "name")?.as_string();
        let held = Array::from(&js::get(&state, "held")?);
        Some(held.iter().filter_map(name).collect())
    };
    names.await.unwrap_or_default()
}
