//! Replies and forwarded messages: the quoted text, the subject and the recipients.

use std::collections::HashSet;

use crate::address::{Address, EmailAddress};
use crate::display;
use crate::header::Headers;

/// Quotes a text one level deeper. Line ends become LF; blank lines at its end are removed.
pub fn quote(text: &str) -> String {
    let text = display::lines(text);
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        out.push('>');
        if !line.is_empty() && !line.starts_with('>') {
            out.push(' ');
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

const REPLY: &[&str] = &["re", "aw", "sv", "antw", "回复", "回覆", "答复", "答覆"];
const FORWARD: &[&str] = &["fwd", "fw", "wg", "转发", "轉寄", "轉發", "转寄"];

/// Returns the subject of a reply: one `Re: ` in place of any reply prefixes, in any language.
pub fn reply_subject(subject: &str) -> String {
    format!("Re: {}", without_prefixes(subject, REPLY))
        .trim_end()
        .to_owned()
}

/// Returns the subject of a forwarded message, with one `Fwd: `.
pub fn forward_subject(subject: &str) -> String {
    format!("Fwd: {}", without_prefixes(subject, FORWARD))
        .trim_end()
        .to_owned()
}

fn without_prefixes(subject: &str, prefixes: &[&str]) -> String {
    let shown = display::line(subject);
    let mut rest = shown.trim();
    while let Some(after) = prefixes
        .iter()
        .find_map(|prefix| after_prefix(rest, prefix))
    {
        rest = after.trim_start();
    }
    rest.to_owned()
}

/// Returns the text after `Re:`, `RE：`, `Re[2]:` or `Re (3) :`.
fn after_prefix<'s>(subject: &'s str, prefix: &str) -> Option<&'s str> {
    let head = subject.get(..prefix.len())?;
    if head.to_lowercase() != prefix {
        return None;
    }
    let rest = subject.get(prefix.len()..)?.trim_start();
    let rest = match (rest.strip_prefix('['), rest.strip_prefix('(')) {
        (Some(counted), _) => counted
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix(']')?,
        (_, Some(counted)) => counted
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix(')')?,
        _ => rest,
    };
    let rest = rest.trim_start();
    rest.strip_prefix(':').or_else(|| rest.strip_prefix('：'))
}

/// The recipients of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    /// The `To` field.
    pub to: Vec<EmailAddress>,
    /// The `Cc` field.
    pub cc: Vec<EmailAddress>,
}

/// Maximum number of recipients of a reply to all; further ones are left out.
const RECIPIENTS_MAX: usize = 500;

/// Returns the recipients of a reply to a message: those of its `Reply-To`, else its author; with
/// `all`, also its other recipients.
///
/// Own addresses, repeated ones and invalid ones are left out. So is a name that imitates another
/// address: a reader of `"boss@bank.example" <x@evil.example>` would write to the wrong mailbox. A
/// reply to one's own message goes to its recipients or, if none is left, to its author.
pub fn reply_recipients(headers: &Headers, own: &[Address], all: bool) -> Recipients {
    let own: HashSet<String> = own.iter().map(mailbox_key).collect();
    let mut seen: HashSet<String> = HashSet::new();
    let mut select = |mailboxes: Vec<EmailAddress>, includes_own: bool| -> Vec<EmailAddress> {
        let mut selected = Vec::new();
        for mut mailbox in mailboxes {
            let Ok(address) = mailbox.envelope() else {
                continue;
            };
            if seen.len() >= RECIPIENTS_MAX {
                break;
            }
            let key = mailbox_key(&address);
            if (includes_own || !own.contains(&key)) && seen.insert(key) {
                if mailbox.has_suspicious_name {
                    mailbox = EmailAddress::new("", &mailbox.address);
                }
                selected.push(mailbox);
            }
        }
        selected
    };
    let writer = first_of([headers.from(), headers.sender()]);
    let is_mine = writer.iter().any(|mailbox| {
        let address = mailbox.envelope();
        address.is_ok_and(|address| own.contains(&mailbox_key(&address)))
    });
    let reply_targets = if is_mine {
        Vec::new()
    } else {
        first_of([headers.reply_to(), writer.clone()])
    };
    let mut to = select(reply_targets, false);
    if all || is_mine {
        to.extend(select(headers.to(), false));
    }
    let cc = if all {
        select(headers.cc(), false)
    } else {
        Vec::new()
    };
    if to.is_empty() && cc.is_empty() {
        to = select(first_of([headers.reply_to(), writer]), true);
    }
    Recipients { to, cc }
}

/// Returns a key that is equal for addresses of the same mailbox ([`Address::is_same_mailbox`]).
fn mailbox_key(address: &Address) -> String {
    address.as_str().to_ascii_lowercase()
}

