//! Several accounts in one session: they are added and removed while it runs.

use app::api::types::{AccountId, Draft, IncomingKind, SessionView, UploadView};
use serde_json::{Value, json};
use server::session::record::SealedSessions;
use server::store::seal::Sealer;
use server::store::{SCHEMA, Store};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_sessions::SessionStore as _;
use tower_sessions::session::Id;

use super::client::{Client, Response};
use super::{Product, Request};

const MAIN: &str = "email=demo%40restante.test&password=demo";
const MAILDROP: &str = "email=demo%40restante.test&password=demo&incoming=pop3&add=1";

async fn call_api(client: &mut Client, endpoint: &str, json: &Value) -> Response {
    let path = format!("/api/{endpoint}");
    let json = serde_json::to_vec(json).unwrap();
    client
        .send(Request::post(&path, "application/json", json))
        .await
}

async fn session(client: &mut Client) -> SessionView {
    let response = call_api(client, "session_show", &json!({})).await;
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

async fn list_status(client: &mut Client, account: &AccountId, folder: &str) -> u16 {
    let source = json!({"folder": {"account": account, "folder": folder}});
    let body = json!({"query": {"source": source, "at": {"offset": 0}, "limit": 50}});
    call_api(client, "message_list", &body).await.status
}

async fn upload(client: &mut Client) -> UploadView {
    let file = Request::post("/upload", "text/plain", "kept").header("x-file-name", "kept.txt");
    let response = client.send(file).await;
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

async fn send_with(client: &mut Client, account: &AccountId, upload: UploadView) {
    let draft = Draft {
        to: "ok@restante.test".to_owned(),
        subject: "with a file".to_owned(),
        uploads: vec![upload.id],
        ..Draft::default()
    };
    let body = json!({"account": account, "draft": draft});
    let response = call_api(client, "message_send", &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
}

/// Returns the number of account keys in the session's record.
async fn recorded_accounts(product: &Product, client: &Client) -> usize {
    let cookie = client.cookies.iter().find(|(name, _)| *name == "restante");
    let id: Id = cookie.expect("the session's cookie").1.parse().unwrap();
    let sealer = Arc::new(Sealer::open(&product.state_dir).unwrap());
    let store = Store::open(&product.state_dir, SCHEMA).await.unwrap();
    let record = SealedSessions::new(store, sealer).load(&id).await;
    let record = record.unwrap().expect("a record");
    record.data["accounts"].as_array().unwrap().len()
}

#[tokio::test]
async fn account_joins_and_leaves_a_running_session() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let first = session(&mut client).await.accounts.remove(0);
    let file = upload(&mut client).await;
    let mut earlier = client.clone();

    let response = client.send(Request::form("/login", MAILDROP)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let accounts = session(&mut client).await.accounts;
    let kinds: Vec<_> = accounts.iter().map(|account| account.incoming).collect();
    assert_eq!(kinds, [IncomingKind::Imap, IncomingKind::Pop3]);
    assert_eq!(accounts[0].id, first.id);
    let second = &accounts[1];
    let inbox = format!("/mail/{}/{}", second.id, second.inbox);
    assert_eq!(response.header("location"), Some(inbox.as_str()));
    assert_eq!(recorded_accounts(&product, &client).await, 2);
    assert_eq!(
        call_api(&mut earlier, "session_show", &json!({}))
            .await
            .status,
        401,
        "the earlier id opens nothing"
    );
    for account in &accounts {
        let status = list_status(&mut client, &account.id, account.inbox.as_str()).await;
        assert_eq!(status, 200, "{account:?}");
    }
    send_with(&mut client, &first.id, file).await;

    let logout_form = format!("account={}", second.id);
    let response = client.send(Request::form("/logout", &logout_form)).await;
    assert_eq!(response.header("location"), Some("/"));
    assert_eq!(session(&mut client).await.accounts.len(), 1);
    assert_eq!(recorded_accounts(&product, &client).await, 1);
    let status = list_status(&mut client, &second.id, second.inbox.as_str()).await;
    assert_eq!(status, 404);
    let status = list_status(&mut client, &first.id, first.inbox.as_str()).await;
    assert_eq!(status, 200);
    // The account was removed before: the request ends nothing else.
    client.send(Request::form("/logout", &logout_form)).await;
    assert_eq!(session(&mut client).await.accounts.len(), 1);
    // Removing the last account ends the session.
    let last = format!("account={}", first.id);
    client.send(Request::form("/logout", &last)).await;
    let ended = call_api(&mut client, "session_show", &json!({})).await;
    assert_eq!(ended.status, 401);
    product.stop().await;
}

#[tokio::test]
async fn signing_in_again_to_the_same_account_ends_nothing_that_runs() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let file = upload(&mut client).await;
    let response = client.send(Request::form("/login", MAIN)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let accounts = session(&mut client).await.accounts;
    assert_eq!(accounts.len(), 1);
    send_with(&mut client, &accounts[0].id, file).await;
    product.stop().await;
}

#[tokio::test]
async fn concurrent_sign_ins_to_a_session_are_both_recorded() {
    let product = Product::start().await;
    for round in 0..5 {
        let client = product.signed_in("").await;
        let (mut again, mut added) = (client.clone(), client);
        let (first, second) = tokio::join!(
            again.send(Request::form("/login", MAIN)),
            added.send(Request::form("/login", MAILDROP)),
        );
        assert_eq!((first.status, second.status), (303, 303));
        // The cookie of the sign-in that ended last is valid.
        let status = call_api(&mut again, "session_show", &json!({}))
            .await
            .status;
        let mut client = if status == 200 { again } else { added };
        assert_eq!(session(&mut client).await.accounts.len(), 2);
        assert_eq!(
            recorded_accounts(&product, &client).await,
            2,
            "round {round}"
        );
        client.send(Request::form("/logout", "")).await;
    }
    product.stop().await;
}

#[tokio::test]
async fn sign_out_of_an_account_during_a_sign_in_keeps_the_session() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    client.send(Request::form("/login", MAILDROP)).await;
    let second = session(&mut client).await.accounts.remove(1);
    // The server knows the session of the request before its body ends.
    let logout_form = format!("account={}", second.id);
    let (begin, rest) = logout_form.split_at(8);
    let mut request = Request::form("/logout", begin).header("connection", "close");
    request.announced = Some(logout_form.len() as u64);
    let mut leaving = client.open(request).await;
    let response = client.send(Request::form("/login", MAIN)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    leaving.write_all(rest.as_bytes()).await.unwrap();
    let mut response = String::new();
    leaving.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 303"), "{response}");
    assert!(
        !response.contains("restante="),
        "a cookie of no session: {response}"
    );
    assert_eq!(session(&mut client).await.accounts.len(), 1);
    product.stop().await;
}

#[tokio::test]
async fn signing_in_to_another_account_without_adding_it_replaces_the_session() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let other = MAILDROP.replace("&add=1", "");
    let response = client.send(Request::form("/login", &other)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let accounts = session(&mut client).await.accounts;
    let kinds: Vec<_> = accounts.iter().map(|account| account.incoming).collect();
    assert_eq!(kinds, [IncomingKind::Pop3]);
    product.stop().await;
}
