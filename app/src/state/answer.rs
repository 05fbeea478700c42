//! Responses that the server serializes into the page and that hydration reads back.

use std::any::Any;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::error::ApiError;
use crate::api::json::{Unreadable, decode};
use crate::page;
use crate::text::markup::script_json;

/// A pending or completed response. Awaiting it returns the result.
///
/// The framework compiles 6 KB for every type that a resource takes as source or holds, so all
/// responses are resources of one type; only this wrapper knows the type.
pub struct Answer<T> {
    held: Resource<Held, Page>,
    is_of: PhantomData<fn() -> T>,
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Answer<T> {}

impl<T> IntoFuture for Answer<T>
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    type Output = Result<T, ApiError>;
    type IntoFuture = Boxed<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let held = self.held.into_future();
        Box::pin(async move { held.await.read() })
    }
}

/// Requests a response whenever `question` changes. On the server the page waits for it before its
/// first byte, since it may decide the status.
pub fn answer<Q, T, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    ask: impl Fn(Q) -> F + Send + Sync + 'static,
) -> Answer<T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let ask = Arc::new(ask);
    Answer {
        held: held(
            Box::new(move || Question::new(question())),
            Box::new(move |question| {
                let answer = question.of::<Q>().map(|question| ask(question.clone()));
                Box::pin(async move {
                    match answer {
                        Some(answer) => Held::new(answer.await),
                        None => Held::InPage(Arc::default()),
                    }
                })
            }),
        ),
        is_of: PhantomData,
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type AnyValue = dyn Any + Send + Sync;

fn held(
    question: Box<dyn Fn() -> Question + Send + Sync>,
    ask: Box<dyn Fn(Question) -> Boxed<Held> + Send + Sync>,
) -> Resource<Held, Page> {
    Resource::new_with_options(question, ask, true)
}

/// The parameters of a request, with their type erased.
#[derive(Clone)]
struct Question {
    value: Arc<AnyValue>,
    is_same: fn(&AnyValue, &AnyValue) -> bool,
}

impl Question {
    fn new<Q: PartialEq + Send + Sync + 'static>(value: Q) -> Self {
        Self {
            value: Arc::new(value),
            is_same: |a, b| a.downcast_ref::<Q>() == b.downcast_ref::<Q>(),
        }
    }

    fn of<Q: 'static>(&self) -> Option<&Q> {
        self.value.downcast_ref()
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        (self.is_same)(&*self.value, &*other.value)
    }
}

/// A `Result<T, ApiError>`, with `T` erased.
#[derive(Clone)]
enum Held {
    /// The fetched value.
    Fetched {
        value: Arc<AnyValue>,
        encode: fn(&AnyValue) -> Result<String, serde_json::Error>,
    },
    /// The JSON that the browser found in the page.
    InPage(Arc<str>),
}

impl Held {
    fn new<T: Serialize + Send + Sync + 'static>(answer: Result<T, ApiError>) -> Self {
        Self::Fetched {
            value: Arc::new(answer),
            encode: |value| {
                // Only the server encodes responses: the code is left out of the WebAssembly.
                let answer = value.downcast_ref::<Result<T, ApiError>>();
                let answer = answer.filter(|_| cfg!(feature = "ssr"));
                answer.map_or_else(|| Ok(String::new()), to_script)
            },
        }
    }

    fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, ApiError> {
        let answer = match self {
            Self::Fetched { value, .. } => value.downcast_ref().cloned(),
            Self::InPage(text) => decode(text).ok(),
        };
        answer.unwrap_or_else(|| Err(ApiError::unreadable(page::lang_here())))
    }
}

/// The encoding of a response in the page: JSON.
struct Page;

impl Encoder<Held> for Page {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(held: &Held) -> Result<String, serde_json::Error> {
        match held {
            Held::Fetched { value, encode } => encode(&**value),
            Held::InPage(text) => Ok(text.as_ref().to_owned()),
        }
    }
}

impl Decoder<Held> for Page {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<Held, Unreadable> {
        Ok(Held::InPage(text.into()))
    }
}

/// JSON, read by [`decode`] in the browser.
struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        to_script(value)
    }
}

/// Encodes a value as JSON for a `<script>` of the page.
fn to_script<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(script_json(&serde_json::to_string(value)?))
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unreadable> {
        decode(text)
    }
}

/// Returns a value that the server provides by context and serializes into the page.
pub fn carried<T>() -> Option<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    SharedValue::<Option<T>, Json>::new_with_encoding(use_context::<T>).into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_keeps_its_value() {
        let texts = ["</script>", "<!--", "-->", "]]>", "\u{2028}\\<\\\\>\0", "&"];
        let written = to_script(&texts).expect("plain data");
        let read: Vec<String> = serde_json::from_str(&written).expect("JSON");
        assert_eq!(read, texts);
    }
}
