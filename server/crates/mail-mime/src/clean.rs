//! Sanitizer for the HTML of received messages, before the message frame shows it.
//!
//! There are two layers, and the sandbox and the policy of the frame as further ones. `scan` and
//! `balance` read the source in linear time and write it again with allowed tags only, well nested
//! and of bounded depth; ammonia then parses that as browsers do and applies the same allow list to
//! the tree. Images, links and content ids are rewritten inside that pass; nothing edits the result
//! afterwards.
//!
//! Styles, classes and ids are removed, so newsletters look plain.

mod balance;
mod policy;
mod references;
mod scan;
mod tracking;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ammonia::{Builder, UrlRelative};

use crate::display;
use crate::limits::SHOWN_BYTES;
use policy::Source;

/// Whether remote images may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// None: loading an image discloses to the sender who reads the message, when and where.
    #[default]
    Blocked,
    /// By `https:` only, because the user asked for it.
    Allowed,
}

/// Options of the sanitizer.
#[derive(Clone, Copy)]
pub struct CleanOptions<'a> {
    /// Returns the URL of the part with a content id, if the message has one. It is put into `src`
    /// unchanged: it must come from the server, not from the message.
    pub part_url: &'a dyn Fn(&str) -> Option<String>,
    /// Whether remote images are kept.
    pub images: Images,
}

/// A sanitized document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cleaned {
    /// The HTML between `<body>` and `</body>`. It must not be edited.
    pub html: String,
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
/// continues into the next text.
pub fn clean_all(documents: &[String], options: &CleanOptions<'_>) -> Cleaned {
    let mut cleaned = documents.iter().map(|html| clean(html, options));
    let mut all = cleaned.next().unwrap_or_default();
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
/// Any text is accepted. The result holds allowed elements and attributes only and loads only the
/// parts of the message, raster images in `data:` addresses and, with [`Images::Allowed`], remote
/// images by `https:`. Links lead to `http:`, `https:`, `mailto:` and `tel:` and open a new window
/// without an opener or a referrer. Sanitizing the result again changes nothing.
///
/// Takes about 50 ms per megabyte: call it off the async threads, and under `catch_unwind`, because
/// two libraries parse untrusted bytes here.
pub fn clean(html: &str, options: &CleanOptions<'_>) -> Cleaned {
    let shown = display::prefix(html, SHOWN_BYTES);
    let is_loaded = |source: &Source<'_>| match source {
        Source::Part(content_id) => (options.part_url)(content_id).is_some(),
        Source::Embedded(_) => true,
        Source::Remote { loadable } => loadable.is_some() && options.images == Images::Allowed,
        Source::Foreign => false,
    };
    let balanced = balance::balance(shown, &is_loaded);
    let is_cut = shown.len() < html.len() || balanced.is_cut;
    let referenced: BTreeSet<String> = balanced.content_ids.into_iter().collect();
    let parts: HashMap<String, String> = referenced
        .into_iter()
        .filter_map(|content_id| {
            let url = (options.part_url)(&content_id)?;
            Some((content_id, url))
        })
        .collect();
    let content_ids = parts.keys().cloned().collect();
    let blocked = Arc::new(AtomicU32::new(balanced.dropped_images));
    let filter = Filter {
        parts,
        images: options.images,
        blocked: Arc::clone(&blocked),
    };
    let html = builder(filter).clean(&balanced.html).to_string();
    Cleaned {
        html,
        blocked_images: blocked.load(Ordering::Relaxed),
        tracking_pixels: balanced.tracking_pixels,
        content_ids,
        is_cut,
    }
}

/// The filter for the attributes of allowed elements.
struct Filter {
    /// URLs of parts by content id.
    parts: HashMap<String, String>,
    images: Images,
    blocked: Arc<AtomicU32>,
}

impl Filter {
    fn value<'v>(&self, element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
        match (element, attribute) {
            ("img", "src") => self.image(value),
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
        .set_tag_attribute_value("a", "target", policy::LINK_TARGET)
        .set_tag_attribute_value("a", "rel", policy::LINK_REL)
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| filter.value(element, attribute, value));
    builder
}

/// Rewrites HTML so that any tokenizer reads it in linear time. The result is not yet sanitized.
pub(crate) fn regular(html: &str) -> String {
    balance::balance(html, &|_| true).html
}

/// Returns the address of a link in the form in which it may be shown; `None` if it may not.
pub(crate) fn shown_link(value: &str) -> Option<String> {
    policy::link(value).map(Cow::into_owned)
}
