//! QUOTA: how much may be stored, and how much is (RFC 9208).

use alloc::vec::Vec;

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::value::Value;

/// What is used of a quota root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaData {
    /// Its name, often empty.
    pub root: Bytes,
    /// What is limited.
    pub resources: Vec<QuotaResource>,
}

/// One resource of a quota root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaResource {
    /// `STORAGE` (in units of 1024 octets), `MESSAGE`, `MAILBOX` or another, as the server wrote it.
    pub name: Bytes,
    /// How much is used, in the resource's unit.
    pub usage: u64,
    /// How much may be used.
    pub limit: u64,
}

/// Which quota roots a mailbox counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRootData {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// The names of the quota roots.
    pub roots: Vec<Bytes>,
}

impl QuotaData {
    /// Reads what stands behind QUOTA. Nothing, if a number of it cannot be.
    ///
    /// ```abnf
    /// quota-response = "QUOTA" SP quota-root-name SP quota-list
    /// quota-list     = "(" quota-resource *(SP quota-resource) ")"
    /// quota-resource = resource-name SP resource-usage SP resource-limit
    /// resource-name  = "STORAGE" / "MESSAGE" / "MAILBOX" /
    ///                  "ANNOTATION-STORAGE" / resource-name-ext
    /// resource-usage = number64
    /// resource-limit = number64
    /// ```
    /// RFC 9208 §7. The list may be empty.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let [root, resources] = values else {
            return None;
        };
        let (triples, odd) = resources.list()?.as_chunks::<3>();
        if !odd.is_empty() {
            return None;
        }
        let resources = triples.iter().map(|[name, usage, limit]| {
            Some(QuotaResource {
                name: name.astring()?.clone(),
                usage: usage.number()?,
                limit: limit.number()?,
            })
        });
        Some(Self {
            root: root.astring()?.clone(),
            resources: resources.collect::<Option<_>>()?,
        })
    }

    /// Returns how many bytes are used and how many may be, if the server limits them.
    pub fn storage_bytes(&self) -> Option<(u64, u64)> {
        let is_storage = |one: &&QuotaResource| one.name.eq_ignore_ascii_case(b"STORAGE");
        let storage = self.resources.iter().find(is_storage)?;
        let bytes = |units: u64| units.saturating_mul(1024);
        Some((bytes(storage.usage), bytes(storage.limit)))
    }
}

impl QuotaRootData {
    /// Reads what stands behind QUOTAROOT.
    ///
    /// ```abnf
    /// quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)
    /// quota-root-name    = astring
    /// ```
    /// RFC 9208 §7.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let (mailbox, roots) = values.split_first()?;
        Some(Self {
            mailbox: Mailbox::from_wire(mailbox.astring()?.clone()),
            roots: roots.iter().filter_map(Value::astring).cloned().collect(),
        })
    }
}
