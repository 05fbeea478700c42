//! The root of a document: an `article` for its `html` and `body`, inside of a wrapper.

use std::borrow::Cow;

use super::css::ROOT;
use super::markup::push_attribute;
use super::policy;
use super::scan::Tag;
use super::styles::Styles;

/// The attributes of `html` and `body` that the root keeps.
const ATTRIBUTES: [&str; 4] = ["class", "dir", "id", "lang"];

/// The root while a document is read.
#[derive(Debug, Default)]
pub(super) struct Root {
    /// Whether the wrapper that an earlier pass wrote was read.
    is_wrapped: bool,
    /// The attributes of `html` that `body` may replace, as they are written.
    of_html: Vec<(&'static str, String)>,
    /// The start tag, once `body` was read.
    tag: Option<String>,
}

impl Root {
    /// Reads a tag that stands for the root: `html`, `body`, or the wrapper and the root that an
    /// earlier pass wrote, at the start of the document. Returns whether the tag is one of these.
    pub(super) fn read(
        &mut self,
        tag: &Tag<'_>,
        is_at_start: bool,
        styles: &mut Styles<'_>,
    ) -> bool {
        let is_at_start = is_at_start && self.tag.is_none();
        match tag.name.as_str() {
            "html" => {
                for attribute in ["dir", "lang"] {
                    let is_new = self.of_html.iter().all(|(other, _)| *other != attribute);
                    let value = tag.value(attribute).filter(|_| is_new);
                    if let Some(value) = value.and_then(|value| kept(attribute, value, styles)) {
                        self.of_html.push((attribute, value));
                    }
                }
                true
            }
            "body" => {
                if self.tag.is_none() {
                    styles.add_root_rules(tag);
                    self.tag = Some(self.format(Some(tag), styles));
                }
                true
            }
            "div" if is_at_start && !self.is_wrapped => {
                self.is_wrapped = styles.is_wrapper(tag);
                self.is_wrapped
            }
            ROOT if is_at_start && self.is_wrapped => {
                self.tag = Some(self.format(Some(tag), styles));
                true
            }
            _ => false,
        }
    }

    /// Returns the start tag once the whole document is read.
    pub(super) fn finish(mut self, styles: &mut Styles<'_>) -> String {
        match self.tag.take() {
            Some(tag) => tag,
            None => self.format(None, styles),
        }
    }

    fn format(&self, tag: Option<&Tag<'_>>, styles: &mut Styles<'_>) -> String {
        let mut out = format!("<{ROOT}");
        for attribute in ATTRIBUTES {
            let own = tag.and_then(|tag| kept(attribute, tag.value(attribute)?, styles));
            let of_html = self.of_html.iter().find(|(other, _)| *other == attribute);
            if let Some(value) = own.as_ref().or(of_html.map(|(_, value)| value)) {
                push_attribute(&mut out, attribute, value);
            }
        }
        if let Some(tag) = tag {
            styles.of_element(tag, true).push(&mut out);
        }
        out.push('>');
        out
    }
}

/// Returns the value of an attribute as it is written; `None` if it is not kept.
fn kept(attribute: &str, value: Cow<'_, str>, styles: &Styles<'_>) -> Option<String> {
    if matches!(attribute, "class" | "id") {
        return styles.names(attribute, &value);
    }
    policy::is_plain_value(attribute, &value).then(|| value.into_owned())
}
