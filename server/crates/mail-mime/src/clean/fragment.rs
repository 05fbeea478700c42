//! HTML as a part of a message that is being written: pasted, quoted, or typed in the editor.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::css::ROOT;
use super::policy::Sources;
use super::styles::{DocumentStyles, Kept, Look, Styles};
use super::{Filter, Images, Scheme, balance, builder};
use crate::display;
use crate::limits::SHOWN_BYTES;

/// A sanitized fragment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Fragment {
    /// The HTML. It must not be edited.
    pub html: String,
    /// The content ids of the parts that it shows, as they are in the source.
    pub content_ids: BTreeSet<String>,
    /// Whether the source was cut, as [`super::Cleaned::is_cut`].
    pub is_cut: bool,
}

/// Sanitizes HTML that becomes a part of a message that is written here.
///
/// As [`super::clean`], with these differences: style sheets, classes and ids are removed and
/// `style` attributes stay; links have no attributes of ours; nothing is folded and nothing adapted
/// to a colour scheme; the attributes of `body` are kept as those of a `div` around the content.
/// Remote images by `https:` stay: the editor's policy does not load them. An image that cannot be
/// shown is replaced by its alternative text, or removed. Sanitizing the result again changes
/// nothing.
///
/// `picture_url` returns the new address of the picture with a content id, if there is one; it is
/// written unchanged and must not come from the HTML. Cost and call: as for [`super::clean`].
pub fn fragment(html: &str, picture_url: &dyn Fn(&str) -> Option<String>) -> Fragment {
    let shown = display::prefix(html, SHOWN_BYTES);
    let sources = Sources {
        part_url: picture_url,
        images: Images::Allowed,
    };
    let look = Look {
        scope: "m0",
        scheme: Scheme::Light,
        is_adapted: false,
        kept: Kept::Attributes,
    };
    let mut styles = Styles::new(look, &sources);
    let balanced = balance::balance(shown, &sources, &mut styles);
    let DocumentStyles {
        attributes, loads, ..
    } = styles.finish();
    let is_cut = shown.len() < html.len() || balanced.is_cut;
    let referenced = balanced.content_ids.into_iter().chain(loads.content_ids);
    let parts: HashMap<String, String> = referenced
        .filter_map(|content_id| {
            let url = picture_url(&content_id)?;
            Some((content_id, url))
        })
        .collect();
    let content_ids = parts.keys().cloned().collect();
    let root = balanced.root.strip_prefix('<');
    let root = root.and_then(|root| root.strip_prefix(ROOT));
    let written = match root {
        Some(attributes) if attributes != ">" => {
            format!("<div{attributes}{}</div>", balanced.html)
        }
        _ => balanced.html,
    };
    let filter = Filter {
        parts,
        images: Images::Allowed,
        blocked: Arc::new(AtomicU32::new(0)),
        styles: attributes,
        wrapper: String::new(),
    };
    Fragment {
        html: builder(filter).clean(&written).to_string(),
        content_ids,
        is_cut,
    }
}

#[cfg(test)]
mod tests;