fn first_of(lists: [Vec<EmailAddress>; 2]) -> Vec<EmailAddress> {
    let mut lists = lists.into_iter().filter(|list| !list.is_empty());
    lists.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address;

    #[test]
    fn quoting_goes_one_level_deeper() {
        assert_eq!(
            quote("hi\r\n\r\n> old\r\nbye \r\n\r\n"),
            "> hi\n>\n>> old\n> bye\n"
        );
        assert_eq!(quote(""), "");
        assert_eq!(quote("a\u{202e}b"), "> ab\n");
    }

    #[test]
    fn subject_prefixes_are_not_repeated() {
        for (subject, reply) in [
            ("Lunch", "Re: Lunch"),
            ("RE: re : Re[3]: Lunch", "Re: Lunch"),
            ("回复：答复: 会议", "Re: 会议"),
            ("AW: Sv: Lunch", "Re: Lunch"),
            ("Fwd: Re: Lunch", "Re: Fwd: Re: Lunch"),
            ("Report", "Re: Report"),
            ("Re", "Re: Re"),
            ("Re[x]: y", "Re: Re[x]: y"),
            ("", "Re:"),
            ("é: x", "Re: é: x"),
        ] {
            assert_eq!(reply_subject(subject), reply, "{subject}");
        }
        assert_eq!(forward_subject("FW: 转发：Lunch"), "Fwd: Lunch");
        assert_eq!(forward_subject("Re: Lunch"), "Fwd: Re: Lunch");
    }

    fn recipients(header: &str, all: bool) -> (Vec<String>, Vec<String>) {
        let own = [
            Address::parse("me@x.example").unwrap(),
            Address::parse("alias@x.example").unwrap(),
        ];
        let headers = Headers::parse(header.as_bytes()).unwrap();
        let found = reply_recipients(&headers, &own, all);
        let addresses = |list: Vec<EmailAddress>| list.into_iter().map(|m| m.address).collect();
        (addresses(found.to), addresses(found.cc))
    }

    fn own(to: &[&str], cc: &[&str]) -> (Vec<String>, Vec<String>) {
        let all = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        (all(to), all(cc))
    }

    #[test]
    fn a_reply_goes_to_reply_to_if_present() {
        let header = "From: Ann <ann@y.example>\nTo: ME@x.example, bob@y.example\nCc: cat@y.example, alias@x.example, Ann@y.example\n";
        assert_eq!(recipients(header, false), own(&["ann@y.example"], &[]));
        assert_eq!(
            recipients(header, true),
            own(&["ann@y.example", "bob@y.example"], &["cat@y.example"])
        );
        let header = format!("{header}Reply-To: list@y.example\n");
        assert_eq!(recipients(&header, false), own(&["list@y.example"], &[]));
    }

    #[test]
    fn a_reply_to_an_own_message_goes_to_its_recipients() {
        let header = "From: me@x.example\nTo: bob@y.example\nCc: cat@y.example\n";
        assert_eq!(recipients(header, false), own(&["bob@y.example"], &[]));
        assert_eq!(
            recipients(header, true),
            own(&["bob@y.example"], &["cat@y.example"])
        );
        let note = "From: me@x.example\nTo: me@x.example\n";
        assert_eq!(recipients(note, true), own(&["me@x.example"], &[]));
    }

    #[test]
    fn invalid_addresses_are_no_reply_recipients() {
        let header = "From: nobody\nSender: ann@y.example\nTo: undisclosed-recipients:;\n";
        assert_eq!(recipients(header, true), own(&[], &[]));
        assert_eq!(
            recipients("Sender: ann@y.example\n", true),
            own(&["ann@y.example"], &[])
        );
        assert_eq!(recipients("", true), own(&[], &[]));
    }

    #[test]
    fn a_hostile_reply_to_does_not_make_one_recipient_into_another() {
        for (reply_to, typed) in [
            (
                "\"ann@bank.example\" <x@evil.example>, ann@a ben@b",
                "x@evil.example",
            ),
            (
                "\"john smith\"@y.example, \"johnsmith\"@y.example",
                "\"johnsmith\"@y.example",
            ),
            ("ann@ba\u{200b}nk.example", ""),
            ("<ann smith@y.example>", ""),
            ("\"a, b@c.example\" <x@y.example>", "x@y.example"),
            ("\"a\\\" <b@c.example>, \\\"\" <x@y.example>", "x@y.example"),
            (
                "\"Doe, \\\"J\\\\\" <x@y.example>",
                "\"Doe, \\\"J\\\\\" <x@y.example>",
            ),
        ] {
            let header = format!("From: f@y.example\nReply-To: {reply_to}\n");
            let headers = Headers::parse(header.as_bytes()).unwrap();
            let found = reply_recipients(&headers, &[], false);
            let written = address::format_typed(&found.to);
            assert_eq!(written, typed, "{reply_to}");
            assert_eq!(address::parse_typed(&written).unwrap(), found.to);
        }
    }
}
