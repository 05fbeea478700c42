//! People written to before and those of the address book: suggestions for a typed text, and
//! recipients that look like one of those written to.

use std::cmp::Reverse;
use std::collections::HashSet;

use app::api::types::{
    AddressWarning, COMPARED_MAX, Contact, Lang, Person, PersonSuggestion, SUGGESTIONS_MAX,
};
use app::text::people::{Match, find, fold};
use app::text::recipients::SEPARATOR;
use mail_mime::address::{Address, EmailAddress};
use mail_mime::spoofing::{self, Sign, shown_domain};
use unicode_normalization::UnicodeNormalization as _;

use super::map;
use crate::domain::{ContactBook, KnownPerson};

/// Maximum length of a typed text that is looked up, in bytes.
const TYPED_BYTES: usize = 200;
/// Minimum length of a local part that is compared with others, in characters: short ones differ in
/// one character by chance.
const LOCAL_CHARS_MIN: usize = 4;

/// Returns the people and groups who match a typed text, at most [`SUGGESTIONS_MAX`], in the order in
/// which they are offered.
///
/// The people written to most often and most recently come first, then those of the address book and
/// its groups, by name. Within each of the two, a match in the domain only comes last.
pub(super) fn suggest(
    known: Vec<KnownPerson>,
    book: ContactBook,
    typed: &str,
    now_unix_ms: i64,
) -> Vec<PersonSuggestion> {
    if typed.len() > TYPED_BYTES {
        return Vec::new();
    }
    let typed = folded(typed);
    let written: HashSet<String> = known.iter().map(|p| p.address.to_lowercase()).collect();
    let mut found: Vec<_> = known
        .into_iter()
        .filter_map(|known| {
            let person = map::person(&EmailAddress::new(&known.name, &known.address));
            let kind = find(&folded(&person.name), &folded(&person.address), &typed)?;
            let order = (
                kind,
                Reverse(known.score(now_unix_ms)),
                Reverse(known.written_unix_ms),
                known.address,
            );
            let written_count = known.written_count;
            Some((
                order,
                PersonSuggestion {
                    person,
                    written_count,
                    members: String::new(),
                },
            ))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let found = found.into_iter().map(|(_, suggestion)| suggestion);
    let mut in_book = of_book(book, &written, &typed);
    in_book.sort_by_key(|(kind, _)| *kind);
    let in_book = in_book.into_iter().map(|(_, suggestion)| suggestion);
    found.chain(in_book).take(SUGGESTIONS_MAX).collect()
}

/// Returns those of an address book who match and were not written to, in its order. An address that
/// matches is offered on its own, so that each address of a contact is found.
fn of_book(
    book: ContactBook,
    written: &HashSet<String>,
    typed: &str,
) -> Vec<(Match, PersonSuggestion)> {
    let mut found = Vec::new();
    for group in book.groups {
        let kind = find(&folded(&group.name), "", typed);
        let (Some(kind), false) = (kind, group.members.is_empty()) else {
            continue;
        };
        let name = group.name.clone();
        let address = String::new();
        let suggestion = PersonSuggestion {
            person: Person { name, address },
            written_count: 0,
            members: map::contact_group(group).members.join(SEPARATOR),
        };
        found.push((kind, suggestion));
    }
    for contact in book.contacts {
        let name = folded(&contact.name);
        for address in &contact.addresses {
            if written.contains(&address.to_lowercase()) {
                continue;
            }
            let person = map::person(&EmailAddress::new(&contact.name, address));
            if let Some(kind) = find(&name, &folded(&person.address), typed) {
                let suggestion = PersonSuggestion {
                    person,
                    written_count: 0,
                    members: String::new(),
                };
                found.push((kind, suggestion));
            }
        }
    }
    found
}

/// Whether a contact matches a searched text; a blank text matches all.
pub(super) fn matches(contact: &Contact, text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    if text.len() > TYPED_BYTES {
        return false;
    }
    let (name, text) = (folded(&contact.name), folded(text));
    let mut addresses = contact.addresses.iter();
    addresses.any(|address| find(&name, &folded(address), &text).is_some())
        || folded(&contact.note).contains(&text)
}

fn folded(text: &str) -> String {
    fold(&text.nfkd().collect::<String>())
}

/// Returns those of the first [`COMPARED_MAX`] addresses that may be mistaken for others. An address
/// that was written to before never is.
pub(super) fn compare(
    known: &[KnownPerson],
    addresses: &[String],
    lang: Lang,
) -> Vec<AddressWarning> {
    let known: Vec<Address> = known
        .iter()
        .filter_map(|person| Address::parse_utf8(&person.address).ok())
        .collect();
    let addresses = addresses.iter().take(COMPARED_MAX);
    addresses
        .filter_map(|address| {
            let text = oddity(&known, address)?.text(lang);
            let address = address.clone();
            Some(AddressWarning { address, text })
        })
        .collect()
}

/// What is unusual about an address.
#[derive(Debug, PartialEq, Eq)]
enum Oddity {
    /// It, or its domain, is nearly one that was written to.
    Resembles { part: String, known: String },
    /// Its domain has letters that look like others.
    Imitates { domain: String },
}

impl Oddity {
    fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Resembles { part, known }, Lang::En) => {
                format!("{part} is not {known}, to whom you wrote before.")
            }
            (Self::Resembles { part, known }, Lang::ZhCn) => {
                format!("{part} 不是您曾写过信的 {known}。")
            }
            (Self::Imitates { domain }, Lang::En) => {
                format!("{domain} has letters that look like others.")
            }
            (Self::Imitates { domain }, Lang::ZhCn) => {
                format!("{domain} 中有与其他字母相似的字符。")
            }
        }
    }
}

