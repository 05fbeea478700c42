//! The form that leaves a mailing list. That a list is really left is tested with the accounts.

use super::client::Client;
use super::{Product, Request, refused_form};

#[tokio::test]
async fn a_message_without_an_offer_leaves_no_list_and_is_shown_with_the_reason() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let message = product.message(&mut client, 0).await;

    let form = format!("message={}", message.replace('/', "%2F"));
    let location = refused_form(&mut client, "/unsubscribe", &form).await;
    assert_eq!(location, format!("/mail/{message}"));
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
