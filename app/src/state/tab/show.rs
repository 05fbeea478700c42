//! Shows changes and errors in the snack.

use std::time::Duration;

use leptos::prelude::*;

use super::Tab;
use crate::api::error::ApiError;
use crate::api::types::{ChangeDone, ChangesDone, Failed};
use crate::state::snack::{MissingFolderRetry, Snack};

/// The display time of a change. A failure stays until it is dismissed.
const SNACK_DURATION: Duration = Duration::from_secs(10);

impl Tab {
    /// Shows a snack.
    pub fn show_snack(self, snack: Snack) {
        // The line of a sent message decides itself when it is dismissed.
        let is_temporary = !matches!(snack, Snack::Failed { .. } | Snack::Sent);
        self.snack.set(Some(snack.clone()));
        if is_temporary {
            set_timeout(
                move || {
                    if self
                        .snack
                        .with_untracked(|current| current.as_ref() == Some(&snack))
                    {
                        self.snack.set(None);
                    }
                },
                SNACK_DURATION,
            );
        }
    }

    /// Shows what the mail servers confirmed, or the first error.
    pub(super) fn show_changes(
        self,
        changes: ChangesDone,
        has_left_message: bool,
        is_silent: bool,
        retry: Option<MissingFolderRetry>,
    ) {
        let is_changed = |done: &ChangeDone| done.count > 0;
        if !changes.done.iter().all(is_changed)
            && let Some(list) = self.list()
        {
            // The list showed an outdated state.
            list.refresh();
        }
        if let Some(Failed { error, .. }) = changes.failed.into_iter().next() {
            self.show_partial_failure(changes.done, error, retry);
        } else if !is_silent || !changes.done.iter().all(is_changed) {
            self.show_snack(Snack::Done {
                done: changes.done,
                has_left_message,
            });
        }
    }

    /// Shows the error of a change.
    pub fn show_error(self, error: ApiError, retry: Option<MissingFolderRetry>) {
        self.show_partial_failure(Vec::new(), error, retry);
    }

    fn show_partial_failure(
        self,
        done: Vec<ChangeDone>,
        error: ApiError,
        retry: Option<MissingFolderRetry>,
    ) {
        self.note_error(&error);
        self.show_snack(Snack::Failed { done, error, retry });
    }
}
