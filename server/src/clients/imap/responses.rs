//! Collects the responses to commands: requested data only, within a memory limit.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use mail_proto::OverLimit;
use mail_proto::imap::{
    self, Code, Command, FetchData, ListData, LiteralId, LiteralItem, Mailbox, MailboxAttribute,
    NamespaceData, SequenceSet, Status, StatusData, Tag,
};

use crate::clients::budget::{Overloaded, Share};

/// Limits of the responses to a group of commands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseLimits {
    /// Maximum number of bytes that the server sends until the commands complete, requested or not.
    received_bytes: u64,
    /// Maximum number of bytes of memory that the collected responses take.
    held_bytes: u64,
    /// Maximum number of folders of a listing; further ones are dropped.
    lists: usize,
}

impl ResponseLimits {
    /// Limits for the account of a session: its two connections hold 16 MiB together.
    pub(crate) const SESSION: Self = Self {
        received_bytes: 16 << 20,
        held_bytes: 8 << 20,
        lists: 10_000,
    };
    /// Returns the limits with at most `max_bytes` received.
    pub(crate) fn receiving(self, max_bytes: u64) -> Self {
        Self {
            received_bytes: self.received_bytes.min(max_bytes),
            ..self
        }
    }

    /// Limits for the command line: one user's process.
    pub(crate) const COMMAND_LINE: Self = Self {
        received_bytes: u64::MAX,
        held_bytes: 1 << 30,
        lists: usize::MAX,
    };
}

/// Maximum size of the streamed literals of one group of commands: two windows and a header.
const LITERALS_MAX_BYTES: usize = 3 << 20;
/// Memory of a response beside its octets, in bytes.
const RESPONSE_BYTES: u64 = 512;
/// Ratio of a parsed response's memory to its octets.
const VALUES_FACTOR: u64 = 4;
/// Maximum number of collected response codes of untagged responses.
const CODES_MAX: usize = 16;
/// Maximum number of messages per UID set of a MOVE whose removal is tracked.
const MOVED_MAX: usize = 10_000;
/// Maximum number of folders with a special use that are collected beyond the folder limit.
const SPECIAL_MAX: usize = 32;
/// The step in which the memory share grows.
const STEP_BYTES: u64 = 64 << 10;

/// The data that the commands request.
#[derive(Debug, Default)]
struct RequestedData {
    /// Messages by sequence number; `uids` has those by UID.
    messages: Vec<SequenceSet>,
    uids: Vec<SequenceSet>,
    is_listed: bool,
    has_namespaces: bool,
    has_status: bool,
    is_searched: bool,
    is_copied: bool,
    /// Messages, by UID, that MOVE removes from the mailbox.
    moved: Vec<SequenceSet>,
}

/// The collected responses to a group of commands.
#[derive(Debug)]
pub(crate) struct Responses {
    /// One per command, in command order.
    pub(crate) completions: Vec<Completion>,
    pub(crate) fetched: Vec<FetchData>,
    pub(crate) lists: Vec<ListData>,
    pub(crate) namespaces: Option<NamespaceData>,
    /// Number of folders of the listing that were dropped.
    pub(crate) dropped_lists: u32,
    pub(crate) statuses: Vec<StatusData>,
    pub(crate) found: Option<SequenceSet>,
    /// Messages that MOVE removed from the mailbox.
    pub(crate) gone: Vec<imap::Uid>,
    /// Whether a SEARCH response arrived, even an empty one.
    pub(crate) has_search_response: bool,
    /// Codes of untagged responses: COPYUID may be in an untagged OK (RFC 6851 §4.3).
    pub(crate) untagged_codes: Vec<Code>,
    literals: HashMap<LiteralId, BytesMut>,
    literal_bytes: usize,
    requested: RequestedData,
    limits: ResponseLimits,
    held_bytes: u64,
    share: Share,
}

/// The tagged response to one command.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) tag: Tag,
    pub(crate) status: Option<Status>,
    pub(crate) code: Option<Code>,
    pub(crate) text: String,
}

impl Completion {
    /// A tagged response that has not arrived.
    pub(crate) fn awaited(tag: Tag) -> Self {
        Self {
            tag,
            status: None,
            code: None,
            text: String::new(),
        }
    }
}

impl RequestedData {
    fn of(commands: &[Command]) -> Self {
        let mut requested = Self::default();
        for command in commands {
            match command {
                Command::Fetch { set, uid: true, .. } => requested.uids.push(set.clone()),
                Command::Fetch { set, .. } => requested.messages.push(set.clone()),
                Command::List(_) => requested.is_listed = true,
                Command::Namespace => requested.has_namespaces = true,
                Command::Status { .. } => requested.has_status = true,
                Command::Search { .. } => requested.is_searched = true,
                Command::Store(store) if store.uid && !store.silent => {
                    requested.uids.push(store.set.clone());
                }
                Command::Store(_) => {}
                Command::Move { set, uid: true, .. } => {
                    requested.is_copied = true;
                    requested.moved.push(set.clone());
                }
                _ => requested.is_copied = true,
            }
        }
        // LIST returns the counts too, if the server supports it.
        requested.has_status |= requested.is_listed;
        requested
    }

