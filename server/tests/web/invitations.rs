//! The form that answers an invitation. The answer itself is tested with the accounts.

use super::client::Client;
use super::{Product, Request, refused_form};

#[tokio::test]
async fn a_message_without_an_invitation_is_shown_with_the_reason() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let message = product.message(&mut client, 1).await;
    let field = message.replace('/', "%2F");
    for answer in ["accepted", "perhaps", ""] {
        let form = format!("message={field}&answer={answer}");
        let location = refused_form(&mut client, "/invitation", &form).await;
        assert_eq!(location, format!("/mail/{message}"));
    }
}

#[tokio::test]
async fn the_form_needs_a_session_and_comes_from_a_page_of_this_server() {
    let product = Product::start().await;
    let form = "message=a%2Fb%2F1.2&answer=accepted";
    let mut client = Client::new(&product.authority);
    let response = client.send(Request::form("/invitation", form)).await;
    assert_eq!(response.status, 303);
    assert!(response.header("location").unwrap().starts_with("/login"));

    let mut client = product.signed_in("").await;
    let request = Request::form("/invitation", form).header("sec-fetch-site", "cross-site");
    assert_eq!(client.send(request).await.status, 403);
}
