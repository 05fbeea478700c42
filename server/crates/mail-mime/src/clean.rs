//! Sanitizer for the HTML of received messages, before the message frame shows it.
//!
//! There are two layers, and the sandbox and the policy of the frame as further ones. `scan` and
//! `balance` read the source in linear time and write it again with allowed tags only, well nested
//! and of bounded depth; ammonia then parses that as browsers do and applies the same allow list to
//! the tree. Images, links and content ids are rewritten inside that pass; nothing edits the result
//! afterwards.
//!
//! Styles are cleaned and kept (`css`); each document has a wrapper, which its styles cannot leave.

mod balance;
mod css;
mod fragment;
mod markup;
mod policy;
mod quotes;
mod references;
mod root;
mod scan;
mod styles;
mod tracking;

pub use fragment::{Fragment, fragment};

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ammonia::{Builder, UrlRelative};

use crate::display;
use crate::limits::SHOWN_BYTES;
use policy::{Source, Sources};
use styles::{DocumentStyles, Kept, Look, Styles};

/// Whether remote images may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// None: loading an image discloses to the sender who reads the message, when and where.
    #[default]
    Blocked,
    /// By `https:` only, because the user asked for it.
    Allowed,
}

/// The colour scheme that a document is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// The colours of the sender, on white paper. Rules of the message for the dark scheme are
    /// removed.
    #[default]
    Light,
    /// Dark: light backgrounds become dark and dark texts light, except in a message with rules for
    /// the dark scheme, which apply instead.
    Dark,
    /// Light or dark, as the browser prefers when it shows the document.
    System,
}

/// Options of the sanitizer.
#[derive(Clone, Copy)]
pub struct CleanOptions<'a> {
    /// Returns the URL of the part with a content id, if the message has one. It is put into `src`
    /// unchanged: it must come from the server, not from the message.
    pub part_url: &'a dyn Fn(&str) -> Option<String>,
    /// Whether remote images are kept.
    pub images: Images,
    /// The colour scheme that the document is shown in.
    pub scheme: Scheme,
}

/// A sanitized document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cleaned {
    /// The HTML between `<body>` and `</body>`: for each document its style sheet, if it has one,
    /// and a `div` with an `article` for the root of the document. It must not be edited.
    pub html: String,
    /// The colour scheme that the HTML is made for.
    pub scheme: Scheme,
    /// Number of removed remote images that are meant to be visible.
    pub blocked_images: u32,
    /// Number of remote images that are not meant to be visible, by size, style or address. They
    /// are removed even with [`Images::Allowed`] and are not part of `blocked_images`.
    pub tracking_pixels: u32,
    /// The content ids of the parts that the document shows.
    pub content_ids: BTreeSet<String>,
    /// Whether the source was longer than [`SHOWN_BYTES`] or had more than 60,000 elements and was
    /// cut there.
    pub is_cut: bool,
}

/// Sanitizes the texts of a message and concatenates them. Each is balanced on its own: no element
/// continues into the next text, and no style applies to another text.
pub fn clean_all(documents: &[String], options: &CleanOptions<'_>) -> Cleaned {
    let mut cleaned = documents
        .iter()
        .enumerate()
        .map(|(index, html)| clean_document(html, index, options));
    let mut all = cleaned.next().unwrap_or_else(|| Cleaned {
        scheme: options.scheme,
        ..Cleaned::default()
    });
    for more in cleaned {
        all.html.push_str(&more.html);
        all.blocked_images = all.blocked_images.saturating_add(more.blocked_images);
        all.tracking_pixels = all.tracking_pixels.saturating_add(more.tracking_pixels);
        all.content_ids.extend(more.content_ids);
        all.is_cut |= more.is_cut;
    }
    all
}

/// Sanitizes HTML, a whole document or a fragment.
///
/// Any text is accepted. The result holds allowed elements, attributes and styles only and loads
/// only the parts of the message, raster images in `data:` addresses and, with [`Images::Allowed`],
/// remote images by `https:`. Links lead to `http:`, `https:`, `mailto:` and `tel:` and open a new
/// window without an opener or a referrer. Sanitizing the result again changes nothing.
///
/// Takes about 50 ms per megabyte: call it off the async threads, and under `catch_unwind`, because
/// two libraries parse untrusted bytes here.
pub fn clean(html: &str, options: &CleanOptions<'_>) -> Cleaned {
    clean_document(html, 0, options)
}

