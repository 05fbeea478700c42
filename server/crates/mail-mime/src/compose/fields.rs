//! Header fields: what of them mail-builder writes, and what is given to it in its final form.

use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::text::Text;
use mail_builder::headers::{Header, HeaderType};

use super::folding::{folded, is_printable, raw};
use super::mailbox::{self, Lists, Mailbox};
use super::{AutoSubmitted, ComposeError, OutgoingMessage, Priority, Wire};
use crate::encoded_word;
use crate::header::REFERENCES_MAX;

/// Length in bytes above which a word, which cannot be folded, is encoded, so that no line reaches
/// 998 octets.
const WORD_BYTES: usize = 200;
/// Maximum length of a message id in a field, in bytes.
const MESSAGE_ID_BYTES: usize = 900;

/// Fields in their order.
pub(super) type Fields = Vec<(&'static str, HeaderType<'static>)>;

/// What a message is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Send,
    Draft,
}

/// Returns the fields of a message, except those of its content. Only a draft has `Bcc`.
///
/// mail-builder would read the clock for a missing `Date` and `Message-ID`: both are always here.
pub(super) fn of_message(
    outgoing: &OutgoingMessage,
    lists: &Lists,
    purpose: Purpose,
) -> Result<Fields, ComposeError> {
    let wire = outgoing.wire;
    let mut out: Fields = vec![
        // mail-builder writes every date in UTC; the author's zone belongs to it (RFC 5322 §3.3).
        ("Date", raw(outgoing.date.to_string())),
    ];
    let from = std::slice::from_ref(&lists.from);
    mailboxes(&mut out, "From", from, wire);
    mailboxes(&mut out, "Reply-To", &lists.reply_to, wire);
    if lists.to.is_empty() && lists.cc.is_empty() && purpose == Purpose::Send {
        // mail-builder quotes the name of a group; some programs look for this very text.
        out.push(("To", raw("undisclosed-recipients:;")));
    }
    mailboxes(&mut out, "To", &lists.to, wire);
    mailboxes(&mut out, "Cc", &lists.cc, wire);
    if purpose == Purpose::Draft {
        out.extend(bcc(lists, wire));
    }
    out.push(("Subject", unstructured("Subject", &outgoing.subject, wire)));
    out.push(("Message-ID", own_id(&outgoing.message_id)?));
    // These ids come from other messages; invalid ones are left out.
    ids(&mut out, "In-Reply-To", outgoing.in_reply_to.as_slice());
    ids(&mut out, "References", &outgoing.references);
    match outgoing.auto_submitted {
        Some(AutoSubmitted::Replied) => out.push(("Auto-Submitted", raw("auto-replied"))),
        Some(AutoSubmitted::Generated) => out.push(("Auto-Submitted", raw("auto-generated"))),
        None => {}
    }
    if let Some((number, word)) = match outgoing.priority {
        Priority::Normal => None,
        Priority::High => Some(("1", "high")),
        Priority::Low => Some(("5", "low")),
    } {
        out.extend([("X-Priority", raw(number)), ("Importance", raw(word))]);
    }
    if outgoing.wants_receipt {
        // The address alone: an encoded name may not fit the line of so long a field name.
        let address = format!("<{}>", lists.from.address);
        out.push(("Disposition-Notification-To", raw(address)));
    }
    Ok(out)
}

/// Returns the field that only the author's own copies have.
pub(super) fn bcc(lists: &Lists, wire: Wire) -> Fields {
    let mut out = Fields::new();
    mailboxes(&mut out, "Bcc", &lists.bcc, wire);
    out
}

/// Writes fields that are no whole header.
pub(super) fn block(fields: Fields) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(format!("{name}: ").as_bytes());
        value.write_header(&mut out, name.len() + 2);
    }
    out
}

pub(super) fn mailboxes(out: &mut Fields, name: &'static str, list: &[Mailbox], wire: Wire) {
    if let Some(value) = mailbox::value(name, list, wire) {
        out.push((name, value));
    }
}

/// Returns the value of the field that identifies a message itself.
pub(super) fn own_id(id: &str) -> Result<HeaderType<'static>, ComposeError> {
    if is_message_id(id) && id.contains('@') {
        Ok(MessageId::new(id.to_owned()).into())
    } else {
        Err(ComposeError::MessageId)
    }
}

fn ids(out: &mut Fields, name: &'static str, ids: &[String]) {
    let mut valid: Vec<_> = ids.iter().filter(|id| is_message_id(id)).cloned().collect();
    if valid.len() > REFERENCES_MAX {
        valid.drain(1..=valid.len() - REFERENCES_MAX);
    }
    if !valid.is_empty() {
        out.push((name, MessageId::from(valid).into()));
    }
}

/// Whether an id may be written. mail-builder writes it as it is given.
pub(super) fn is_message_id(id: &str) -> bool {
    (1..=MESSAGE_ID_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'))
}

/// Returns the value of an unstructured field (RFC 5322 §2.2.1). It is sent as typed, including
/// direction marks and joiners, except for control characters: line ends and tabs become spaces,
/// others are removed.
fn unstructured(name: &'static str, text: &str, wire: Wire) -> HeaderType<'static> {
    let is_end = |c| matches!(c, '\r' | '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let text: String = text
        .chars()
        .map(|c| if is_end(c) { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let text = text.trim();
    let is_literal = wire == Wire::Utf8 || is_printable(text);
    if !is_literal {
        return Text::new(text.to_owned()).into();
    }
    // mail-builder leaves look-alikes of encoded words as they are, which readers decode (RFC 2047
    // §6.1), and runs of spaces, which many shorten at a fold (RFC 5322 §2.2.3).
    if text.contains("=?") || text.contains("  ") {
        return raw(folded(name, encoded_word::encode(text)));
    }
    if text.split(' ').any(|word| word.len() > WORD_BYTES) {
        return Text::new(text.to_owned()).into();
    }
    // As raw text a long line is folded; as text it would be encoded.
    raw(text.to_owned())
}
