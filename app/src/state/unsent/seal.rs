//! Sealing texts in the browser: AES-256-GCM by the browser's own cryptography, which exists on
//! https and on this machine only.

use js_sys::{Array, Object, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::JsValue;

use super::js;

const ALGORITHM: &str = "AES-GCM";
/// NIST SP 800-38D §8.2.2: a random nonce of 96 bits.
const NONCE_BYTES: u32 = 12;

/// The keys of an account; scripts can use them and not read them.
#[derive(Clone)]
pub(super) struct Keys(Vec<JsValue>);

/// Whether this browser has cryptography at this address.
pub(super) fn is_possible() -> bool {
    subtle().is_some()
}

fn subtle() -> Option<JsValue> {
    js::get(&js::global("crypto")?, "subtle")
}

/// Takes keys in: the first one seals, all of them open.
pub(super) async fn import(keys: &[String]) -> Option<Keys> {
    let subtle = subtle()?;
    let mut imported = Vec::new();
    for key in keys {
        let bytes = from_base64(&key.replace('-', "+").replace('_', "/"))?;
        let uses = Array::of2(&"encrypt".into(), &"decrypt".into());
        let arguments = [
            "raw".into(),
            Uint8Array::from(bytes.as_slice()).into(),
            ALGORITHM.into(),
            false.into(),
            uses.into(),
        ];
        imported.push(js::call_async(&subtle, "importKey", &arguments).await?);
    }
    Some(Keys(imported))
}

/// Seals a text. It opens in its own place only.
pub(super) async fn seal(keys: &Keys, place: &str, text: &str) -> Option<String> {
    let nonce = Uint8Array::new_with_length(NONCE_BYTES);
    js::call(
        &js::global("crypto")?,
        "getRandomValues",
        &[nonce.clone().into()],
    )?;
    let nonce = nonce.to_vec();
    let arguments = [
        parameters(&nonce, place)?,
        keys.0.first()?.clone(),
        Uint8Array::from(text.as_bytes()).into(),
    ];
    let sealed = js::call_async(&subtle()?, "encrypt", &arguments).await?;
    to_base64(nonce.iter().chain(&Uint8Array::new(&sealed).to_vec()))
}

/// Opens a sealed text; `None` where it is another account's, or damaged.
pub(super) async fn open(keys: &Keys, place: &str, sealed: &str) -> Option<String> {
    let bytes = from_base64(sealed)?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES as usize)?;
    for key in &keys.0 {
        let arguments = [
            parameters(nonce, place)?,
            key.clone(),
            Uint8Array::from(sealed).into(),
        ];
        let opened = js::call_async(&subtle()?, "decrypt", &arguments).await;
        if let Some(opened) = opened {
            return String::from_utf8(Uint8Array::new(&opened).to_vec()).ok();
        }
    }
    None
}

fn parameters(nonce: &[u8], place: &str) -> Option<JsValue> {
    let with = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&with, &name.into(), &value).ok();
    set("name", ALGORITHM.into())?;
    set("iv", Uint8Array::from(nonce).into())?;
    set("additionalData", Uint8Array::from(place.as_bytes()).into())?;
    Some(with.into())
}

/// The browser's own base64 writes and reads texts of one byte a character.
fn to_base64<'a>(bytes: impl Iterator<Item = &'a u8>) -> Option<String> {
    let text: String = bytes.map(|byte| char::from(*byte)).collect();
    window().btoa(&text).ok()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = window().atob(text).ok()?;
    bytes.chars().map(|c| u8::try_from(c).ok()).collect()
}
