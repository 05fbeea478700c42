//! Components for mail.

pub mod attachments;
pub mod composer;
pub mod folder_tree;
pub mod frame;
pub mod ledger;
pub mod message_frame;
pub mod message_list;
pub mod message_row;
pub mod reader;
pub mod snackbar;
pub mod text_body;
pub mod toolbar;
pub mod unsent_offer;
pub mod words;
