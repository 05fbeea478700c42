//! Header fields: unfolded, decoded for display, and typed.

use std::borrow::Cow;

use memchr::memchr;

use crate::address::{self, EmailAddress};
use crate::charset;
use crate::date::Date;
use crate::limits::{Limits, OverLimit};
use crate::params::Params;
use crate::rfc5322;
use crate::unstructured::decode_unstructured;

/// One field: its name, and its value unfolded but not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    name: String,
    value: Vec<u8>,
}

impl Field {
    /// The name as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The octets of the value, unfolded. After [`Headers::assume_charset`] they may be UTF-8 in
    /// place of the octets that were written.
    pub fn raw(&self) -> &[u8] {
        &self.value
    }

    /// The value for display: decoded, on one line, without hidden characters. Addresses are not
    /// decoded.
    pub fn text(&self) -> String {
        if self.is_address_list() {
            let mailboxes: Vec<_> = self
                .mailboxes()
                .iter()
                .map(EmailAddress::to_string)
                .collect();
            return mailboxes.join(", ");
        }
        decode_unstructured(&self.value)
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether a line with this name is a field even after lines that are not fields. `Note: text`
    /// may be the body of a message whose empty line is missing.
    fn is_of_a_header(&self) -> bool {
        const NAMES: [&str; 13] = [
            "from",
            "to",
            "cc",
            "bcc",
            "subject",
            "date",
            "sender",
            "received",
            "comments",
            "keywords",
            "status",
            "precedence",
            "organization",
        ];
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        self.name.bytes().all(is_name)
            && (self.name.contains('-') || NAMES.iter().any(|name| self.is(name)))
    }

    fn is_address_list(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let name = name.strip_prefix("resent-").unwrap_or(&name);
        matches!(name, "from" | "sender" | "reply-to" | "to" | "cc" | "bcc")
    }

    fn mailboxes(&self) -> Vec<EmailAddress> {
        address::parse_received(&charset::decode(&self.value, None))
    }
}

/// The fields of one header, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    fields: Vec<Field>,
}

/// Maximum number of message ids of `References` that are read and written: the first, by which
/// programs find the conversation, and the last ones.
pub(crate) const REFERENCES_MAX: usize = 100;
/// Maximum length of a message id, in bytes: it has to fit on one line when it is written again.
const MESSAGE_ID_BYTES: usize = 900;

impl Headers {
    /// Parses a header, up to its empty line or the end of the octets.
    ///
    /// CRLF, LF and a mix of both end lines. Lines that are neither a field nor folded are skipped.
    /// Fails only if a limit of [`Limits::DEFAULT`] is exceeded.
    pub fn parse(bytes: &[u8]) -> Result<Self, OverLimit> {
        let mut lines = 0;
        Self::read(bytes, &Limits::DEFAULT, &mut lines).map(|(headers, _)| headers)
    }