fn oddity(known: &[Address], text: &str) -> Option<Oddity> {
    let address = Address::parse_utf8(text).ok()?;
    if known.iter().any(|other| other.is_same_mailbox(&address)) {
        return None;
    }
    let typed_domain = text.rsplit_once('@').map_or("", |(_, domain)| domain);
    let domain = address.domain();
    let is_known_domain = |other: &&Address| other.domain().eq_ignore_ascii_case(domain);
    if known.iter().any(|other| is_known_domain(&other)) {
        let local = address.local().to_lowercase();
        let similar = known.iter().filter(is_known_domain).find(|other| {
            local.chars().count() >= LOCAL_CHARS_MIN
                && is_one_edit(&local, &other.local().to_lowercase())
        });
        return similar.map(|other| Oddity::Resembles {
            part: text.to_owned(),
            known: format!("{}@{}", other.local(), shown_domain(other.domain())),
        });
    }
    let similar = known.iter().find(|other| {
        let other = other.domain();
        spoofing::looks_like(domain, other)
            || is_one_edit(&domain.to_lowercase(), &other.to_lowercase())
    });
    if let Some(similar) = similar {
        return Some(Oddity::Resembles {
            part: typed_domain.to_owned(),
            known: shown_domain(similar.domain()),
        });
    }
    let signs = spoofing::signs(&EmailAddress::new("", text));
    let is_imitation = |sign: &Sign| matches!(sign, Sign::MixedScripts | Sign::LookAlikeDomain);
    let domain = typed_domain.to_owned();
    let is_imitation = signs.iter().any(is_imitation);
    is_imitation.then_some(Oddity::Imitates { domain })
}

