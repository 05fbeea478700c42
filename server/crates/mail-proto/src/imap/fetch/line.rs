//! Fast parser of a FETCH response that is a single line.

use alloc::vec::Vec;

use bytes::Bytes;

use super::{FetchData, FetchedItem, is_item, item_of};
use crate::imap::date::InternalDate;
use crate::imap::envelope::Envelope;
use crate::imap::flag::Flag;
use crate::imap::number::{SequenceNumber, Uid, parse_u64};
use crate::imap::tokens::{Quoted, Tokens, atom_len, take_quoted};

/// Maximum number of items; a response with more is parsed from its values, which have a limit.
const MAX_ITEMS: usize = 1000;

/// Parses a FETCH response that is one line, given without its `* `. The items of a message list
/// are parsed directly, any other item from its values. Message lists consist of such lines, and a
/// value tree would cost more than the data itself.
///
/// ```abnf
/// message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)) ; a FETCH alone
/// ```
///
/// Returns `None` if a literal follows or the line differs from the grammar of RFC 9051 §9: the
/// caller then parses the values of the whole response. `tokens` must be empty and is empty
/// afterwards.
pub(crate) fn read(line: &Bytes, tokens: &mut Tokens) -> Option<FetchData> {
    let mut reader = Reader { line, rest: line };
    let seq = reader.atom();
    if !(reader.eat(b" FETCH (") && line.ends_with(b")")) {
        return None;
    }
    let data = SequenceNumber::parse(seq).and_then(|seq| {
        let items = reader.items(tokens)?;
        Some(FetchData { seq, items })
    });
    tokens.clear();
    data
}

struct Reader<'l> {
    line: &'l Bytes,
    rest: &'l [u8],
}

impl<'l> Reader<'l> {
    /// Parses the items up to the end of the line.
    ///
    /// ```abnf
    /// msg-att = "(" (msg-att-dynamic / msg-att-static)
    ///           *(SP (msg-att-dynamic / msg-att-static)) ")" ; behind the first parenthesis
    /// ```
    /// RFC 9051 §9.
    fn items(&mut self, tokens: &mut Tokens) -> Option<Vec<FetchedItem>> {
        let mut items = Vec::with_capacity(8);
        loop {
            items.push(self.item(tokens)?);
            if self.eat(b")") {
                return self.rest.is_empty().then_some(items);
            }
            if !self.eat(b" ") || items.len() >= MAX_ITEMS {
                return None;
            }
        }
    }

    /// Parses one item: name and value.
    ///
    /// ```abnf
    /// msg-att-dynamic = "FLAGS" SP "(" [flag-fetch *(SP flag-fetch)] ")"
    /// msg-att-static  = "ENVELOPE" SP envelope / "INTERNALDATE" SP date-time /
    ///                   "RFC822.SIZE" SP number64 / "UID" SP uniqueid
    ///                   ; any other item by its value
    /// ```
    /// RFC 9051 §9.
    fn item(&mut self, tokens: &mut Tokens) -> Option<FetchedItem> {
        let name = self.atom();
        // The lists of an envelope nest 4 deep.
        if name == b"ENVELOPE"
            && tokens.max_nesting() >= 4
            && let Some((envelope, rest)) = Envelope::read(self.line, self.rest)
        {
            self.rest = rest;
            return Some(FetchedItem::Envelope(envelope.into()));
        }
        if !self.eat(b" ") {
            return None;
        }
        match name {
            b"UID" => Uid::parse(self.atom()).map(FetchedItem::Uid),
            b"RFC822.SIZE" => parse_u64(self.atom()).map(FetchedItem::Rfc822Size),
            b"FLAGS" => self.flags().map(FetchedItem::Flags),
            b"INTERNALDATE" => self.date().map(FetchedItem::InternalDate),
            _ => {
                let (value, rest) = tokens.value(self.line, self.rest)?;
                self.rest = rest;
                let item = item_of(self.line.slice_ref(name), value);
                let is_malformed = matches!(item, FetchedItem::Unknown { .. }) && is_item(name);
                (!is_malformed).then_some(item)
            }
        }
    }

    /// Parses the value of FLAGS.
    ///
    /// ```abnf
    /// msg-att-dynamic = "FLAGS" SP "(" [flag-fetch *(SP flag-fetch)] ")" ; the list
    /// ```
    /// RFC 9051 §9.
    fn flags(&mut self) -> Option<Vec<Flag>> {
        let mut flags = Vec::new();
        if self.eat(b"()") {
            return Some(flags);
        }
        while self.eat(if flags.is_empty() { b"(" } else { b" " }) {
            match self.atom() {
                b"" => return None,
                flag => flags.push(Flag::parse(flag)),
            }
        }
        self.eat(b")").then_some(flags)
    }

    /// Parses the value of INTERNALDATE.
    ///
    /// ```abnf
    /// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year
    ///             SP time SP zone DQUOTE
    /// ```
    /// RFC 9051 §9.
    fn date(&mut self) -> Option<InternalDate> {
        match take_quoted(self.rest.strip_prefix(b"\"")?)? {
            (Quoted::Plain(text), rest) => {
                self.rest = rest;
                InternalDate::parse(text)
            }
            (Quoted::Unescaped(_), _) => None,
        }
    }

