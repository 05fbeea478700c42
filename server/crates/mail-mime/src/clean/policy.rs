//! The allow list of elements, attributes and attribute values.
//!
//! No element here holds raw text, loads anything but an image, or leaves the HTML namespace; no
//! attribute here is a script. Names and styles are written by [`super::css`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::Url;

use super::Images;

/// The effect of an element on the elements around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has no content.
    Void,
    /// Ends an open paragraph.
    Block,
    /// Reopened by parsers when an element around it ends.
    Formatting,
    /// None of these.
    Inline,
    /// A part of a table.
    Table,
}

/// Attributes that every element may have. An attribute that the filter may remove by its decoded
/// value (`href`, `src`) is written last: ammonia reorders the attributes after one that it drops.
const GENERIC: [&str; 8] = [
    "align", "bgcolor", "class", "dir", "id", "lang", "title", "valign",
];

/// The allow list: element, kind, attributes of its own.
const ELEMENTS: &[(&str, Kind, &[&str])] = &[
    ("a", Kind::Formatting, &["href"]),
    ("abbr", Kind::Inline, &[]),
    ("acronym", Kind::Inline, &[]),
    ("address", Kind::Block, &[]),
    ("article", Kind::Block, &[]),
    ("aside", Kind::Block, &[]),
    ("b", Kind::Formatting, &[]),
    ("bdi", Kind::Inline, &[]),
    ("bdo", Kind::Inline, &[]),
    ("big", Kind::Formatting, &[]),
    ("blockquote", Kind::Block, &["type"]),
    ("br", Kind::Void, &["clear"]),
    ("caption", Kind::Table, &[]),
    ("center", Kind::Block, &[]),
    ("cite", Kind::Inline, &[]),
    ("code", Kind::Formatting, &[]),
    ("col", Kind::Void, &["span", "width"]),
    ("colgroup", Kind::Table, &["span", "width"]),
    ("dd", Kind::Block, &[]),
    ("del", Kind::Inline, &[]),
    ("details", Kind::Block, &["open"]),
    ("dfn", Kind::Inline, &[]),
    ("div", Kind::Block, &[]),
    ("dl", Kind::Block, &[]),
    ("dt", Kind::Block, &[]),
    ("em", Kind::Formatting, &[]),
    ("figcaption", Kind::Block, &[]),
    ("figure", Kind::Block, &[]),
    ("font", Kind::Formatting, &["color", "face", "size"]),
    ("footer", Kind::Block, &[]),
    ("h1", Kind::Block, &[]),
    ("h2", Kind::Block, &[]),
    ("h3", Kind::Block, &[]),
    ("h4", Kind::Block, &[]),
    ("h5", Kind::Block, &[]),
    ("h6", Kind::Block, &[]),
    ("header", Kind::Block, &[]),
    ("hr", Kind::Void, &["color", "noshade", "size", "width"]),
    ("i", Kind::Formatting, &[]),
    (
        "img",
        Kind::Void,
        &[
            "alt", "border", "height", "hspace", "vspace", "width", "src",
        ],
    ),
    ("ins", Kind::Inline, &[]),
    ("kbd", Kind::Inline, &[]),
    ("li", Kind::Block, &["type", "value"]),
    ("main", Kind::Block, &[]),
    ("mark", Kind::Inline, &[]),
    ("nav", Kind::Block, &[]),
    ("ol", Kind::Block, &["reversed", "start", "type"]),
    ("p", Kind::Block, &[]),
    ("picture", Kind::Inline, &[]),
    ("pre", Kind::Block, &[]),
    ("q", Kind::Inline, &[]),
    ("rp", Kind::Inline, &[]),
    ("rt", Kind::Inline, &[]),
    ("ruby", Kind::Inline, &[]),
    ("s", Kind::Formatting, &[]),
    ("samp", Kind::Inline, &[]),
    ("section", Kind::Block, &[]),
    ("small", Kind::Formatting, &[]),
    ("span", Kind::Inline, &[]),
    ("strike", Kind::Formatting, &[]),
    ("strong", Kind::Formatting, &[]),
    ("sub", Kind::Inline, &[]),
    ("summary", Kind::Block, &[]),
    ("sup", Kind::Inline, &[]),
    (
        "table",
        Kind::Block,
        &[
            "border",
            "cellpadding",
            "cellspacing",
            "height",
            "width",
            "background",
        ],
    ),
    ("tbody", Kind::Table, &[]),
    (
        "td",
        Kind::Table,
        &[
            "colspan",
            "height",
            "nowrap",
            "rowspan",
            "width",
            "background",
        ],
    ),
    ("tfoot", Kind::Table, &[]),
    (
        "th",
        Kind::Table,
        &[
            "colspan",
            "height",
            "nowrap",
            "rowspan",
            "width",
            "background",
        ],
    ),
    ("thead", Kind::Table, &[]),
    ("tr", Kind::Table, &["height", "background"]),
    ("tt", Kind::Formatting, &[]),
    ("u", Kind::Formatting, &[]),
    ("ul", Kind::Block, &["type"]),
    ("var", Kind::Inline, &[]),
    ("wbr", Kind::Void, &[]),
];

