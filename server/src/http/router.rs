//! All routes, each with the base in its path, and their layers.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::page::PageContext;
use app::routes::login::LoginEnd;
use app::text::url;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderValue, Method, StatusCode, Uri};
use leptos::prelude::provide_context;
use leptos_axum::{
    generate_route_list_with_exclusions_and_ssg_and_context, handle_server_fns_with_context,
};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use super::body::{self, Drain};
use super::request_error::RequestError;
use super::visitor::{self, Visitor};
use super::{
    Web, app_page, assets, attachment, compose, composing, contacts, csrf, editor, error, events,
    files, forms, headers, health, home, identities, login, message_body, page, search_form,
    source, templates, transcript, turns, upload,
};

/// Maximum size of one JSON request: a draft of a long text.
const API_MAX_BYTES: usize = 8 << 20;

/// Builds the router of the whole web server.
pub fn router(web: &Web) -> Router {
    let at = |path: &str| format!("{}{path}", web.base());

    let signed_in = app_routes(web)
        .route(&at("/mail/{account}"), get(page::account_home))
        .route(&at("/undo"), post(forms::undo))
        .route(&at("/act"), post(forms::act))
        .route(&at("/pin"), post(forms::pin))
        .route(&at("/images"), post(forms::images))
        .route(
            &at("/settings/composing"),
            get(composing::show).post(composing::submit),
        )
        .route(
            &at("/settings/identities"),
            get(identities::show).post(identities::submit),
        )
        .route(
            &at("/settings/templates"),
            get(templates::show).post(templates::submit),
        )
        .route(
            &at("/settings/contacts"),
            get(contacts::show).post(contacts::submit),
        )
        .route(&at("/settings/contacts/import"), post(contacts::import))
        .route(&at("/settings/contacts/export"), get(contacts::export))
        .route(&at("/search/form"), get(search_form::show))
        .route(&at("/unsubscribe"), post(forms::unsubscribe))
        .route(&at("/invitation"), post(forms::invitation))
        .route(
            &at("/mail/{account}/{folder}/{message}/body"),
            get(message_body::message_body),
        )
        .route(
            &at("/mail/{account}/{folder}/{message}/source"),
            get(source::source),
        )
        .route(
            &at("/mail/{account}/{folder}/{message}/files.zip"),
            get(files::files),
        )
        .route(
            &at("/mail/{account}/{folder}/{message}/part/{part}"),
            get(attachment::part),
        )
        .route(&at("/compose"), post(compose::submit))
        .route(&at("/outbox/{id}/{change}"), post(forms::outbox_change))
        .route(&at("/outbox/{id}/transcript"), get(transcript::show))
        .route(
            &at("/outbox/{id}/transcript.txt"),
            get(transcript::download),
        )
        .route(&at("/upload"), post(upload::upload))
        .route(&at("/upload/{file}"), get(upload::picture))
        // axum's default limit of 2 MiB would reject bodies that `api` accepts.
        .route(
            &at("/api/{*endpoint}"),
            post(api).layer(DefaultBodyLimit::max(API_MAX_BYTES)),
        )
        .route_layer(middleware::from_fn_with_state(
            Web::clone(web),
            turns::limit_concurrency,
        ))
        .route_layer(middleware::from_fn_with_state(
            Web::clone(web),
            require_session,
        ));

    let home = Router::new()
        .route(&at("/"), get(home::root))
        .route(&at("/mail"), get(home::mail));
    let home = if web.base().is_empty() {
        home
    } else {
        home.route(web.base(), get(home::root))
    };
    let home = home.route_layer(middleware::from_fn_with_state(
        Web::clone(web),
        turns::limit_concurrency,
    ));

    let open = Router::new()
        .route(&at("/login"), get(login::show).post(login::submit))
        .route(&at("/logout"), post(login::sign_out))
        .route(&at("/settings/appearance"), post(forms::appearance))
        .route(&at("/editor"), get(editor::editor))
        .route(&at("/events"), get(events::events));

    // Layers added later run earlier on a request.
    let pages = open
        .merge(home)
        .merge(signed_in)
        .fallback(page::not_found)
        .method_not_allowed_fallback(page::not_found)
        .layer(middleware::from_fn_with_state(
            Web::clone(web),
            visitor::identify_visitor,
        ))
        .layer(web.cookie.layer(web.sessions()))
        .layer(middleware::from_fn_with_state(
            Web::clone(web),
            csrf::same_site_only,
        ))
        .layer(
            CompressionLayer::new().compress_when(
                // Downloads and images are not compressed; events are sent without buffering.
                SizeAbove::new(1024)
                    .and(NotForContentType::const_new("text/event-stream"))
                    .and(NotForContentType::const_new("application/octet-stream"))
                    .and(NotForContentType::IMAGES),
            ),
        );

    let plain = Router::new()
        .route(&at("/a/{*path}"), get(assets::asset))
        .route("/healthz", get(health::health));
    let plain = if web.base().is_empty() {
        plain
    } else {
        plain.route(&at("/healthz"), get(health::health))
    };

    pages
        .merge(plain)
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a request ended in a panic");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
        }))
        .layer(middleware::from_fn_with_state(Web::clone(web), outermost))
        .with_state(Web::clone(web))
}

/// The paths of the app's pages, without a base.
///
/// Collected once, before the first page: while the framework collects them, no page in the process
/// loads its data (`SuppressResourceLoad`), and a page rendered at that time would never finish.
static APP_PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let context = || provide_context(PageContext::default());
    let (routes, _) =
        generate_route_list_with_exclusions_and_ssg_and_context(app::App, None, context);
    routes.iter().map(|route| route.path().to_owned()).collect()
});

