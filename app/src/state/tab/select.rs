//! Selection of a range of messages in the list, which may be cut.

use super::Tab;
use crate::api::types::MessageRef;
use crate::page::current_lang;
use crate::state::list::{ListState, RANGE_MAX};
use crate::state::snack::Snack;

impl Tab {
    /// Ticks the messages of a list from the anchor to this one.
    pub fn pick_to(self, list: ListState, id: &MessageRef) {
        if list.pick_to(id) {
            let text = current_lang().range_cut(RANGE_MAX);
            self.show_snack(Snack::Note(text.into_owned()));
        }
    }
}
