//! JSON as the page reads it: parsed by the browser, taken apart by name.
//!
//! `serde_json` compiles its whole parser into every field of every type, in the order of the text
//! and in any order: an eighth of all WebAssembly. The browser has a parser already. What it
//! returns is asked for one field after the other, by the order in which the type declares them.
//!
//! # Invariants
//! - Reads every shape that `serde` derives, but for aliases; the tests compare it with
//!   `serde_json` over values that are made from the types themselves.
//! - Whole numbers up to 2^53 are exact; larger ones are for ids, which are texts.

#[cfg(any(feature = "hydrate", test))]
mod reader;

use std::fmt;

use serde::de::DeserializeOwned;

/// The text is no JSON, or not of the shape that was asked for.
///
/// It does not say where: saying it would take as much code as reading does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The answer makes no sense.")
    }
}

impl std::error::Error for Unreadable {}

impl serde::de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Reads a value from JSON.
///
/// # Errors
/// Where the text is no JSON or not of this shape.
#[cfg(feature = "hydrate")]
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let parsed = js_sys::JSON::parse(text).map_err(|_| Unreadable)?;
    T::deserialize(reader::Reader(parsed))
}

/// Reads a value from JSON.
///
/// # Errors
/// Where the text is no JSON or not of this shape.
#[cfg(not(feature = "hydrate"))]
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable)
}

#[cfg(feature = "hydrate")]
impl reader::Parsed for wasm_bindgen::JsValue {
    fn null() -> Self {
        Self::NULL
    }

    fn is_null(&self) -> bool {
        self.is_null() || self.is_undefined()
    }

    fn bool(&self) -> Option<bool> {
        self.as_bool()
    }

    fn number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.as_string()
    }

    fn len(&self) -> Option<u32> {
        let array: &js_sys::Array = wasm_bindgen::JsCast::dyn_ref(self)?;
        Some(array.length())
    }

    fn element(&self, index: u32) -> Self {
        js_sys::Reflect::get_u32(self, index).unwrap_or(Self::NULL)
    }

    fn is_object(&self) -> bool {
        self.is_object() && !js_sys::Array::is_array(self)
    }

    fn names(&self) -> Option<Vec<String>> {
        let object: &js_sys::Object = wasm_bindgen::JsCast::dyn_ref(self)?;
        let names = js_sys::Object::keys(object);
        Some(names.iter().filter_map(|name| name.as_string()).collect())
    }

    fn field(&self, name: &str) -> Option<Self> {
        let field = js_sys::Reflect::get(self, &name.into()).ok()?;
        (!field.is_undefined()).then_some(field)
    }
}
