//! Address lists in the form that `ENVELOPE` reports (RFC 5322 §3.4, RFC 3501 §7.4.2).

/// One entry of an address list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Mailbox {
        /// The display name, without quotes; encoded words are not decoded.
        name: Option<Vec<u8>>,
        local_part: Vec<u8>,
        domain: Vec<u8>,
    },
    GroupStart(Vec<u8>),
    GroupEnd,
}

/// Parses an unfolded address list. An invalid address becomes one without a domain.
pub(crate) fn addresses(list: &[u8]) -> Vec<Address> {
    let mut reader = Reader {
        rest: list,
        ..Reader::default()
    };
    reader.read();
    reader.found
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a [u8],
    found: Vec<Address>,
    /// The words before `<`, or the address itself if there is no `<`.
    words: Vec<u8>,
    angle: Option<Vec<u8>>,
    comment: Vec<u8>,
    is_in_group: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(octet) = self.next() {
            match octet {
                b'"' => self.quoted(),
                b'(' => self.comment(),
                b'<' => self.angle(),
                b',' => self.finish(),
                b';' => {
                    self.finish();
                    if self.is_in_group {
                        self.found.push(Address::GroupEnd);
                        self.is_in_group = false;
                    }
                }
                b':' if !self.is_in_group => {
                    let name = std::mem::take(&mut self.words).trim_ascii().to_vec();
                    self.found.push(Address::GroupStart(name));
                    self.is_in_group = true;
                }
                b' ' | b'\t' => {
                    if !self.words.is_empty() && !self.words.ends_with(b" ") {
                        self.words.push(b' ');
                    }
                }
                other => self.words.push(other),
            }
        }
        self.finish();
        if self.is_in_group {
            self.found.push(Address::GroupEnd);
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (&octet, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(octet)
    }

    fn quoted(&mut self) {
        while let Some(octet) = self.next() {
            match octet {
                b'"' => return,
                b'\\' => {
                    let escaped = self.next();
                    self.words.extend(escaped);
                }
                other => self.words.push(other),
            }
        }
    }

    fn comment(&mut self) {
        let mut depth = 1_u32;
        self.comment.clear();
        while let Some(octet) = self.next() {
            match octet {
                b'\\' => {
                    let escaped = self.next();
                    self.comment.extend(escaped);
                }
                b'(' => depth += 1,
                b')' if depth == 1 => return,
                b')' => depth -= 1,
                other => self.comment.push(other),
            }
        }
    }

    fn angle(&mut self) {
        let mut address = Vec::new();
        let mut is_quoted = false;
        while let Some(octet) = self.next() {
            match octet {
                b'"' => is_quoted = !is_quoted,
                b'>' if !is_quoted => break,
                b' ' | b'\t' if !is_quoted => {}
                other => address.push(other),
            }
        }
        self.angle = Some(address);
    }

    fn finish(&mut self) {
        let words = std::mem::take(&mut self.words).trim_ascii().to_vec();
        let comment = std::mem::take(&mut self.comment).trim_ascii().to_vec();
        let (name, address) = match self.angle.take() {
            Some(address) => (words, address),
            None => (comment, words),
        };
        if name.is_empty() && address.is_empty() {
            return;
        }
        // An obsolete source route `<@a,@b:user@host>` is dropped.
        let routed = address.strip_prefix(b"@").and_then(|route| {
            let colon = memchr::memchr(b':', route)?;
            route.get(colon + 1..)
        });
        let address = routed.unwrap_or(&address);
        let (local_part, domain) = match memchr::memrchr(b'@', address) {
            Some(at) => (address.get(..at), address.get(at + 1..)),
            None => (Some(address), None),
        };
        self.found.push(Address::Mailbox {
            name: (!name.is_empty()).then_some(name),
            local_part: local_part.unwrap_or_default().to_vec(),
            domain: domain.unwrap_or_default().to_vec(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mailbox(name: Option<&str>, local_part: &str, domain: &str) -> Address {
        Address::Mailbox {
            name: name.map(|name| name.as_bytes().to_vec()),
            local_part: local_part.as_bytes().to_vec(),
            domain: domain.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_forms_of_an_address_are_understood() {
        let list = br#"a@b.c, "Q. \"X\", Y" <q@x.y>, Plain Name <p@x.y> (note), old@style.z (Old Style), <@r,@s:u@h>"#;
        assert_eq!(
            addresses(list),
            [
                mailbox(None, "a", "b.c"),
                mailbox(Some("Q. \"X\", Y"), "q", "x.y"),
                mailbox(Some("Plain Name"), "p", "x.y"),
                mailbox(Some("Old Style"), "old", "style.z"),
                mailbox(None, "u", "h"),
            ]
        );
    }

    #[test]
    fn a_group_has_a_start_and_an_end() {
        assert_eq!(
            addresses(b"Team: a@b.c, d@e.f;, g@h.i"),
            [
                Address::GroupStart(b"Team".to_vec()),
                mailbox(None, "a", "b.c"),
                mailbox(None, "d", "e.f"),
                Address::GroupEnd,
                mailbox(None, "g", "h.i"),
            ]
        );
        let undisclosed = [
            Address::GroupStart(b"undisclosed-recipients".to_vec()),
            Address::GroupEnd,
        ];
        assert_eq!(addresses(b"undisclosed-recipients:;"), undisclosed);
    }

    proptest! {
        #[test]
        fn groups_are_balanced_in_any_input(list in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut depth = 0;
            for address in addresses(&list) {
                match address {
                    Address::GroupStart(_) => depth += 1,
                    Address::GroupEnd => depth -= 1,
                    Address::Mailbox { .. } => {}
                }
                prop_assert!((0..=1).contains(&depth));
            }
            prop_assert_eq!(depth, 0);
        }
    }
}
