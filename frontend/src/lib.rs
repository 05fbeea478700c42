//! The WebAssembly entry point: hydrates the page after loading.

use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page. The script in the page calls it.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::hydrate();
}
