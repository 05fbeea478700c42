//! A text that was written and not sent, and how it is written down.

use crate::api::json::decode;
use crate::api::types::{AccountId, ComposeSource, Draft, OutboxId, UploadId, UploadView};
use crate::text::url;

/// A compose form: what it answers, or corrects, and what it held at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The account that it leaves from.
    pub account: AccountId,
    /// What it answers or forwards.
    pub source: Option<ComposeSource>,
    /// The entry of the outbox that it corrects.
    pub replaces: Option<OutboxId>,
    /// What it held at first; `None` where that is a text which is not sent already.
    pub began: Option<Draft>,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What is typed.
    pub draft: Draft,
    /// Its files; one whose upload had not ended has an empty id.
    pub files: Vec<UploadView>,
    /// The name that the tabs of its session share: uploads are gone with their session.
    pub session: String,
    /// The tab in which it was written.
    pub tab: String,
}

impl Text {
    /// Lines: the draft as JSON, the session, the tab, and each file as "ID SIZE NAME". JSON writes
    /// no line ends, and names have none that matter.
    pub(super) fn write(&self) -> Option<String> {
        let mut text = serde_json::to_string(&self.draft).ok()?;
        for line in [&self.session, &self.tab] {
            text.push('\n');
            text.push_str(line);
        }
        for file in &self.files {
            let name = file.name.replace(['\n', '\r'], " ");
            text.push_str(&format!("\n{} {} {name}", file.id, file.size_bytes));
        }
        Some(text)
    }

    /// Reads what was written; `None` where it is of another program version.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let draft = decode(lines.next()?).ok()?;
        let (session, tab) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        let mut files = Vec::new();
        for line in lines {
            let (id, rest) = line.split_once(' ')?;
            let (size, name) = rest.split_once(' ')?;
            files.push(UploadView {
                id: UploadId(id.to_owned()),
                name: name.to_owned(),
                size_bytes: size.parse().ok()?,
            });
        }
        Some(Self {
            draft,
            files,
            session,
            tab,
        })
    }
}

/// A text that can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Tells it from the others.
    pub id: String,
    /// The account it would leave from.
    pub account: AccountId,
    /// When it was last changed, in Unix milliseconds.
    pub at_ms: u64,
    /// What is written.
    pub text: Text,
    /// Whether it is in the browser's storage, and not in this tab alone.
    pub is_stored: bool,
}

impl Offer {
    /// The address of its form.
    pub fn address(&self, base: &str) -> String {
        let Draft {
            source, replaces, ..
        } = &self.text.draft;
        match (source, replaces) {
            (_, Some(entry)) => url::compose_again(base, entry),
            (Some(of), None) => url::compose_source(base, of.kind, &of.of(&self.account)),
            (None, None) => url::compose(base, &self.account),
        }
    }

    /// Whether it was written in this form.
    pub(super) fn is_of(&self, form: &Form) -> bool {
        let draft = &self.text.draft;
        self.account == form.account
            && draft.source == form.source
            && draft.replaces == form.replaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_back_as_it_was_written() {
        let file = |id: &str, name: &str| UploadView {
            id: id.into(),
            name: name.into(),
            size_bytes: 7,
        };
        let text = Text {
            draft: Draft {
                to: "\"Doe, Ann\" <ann@a.example>".into(),
                body: "one\n\n> two\r\u{2028}三".into(),
                ..Draft::default()
            },
            files: vec![file("u-1", "a list.txt"), file("", "报价 单.xlsx")],
            session: String::new(),
            tab: "t".into(),
        };
        let written = text.write().expect("plain data");
        assert_eq!(Text::read(&written), Some(text));
        assert_eq!(Text::read("{}\n\n"), None);
        assert_eq!(Text::read(""), None);
    }
}
