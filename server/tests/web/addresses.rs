//! The base path, the headers of responses, and the listening socket.

use server::cli::{demo, serve::prepare};
use server::config::Listen;
use server::http::{Bound, serve};
use tokio_util::sync::CancellationToken;

use super::{Product, Request};

#[tokio::test]
async fn nothing_is_served_outside_the_base_path() {
    let product = Product::start_with(|config| config.base_path = "/webmail".into()).await;
    let mut client = product.client();
    for (path, status) in [
        ("/", 404),
        ("/login", 404),
        ("/mail", 404),
        ("/api/session_show", 404),
        ("/webmailx/login", 404),
        ("/webmail/nothing", 404),
        ("/webmail/login", 200),
        ("/webmail", 200),
        ("/webmail/", 200),
        ("/webmail/mail/a/b", 303),
        ("/healthz", 200),
        ("/webmail/healthz", 200),
    ] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    let response = client.get("/webmail/mail/a/b?page=2").await;
    assert_eq!(
        response.header("location"),
        Some("/webmail/login?return=%2Fwebmail%2Fmail%2Fa%2Fb%3Fpage%3D2")
    );
    let mut client = product.signed_in("/webmail").await;
    let inbox = client.get("/webmail/mail").await;
    let inbox = inbox.header("location").unwrap();
    assert!(inbox.starts_with("/webmail/mail/"), "{inbox}");
    let page = client.get(inbox).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text().contains("\"/mail"),
        "every address carries the base"
    );
    let api = Request::post("/webmail/api/session_show", "application/json", "{}");
    assert_eq!(client.send(api).await.status, 200);
    product.stop().await;
}

#[tokio::test]
async fn app_pages_have_their_policy_with_a_nonce_of_their_own() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = client.get("/outbox").await;
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy").unwrap().to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(policy, server::http::headers::app_csp(&nonce));
        assert!(page.text().contains(&nonce), "the scripts carry it");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        assert!(page.header("strict-transport-security").is_none());
        assert!(
            !page.text().contains(" style=\""),
            "no inline style in the page"
        );
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
    product.stop().await;
}

#[tokio::test]
async fn the_message_document_has_its_own_sandbox_policy() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let response = client.get("/mail/acc/fold/1.2/body?images=once").await;
    assert_eq!(response.status, 404);
    let parts = format!("http://{}/mail/acc/fold/1.2/part/", product.authority);
    let policy = format!(
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; \
         default-src 'none'; img-src {parts} data: https:; style-src 'unsafe-inline'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    );
    assert_eq!(
        response.header("content-security-policy"),
        Some(policy.as_str())
    );
    assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(response.header("cross-origin-opener-policy"), None);
    product.stop().await;
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    for request in [
        Request::form("/logout", "").header("sec-fetch-site", "cross-site"),
        Request::form("/logout", "").header("sec-fetch-site", "same-site"),
        Request::form("/logout", "")
            .without("sec-fetch-site")
            .header("origin", "https://evil.example"),
        Request::form("/logout", "").without("sec-fetch-site"),
        Request::form("/logout", "").header("host", "rebound.example"),
    ] {
        let refused = client.send(request).await;
        assert_eq!(
            (refused.status, refused.header("connection")),
            (403, Some("close"))
        );
    }
    assert_eq!(client.get("/outbox").await.status, 200, "still signed in");
    product.stop().await;
}

#[tokio::test]
async fn an_unknown_server_function_is_not_found() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let request = Request::post("/api/nothing", "application/json", "{}");
    assert_eq!(client.send(request).await.status, 404);
    let mut anonymous = product.client();
    let request = Request::post("/api/session_show", "application/json", "{}");
    let response = anonymous.send(request).await;
    assert_eq!(response.status, 401);
    assert!(
        response.text().contains("\"kind\":\"signed_out\""),
        "{}",
        response.text()
    );
    product.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn product_behind_a_proxy_can_listen_on_a_unix_socket() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    let product = Product::start().await;
    let path = product.state_dir.join("http.sock");
    let listen = Listen::Unix(path.clone());
    // The socket that a killed process leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let bound = Bound::new(&listen).await.unwrap();
    assert!(
        Bound::new(&listen).await.is_err(),
        "a process that runs keeps its socket"
    );
    let socket = std::fs::metadata(&path).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o660);

    let mut config = demo::config(&product.demo, product.state_dir.join("other"));
    config.listen = listen;
    config.public_origin = Some("https://mail.example.org".into());
    let shutdown = CancellationToken::new();
    let web = prepare(config, None, shutdown.clone()).await.unwrap();
    let task = tokio::spawn(serve(web, bound));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream
        .write_all(b"GET /login HTTP/1.1\r\nhost: mail.example.org\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(response.contains("name=\"password\""), "{response}");
    shutdown.cancel();
    task.await.unwrap();
    product.stop().await;
}