    /// Parses a header and returns where the body begins. Adds the number of lines read to `lines`.
    ///
    /// Without an empty line after the header, the body begins with a delimiter (`--`), or with the
    /// first line after the last field that cannot belong to a header.
    pub(crate) fn read(
        bytes: &[u8],
        limits: &Limits,
        lines: &mut usize,
    ) -> Result<(Self, usize), OverLimit> {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = 0;
        let mut is_open = false;
        // Start of the first line that does not belong to the header.
        let mut text_at = None;
        let mut has_end = false;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line_at = at;
            at += length;
            let line = without_line_end(rest.get(..length).unwrap_or(rest));
            if line.is_empty() {
                has_end = true;
                break;
            }
            if line.starts_with(b"--") && !fields.is_empty() {
                at = line_at;
                break;
            }
            *lines += 1;
            check("header lines", *lines, limits.header_lines)?;
            check("header", at, limits.header_bytes)?;
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some(field) = fields.last_mut().filter(|_| is_open) {
                    field.value.extend_from_slice(line);
                    check("field", field.value.len(), limits.field_bytes)?;
                }
                continue;
            }
            let field = field(line).filter(|field| text_at.is_none() || field.is_of_a_header());
            is_open = field.is_some();
            match field {
                Some(field) => {
                    check("field", field.value.len(), limits.field_bytes)?;
                    fields.push(field);
                    text_at = None;
                }
                None => text_at = text_at.or(Some(line_at)),
            }
        }
        let headers = Self { fields };
        // Before an empty line it may be a field that was folded without a space: in the body of a
        // file the line would corrupt the content.
        let is_body = !has_end || headers.is_of_plain_text();
        Ok((headers, text_at.filter(|_| is_body).unwrap_or(at)))
    }

    fn is_of_plain_text(&self) -> bool {
        let begins = |name: &str, prefix: &[u8]| {
            let value = self.first(name).map(Field::raw);
            value.map(|value| value.to_ascii_lowercase().starts_with(prefix))
        };
        begins("Content-Type", b"text/") != Some(false)
            && begins("Content-Transfer-Encoding", b"base64") != Some(true)
    }

    /// Reads raw 8-bit fields in the charset that the text of the message declares, as
    /// [`charset::field_as_utf_8`] does. Only [`crate::Message`] does so by itself: a header alone
    /// does not tell what its text declares.
    pub fn assume_charset(&mut self, text_charset: &str) {
        for field in &mut self.fields {
            if let Cow::Owned(utf_8) = charset::field_as_utf_8(&field.value, text_charset) {
                field.value = utf_8;
            }
        }
    }

    /// Returns the charset that the Content-Type of this header declares for a text, which is that
    /// of the message if it has no other part.
    pub fn text_charset(&self) -> Option<String> {
        let content_type = charset::decode(self.first("Content-Type")?.raw(), None);
        let typed = rfc5322::typed(&content_type);
        let is_text = typed.token.starts_with("text/");
        let params = Params::decode(typed.params);
        params
            .value("charset")
            .filter(|_| is_text)
            .map(str::to_owned)
    }

    /// Returns all fields, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the first field of a name, in any case.
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// Returns the subject; empty if there is none.
    pub fn subject(&self) -> String {
        self.first("Subject").map(Field::text).unwrap_or_default()
    }

    /// Returns the authors. None or several are possible, also by several fields.
    pub fn from(&self) -> Vec<EmailAddress> {
        self.mailboxes("From")
    }

    /// Returns the sender, if it differs from the author.
    pub fn sender(&self) -> Vec<EmailAddress> {
        self.mailboxes("Sender")
    }

    /// Returns the mailboxes that the author wants replies to go to.
    pub fn reply_to(&self) -> Vec<EmailAddress> {
        self.mailboxes("Reply-To")
    }

    /// Returns the recipients of `To`.
    pub fn to(&self) -> Vec<EmailAddress> {
        self.mailboxes("To")
    }

    /// Returns the recipients of `Cc`.
    pub fn cc(&self) -> Vec<EmailAddress> {
        self.mailboxes("Cc")
    }

    /// Returns the recipients of `Bcc`, which only the user's own sent mail has.
    pub fn bcc(&self) -> Vec<EmailAddress> {
        self.mailboxes("Bcc")
    }

    /// Returns the date to show for the message: the Date field if it can be parsed, else the date
    /// of the topmost Received field that can be parsed; `None` if there is none.
    pub fn date_or_received(&self) -> Option<Date> {
        let written = self
            .named("Date")
            .find_map(|field| Date::of_message(&field.value));
        let received = || {
            self.named("Received")
                .find_map(|field| Date::of_received(&field.value))
        };
        written.or_else(received)
    }

    /// Returns the message id, without brackets.
    pub fn message_id(&self) -> Option<String> {
        self.ids("Message-ID").into_iter().next()
    }

    /// Returns the id of the last delivery of a message that was passed on, without brackets.
    pub fn resent_message_id(&self) -> Option<String> {
        self.ids("Resent-Message-ID").into_iter().next()
    }

    /// Returns the ids of the messages that this one replies to, without brackets.
    pub fn in_reply_to(&self) -> Vec<String> {
        self.ids("In-Reply-To")
    }

    /// Returns the message ids of the conversation without brackets, oldest first, at most 100.
    pub fn references(&self) -> Vec<String> {
        self.ids("References")
    }

    /// Returns the mailboxes of all fields of a name.
    fn mailboxes(&self, name: &str) -> Vec<EmailAddress> {
        self.named(name).flat_map(Field::mailboxes).collect()
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    fn ids(&self, name: &str) -> Vec<String> {
        self.first(name)
            .map(|field| message_ids(&field.value))
            .unwrap_or_default()
    }
}

/// Returns the message ids of a field's value, without brackets; at most 100, the first and the
/// last ones.
pub fn message_ids(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let is_id = |id: &str| {
        !id.is_empty()
            && id.len() <= MESSAGE_ID_BYTES
            && id
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
    };
    let is_bracketed = text.contains('<');
    let mut ids = rfc5322::message_ids(&text);
    ids.retain(|id| is_id(id) && (is_bracketed || id.contains('@')));
    if ids.len() > REFERENCES_MAX {
        ids.drain(1..=ids.len() - REFERENCES_MAX);
    }
    ids
}

