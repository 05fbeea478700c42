//! Limits on the text of received messages that is held in memory and shown.

use mail_mime::address::EmailAddress;

/// Maximum length of a subject in a list row, in bytes.
pub(crate) const SUBJECT_MAX_BYTES: usize = 1000;
/// Memory of a list row without its strings, in bytes.
pub(crate) const ROW_BYTES: usize = 512;
/// Maximum number of addresses of one header field in a list row.
const ADDRESSES_MAX: usize = 8;
/// Maximum length of a display name or an address in a list row, in bytes.
const ADDRESS_MAX_BYTES: usize = 320;

/// Returns the first addresses of a header field, with names and addresses cut to the list limits.
pub(crate) fn few(mut addresses: Vec<EmailAddress>) -> Vec<EmailAddress> {
    addresses.truncate(ADDRESSES_MAX);
    addresses.shrink_to_fit();
    for entry in &mut addresses {
        entry.name = cut(std::mem::take(&mut entry.name), ADDRESS_MAX_BYTES);
        entry.address = cut(std::mem::take(&mut entry.address), ADDRESS_MAX_BYTES);
    }
    addresses
}

/// Truncates a text between characters so that it has at most `max_bytes` with an ellipsis.
pub(crate) fn cut(mut text: String, max_bytes: usize) -> String {
    const ELLIPSIS: char = '…';
    if text.len() > max_bytes {
        let room = max_bytes.saturating_sub(ELLIPSIS.len_utf8());
        text.truncate(text.floor_char_boundary(room));
        text.push(ELLIPSIS);
        text.shrink_to_fit();
    }
    text
}

/// Returns the memory that an address takes, in bytes.
pub(crate) fn weight_of(entry: &EmailAddress) -> usize {
    size_of::<EmailAddress>() + entry.name.len() + entry.address.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_truncated_between_characters_with_an_ellipsis() {
        assert_eq!(cut("short".into(), 5), "short");
        assert_eq!(cut("收件箱收件箱".into(), 10), "收件…");
        assert_eq!(cut("收件箱收件箱".into(), 12), "收件箱…");
    }

    #[test]
    fn list_row_holds_only_the_first_recipients() {
        let all = vec![EmailAddress::new(&"n".repeat(5_000), "a@restante.test"); 1_000];
        let addresses = few(all);
        assert_eq!(addresses.len(), ADDRESSES_MAX);
        assert!(addresses.iter().map(weight_of).sum::<usize>() < 8 << 10);
    }
}
