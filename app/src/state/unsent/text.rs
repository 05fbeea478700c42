//! An unsent text, and its serialization.

use crate::api::json::decode;
use crate::api::types::{AccountId, ComposeSource, Draft, DraftId, OutboxId, UploadId, UploadView};
use crate::text::url;

/// A compose form: the message it answers or the entry it corrects, and its initial content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The sending account.
    pub account: AccountId,
    /// The message that it answers or forwards.
    pub source: Option<ComposeSource>,
    /// The outbox entry that it corrects.
    pub replaces: Option<OutboxId>,
    /// The draft that it continues.
    pub draft: Option<DraftId>,
    /// Its initial content; `None` if that is already an unsent text.
    pub initial: Option<Draft>,
}

/// The content of an unsent text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The draft.
    pub draft: Draft,
    /// Its files; the id is empty if the upload had not ended.
    pub files: Vec<UploadView>,
    /// The channel name of its session: uploads are deleted with their session.
    pub session: String,
    /// The tab in which it was written.
    pub tab: String,
}

impl Text {
    /// Serializes the text as lines: the draft as JSON, the session, the tab, and each file as "ID
    /// SIZE NAME". JSON output has no line ends, and those in names do not matter.
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

    /// Parses a serialized text; `None` if another program version wrote it.
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

/// An unsent text that the user can continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its unique id.
    pub id: String,
    /// The sending account.
    pub account: AccountId,
    /// The time of its last change, in Unix milliseconds.
    pub at_ms: u64,
    /// The content.
    pub text: Text,
    /// Whether it is in the browser's storage, not only in this tab's memory.
    pub is_stored: bool,
}

impl Offer {
    /// Returns the URL of its form.
    pub fn url(&self, base: &str) -> String {
        let Draft {
            source,
            replaces,
            saved,
            ..
        } = &self.text.draft;
        match (source, replaces) {
            _ if saved.is_some() => saved.as_ref().map_or_else(String::new, |saved| {
                url::compose_draft(base, &saved.of(&self.account))
            }),
            (_, Some(entry)) => url::compose_again(base, entry),
            (Some(of), None) => url::compose_source(base, of.kind, &of.of(&self.account)),
            (None, None) => url::compose(base, &self.account),
        }
    }

    /// Whether it was written in this form.
    pub(super) fn is_of(&self, form: &Form) -> bool {
        let draft = &self.text.draft;
        if let Some(saved) = &draft.saved {
            return self.account == form.account && form.draft.as_ref() == Some(&saved.id);
        }
        self.account == form.account
            && form.draft.is_none()
            && draft.source == form.source
            && draft.replaces == form.replaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialized_text_round_trips() {
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
        let serialized = text.write().expect("plain data");
        assert_eq!(Text::read(&serialized), Some(text));
        assert_eq!(Text::read("{}\n\n"), None);
        assert_eq!(Text::read(""), None);
    }
}
