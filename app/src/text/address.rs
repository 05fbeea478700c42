//! Display of people: a name, initials, a colour.

use crate::api::types::Person;

impl Person {
    /// Returns the name, or the address if there is none.
    pub fn label(&self) -> &str {
        if self.name.trim().is_empty() {
            &self.address
        } else {
            &self.name
        }
    }

    /// Returns the name and the address in the syntax of a recipient field.
    pub fn mailbox(&self) -> String {
        if self.name.trim().is_empty() {
            self.address.clone()
        } else {
            format!("{} <{}>", self.name, self.address)
        }
    }

    /// Returns the colour class, `h0` to `h7`, derived from the address.
    pub fn hue(&self) -> &'static str {
        const HUES: [&str; 8] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7"];
        // FNV-1a: small code, and the same result on the host and in the browser.
        let hash = self.address.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        let index = usize::try_from((hash ^ hash >> 16) % 8).unwrap_or(0);
        HUES.get(index).copied().unwrap_or("h5")
    }

    /// Returns one or two letters that represent this person.
    ///
    /// These are the first letters of the first and last word; one character if the script is not
    /// alphabetic, and "?" if there is no letter.
    pub fn initials(&self) -> String {
        let label = self
            .label()
            .trim_start_matches(|c: char| !c.is_alphanumeric());
        let Some(first) = label.chars().next() else {
            return "?".to_owned();
        };
        // One character is enough in Han, kana, hangul and similar scripts.
        if first >= '\u{2e80}' {
            return first.to_string();
        }
        let words = || {
            label
                .split(|c: char| c.is_whitespace() || c == '@' || c == '.')
                .filter(|word| word.chars().next().is_some_and(char::is_alphanumeric))
        };
        let last = words().next_back().and_then(|word| word.chars().next());
        let has_name = !self.name.trim().is_empty();
        let mut letters: String = first.to_uppercase().collect();
        if let (true, Some(last)) = (has_name && words().nth(1).is_some(), last)
            && last < '\u{2e80}'
        {
            letters.extend(last.to_uppercase());
        }
        letters
    }
}

/// Returns the names of people in one line: "Ada, 陈思远".
pub fn people_line(people: &[Person]) -> String {
    people
        .iter()
        .map(Person::label)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, address: &str) -> Person {
        Person {
            name: name.to_owned(),
            address: address.to_owned(),
        }
    }

    #[test]
    fn initials_come_from_the_first_and_last_word() {
        for (name, address, initials) in [
            ("Marta Kowalczyk", "m@x.example", "MK"),
            ("Jonas van der Berg", "", "JB"),
            ("陈思远", "", "陈"),
            ("12306 购票通知", "", "1"),
            ("", "jo@x.example", "J"),
            ("\"Forgejo\"", "", "F"),
            ("", "", "?"),
            ("***", "", "?"),
            ("émile", "", "É"),
        ] {
            assert_eq!(
                person(name, address).initials(),
                initials,
                "{name} {address}"
            );
        }
    }

    #[test]
    fn colour_depends_on_the_address_but_not_its_case() {
        let one = person("A", "Ada@Example.org").hue();
        assert_eq!(one, person("B", "ada@example.ORG").hue());
        assert!(one.starts_with('h'));
    }

    #[test]
    fn people_line_uses_the_name_or_the_address() {
        let line = people_line(&[person("Ada", "a@x.example"), person(" ", "b@x.example")]);
        assert_eq!(line, "Ada, b@x.example");
    }
}
