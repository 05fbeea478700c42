//! Pipelining: which command may be sent while others are in progress (RFC 9051 §5.5).

use super::command::Command;
use super::search::SearchKey;
use super::sequence_set::SequenceSet;

/// The effect of a command in progress on later commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// FETCH, STORE or SEARCH with sequence numbers: the server sends no EXPUNGE during it.
    KeepsNumbers,
    /// IDLE. `done`: DONE was sent, and only the tagged response is missing.
    Idle { done: bool },
    /// The command changes the connection state: no other command may be sent during it.
    Exclusive,
    /// Any other command.
    Ordinary,
}

impl Kind {
    pub(crate) const fn of(command: &Command) -> Self {
        match command {
            Command::Fetch { uid: false, .. }
            | Command::FetchWith { uid: false, .. }
            | Command::Search { uid: false, .. } => Self::KeepsNumbers,
            Command::SearchWith(search) if !search.uid => Self::KeepsNumbers,
            Command::Store(store) | Command::StoreUnchangedSince { store, .. } if !store.uid => {
                Self::KeepsNumbers
            }
            Command::Idle => Self::Idle { done: false },
            // Signing in changes the capabilities, COMPRESS the encoding of the stream, and leaving
            // a mailbox the meaning of all data; no command may follow LOGOUT.
            Command::SignIn(_)
            | Command::Compress
            | Command::Unselect
            | Command::Close
            | Command::Logout => Self::Exclusive,
            // SORT and THREAD too: RFC 5256 §3 forbids EXPUNGE during them, RFC 9051 §5.5 does not.
            _ => Self::Ordinary,
        }
    }
}

/// Returns whether a command may be sent now. `is_mailbox_open`: whether a mailbox is selected.
pub(crate) fn can_send(
    command: &Command,
    is_mailbox_open: bool,
    mut in_flight: impl Iterator<Item = Kind>,
) -> bool {
    match command {
        // Signing in and COMPRESS start a new state, and no other command may run during IDLE.
        Command::SignIn(_) | Command::Compress | Command::Idle => in_flight.next().is_none(),
        // Data of the mailbox that is left must not be attributed to the next one.
        Command::Select(_)
        | Command::Examine(_)
        | Command::SelectWith(_)
        | Command::Unselect
        | Command::Close
            if is_mailbox_open =>
        {
            in_flight.next().is_none()
        }
        // Also after DONE: FETCH changes nothing, and if an EXPUNGE arrives before the tagged
        // response to IDLE, the caller sees that the sequence numbers denote other messages.
        Command::Fetch {
            set, uid: false, ..
        } if !set.is_saved_result() => {
            in_flight.all(|kind| matches!(kind, Kind::KeepsNumbers | Kind::Idle { done: true }))
        }
        // EXPUNGE can change the sequence numbers until every command that allows it is complete.
        _ if uses_sequence_numbers(command) => in_flight.all(|kind| kind == Kind::KeepsNumbers),
        _ => in_flight.all(|kind| match kind {
            Kind::KeepsNumbers | Kind::Ordinary | Kind::Idle { done: true } => true,
            Kind::Exclusive | Kind::Idle { done: false } => false,
        }),
    }
}

/// Returns whether a command or its response contains sequence numbers.
fn uses_sequence_numbers(command: &Command) -> bool {
    match command {
        Command::Fetch { set, uid, .. }
        | Command::FetchWith { set, uid, .. }
        | Command::Copy { set, uid, .. }
        | Command::Move { set, uid, .. } => has_numbers(*uid, set),
        Command::Store(store) | Command::StoreUnchangedSince { store, .. } => {
            has_numbers(store.uid, &store.set)
        }
        Command::Search { uid, criteria } => depends_on_sequence_numbers(*uid, criteria),
        Command::SearchWith(search) => depends_on_sequence_numbers(search.uid, &search.criteria),
        Command::Sort(sort) => depends_on_sequence_numbers(sort.uid, &sort.criteria),
        Command::Thread(thread) => depends_on_sequence_numbers(thread.uid, &thread.criteria),
        _ => false,
    }
}

