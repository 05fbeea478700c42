//! The compose form without script: an ambiguous entry comes back as typed.

use super::{Client, Product, Request};

async fn post(client: &mut Client, to: &str) -> super::client::Answer {
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
async fn an_entry_that_is_not_clear_comes_back_with_its_reason() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    for (lang, words) in [("en", "there is a space in it"), ("zh-CN", "其中有空格")] {
        client.cookies.insert("restante_lang".into(), lang.into());
        let to = "ok@restante.test, ann@a.example ben@b.example";
        let answer = post(&mut client, to).await;
        assert_eq!(answer.status, 422);
        let page = answer.text();
        for shown in [to, "Kept", "Typed words.", words, "aria-invalid=\"true\""] {
            assert!(page.contains(shown), "{shown} is missing: {page}");
        }
    }
    let outbox = client.get("/outbox").await;
    assert!(!outbox.text().contains("Kept"), "something was sent");
    let answer = post(
        &mut client,
        "ok@restante.test; \"Doe, Ann\" <ann@restante.test>",
    )
    .await;
    assert_eq!(answer.status, 303);
    product.stop().await;
}

#[tokio::test]
async fn a_sign_in_address_is_taken_as_it_stands_or_not_at_all() {
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
        let answer = client.send(Request::form("/login", &form)).await;
        assert_eq!(answer.status, 422, "{address}");
        assert!(
            answer.text().contains("not an e-mail address"),
            "{address}: {}",
            answer.text()
        );
    }
    product.stop().await;
}
