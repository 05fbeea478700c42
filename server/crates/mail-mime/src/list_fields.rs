//! The fields of mailing lists and of programs that send mail: List-Unsubscribe (RFC 2369,
//! RFC 8058), List-Id (RFC 2919), List-Post, Precedence and Auto-Submitted (RFC 3834).
//!
//! All of it is the sender's claim. Whoever follows a link or sends a message to unsubscribe
//! confirms that the address is read, so it is the reader's decision.

mod one_click;

use ammonia::Url;

use crate::address::Address;
use crate::display;
use crate::header::Headers;
use crate::structured::{split, unquoted, without_comments};

pub use one_click::{OneClick, is_signed_by};

/// Maximum length of a URL, in bytes. A longer one is ignored.
const URL_BYTES: usize = 2 << 10;
/// Maximum number of URLs of a field that are read.
const URLS_MAX: usize = 20;
/// Maximum length of the subject of a `mailto:` URL, in bytes.
const SUBJECT_BYTES: usize = 500;
/// Maximum length of the text of a `mailto:` URL, in bytes, as it is decoded.
const BODY_BYTES: usize = 1_000;
/// Maximum length of the id of a list, in bytes (RFC 2919 §2).
const LIST_ID_BYTES: usize = 255;
/// Maximum length of the name of a list, in bytes.
const LIST_NAME_BYTES: usize = 200;

/// What the header of a message says about its list and about the program that sent it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListFields {
    /// The ways to unsubscribe; `None` if there are none that can be used.
    pub unsubscribe: Option<Unsubscribe>,
    /// The mailing list.
    pub id: Option<ListId>,
    /// How to post to the list.
    pub post: Option<ListPost>,
    /// The class of mail by the Precedence field, which no standard defines.
    pub precedence: Option<Precedence>,
    /// Whether a program sent the message.
    pub auto_submitted: Option<AutoSubmitted>,
}

/// The ways to unsubscribe from a list; at least one is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unsubscribe {
    /// The `https:` URL for a POST of [`ONE_CLICK`] without cookies and without following redirects
    /// (RFC 8058 §3.2). RFC 8058 §4 demands a valid DKIM signature that covers both fields: the
    /// caller checks that with [`is_signed_by`] before it offers this.
    pub one_click: Option<OneClick>,
    /// The `http:` or `https:` URL of a page for the reader, perhaps the same.
    pub web: Option<String>,
    /// The message that unsubscribes.
    pub mail: Option<Mailto>,
}

/// The form that is posted to unsubscribe with one click (RFC 8058 §3.1), of the type
/// `application/x-www-form-urlencoded`.
pub const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// A message to be sent, from a `mailto:` URL (RFC 6068) with one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mailto {
    /// The recipient.
    pub to: Address,
    /// The subject on one line, at most 500 bytes; may be empty.
    pub subject: String,
    /// The text with LF line ends, at most 1,000 bytes; may be empty.
    pub body: String,
}

/// A mailing list (RFC 2919).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListId {
    /// The name for display, at most 200 bytes; may be empty.
    pub name: String,
    /// The id, such as `announce.lists.a.example`, lower case.
    pub id: String,
}

/// How to post to a list (RFC 2369 §3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListPost {
    /// By mail to this address.
    Mail(Mailto),
    /// Posting is not allowed (`NO`).
    NotAllowed,
}

/// The class of mail that a program sends, by the Precedence field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precedence {
    /// A mailing list.
    List,
    /// Mail to many recipients, such as a newsletter.
    Bulk,
    /// Mail of no importance, such as an absence notice.
    Junk,
}

/// Whether a program sent a message (RFC 3834 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AutoSubmitted {
    /// A person sent it.
    No,
    /// A program sent it by itself.
    Generated,
    /// A program sent it in reply to a message, such as an absence notice.
    Replied,
    /// A program sent it for another reason.
    Other,
}

impl ListFields {
    /// Parses the fields of a header. Of several fields of a name the first counts. Never fails:
    /// what is not understood is left out.
    pub fn of(headers: &Headers) -> Self {
        let text = |name: &str| {
            let field = headers.first(name)?;
            Some(field.text())
        };
        Self {
            unsubscribe: text("List-Unsubscribe").and_then(|field| {
                Unsubscribe::parse(&field, text("List-Unsubscribe-Post").as_deref())
            }),
            id: text("List-Id").and_then(|field| ListId::parse(&field)),
            post: text("List-Post").and_then(|field| ListPost::parse(&field)),
            precedence: text("Precedence").and_then(|field| Precedence::parse(&field)),
            auto_submitted: text("Auto-Submitted").and_then(|field| AutoSubmitted::parse(&field)),
        }
    }

    /// Whether a program sent the message, so that an automatic reply must not be sent (RFC 3834
    /// §2).
    pub fn is_automatic(&self) -> bool {
        self.id.is_some()
            || self.unsubscribe.is_some()
            || self.precedence.is_some()
            || self
                .auto_submitted
                .is_some_and(|submitted| submitted != AutoSubmitted::No)
    }
}