    /// Returns whether the data of this message was requested. Data without a UID may be, if any
    /// UIDs were requested.
    fn has_message(&self, seq: imap::SequenceNumber, uid: Option<imap::Uid>) -> bool {
        self.messages.iter().any(|set| set.contains(seq))
            || uid.map_or(!self.uids.is_empty(), |uid| {
                self.uids.iter().any(|set| set.contains(uid))
            })
    }
}

impl Responses {
    /// Creates the collection for commands that are about to be sent. With `is_fetch_data_skipped`
    /// message data is not collected: the mailbox state takes it.
    pub(crate) fn to(
        commands: &[Command],
        limits: ResponseLimits,
        share: Share,
        is_fetch_data_skipped: bool,
    ) -> Self {
        let mut requested = RequestedData::of(commands);
        if is_fetch_data_skipped {
            requested.messages.clear();
            requested.uids.clear();
        }
        Self {
            completions: Vec::new(),
            fetched: Vec::new(),
            lists: Vec::new(),
            namespaces: None,
            dropped_lists: 0,
            statuses: Vec::new(),
            found: None,
            gone: Vec::new(),
            has_search_response: false,
            untagged_codes: Vec::new(),
            literals: HashMap::new(),
            literal_bytes: 0,
            requested,
            limits,
            held_bytes: 0,
            share,
        }
    }

    /// Returns the maximum number of bytes that the server may send.
    pub(crate) fn received_max_bytes(&self) -> u64 {
        self.limits.received_bytes
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.completions.iter().all(|c| c.status.is_some())
    }

    /// Returns whether the server accepted every command.
    pub(crate) fn is_all_ok(&self) -> bool {
        self.completions
            .iter()
            .all(|c| c.status == Some(Status::Ok))
    }

    /// Records a message that left the mailbox, if MOVE was to remove it.
    pub(crate) fn collect_expunged(&mut self, uid: imap::Uid) {
        if self.requested.moved.iter().any(|set| set.contains(uid)) && !self.gone.contains(&uid) {
            self.gone.push(uid);
        }
    }

    /// Records the messages that left the mailbox, of those that MOVE was to remove.
    pub(crate) fn collect_vanished(&mut self, uids: &SequenceSet) {
        let moved: Vec<imap::Uid> = (self.requested.moved.iter())
            .flat_map(|set| set.uids().take(MOVED_MAX))
            .filter(|uid| uids.contains(*uid))
            .collect();
        for uid in moved {
            self.collect_expunged(uid);
        }
    }

    /// Returns the bytes of a fetched section, inline or streamed.
    pub(crate) fn body(&self, value: &imap::BodyValue) -> Option<Bytes> {
        match value {
            imap::BodyValue::Nil => None,
            imap::BodyValue::Inline(bytes) => Some(bytes.clone()),
            imap::BodyValue::Streamed { id, .. } => self
                .literals
                .get(id)
                .map(|bytes| Bytes::copy_from_slice(bytes)),
        }
    }

    /// Collects the data of a message; `response_bytes` is the size of its response.
    pub(crate) fn collect_fetched(
        &mut self,
        data: FetchData,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if !self.requested.has_message(data.seq, data.uid()) {
            return Ok(());
        }
        self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
        self.fetched.push(data);
        Ok(())
    }

    /// Collects a folder of a listing. The name is copied, because it shares the memory of a whole
    /// response. Beyond the folder limit only folders with a special use are collected.
    pub(crate) fn collect_list(&mut self, mut data: ListData) -> Result<(), ResponseError> {
        if !self.requested.is_listed {
            return Ok(());
        }
        let max_lists = match has_special_use(&data) {
            true => self.limits.lists.saturating_add(SPECIAL_MAX),
            false => self.limits.lists,
        };
        if self.lists.len() >= max_lists {
            self.dropped_lists = self.dropped_lists.saturating_add(1);
            return Ok(());
        }
        let name = data.mailbox.as_wire();
        self.hold(name.len() as u64)?;
        data.mailbox = Mailbox::from_wire(Bytes::copy_from_slice(name));
        data.attributes
            .retain(|attribute| !matches!(attribute, MailboxAttribute::Other(_)));
        data.attributes.shrink_to_fit();
        data.extended = Default::default();
        self.lists.push(data);
        Ok(())
    }

    /// Collects the response to NAMESPACE.
    pub(crate) fn collect_namespaces(
        &mut self,
        data: NamespaceData,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.requested.has_namespaces {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.namespaces = Some(data);
        }
        Ok(())
    }

    /// Collects the counts of a folder.
    pub(crate) fn collect_status(&mut self, mut data: StatusData) -> Result<(), ResponseError> {
        if !self.requested.has_status || self.statuses.len() >= self.limits.lists {
            return Ok(());
        }
        let name = data.mailbox.as_wire();
        self.hold(name.len() as u64)?;
        data.mailbox = Mailbox::from_wire(Bytes::copy_from_slice(name));
        self.statuses.push(data);
        Ok(())
    }