/// Returns the entry of an allowed element.
pub(super) fn element(name: &str) -> Option<(&'static str, Kind, &'static [&'static str])> {
    let index = ELEMENTS
        .binary_search_by_key(&name, |(other, ..)| other)
        .ok()?;
    ELEMENTS.get(index).copied()
}

/// Returns the attributes that an allowed element may keep.
pub(super) fn attributes(own: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    GENERIC.into_iter().chain(own.iter().copied())
}

/// Returns the allow list as ammonia takes it: elements, attributes of each, attributes of all.
pub(super) fn for_ammonia() -> (
    HashSet<&'static str>,
    HashMap<&'static str, HashSet<&'static str>>,
    HashSet<&'static str>,
) {
    let elements = ELEMENTS.iter().map(|(name, ..)| *name).collect();
    let mut own: HashMap<_, HashSet<_>> = ELEMENTS
        .iter()
        .map(|(name, _, own)| (*name, own.iter().copied().collect()))
        .collect();
    own.entry("a").or_default().extend(["target", "rel"]);
    let generic = GENERIC.into_iter().chain(["style"]).collect();
    (elements, own, generic)
}

/// Whether the content of an element is not shown, or not as HTML; it is removed with the element.
pub(super) fn hides_content(name: &str) -> bool {
    matches!(
        name,
        "applet"
            | "audio"
            | "canvas"
            | "datalist"
            | "dialog"
            | "math"
            | "object"
            | "select"
            | "svg"
            | "template"
            | "video"
    )
}

/// Whether a start tag ends SVG and `MathML` content (HTML standard §13.2.6.5).
pub(super) fn ends_foreign_content(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// Maximum length of a title or an alternative text, in bytes.
const VALUE_BYTES: usize = 1_000;
/// Maximum length of a link, in bytes.
const LINK_BYTES: usize = 8 << 10;
/// Attributes of every link: it opens in a new window without an opener or a referrer.
pub(super) const LINK_ATTRIBUTES: &str = " target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
/// The `target` value for ammonia.
pub(super) const LINK_TARGET: &str = "_blank";
/// The `rel` value for ammonia.
pub(super) const LINK_REL: &str = "noopener noreferrer nofollow";

/// Whether the value of an attribute that is not a URL may be kept.
pub(super) fn is_plain_value(attribute: &str, value: &str) -> bool {
    match attribute {
        "width" | "height" | "border" | "cellpadding" | "cellspacing" | "colspan" | "rowspan"
        | "span" | "hspace" | "vspace" | "value" | "start" => is_dimension(value),
        "size" => is_dimension(value.strip_prefix(['+', '-']).unwrap_or(value)),
        "bgcolor" | "color" => {
            let word = value.strip_prefix('#').unwrap_or(value);
            (1..=32).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric())
        }
        "align" | "valign" | "clear" | "dir" | "lang" | "type" | "noshade" | "nowrap" | "open"
        | "reversed" => {
            value.len() <= 35
                && value
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        }
        "face" => {
            value.len() <= 200
                && value
                    .chars()
                    .all(|c| c.is_alphanumeric() || " ,-_.'".contains(c))
        }
        _ => value.len() <= VALUE_BYTES,
    }
}

fn is_dimension(value: &str) -> bool {
    let number = value.trim();
    let number = number
        .strip_suffix('%')
        .or_else(|| number.strip_suffix("px"))
        .unwrap_or(number);
    (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}

/// The kinds of image addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// A part of the same message, by its content id.
    Part(String),
    /// A raster image in the address itself.
    Embedded(&'a str),
    /// A remote image. Loading it discloses the reader to the sender.
    Remote {
        /// The address, if it may be loaded with the user's consent: `https:` only.
        loadable: Option<Url>,
    },
    /// None of these; it is not loaded.
    Foreign,
}

/// Decides which images of a message are loaded, and from where.
#[derive(Clone, Copy)]
pub(super) struct Sources<'s> {
    /// Returns the URL of the part with a content id.
    pub(super) part_url: &'s dyn Fn(&str) -> Option<String>,
    /// Whether remote images are loaded.
    pub(super) images: Images,
}

impl Sources<'_> {
    /// Returns the address to load for an image; `None` if it is not loaded.
    pub(super) fn resolve<'v>(&self, source: &Source<'v>) -> Option<Cow<'v, str>> {
        match source {
            Source::Part(content_id) => (self.part_url)(content_id).map(Cow::Owned),
            Source::Embedded(data) => Some(Cow::Borrowed(data)),
            Source::Remote { loadable } => {
                let allowed = loadable.as_ref().filter(|_| self.images == Images::Allowed);
                allowed.map(|url| Cow::Owned(url.to_string()))
            }
            Source::Foreign => None,
        }
    }
}

