//! Sealed records of rows: every record carries its version, and every version ever written can be
//! read.
//!
//! A released version never changes: not a field, not a code. A new shape gets the next number, and
//! the golden rows of the former one stay in the tree (`records/golden/`). Records contain codes
//! and the servers' replies, never sentences of this program.

mod contact;
mod identities;
mod local_message;
mod person;
mod sent_answer;
mod templates;
mod transcript;
mod v0;
mod v1;
pub(in crate::store) mod v2;
pub(in crate::store) mod v3;

use serde::Deserialize;

pub(super) use contact::{read_contact, read_group, write_contact, write_group};
pub(super) use identities::{read_identities, write_identities};
pub(super) use local_message::{read_local_message, write_local_message};
pub(super) use person::{read_person, write_person};
pub(super) use sent_answer::{read_sent_answer, write_sent_answer};
pub(super) use templates::{read_templates, write_templates};
pub(super) use transcript::{read_transcript, write_transcript};

use crate::domain::{OutboxMessage, PostedForm, StoredDraft, StoredSignIn};

/// Why an opened record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Its version is newer than this program.
    LaterProgram,
    /// Its content does not match its version.
    Bytes,
}

/// The version of a record; absent before version 1.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    version: u32,
}

fn version(json: &[u8]) -> Result<u32, Unreadable> {
    let versioned: Versioned = read(json)?;
    Ok(versioned.version)
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(json).map_err(|_| Unreadable::Bytes)
}

/// Reads the message of a row.
pub(super) fn read_message(json: &[u8]) -> Result<OutboxMessage, Unreadable> {
    match version(json)? {
        0 => read::<v0::Message>(json).map(OutboxMessage::from),
        1 => read::<v1::Message>(json).map(OutboxMessage::from),
        2 => read::<v2::Message>(json).map(OutboxMessage::from),
        3 => read::<v3::Message>(json).map(OutboxMessage::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// Reads a draft.
pub(super) fn read_draft(json: &[u8]) -> Result<StoredDraft, Unreadable> {
    match version(json)? {
        // Version 1 only added the version field.
        0 | 1 => read::<v1::Draft>(json).map(StoredDraft::from),
        2 => read::<v2::Draft>(json).map(StoredDraft::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// Reads the draft inside a message record of format 1.
pub(super) fn read_embedded_draft(json: &[u8]) -> Result<StoredDraft, Unreadable> {
    read::<v0::WithDraft>(json).map(|within| within.draft.into())
}

/// Reads a compose form that is stored for a sign-in.
pub(super) fn read_posted_form(json: &[u8]) -> Result<PostedForm, Unreadable> {
    match version(json)? {
        0 | 1 => read::<v1::PostedForm>(json).map(PostedForm::from),
        2 => read::<v2::PostedForm>(json).map(PostedForm::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// Reads the sign-in of an account. The first version of it is 2.
pub(super) fn read_sign_in(json: &[u8]) -> Result<StoredSignIn, Unreadable> {
    match version(json)? {
        0 | 1 => Err(Unreadable::Bytes),
        2 => read::<v2::SignIn<'_>>(json).map(StoredSignIn::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests;
