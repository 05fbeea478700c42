//! What a new store holds.

use super::{Source, SpecialUse};

/// The initial folders of a new store.
#[derive(Debug)]
pub(crate) struct InitialFolders {
    pub(crate) folders: Vec<InitialFolder>,
}

/// One of them; messages from oldest to newest.
#[derive(Debug)]
pub(crate) struct InitialFolder {
    pub(crate) name: String,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) messages: Vec<InitialMessage>,
}

/// One of its messages.
#[derive(Debug)]
pub(crate) struct InitialMessage {
    pub(crate) source: Source,
    pub(crate) flags: Vec<&'static str>,
    pub(crate) internal_unix_ms: i64,
}
