//! Saves the text in the compose form among the drafts of its account.
//!
//! The browser has every change within 2 s ([`Unsent`]); the mail server has it within 10 s, as one
//! copy. A copy that another tab or another program changed is not overwritten: the user decides.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::tab::Tab;
use super::unsent::Unsent;
use super::unsent::text::Offer;
use crate::api::compose::draft_save;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::types::{Draft, DraftResult, FormKey, SavedDraft};

/// The pause between a change and saving it.
const SAVE_DELAY: Duration = Duration::from_secs(6);
/// The same for a text with large files, which are sent to the mail server each time.
const LARGE_SAVE_DELAY: Duration = Duration::from_secs(60);
/// Size above which files are large, in bytes.
const LARGE_BYTES: u64 = 1 << 20;

thread_local! {
    /// Called once the save that is under way has ended. One page per thread; always empty on the
    /// server, whose values move between threads.
    static AFTER_SAVE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// What is known of the copy among the drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftState {
    /// There is none, or a change is not saved yet.
    Unsaved,
    /// It is being saved.
    Saving,
    /// The copy is up to date.
    Saved,
    /// Saving failed; it is repeated with the next change.
    Failed(ApiError),
    /// This account has no drafts on its server.
    Unsupported,
    /// Another tab or another program saved this copy; nothing is saved until the user decides.
    ChangedElsewhere(SavedDraft),
    /// The draft was sent or deleted elsewhere; nothing is saved until the user decides.
    Gone,
}

/// Saves the text of one form. A handle: copies share the same state.
#[derive(Clone, Copy)]
pub struct Drafts {
    unsent: Unsent,
    /// The values of the form without a field, with the saved copy.
    fixed: StoredValue<Draft>,
    /// What is known of the copy.
    pub state: RwSignal<DraftState>,
    /// The version of the text that is saved.
    saved_version: StoredValue<u32>,
    is_scheduled: StoredValue<bool>,
    is_saving: StoredValue<bool>,
    /// Set once the message is sent: its draft is not saved again.
    is_over: StoredValue<bool>,
    tab: Tab,
}

impl Drafts {
    /// Creates the state of a form.
    pub fn new(unsent: Unsent, fixed: StoredValue<Draft>, tab: Tab) -> Self {
        Self {
            unsent,
            fixed,
            state: RwSignal::new(DraftState::Unsaved),
            saved_version: StoredValue::new(0),
            is_scheduled: StoredValue::new(false),
            is_saving: StoredValue::new(false),
            is_over: StoredValue::new(false),
            tab,
        }
    }

    /// Schedules saving after a change.
    pub fn changed(self) {
        let Some((written, version)) = self.unsent.written() else {
            return;
        };
        if self.is_blocked() || self.saved_version.try_get_value() == Some(version) {
            return;
        }
        if self.state.get_untracked() == DraftState::Saved {
            self.state.set(DraftState::Unsaved);
        }
        if self.is_scheduled.get_value() {
            return;
        }
        self.is_scheduled.set_value(true);
        let bytes: u64 = written.text.files.iter().map(|file| file.size_bytes).sum();
        let delay = match bytes > LARGE_BYTES {
            true => LARGE_SAVE_DELAY,
            false => SAVE_DELAY,
        };
        set_timeout(
            move || {
                if self.is_scheduled.try_set_value(false).is_none() {
                    spawn_local(self.save(false));
                }
            },
            delay,
        );
    }

    fn is_blocked(self) -> bool {
        let state = self.state.try_get_untracked();
        self.is_over.try_get_value() != Some(false)
            || matches!(
                state,
                None | Some(
                    DraftState::Unsupported | DraftState::ChangedElsewhere(_) | DraftState::Gone
                )
            )
    }

    /// Saves the text now, also over a copy that another tab changed.
    pub fn keep_this(self) {
        self.state.set(DraftState::Unsaved);
        spawn_local(self.save(true));
    }

    /// Returns a text as it is saved: in place of its last copy, with the files that have arrived.
    ///
    /// Its key is that of this text: the server knows a copy by it whose response was lost, and two
    /// tabs with the same form have two drafts.
    fn draft_of(self, written: &Offer) -> Draft {
        let uploads = written.text.files.iter().map(|file| file.id.clone());
        let form = written.text.draft.form.clone();
        Draft {
            form: form.map(|form| FormKey(format!("{form}.{}", written.id))),
            saved: self.fixed.with_value(|fixed| fixed.saved.clone()),
            uploads: uploads.filter(|id| !id.0.is_empty()).collect(),
            ..written.text.draft.clone()
        }
    }

    async fn save(self, is_forced: bool) {
        let Some((written, version)) = self.unsent.written() else {
            return;
        };
        let is_saved = self.saved_version.try_get_value() == Some(version);
        if self.is_saving.try_get_value() != Some(false) || is_saved || self.is_blocked() {
            return;
        }
        self.is_saving.set_value(true);
        self.state.set(DraftState::Saving);
        let draft = self.draft_of(&written);
        let result = draft_save(written.account.clone(), draft, is_forced).await;
        if self.is_saving.try_set_value(false).is_some() {
            // The form was left; the text is still in the browser.
            AFTER_SAVE.take();
            return;
        }
        if let Ok(DraftResult::Saved(saved)) = &result {
            self.fixed
                .update_value(|fixed| fixed.saved = Some(saved.clone()));
        }
        if let Some(then) = AFTER_SAVE.take() {
            then();
            return;
        }
        match result {
            Ok(DraftResult::Saved(saved)) => {
                let is_current = self.unsent.written().is_some_and(|(_, now)| now == version);
                self.unsent.set_saved(&saved);
                if is_current && let Some((_, now)) = self.unsent.written() {
                    self.saved_version.set_value(now);
                    self.state.set(DraftState::Saved);
                } else {
                    self.state.set(DraftState::Unsaved);
                    self.changed();
                }
            }
            Ok(DraftResult::ChangedElsewhere(other)) => {
                self.state.set(DraftState::ChangedElsewhere(other));
            }
            Ok(DraftResult::Gone) => self.state.set(DraftState::Gone),
            Err(error) if error.kind == ErrorKind::Unsupported => {
                self.state.set(DraftState::Unsupported);
            }
            Err(error) => {
                self.tab.note_error(&error);
                self.state.set(DraftState::Failed(error));
            }
        }
    }

    /// Saves nothing more, because the message is sent, and calls `then` once a save that is under
    /// way has ended.
    pub fn end(self, then: impl FnOnce() + 'static) {
        self.is_over.set_value(true);
        if self.is_saving.get_value() {
            AFTER_SAVE.set(Some(Box::new(then)));
        } else {
            then();
        }
    }

    /// Saves again: the message was not sent.
    pub fn resume(self) {
        if self.is_over.try_set_value(false).is_none() {
            self.changed();
        }
    }

    /// Saves a changed text when its form is left. The browser keeps it as well and offers it.
    pub fn leave(self) {
        let Some((written, version)) = self.unsent.written() else {
            return;
        };
        let is_whole = written.text.files.iter().all(|file| !file.id.0.is_empty());
        let is_saved = self.saved_version.get_value() == version;
        if self.is_blocked() || self.is_saving.get_value() || is_saved || !is_whole {
            return;
        }
        let (unsent, draft) = (self.unsent, self.draft_of(&written));
        spawn_local(async move {
            if let Ok(DraftResult::Saved(saved)) =
                draft_save(written.account.clone(), draft, false).await
            {
                unsent.set_saved_of(&written.id, &saved);
            }
        });
    }
}
