//! The form that leaves a mailing list. That a list is really left is tested with the accounts.

use serde_json::{Value, json};

use super::client::Client;
use super::{Product, Request};

async fn call_api(client: &mut Client, endpoint: &str, body: &Value) -> Value {
    let body = serde_json::to_vec(body).unwrap();
    let request = Request::post(&format!("/api/{endpoint}"), "application/json", body);
    let response = client.send(request).await;
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn a_message_without_an_offer_leaves_no_list_and_is_shown_with_the_reason() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let session = call_api(&mut client, "session_show", &json!({})).await;
    let account = &session["accounts"][0]["id"];
    let source = json!({"folder": {"account": account, "folder": "SU5CT1g"}});
    let query = json!({"query": {"source": source, "at": {"offset": 0}, "limit": 1}});
    let list = call_api(&mut client, "message_list", &query).await;
    let message = list["rows"][0]["id"].as_str().unwrap();

    let form = format!("message={}", message.replace('/', "%2F"));
    let response = client.send(Request::form("/unsubscribe", &form)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/mail/{message}"));
    let page = client.get(&location).await;
    assert!(page.text().contains("class=\"snack"), "{}", page.text());
}

#[tokio::test]
async fn the_form_needs_a_session() {
    let product = Product::start().await;
    let mut client = Client::new(&product.authority);
    let response = client
        .send(Request::form("/unsubscribe", "message=a%2Fb%2F1.2"))
        .await;
    assert_eq!(response.status, 303);
    assert!(response.header("location").unwrap().starts_with("/login"));
}
