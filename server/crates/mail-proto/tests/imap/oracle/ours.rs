//! Responses as this client parses them.

use mail_proto::imap::{
    Address, Envelope, Event, FetchedItem, MailboxAttribute, SequenceSet, StatusData, ThreadTree,
};
use mail_proto::{Machine as _, Step};

use super::{Facts, members, ready, shown};

/// Returns the facts that this client parses from a response.
pub(super) fn facts(line: &[u8]) -> Facts {
    let mut client = ready("");
    client.feed(line);
    let mut facts = Facts::new();
    while let Ok(step) = client.step() {
        match step {
            Step::Event(event) => facts.extend(facts_of(&event)),
            Step::NeedInput => return facts,
            step => panic!("{step:?}"),
        }
    }
    panic!("{}", line.escape_ascii())
}

fn facts_of(event: &Event) -> Facts {
    match event {
        Event::Exists(number) => vec![format!("exists {number}")],
        Event::Expunge { seq } => vec![format!("expunge {seq}")],
        Event::List(list) | Event::Lsub(list) => {
            let word = if matches!(event, Event::List(_)) {
                "list"
            } else {
                "lsub"
            };
            let mut attributes: Facts = list.attributes.iter().map(attribute).collect();
            attributes.sort_unstable();
            let delimiter = list.delimiter.map(char::from);
            vec![format!(
                "{word} {} {delimiter:?} {attributes:?}",
                list.mailbox.as_wire().escape_ascii()
            )]
        }
        Event::Status(data) => status(data),
        Event::Search(data) => {
            let numbers = data.found.iter().flat_map(SequenceSet::numbers);
            let numbers = members(numbers.map(|number| number.get()).collect());
            vec![format!("search {numbers:?} {:?}", data.mod_seq)]
        }
        Event::Sort(data) => vec![format!("sort {:?} {:?}", data.numbers, data.mod_seq)],
        Event::Thread(threads) => threads.iter().map(thread).collect(),
        Event::Vanished { earlier, uids } => {
            let uids = members(uids.numbers().map(|number| number.get()).collect());
            vec![format!("vanished {earlier} {uids:?}")]
        }
        Event::Fetch(data) => {
            let mut facts = vec![format!("fetch {}", data.seq)];
            facts.extend(data.items.iter().flat_map(item));
            facts
        }
        event => vec![format!("{event:?}")],
    }
}

fn attribute(attribute: &MailboxAttribute) -> String {
    format!("{attribute:?}").to_ascii_lowercase()
}

fn status(data: &StatusData) -> Facts {
    let mut facts = vec![format!("status {}", data.mailbox.as_wire().escape_ascii())];
    let mut note = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| format!("{name} {value}")));
    };
    note("messages", data.messages.map(|n| n.to_string()));
    note("unseen", data.unseen.map(|n| n.to_string()));
    note("uidnext", data.uid_next.map(|n| n.to_string()));
    note("uidvalidity", data.uid_validity.map(|n| n.to_string()));
    note("size", data.size_bytes.map(|n| n.to_string()));
    note("deleted", data.deleted.map(|n| n.to_string()));
    note("highestmodseq", data.highest_mod_seq.map(|n| n.to_string()));
    facts.sort_unstable();
    facts
}

fn thread(tree: &ThreadTree) -> String {
    format!(
        "thread {:?} [{}]",
        tree.chain,
        tree.branches.iter().map(thread).collect::<String>()
    )
}

fn item(item: &FetchedItem) -> Facts {
    match item {
        FetchedItem::Uid(uid) => vec![format!("uid {uid}")],
        FetchedItem::Rfc822Size(size) => vec![format!("size {size}")],
        FetchedItem::ModSeq(mod_seq) => vec![format!("modseq {mod_seq}")],
        FetchedItem::InternalDate(date) => vec![format!("date {}", date.unix_secs())],
        FetchedItem::Flags(flags) => {
            let flags: Facts = flags.iter().map(ToString::to_string).collect();
            vec![format!("flags {flags:?}").to_ascii_lowercase()]
        }
        FetchedItem::Envelope(envelope) => our_envelope(envelope),
        item => vec![format!("{item:?}")],
    }
}

fn our_envelope(envelope: &Envelope) -> Facts {
    let mut facts: Facts = [
        ("date", envelope.date()),
        ("subject", envelope.subject()),
        ("in-reply-to", envelope.in_reply_to()),
        ("message-id", envelope.message_id()),
    ]
    .map(|(name, text)| format!("{name} {:?}", text.map(shown)))
    .into();
    for (name, addresses) in [
        ("from", envelope.from().collect::<Vec<_>>()),
        ("sender", envelope.sender().collect()),
        ("reply-to", envelope.reply_to().collect()),
        ("to", envelope.to().collect()),
        ("cc", envelope.cc().collect()),
        ("bcc", envelope.bcc().collect()),
    ] {
        for address in addresses {
            facts.push(format!("{name} {}", our_address(address)));
        }
    }
    facts
}

fn our_address(address: Address<'_>) -> String {
    match address {
        Address::Mailbox {
            name,
            local_part,
            domain,
        } => format!(
            "{:?} {}@{}",
            name.map(shown),
            shown(local_part),
            shown(domain)
        ),
        Address::GroupStart { name } => format!("group {}", shown(name)),
        Address::GroupEnd => "end of group".into(),
    }
}
