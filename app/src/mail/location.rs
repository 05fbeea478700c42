//! The current location.

use leptos::prelude::*;

use crate::api::types::{AccountId, ListSource};
use crate::text::url::MailPath;

/// The current location: folder, message and account.
#[derive(Debug, Clone, Copy)]
pub struct MailLocation {
    /// The folder and message in the URL.
    pub path: Memo<Option<MailPath>>,
    /// The source of the list on the page.
    pub source: Memo<Option<ListSource>>,
    /// The account in the URL, or the last one shown.
    pub account: Memo<Option<AccountId>>,
}
