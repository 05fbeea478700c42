//! The keys of texts that the browser stores: only a live session of the account gets them, and the
//! same ones after a restart.

use super::{Client, Product, Request};

async fn account(client: &mut Client) -> String {
    let response = client
        .send(Request::post("/api/session_show", "application/json", "{}"))
        .await;
    let session: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    session["accounts"][0]["id"].as_str().unwrap().to_owned()
}

async fn keys(client: &mut Client, account: &str) -> (u16, String) {
    let json = serde_json::json!({ "account": account }).to_string();
    let request = Request::post("/api/unsent_keys", "application/json", json);
    let response = client.send(request).await;
    (response.status, response.text())
}

#[tokio::test]
async fn only_a_live_session_of_the_account_gets_its_keys_and_always_the_same() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let imap = account(&mut client).await;
    let (status, first) = keys(&mut client, &imap).await;
    assert_eq!(status, 200, "{first}");
    let list: Vec<String> = serde_json::from_str(&first).unwrap();
    assert_eq!(list.iter().map(String::len).collect::<Vec<_>>(), [43]);

    assert_eq!(keys(&mut client, "another").await.0, 404);
    assert_eq!(keys(&mut product.client(), &imap).await.0, 401);
    let page = client.get("/compose").await.text();
    assert!(!page.contains(&list[0]), "a key stands in a page");

    let mut ended = client.clone();
    client.send(Request::form("/logout", "")).await;
    assert_eq!(keys(&mut ended, &imap).await.0, 401);

    let product = product.restart().await;
    let mut client = product.signed_in("").await;
    assert_eq!(account(&mut client).await, imap);
    assert_eq!(keys(&mut client, &imap).await, (200, first));
    product.stop().await;
}
