//! Matching of people with what the user types. Server and page share it, so that both select the
//! same people.

/// How a person matches a typed text; the better match is the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// By the name or the local part.
    Name,
    /// By the domain only.
    Domain,
}

/// The beginning of the scripts that do not separate words: Han, kana, hangul and similar.
const WITHOUT_SPACES: char = '\u{2e80}';

/// Returns a text for comparison: in lower case, without marks, quotes and brackets. The text must be
/// in compatibility decomposition (NFKD).
pub fn fold(decomposed: &str) -> String {
    let is_left_out = |c: &char| {
        matches!(c,
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{3099}' | '\u{309a}' | '\u{fe20}'..='\u{fe2f}'
            | '"' | '<' | '>')
    };
    let kept = decomposed.chars().filter(|c| !is_left_out(c));
    kept.flat_map(char::to_lowercase).collect()
}

/// Returns how a person matches a typed text; all three are folded ([`fold`]).
///
/// Every word of the text begins a word of the name, of the local part or of the domain, or the whole
/// address. In scripts without spaces it is anywhere in the name. A blank text matches nobody.
pub fn find(name: &str, address: &str, typed: &str) -> Option<Match> {
    let matches = typed
        .split_whitespace()
        .map(|word| find_word(name, address, word));
    // The worst match counts: every word has to match.
    matches.reduce(|a, b| Some(a?.max(b?))).flatten()
}

fn find_word(name: &str, address: &str, word: &str) -> Option<Match> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    if address.starts_with(word)
        || begins_word(name, word)
        || begins_word(local, word)
        || word.contains(|c| c >= WITHOUT_SPACES) && name.contains(word)
    {
        return Some(Match::Name);
    }
    let typed_domain = word.strip_prefix('@').unwrap_or(word);
    begins_word(domain, typed_domain).then_some(Match::Domain)
}

/// Whether a word of the text begins with `start`. The text after it may be further words.
fn begins_word(text: &str, start: &str) -> bool {
    let mut before = None;
    text.char_indices().any(|(at, c)| {
        let is_start = c.is_alphanumeric() && !before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        is_start && text.get(at..).is_some_and(|rest| rest.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, address: &str, typed: &str) -> Option<Match> {
        find(&fold(name), &fold(address), &fold(typed))
    }

    #[test]
    fn a_text_matches_the_start_of_a_word() {
        let ann = |typed| found("Ann-Marie O'Neil", "am.oneil+x@mail.shop.example", typed);
        for typed in [
            "an",
            "ANN",
            "marie",
            "neil",
            "o'n",
            "am",
            "oneil",
            "x",
            "am.oneil",
            "am.oneil+x@mail",
            "ann o'neil",
            "neil ann",
            "\"Ann",
            "ann neil",
        ] {
            assert_eq!(ann(typed), Some(Match::Name), "{typed}");
        }
        for typed in ["shop", "mail", "@mail.sh", "@shop", "ann shop", "example"] {
            assert_eq!(ann(typed), Some(Match::Domain), "{typed}");
        }
        for typed in ["", " ", "nn", "hop", "ann x y", "neil+", "ann ben", "@"] {
            let expected = (typed == "@").then_some(Match::Domain);
            assert_eq!(ann(typed), expected, "{typed}");
        }
    }

    #[test]
    fn accents_and_case_are_ignored_and_chinese_matches_anywhere() {
        // Decomposed, as the callers decompose it.
        assert_eq!(
            found("Ame\u{301}lie Durand", "a@x.example", "amelie"),
            Some(Match::Name)
        );
        assert_eq!(
            found("Amelie", "a@x.example", "AME\u{301}L"),
            Some(Match::Name)
        );
        assert_eq!(found("陈思远", "c@x.example", "思远"), Some(Match::Name));
        assert_eq!(found("陈思远", "c@x.example", "远思"), None);
        assert_eq!(found("王 磊", "c@x.example", "磊"), Some(Match::Name));
    }
}
