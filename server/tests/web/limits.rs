//! Bodies over the limit: refused with 413, the connection closed, the session unaffected.

use std::time::{Duration, Instant};

use super::{Product, Request};

const MAX: u64 = 1 << 20;

async fn product() -> Product {
    Product::start_with(|config| config.upload_max_bytes = MAX).await
}

#[tokio::test]
async fn file_within_the_limit_is_accepted() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let upload = Request::post("/upload", "image/png", vec![7; MAX as usize])
        .header("x-file-name", "%E6%8A%A5%E4%BB%B7%2F..%2Fa.png");
    let response = client.send(upload).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let view: app::api::types::UploadView = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((view.name.as_str(), view.size_bytes), ("a.png", MAX));
    product.stop().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_read_dropped_and_refused() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let upload = Request::post("/upload", "image/png", vec![7; 8 * MAX as usize]);
    let response = client.send(upload).await;
    assert_eq!(response.status, 413);
    assert_eq!(response.header("connection"), Some("close"));
    assert!(
        response.text().contains("\"kind\":\"too_large\""),
        "{}",
        response.text()
    );
    assert_eq!(
        std::fs::read_dir(product.state_dir.join("spool"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        client.get("/outbox").await.status,
        200,
        "the session goes on"
    );
    product.stop().await;
}

#[tokio::test]
async fn an_announced_size_beyond_all_bounds_is_refused_at_once() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let started = Instant::now();
    for request in [
        Request::post("/upload", "image/png", "").announcing(300 << 20),
        Request::post("/compose", "multipart/form-data; boundary=x", "").announcing(300 << 20),
        Request::form("/settings/appearance", "").announcing(300 << 20),
    ] {
        let path = request.path.clone();
        let response = client.send(request).await;
        assert_eq!(
            (response.status, response.header("connection")),
            (413, Some("close")),
            "{path}"
        );
    }
    let mut anonymous = product.client();
    for path in ["/login", "/upload"] {
        let response = anonymous
            .send(Request::form(path, "").announcing(17 << 20))
            .await;
        assert_eq!(
            (response.status, response.header("connection")),
            (413, Some("close")),
            "{path}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    product.stop().await;
}

#[tokio::test]
async fn unfinished_form_without_a_session_is_cut_off() {
    let product = product().await;
    let mut anonymous = product.client();
    let started = Instant::now();
    let request = Request::post("/upload", "image/png", "begun").announcing(1 << 20);
    let response = anonymous.send(request).await;
    assert_eq!(
        (response.status, response.header("connection")),
        (413, Some("close"))
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    product.stop().await;
}

#[tokio::test]
async fn compose_form_over_the_limit_is_returned_with_its_text() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let mut body = Vec::new();
    for (name, value) in [
        ("to", "ann@restante.test"),
        ("subject", "Too large"),
        ("body", "Typed words."),
    ] {
        body.extend(
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    body.extend(
        b"--x\r\ncontent-disposition: form-data; name=\"attachment\"; filename=\"big.bin\"\r\n\r\n",
    );
    body.extend(vec![b'b'; 3 * MAX as usize]);
    body.extend(b"\r\n--x--\r\n");
    let request = Request::post("/compose", "multipart/form-data; boundary=x", body);
    let response = client.send(request).await;
    assert_eq!(response.status, 413);
    for field in ["ann@restante.test", "Too large", "Typed words."] {
        assert!(response.text().contains(field), "{field}");
    }
    product.stop().await;
}
