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
use crate::api::json::{DecodeError, decode};
use crate::page;
use crate::text::markup::script_json;

/// A pending or completed response. Awaiting it returns the result.
///
/// The framework compiles 6 KB for every type that a resource takes as source or holds, so all
/// responses are resources of one type; only this wrapper knows the type.
pub struct ApiResource<T> {
    resource: Resource<ErasedResult, PageEncoding>,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for ApiResource<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ApiResource<T> {}

impl<T> IntoFuture for ApiResource<T>
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    type Output = Result<T, ApiError>;
    type IntoFuture = BoxedFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let resource = self.resource.into_future();
        Box::pin(async move { resource.await.read() })
    }
}

/// Requests a response whenever `params` changes. On the server the page waits for it before its
/// first byte, since it may decide the status.
pub fn api_resource<Q, T, F>(
    params: impl Fn() -> Q + Send + Sync + 'static,
    fetch: impl Fn(Q) -> F + Send + Sync + 'static,
) -> ApiResource<T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let fetch = Arc::new(fetch);
    ApiResource {
        resource: erased_resource(
            Box::new(move || ErasedParams::new(params())),
            Box::new(move |params| {
                let response = params
                    .downcast_ref::<Q>()
                    .map(|params| fetch(params.clone()));
                Box::pin(async move {
                    match response {
                        Some(response) => ErasedResult::new(response.await),
                        None => ErasedResult::InPage(Arc::default()),
                    }
                })
            }),
        ),
        marker: PhantomData,
    }
}

type BoxedFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type AnyValue = dyn Any + Send + Sync;

fn erased_resource(
    params: Box<dyn Fn() -> ErasedParams + Send + Sync>,
    fetch: Box<dyn Fn(ErasedParams) -> BoxedFuture<ErasedResult> + Send + Sync>,
) -> Resource<ErasedResult, PageEncoding> {
    Resource::new_with_options(params, fetch, true)
}

/// The parameters of a request, with their type erased.
#[derive(Clone)]
struct ErasedParams {
    value: Arc<AnyValue>,
    is_same: fn(&AnyValue, &AnyValue) -> bool,
}

impl ErasedParams {
    fn new<Q: PartialEq + Send + Sync + 'static>(value: Q) -> Self {
        Self {
            value: Arc::new(value),
            is_same: |a, b| a.downcast_ref::<Q>() == b.downcast_ref::<Q>(),
        }
    }

    fn downcast_ref<Q: 'static>(&self) -> Option<&Q> {
        self.value.downcast_ref()
    }
}

impl PartialEq for ErasedParams {
    fn eq(&self, other: &Self) -> bool {
        (self.is_same)(&*self.value, &*other.value)
    }
}

/// A `Result<T, ApiError>`, with `T` erased.
#[derive(Clone)]
enum ErasedResult {
    /// The fetched value.
    Fetched {
        value: Arc<AnyValue>,
        encode: fn(&AnyValue) -> Result<String, serde_json::Error>,
    },
    /// The JSON that the browser found in the page.
    InPage(Arc<str>),
}

impl ErasedResult {
    fn new<T: Serialize + Send + Sync + 'static>(result: Result<T, ApiError>) -> Self {
        Self::Fetched {
            value: Arc::new(result),
            encode: |value| {
                // Only the server encodes responses: the code is left out of the WebAssembly.
                let result = value.downcast_ref::<Result<T, ApiError>>();
                let result = result.filter(|_| cfg!(feature = "ssr"));
                result.map_or_else(|| Ok(String::new()), to_script)
            },
        }
    }

    fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, ApiError> {
        let result = match self {
            Self::Fetched { value, .. } => value.downcast_ref().cloned(),
            Self::InPage(text) => decode(text).ok(),
        };
        result.unwrap_or_else(|| Err(ApiError::unreadable(page::current_lang())))
    }
}

/// The encoding of a response in the page: JSON.
struct PageEncoding;

impl Encoder<ErasedResult> for PageEncoding {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(result: &ErasedResult) -> Result<String, serde_json::Error> {
        match result {
            ErasedResult::Fetched { value, encode } => encode(&**value),
            ErasedResult::InPage(text) => Ok(text.as_ref().to_owned()),
        }
    }
}

impl Decoder<ErasedResult> for PageEncoding {
    type Error = DecodeError;
    type Encoded = str;

    fn decode(text: &str) -> Result<ErasedResult, DecodeError> {
        Ok(ErasedResult::InPage(text.into()))
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
    type Error = DecodeError;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, DecodeError> {
        decode(text)
    }
}

/// Returns a value that the server provides by context and serializes into the page.
pub fn serialized_context<T>() -> Option<T>
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
        let encoded = to_script(&texts).expect("plain data");
        let read: Vec<String> = serde_json::from_str(&encoded).expect("JSON");
        assert_eq!(read, texts);
    }
}
