//! Components for mail.

pub mod attachments;
pub mod cards;
pub mod composer;
pub mod empty;
pub mod folder_tree;
pub mod form;
pub mod frame;
pub mod held_text;
pub mod labels;
pub mod ledger;
pub mod location;
pub mod message_frame;
pub mod message_list;
pub mod message_row;
pub mod move_menu;
pub mod open_message;
pub mod reader;
pub mod search_box;
pub mod sent_snack;
pub mod snackbar;
pub mod text_body;
pub mod toolbar;
pub mod unsent_offer;