/// Sanitizes the document of an index in its message.
fn clean_document(html: &str, index: usize, options: &CleanOptions<'_>) -> Cleaned {
    let shown = display::prefix(html, SHOWN_BYTES);
    let sources = Sources {
        part_url: options.part_url,
        images: options.images,
    };
    let scope = format!("m{index}");
    let read = |is_adapted: bool| {
        let look = Look {
            scope: &scope,
            scheme: options.scheme,
            is_adapted,
            kept: Kept::All,
        };
        let mut styles = Styles::new(look, &sources);
        let balanced = balance::balance(shown, &sources, &mut styles);
        (balanced, styles.finish())
    };
    let may_adapt = options.scheme != Scheme::Light;
    let is_adapted = may_adapt && !mentions_scheme(shown);
    let (mut balanced, mut styles) = read(is_adapted);
    // The guess is wrong for a message that only mentions the scheme, or escapes its name.
    if may_adapt && styles.has_dark_rules == is_adapted {
        (balanced, styles) = read(!is_adapted);
    }
    let DocumentStyles {
        sheet,
        attributes,
        wrapper,
        loads,
        ..
    } = styles;
    let is_cut = shown.len() < html.len() || balanced.is_cut;
    let referenced: BTreeSet<String> = balanced
        .content_ids
        .into_iter()
        .chain(loads.content_ids)
        .collect();
    let parts: HashMap<String, String> = referenced
        .into_iter()
        .filter_map(|content_id| {
            let url = (options.part_url)(&content_id)?;
            Some((content_id, url))
        })
        .collect();
    let content_ids = parts.keys().cloned().collect();
    let blocked = balanced.dropped_images.saturating_add(loads.blocked);
    let blocked = Arc::new(AtomicU32::new(blocked));
    let wrapped = format!(
        "<div class=\"{wrapper}\">{}{}</{}></div>",
        balanced.root,
        balanced.html,
        css::ROOT
    );
    let filter = Filter {
        parts,
        images: options.images,
        blocked: Arc::clone(&blocked),
        styles: attributes,
        wrapper,
    };
    let mut builder = builder(filter);
    builder
        .set_tag_attribute_value("a", "target", policy::LINK_TARGET)
        .set_tag_attribute_value("a", "rel", policy::LINK_REL);
    let cleaned = builder.clean(&wrapped).to_string();
    let html = match sheet.as_str() {
        "" => cleaned,
        // A sheet holds no `<`, which could end its element.
        sheet => format!("<style>{sheet}</style>{cleaned}"),
    };
    Cleaned {
        html,
        scheme: options.scheme,
        blocked_images: blocked.load(Ordering::Relaxed),
        tracking_pixels: balanced.tracking_pixels.saturating_add(loads.trackers),
        content_ids,
        is_cut,
    }
}

/// Whether a text holds the name of the media feature of the colour scheme.
fn mentions_scheme(html: &str) -> bool {
    let name = b"refers-color-scheme";
    let bytes = html.as_bytes();
    memchr::memchr2_iter(b'p', b'P', bytes).any(|at| {
        let rest = bytes.get(at + 1..at + 1 + name.len());
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(name))
    })
}

/// The filter for the attributes of allowed elements.
struct Filter {
    /// URLs of parts by content id.
    parts: HashMap<String, String>,
    images: Images,
    blocked: Arc<AtomicU32>,
    /// The values of the `style` attributes by index.
    styles: Vec<String>,
    /// The classes of the wrapper of the document.
    wrapper: String,
}

impl Filter {
    fn value<'v>(&self, element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
        match (element, attribute) {
            ("img", "src") | (_, "background") => self.image(value),
            (_, "style") => {
                let style = self.styles.get(value.parse::<usize>().ok()?)?;
                Some(Cow::Owned(style.clone()))
            }
            (_, "class" | "id") => {
                let is_ours = css::is_names(value) || (element == "div" && value == self.wrapper);
                is_ours.then_some(Cow::Borrowed(value))
            }
            ("a", "href") => policy::link(value),
            ("a", "target" | "rel") => {
                let is_ours = value == policy::LINK_TARGET || value == policy::LINK_REL;
                is_ours.then_some(Cow::Borrowed(value))
            }
            _ => policy::is_plain_value(attribute, value).then_some(Cow::Borrowed(value)),
        }
    }

    fn image<'v>(&self, value: &'v str) -> Option<Cow<'v, str>> {
        match policy::source(value) {
            Source::Part(content_id) => self.parts.get(&content_id).cloned().map(Cow::Owned),
            Source::Embedded(data) => Some(Cow::Borrowed(data)),
            Source::Remote { loadable } => {
                let allowed = loadable.filter(|_| self.images == Images::Allowed);
                if allowed.is_none() {
                    self.blocked.fetch_add(1, Ordering::Relaxed);
                }
                allowed.map(|url| Cow::Owned(url.to_string()))
            }
            Source::Foreign => None,
        }
    }
}

fn builder(filter: Filter) -> Builder<'static> {
    let (elements, own, generic) = policy::for_ammonia();
    let mut builder = Builder::empty();
    builder
        .tags(elements)
        .tag_attributes(own)
        .generic_attributes(generic)
        .url_schemes(["http", "https", "mailto", "tel", "cid", "data"].into())
        // The filter has refused relative addresses of the message. A relative address after it is
        // the server's own URL of a part, which `Deny` would remove again.
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| filter.value(element, attribute, value));
    builder
}

/// Rewrites HTML so that any tokenizer reads it in linear time. The result is not yet sanitized.
pub(crate) fn regular(html: &str) -> String {
    let sources = Sources {
        part_url: &|_| Some(String::new()),
        images: Images::Allowed,
    };
    let mut styles = Styles::new(Look::NONE, &sources);
    balance::balance(html, &sources, &mut styles).html
}

/// Returns the address of a link in the form in which it may be shown; `None` if it may not.
pub(crate) fn shown_link(value: &str) -> Option<String> {
    policy::link(value).map(Cow::into_owned)
}
