//! Header fields: encoded (RFC 2047) and folded (RFC 5322 §2.2.3).

use super::{ComposeError, OutgoingMessage, checked};
use crate::address::{EmailAddress, is_atext};
use crate::header::REFERENCES_MAX;
use crate::{display, encoded_word};

/// Column at which lines are folded (RFC 5322 §2.1.1).
const COLUMNS: usize = 76;
/// Length in bytes above which a word, which cannot be folded, is encoded, so that no line reaches
/// 998 octets.
const WORD_BYTES: usize = 200;
/// Length in bytes above which a quoted name is encoded: it cannot be folded safely.
const QUOTED_NAME_BYTES: usize = 60;
/// Maximum length of a message id in a field, in bytes.
const MESSAGE_ID_BYTES: usize = 900;

/// Writes the fields of a message except those of its content.
pub(super) fn write(outgoing: &OutgoingMessage) -> Result<Vec<u8>, ComposeError> {
    if !is_message_id(&outgoing.message_id) || !outgoing.message_id.contains('@') {
        return Err(ComposeError::MessageId);
    }
    let mut out = String::new();
    field(&mut out, "Date", [outgoing.date.to_string()]);
    mailboxes(&mut out, "From", std::slice::from_ref(&outgoing.from))?;
    if outgoing.to.is_empty() && outgoing.cc.is_empty() {
        field(&mut out, "To", ["undisclosed-recipients:;".to_owned()]);
    }
    mailboxes(&mut out, "To", &outgoing.to)?;
    mailboxes(&mut out, "Cc", &outgoing.cc)?;
    field(&mut out, "Subject", unstructured(&outgoing.subject));
    field(
        &mut out,
        "Message-ID",
        [format!("<{}>", outgoing.message_id)],
    );
    // These ids come from other messages; invalid ones are left out.
    let in_reply_to = outgoing.in_reply_to.iter();
    ids(&mut out, "In-Reply-To", in_reply_to);
    let references = outgoing.references.iter().filter(|id| is_message_id(id));
    let mut references: Vec<_> = references.collect();
    if references.len() > REFERENCES_MAX {
        references.drain(1..=references.len() - REFERENCES_MAX);
    }
    ids(&mut out, "References", references.into_iter());
    field(&mut out, "MIME-Version", ["1.0".to_owned()]);
    Ok(out.into_bytes())
}

/// Writes the fields that only the Sent copy has.
pub(super) fn own(outgoing: &OutgoingMessage) -> Result<String, ComposeError> {
    let mut out = String::new();
    mailboxes(&mut out, "Bcc", &outgoing.bcc)?;
    Ok(out)
}

fn mailboxes(
    out: &mut String,
    name: &'static str,
    list: &[EmailAddress],
) -> Result<(), ComposeError> {
    let mut words = Vec::new();
    for (index, mailbox) in list.iter().enumerate() {
        let address = checked(name, mailbox)?;
        let comma = if index + 1 < list.len() { "," } else { "" };
        let mut phrase = phrase(&mailbox.name);
        if phrase.is_empty() {
            words.push(format!("{address}{comma}"));
        } else {
            words.append(&mut phrase);
            words.push(format!("<{address}>{comma}"));
        }
    }
    if !words.is_empty() {
        field(out, name, words);
    }
    Ok(())
}

fn ids<'i>(out: &mut String, name: &str, ids: impl Iterator<Item = &'i String>) {
    let words: Vec<_> = ids
        .filter(|id| is_message_id(id))
        .map(|id| format!("<{id}>"))
        .collect();
    if !words.is_empty() {
        field(out, name, words);
    }
}

fn is_message_id(id: &str) -> bool {
    (1..=MESSAGE_ID_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'))
}

/// Writes a field of words, folded between them. The words hold no line end.
fn field(out: &mut String, name: &str, words: impl IntoIterator<Item = String>) {
    out.push_str(name);
    out.push(':');
    let mut column = name.len() + 1;
    for word in words {
        // The first line of a field may not be empty, so the first word is never folded.
        if column + 1 + word.len() > COLUMNS && column > name.len() + 1 {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(&word);
        column += 1 + word.len();
    }
    out.push_str("\r\n");
}

/// Splits unstructured text (RFC 5322 §2.2.1) into words. It is sent as typed, including direction
/// marks and joiners, except for control characters: line ends and tabs become spaces, others are
/// removed.
fn unstructured(text: &str) -> Vec<String> {
    let is_end = |c| matches!(c, '\r' | '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let text: String = text
        .chars()
        .map(|c| if is_end(c) { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let text = text.trim();
    let is_plain = is_printable(text)
        && !text.contains("=?")
        // Folding would remove runs of spaces.
        && !text.contains("  ")
        && text.split(' ').all(|word| word.len() <= WORD_BYTES);
    if is_plain {
        text.split(' ').map(str::to_owned).collect()
    } else {
        encoded_word::encode(text)
    }
}

/// Splits a display name into words (RFC 5322 §3.2.5).
fn phrase(name: &str) -> Vec<String> {
    let name = display::line(name);
    let name = name.trim();
    if name.is_empty() {
        return Vec::new();
    }
    let is_atoms = name
        .split(' ')
        .all(|word| !word.is_empty() && word.bytes().all(is_atext));
    if !is_printable(name) || name.contains("=?") || name.len() > QUOTED_NAME_BYTES {
        encoded_word::encode(name)
    } else if is_atoms {
        name.split(' ').map(str::to_owned).collect()
    } else {
        vec![format!(
            "\"{}\"",
            name.replace('\\', "\\\\").replace('"', "\\\"")
        )]
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}
