//! What is built reads back as it was given, with our own reader and with mail-parser, and keeps
//! the rules of the wire.

use std::collections::HashSet;

use super::*;
use mail_parser::{MessageParser, MimeHeaders as _};

/// Texts of one line in many scripts, with what readers and relays are known to change.
fn line_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,80}",
        "[A-Z: =?\"\\\\<>,;@()\\[\\]\r\n\t]{0,120}",
        " {0,3}[a-z ]{0,160} {0,3}",
        "([a-z]{1,12} ){0,40}",
        "[a-z]{0,1200}",
        "(=\\?utf-8\\?[BQ]\\?[A-Za-z=_]{0,20}\\?=| |x){0,8}",
        "(会议纪要|Привет|שלום|مرحبا|नमस्ते|สวัสดี|안녕|こんにちは|é|👩\u{200d}👧|🇫🇷|\u{200f}| |\"|\\\\|\\.){0,40}",
        "[\u{0}-\u{20}a\u{7f}-\u{a0}\u{2028}]{0,30}",
    ]
}

fn body_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,300}",
        "[a-zF.=\r\n \t>-]{0,400}",
        "(From |\\.|--|--=_[mar]_Seed0123456789|--=_|\\n|\\r\\n|a| |=|é|会|x{80}){0,60}",
        "[会议é \n]{0,2000}",
        "[a-z]{900,2100}",
    ]
}

fn wire() -> impl Strategy<Value = Wire> {
    prop_oneof![Just(Wire::SevenBit), Just(Wire::EightBit), Just(Wire::Utf8)]
}

/// The subject as it is sent: on one line, without control characters.
fn sent(text: &str) -> String {
    let is_end = |c| matches!(c, '\r' | '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let text = text.chars().map(|c| if is_end(c) { ' ' } else { c });
    let text: String = text.filter(|c| !c.is_control()).collect();
    text.trim().to_owned()
}

fn name(text: &str) -> String {
    crate::display::line(text).trim().to_owned()
}

/// The text as every reader has it, without the line ends at its end.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\0', "").trim_end_matches('\n').to_owned()
}

/// Asserts the rules that hold for all output, whatever was given.
fn assert_rules(message: &[u8], wire: Wire) {
    let text = std::str::from_utf8(message).unwrap();
    assert!(wire != Wire::SevenBit || text.is_ascii());
    assert!(!text.contains('\0') && text.ends_with("\r\n"));
    for line in text.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert!(line.len() <= 998, "{} octets", line.len());
    }
    let parsed = Message::parse(message, &Limits::DEFAULT).unwrap();
    assert!(parsed.headers().first("Bcc").is_none());
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    assert_header_lines(header);
    assert!(
        !body.starts_with("From ") && !body.contains("\r\nFrom "),
        "{body}"
    );
    let mut boundaries = HashSet::new();
    assert_boundaries(parsed.root(), text, &mut boundaries);
}

/// Lines of more than 78 columns hold no place to fold, no run of spaces is at a fold, where readers
/// shorten it, and encoded words keep their limits (RFC 2047 §2).
fn assert_header_lines(header: &str) {
    for line in header.split("\r\n") {
        assert!(!line.starts_with("  "), "{header}");
        let value = match line.starts_with(' ') {
            true => line.trim_start(),
            false => line.split_once(": ").unwrap().1,
        };
        let columns = line.chars().count();
        assert!(
            columns <= 78 || !value.contains(' '),
            "{columns} columns: {line}"
        );
        // A subject of one look-alike word is encoded, so each `=?` begins a word.
        if value.starts_with("=?") {
            assert!(line.len() <= 76, "{line}");
            for word in value.split(' ').filter(|word| word.starts_with("=?")) {
                assert!(word.trim_end_matches(',').len() <= 75, "{word}");
            }
        }
    }
}

/// No boundary occurs twice, and each occurs in the text only as the delimiter of its parts.
fn assert_boundaries(part: &crate::Part, text: &str, seen: &mut HashSet<String>) {
    if let Some(boundary) = part.params.value("boundary") {
        assert!(seen.insert(boundary.to_owned()));
        let delimiter = format!("--{boundary}");
        let expected = part.children.len() + 1;
        assert_eq!(text.matches(&delimiter).count(), expected, "{text}");
    }
    for child in &part.children {
        assert_boundaries(child, text, seen);
    }
}