fn check(what: &'static str, actual: usize, max: usize) -> Result<(), OverLimit> {
    if actual > max {
        Err(OverLimit { what, max })
    } else {
        Ok(())
    }
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Splits the first line of a field. White space before the colon is obsolete (RFC 5322 §4.5.8).
fn field(line: &[u8]) -> Option<Field> {
    let colon = memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    Some(Field {
        name: String::from_utf8_lossy(name).into_owned(),
        value: value
            .get(1..)
            .unwrap_or_default()
            .trim_ascii_start()
            .to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(text: &str) -> Headers {
        Headers::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn fields_are_unfolded_in_order_and_junk_is_skipped() {
        let headers = headers(
            "From me Sat Nov 21\r\nSubject: one\r\n  two\r\n\tthree\nX-A : b\r\nno colon here\r\n folded junk\r\nX-B:c\r\n\r\nBody: no",
        );
        let shown: Vec<_> = headers
            .fields()
            .iter()
            .map(|f| (f.name().to_owned(), f.text()))
            .collect();
        let expected = [("Subject", "one  two three"), ("X-A", "b"), ("X-B", "c")];
        assert_eq!(shown, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn without_an_empty_line_the_body_begins_where_no_field_can_stand() {
        let body = |text: &str| {
            let (mut lines, limits) = (0, Limits::DEFAULT);
            let (headers, at) = Headers::read(text.as_bytes(), &limits, &mut lines).unwrap();
            (headers.fields().len(), text.get(at..).unwrap().to_owned())
        };
        for (text, fields, rest) in [
            ("Subject: one\r\nthe text\r\n", 1, "the text\r\n"),
            (
                "Subject: one\nHello Bob\nNote: two\n\nthree\n",
                1,
                "Hello Bob\nNote: two\n\nthree\n",
            ),
            (
                "Subject: one\nHi\nhttp://x.example\n",
                1,
                "Hi\nhttp://x.example\n",
            ),
            ("only text", 0, "only text"),
            ("A: b\njunk\nX-B: c\n\nbody", 2, "body"),
            ("A: b\njunk\nSubject: c\nmore\n\nbody", 2, "more\n\nbody"),
            ("A: b\n\nbody", 1, "body"),
            (
                "Content-Type: application/pdf;\nname=x.pdf\n\nJVBERg==",
                1,
                "JVBERg==",
            ),
            (
                "Content-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/plain\n\nx",
                1,
                "--b\nContent-Type: text/plain\n\nx",
            ),
            ("A: b\n", 1, ""),
        ] {
            assert_eq!(body(text), (fields, rest.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn typed_fields() {
        let headers = headers(concat!(
            "from: =?gb2312?B?1cXI/Q==?= <zhang@x.example>\r\n",
            "To: a@x.example, B <b@x.example>\r\nto: c@x.example\r\n",
            "Reply-To: list@x.example\r\n",
            "Date: Sat, 21 Nov 2026 09:07:45 +0800\r\n",
            "Message-ID: <1@x.example>\r\n",
            "In-Reply-To: <0@x.example> of yesterday\r\n",
            "References: <a@x.example><b@x\r\n .example> junk <c d>\r\n",
            "Subject: =?utf-8?Q?=E4=BC=9A?= =?utf-8?Q?=E8=AE=AE?=\r\n\r\n",
        ));
        assert_eq!(headers.from()[0].name, "张三");
        assert_eq!(headers.to().len(), 3);
        assert_eq!(headers.reply_to()[0].address, "list@x.example");
        assert_eq!(headers.date_or_received().unwrap().offset_minutes, 480);
        assert_eq!(headers.message_id().as_deref(), Some("1@x.example"));
        assert_eq!(headers.in_reply_to(), ["0@x.example"]);
        assert_eq!(headers.references(), ["a@x.example", "b@x.example", "cd"]);
        assert_eq!(headers.subject(), "会议");
        assert_eq!(
            (headers.cc(), headers.sender(), headers.bcc()),
            (vec![], vec![], vec![])
        );
    }

    #[test]
    fn without_a_readable_date_the_topmost_received_field_has_it() {
        let received = "Received: by c; Tue, 06 Feb 2024 08:00:00 +0000\r\n\
            Received: by b; Mon, 05 Feb 2024 08:00:00 +0000\r\n";
        let seconds = |fields: &str| {
            let headers = headers(fields);
            headers.date_or_received().map(|date| date.unix_ms / 1000)
        };
        for date in [
            "",
            "Date: lör, 29 maj 1999 00:24:04 +0200\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Date: 2024-02-06T08:00:00+00:00\r\n",
        ] {
            let fields = format!("{received}{date}\r\n");
            assert_eq!(seconds(&fields), Some(1_707_206_400), "{date}");
        }
        let written = format!("{received}Date: 1 Jan 2020 00:00 +0000\r\n\r\n");
        assert_eq!(seconds(&written), Some(1_577_836_800));
        assert_eq!(seconds("Received: by c\r\nDate: soon\r\n\r\n"), None);
    }

    #[test]
    fn raw_eight_bit_subjects_are_guessed() {
        let raw = b"Subject: \xb9\xd8\xd3\xda\xb1\xbe\xd6\xdc\xbb\xe1\xd2\xe9\xb5\xc4\xcd\xa8\xd6\xaa\r\n\r\n";
        assert_eq!(Headers::parse(raw).unwrap().subject(), "关于本周会议的通知");
        let raw = b"Subject: caf\xe9 d\xe9j\xe0 vu\r\n\r\n";
        assert_eq!(Headers::parse(raw).unwrap().subject(), "café déjà vu");
        let raw = "Subject: 会议\r\n\r\n".as_bytes();
        assert_eq!(Headers::parse(raw).unwrap().subject(), "会议");
    }

    #[test]
    fn raw_eight_bit_fields_are_read_in_the_charset_of_the_text() {
        let raw = b"From: \xc8\xe2\xe0\xed <ivan@x.example>\r\nSubject: \xc8\xe2\xe0\xed\r\n\
            Content-Type: text/plain; charset=windows-1251\r\n\r\n";
        let mut headers = Headers::parse(raw).unwrap();
        assert_eq!(headers.subject(), "Èâàí");
        let text_charset = headers.text_charset().unwrap();
        headers.assume_charset(&text_charset);
        assert_eq!(headers.subject(), "Иван");
        assert_eq!(headers.from()[0].to_string(), "Иван <ivan@x.example>");
    }

    #[test]
    fn only_a_text_declares_a_charset_for_the_fields() {
        for (content_type, charset) in [
            ("text/plain; charset=Big5", Some("Big5")),
            ("TEXT/HTML; CHARSET=\"koi8-r\"", Some("koi8-r")),
            ("text/plain", None),
            ("application/pdf; charset=big5", None),
            ("multipart/mixed; boundary=b; charset=big5", None),
        ] {
            let headers = headers(&format!("Content-Type: {content_type}\r\n\r\n"));
            assert_eq!(headers.text_charset().as_deref(), charset, "{content_type}");
        }
        assert_eq!(headers("Subject: a\r\n\r\n").text_charset(), None);
    }

    #[test]
    fn nothing_hidden_reaches_the_page() {
        let headers = headers("Subject: =?utf-8?Q?a=0D=0ABcc:_x=E2=80=AEgpj?=\r\n\r\n");
        assert_eq!(headers.subject(), "a  Bcc: xgpj");
    }

    #[test]
    fn endless_references_keep_first_and_last() {
        let value: String = (0..500).map(|n| format!("<{n}@x>")).collect();
        let ids = message_ids(value.as_bytes());
        assert_eq!(
            (ids.len(), ids[0].as_str(), ids[99].as_str()),
            (100, "0@x", "499@x")
        );
        assert_eq!(message_ids(b"<a\0b@x> <>"), Vec::<String>::new());
        assert_eq!(message_ids(b"bare@x.example"), ["bare@x.example"]);
    }

    #[test]
    fn limits_are_typed() {
        let what = |text: String| Headers::parse(text.as_bytes()).unwrap_err().what;
        assert_eq!(what("A: b\r\n".repeat(10_001)), "header lines");
        assert_eq!(what(format!("A: {}\r\n", "b".repeat(300_000))), "field");
        assert_eq!(
            what(format!("A: b\r\n {}\r\n", "b".repeat(262_144))),
            "field"
        );
        assert_eq!(
            what(format!("A: {}\r\n", "b".repeat(200_000)).repeat(6)),
            "header"
        );
    }

    proptest! {
        #[test]
        fn anything_parses(bytes: Vec<u8>, text in "(Subject: |From: |Date: |\r\n|\n| |a|:|\"|<|>|=\\?utf-8\\?Q\\?|\\?=){0,60}") {
            for input in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(headers) = Headers::parse(input) {
                    let shown = [headers.subject(), headers.from().first().map(EmailAddress::to_string).unwrap_or_default()];
                    prop_assert!(!shown.iter().any(|text| text.contains(['\r', '\n'])));
                    headers.date_or_received();
                    headers.references();
                }
            }
        }
    }
}
