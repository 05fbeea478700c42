//! Whose a folder is, by its name (RFC 2342): one's own, another user's or everybody's.

use mail_proto::imap::{ListData, Mailbox, Namespace, NamespaceData};

use super::NAME_MAX_BYTES;

/// The most namespaces that are kept. Servers have three.
const NAMESPACES_MAX: usize = 64;

/// The namespaces of an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespaces {
    /// What the person's own folders begin with, but for INBOX ("INBOX.").
    prefix: Vec<u8>,
    /// Beginnings of names, and whether what begins so is one's own.
    prefixes: Vec<(Vec<u8>, bool)>,
}

impl Namespaces {
    /// Reads what NAMESPACE told. Where the server has no NAMESPACE, what all folders begin with
    /// is taken for the prefix: Courier and others keep everything below INBOX.
    pub(super) fn new(told: Option<&NamespaceData>, lists: &[ListData]) -> Self {
        let Some(told) = told.filter(|told| !told.personal.is_empty()) else {
            return Self {
                prefix: common_prefix(lists),
                prefixes: Vec::new(),
            };
        };
        let fits = |space: &&Namespace| space.prefix.len() <= NAME_MAX_BYTES;
        let own = told.personal.iter().filter(fits);
        let others = told.other_users.iter().chain(&told.shared).filter(fits);
        let prefix = own.clone().next().map(prefix_of).unwrap_or_default();
        let own = own.map(|space| (prefix_of(space), true));
        let others = others.map(|space| (prefix_of(space), false));
        Self {
            prefix,
            prefixes: own.chain(others).take(NAMESPACES_MAX).collect(),
        }
    }

    /// What a new folder at the top begins with.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether a folder is another user's or everybody's.
    pub(super) fn is_foreign(&self, mailbox: &Mailbox) -> bool {
        if mailbox.is_inbox() {
            return false;
        }
        let name = mailbox.as_wire();
        // "user." itself is no mailbox of one's own either.
        let begins = |prefix: &[u8]| {
            without(prefix, name).is_some()
                || prefix
                    .split_last()
                    .is_some_and(|(_, level)| !level.is_empty() && level == name)
        };
        let longest = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| begins(prefix))
            // Where two are alike, it is one's own.
            .max_by_key(|(prefix, is_own)| (prefix.len(), *is_own));
        longest.is_some_and(|(_, is_own)| !is_own)
    }
}

/// A namespace's prefix with the delimiter at its end, which some servers leave out.
fn prefix_of(space: &Namespace) -> Vec<u8> {
    let mut prefix = space.prefix.to_vec();
    if let Some(delimiter) = space.delimiter
        && prefix.last().is_some_and(|last| *last != delimiter)
    {
        prefix.push(delimiter);
    }
    prefix
}

/// A name behind a prefix. INBOX at its beginning is one name in any case.
pub(super) fn without<'n>(prefix: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
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
    let is_common = |l: &ListData| without(&prefix, l.mailbox.as_wire()).is_some();
    if others.peek().is_some() && others.all(is_common) {
        prefix
    } else {
        Vec::new()
    }
}
