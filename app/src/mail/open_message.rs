//! The open message.

use leptos::prelude::*;

use crate::api::types::{AccountView, FolderRole, MessageRef, Window};
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
}

impl OpenMessage {
    /// Returns a URL that is built from the message.
    pub fn url(self, make: impl FnOnce(&str, &MessageRef) -> String) -> String {
        self.base
            .with_value(|base| self.id.with_value(|id| make(base, id)))
    }

    /// Returns the URL of the list, at the page with this message.
    pub fn list_url(self) -> String {
        let page = self.position / Window::PAGE + 1;
        self.url(|base, of| url::folder(base, &of.folder, page))
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
