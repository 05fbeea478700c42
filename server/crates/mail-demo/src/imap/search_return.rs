//! Results of `SEARCH`: the `RETURN` options and the `ESEARCH` response (RFC 4731).

use super::sequence_set::{By, UidSet};
use super::syntax::{Bad, Cursor, Parsed};
use crate::store::Uid;

/// The options of `RETURN`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SearchReturn {
    min: bool,
    max: bool,
    count: bool,
    all: bool,
}

/// A message that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) number: u32,
    pub(crate) uid: Uid,
    pub(crate) mod_seq: u64,
}

impl SearchReturn {
    /// Parses the options with their parentheses; no option means `ALL`.
    pub(crate) fn parse(line: &mut Cursor) -> Parsed<Self> {
        let mut options = Self::default();
        for option in line.list(Cursor::atom)? {
            match option.to_ascii_uppercase().as_str() {
                "MIN" => options.min = true,
                "MAX" => options.max = true,
                "COUNT" => options.count = true,
                "ALL" => options.all = true,
                _ => return Err(Bad("unknown RETURN option")),
            }
        }
        if options == Self::default() {
            options.all = true;
        }
        Ok(options)
    }

    /// Writes the response. `found` is in order. With `includes_mod_seq` the response includes the
    /// largest modification sequence of the returned messages.
    pub(crate) fn write(
        self,
        tag: &str,
        by: By,
        found: &[Found],
        includes_mod_seq: bool,
    ) -> String {
        let numbers: Vec<Uid> = found.iter().map(|one| one.number_by(by)).collect();
        let first = found.first().filter(|_| self.min);
        let last = found.last().filter(|_| self.max);
        let mod_seq = if self.count || self.all {
            Found::largest_mod_seq(found)
        } else {
            // RFC 4731 §3.2: only of the returned messages.
            let named = first.into_iter().chain(last);
            named.map(|one| one.mod_seq).max()
        };
        let mut line = format!("* ESEARCH (TAG \"{tag}\")");
        if by == By::Uid {
            line.push_str(" UID");
        }
        let mut push_item = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                line.push_str(&format!(" {name} {value}"));
            }
        };
        // RFC 4731 §3.1: without a match, only COUNT is returned.
        push_item("MIN", first.map(|one| one.number_by(by).to_string()));
        push_item("MAX", last.map(|one| one.number_by(by).to_string()));
        let all = (self.all && !numbers.is_empty()).then(|| UidSet(&numbers).to_string());
        push_item("ALL", all);
        push_item("COUNT", self.count.then(|| numbers.len().to_string()));
        let mod_seq = mod_seq.filter(|_| includes_mod_seq);
        push_item("MODSEQ", mod_seq.map(|mod_seq| mod_seq.to_string()));
        line + "\r\n"
    }
}

impl Found {
    fn number_by(&self, by: By) -> Uid {
        match by {
            By::Uid => self.uid,
            By::SequenceNumber => Uid(self.number),
        }
    }

    fn largest_mod_seq(found: &[Self]) -> Option<u64> {
        found.iter().map(|one| one.mod_seq).max()
    }

    /// Writes the response to a client that did not send `RETURN` (RFC 7162 §3.1.5).
    pub(crate) fn write_all(found: &[Self], by: By, includes_mod_seq: bool) -> String {
        let mut line = String::from("* SEARCH");
        for one in found {
            line.push_str(&format!(" {}", one.number_by(by)));
        }
        if let Some(mod_seq) = Self::largest_mod_seq(found).filter(|_| includes_mod_seq) {
            line.push_str(&format!(" (MODSEQ {mod_seq})"));
        }
        line + "\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn found() -> Vec<Found> {
        [(2, 20, 7), (10, 31, 9), (11, 32, 8)]
            .map(|(number, uid, mod_seq)| Found {
                number,
                uid: Uid(uid),
                mod_seq,
            })
            .into()
    }

    fn response(options: &str, by: By, found: &[Found], includes_mod_seq: bool) -> String {
        let mut line = Cursor::new(Bytes::from(options.to_owned()));
        let returns = SearchReturn::parse(&mut line).unwrap();
        let line = returns.write("A282", by, found, includes_mod_seq);
        let data = line.strip_prefix("* ESEARCH (TAG \"A282\")").unwrap();
        data.trim_end().to_owned()
    }

    #[test]
    fn rfc4731_3_1_examples() {
        let of = |options, found: &[Found]| response(options, By::SequenceNumber, found, false);
        assert_eq!(of("(MIN COUNT)", &found()), " MIN 2 COUNT 3");
        assert_eq!(of("()", &found()), " ALL 2,10:11");
        assert_eq!(of("(MIN MAX ALL)", &[]), "");
        assert_eq!(of("(COUNT)", &[]), " COUNT 0");
    }

    #[test]
    fn rfc4731_3_2_returns_the_modification_sequence_of_the_listed_messages() {
        let of = |options| response(options, By::Uid, &found(), true);
        assert_eq!(of("(ALL)"), " UID ALL 20,31:32 MODSEQ 9");
        assert_eq!(of("(MAX)"), " UID MAX 32 MODSEQ 8");
        assert_eq!(of("(MIN)"), " UID MIN 20 MODSEQ 7");
        assert_eq!(of("(MIN MAX)"), " UID MIN 20 MAX 32 MODSEQ 8");
        assert_eq!(response("(ALL)", By::Uid, &[], true), " UID");
        assert_eq!(
            Found::write_all(&found(), By::SequenceNumber, true),
            "* SEARCH 2 10 11 (MODSEQ 9)\r\n"
        );
    }
}
