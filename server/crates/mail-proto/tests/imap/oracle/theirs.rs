//! Responses as imap-codec parses them.

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;
use imap_codec::imap_types::core::{NString, QuotedChar};
use imap_codec::imap_types::envelope::{Address, Envelope};
use imap_codec::imap_types::extensions::thread::Thread;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::flag::{FlagFetch, FlagNameAttribute};
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::response::{Data, Response};
use imap_codec::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};
use imap_codec::imap_types::status::StatusDataItem;

use super::{Facts, members, shown};

/// Returns the facts that imap-codec parses from a response; `None` if it rejects the line.
pub(super) fn facts(line: &[u8]) -> Option<Facts> {
    let (rest, response) = ResponseCodec::default().decode(line).ok()?;
    assert!(rest.is_empty());
    let Response::Data(data) = response else {
        return None;
    };
    Some(match data {
        Data::Exists(number) => vec![format!("exists {number}")],
        Data::Expunge(seq) => vec![format!("expunge {seq}")],
        Data::List {
            items,
            delimiter,
            mailbox,
        } => vec![list_facts("list", &items, delimiter, &mailbox)],
        Data::Lsub {
            items,
            delimiter,
            mailbox,
        } => vec![list_facts("lsub", &items, delimiter, &mailbox)],
        Data::Status { mailbox, items } => status_facts(&mailbox, &items),
        Data::Search(numbers, mod_seq) => {
            let numbers = members(numbers.into_iter().map(|number| number.get()).collect());
            vec![format!("search {numbers:?} {mod_seq:?}")]
        }
        Data::Sort(numbers, mod_seq) => vec![format!("sort {numbers:?} {mod_seq:?}")],
        Data::Thread(threads) => threads.iter().map(thread_facts).collect(),
        Data::Vanished {
            earlier,
            known_uids,
        } => {
            vec![format!("vanished {earlier} {:?}", set(&known_uids))]
        }
        Data::Fetch { seq, items } => {
            let mut facts = vec![format!("fetch {seq}")];
            for item in items.as_ref() {
                facts.extend(item_facts(item)?);
            }
            facts
        }
        _ => return None,
    })
}

fn set(set: &SequenceSet) -> Vec<u32> {
    let ranges = set.0.as_ref().iter().flat_map(|range| match range {
        Sequence::Single(SeqOrUid::Value(number)) => number.get()..=number.get(),
        Sequence::Range(SeqOrUid::Value(first), SeqOrUid::Value(last)) => first.get()..=last.get(),
        range => panic!("{range:?}"),
    });
    members(ranges.collect())
}

fn list_facts(
    word: &str,
    items: &[FlagNameAttribute<'_>],
    delimiter: Option<QuotedChar>,
    mailbox: &Mailbox<'_>,
) -> String {
    let attributes = items.iter().map(|item| {
        item.to_string()
            .trim_start_matches('\\')
            .to_ascii_lowercase()
    });
    let mut attributes: Facts = attributes.collect();
    attributes.sort_unstable();
    let delimiter = delimiter.map(|delimiter| delimiter.inner());
    format!("{word} {} {delimiter:?} {attributes:?}", name_of(mailbox))
}

pub(super) fn name_of(mailbox: &Mailbox<'_>) -> String {
    match mailbox {
        Mailbox::Inbox => "INBOX".into(),
        Mailbox::Other(other) => shown(other.as_ref()),
    }
}

fn status_facts(mailbox: &Mailbox<'_>, items: &[StatusDataItem]) -> Facts {
    let mut facts = vec![format!("status {}", name_of(mailbox))];
    facts.extend(items.iter().map(|item| match item {
        StatusDataItem::Messages(number) => format!("messages {number}"),
        StatusDataItem::Recent(number) => format!("recent {number}"),
        StatusDataItem::UidNext(number) => format!("uidnext {number}"),
        StatusDataItem::UidValidity(number) => format!("uidvalidity {number}"),
        StatusDataItem::Unseen(number) => format!("unseen {number}"),
        StatusDataItem::Deleted(number) => format!("deleted {number}"),
        StatusDataItem::DeletedStorage(number) => format!("deleted-storage {number}"),
        StatusDataItem::Size(number) => format!("size {number}"),
        StatusDataItem::HighestModSeq(number) => format!("highestmodseq {number}"),
    }));
    facts.sort_unstable();
    facts
}

fn thread_facts(thread: &Thread) -> String {
    let (chain, answers) = match thread {
        Thread::Members { prefix, answers } => (
            prefix.as_ref().to_vec(),
            answers.as_ref().map(AsRef::as_ref),
        ),
        Thread::Nested { answers } => (vec![], Some(answers.as_ref())),
    };
    let branches = answers.unwrap_or_default().iter().map(thread_facts);
    format!("thread {chain:?} [{}]", branches.collect::<String>())
}

fn item_facts(item: &MessageDataItem<'_>) -> Option<Facts> {
    Some(match item {
        MessageDataItem::Uid(uid) => vec![format!("uid {uid}")],
        MessageDataItem::Rfc822Size(size) => vec![format!("size {size}")],
        MessageDataItem::ModSeq(mod_seq) => vec![format!("modseq {mod_seq}")],
        MessageDataItem::InternalDate(date) => vec![format!("date {}", date.as_ref().timestamp())],
        MessageDataItem::Flags(flags) => {
            let flags = flags.iter().map(|flag| match flag {
                FlagFetch::Flag(flag) => flag.to_string(),
                FlagFetch::Recent => "\\Recent".into(),
            });
            let flags: Facts = flags.collect();
            vec![format!("flags {flags:?}").to_ascii_lowercase()]
        }
        MessageDataItem::Envelope(envelope) => envelope_facts(envelope),
        _ => return None,
    })
}

fn envelope_facts(envelope: &Envelope<'_>) -> Facts {
    let mut facts: Facts = [
        ("date", &envelope.date),
        ("subject", &envelope.subject),
        ("in-reply-to", &envelope.in_reply_to),
        ("message-id", &envelope.message_id),
    ]
    .map(|(name, text)| format!("{name} {:?}", bytes_of(text).as_deref().map(shown)))
    .into();
    for (name, addresses) in [
        ("from", &envelope.from),
        ("sender", &envelope.sender),
        ("reply-to", &envelope.reply_to),
        ("to", &envelope.to),
        ("cc", &envelope.cc),
        ("bcc", &envelope.bcc),
    ] {
        for address in addresses {
            facts.push(format!("{name} {}", address_facts(address)));
        }
    }
    facts
}

fn address_facts(address: &Address<'_>) -> String {
    let shown_of = |text: &NString<'_>| bytes_of(text).as_deref().map(shown);
    let (name, mailbox, host) = (
        shown_of(&address.name),
        shown_of(&address.mailbox),
        shown_of(&address.host),
    );
    // RFC 9051 §7.5.2: an address without a host begins or ends a group.
    match (mailbox, host) {
        (mailbox, Some(host)) => format!("{name:?} {}@{host}", mailbox.unwrap_or_default()),
        (Some(group), None) => format!("group {group}"),
        (None, None) => "end of group".into(),
    }
}

fn bytes_of(text: &NString<'_>) -> Option<Vec<u8>> {
    text.0.as_ref().map(|text| text.as_ref().to_vec())
}
