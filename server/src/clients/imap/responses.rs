//! What the server answers to commands: what was asked for and nothing else, within a budget.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use mail_proto::OverLimit;
use mail_proto::imap::{
    self, Code, Command, FetchData, ListData, LiteralId, LiteralItem, Mailbox, MailboxAttribute,
    NamespaceData, SequenceSet, Status, StatusData, Tag,
};

use crate::clients::budget::{Overloaded, Share};

/// How much an answer may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseLimits {
    /// What the server may send until the commands are over, asked for or not, in bytes.
    received_bytes: u64,
    /// What may be held of it at once, in bytes of memory.
    held_bytes: u64,
    /// Folders that are kept of a listing; what comes behind them is dropped.
    lists: usize,
}

impl ResponseLimits {
    /// For the account of a session: two connections hold 16 MiB together.
    pub(crate) const SESSION: Self = Self {
        received_bytes: 16 << 20,
        held_bytes: 8 << 20,
        lists: 10_000,
    };
    /// The same, where the server may send no more than this.
    pub(crate) fn receiving(self, max_bytes: u64) -> Self {
        Self {
            received_bytes: self.received_bytes.min(max_bytes),
            ..self
        }
    }

    /// For the command line: the memory is the person's own.
    pub(crate) const COMMAND_LINE: Self = Self {
        received_bytes: u64::MAX,
        held_bytes: 1 << 30,
        lists: usize::MAX,
    };
}

/// Streamed literals of one answer are kept up to this sum: two windows and a header.
const LITERALS_MAX_BYTES: usize = 3 << 20;
/// What a response takes in memory beside its own octets.
const RESPONSE_BYTES: u64 = 512;
/// A response as values takes this many times its octets.
const VALUES_FACTOR: u64 = 4;
/// Response codes that are kept of untagged responses.
const CODES_MAX: usize = 16;
/// Messages that leave a mailbox by one command, and are watched.
const LEAVING_MAX: usize = 10_000;
/// Folders with a special use that are kept behind all others.
const SPECIAL_MAX: usize = 32;
/// The share of the process's memory grows in steps.
const STEP_BYTES: u64 = 64 << 10;

/// What the commands asked for.
#[derive(Debug, Default)]
struct RequestedData {
    /// Messages by number, and messages by UID.
    messages: Vec<SequenceSet>,
    uids: Vec<SequenceSet>,
    is_listed: bool,
    has_namespaces: bool,
    has_status: bool,
    is_searched: bool,
    is_copied: bool,
    /// Messages, by UID, that are to leave the mailbox.
    leaving: Vec<SequenceSet>,
}

/// What the server answered to a run of commands.
#[derive(Debug)]
pub(crate) struct Responses {
    /// One per command, in their order.
    pub(crate) completions: Vec<Completion>,
    pub(crate) fetched: Vec<FetchData>,
    pub(crate) lists: Vec<ListData>,
    pub(crate) namespaces: Option<NamespaceData>,
    /// Folders of the listing that were dropped.
    pub(crate) dropped_lists: u32,
    pub(crate) statuses: Vec<StatusData>,
    pub(crate) found: Option<SequenceSet>,
    /// Messages that were to leave the mailbox and did.
    pub(crate) gone: Vec<imap::Uid>,
    /// A response to SEARCH came, if only to say that nothing was found.
    pub(crate) is_search_answered: bool,
    /// COPYUID may stand in an untagged OK (RFC 6851 §4.3).
    pub(crate) untagged_codes: Vec<Code>,
    literals: HashMap<LiteralId, BytesMut>,
    literal_bytes: usize,
    asked: RequestedData,
    limits: ResponseLimits,
    held_bytes: u64,
    share: Share,
}

/// How one command went.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) tag: Tag,
    pub(crate) status: Option<Status>,
    pub(crate) code: Option<Code>,
    pub(crate) text: String,
}