impl Unsubscribe {
    fn parse(field: &str, post: Option<&str>) -> Option<Self> {
        let mut out = Self::default();
        let is_one_click = post.is_some_and(|post| post.trim().eq_ignore_ascii_case(ONE_CLICK));
        for url in urls(field) {
            if let Some(url) = web_url(&url) {
                if is_one_click && out.one_click.is_none() {
                    out.one_click = OneClick::parse(&url);
                }
                out.web = out.web.or(Some(url));
            } else if out.mail.is_none() {
                out.mail = Mailto::parse(&url);
            }
        }
        (out != Self::default()).then_some(out)
    }
}

impl Mailto {
    /// Parses a `mailto:` URL; `None` if it has no valid recipient or several. Only the subject and
    /// the text are taken: a link must not choose further recipients or fields.
    ///
    /// Line ends and hidden characters do not pass into the subject, so it cannot end its field.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.get(..7).and_then(|scheme| {
            let is_mailto = scheme.eq_ignore_ascii_case("mailto:");
            url.get(7..).filter(|_| is_mailto && url.len() <= URL_BYTES)
        })?;
        let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut out = Self {
            to: Address::parse(&percent_decoded(to)).ok()?,
            subject: String::new(),
            body: String::new(),
        };
        for pair in query.split('&') {
            // Some programs escape the URL for HTML, `&amp;`.
            let pair = pair.strip_prefix("amp;").unwrap_or(pair);
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decoded(value);
            match name.to_ascii_lowercase().as_str() {
                "subject" if out.subject.is_empty() => {
                    let subject = display::line(&value);
                    out.subject = display::prefix(subject.trim(), SUBJECT_BYTES).to_owned();
                }
                "body" if out.body.is_empty() => {
                    let body = display::lines(&value);
                    out.body = display::prefix(body.trim_end(), BODY_BYTES).to_owned();
                }
                _ => {}
            }
        }
        Some(out)
    }
}

impl ListId {
    /// Parses a List-Id field: `Name <id>`. Some programs leave out the brackets.
    fn parse(field: &str) -> Option<Self> {
        let (name, id) = match field.rsplit_once('<') {
            Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default()),
            None => ("", field),
        };
        let id = id.trim();
        let is_id = (1..=LIST_ID_BYTES).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_graphic())
            && !id.contains(['"', '(', ')', ',', ';']);
        let name = unquoted(name.trim());
        is_id.then(|| Self {
            name: display::prefix(name.trim(), LIST_NAME_BYTES).to_owned(),
            id: id.to_ascii_lowercase(),
        })
    }
}

impl ListPost {
    fn parse(field: &str) -> Option<Self> {
        if without_comments(field).trim().eq_ignore_ascii_case("no") {
            return Some(Self::NotAllowed);
        }
        urls(field)
            .find_map(|url| Mailto::parse(&url))
            .map(Self::Mail)
    }
}

impl Precedence {
    fn parse(field: &str) -> Option<Self> {
        match field.trim().to_ascii_lowercase().as_str() {
            "list" => Some(Self::List),
            "bulk" => Some(Self::Bulk),
            "junk" => Some(Self::Junk),
            _ => None,
        }
    }
}

impl AutoSubmitted {
    fn parse(field: &str) -> Option<Self> {
        let text = without_comments(field);
        let keyword = text.split(';').next().unwrap_or_default().trim();
        Some(match keyword.to_ascii_lowercase().as_str() {
            "" => return None,
            "no" => Self::No,
            "auto-generated" => Self::Generated,
            "auto-replied" => Self::Replied,
            _ => Self::Other,
        })
    }
}

/// Returns the URLs of a field (RFC 2369 §2): in angle brackets, white space in them removed. A
/// field without brackets is a list of URLs separated by commas, as some programs write it.
fn urls(field: &str) -> impl Iterator<Item = String> {
    let has_brackets = field.contains('<');
    let pieces = split(
        field,
        move |c| if has_brackets { c == '<' } else { c == ',' },
    );
    pieces
        .skip(usize::from(has_brackets))
        .take(URLS_MAX)
        .filter_map(move |piece| {
            let url = if has_brackets {
                piece.split_once('>')?.0
            } else {
                piece
            };
            Some(url.split_whitespace().collect::<String>())
        })
        .filter(|url| url.len() <= URL_BYTES)
}

/// Returns an `http:` or `https:` URL in canonical form; `None` for others, and for one with a user
/// or a password: those only make a host look like another.
fn web_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !is_web || !rest.starts_with("//") {
        return None;
    }
    let url = Url::parse(text).ok()?;
    url.host_str().filter(|host| !host.is_empty())?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let canonical = String::from(url);
    (!has_user && canonical.len() <= URL_BYTES).then_some(canonical)
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