// `$` denotes messages, not numbers: RFC 5182 §2.1 pipelines `COPY $` and `STORE $`.
const fn has_numbers(uid: bool, set: &SequenceSet) -> bool {
    !uid && !set.is_saved_result()
}

fn depends_on_sequence_numbers(uid: bool, criteria: &[SearchKey]) -> bool {
    !uid || criteria.iter().any(SearchKey::has_sequence_numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::{Mailbox, SequenceSet, Store, StoreMode};

    fn fetch(uid: bool) -> Command {
        Command::Fetch {
            set: SequenceSet::all(),
            uid,
            items: [].into(),
        }
    }

    fn store(uid: bool) -> Command {
        let set = SequenceSet::all();
        Command::Store(Store {
            set,
            uid,
            mode: StoreMode::Add,
            flags: [].into(),
            silent: true,
        })
    }

    fn copy(uid: bool) -> Command {
        Command::Copy {
            set: SequenceSet::all(),
            uid,
            mailbox: Mailbox::inbox(),
        }
    }

    /// Returns whether the last of these may be sent while all others are in progress.
    fn can_send_last(commands: &[Command]) -> bool {
        let (last, before) = commands.split_last().unwrap();
        can_send(last, true, before.iter().map(Kind::of))
    }

    // docs/protocols.md, IMAP: pipelining (RFC 9051 §5.5)
    #[test]
    fn the_invalid_sequences_of_rfc_9051_5_5_wait() {
        // FETCH + NOOP + STORE, STORE + COPY + FETCH, COPY + COPY.
        assert!(!can_send_last(&[fetch(false), Command::Noop, store(false)]));
        assert!(!can_send_last(&[store(false), copy(false), fetch(false)]));
        assert!(!can_send_last(&[copy(false), copy(false)]));
        // UID commands allow EXPUNGE.
        assert!(!can_send_last(&[fetch(true), fetch(false)]));
    }

    // docs/protocols.md, IMAP: pipelining (RFC 9051 §5.5)
    #[test]
    fn the_valid_sequences_of_rfc_9051_5_5_leave() {
        let search = Command::Search {
            uid: false,
            criteria: [].into(),
        };
        assert!(can_send_last(&[
            fetch(false),
            store(false),
            search,
            fetch(false)
        ]));
        assert!(can_send_last(&[store(false), copy(false)]));
        assert!(can_send_last(&[
            Command::Noop,
            copy(true),
            fetch(true),
            store(true)
        ]));
    }

    #[test]
    fn after_idle_commands_wait_for_done_and_changes_by_number_wait_for_its_response() {
        let idle = |done| core::iter::once(Kind::Idle { done });
        assert!(!can_send(&fetch(true), true, idle(false)));
        assert!(can_send(&fetch(true), true, idle(true)));
        assert!(can_send(&Command::Noop, true, idle(true)));
        assert!(!can_send(&fetch(false), true, idle(false)));
        assert!(can_send(&fetch(false), true, idle(true)));
        assert!(!can_send(&store(false), true, idle(true)));
        assert!(!can_send(&copy(false), true, idle(true)));
        assert!(!can_send(&Command::Idle, true, idle(true)));
    }

    #[test]
    fn the_first_mailbox_is_opened_beside_other_commands() {
        let select = Command::Select(Mailbox::inbox());
        let in_flight = || core::iter::once(Kind::of(&Command::Namespace));
        assert!(can_send(&select, false, in_flight()));
        assert!(!can_send(&select, true, in_flight()));
        assert!(!can_send(&select, false, core::iter::once(Kind::Exclusive)));
    }

    #[test]
    fn opening_another_mailbox_waits_and_uid_commands_follow_it_at_once() {
        assert!(!can_send_last(&[
            fetch(true),
            Command::Select(Mailbox::inbox())
        ]));
        assert!(can_send_last(&[
            Command::Select(Mailbox::inbox()),
            fetch(true)
        ]));
        assert!(!can_send_last(&[
            Command::Select(Mailbox::inbox()),
            fetch(false)
        ]));
    }
}
