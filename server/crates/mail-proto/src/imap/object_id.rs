//! Object identifiers, which stay the same after renames and moves (RFC 8474).

use core::fmt;

use bytes::Bytes;

use super::value::Value;

/// The id of a mailbox, a message or a thread: 1 to 255 ASCII letters, digits, `_` and `-`;
/// case-sensitive.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(Bytes);

impl ObjectId {
    /// Creates an id; `None` if it is invalid.
    ///
    /// ```abnf
    /// objectid = 1*255(ALPHA / DIGIT / "_" / "-")
    /// ```
    /// RFC 8474 §7.
    pub fn new(id: impl Into<Bytes>) -> Option<Self> {
        let id = id.into();
        let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        ((1..=255).contains(&id.len()) && id.iter().all(is_known)).then_some(Self(id))
    }

    /// Returns the id in its wire form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Parses an id in parentheses.
    ///
    /// ```abnf
    /// fetch-emailid-resp = "EMAILID" SP "(" objectid ")" ; the parentheses
    /// ```
    /// RFC 8474 §7.
    pub(crate) fn parse_listed(value: &Value) -> Option<Self> {
        match value.list()? {
            [id] => Self::new(id.astring()?.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn ids_are_of_the_form_of_rfc_8474_section_7() {
        for good in ["F2212ea87-6097-4256-9d51-71338625", "a", "T_9"] {
            assert!(ObjectId::new(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "a\r\nr9 LOGOUT", "a)", "é"] {
            assert_eq!(ObjectId::new(bad), None, "{bad}");
        }
        assert_eq!(ObjectId::new(vec![b'x'; 256]), None);
    }
}