/// Parses the address of an image, decoded.
pub(super) fn source(value: &str) -> Source<'_> {
    let value = value.trim_matches(|c: char| c <= ' ');
    let lower = display_prefix(value, 32).to_ascii_lowercase();
    if let Some(content_id) = lower.strip_prefix("cid:").and_then(|_| value.get(4..)) {
        return Source::Part(percent_decoded(content_id));
    }
    if lower.starts_with("data:") {
        return if is_raster(value, &lower) {
            Source::Embedded(value)
        } else {
            Source::Foreign
        };
    }
    // Browsers read a backslash as a slash here, and ignore tabs and line ends anywhere.
    let squeezed: String = lower
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .map(|c| if c == '\\' { '/' } else { c })
        .collect();
    if squeezed.starts_with("http:") || squeezed.starts_with("https:") || squeezed.starts_with("//")
    {
        let loadable = web_link(value).filter(|url| url.scheme() == "https");
        return Source::Remote { loadable };
    }
    Source::Foreign
}

/// Whether an address is `data:` of a raster image in base64. Strict, because CVE-2023-5631 was a
/// lax parse of the type.
fn is_raster(value: &str, lower: &str) -> bool {
    let types = ["png", "jpeg", "jpg", "gif", "webp"];
    types.iter().any(|kind| {
        let prefix = format!("data:image/{kind};base64,");
        lower.starts_with(&prefix)
            && value
                .get(prefix.len()..)
                .is_some_and(|data| data.bytes().all(is_base64))
    })
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// Parses the address of a link, decoded, and returns it in canonical form; `None` if it is not
/// allowed.
pub(super) fn link(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim_matches(|c: char| c <= ' ');
    if value.len() > LINK_BYTES {
        return None;
    }
    let lower = display_prefix(value, 8).to_ascii_lowercase();
    if lower.starts_with("http:") || lower.starts_with("https:") {
        return web_link(value).map(|url| Cow::Owned(url.to_string()));
    }
    let is_allowed = (lower.starts_with("mailto:") || lower.starts_with("tel:"))
        && !value.chars().any(char::is_control);
    is_allowed.then_some(Cow::Borrowed(value))
}

/// Parses a web address with a host. User and password are removed: they only make a host look like
/// another.
fn web_link(value: &str) -> Option<Url> {
    let (scheme, rest) = value.split_once(':')?;
    // Some parsers read an address without its slashes relative to the page.
    if !rest.starts_with("//") || scheme.contains(|c: char| !c.is_ascii_alphabetic()) {
        return None;
    }
    let mut url = Url::parse(value).ok()?;
    url.host_str().filter(|host| !host.is_empty())?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

fn display_prefix(text: &str, max_bytes: usize) -> &str {
    crate::display::prefix(text, max_bytes)
}

/// Decodes a content id of a URL (RFC 2392).
pub(super) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
