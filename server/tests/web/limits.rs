//! Bodies over the limit: refused with 413, the connection closed, the session unaffected.

use std::time::{Duration, Instant};

use super::{Product, Request};

const MAX: u64 = 1 << 20;

async fn product() -> Product {
    Product::start_with(|config| config.upload_max_bytes = MAX).await
}

#[tokio::test]
async fn a_file_within_the_limit_is_taken() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let upload = Request::post("/upload", "image/png", vec![7; MAX as usize])
        .header("x-file-name", "%E6%8A%A5%E4%BB%B7%2F..%2Fa.png");
    let answer = client.send(upload).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let view: app::api::types::UploadView = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((view.name.as_str(), view.size_bytes), ("a.png", MAX));
    product.stop().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_read_dropped_and_refused() {
    let product = product().await;
    let mut client = product.signed_in("").await;
    let upload = Request::post("/upload", "image/png", vec![7; 8 * MAX as usize]);
    let answer = client.send(upload).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(
        answer.text().contains("\"kind\":\"too_large\""),
        "{}",
        answer.text()
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
        let answer = client.send(request).await;
        assert_eq!(
            (answer.status, answer.header("connection")),
            (413, Some("close")),
            "{path}"
        );
    }
    let mut stranger = product.client();
    for path in ["/login", "/upload"] {
        let answer = stranger
            .send(Request::form(path, "").announcing(17 << 20))
            .await;
        assert_eq!(
            (answer.status, answer.header("connection")),
            (413, Some("close")),
            "{path}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    product.stop().await;
}

#[tokio::test]
async fn a_stranger_who_never_ends_a_form_is_cut_off() {
    let product = product().await;
    let mut stranger = product.client();
    let started = Instant::now();
    let request = Request::post("/upload", "image/png", "begun").announcing(1 << 20);
    let answer = stranger.send(request).await;
    assert_eq!(
        (answer.status, answer.header("connection")),
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
async fn a_compose_form_over_the_limit_comes_back_with_its_words() {
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
    let answer = client.send(request).await;
    assert_eq!(answer.status, 413);
    for typed in ["ann@restante.test", "Too large", "Typed words."] {
        assert!(answer.text().contains(typed), "{typed}");
    }
    product.stop().await;
}