    /// Consumes an atom; empty if there is none.
    ///
    /// ```abnf
    /// atom = 1*ATOM-CHAR
    /// ```
    /// RFC 9051 §9.
    fn atom(&mut self) -> &'l [u8] {
        let (atom, rest) = self
            .rest
            .split_at_checked(atom_len(self.rest))
            .unwrap_or_default();
        self.rest = rest;
        atom
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use proptest::prelude::*;

    use crate::imap::event::Event;
    use crate::imap::response::{self, Data};
    use crate::imap::tokens::values_of;

    /// Parses a line directly and asserts that its values give the same result.
    fn read(line: &str) -> Option<FetchData> {
        let line = Bytes::from(String::from(line));
        let mut tokens = Tokens::new(100);
        let read = super::read(&line, &mut tokens)?;
        let Data::Event(expected) = response::parse(values_of(&line, 100).unwrap(), &[]) else {
            panic!("{line:?} tells capabilities");
        };
        assert_eq!(Event::Fetch(read.clone()), expected, "{line:?}");
        // The tokens are empty for the next response.
        assert_eq!(tokens.finish(), (vec![], true));
        Some(read)
    }

    const PLAIN: &[&str] = &[
        "UID 7",
        "uid 7",
        "RFC822.SIZE 4827313",
        "FLAGS ()",
        "FLAGS (\\Seen $Forwarded [x]y)",
        "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\"",
        "MODSEQ (12345)",
        "BODY[HEADER.FIELDS (SUBJECT \"a]b\")]<0> \"x (\\\"y\"",
        "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\") NIL NIL \"7BIT\" 2279 48)",
        "ENVELOPE (\"d\" \"s\" NIL NIL NIL ((NIL NIL \"a\" \"b.example\")) NIL NIL NIL \"<i>\")",
        "ENVELOPE (NIL NIL)",
        "X-NEW (a (b) {5} \"c\")",
        "PREVIEW NIL",
    ];
    const IRREGULAR: &[&str] = &[
        "UID 0",
        "UID (7)",
        "UID \"7\"",
        "UID  7",
        "UID",
        "FLAGS (\"\\Seen\")",
        "FLAGS (\\Seen  \\Draft)",
        "INTERNALDATE NIL",
        "X-NEW (\"open)",
        "X-NEW ((a)",
        "X-NEW )",
        "",
    ];

    #[test]
    fn a_line_of_plain_items_is_read_straight() {
        let data = read("23 FETCH (UID 7 FLAGS (\\Seen) RFC822.SIZE 44)").unwrap();
        assert_eq!(data.seq.get(), 23);
        assert_eq!(data.uid().map(Uid::get), Some(7));
        assert_eq!(data.flags(), Some(&[Flag::Seen][..]));
    }

    #[test]
    fn a_line_of_any_other_form_is_not_parsed_directly() {
        for irregular in IRREGULAR {
            assert_eq!(read(&format!("1 FETCH ({irregular})")), None, "{irregular}");
        }
        for line in [
            "0 FETCH (UID 7)",
            "1 FETCH UID 7",
            "1 FETCH (UID 7",
            "1 FETCH (UID 7))",
            "1 FETCH (UID 7) (x)",
            "1 EXISTS",
            "FETCH (UID 7)",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        let many = "UID 7 ".repeat(MAX_ITEMS);
        assert_eq!(read(&format!("1 FETCH ({many}UID 8)")), None);
    }

    #[test]
    fn a_line_that_nests_too_deep_is_not_parsed_directly() {
        let deep = |depth: usize| format!("1 FETCH (X {}{})", "(".repeat(depth), ")".repeat(depth));
        let read = |line: String| super::read(&line.into(), &mut Tokens::new(100));
        assert!(read(deep(99)).is_some());
        assert!(read(deep(100)).is_none());
        let to = "((NIL NIL \"a\" \"b.example\"))";
        let envelope = format!("1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL {to} NIL NIL NIL NIL))");
        assert!(super::read(&envelope.clone().into(), &mut Tokens::new(4)).is_some());
        assert!(super::read(&envelope.into(), &mut Tokens::new(3)).is_none());
    }

    proptest! {
        // docs/protocols.md, IMAP: FETCH
        #[test]
        fn direct_and_value_parsing_give_the_same_items(
            items in proptest::collection::vec(proptest::sample::select(PLAIN), 1..6),
            irregular in proptest::option::weighted(
                0.2,
                (proptest::sample::select(IRREGULAR), 0..6_usize),
            ),
        ) {
            let mut items = items;
            if let Some((irregular, at)) = irregular {
                items.insert(at.min(items.len()), irregular);
            }
            let line = format!("4294967295 FETCH ({})", items.join(" "));
            if values_of(&Bytes::from(line.clone()), 100).is_some() {
                prop_assert_eq!(read(&line).is_some(), irregular.is_none(), "{}", line);
            }
        }
    }
}
