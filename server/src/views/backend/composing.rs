//! How the messages of a session's accounts are written and sent.

use app::api::types::{AccountId, ComposingChoices, ComposingSettings, Limitation};

use super::SessionBackend;
use crate::account::error::AccountError;
use crate::domain;
use crate::views::compose::find_handle;

impl SessionBackend {
    /// Returns the choices of every account.
    pub(super) async fn composing(&self) -> Result<Vec<ComposingSettings>, AccountError> {
        let mut all = Vec::new();
        for handle in &self.handles {
            let chosen = handle.composing_choices().await?;
            all.push(ComposingSettings {
                account: handle.id(),
                address: handle.address().to_owned(),
                can_archive: !handle.limitations().contains(&Limitation::OneFolder),
                choices: ComposingChoices {
                    undo_send_secs: chosen.undo_send_secs.unwrap_or(self.undo_send_secs),
                    archives_answered: chosen.archives_answered,
                    warns_missing_file: chosen.warns_missing_file,
                    is_formatted: chosen.is_formatted,
                    quote: chosen.quote,
                    wants_notice: chosen.wants_notice,
                },
            });
        }
        Ok(all)
    }

    /// Sets the choices of an account.
    pub(super) async fn save_composing(
        &self,
        account: &AccountId,
        choices: ComposingChoices,
    ) -> Result<(), AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let undo_send_secs = choices
            .undo_send_secs
            .min(ComposingChoices::UNDO_SEND_MAX_SECS);
        let chosen = domain::ComposingChoices {
            undo_send_secs: Some(undo_send_secs),
            archives_answered: choices.archives_answered,
            warns_missing_file: choices.warns_missing_file,
            is_formatted: choices.is_formatted,
            quote: choices.quote,
            wants_notice: choices.wants_notice,
        };
        handle.set_composing_choices(&chosen).await
    }
}
