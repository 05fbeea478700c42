//! The open message.

use leptos::prelude::*;

use crate::api::types::{AccountView, FolderRole, ListSource, MessageRef, Window};
use crate::text::url;

/// The open message and its folder.
#[derive(Clone, Copy)]
pub struct OpenMessage {
    /// `{base}`
    pub base: StoredValue<String>,
    /// The account.
    pub account: StoredValue<AccountView>,
    /// The folder's role.
    pub role: Option<FolderRole>,
    /// The message.
    pub id: StoredValue<MessageRef>,
    /// The number of newer messages in the folder.
    pub position: u32,
    /// The source of the list beside it.
    pub source: StoredValue<ListSource>,
}

impl OpenMessage {
    /// Returns a URL that is built from the message.
    pub fn url(self, make: impl FnOnce(&str, &MessageRef) -> String) -> String {
        self.base
            .with_value(|base| self.id.with_value(|id| make(base, id)))
    }

    /// Returns the URL of the list, at the page with this message.
    pub fn list_url(self) -> String {
        let page = match self.is_in_search() {
            true => 1,
            false => self.position / Window::PAGE + 1,
        };
        self.source
            .with_value(|source| self.base.with_value(|base| url::list(base, source, page)))
    }

    /// Returns the URL of this or another message beside the list.
    pub fn url_beside(self, of: &MessageRef, position: u32) -> String {
        self.source.with_value(|source| {
            self.base
                .with_value(|base| url::message_in(base, source, of, position))
        })
    }

    /// Whether the list beside it is that of a search.
    pub fn is_in_search(self) -> bool {
        self.source
            .with_value(|source| matches!(source, ListSource::Search(_)))
    }

    /// Returns the URL of the message that holds this one, if one does.
    pub fn outer(self) -> Option<String> {
        let outer = self.id.with_value(|id| {
            let message = id.message.outer()?;
            Some(id.folder.message(message))
        })?;
        Some(self.base.with_value(|base| url::message(base, &outer)))
    }

    /// Returns the URL that changes are posted to.
    pub fn act_url(self) -> String {
        self.base.with_value(|base| url::act(base))
    }
}
