//! Mailbox listings: LIST, LSUB and NAMESPACE responses (RFC 9051 §7.3).

use alloc::vec::Vec;

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::value::Value;

/// One mailbox of a LIST or LSUB response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListData {
    /// The name in wire form.
    pub mailbox: Mailbox,
    /// The hierarchy delimiter; `None` for a flat name.
    pub delimiter: Option<u8>,
    /// The attributes.
    pub attributes: Vec<MailboxAttribute>,
    /// The extended data.
    pub extended: ListExtended,
}

/// The extended data of a LIST response (RFC 9051 §6.3.9.6, RFC 5258).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListExtended {
    /// CHILDINFO: mailboxes below this one match these selection options, such as `SUBSCRIBED`.
    pub child_info: Vec<Bytes>,
    /// OLDNAME: the name before a rename, or the name in the command if the server changed it.
    pub old_name: Option<Mailbox>,
    /// Items unknown to this client, as alternating names and values.
    pub others: Vec<Value>,
}

/// An attribute of a mailbox (RFC 9051 §7.3.1, RFC 6154).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailboxAttribute {
    /// `\Noselect`: the mailbox cannot be selected.
    NoSelect,
    /// `\NonExistent`: the mailbox does not exist; its name is only subscribed or a parent.
    NonExistent,
    /// `\HasChildren`
    HasChildren,
    /// `\HasNoChildren`
    HasNoChildren,
    /// `\Noinferiors`: the mailbox cannot have children.
    NoInferiors,
    /// `\Marked`
    Marked,
    /// `\Unmarked`
    Unmarked,
    /// `\Subscribed`
    Subscribed,
    /// `\Remote`
    Remote,
    /// `\All`: presents all messages.
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`: presents starred messages.
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
    /// `\Important` (RFC 8457)
    Important,
    /// Another attribute, as sent by the server.
    Other(Bytes),
}

/// The namespaces of a server (RFC 2342).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceData {
    /// The personal namespaces of the user.
    pub personal: Vec<Namespace>,
    /// The namespaces of other users.
    pub other_users: Vec<Namespace>,
    /// The shared namespaces.
    pub shared: Vec<Namespace>,
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// The prefix of the mailbox names.
    pub prefix: Bytes,
    /// The hierarchy delimiter; `None` for flat names.
    pub delimiter: Option<u8>,
    /// Extensions, as alternating names and values (RFC 2342 §6).
    pub others: Vec<Value>,
}

impl ListData {
    /// Parses the data of a LIST response.
    ///
    /// ```abnf
    /// mailbox-list   = "(" [mbx-list-flags] ")" SP
    ///                  (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
    ///                  [SP mbox-list-extended]
    /// mbx-list-flags = *(mbx-list-oflag SP) mbx-list-sflag
    ///                  *(SP mbx-list-oflag) /
    ///                  mbx-list-oflag *(SP mbx-list-oflag)
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let [attributes, delimiter, mailbox, extended @ ..] = values else {
            return None;
        };
        let extended = extended.first().and_then(Value::list).unwrap_or_default();
        let attributes = attributes.list()?.iter().filter_map(Value::astring);
        Some(Self {
            mailbox: Mailbox::from_wire(mailbox.astring()?.clone()),
            delimiter: delimiter.nstring().and_then(|text| text.first().copied()),
            attributes: attributes.map(MailboxAttribute::parse).collect(),
            extended: ListExtended::parse(extended),
        })
    }

    /// Returns whether the mailbox has this attribute.
    pub fn has(&self, attribute: &MailboxAttribute) -> bool {
        self.attributes.contains(attribute)
    }
}

impl ListExtended {
    /// Parses the items of the extended data.
    ///
    /// ```abnf
    /// mbox-list-extended      = "(" [mbox-list-extended-item
    ///                           *(SP mbox-list-extended-item)] ")"
    /// mbox-list-extended-item = mbox-list-extended-item-tag SP tagged-ext-val
    /// childinfo-extended-item = "CHILDINFO" SP "("
    ///                           list-select-base-opt-quoted
    ///                           *(SP list-select-base-opt-quoted) ")"
    /// oldname-extended-item   = "OLDNAME" SP "(" mailbox ")"
    /// ```
    /// RFC 9051 §9.
    fn parse(values: &[Value]) -> Self {
        let mut data = Self::default();
        for [name, value] in values.as_chunks::<2>().0 {
            let word = name.astring().map(|name| name.to_ascii_uppercase());
            match (word.as_deref(), value.list()) {
                (Some(b"CHILDINFO"), Some(options)) => {
                    data.child_info = options.iter().filter_map(Value::astring).cloned().collect();
                }
                (Some(b"OLDNAME"), Some([name])) if name.astring().is_some() => {
                    data.old_name = name.astring().cloned().map(Mailbox::from_wire);
                }
                _ => data.others.extend([name.clone(), value.clone()]),
            }
        }
        data
    }
}