/// Returns the routes of the app's pages.
fn app_routes(web: &Web) -> Router<Web> {
    APP_PATHS.iter().fold(Router::new(), |router, path| {
        router.route(&format!("{}{path}", web.base()), get(app_page::app_page))
    })
}

/// Rejects paths outside the base, and adds the build id to every response.
async fn outermost(State(web): State<Web>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_ours = match path.strip_prefix(web.base()) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => path == "/healthz",
    };
    // Logs the route pattern instead of the path, which holds folder and message ids.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|route| route.as_str().to_owned());
    let (method, started) = (request.method().clone(), Instant::now());
    let mut response = if is_ours {
        next.run(request).await
    } else {
        page::not_found(State(Web::clone(&web)), request).await
    };
    let took_ms = started.elapsed().as_millis();
    tracing::debug!(%method, route, status = response.status().as_u16(), took_ms, "answered");
    let build = web.site.build();
    if let Ok(build) = HeaderValue::from_str(build)
        && !build.is_empty()
    {
        response.headers_mut().insert(headers::BUILD, build);
    }
    response
}

/// Redirects a request without a session to the sign-in page, which leads back afterwards.
async fn require_session(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    if visitor.session.is_some() {
        return next.run(request).await;
    }
    let path = request
        .uri()
        .path()
        .strip_prefix(web.base())
        .unwrap_or_default();
    let expects_json = path.starts_with("/api/") || path == "/upload";
    let is_framed = request
        .headers()
        .get("sec-fetch-dest")
        .is_some_and(|d| d != "document");
    let is_get = *request.method() == Method::GET;
    if path == "/compose" && !is_get {
        return compose::store_for_sign_in(&web, &visitor, request).await;
    }
    let location = match request.uri().path_and_query() {
        Some(address) if is_get => url::login_return(web.base(), address.as_str()),
        _ => url::login(web.base()),
    };
    let mut location = location;
    let mut must_close = false;
    if !is_get && expects_json {
        let (head, body) = request.into_parts();
        let drain = Drain::ANONYMOUS;
        must_close =
            !drain.allows(&head.headers) || !drain.discard(&mut body.into_data_stream()).await;
    } else if !is_get {
        // The form's action is not performed; its page reports that after the sign-in.
        match forms::return_of(&web, request).await {
            Ok(return_to) => {
                location =
                    url::login_end(web.base(), LoginEnd::NotDone.word(), return_to.as_deref())
            }
            Err(_) => must_close = true,
        }
    }
    let signed_out = || RequestError::SignedOut.to_api(visitor.lang);
    let mut response = match (must_close, expects_json) {
        (true, _) => {
            let error = RequestError::RequestTooLarge {
                max_bytes: 16 << 20,
            };
            page::failed(&web, &visitor, error.to_api(visitor.lang), None)
        }
        (false, true) => error::json(signed_out()),
        // A frame or an image cannot show the sign-in page.
        (false, false) if is_framed && is_get => page::failed(&web, &visitor, signed_out(), None),
        (false, false) => page::see_other(&location),
    };
    if must_close {
        body::close(response.headers_mut());
    }
    response
}

/// `POST {base}/api/{endpoint}`: the server functions. Their paths are fixed at compile time, so
/// the base is removed.
async fn api(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(endpoint): Path<String>,
    request: Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    let bytes = match body::read_to_end(&head.headers, body, API_MAX_BYTES, Drain::SIGNED_IN).await
    {
        Ok(bytes) => bytes,
        Err(error) => {
            let error = match error {
                body::BodyError::TooLarge => RequestError::RequestTooLarge { max_bytes: 8 << 20 },
                body::BodyError::Incomplete => RequestError::BrokenUpload,
            };
            let mut response = error::json(error.to_api(visitor.lang));
            body::close(response.headers_mut());
            return response;
        }
    };
    let path = format!("/api/{endpoint}");
    let is_known = leptos::server_fn::axum::server_fn_paths()
        .any(|(known, method)| known == path && method == head.method);
    let Some(uri) = is_known.then(|| path.parse::<Uri>().ok()).flatten() else {
        return page::not_found(State(web), Request::from_parts(head, Body::empty())).await;
    };
    head.uri = uri;
    // The framework answers a plain form post with a redirect to its Referer; plain forms use
    // `forms`.
    head.headers.remove(http::header::ACCEPT);
    let context = {
        let (page, backend) = (visitor.page_context(&web), visitor.backend(&web));
        move || {
            provide_context(page.clone());
            if let Some(backend) = backend.clone() {
                provide_context::<Arc<dyn MailBackend>>(backend);
            }
        }
    };
    let request = Request::from_parts(head, Body::from(bytes));
    let response = handle_server_fns_with_context(context, request)
        .await
        .into_response();
    let mut response = with_status_of_error(response).await;
    headers::private(response.headers_mut());
    response
}

/// Replaces the status 500, which the framework sets for every error, by the status of its kind.
async fn with_status_of_error(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<ApiError>(&bytes) {
        head.status = match error.kind {
            // A request that cannot be parsed is a client error.
            app::api::ErrorKind::Transport => StatusCode::BAD_REQUEST,
            kind => error::status(kind),
        };
    }
    Response::from_parts(head, Body::from(bytes))
}
