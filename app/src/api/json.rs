//! JSON decoding for the page: the browser parses the text, and the reader looks fields up by name.
//!
//! `serde_json` compiles its parser into every field of every type, for fields in declaration order
//! and in any order; that was 1/8 of the WebAssembly. The browser already has a parser. The reader
//! takes the fields from the parsed value in the order in which the type declares them.
//!
//! # Invariants
//! - Reads every shape that `serde` derives, except aliases; the tests compare it with `serde_json`
//!   over values generated from the types themselves.
//! - Integers up to 2^53 are exact; larger values are ids, which are strings.

#[cfg(any(feature = "hydrate", test))]
mod reader;

use std::fmt;

use serde::de::DeserializeOwned;

/// The text is not JSON, or not of the expected shape.
///
/// It does not give the position: reporting it would take as much code as decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The answer makes no sense.")
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Decodes a value from JSON.
///
/// # Errors
/// If the text is not JSON or not of this shape.
#[cfg(feature = "hydrate")]
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    let parsed = js_sys::JSON::parse(text).map_err(|_| DecodeError)?;
    T::deserialize(reader::Reader(parsed))
}

/// Decodes a value from JSON.
///
/// # Errors
/// If the text is not JSON or not of this shape.
#[cfg(not(feature = "hydrate"))]
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|_| DecodeError)
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
