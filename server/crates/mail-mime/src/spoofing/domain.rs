//! Domains for display: which labels are shown in Unicode, and which domains look alike (UTS 39).

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{Hyphens, Uts46};
use unicode_normalization::char::is_combining_mark;
use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton};

use crate::display;

/// Maximum length of a domain that is decoded, in bytes: 253 characters of 4 octets (RFC 1035
/// §2.3.4).
const DOMAIN_BYTES: usize = 4 * 253;

/// What the labels of a domain may hide.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CheckedDomain {
    /// A label mixes scripts that are not written together.
    pub(super) mixes_scripts: bool,
    /// A label that is not ASCII looks like ASCII.
    pub(super) looks_ascii: bool,
}

/// Returns a domain for display, in lower case.
///
/// A label is shown in Unicode under the rules that browsers have: its characters are allowed in
/// identifiers (UTS 39 §3.1); it is of one script, or of Latin with Chinese, Japanese or Korean
/// ("highly restrictive", §5.2); and it does not look like ASCII, unless the top-level domain is of
/// the same other script (`сор.рф`). Any other label is shown as an A-label.
///
/// A domain in Unicode that IDNA does not allow has U+FFFD where it is invalid. An invalid one in
/// ASCII, an address literal, and a domain over 1,012 bytes stay as written.
pub fn shown_domain(domain: &str) -> String {
    display_form(domain, |label, tld| {
        is_of_identifier(label) && !looks_ascii_beside(label, tld)
    })
    .into_owned()
}

/// Checks the labels of a domain, written in Unicode or as A-labels.
pub(super) fn check(domain: &str) -> CheckedDomain {
    let mut checked = CheckedDomain::default();
    display_form(domain, |label, tld| {
        checked.mixes_scripts |= mixes_scripts(label);
        checked.looks_ascii |= looks_ascii_beside(label, tld);
        true
    });
    checked
}

/// Whether two domains of different owners look alike: `paypa1.com`, `rnicrosoft.com`, and
/// `xn--80ak6aa92e.com` for `apple.com`. The order of the two does not matter.
///
/// Compared are the registrable domains (Public Suffix List) by the skeletons of UTS 39 §4, without
/// accents, and with `i`, `l`, `1` and `0`, `o` as one letter each: how a letter is written, `I` or
/// `i`, is the sender's choice. Other misspellings are not found.
pub fn looks_like(domain: &str, known: &str) -> bool {
    let (Some(one), Some(other)) = (registrable(domain), registrable(known)) else {
        return false;
    };
    one != other && fold(&one) == fold(&other)
}

/// Whether a text mixes scripts that are not written together.
pub(super) fn mixes_scripts(text: &str) -> bool {
    !text.is_single_script() && !is_of_identifier(text)
}

/// Whether a text that is not ASCII looks like one that is.
pub(super) fn looks_ascii(text: &str) -> bool {
    !text.is_ascii() && skeleton(text).all(|c| c.is_ascii())
}

fn looks_ascii_beside(label: &str, tld: &str) -> bool {
    let has_script_of_tld = !tld.is_ascii() && format!("{label}{tld}").is_single_script();
    looks_ascii(label) && !has_script_of_tld
}

fn is_of_identifier(text: &str) -> bool {
    text.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

/// Returns a domain with each label in Unicode for which `is_unicode` holds, given the label and
/// the top-level domain, both in Unicode.
fn display_form(domain: &str, mut is_unicode: impl FnMut(&str, &str) -> bool) -> Cow<'_, str> {
    if domain.starts_with('[') || domain.len() > DOMAIN_BYTES {
        return Cow::Owned(display::line(domain));
    }
    let text = |chars: &[char]| chars.iter().collect::<String>();
    let (shown, result) = Uts46::new().to_user_interface(
        domain.as_bytes(),
        AsciiDenyList::EMPTY,
        Hyphens::Allow,
        |label, tld, _| is_unicode(&text(label), &text(tld)),
    );
    if result.is_err() && domain.is_ascii() {
        return Cow::Owned(display::line(&domain.to_ascii_lowercase()));
    }
    shown
}

/// Returns the registrable domain in Unicode; `None` if there is none.
fn registrable(domain: &str) -> Option<String> {
    if domain.len() > DOMAIN_BYTES {
        return None;
    }
    let ascii = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    let (unicode, result) = idna::domain_to_unicode(psl::domain_str(&ascii)?);
    result.is_ok().then_some(unicode)
}

/// Returns a text that is the same for domains that look alike.
fn fold(domain: &str) -> String {
    let letters = skeleton(domain).filter(|c| !is_combining_mark(*c));
    let folded: String = letters
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'i' | '1' => 'l',
            '0' => 'o',
            other => other,
        })
        .collect();
    // Pairs that the tables of Unicode leave out.
    folded.replace("vv", "w").replace("cl", "d")
}
