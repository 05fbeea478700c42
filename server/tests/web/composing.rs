//! The page of how messages are written and sent.

use super::{Product, Request, call_api};
use serde_json::json;

const PATH: &str = "/settings/composing";

#[tokio::test]
async fn a_form_is_saved_and_shown_with_what_was_chosen() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let session = call_api(&mut client, "session_show", &json!({})).await;
    let account = session["accounts"][0]["id"].as_str().unwrap().to_owned();
    let page = client.get(PATH).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("value=\"0\" selected"), "{text}");
    assert!(text.contains("name=\"missing_file\" checked"), "{text}");

    let form = format!(
        "account={account}&undo_send_secs=20&after=archive&format=formatted&quote=above&notice=on"
    );
    let saved = client.send(Request::form(PATH, &form)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let text = client.get(saved.header("location").unwrap()).await.text();
    for chosen in [
        "Saved",
        "value=\"20\" selected",
        "value=\"archive\" selected",
        "value=\"formatted\" selected",
        "value=\"above\" selected",
        "name=\"notice\" checked",
    ] {
        assert!(text.contains(chosen), "{chosen}: {text}");
    }
    assert!(!text.contains("name=\"missing_file\" checked"), "{text}");
    let listed = call_api(&mut client, "composing_list", &json!({})).await;
    assert_eq!(listed[0]["choices"]["quote"], "above");
}

#[tokio::test]
async fn a_form_that_names_no_choice_or_no_account_changes_nothing() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    for form in [
        "",
        "account=x&undo_send_secs=5&quote=above",
        "undo_send_secs=many&quote=above",
        "undo_send_secs=5&quote=sideways",
    ] {
        let refused = client.send(Request::form(PATH, form)).await;
        assert!((400..500).contains(&refused.status), "{form}");
        assert!(refused.text().contains("role=\"alert\""), "{form}");
    }
    let listed = call_api(&mut client, "composing_list", &json!({})).await;
    assert_eq!(listed[0]["choices"]["quote"], "below");
    let request = Request::form(PATH, "").header("sec-fetch-site", "cross-site");
    assert_eq!(client.send(request).await.status, 403);
}
