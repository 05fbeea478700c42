//! A table of messages: class × place → what a reader must see.
//!
//! A class is one way of writing (a charset, a damage, a structure); a place is where in the message
//! it stands. Each cell is one generated message with LF line ends. The tests of the server include
//! this file as well, and read the same messages through IMAP and POP3.

use encoding_rs::Encoding;

mod bodies;
mod cards;
mod charsets;
mod damage;
mod fields;
mod labels;
mod people;
mod smime;
mod structure;

/// What a reader must see of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sees {
    /// The subject.
    Subject(String),
    /// The authors as `name <address>`, separated by `, `.
    From(String),
    /// The recipients in the same form.
    To(String),
    /// The whole text, without white space at its ends.
    Text(String),
    /// The names of the attachments, in order.
    Files(Vec<String>),
    /// A line of what else is known of the message, such as an invitation or a sign of spoofing.
    Fact(String),
}

/// A cell of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The golden file that holds the whole view of the message.
    pub(crate) group: &'static str,
    pub(crate) class: String,
    pub(crate) place: &'static str,
    /// The message with LF line ends.
    pub(crate) message: Vec<u8>,
    pub(crate) sees: Vec<Sees>,
}

impl Case {
    /// `class × place`.
    pub(crate) fn name(&self) -> String {
        format!("{} × {}", self.class, self.place)
    }

    /// The message in LF and in CRLF form.
    pub(crate) fn forms(&self) -> [Vec<u8>; 2] {
        [self.message.clone(), crlf(&self.message)]
    }
}

/// Returns all cells.
pub(crate) fn cases() -> Vec<Case> {
    let mut table = Table::default();
    charsets::add(&mut table);
    labels::add(&mut table);
    fields::add(&mut table);
    bodies::add(&mut table);
    damage::add(&mut table);
    structure::add(&mut table);
    people::add(&mut table);
    cards::add(&mut table);
    smime::add(&mut table);
    table.cases
}

/// Returns a message with CRLF line ends.
pub(crate) fn crlf(lf: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lf.len() + lf.len() / 32);
    for octet in lf {
        if *octet == b'\n' {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    out
}

/// Collects the cells of one group.
#[derive(Default)]
struct Table {
    group: &'static str,
    cases: Vec<Case>,
}

impl Table {
    fn cell(&mut self, class: &str, place: &'static str, message: Vec<u8>, sees: &[Sees]) {
        self.cases.push(Case {
            group: self.group,
            class: class.to_owned(),
            place,
            message,
            sees: sees.to_vec(),
        });
    }
}

fn subject(text: &str) -> Sees {
    Sees::Subject(text.to_owned())
}

fn from(text: &str) -> Sees {
    Sees::From(text.to_owned())
}

fn to(text: &str) -> Sees {
    Sees::To(text.to_owned())
}

fn text(text: &str) -> Sees {
    Sees::Text(text.to_owned())
}

fn files(names: &[&str]) -> Sees {
    Sees::Files(names.iter().map(|name| (*name).to_owned()).collect())
}

fn fact(line: &str) -> Sees {
    Sees::Fact(line.to_owned())
}

/// A message that is written field by field.
struct Mail(Vec<(String, Vec<u8>)>);

impl Mail {
    fn new() -> Self {
        Self(Vec::new())
            .and("From", "Ann <ann@sender.example>")
            .and("To", "demo@restante.test")
            .and("Subject", "plain subject")
            .and("Date", "Sat, 21 Nov 2026 09:07:45 +0800")
            .and("MIME-Version", "1.0")
    }

    /// Replaces the field of a name.
    fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref().to_vec();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
        self
    }

    /// Adds a field, also if there is one of its name.
    fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// Returns the message of the fields and a body.
    fn body(self, body: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = self.head();
        out.push(b'\n');
        out.extend_from_slice(body.as_ref());
        out
    }

    /// Returns the fields alone.
    fn head(self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in self.0 {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(&value);
            out.push(b'\n');
        }
        out
    }

    /// Returns a message of a multipart subtype with these parts, each with its own header.
    fn parts<P: AsRef<[u8]>>(self, subtype: &str, parts: &[P]) -> Vec<u8> {
        self.with(
            "Content-Type",
            format!("multipart/{subtype}; boundary=\"outer\""),
        )
        .body(multipart("outer", parts))
    }
}

/// Returns the body of a multipart.
fn multipart<P: AsRef<[u8]>>(boundary: &str, parts: &[P]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\n").as_bytes());
        out.extend_from_slice(part.as_ref());
        out.push(b'\n');
    }
    out.extend_from_slice(format!("--{boundary}--\n").as_bytes());
    out
}

/// Returns a part of a header, which ends with a line end, and a body.
fn part(header: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Vec<u8> {
    [header.as_ref(), b"\n", body.as_ref()].concat()
}

/// Returns the octets of a text in an encoding of the WHATWG standard, or in UTF-16.
fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    let encoding = Encoding::for_label(encoding.as_bytes()).expect(encoding);
    let (octets, _, had_errors) = encoding.encode(text);
    assert!(!had_errors, "{text} in {}", encoding.name());
    octets.into_owned()
}

/// Returns octets as base64 on one line.
fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// Returns octets as quoted-printable without soft line breaks; also right inside of an encoded
/// word.
fn quoted(octets: &[u8]) -> String {
    let mut out = String::new();
    for octet in octets {
        match octet {
            b'\n' => out.push('\n'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(*octet)),
            _ => out.push_str(&format!("={octet:02X}")),
        }
    }
    out
}

/// Returns octets as the value of an extended parameter (RFC 2231 §4).
fn percent(octets: &[u8]) -> String {
    quoted(octets).replace('=', "%")
}

/// Returns octets as an encoded word of type B.
fn b_word(label: &str, octets: &[u8]) -> String {
    format!("=?{label}?B?{}?=", base64(octets))
}

/// Returns octets as an encoded word of type Q.
fn q_word(label: &str, octets: &[u8]) -> String {
    format!("=?{label}?Q?{}?=", quoted(octets))
}
