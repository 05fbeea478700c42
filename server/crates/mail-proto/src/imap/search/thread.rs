//! THREAD responses (RFC 5256 §4).

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::imap::value::Value;

/// A thread: messages that answer each other one by one, and then the branches.
///
/// `(3 6 (4 23)(44 7 96))` is the chain 3, 6 with two branches. It nests no deeper than the list did
/// on the wire, however long its chains are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadTree {
    /// UIDs or sequence numbers, as asked: each answers the one before. Empty where the message that
    /// all branches answer is not there.
    pub chain: Vec<NonZeroU32>,
    /// What answers the last one of the chain.
    pub branches: Vec<Self>,
}

impl ThreadTree {
    /// Reads what stands behind THREAD. Nothing, if it is no list of threads.
    ///
    /// ```abnf
    /// thread-data = "THREAD" [SP 1*thread-list]
    /// ```
    /// RFC 5256 §5.
    pub(crate) fn parse_all(values: &[Value]) -> Option<Vec<Self>> {
        values.iter().map(Self::parse).collect()
    }

    /// Reads one thread.
    ///
    /// ```abnf
    /// thread-list    = "(" (thread-members / thread-nested) ")"
    /// thread-members = nz-number *(SP nz-number) [SP thread-nested]
    /// thread-nested  = 2*thread-list
    /// ```
    /// RFC 5256 §5. A list of one branch, or an empty one, is read too.
    // The depth is bounded by the nesting limit of the framer.
    fn parse(value: &Value) -> Option<Self> {
        let values = value.list()?;
        let branches_at = values
            .iter()
            .position(|value| value.list().is_some())
            .unwrap_or(values.len());
        let (chain, branches) = values.split_at_checked(branches_at)?;
        let number = |value: &Value| NonZeroU32::new(value.number32()?);
        Some(Self {
            chain: chain.iter().map(number).collect::<Option<_>>()?,
            branches: Self::parse_all(branches)?,
        })
    }

    /// Returns all numbers of the thread, each before what answers it.
    pub fn numbers(&self) -> impl Iterator<Item = NonZeroU32> + '_ {
        let mut waiting = Vec::from([self]);
        core::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.branches.iter().rev());
            Some(next.chain.iter().copied())
        })
        .flatten()
    }
}
