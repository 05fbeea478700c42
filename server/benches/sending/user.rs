//! A signed-in user who writes and sends.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Result;
use super::http::{Browser, account_in};
use super::program::Program;

/// Maximum time of a message.
const TIMEOUT: Duration = Duration::from_secs(300);

pub(super) struct User {
    browser: Browser,
    account: String,
}

impl User {
    pub(super) async fn sign_in(
        program: &Program,
        name: &str,
        (imap, smtp): (u16, u16),
    ) -> Result<Self> {
        let mut browser = Browser::new(&program.address);
        let form = format!(
            "email={name}%40localhost&password=secret&incoming=imap&incoming_host=localhost\
             &incoming_port={imap}&incoming_tls=plain&outgoing_host=localhost\
             &outgoing_port={smtp}&outgoing_tls=plain"
        );
        let kind = "application/x-www-form-urlencoded";
        let fields = [form.as_bytes()];
        let signed_in = browser.request("POST", "/login", kind, &fields).await?;
        let (page, _) = browser.follow(signed_in).await?;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let account = account_in(&page).ok_or("no account in the list page")?;
        Ok(Self { browser, account })
    }

    /// Opens the form, which opens the connection to the outgoing server.
    pub(super) async fn open_form(&mut self) -> Result<()> {
        let start = json!({ "account": self.account, "source": null });
        self.call("compose_start", &start).await?;
        Ok(())
    }

    /// Uploads a file of these pieces. Returns its id.
    pub(super) async fn upload(&mut self, pieces: &[&[u8]]) -> Result<String> {
        let kind = "application/octet-stream";
        let uploaded = self.browser.request("POST", "/upload", kind, pieces);
        let uploaded = uploaded.await?;
        if uploaded.status != 200 {
            return Err(format!("/upload answered {}", uploaded.status).into());
        }
        let view: Value = serde_json::from_slice(&uploaded.body)?;
        Ok(view["id"].as_str().ok_or("no id")?.to_owned())
    }

    /// Presses "Send". Returns the id and the state of the entry.
    pub(super) async fn send(&mut self, uploads: &[String]) -> Result<(String, Value)> {
        let draft = json!({
            "to": "bob@peer.test", "cc": "", "bcc": "", "subject": "Figures",
            "body": "What was said on Tuesday about the garden still holds.\n".repeat(30),
            "source": null, "replaces": null, "uploads": uploads, "keep_parts": [],
        });
        let message = json!({ "account": self.account, "draft": draft });
        let sent = self.call("message_send", &message).await?;
        let id = sent["outbox"].as_str().ok_or("no entry")?.to_owned();
        Ok((id, sent["entry"]["state"].clone()))
    }

    /// Stops a message that waits.
    pub(super) async fn stop(&mut self, id: &str) -> Result<()> {
        let stop = json!({ "outbox": id, "change": "stop" });
        self.call("outbox_change", &stop).await?;
        Ok(())
    }

    /// Waits until the ledger says that a message is handed over, and its copy is filed.
    pub(super) async fn until_handed_over(&mut self, id: &str, is_filed: bool) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let entry = self.call("outbox_show", &json!({ "outbox": id })).await?;
            if entry["state"] == "handed_over" && !(is_filed && entry["copy"] == "pending") {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("not handed over: {entry}").into());
            }
            sleep(Duration::from_millis(if is_filed { 50 } else { 1 })).await;
        }
    }

    async fn call(&mut self, name: &str, json: &Value) -> Result<Value> {
        let response = self.browser.api(name, &json.to_string()).await?;
        // Not every function returns a value.
        Ok(serde_json::from_str(&response).unwrap_or_default())
    }
}