impl Completion {
    /// One that is still to come.
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
        let mut asked = Self::default();
        for command in commands {
            match command {
                Command::Fetch { set, uid: true, .. } => asked.uids.push(set.clone()),
                Command::Fetch { set, .. } => asked.messages.push(set.clone()),
                Command::List(_) => asked.is_listed = true,
                Command::Namespace => asked.has_namespaces = true,
                Command::Status { .. } => asked.has_status = true,
                Command::Search { .. } => asked.is_searched = true,
                Command::Store(store) if store.uid && !store.silent => {
                    asked.uids.push(store.set.clone());
                }
                Command::Store(_) => {}
                Command::Move { set, uid: true, .. } => {
                    asked.is_copied = true;
                    asked.leaving.push(set.clone());
                }
                _ => asked.is_copied = true,
            }
        }
        // LIST brings the counts with it, where it can.
        asked.has_status |= asked.is_listed;
        asked
    }

    /// Whether the data of this message was asked for. Without a UID in it, it may be.
    fn has_message(&self, seq: imap::SequenceNumber, uid: Option<imap::Uid>) -> bool {
        self.messages.iter().any(|set| set.contains(seq))
            || uid.map_or(!self.uids.is_empty(), |uid| {
                self.uids.iter().any(|set| set.contains(uid))
            })
    }
}

impl Responses {
    /// The answer to commands that are about to leave. Where rows are only to be remembered by the
    /// mailbox, the messages' data is `taken_elsewhere` and not kept here.
    pub(crate) fn to(
        commands: &[Command],
        limits: ResponseLimits,
        share: Share,
        taken_elsewhere: bool,
    ) -> Self {
        let mut asked = RequestedData::of(commands);
        if taken_elsewhere {
            asked.messages.clear();
            asked.uids.clear();
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
            is_search_answered: false,
            untagged_codes: Vec::new(),
            literals: HashMap::new(),
            literal_bytes: 0,
            asked,
            limits,
            held_bytes: 0,
            share,
        }
    }

    /// The most that the server may send.
    pub(crate) fn received_max_bytes(&self) -> u64 {
        self.limits.received_bytes
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.completions.iter().all(|c| c.status.is_some())
    }

    /// Whether every command was accepted.
    pub(crate) fn is_all_ok(&self) -> bool {
        self.completions
            .iter()
            .all(|c| c.status == Some(Status::Ok))
    }

    /// Notes a message that left the mailbox, if it was to leave.
    pub(crate) fn take_gone(&mut self, uid: imap::Uid) {
        if self.asked.leaving.iter().any(|set| set.contains(uid)) && !self.gone.contains(&uid) {
            self.gone.push(uid);
        }
    }

    /// Notes messages that left the mailbox, of those that were to leave.
    pub(crate) fn take_vanished(&mut self, uids: &SequenceSet) {
        let leaving: Vec<imap::Uid> = (self.asked.leaving.iter())
            .flat_map(|set| set.uids().take(LEAVING_MAX))
            .filter(|uid| uids.contains(*uid))
            .collect();
        for uid in leaving {
            self.take_gone(uid);
        }
    }

    /// The bytes of a fetched section, wherever they were kept.
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

    /// Takes the data of a message, of a response of so many bytes.
    pub(crate) fn take_fetched(
        &mut self,
        data: FetchData,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if !self.asked.has_message(data.seq, data.uid()) {
            return Ok(());
        }
        self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
        self.fetched.push(data);
        Ok(())
    }

