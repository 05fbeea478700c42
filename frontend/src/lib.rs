//! The entry of the WebAssembly: takes the page over as soon as it is loaded.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script in the page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::hydrate();
}