    /// Collects the result of SEARCH. If the server sends several responses, the last one counts.
    pub(crate) fn collect_search(
        &mut self,
        found: Option<SequenceSet>,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.requested.is_searched {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.found = found;
            self.has_search_response = true;
        }
        Ok(())
    }

    /// Collects the response code of an untagged response.
    pub(crate) fn collect_code(
        &mut self,
        code: Code,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.requested.is_copied && self.untagged_codes.len() < CODES_MAX {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.untagged_codes.push(code);
        }
        Ok(())
    }

    /// Begins a streamed literal, which is collected only if its message was requested.
    pub(crate) fn begin_literal(&mut self, id: LiteralId, item: Option<&LiteralItem>) {
        if item.is_some_and(|item| self.requested.has_message(item.seq, item.uid)) {
            self.literals.insert(id, BytesMut::new());
        }
    }

    /// Collects the next bytes of a streamed literal.
    pub(crate) fn collect_literal(
        &mut self,
        id: LiteralId,
        bytes: &[u8],
    ) -> Result<(), ResponseError> {
        let Some(literal) = self.literals.get_mut(&id) else {
            return Ok(());
        };
        self.literal_bytes = self.literal_bytes.saturating_add(bytes.len());
        if self.literal_bytes > LITERALS_MAX_BYTES {
            return Err(ResponseError::Limit(OverLimit {
                what: "literal",
                max: LITERALS_MAX_BYTES as u64,
            }));
        }
        literal.extend_from_slice(bytes);
        self.hold((bytes.len() as u64).saturating_sub(RESPONSE_BYTES))
    }

    fn hold(&mut self, bytes: u64) -> Result<(), ResponseError> {
        let held = self
            .held_bytes
            .saturating_add(bytes)
            .saturating_add(RESPONSE_BYTES);
        self.held_bytes = held;
        if held > self.limits.held_bytes {
            return Err(ResponseError::Limit(OverLimit {
                what: "answer",
                max: self.limits.held_bytes,
            }));
        }
        let step = held.next_multiple_of(STEP_BYTES);
        self.share.grow_to(step).map_err(ResponseError::Overloaded)
    }
}

/// Returns whether a folder is INBOX or has a special use (RFC 6154).
fn has_special_use(data: &ListData) -> bool {
    let is_special = |attribute: &MailboxAttribute| {
        matches!(
            attribute,
            MailboxAttribute::Archive
                | MailboxAttribute::Drafts
                | MailboxAttribute::Junk
                | MailboxAttribute::Sent
                | MailboxAttribute::Trash
        )
    };
    data.mailbox.is_inbox() || data.attributes.iter().any(is_special)
}

/// Why collecting responses failed.
#[derive(Debug)]
pub(crate) enum ResponseError {
    /// The responses are too large: the connection has to be dropped.
    Limit(OverLimit),
    /// The process has no memory for the responses.
    Overloaded(Overloaded),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::budget::Budget;
    use mail_proto::imap::command::List;

    fn list(name: String, attributes: Vec<MailboxAttribute>) -> ListData {
        ListData {
            mailbox: Mailbox::from_wire(name),
            delimiter: Some(b'/'),
            attributes,
            extended: Default::default(),
        }
    }

    #[test]
    fn special_folders_beyond_the_folder_limit_are_collected() {
        let commands = [Command::List(List::everything())];
        let mut responses = Responses::to(
            &commands,
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        for nth in 0..12_000 {
            responses
                .collect_list(list(format!("f{nth}"), vec![]))
                .unwrap();
        }
        let sent = list("Sent".into(), vec![MailboxAttribute::Sent]);
        responses.collect_list(sent).unwrap();
        responses
            .collect_list(list("INBOX".into(), vec![]))
            .unwrap();
        assert_eq!(responses.lists.len(), 10_002);
        assert_eq!(responses.dropped_lists, 2_000);
    }

    #[test]
    fn data_that_was_not_requested_is_dropped() {
        let mut responses = Responses::to(
            &[Command::Noop],
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        responses.collect_list(list("a".into(), vec![])).unwrap();
        let data = |seq| FetchData {
            seq: imap::SequenceNumber::new(seq).unwrap(),
            items: Vec::new(),
        };
        responses.collect_fetched(data(1), 100).unwrap();
        assert!(responses.lists.is_empty() && responses.fetched.is_empty());
        let one = SequenceSet::single(imap::SequenceNumber::new(2).unwrap());
        let fetch = Command::Fetch {
            set: one,
            uid: false,
            items: Vec::new(),
        };
        let mut responses = Responses::to(
            &[fetch],
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        responses.collect_fetched(data(1), 100).unwrap();
        responses.collect_fetched(data(2), 100).unwrap();
        assert_eq!(responses.fetched.len(), 1);
        // Repeated data of one message runs into the memory limit.
        let over = (0..100).find_map(|_| responses.collect_fetched(data(2), 100_000).err());
        assert!(matches!(over, Some(ResponseError::Limit(_))), "{over:?}");
    }
}