    /// Takes a folder of a listing. Its name is copied: it shares the memory of a whole response.
    /// Behind as many as are kept only those count that have a use of their own.
    pub(crate) fn take_list(&mut self, mut data: ListData) -> Result<(), ResponseError> {
        if !self.asked.is_listed {
            return Ok(());
        }
        let room = match has_use(&data) {
            true => self.limits.lists.saturating_add(SPECIAL_MAX),
            false => self.limits.lists,
        };
        if self.lists.len() >= room {
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

    /// Takes what NAMESPACE told.
    pub(crate) fn take_namespaces(
        &mut self,
        data: NamespaceData,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.asked.has_namespaces {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.namespaces = Some(data);
        }
        Ok(())
    }

    /// Takes the counts of a folder.
    pub(crate) fn take_status(&mut self, mut data: StatusData) -> Result<(), ResponseError> {
        if !self.asked.has_status || self.statuses.len() >= self.limits.lists {
            return Ok(());
        }
        let name = data.mailbox.as_wire();
        self.hold(name.len() as u64)?;
        data.mailbox = Mailbox::from_wire(Bytes::copy_from_slice(name));
        self.statuses.push(data);
        Ok(())
    }

    /// Takes what SEARCH found. A server may tell it in several responses; the last one counts.
    pub(crate) fn take_found(
        &mut self,
        found: Option<SequenceSet>,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.asked.is_searched {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.found = found;
            self.is_search_answered = true;
        }
        Ok(())
    }

    /// Takes the response code of an untagged response.
    pub(crate) fn take_code(
        &mut self,
        code: Code,
        response_bytes: u64,
    ) -> Result<(), ResponseError> {
        if self.asked.is_copied && self.untagged_codes.len() < CODES_MAX {
            self.hold(response_bytes.saturating_mul(VALUES_FACTOR))?;
            self.untagged_codes.push(code);
        }
        Ok(())
    }

    /// A streamed literal begins: kept only where it is of a message that was asked for.
    pub(crate) fn begin_literal(&mut self, id: LiteralId, item: Option<&LiteralItem>) {
        if item.is_some_and(|item| self.asked.has_message(item.seq, item.uid)) {
            self.literals.insert(id, BytesMut::new());
        }
    }

    /// Takes the next bytes of a streamed literal.
    pub(crate) fn take_literal(
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

/// Whether a folder is INBOX or has a special use (RFC 6154).
fn has_use(data: &ListData) -> bool {
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

/// Why an answer cannot go on.
#[derive(Debug)]
pub(crate) enum ResponseError {
    /// It is too large: the connection has to be dropped.
    Limit(OverLimit),
    /// The process has no memory for it.
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
    fn behind_as_many_folders_as_are_kept_the_special_ones_still_count() {
        let commands = [Command::List(List::everything())];
        let mut answer = Responses::to(
            &commands,
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        for nth in 0..12_000 {
            answer.take_list(list(format!("f{nth}"), vec![])).unwrap();
        }
        let sent = list("Sent".into(), vec![MailboxAttribute::Sent]);
        answer.take_list(sent).unwrap();
        answer.take_list(list("INBOX".into(), vec![])).unwrap();
        assert_eq!(answer.lists.len(), 10_002);
        assert_eq!(answer.dropped_lists, 2_000);
    }

    #[test]
    fn nothing_is_kept_that_was_not_asked_for() {
        let mut answer = Responses::to(
            &[Command::Noop],
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        answer.take_list(list("a".into(), vec![])).unwrap();
        let data = |seq| FetchData {
            seq: imap::SequenceNumber::new(seq).unwrap(),
            items: Vec::new(),
        };
        answer.take_fetched(data(1), 100).unwrap();
        assert!(answer.lists.is_empty() && answer.fetched.is_empty());
        let one = SequenceSet::single(imap::SequenceNumber::new(2).unwrap());
        let fetch = Command::Fetch {
            set: one,
            uid: false,
            items: Vec::new(),
        };
        let mut answer = Responses::to(
            &[fetch],
            ResponseLimits::SESSION,
            Budget::of_process().share(),
            false,
        );
        answer.take_fetched(data(1), 100).unwrap();
        answer.take_fetched(data(2), 100).unwrap();
        assert_eq!(answer.fetched.len(), 1);
        // The same one again and again is held once too often.
        let over = (0..100).find_map(|_| answer.take_fetched(data(2), 100_000).err());
        assert!(matches!(over, Some(ResponseError::Limit(_))), "{over:?}");
    }
}
