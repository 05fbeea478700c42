//! Parser of Authentication-Results fields (RFC 8601 §2.2).

use crate::charset;
use crate::display;
use crate::structured::{split, unquoted, without_comments};

/// Maximum number of results that are read from one field.
const RESULTS_MAX: usize = 50;
/// Maximum number of properties of one result.
const PROPERTIES_MAX: usize = 20;
/// Maximum length of a value, in bytes.
const VALUE_BYTES: usize = 1_000;

/// One Authentication-Results field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AuthResults {
    /// The service that authenticated the message, lower case. Empty if the field has none:
    /// Exchange Online leaves it out.
    pub authserv_id: String,
    /// The version of the syntax; 1 if there is none. Other versions have no defined meaning.
    pub version: u32,
    /// The results, at most 50. Empty also for `none`.
    pub results: Vec<MethodResult>,
}

/// The result of one authentication method.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodResult {
    /// The method, lower case, such as `spf`, `dkim`, `dmarc`.
    pub method: String,
    /// The result.
    pub outcome: Outcome,
    /// The reason for the result.
    pub reason: Option<String>,
    /// What was authenticated, at most 20 properties.
    pub properties: Vec<Property>,
}

impl MethodResult {
    /// Returns the value of the first property of a type and a name, both lower case:
    /// `property("smtp", "mailfrom")`.
    pub fn property(&self, kind: &str, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|property| property.kind == kind && property.name == name)
            .map(|property| property.value.as_str())
    }
}

/// A property of a result, such as `header.d=a.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// The type, lower case: `smtp`, `header`, `body` or `policy`.
    pub kind: String,
    /// The name, lower case, such as `mailfrom`.
    pub name: String,
    /// The value, without quotes. Empty if it is longer than 1,000 bytes. A hidden character in it
    /// is U+FFFD.
    pub value: String,
}

/// The result of a method (RFC 8601 §2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The message is authenticated.
    Pass,
    /// It is not.
    Fail,
    /// SPF: the host is probably not authorized.
    SoftFail,
    /// Nothing can be said.
    Neutral,
    /// There was nothing to check, such as no signature.
    None,
    /// An error that a retry may overcome, such as of DNS.
    TempError,
    /// An error that will remain, such as an invalid record.
    PermError,
    /// Authenticated, but not accepted by a local policy.
    Policy,
}

impl Outcome {
    /// Parses a result. `hardfail` and `error` are of older programs (RFC 5451).
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "pass" => Self::Pass,
            "fail" | "hardfail" => Self::Fail,
            "softfail" => Self::SoftFail,
            "neutral" => Self::Neutral,
            "none" => Self::None,
            "temperror" | "error" => Self::TempError,
            "permerror" => Self::PermError,
            "policy" => Self::Policy,
            _ => return None,
        })
    }
}

impl AuthResults {
    /// Parses the value of a field, unfolded. Never fails: what is not understood, such as an
    /// unknown result, is left out.
    ///
    /// ```abnf
    /// authres-payload = [CFWS] authserv-id [ CFWS authres-version ]
    ///                   ( [CFWS] ";" [CFWS] "none" / 1*resinfo ) [CFWS]
    /// ```
    pub fn parse(value: &[u8]) -> Self {
        let text = without_comments(&charset::decode(value, None));
        let mut pieces = split(&text, |c| c == ';').peekable();
        let mut out = Self {
            version: 1,
            ..Self::default()
        };
        let head = pieces.next_if(|head| split(head, |c| c == '=').nth(1).is_none());
        let mut words = split(head.unwrap_or_default(), char::is_whitespace)
            .filter(|word| !word.is_empty())
            .map(clean);
        out.authserv_id = words.next().unwrap_or_default().to_lowercase();
        if let Some(version) = words.next() {
            out.version = version.parse().unwrap_or(0);
        }
        let results = pieces.filter_map(MethodResult::parse);
        out.results.extend(results.take(RESULTS_MAX));
        out
    }
}

impl MethodResult {
    /// Parses one result.
    ///
    /// ```abnf
    /// resinfo = [CFWS] ";" method "=" result [ CFWS "reason=" value ]
    ///           *( CFWS ptype "." property "=" pvalue )
    /// ```
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let (method, result) = next_pair(&mut rest)?;
        // The version of the method follows a slash.
        let method = method.split('/').next().unwrap_or_default().to_owned();
        let mut out = Self {
            method,
            outcome: Outcome::parse(&result)?,
            reason: None,
            properties: Vec::new(),
        };
        while let Some((name, value)) = next_pair(&mut rest) {
            if out.properties.len() >= PROPERTIES_MAX {
                break;
            }
            if name == "reason" {
                out.reason.get_or_insert(value);
            } else if let Some((kind, name)) = name.split_once('.') {
                out.properties.push(Property {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    value,
                });
            }
        }
        Some(out)
    }
}

/// Takes the next `name=value` of a text, the name in lower case.
///
/// White space is allowed around `=`, and in a name around `.` and `/`. Of other words before the
/// `=` the last is the name.
fn next_pair(rest: &mut &str) -> Option<(String, String)> {
    let (before, after) = rest.split_once('=')?;
    let mut name = String::new();
    for word in before.split_whitespace() {
        let is_joint = |c| matches!(c, '.' | '/');
        if !name.ends_with(is_joint) && !word.starts_with(is_joint) {
            name.clear();
        }
        name.push_str(word);
    }
    let after = after.trim_start();
    let value = split(after, char::is_whitespace).next().unwrap_or_default();
    *rest = after.get(value.len()..).unwrap_or_default();
    Some((clean(&name).to_ascii_lowercase(), clean(value)))
}

/// Removes quotes, except those of a local part. A hidden character becomes U+FFFD, and a long value
/// is dropped: a domain without its hidden characters or without its end is another domain.
fn clean(word: &str) -> String {
    if word.len() > VALUE_BYTES {
        return String::new();
    }
    let value = if word.contains("\"@") {
        word.to_owned()
    } else {
        unquoted(word)
    };
    let shown = |c| {
        if display::is_hidden(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    value.chars().map(shown).collect()
}
