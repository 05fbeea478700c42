//! The owner of a folder, by its namespace (RFC 2342): personal, another user's or shared.

use mail_proto::imap::{ListData, Mailbox, Namespace, NamespaceData};

use super::NAME_MAX_BYTES;

/// Maximum number of namespaces. Servers usually have 3.
const NAMESPACES_MAX: usize = 64;

/// The namespaces of an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespaces {
    /// The prefix of the user's own folders other than INBOX (`INBOX.`).
    prefix: Vec<u8>,
    /// Namespace prefixes, and whether each is personal.
    prefixes: Vec<(Vec<u8>, bool)>,
}

impl Namespaces {
    /// Reads the response to NAMESPACE. If the server has no NAMESPACE, the common prefix of all
    /// folders is used: Courier and others put all folders below INBOX.
    pub(super) fn new(response: Option<&NamespaceData>, lists: &[ListData]) -> Self {
        let Some(response) = response.filter(|response| !response.personal.is_empty()) else {
            return Self {
                prefix: common_prefix(lists),
                prefixes: Vec::new(),
            };
        };
        let fits = |space: &&Namespace| space.prefix.len() <= NAME_MAX_BYTES;
        let own = response.personal.iter().filter(fits);
        let others = response
            .other_users
            .iter()
            .chain(&response.shared)
            .filter(fits);
        let prefix = own.clone().next().map(prefix_of).unwrap_or_default();
        let own = own.map(|space| (prefix_of(space), true));
        let others = others.map(|space| (prefix_of(space), false));
        Self {
            prefix,
            prefixes: own.chain(others).take(NAMESPACES_MAX).collect(),
        }
    }

    /// The prefix of a new top-level folder.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether a folder is another user's or shared.
    pub(super) fn is_foreign(&self, mailbox: &Mailbox) -> bool {
        if mailbox.is_inbox() {
            return false;
        }
        let name = mailbox.as_wire();
        // `user.` itself is not a personal mailbox either.
        let has_prefix = |prefix: &[u8]| {
            strip_prefix(prefix, name).is_some()
                || prefix
                    .split_last()
                    .is_some_and(|(_, level)| !level.is_empty() && level == name)
        };
        let longest = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| has_prefix(prefix))
            // Of two equal prefixes the personal one takes precedence.
            .max_by_key(|(prefix, is_own)| (prefix.len(), *is_own));
        longest.is_some_and(|(_, is_own)| !is_own)
    }
}

/// Returns a namespace's prefix with a trailing delimiter, which some servers omit.
fn prefix_of(space: &Namespace) -> Vec<u8> {
    let mut prefix = space.prefix.to_vec();
    if let Some(delimiter) = space.delimiter
        && prefix.last().is_some_and(|last| *last != delimiter)
    {
        prefix.push(delimiter);
    }
    prefix
}

/// Returns the rest of a name after a prefix. INBOX at its start is case-insensitive.
pub(super) fn strip_prefix<'n>(prefix: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
    const INBOX: usize = b"INBOX".len();
    let (head, tail) = name.split_at_checked(prefix.len())?;
    let is_inbox = |name: &[u8]| {
        name.get(..INBOX)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"INBOX"))
    };
    let is_same = match is_inbox(prefix) && is_inbox(head) {
        true => head.get(INBOX..) == prefix.get(INBOX..),
        false => head == prefix,
    };
    is_same.then_some(tail)
}

fn common_prefix(lists: &[ListData]) -> Vec<u8> {
    let Some(delimiter) = lists.iter().find_map(|list| list.delimiter) else {
        return Vec::new();
    };
    let prefix = [b"INBOX".as_slice(), &[delimiter]].concat();
    let mut others = lists.iter().filter(|l| !l.mailbox.is_inbox()).peekable();
    let is_common = |l: &ListData| strip_prefix(&prefix, l.mailbox.as_wire()).is_some();
    if others.peek().is_some() && others.all(is_common) {
        prefix
    } else {
        Vec::new()
    }
}
