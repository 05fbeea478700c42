//! The countdown of a message that is held for undoing.

use std::time::Duration;

use leptos::prelude::*;

use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::ui::dynamic::{dynamic, effect};

/// The countdown's step.
const TICK: Duration = Duration::from_secs(1);

/// When a held message leaves, counted down; then its entry is fetched again.
#[component]
pub fn HeldText(
    /// The remaining time in seconds.
    secs: u32,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let remaining_secs = RwSignal::new(secs);
    effect(move || count_down(tab, remaining_secs));
    dynamic(move || {
        lang.ledger_held(remaining_secs.get())
            .into_owned()
            .into_any()
    })
}

fn count_down(tab: Tab, remaining_secs: RwSignal<u32>) {
    set_timeout(
        move || match remaining_secs.try_get_untracked() {
            None | Some(0) => {}
            Some(1) => tab.held_message_leaves(),
            Some(secs) => {
                remaining_secs.set(secs - 1);
                count_down(tab, remaining_secs);
            }
        },
        TICK,
    );
}
