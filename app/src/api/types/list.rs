//! References to messages and folders, and queries for lists.

use serde::{Deserialize, Serialize};

use super::{AccountId, FolderId, FolderRole, MessageId, UndoId, Window};

/// A folder of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct FolderRef {
    /// The account.
    pub account: AccountId,
    /// The folder.
    pub folder: FolderId,
}

/// A message of any account and folder. Encoded in JSON and forms as one string:
/// `{account}/{folder}/{message}`.
///
/// A string with fewer parts identifies no existing message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MessageRef {
    /// Its account and folder.
    pub folder: FolderRef,
    /// The message within the folder.
    pub message: MessageId,
}

/// A change that can be undone, with its account. Encoded as one string: `{account}/{undo}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct UndoRef {
    /// The account.
    pub account: AccountId,
    /// The change.
    pub undo: UndoId,
}

/// Takes the next part of an encoded reference.
fn part(parts: &mut std::str::Split<'_, char>) -> String {
    parts.next().unwrap_or_default().to_owned()
}

impl From<&str> for MessageRef {
    fn from(text: &str) -> Self {
        let mut parts = text.split('/');
        Self {
            folder: FolderRef {
                account: AccountId(part(&mut parts)),
                folder: FolderId(part(&mut parts)),
            },
            message: MessageId(part(&mut parts)),
        }
    }
}

impl From<&str> for UndoRef {
    fn from(text: &str) -> Self {
        let mut parts = text.split('/');
        Self {
            account: AccountId(part(&mut parts)),
            undo: UndoId(part(&mut parts)),
        }
    }
}

impl std::fmt::Display for MessageRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let FolderRef { account, folder } = &self.folder;
        write!(f, "{account}/{folder}/{}", self.message)
    }
}

impl std::fmt::Display for UndoRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.account, self.undo)
    }
}

impl From<String> for MessageRef {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<MessageRef> for String {
    fn from(of: MessageRef) -> Self {
        of.to_string()
    }
}

impl From<String> for UndoRef {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<UndoRef> for String {
    fn from(of: UndoRef) -> Self {
        of.to_string()
    }
}

impl FolderRef {
    /// Returns a reference to a message of this folder.
    pub fn message(&self, message: MessageId) -> MessageRef {
        MessageRef {
            folder: self.clone(),
            message,
        }
    }
}

/// The source of a list's messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListSource {
    /// One folder.
    Folder(FolderRef),
    /// The folders with a role, of all accounts of the session, newest message first.
    Role(FolderRole),
    /// What a search finds, newest message first.
    Search(SearchQuery),
}

impl ListSource {
    /// Returns the account of all messages, if the source names one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Folder(of) => Some(of.account.clone()),
            Self::Role(_) => None,
            Self::Search(query) => match &query.scope {
                SearchScope::Account(account) => Some(account.clone()),
                SearchScope::Folder(of) => Some(of.account.clone()),
                SearchScope::All | SearchScope::Anywhere => None,
            },
        }
    }
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct SearchQuery {
    /// What was typed: words, `"phrases"`, and operators such as `from:ann`, `-has:attachment` or
    /// `after:2026-01`.
    pub text: String,
    /// Where it is searched.
    pub scope: SearchScope,
}

/// Where a search looks. Encoded as one string in URLs and JSON: `all`, `anywhere`, `{account}` or
/// `{account}/{folder}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum SearchScope {
    /// All folders of all accounts, without junk and deleted messages.
    #[default]
    All,
    /// All folders of all accounts.
    Anywhere,
    /// All folders of one account, without junk and deleted messages.
    Account(AccountId),
    /// One folder.
    Folder(FolderRef),
}

impl From<String> for SearchScope {
    fn from(text: String) -> Self {
        let mut parts = text.split('/');
        let account = part(&mut parts);
        match (account.as_str(), parts.next()) {
            ("" | "all", _) => Self::All,
            ("anywhere", _) => Self::Anywhere,
            (_, None) => Self::Account(AccountId(account)),
            (_, Some(folder)) => Self::Folder(FolderRef {
                account: AccountId(account),
                folder: FolderId(folder.to_owned()),
            }),
        }
    }
}

impl From<SearchScope> for String {
    fn from(scope: SearchScope) -> Self {
        match scope {
            SearchScope::All => "all".to_owned(),
            SearchScope::Anywhere => "anywhere".to_owned(),
            SearchScope::Account(account) => account.0,
            SearchScope::Folder(FolderRef { account, folder }) => format!("{account}/{folder}"),
        }
    }
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SearchProgress {
    /// How many folders were searched and what is left: a sentence in the request's language.
    pub text: String,
    /// Whether it continues.
    pub is_running: bool,
    /// What was not searched, and what is not shown: sentences in the request's language.
    pub notes: Vec<String>,
}

/// The start of a window in a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListAt {
    /// A row offset from the newest message; for lists of one folder.
    Offset(u32),
    /// The row after an earlier response ([`MessageRows::next`](super::MessageRows::next)).
    Cursor(String),
}

/// A query for a window of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListQuery {
    /// The source of the messages.
    pub source: ListSource,
    /// The start of the window.
    pub at: ListAt,
    /// The number of rows, 1 to [`Window::MAX_LIMIT`].
    pub limit: u32,
}

impl ListQuery {
    /// Returns the query for a window.
    pub fn window(source: ListSource, window: Window) -> Self {
        Self {
            source,
            at: ListAt::Offset(window.offset),
            limit: window.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_reference_round_trips_as_one_string() {
        let of = MessageRef::from("acc/SU5CT1g/7.42");
        assert_eq!(of.folder.account.as_str(), "acc");
        assert_eq!(of.folder.folder.as_str(), "SU5CT1g");
        assert_eq!(of.message.as_str(), "7.42");
        assert_eq!(of.to_string(), "acc/SU5CT1g/7.42");
        assert_eq!(
            serde_json::to_string(&of).expect("a word"),
            "\"acc/SU5CT1g/7.42\""
        );
        let undo = UndoRef::from("acc/u1");
        assert_eq!((undo.account.as_str(), undo.undo.as_str()), ("acc", "u1"));
        assert_eq!(undo.to_string(), "acc/u1");
    }

    #[test]
    fn truncated_reference_identifies_no_message() {
        for text in ["", "acc", "acc/SU5CT1g"] {
            assert_eq!(MessageRef::from(text).message.as_str(), "", "{text}");
        }
    }
}
