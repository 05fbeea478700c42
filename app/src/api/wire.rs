//! The transport of server functions: JSON in the body of a POST request, JSON in the response.

use std::future::Future;
use std::pin::Pin;

use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Json;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{ContentType, Http, Protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::json::decode;

/// The protocol of the server functions. On the server it is the framework's JSON protocol. The
/// browser sends the same requests, with sending compiled once for all functions and responses read
/// by [`decode`].
pub struct Wire;

impl<I, O, C, S> Protocol<I, O, C, S, ApiError> for Wire
where
    I: Serialize + DeserializeOwned + Send,
    O: Serialize + DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
{
    const METHOD: http::Method = http::Method::POST;

    fn run_server<F, Fut>(
        request: S::Request,
        run: F,
    ) -> impl Future<Output = Result<S::Response, ApiError>> + Send
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, ApiError>> + Send,
    {
        <Http<Json, Json> as Protocol<I, O, C, S, ApiError>>::run_server(request, run)
    }

    fn run_client(path: &str, input: I) -> impl Future<Output = Result<O, ApiError>> + Send {
        let response = match serde_json::to_string(&input) {
            Ok(body) => post::<C>(path, body),
            Err(e) => Box::pin(std::future::ready(Err(server_fn_error(
                ServerFnErrorErr::Serialization(e.to_string()),
            )))),
        };
        async move { read(&response.await?) }
    }
}

type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send + 'a>>;

/// Posts a body and returns the response body, unless the response is an error.
fn post<C: Client<ApiError>>(path: &str, body: String) -> ResponseFuture<'_> {
    Box::pin(async move {
        let accepts = Json::CONTENT_TYPE;
        let request = C::Request::try_new_post(path, Json::CONTENT_TYPE, accepts, body)?;
        let response = C::send(request).await?;
        let is_error = (400..=599).contains(&response.status());
        let text = response.try_into_string().await?;
        if is_error {
            Err(read(&text)?)
        } else {
            Ok(text)
        }
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    decode(text).map_err(|e| server_fn_error(ServerFnErrorErr::Deserialization(e.to_string())))
}

fn server_fn_error(error: ServerFnErrorErr) -> ApiError {
    ApiError::from_server_fn_error(error)
}
