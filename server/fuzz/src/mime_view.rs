//! Whole messages as a reader gets them: every part has one place, limits hold, and nothing hidden
//! reaches a line of the page.

use std::collections::BTreeSet;

use mail_mime::limits::SHOWN_BYTES;
use mail_mime::list_fields::ListFields;
use mail_mime::supplement::{self, Supplements};
use mail_mime::{Limits, Message, Part, display, spoofing, transfer};

/// Parses the bytes as a message.
pub(crate) fn run(data: &[u8]) {
    let Ok(message) = Message::parse(data, &Limits::DEFAULT) else {
        return;
    };
    let mut sections = BTreeSet::new();
    parts(message.root(), 0, &mut sections);
    let readable = message.root().readable();
    let shown = readable.texts.iter().chain(&readable.attachments);
    for part in shown.chain(&readable.inline) {
        assert!(sections.contains(&part.section), "a part of another tree");
        let octets = message.part_bytes(&part.section);
        assert!(octets.is_some_and(|octets| octets.len() <= data.len()));
    }
    for part in &readable.texts {
        // A charset takes at most three octets of UTF-8 for one of its own.
        let text = message.part_text(part, SHOWN_BYTES);
        assert!(text.len() <= 3 * SHOWN_BYTES);
    }

    let headers = message.headers();
    let subject = headers.subject();
    assert_eq!(display::line(&subject), subject, "hidden characters");
    let mailboxes = [headers.from(), headers.to(), headers.reply_to()];
    for mailbox in mailboxes.iter().flatten() {
        assert_eq!(display::line(&mailbox.name), mailbox.name);
        let address = spoofing::shown_address(mailbox);
        assert!(!address.contains(['\r', '\n']), "{address:?}");
        spoofing::signs(mailbox);
    }
    spoofing::author_signs(headers);
    ListFields::of(headers);
    headers.date_or_received();

    let mut supplements = Supplements::default();
    for (purpose, part) in supplement::wanted(message.root()) {
        let octets = message.part_bytes(&part.section).unwrap_or_default();
        let mut octets = transfer::decode(octets, part.encoding);
        octets.truncate(purpose.max_bytes());
        supplements.add(purpose, part, &octets);
    }
}

/// Checks the tree, and collects its sections.
fn parts(part: &Part, depth: usize, sections: &mut BTreeSet<String>) {
    assert!(depth <= Limits::DEFAULT.depth + 1, "too deep");
    assert!(
        sections.insert(part.section.clone()),
        "two parts of a place"
    );
    assert!(
        sections.len() <= 2 * Limits::DEFAULT.parts,
        "too many parts"
    );
    for child in &part.children {
        parts(child, depth + 1, sections);
    }
}
