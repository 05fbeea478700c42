//! The compose form without script: an ambiguous entry comes back as typed.

use super::{Client, Product, Request};

async fn post(client: &mut Client, to: &str) -> super::client::Response {
    let mut body = String::new();
    for (name, value) in [("to", to), ("subject", "Kept"), ("body", "Typed words.")] {
        body.push_str(&format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--x--\r\n");
    let request = Request::post("/compose", "multipart/form-data; boundary=x", body);
    client.send(request).await
}

#[tokio::test]
async fn ambiguous_recipient_is_returned_with_its_reason() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    for (lang, phrase) in [("en", "there is a space in it"), ("zh-CN", "其中有空格")] {
        client.cookies.insert("restante_lang".into(), lang.into());
        let to = "ok@restante.test, ann@a.example ben@b.example";
        let response = post(&mut client, to).await;
        assert_eq!(response.status, 422);
        let page = response.text();
        for shown in [to, "Kept", "Typed words.", phrase, "aria-invalid=\"true\""] {
            assert!(page.contains(shown), "{shown} is missing: {page}");
        }
    }
    let outbox = client.get("/outbox").await;
    assert!(!outbox.text().contains("Kept"), "something was sent");
    let response = post(
        &mut client,
        "ok@restante.test; \"Doe, Ann\" <ann@restante.test>",
    )
    .await;
    assert_eq!(response.status, 303);
    product.stop().await;
}

#[tokio::test]
async fn sign_in_address_is_used_unchanged_or_refused() {
    let product = Product::start().await;
    let mut client = product.client();
    for address in [
        "Demo <demo@restante.test>",
        "<demo@restante.test>",
        "demo@restante.test demo@x.example",
        "demo＠restante.test",
        "demo@restante\u{200b}.test",
        "demo@restante.test.",
    ] {
        let form = format!("email={}&password=demo", app::text::url::encode(address));
        let response = client.send(Request::form("/login", &form)).await;
        assert_eq!(response.status, 422, "{address}");
        assert!(
            response.text().contains("not an e-mail address"),
            "{address}: {}",
            response.text()
        );
    }
    product.stop().await;
}
