//! Images that are loaded, those that are not, and what is written in place of these.

use super::super::policy::{self, Kind, Source};
use super::super::scan::Tag;
use super::super::styles::ElementStyle;
use super::Balancer;

impl Balancer<'_, '_> {
    /// Whether an image is kept; counts those that are not.
    pub(super) fn is_source_loaded(&mut self, source: Option<&Source<'_>>) -> bool {
        let Some(source) = source else {
            return false;
        };
        let is_loaded = self.sources.resolve(source).is_some();
        if !is_loaded && self.hidden == 0 && matches!(source, Source::Remote { .. }) {
            self.out.dropped_images = self.out.dropped_images.saturating_add(1);
        }
        is_loaded
    }

    /// Writes the alternative text of an image that is not loaded, as a `picture` without an image:
    /// browsers put an icon for a broken image beside the text of an `img`. It has the size of the
    /// image, so that nothing moves when the image is loaded. Returns false if there is no text.
    pub(super) fn write_alternative(&mut self, tag: &Tag<'_>, style: &ElementStyle) -> bool {
        let Some(text) = tag.value("alt") else {
            return false;
        };
        if text.trim().is_empty() || !policy::is_plain_value("alt", &text) {
            return false;
        }
        if style.hides {
            return true;
        }
        if self.styles.is_fragment() {
            self.text(&text, true);
            return true;
        }
        let depth = self.open.len();
        let style = self.styles.of_missing_image(tag);
        let start_tag = self.format_start_tag("picture", &[], tag, None, &style);
        self.push("picture", Kind::Inline, start_tag, style.bytes, false);
        if self.open.len() > depth {
            self.text(&text, true);
            self.pop();
        }
        true
    }

    pub(super) fn note_content_id(&mut self, source: Option<&Source<'_>>) {
        if let Some(Source::Part(content_id)) = source {
            self.out.content_ids.push(content_id.clone());
        }
    }

    /// Counts the images of attributes and elements that are always removed.
    pub(super) fn count_images(&mut self, tag: &Tag<'_>, source: Option<&Source<'_>>) {
        let source_counts = matches!(source, Some(Source::Remote { .. }));
        let is_remote = |attribute| tag.value(attribute).is_some_and(|value| is_remote(&value));
        let loads = match tag.name.as_str() {
            // The `img` inside a `picture` counts for it; its own `src` is counted where it is
            // parsed.
            "source" => false,
            "img" => !source_counts && (is_remote("srcset") || is_remote("lowsrc")),
            "input" => {
                let kind = tag.value("type").unwrap_or_default();
                kind.eq_ignore_ascii_case("image") && source_counts
            }
            "image" => source_counts || is_remote("href") || is_remote("xlink:href"),
            "video" => is_remote("poster"),
            // These are kept, and counted where they are resolved.
            "body" | "table" | "td" | "th" | "tr" => false,
            _ => is_remote("background"),
        };
        self.out.dropped_images = self.out.dropped_images.saturating_add(u32::from(loads));
    }
}

/// Whether the value of an attribute refers to another host.
fn is_remote(value: &str) -> bool {
    matches!(policy::source(value), Source::Remote { .. })
}
