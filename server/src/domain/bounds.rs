//! How much of what strangers write is kept and shown, however long it is.

use mail_mime::address::EmailAddress;

/// The most of a subject that a list keeps, in bytes.
pub(crate) const SUBJECT_MAX_BYTES: usize = 1000;
/// What a row takes in memory beside its texts.
pub(crate) const ROW_BYTES: usize = 512;
/// The most people of one field that a list keeps.
const PEOPLE_MAX: usize = 8;
/// The most of a name or an address that a list keeps, in bytes.
const PERSON_MAX_BYTES: usize = 320;

/// The first people of a field, none of them longer than a list shows.
pub(crate) fn few(mut people: Vec<EmailAddress>) -> Vec<EmailAddress> {
    people.truncate(PEOPLE_MAX);
    people.shrink_to_fit();
    for person in &mut people {
        person.name = cut(std::mem::take(&mut person.name), PERSON_MAX_BYTES);
        person.address = cut(std::mem::take(&mut person.address), PERSON_MAX_BYTES);
    }
    people
}

/// A text of at most so many bytes; one that is cut ends in an ellipsis.
pub(crate) fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

/// What a person takes in memory.
pub(crate) fn weight_of(person: &EmailAddress) -> usize {
    size_of::<EmailAddress>() + person.name.len() + person.address.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        assert_eq!(cut("short".into(), 5), "short");
        assert_eq!(cut("收件箱收件箱".into(), 10), "收件箱…");
    }

    #[test]
    fn of_a_thousand_recipients_a_list_keeps_the_first() {
        let all = vec![EmailAddress::new(&"n".repeat(5_000), "a@restante.test"); 1_000];
        let kept = few(all);
        assert_eq!(kept.len(), PEOPLE_MAX);
        assert!(kept.iter().map(weight_of).sum::<usize>() < 8 << 10);
    }
}
