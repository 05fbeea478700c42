//! Answers that travel with the page: fetched on the server, found in the page by the browser.

use std::future::Future;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::error::ApiError;
use crate::api::json::{Unreadable, decode};

/// JSON, read by [`decode`] in the browser.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unreadable> {
        decode(text)
    }
}

/// An answer that may still be on its way, and may fail.
pub type Answer<T> = Resource<Result<T, ApiError>, Json>;

/// Asks for an answer whenever `question` changes. On the server the page waits for it before its
/// first byte, since it may decide the status.
pub fn answer<Q, T, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    ask: impl Fn(Q) -> F + Send + Sync + 'static,
) -> Answer<T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    Resource::new_with_options(question, ask, true)
}

/// A value that the server gives by context and that travels with the page.
pub fn carried<T>() -> Option<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    SharedValue::<Option<T>, Json>::new_with_encoding(use_context::<T>).into_inner()
}