impl MailboxAttribute {
    const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::NoSelect, "\\Noselect"),
        (Self::NonExistent, "\\NonExistent"),
        (Self::HasChildren, "\\HasChildren"),
        (Self::HasNoChildren, "\\HasNoChildren"),
        (Self::NoInferiors, "\\Noinferiors"),
        (Self::Marked, "\\Marked"),
        (Self::Unmarked, "\\Unmarked"),
        (Self::Subscribed, "\\Subscribed"),
        (Self::Remote, "\\Remote"),
        (Self::All, "\\All"),
        (Self::Archive, "\\Archive"),
        (Self::Drafts, "\\Drafts"),
        (Self::Flagged, "\\Flagged"),
        (Self::Junk, "\\Junk"),
        (Self::Sent, "\\Sent"),
        (Self::Trash, "\\Trash"),
        (Self::Important, "\\Important"),
    ];

    /// Parses an attribute, ignoring case.
    ///
    /// ```abnf
    /// mbx-list-oflag  = "\Noinferiors" / child-mbox-flag /
    ///                   "\Subscribed" / "\Remote" / flag-extension
    /// mbx-list-sflag  = "\NonExistent" / "\Noselect" / "\Marked" / "\Unmarked"
    /// child-mbox-flag = "\HasChildren" / "\HasNoChildren"
    /// mbx-list-oflag =/ use-attr                       ; RFC 6154 §6
    /// use-attr        = "\All" / "\Archive" / "\Drafts" / "\Flagged" /
    ///                   "\Junk" / "\Sent" / "\Trash" / use-attr-ext
    /// ```
    /// RFC 9051 §9. RFC 8457 adds `\Important`.
    fn parse(text: &Bytes) -> Self {
        let known = Self::KNOWN
            .iter()
            .find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(text));
        known.map_or_else(
            || Self::Other(text.clone()),
            |(attribute, _)| attribute.clone(),
        )
    }

    /// Returns the attribute in its wire form; `None` for [`Other`](Self::Other).
    ///
    /// ```abnf
    /// use-attr = "\All" / "\Archive" / "\Drafts" / "\Flagged" /
    ///            "\Junk" / "\Sent" / "\Trash" / use-attr-ext ; and the others that are known
    /// ```
    /// RFC 6154 §6.
    pub(crate) fn word(&self) -> Option<&'static str> {
        Self::KNOWN
            .iter()
            .find(|(known, _)| known == self)
            .map(|(_, name)| *name)
    }
}

impl NamespaceData {
    /// Parses the data of a NAMESPACE response.
    ///
    /// ```abnf
    /// namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace
    /// namespace          = nil / "(" 1*namespace-descr ")"
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn parse(values: &[Value]) -> Self {
        let spaces = |index: usize| {
            let list = values.get(index).and_then(Value::list).unwrap_or_default();
            list.iter().filter_map(Namespace::parse).collect()
        };
        Self {
            personal: spaces(0),
            other_users: spaces(1),
            shared: spaces(2),
        }
    }
}

impl Namespace {
    /// Parses one namespace.
    ///
    /// ```abnf
    /// namespace-descr               = "(" string SP
    ///                                 (DQUOTE QUOTED-CHAR DQUOTE / nil)
    ///                                 [namespace-response-extensions] ")"
    /// namespace-response-extensions = *namespace-response-extension
    /// namespace-response-extension  = SP string SP
    ///                                 "(" string *(SP string) ")"
    /// ```
    /// RFC 9051 §9.
    fn parse(value: &Value) -> Option<Self> {
        let [prefix, delimiter, others @ ..] = value.list()? else {
            return None;
        };
        Some(Self {
            prefix: prefix.nstring().cloned().unwrap_or_default(),
            delimiter: delimiter.nstring().and_then(|text| text.first().copied()),
            others: others.to_vec(),
        })
    }
}
