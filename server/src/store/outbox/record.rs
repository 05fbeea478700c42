//! The stored form of a row: state names, list cursor, opening of records.

use std::fmt;

use app::api::types::{Damage, OutboxId};

use super::{Ledger, RawRow, draft_aad, record_aad};
use crate::domain::{AccountKey, OutboxMessage, OutboxRow, Outcome, RowState, StoredDraft};
use crate::store::StoreError;
use crate::store::records::{self, Unreadable, v2, v3};
use crate::store::seal::{Purpose, SealError};

impl RowState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Committing => "committing",
            Self::Result => "result",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "sending" => Self::Sending,
            "committing" => Self::Committing,
            _ => Self::Result,
        }
    }
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HandedOver => "handed_over",
            Self::PartlyRefused => "partly_refused",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

impl Ledger {
    pub(super) fn seal_message(&self, row: &OutboxRow) -> Result<Vec<u8>, StoreError> {
        let record = v3::Message::from(row.message.clone());
        let json = serde_json::to_vec(&record).map_err(|_| SealError::Unopenable)?;
        let aad = record_aad(row.id.as_str(), &row.account_key.0);
        Ok(self.sealer.seal(Purpose::Outbox, aad.as_bytes(), &json)?)
    }

    pub(super) fn seal_draft(
        &self,
        row: &OutboxRow,
        draft: &StoredDraft,
    ) -> Result<Vec<u8>, StoreError> {
        let record = v2::Draft::from(draft.clone());
        let json = serde_json::to_vec(&record).map_err(|_| SealError::Unopenable)?;
        let aad = draft_aad(row.id.as_str(), &row.account_key.0);
        Ok(self.sealer.seal(Purpose::Outbox, aad.as_bytes(), &json)?)
    }

    fn open_message(&self, raw: &RawRow) -> Result<OutboxMessage, Damage> {
        let aad = record_aad(&raw.id, &raw.account_key);
        let opened = self
            .sealer
            .open_sealed(Purpose::Outbox, aad.as_bytes(), &raw.sealed);
        match opened {
            Ok(json) => records::read_message(&json).map_err(|unreadable| match unreadable {
                Unreadable::LaterProgram => Damage::LaterProgram,
                Unreadable::Bytes => Damage::Bytes,
            }),
            Err(_) if self.sealer.has_key_of(&raw.sealed) => Err(Damage::Bytes),
            Err(_) => Err(Damage::KeyLost),
        }
    }

    /// Opens a row. A row that cannot be opened is returned as damaged, so that lists and pages do
    /// not fail.
    pub(super) fn open_row(&self, raw: RawRow) -> OutboxRow {
        let opened = self.open_message(&raw);
        if let Err(damage) = opened
            && raw.is_damaged == 0
        {
            tracing::error!(
                id = raw.id,
                ?damage,
                "a row of the outbox cannot be opened: it is set aside"
            );
        }
        let mut row = OutboxRow {
            damage: opened.as_ref().err().copied(),
            message: opened.unwrap_or_else(|_| OutboxMessage::unreadable()),
            id: OutboxId(raw.id),
            account_key: AccountKey(raw.account_key),
            state: RowState::from_name(&raw.state),
            needs_sign_in: raw.needs_sign_in != 0,
            tries: u32::try_from(raw.tries).unwrap_or_default(),
            due_unix_ms: raw.due_unix_ms,
            created_unix_ms: raw.created_unix_ms,
            changed_unix_ms: raw.changed_unix_ms,
            spool: raw.spool,
            size_bytes: u64::try_from(raw.size_bytes).unwrap_or_default(),
            has_transcript: raw.has_transcript != 0,
        };
        // The sending process ended after the dot may have been sent: only the column records that.
        if raw.outcome.as_deref() == Some(Outcome::Unknown.name()) {
            row.mark_unknown();
        }
        row
    }
}

/// A cursor in the list of rows, which is ordered from newest to oldest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListCursor {
    pub(super) created_unix_ms: i64,
    pub(super) id: String,
}

impl ListCursor {
    /// Returns the cursor of a row.
    pub(crate) fn of(row: &OutboxRow) -> Self {
        Self {
            created_unix_ms: row.created_unix_ms,
            id: row.id.as_str().to_owned(),
        }
    }

    /// Parses a cursor from a request.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (created, id) = text.split_once('.')?;
        Some(Self {
            created_unix_ms: created.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_unix_ms, self.id)
    }
}
