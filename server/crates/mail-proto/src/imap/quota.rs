//! QUOTA: usage and limits of quota roots (RFC 9208).

use alloc::vec::Vec;

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::value::Value;

/// The usage and limits of a quota root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaData {
    /// The name of the quota root, often empty.
    pub root: Bytes,
    /// The limited resources.
    pub resources: Vec<QuotaResource>,
}

/// One resource of a quota root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaResource {
    /// `STORAGE` (in units of 1024 octets), `MESSAGE`, `MAILBOX` or another name, as sent by the
    /// server.
    pub name: Bytes,
    /// The usage, in the unit of the resource.
    pub usage: u64,
    /// The limit, in the unit of the resource.
    pub limit: u64,
}

/// The quota roots of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRootData {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// The names of the quota roots.
    pub roots: Vec<Bytes>,
}

impl QuotaData {
    /// Parses the data of a QUOTA response; `None` if a number in it is invalid.
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
        let (triples, remainder) = resources.list()?.as_chunks::<3>();
        if !remainder.is_empty() {
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

    /// Returns the usage and the limit of `STORAGE` in bytes, if the server limits it.
    pub fn storage_bytes(&self) -> Option<(u64, u64)> {
        let is_storage = |one: &&QuotaResource| one.name.eq_ignore_ascii_case(b"STORAGE");
        let storage = self.resources.iter().find(is_storage)?;
        let bytes = |units: u64| units.saturating_mul(1024);
        Some((bytes(storage.usage), bytes(storage.limit)))
    }
}

impl QuotaRootData {
    /// Parses the data of a QUOTAROOT response.
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
