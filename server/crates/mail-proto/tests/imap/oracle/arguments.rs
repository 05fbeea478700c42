//! The strings of a command: those it was built from, and those that imap-codec parsed.

use imap_codec::imap_types::command::CommandBody as Body;
use imap_codec::imap_types::core::AString;
use imap_codec::imap_types::search::SearchKey as Key;
use mail_proto::imap::{Command, SearchKey};

use super::shown;
use super::theirs::name_of;

/// Returns the strings of a command as imap-codec parsed it.
pub(super) fn strings_of(body: &Body<'_>) -> Vec<String> {
    fn key(search_key: &Key<'_>, strings: &mut Vec<String>) {
        let mut note = |text: &AString<'_>| strings.push(shown(text.as_ref()));
        match search_key {
            Key::Header(field, text) => {
                note(field);
                note(text);
            }
            Key::From(text) | Key::Subject(text) | Key::Text(text) | Key::Body(text) => note(text),
            Key::Not(inner) => key(inner, strings),
            Key::Or(either, or) => {
                key(either, strings);
                key(or, strings);
            }
            Key::And(keys) => keys.as_ref().iter().for_each(|one| key(one, strings)),
            _ => {}
        }
    }
    let mut strings = Vec::new();
    match body {
        Body::Select { mailbox, .. }
        | Body::Examine { mailbox, .. }
        | Body::Create { mailbox }
        | Body::Delete { mailbox }
        | Body::Subscribe { mailbox }
        | Body::Unsubscribe { mailbox }
        | Body::Status { mailbox, .. }
        | Body::Copy { mailbox, .. }
        | Body::Move { mailbox, .. } => strings.push(name_of(mailbox)),
        Body::Rename { from, to } => strings.extend([name_of(from), name_of(to)]),
        Body::Search { criteria, .. } => {
            criteria
                .as_ref()
                .iter()
                .for_each(|one| key(one, &mut strings));
        }
        Body::Sort {
            search_criteria, ..
        } => search_criteria
            .as_ref()
            .iter()
            .for_each(|one| key(one, &mut strings)),
        _ => {}
    }
    strings
}

pub(super) fn texts_of(command: &Command) -> Vec<Vec<u8>> {
    fn key(search_key: &SearchKey, texts: &mut Vec<Vec<u8>>) {
        match search_key {
            SearchKey::Header { field, text } => {
                texts.extend([field.as_bytes().to_vec(), text.as_bytes().to_vec()]);
            }
            SearchKey::From(text)
            | SearchKey::Subject(text)
            | SearchKey::Text(text)
            | SearchKey::Body(text) => texts.push(text.as_bytes().to_vec()),
            SearchKey::Not(inner) => key(inner, texts),
            SearchKey::Or(either, or) => {
                key(either, texts);
                key(or, texts);
            }
            SearchKey::And(keys) => keys.iter().for_each(|one| key(one, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    match command {
        Command::Select(mailbox)
        | Command::Examine(mailbox)
        | Command::Delete(mailbox)
        | Command::Subscribe(mailbox)
        | Command::Unsubscribe(mailbox)
        | Command::Create { mailbox, .. }
        | Command::Status { mailbox, .. }
        | Command::Copy { mailbox, .. }
        | Command::Move { mailbox, .. } => texts.push(mailbox.as_wire().to_vec()),
        Command::Rename { from, to } => {
            texts.extend([from.as_wire().to_vec(), to.as_wire().to_vec()]);
        }
        Command::Search { criteria, .. } => criteria.iter().for_each(|one| key(one, &mut texts)),
        Command::Sort(sort) => sort.criteria.iter().for_each(|one| key(one, &mut texts)),
        _ => {}
    }
    texts
}
