//! Tests of the web server in process, over real sockets, in front of the demo's mail server.

mod accounts;
mod addresses;
pub(crate) mod client;
mod compose;
mod composing;
mod contacts;
mod invitations;
mod leaving;
mod limits;
mod live;
mod recipients;
mod sign_in;
mod transcripts;
mod unsent_keys;

use std::path::PathBuf;

use mail_demo::{Demo, Options};
use serde_json::{Value, json};
use server::cli::{demo, serve::prepare};
use server::config::Config;
use server::http::{Bound, serve};
use server::store::now_unix_ms;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use client::{Client, Request};

/// A running product with its demo mail server.
struct Product {
    demo: Demo,
    /// `127.0.0.1:port`
    authority: String,
    state_dir: PathBuf,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Product {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts the product with a changed configuration.
    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let random: u64 = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
        let state_dir = std::env::temp_dir().join(format!("restante-web-{random:x}"));
        let options = Options {
            messages: None,
            mail_every: None,
            now_unix_ms: now_unix_ms(),
            ..Options::default()
        };
        let demo = Demo::start(options).await.unwrap();
        Self::serve(demo, state_dir, change).await
    }

    async fn serve(demo: Demo, state_dir: PathBuf, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = demo::config(&demo, state_dir.clone());
        config.undo_send_secs = 0;
        change(&mut config);
        let bound = Bound::new(&config.listen).await.unwrap();
        let authority = bound.address().unwrap().to_string();
        let shutdown = CancellationToken::new();
        let web = prepare(config, None, shutdown.clone()).await.unwrap();
        let task = tokio::spawn(serve(web, bound));
        Self {
            demo,
            authority,
            state_dir,
            shutdown,
            task,
        }
    }

    /// Stops the web server and starts another one over the same state and mail server.
    async fn restart(mut self) -> Self {
        self.shutdown.cancel();
        (&mut self.task).await.unwrap();
        let Self {
            demo, state_dir, ..
        } = self;
        Self::serve(demo, state_dir, |_| {}).await
    }

    fn client(&self) -> Client {
        Client::new(&self.authority)
    }

    /// Returns a client that signed in to the demo's mailbox.
    async fn signed_in(&self, base: &str) -> Client {
        let mut client = self.client();
        let form = "email=demo%40restante.test&password=demo";
        let response = client
            .send(Request::form(&format!("{base}/login"), form))
            .await;
        assert_eq!(response.status, 303, "{}", response.text());
        client
    }

    /// Returns the reference of a message in the inbox; the newest has the number 0.
    async fn message(&self, client: &mut Client, number: u32) -> String {
        let session = call_api(client, "session_show", &json!({})).await;
        let account = &session["accounts"][0]["id"];
        let source = json!({"folder": {"account": account, "folder": "SU5CT1g"}});
        let query = json!({"source": source, "at": {"offset": number}, "limit": 1});
        let list = call_api(client, "message_list", &json!({"query": query})).await;
        list["rows"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
        self.demo.stop().await;
        let _ = std::fs::remove_dir_all(&self.state_dir);
    }
}

/// Calls an endpoint of the JSON interface.
async fn call_api(client: &mut Client, endpoint: &str, body: &Value) -> Value {
    let body = serde_json::to_vec(body).unwrap();
    let request = Request::post(&format!("/api/{endpoint}"), "application/json", body);
    let response = client.send(request).await;
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

/// Posts a form that is refused. Returns the page that it leads back to, which has the reason.
async fn refused_form(client: &mut Client, path: &str, form: &str) -> String {
    let response = client.send(Request::form(path, form)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap().to_owned();
    let page = client.get(&location).await;
    assert!(page.text().contains("class=\"snack"), "{}", page.text());
    location
}
