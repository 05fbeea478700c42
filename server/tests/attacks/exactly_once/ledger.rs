//! The ledger as a user reads it, compared with the record of the server.

use serde_json::{Value, json};

use super::record::MessageRecord;
use crate::client::Request;
use crate::site::Browser;

/// An entry of the ledger.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) subject: String,
    /// The name of its state.
    pub(super) state: String,
    /// Number and state of every recipient.
    pub(super) recipients: Vec<(usize, String)>,
}

impl Entry {
    pub(super) fn parse(json: &Value) -> Self {
        let text = |json: &Value| json.as_str().expect("a text").to_owned();
        let state = match &json["state"] {
            Value::Object(state) => state.keys().next().expect("a state").clone(),
            state => text(state),
        };
        let recipients = json["recipients"].as_array().expect("recipients");
        Self {
            id: text(&json["id"]),
            subject: text(&json["subject"]),
            state,
            recipients: recipients
                .iter()
                .map(|one| (number_of(&text(&one["address"])), text(&one["state"])))
                .collect(),
        }
    }

    /// Returns the number of the message.
    pub(super) fn nth(&self) -> usize {
        let number = self.subject.rsplit(' ').next().expect("a number");
        number.parse().expect("a number")
    }

    /// Returns whether the product still works on it.
    pub(super) fn is_open(&self) -> bool {
        self.state == "sending" || self.state.starts_with("waiting")
    }

    /// Returns the recipients with one of these states.
    pub(super) fn recipients_in(&self, states: &[&str]) -> Vec<usize> {
        let recipients = self.recipients.iter();
        let found = recipients.filter(|(_, state)| states.contains(&state.as_str()));
        found.map(|(number, _)| *number).collect()
    }

    /// Returns what this entry claims against the record of the server, which was read before and
    /// after the entry.
    pub(super) fn contradictions(
        &self,
        before: &MessageRecord,
        after: &MessageRecord,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for (recipient, state) in &self.recipients {
            let who = format!("{}, recipient {recipient}", self.subject);
            if state == "handed_over" && !after.is_confirmed(*recipient) {
                found.push(format!("{who}: handed over without a 2yz reply"));
            }
            let is_honest = self.state == "sending" || state == "unknown" || state == "handed_over";
            // A refusal that was written meanwhile may be what the entry says.
            let may_have = before.may_have(*recipient) && after.may_have(*recipient);
            if may_have && !is_honest {
                let row = &self.state;
                found.push(format!(
                    "{who}: the server may have it, and it is {state} ({row})"
                ));
            }
        }
        found
    }
}

/// Reads the whole ledger of an account.
pub(super) async fn read(browser: &Browser) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = browser
            .call("outbox_list", &json!({ "before": before }))
            .await;
        let rows = page["entries"].as_array().expect("entries");
        entries.extend(rows.iter().map(Entry::parse));
        before = page["older"].clone();
        if before.is_null() {
            return entries;
        }
    }
}

/// Reads one entry.
pub(super) async fn show(browser: &Browser, id: &str) -> Entry {
    Entry::parse(&browser.call("outbox_show", &json!({ "outbox": id })).await)
}

/// Presses "retry now", once: pressed again, it would also send a message that is unknown by then.
pub(super) async fn retry(browser: &Browser, id: &str) {
    let change = json!({ "outbox": id, "change": "retry" });
    let request = |_: &str| {
        let body = change.to_string();
        Request::post("/api/outbox_change", "application/json", body)
    };
    if let Ok(response) = browser.send(request).await {
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

/// Returns the number of a recipient, which its address holds.
fn number_of(address: &str) -> usize {
    let name = address.split('@').next().unwrap_or_default();
    let (_, number) = name.split_once('.').expect("an address of ours");
    number.parse().expect("a number")
}
