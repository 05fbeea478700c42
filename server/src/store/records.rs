//! What is sealed in rows: every record carries its version, and every version ever written opens.
//!
//! A version never changes again: not a field, not a code. What needs another shape gets the next
//! number, and the golden rows of the former one stay in the tree (`records/golden/`). Records hold
//! codes and the servers' words, never a sentence of ours.

mod v0;
pub(in crate::store) mod v1;

use serde::Deserialize;

use crate::domain::{OutboxMessage, PostedForm, Typed};

/// Why a record that was opened cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Its version is not known here.
    LaterProgram,
    /// It is not what its version says.
    Bytes,
}

/// Records before version 1 carry none.
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

/// The message of a row.
pub(super) fn read_message(json: &[u8]) -> Result<OutboxMessage, Unreadable> {
    match version(json)? {
        0 => read::<v0::Message>(json).map(OutboxMessage::from),
        1 => read::<v1::Message>(json).map(OutboxMessage::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// What was typed.
pub(super) fn read_typed(json: &[u8]) -> Result<Typed, Unreadable> {
    match version(json)? {
        // Only the version was added.
        0 | 1 => read::<v1::Typed>(json).map(Typed::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

/// What was typed, from a message of rows of format 1, which held it.
pub(super) fn read_typed_within(json: &[u8]) -> Result<Typed, Unreadable> {
    read::<v0::WithTyped>(json).map(|within| within.draft.into())
}

/// A compose form that waits for a sign-in.
pub(super) fn read_posted_form(json: &[u8]) -> Result<PostedForm, Unreadable> {
    match version(json)? {
        0 | 1 => read::<v1::PostedForm>(json).map(PostedForm::from),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests;