/// Whether two texts differ in one character that was replaced, added or left out, or in two
/// neighbours that were swapped. Numbers that differ are different names, not misspellings.
fn is_one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same_start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same_start..), b.get(same_start..));
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    let pairs = a.iter().rev().zip(b.iter().rev());
    let same_end = pairs.take_while(|(a, b)| a == b).count();
    let rest = |text: &[char]| -> Vec<char> {
        let length = text.len().saturating_sub(same_end);
        text.iter().take(length).copied().collect()
    };
    match (rest(a).as_slice(), rest(b).as_slice()) {
        ([one], [other]) => !(one.is_ascii_digit() && other.is_ascii_digit()),
        ([one], []) | ([], [one]) => !one.is_ascii_digit(),
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;
    const DAY_MS: i64 = 86_400_000;

    fn known(name: &str, address: &str, written_count: u32, age_days: i64) -> KnownPerson {
        KnownPerson {
            name: name.to_owned(),
            address: address.to_owned(),
            written_count,
            written_unix_ms: NOW_MS - age_days * DAY_MS,
        }
    }

    fn suggested(people: &[KnownPerson], typed: &str) -> Vec<String> {
        let book = ContactBook::default();
        let suggestions = suggest(people.to_vec(), book, typed, NOW_MS).into_iter();
        suggestions.map(|s| s.person.address).collect()
    }

    #[test]
    fn the_most_frequent_and_most_recent_people_come_first() {
        let people = [
            known("", "ann1@x.example", 1, 2),
            known("", "ann2@x.example", 3, 2),
            known("", "ann3@x.example", 1, 1),
            known("", "ann4@x.example", 9, 200),
            known("", "ben@annex.example", 20, 0),
            known("Zoë Ann", "z@x.example", 1, 50),
            known("Ben", "b@x.example", 20, 0),
        ];
        let expected = [
            "ann2@x.example",
            "ann3@x.example",
            "ann1@x.example",
            "ann4@x.example",
            "z@x.example",
            "ben@annex.example",
        ];
        assert_eq!(suggested(&people, "ann"), expected);
        assert_eq!(suggested(&people, "ZOE"), ["z@x.example"]);
        assert!(suggested(&people, " ").is_empty());
        assert!(suggested(&people, &"a".repeat(TYPED_BYTES + 1)).is_empty());
    }

    #[test]
    fn a_domain_is_shown_and_found_in_unicode() {
        let people = [known("", "ann@xn--fsqu00a.xn--0zwm56d", 1, 0)];
        assert_eq!(suggested(&people, "ann@例"), ["ann@例子.测试"]);
    }

    #[test]
    fn address_book_comes_after_the_people_written_to() {
        let contact = |name: &str, addresses: &[&str]| crate::domain::Contact {
            name: name.to_owned(),
            addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
            ..crate::domain::Contact::default()
        };
        let group = |name: &str, members: &[&str]| crate::domain::ContactGroup {
            name: name.to_owned(),
            members: members.iter().map(|a| (*a).to_owned()).collect(),
            ..crate::domain::ContactGroup::default()
        };
        let book = ContactBook {
            contacts: vec![
                contact("Ben", &["b@ann.example"]),
                contact("Ann", &["ANN@x.example", "ann@xn--fsqu00a.xn--0zwm56d"]),
            ],
            groups: vec![
                group("Annual", &["a@x.example", "b@xn--fsqu00a.xn--0zwm56d"]),
                group("Ann nobody", &[]),
            ],
            unreadable: 0,
        };
        let people = vec![
            known("", "ann@x.example", 1, 400),
            known("", "c@ann.example", 1, 0),
        ];
        let suggestions = suggest(people, book, "ann", NOW_MS).into_iter();
        let found: Vec<_> = suggestions
            .map(|s| (s.person.name, s.person.address, s.members, s.written_count))
            .collect();
        let expected = [
            ("", "ann@x.example", "", 1),
            ("", "c@ann.example", "", 1),
            ("Annual", "", "a@x.example, b@例子.测试", 0),
            ("Ann", "ann@例子.测试", "", 0),
            ("Ben", "b@ann.example", "", 0),
        ];
        let expected = expected.map(|(name, address, members, count)| {
            (
                name.to_owned(),
                address.to_owned(),
                members.to_owned(),
                count,
            )
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn one_answer_is_limited() {
        let people: Vec<_> = (0..100)
            .map(|n| known("", &format!("ann{n}@x.example"), 1, 0))
            .collect();
        assert_eq!(suggested(&people, "ann").len(), SUGGESTIONS_MAX);
    }

    #[test]
    fn a_recipient_that_resembles_a_known_one_is_told_and_the_known_one_is_not() {
        let people = [
            known("", "service@bank.example", 1, 0),
            known("", "maria@haiou.example", 1, 0),
            known("", "team1@haiou.example", 1, 0),
        ];
        let compared = |address: &str| {
            let warnings = compare(&people, &[address.to_owned()], Lang::En);
            warnings.into_iter().next().map(|warning| warning.text)
        };
        let resembles = |part: &str, known: &str| {
            Some(format!("{part} is not {known}, to whom you wrote before."))
        };
        let imitates = "bаnk-а.example has letters that look like others.".to_owned();
        for (address, expected) in [
            (
                "service@bank.examp1e",
                resembles("bank.examp1e", "bank.example"),
            ),
            ("x@bnak.example", resembles("bnak.example", "bank.example")),
            (
                "x@banks.example",
                resembles("banks.example", "bank.example"),
            ),
            (
                "marla@haiou.example",
                resembles("marla@haiou.example", "maria@haiou.example"),
            ),
            (
                "mraia@haiou.example",
                resembles("mraia@haiou.example", "maria@haiou.example"),
            ),
            ("x@bаnk-а.example", Some(imitates)),
            // Known, of another name, or a number.
            ("Service@BANK.example", None),
            ("other@bank.example", None),
            ("team2@haiou.example", None),
            ("team12@haiou.example", None),
            ("x@shop.example", None),
            ("陈@例子.测试", None),
            ("not an address", None),
        ] {
            assert_eq!(compared(address), expected, "{address}");
        }
    }

    #[test]
    fn a_request_compares_a_limited_number_of_addresses() {
        let people = [known("", "service@bank.example", 1, 0)];
        let addresses = vec!["x@banks.example".to_owned(); COMPARED_MAX + 1];
        assert_eq!(compare(&people, &addresses, Lang::ZhCn).len(), COMPARED_MAX);
    }
}
