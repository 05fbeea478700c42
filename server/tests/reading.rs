//! The table of messages of `mail-mime`, read through the product: each message has the same view by
//! IMAP and by POP3, and the view that `mail-mime` has of its octets.

#[path = "../crates/mail-mime/tests/reading/cases.rs"]
mod cases;
#[path = "../crates/mail-mime/tests/reading/facts.rs"]
mod facts;
#[path = "../crates/mail-mime/tests/reading/view.rs"]
mod view;

use std::collections::{BTreeMap, BTreeSet};

use app::api::types::{BodyView, MessageView, Person, TextSpan, Window};
use app::text::url;
use mail_mime::text::from_html;
use serde_json::Value;

use crate::account::test_server::Page;
pub(crate) use cases::crlf;
use cases::{Case, Sees};
use view::View;

/// The field that numbers the messages.
const NUMBER: &str = "X-Cell";

/// The messages of the table, each numbered by its first field.
pub(crate) struct Corpus {
    cases: Vec<Case>,
}

/// A cell that a server or the product shows otherwise today.
pub(crate) struct Gap {
    /// `class × place`.
    pub(crate) cell: &'static str,
    pub(crate) reason: &'static str,
}

/// A message as the product shows it.
struct Shown {
    view: View,
    /// The message as a page gets it, without what differs between two mailboxes.
    json: Value,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        let mut cases = cases::cases();
        for (index, case) in cases.iter_mut().enumerate() {
            let number = format!("{NUMBER}: {index}\n");
            case.message.splice(0..0, number.into_bytes());
        }
        Self { cases }
    }

    /// Returns the messages with LF line ends.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.cases.iter().map(|case| case.message.as_slice())
    }

    /// Opens every message by both protocols and compares what a reader sees. `gaps` are the cells
    /// that differ today, each with the reason; they fail when they no longer differ.
    pub(crate) async fn assert_shown_alike(&self, imap: &Page, pop3: &Page, gaps: &[Gap]) {
        let by_imap = self.read(imap).await;
        let by_pop3 = self.read(pop3).await;
        let mut wrong = Vec::new();
        let mut seen_gaps = BTreeSet::new();
        for (index, case) in self.cases.iter().enumerate() {
            let name = case.name();
            let (Some(imap), Some(pop3)) = (by_imap.get(&index), by_pop3.get(&index)) else {
                wrong.push(format!("{name}: not found"));
                continue;
            };
            let differences = differences(case, imap, pop3);
            let gap = gaps.iter().find(|gap| gap.cell == name);
            match (gap, differences.is_empty()) {
                (None, true) => {}
                (None, false) => {
                    let differences = differences.join("\n");
                    wrong.push(format!("{name} of {}: {differences}", case.group));
                }
                (Some(gap), is_mended) => {
                    seen_gaps.insert(gap.cell);
                    if is_mended {
                        wrong.push(format!("{name}: the gap is mended: {}", gap.reason));
                    }
                }
            }
        }
        let unknown = gaps.iter().filter(|gap| !seen_gaps.contains(gap.cell));
        wrong.extend(unknown.map(|gap| format!("{}: no such cell", gap.cell)));
        assert!(
            wrong.is_empty(),
            "{} cells:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    /// Opens every message of an inbox, by its number.
    async fn read(&self, page: &Page) -> BTreeMap<usize, Shown> {
        let mut all = BTreeMap::new();
        let (mut offset, limit) = (0, 50);
        loop {
            let window = Window { offset, limit };
            let rows = page.list(page.inbox(), window).await.unwrap().rows;
            if rows.is_empty() {
                return all;
            }
            offset += u32::try_from(rows.len()).unwrap();
            for row in rows {
                let id = row.id.message.0.clone();
                let view = page
                    .open(row.id)
                    .await
                    .unwrap_or_else(|error| panic!("{id}: {error:?}"));
                let number = view.headers.iter().find(|field| field.name == NUMBER);
                let number = number.expect("a number").value.parse().unwrap();
                let json = comparable(serde_json::to_value(&view).unwrap());
                let view = shown(page, view).await;
                all.insert(number, Shown { view, json });
            }
        }
    }
}

/// Removes what differs between two mailboxes that hold the same message. POP3 ends each message
/// with a line end, which adds to the sizes, and a message that is read as a whole has other part
/// ids.
fn comparable(mut message: Value) -> Value {
    let remove = |value: &mut Value, names: &[&str]| {
        let fields = value.as_object_mut().expect("an object");
        for name in names {
            assert!(fields.remove(*name).is_some(), "no field {name}");
        }
    };
    let of_mailbox = ["id", "position", "total", "newer", "older", "is_seen"];
    remove(&mut message, &of_mailbox);
    remove(&mut message, &["size_bytes"]);
    let attachments = message["attachments"].as_array_mut();
    for attachment in attachments.expect("attachments") {
        remove(attachment, &["part", "size_bytes"]);
    }
    message
}

/// Returns how a message differs by the two protocols, and from the view of its octets.
fn differences(case: &Case, imap: &Shown, pop3: &Shown) -> Vec<String> {
    let mut found = Vec::new();
    if imap.json != pop3.json {
        let (imap, pop3) = (
            other_fields(&imap.json, &pop3.json),
            other_fields(&pop3.json, &imap.json),
        );
        found.push(format!("by IMAP {imap}, by POP3 {pop3}"));
    }
    let [_, sent] = case.forms();
    let mut expected = view::view(&sent).expect("a message in the limits");
    expected.facts.clear();
    for (protocol, shown) in [("IMAP", imap), ("POP3", pop3)] {
        if shown.view != expected {
            let (shown, golden) = (shown.view.golden(), expected.golden());
            found.push(format!("by {protocol}\n{shown}and not\n{golden}"));
        }
        // The page words the facts.
        let sees = case
            .sees
            .iter()
            .filter(|sees| !matches!(sees, Sees::Fact(_)));
        let missed = sees.filter(|sees| !shown.view.shows(sees));
        found.extend(missed.map(|sees| format!("by {protocol} must show {sees:?}")));
    }
    found
}

/// Returns the fields of a message that another one has otherwise.
fn other_fields(message: &Value, than: &Value) -> Value {
    let fields = message.as_object().expect("an object").iter();
    let fields = fields.filter(|(name, value)| than.get(name) != Some(value));
    let fields = fields.map(|(name, value)| (name.clone(), value.clone()));
    fields.collect()
}

/// Returns what a reader sees of an opened message, without the facts: the page words them.
async fn shown(page: &Page, message: MessageView) -> View {
    let text = match message.body {
        BodyView::Text { blocks, .. } => {
            let blocks = blocks.into_iter().map(|block| {
                let texts = block.spans.into_iter().map(|span| match span {
                    TextSpan::Text(text) | TextSpan::Link { text, .. } => text,
                });
                (block.quote_depth, texts.collect())
            });
            view::marked(blocks)
        }
        BodyView::Html { .. } => {
            let document = page
                .backend
                .body_document(&message.id, url::Shown::default());
            from_html(&document.await.unwrap()).trim().to_owned()
        }
        BodyView::Empty { .. } => String::new(),
    };
    let people = |people: &[Person]| {
        view::people(
            people
                .iter()
                .map(|person| (person.name.as_str(), person.address.as_str())),
        )
    };
    let files = message.attachments.into_iter();
    View {
        subject: message.subject,
        from: people(&message.from),
        to: people(&message.to),
        text,
        files: files.map(|file| (file.name, file.media_type)).collect(),
        facts: Vec::new(),
    }
}
