//! THREAD responses (RFC 5256 §4).

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::imap::value::Value;

/// A thread: a chain of messages, each a reply to the one before, followed by branches.
///
/// `(3 6 (4 23)(44 7 96))` is the chain 3, 6 with two branches. The tree nests no deeper than the
/// list on the wire, regardless of the length of its chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadTree {
    /// UIDs or sequence numbers, like the command: each is a reply to the one before. Empty if the
    /// common parent of the branches is missing.
    pub chain: Vec<NonZeroU32>,
    /// The replies to the last message of the chain.
    pub branches: Vec<Self>,
}

impl ThreadTree {
    /// Parses the data of a THREAD response; `None` if it is not a list of threads.
    ///
    /// ```abnf
    /// thread-data = "THREAD" [SP 1*thread-list]
    /// ```
    /// RFC 5256 §5.
    pub(crate) fn parse_all(values: &[Value]) -> Option<Vec<Self>> {
        values.iter().map(Self::parse).collect()
    }

    /// Parses one thread.
    ///
    /// ```abnf
    /// thread-list    = "(" (thread-members / thread-nested) ")"
    /// thread-members = nz-number *(SP nz-number) [SP thread-nested]
    /// thread-nested  = 2*thread-list
    /// ```
    /// RFC 5256 §5. A list of one branch and an empty list are accepted too.
    // The nesting limit of the framer bounds the recursion depth.
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

    /// Returns all numbers of the thread, each before its replies.
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
