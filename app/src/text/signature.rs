//! Signatures in the text of a message.

/// Returns a text with another signature: in place of the old one, or before the quotation that
/// `initial`, the text of the form at its beginning, ends with. A signature that was edited stays.
pub fn resigned(text: &str, old: &str, new: &str, initial: &str) -> String {
    if old == new {
        return text.to_owned();
    }
    if !old.is_empty() {
        let Some(at) = text.find(old) else {
            return text.to_owned();
        };
        let (before, rest) = text.split_at(at);
        let after = rest.get(old.len()..).unwrap_or_default();
        return match new {
            "" => format!("{}{after}", before.trim_end_matches('\n')),
            new => format!("{before}{new}{after}"),
        };
    }
    let quotation = initial.trim_start();
    match text.strip_suffix(quotation) {
        Some(own) if !quotation.is_empty() => {
            format!("{}\n\n{new}\n\n{quotation}", own.trim_end_matches('\n'))
        }
        _ => format!("{}\n\n{new}", text.trim_end_matches('\n')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_sender_brings_its_signature_in_place_of_the_old_one() {
        let text = "Hi\n\n-- \nAnn\n\nOn Monday:\n> x";
        let signed = resigned(text, "-- \nAnn", "-- \nSales", "\n\nOn Monday:\n> x");
        assert_eq!(signed, "Hi\n\n-- \nSales\n\nOn Monday:\n> x");
        assert_eq!(resigned(text, "-- \nBen", "-- \nSales", ""), text);
    }

    #[test]
    fn a_first_signature_stands_before_the_quotation() {
        let initial = "\n\nOn Monday:\n> x\n";
        let signed = resigned("Hi\n\nOn Monday:\n> x\n", "", "-- \nAnn", initial);
        assert_eq!(signed, "Hi\n\n-- \nAnn\n\nOn Monday:\n> x\n");
        assert_eq!(resigned("Hi", "", "-- \nAnn", ""), "Hi\n\n-- \nAnn");
    }

    #[test]
    fn a_sender_without_signature_takes_it_away() {
        assert_eq!(resigned("Hi\n\n-- \nAnn", "-- \nAnn", "", ""), "Hi");
    }
}
