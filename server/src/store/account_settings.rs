//! What a user chose for an account.

use app::api::types::QuotePosition;
use sqlx::FromRow;

use super::outbox::Ledger;
use super::{Store, StoreError};
use crate::domain::{AccountKey, ComposingChoices};

/// A row; null where its user chose nothing.
#[derive(FromRow)]
struct RawChoices {
    undo_send_secs: Option<i64>,
    archives_answered: Option<i64>,
    warns_missing_file: Option<i64>,
    is_formatted: Option<i64>,
    quote: Option<String>,
    wants_notice: Option<i64>,
}

impl From<RawChoices> for ComposingChoices {
    fn from(raw: RawChoices) -> Self {
        let default = Self::default();
        let chosen = |value: Option<i64>, default| value.map_or(default, |value| value != 0);
        let secs = raw.undo_send_secs.and_then(|secs| u32::try_from(secs).ok());
        let quote = raw.quote.as_deref().and_then(QuotePosition::from_word);
        Self {
            undo_send_secs: secs,
            archives_answered: chosen(raw.archives_answered, default.archives_answered),
            warns_missing_file: chosen(raw.warns_missing_file, default.warns_missing_file),
            is_formatted: chosen(raw.is_formatted, default.is_formatted),
            quote: quote.unwrap_or(default.quote),
            wants_notice: chosen(raw.wants_notice, default.wants_notice),
        }
    }
}

impl Store {
    /// Returns how the messages of an account are written and sent.
    pub(crate) async fn composing_choices(
        &self,
        account: &AccountKey,
    ) -> Result<ComposingChoices, StoreError> {
        let found: Option<RawChoices> = sqlx::query_as(
            "SELECT undo_send_secs, archives_answered, warns_missing_file, is_formatted, quote, \
             wants_notice FROM account_setting WHERE account_key = $1",
        )
        .bind(&account.0)
        .fetch_optional(self.pool())
        .await?;
        Ok(found.map(ComposingChoices::from).unwrap_or_default())
    }

    /// Sets how the messages of an account are written and sent.
    pub(crate) async fn set_composing_choices(
        &self,
        account: &AccountKey,
        choices: &ComposingChoices,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO account_setting (account_key, undo_send_secs, archives_answered, \
             warns_missing_file, is_formatted, quote, wants_notice) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_key) DO UPDATE SET \
             undo_send_secs = $2, archives_answered = $3, warns_missing_file = $4, \
             is_formatted = $5, quote = $6, wants_notice = $7",
        )
        .bind(&account.0)
        .bind(choices.undo_send_secs.map(i64::from))
        .bind(i64::from(choices.archives_answered))
        .bind(i64::from(choices.warns_missing_file))
        .bind(i64::from(choices.is_formatted))
        .bind(choices.quote.word())
        .bind(i64::from(choices.wants_notice))
        .execute(self.pool())
        .await?;
        Ok(())
    }
}

impl Ledger {
    /// Returns how the messages of an account are written and sent.
    pub(crate) async fn composing_choices(
        &self,
        account: &AccountKey,
    ) -> Result<ComposingChoices, StoreError> {
        self.store().composing_choices(account).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, TestDir};

    #[tokio::test]
    async fn choices_are_kept_for_their_account_and_are_the_defaults_before() {
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let (mine, other) = (AccountKey("mine".into()), AccountKey("other".into()));
        let read = async |account| store.composing_choices(account).await.unwrap();
        assert_eq!(read(&mine).await, ComposingChoices::default());
        let mut chosen = ComposingChoices {
            undo_send_secs: Some(0),
            archives_answered: true,
            warns_missing_file: false,
            is_formatted: true,
            quote: QuotePosition::Above,
            wants_notice: true,
        };
        store.set_composing_choices(&mine, &chosen).await.unwrap();
        assert_eq!(read(&mine).await, chosen);
        assert_eq!(read(&other).await, ComposingChoices::default());
        chosen.undo_send_secs = None;
        chosen.quote = QuotePosition::Omitted;
        store.set_composing_choices(&mine, &chosen).await.unwrap();
        assert_eq!(read(&mine).await, chosen);
    }

    #[tokio::test]
    async fn a_time_that_was_chosen_before_the_other_choices_stays() {
        let dir = TestDir::new();
        let before: Vec<_> = SCHEMA
            .iter()
            .copied()
            .take_while(|step| step.version < 16)
            .collect();
        let store = Store::open(dir.path(), &before).await.unwrap();
        sqlx::query("INSERT INTO account_setting (account_key, undo_send_secs) VALUES ('mine', 5)")
            .execute(store.pool())
            .await
            .unwrap();
        drop(store);
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let read = store.composing_choices(&AccountKey("mine".into())).await;
        let expected = ComposingChoices {
            undo_send_secs: Some(5),
            ..ComposingChoices::default()
        };
        assert_eq!(read.unwrap(), expected);
    }
}