proptest! {
    #[test]
    fn fields_read_back(
        subject in line_text(),
        from in line_text(),
        to in proptest::collection::vec(line_text(), 1..5),
        reply_to in line_text(),
        wire in wire(),
    ) {
        let mut outgoing = note();
        outgoing.wire = wire;
        outgoing.subject = subject.clone();
        outgoing.from.name = from.clone();
        outgoing.reply_to = vec![EmailAddress::new("", "r@x.example")];
        outgoing.reply_to[0].name = reply_to.clone();
        outgoing.to = (0..to.len()).map(|n| EmailAddress::new("", &format!("{n}@x.example"))).collect();
        for (mailbox, name) in outgoing.to.iter_mut().zip(&to) {
            mailbox.name = name.clone();
        }
        let message = built(&outgoing, &[]);
        assert_rules(&message, wire);

        let headers = Headers::parse(&message).unwrap();
        prop_assert_eq!(headers.subject(), name(&subject));
        prop_assert_eq!(&headers.from()[0].name, &name(&from));
        prop_assert_eq!(&headers.reply_to()[0].name, &name(&reply_to));
        let names: Vec<_> = headers.to().into_iter().map(|mailbox| mailbox.name).collect();
        let given: Vec<_> = to.iter().map(|text| name(text)).collect();
        prop_assert_eq!(&names, &given);
        prop_assert_eq!(headers.references(), outgoing.references.clone());

        let other = MessageParser::default().parse(&message).unwrap();
        prop_assert_eq!(other.subject().unwrap_or_default(), sent(&subject));
        let names = |list: Option<&mail_parser::Address<'_>>| -> Vec<String> {
            let list = list.unwrap().iter();
            list.map(|mailbox| mailbox.name().unwrap_or_default().to_owned()).collect()
        };
        prop_assert_eq!(names(other.from()), [name(&from)]);
        prop_assert_eq!(names(other.reply_to()), [name(&reply_to)]);
        prop_assert_eq!(names(other.to()), given);
        let addresses: Vec<_> = other.to().unwrap().iter().map(|m| m.address().unwrap().to_owned()).collect();
        let given: Vec<_> = outgoing.to.iter().map(|mailbox| mailbox.address.clone()).collect();
        prop_assert_eq!(addresses, given);
        prop_assert_eq!(other.message_id(), Some("1.2@x.example"));
    }

    #[test]
    fn texts_and_files_read_back(
        body in body_text(),
        html in proptest::option::of(body_text()),
        is_flowed: bool,
        files in proptest::collection::vec(
            (line_text(), proptest::collection::vec(any::<u8>(), 0..200), any::<bool>()),
            0..4,
        ),
        wire in wire(),
    ) {
        let mut outgoing = note();
        outgoing.wire = wire;
        outgoing.body = body.clone();
        outgoing.is_flowed = is_flowed;
        // What a reader that does not know the format shows.
        let body = if is_flowed { crate::text::flow(&body) } else { body };
        let id = |n: usize| format!("{n}@x.example");
        outgoing.html = html.clone().map(|mut html| {
            (0..files.len()).for_each(|n| html.push_str(&format!("\n<img src=\"cid:{}\">", id(n))));
            html
        });
        for (n, (name, octets, is_image)) in files.iter().enumerate() {
            let mut file = attachment(name, "application/pdf", octets);
            file.content_id = is_image.then(|| id(n));
            outgoing.attachments.push(file);
        }
        let octets: Vec<&[u8]> = files.iter().map(|(_, octets, _)| octets.as_slice()).collect();
        let message = built(&outgoing, &octets);
        assert_rules(&message, wire);

        let composer = Composer::new(&outgoing, "Seed0123456789").unwrap();
        let order: Vec<usize> = composer.parts().map(|(index, _)| index).collect();
        let parsed = Message::parse(&message, &Limits::DEFAULT).unwrap();
        let mut leaves = Vec::new();
        leaves_of(parsed.root(), &mut leaves);
        prop_assert_eq!(plain(&parsed.part_text(leaves[0], 1 << 20)), plain(&body));
        let mut first_file = 1;
        if let Some(html) = &outgoing.html {
            prop_assert_eq!(plain(&parsed.part_text(leaves[1], 1 << 20)), plain(html));
            first_file = 2;
        }
        prop_assert_eq!(leaves.len(), first_file + files.len());
        let other = MessageParser::default().parse(&message).unwrap();
        prop_assert_eq!(plain(&other.body_text(0).unwrap_or_default()), plain(&body));
        let other_leaves: Vec<_> = other.parts.iter().filter(|part| !part.is_multipart()).collect();
        for (position, index) in order.iter().enumerate() {
            let (name, octets, is_image) = &files[*index];
            let part = leaves[first_file + position];
            let name = crate::display::file_name(name).unwrap_or_else(|| "attachment".to_owned());
            prop_assert_eq!(part.name.as_ref(), Some(&name));
            let id = is_image.then(|| id(*index));
            prop_assert_eq!(&part.content_id, &id);
            let sent = parsed.part_bytes(&part.section).unwrap();
            prop_assert_eq!(&transfer::decode(sent, part.encoding), octets);
            let other = other_leaves[first_file + position];
            prop_assert_eq!(other.attachment_name(), Some(name.as_str()));
            prop_assert_eq!(other.contents(), octets.as_slice());
            prop_assert_eq!(other.content_id(), id.as_deref());
        }
    }

    #[test]
    fn extra_fields_of_a_draft_read_back(
        texts in proptest::collection::vec(prop_oneof![any::<String>(), line_text(), body_text()], 2..=2),
    ) {
        let extra = [("X-Restante-Draft", texts[0].clone()), ("X-Other", texts[1].clone())];
        let message = streamed(&Composer::draft(&note(), &extra, "Seed").unwrap(), &[]);
        assert_is_mail(&message);
        let headers = Headers::parse(&message).unwrap();
        let other = MessageParser::default().parse(&message).unwrap();
        for (name, text) in &extra {
            let read = extra_field(&headers, name);
            prop_assert_eq!(read.as_ref(), Some(text));
            // mail-parser returns the same words.
            let words = other.header(*name).and_then(|value| value.as_text()).unwrap_or_default();
            let field = format!("{name}: {words}\r\n\r\n");
            let again = Headers::parse(field.as_bytes()).unwrap();
            let read = extra_field(&again, name);
            prop_assert_eq!(read.as_ref(), Some(text));
        }
        assert_header_lines(std::str::from_utf8(&message).unwrap().split_once("\r\n\r\n").unwrap().0);
    }
}

fn leaves_of<'p>(part: &'p crate::Part, out: &mut Vec<&'p crate::Part>) {
    if !part.is_multipart() {
        out.push(part);
    }
    part.children.iter().for_each(|child| leaves_of(child, out));
}
